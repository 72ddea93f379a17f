//! The three answers of `advise`: each with its number, its interval and why.

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::number::{self, rounded};
use super::tune::table::wrapped;
use crate::experiment::Estimate;
use crate::experiment::advise::batch::{Batch, Size};
use crate::experiment::advise::deadline::{Deadline, Matters, Requests};
use crate::experiment::advise::drain::{Drain, Wait};
use crate::experiment::advise::{Advice, Targets};
use crate::experiment::tune::Verdict;
use crate::units::SimDuration;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const WARN: Style = AnsiColor::Yellow.on_default().bold();

/// All three answers about one strategy.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The strategy's name.
    pub strategy: String,
    /// What was good enough.
    pub targets: Targets,
    /// The largest safe batch.
    pub batch: Advice<Batch>,
    /// The shortest `pre_stop`.
    pub drain: Advice<Drain>,
    /// The shortest deadline.
    pub deadline: Advice<Deadline>,
}

/// One question, its answer in a line, and why.
struct Said {
    question: String,
    field: String,
    /// As a scenario writes it.
    value: Option<String>,
    why: String,
}

/// The answers as text. It holds ANSI colours; print it through a stream that strips them where
/// they are not wanted.
#[must_use]
pub fn render(scenario: &str, seed: u64, answers: &Answers) -> String {
    let mut out = format!(
        "{scenario}: strategy {}, seed {seed}; each answer is right with a probability of {}\n",
        answers.strategy,
        number::percent(answers.targets.confidence, 4)
    );
    for said in all(answers) {
        let (style, value) = match &said.value {
            Some(value) => (GOOD, format!("{} = {value}", said.field)),
            None => (WARN, "no answer".to_owned()),
        };
        out += &format!("\n{}\n  {style}{value}{style:#}\n", said.question);
        out += &format!("  {}\n", wrapped(&said.why));
    }
    out
}

/// The answers for programs.
#[must_use]
pub fn json(scenario: &str, seed: u64, answers: &Answers) -> Value {
    let said: Vec<Value> = all(answers)
        .into_iter()
        .zip([batch_json(&answers.batch), drain_json(&answers.drain), deadline_json(answers)])
        .map(|(said, found)| {
            json!({
                "question": said.question,
                "field": said.field,
                "value": said.value,
                "why": said.why,
                "found": found,
            })
        })
        .collect();
    json!({
        "scenario": scenario,
        "seed": seed,
        "rollsim": env!("CARGO_PKG_VERSION"),
        "strategy": answers.strategy,
        "confidence": answers.targets.confidence,
        "answers": said,
    })
}

fn all(answers: &Answers) -> [Said; 3] {
    [batch(answers), drain(answers), deadline(answers)]
}

/// A length of time as a scenario writes it.
fn written(length: SimDuration) -> String {
    let nanos = length.as_nanos();
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1000, "us")];
    let (size, name) =
        units.into_iter().find(|(unit, _)| nanos.is_multiple_of(*unit)).unwrap_or((1, "ns"));
    format!("\"{}{name}\"", nanos / size)
}

/// The same for people.
fn shown(length: SimDuration) -> String {
    number::duration(length.as_secs_f64())
}

fn too_few(runs: u32, needed: u32) -> String {
    format!(
        "{runs} rollouts are not enough to bound this quantile; allow {needed} or more with \
         `--healthy`"
    )
}

fn batch(answers: &Answers) -> Said {
    let Answers { strategy, targets, .. } = answers;
    let question = format!(
        "The largest safe batch: capacity at {} x demand or above in {} of the rollouts",
        number::significant(targets.headroom, 4),
        number::percent(targets.safe, 4)
    );
    let field = format!("strategies.{strategy}.max_unavailable");
    let share = |size: &Size| {
        let [_, low, high] = size.share.map(|share| number::percent(share, 3));
        let lowest = size.headroom.map_or_else(String::new, |lowest| {
            let mean = number::significant(lowest.mean, 3);
            format!(", capacity falls to {mean} x demand on average")
        });
        format!("it is kept in {} of {} rollouts ({low} to {high}){lowest}", size.kept, size.runs)
    };
    let next = |batch: &Batch| {
        batch.next.as_ref().map_or_else(
            || "; that is the whole fleet".to_owned(),
            |next| {
                let doubt = if next.verdict == Verdict::Unclear {
                    format!(", which cannot be told from {}", number::percent(targets.safe, 4))
                } else {
                    String::new()
                };
                format!("; with {} {}{doubt}", next.size, share(next))
            },
        )
    };
    let (value, why) = match &answers.batch {
        Advice::Found(found) => {
            let time = found.size.duration.map_or_else(String::new, |time| {
                format!("; the rollout takes {}", number::duration(time.mean))
            });
            let size = &found.size;
            (Some(size.size.to_string()), format!("{}{}{time}", share(size), next(found)))
        }
        Advice::Nothing(found) => {
            let size = &found.size;
            let (found, remedy) = match size.verdict {
                Verdict::Unclear => (
                    "the runs cannot tell whether any batch is safe",
                    "allow more with `--max-replications`",
                ),
                _ => (
                    "no batch is safe",
                    "add instances, `max_surge`, or roll out when there is less demand",
                ),
            };
            (None, format!("{found}: with {} {}; {remedy}", size.size, share(size)))
        }
        Advice::NotApplicable(reason) => (None, format!("it does not apply: {reason}")),
        Advice::TooFew { runs, needed } => (None, too_few(*runs, *needed)),
    };
    Said { question, field, value, why }
}

fn drain(answers: &Answers) -> Said {
    let targets = &answers.targets;
    let losses = number::significant(targets.losses, 4);
    let noun = if targets.losses == 1.0 { "request" } else { "requests" };
    let question =
        format!("The shortest pre_stop: drains lose at most {losses} {noun} a rollout on average");
    let lost = |wait: &Wait| {
        let Some(lost) = wait.lost else { return "nothing is known".to_owned() };
        let interval =
            lost.ci95.filter(|[low, high]| high > low).map_or_else(String::new, |[low, high]| {
                let [low, high] = [low.max(0.0), high].map(number::thousands);
                format!(" ({low} to {high})")
            });
        format!("{} lost{interval}", number::thousands(lost.mean))
    };
    let (value, why) = match &answers.drain {
        Advice::Found(found) => {
            let said = format!("the scenario says {}", shown(found.written));
            let why = match &found.shorter {
                None => format!("{} without any; {said}", lost(&found.wait)),
                Some(wait) => {
                    let doubt = if wait.verdict == Verdict::Unclear {
                        ", which cannot be told from the target"
                    } else {
                        ""
                    };
                    format!(
                        "{}; with {} {}{doubt}; {said}, and the grace of {} has to hold the wait \
                         and what is in flight",
                        lost(&found.wait),
                        shown(wait.pre_stop),
                        lost(wait),
                        shown(found.grace)
                    )
                }
            };
            (Some(written(found.wait.pre_stop)), why)
        }
        Advice::Nothing(found) => {
            let why = format!(
                "no pre_stop within the grace of {} is enough: the best is {}, with {}; a longer \
                 grace, `drain_first`, or `connect_retries` of the balancer may be, or a smaller \
                 batch where capacity is short",
                shown(found.grace),
                shown(found.wait.pre_stop),
                lost(&found.wait)
            );
            (None, why)
        }
        Advice::NotApplicable(reason) => (None, format!("it does not apply: {reason}")),
        Advice::TooFew { runs, needed } => (None, too_few(*runs, *needed)),
    };
    Said { question, field: "shutdown.pre_stop".to_owned(), value, why }
}

fn deadline(answers: &Answers) -> Said {
    let share = number::percent(answers.targets.met, 4);
    let question = format!("The shortest deadline: {share} of healthy rollouts meet it");
    let (value, why) = match &answers.deadline {
        Advice::Found(found) if found.matters == Matters::No => {
            let why = format!(
                "all of {} healthy rollouts meet the shortest that was tried; this strategy does \
                 not wait for progress, or always makes some",
                found.runs
            );
            (Some(written(found.deadline)), why)
        }
        Advice::Found(found) => {
            let requests = match found.requests {
                Requests::LeftOut => "simulated without requests",
                Requests::Simulated => "simulated with requests, for the gates",
            };
            let why = format!(
                "{share} of healthy rollouts go without progress for {} at most (95% interval {} \
                 to {}, from the order statistics of {} rollouts, {requests}); the scenario says \
                 {}, which {} of them meet",
                shown(found.quantile),
                shown(found.low),
                shown(found.deadline),
                found.runs,
                shown(found.written),
                found.met
            );
            (Some(written(found.deadline)), why)
        }
        Advice::Nothing(_) => (None, "no deadline is long enough".to_owned()),
        Advice::NotApplicable(reason) => (None, format!("it does not apply: {reason}")),
        Advice::TooFew { runs, needed } => (None, too_few(*runs, *needed)),
    };
    Said { question, field: "readiness.deadline".to_owned(), value, why }
}

fn estimate(one: Option<&Estimate>) -> Value {
    one.map_or(
        Value::Null,
        |one| json!({"mean": rounded(one.mean), "ci95": one.ci95.map(|ends| ends.map(rounded))}),
    )
}

fn batch_json(advice: &Advice<Batch>) -> Value {
    let size = |size: &Size| {
        let [share, low, high] = size.share.map(rounded);
        json!({
            "max_unavailable": size.size, "kept": size.kept, "runs": size.runs,
            "share": share, "ci95": [low, high],
            "headroom_min": estimate(size.headroom.as_ref()),
            "duration_s": estimate(size.duration.as_ref()),
        })
    };
    match advice {
        Advice::Found(found) | Advice::Nothing(found) => {
            json!({"size": size(&found.size), "next": found.next.as_ref().map(size)})
        }
        Advice::NotApplicable(_) | Advice::TooFew { .. } => Value::Null,
    }
}

fn drain_json(advice: &Advice<Drain>) -> Value {
    let wait = |wait: &Wait| {
        json!({
            "pre_stop_s": wait.pre_stop.as_secs_f64(), "lost": estimate(wait.lost.as_ref()),
        })
    };
    match advice {
        Advice::Found(found) | Advice::Nothing(found) => {
            json!({"wait": wait(&found.wait), "shorter": found.shorter.as_ref().map(wait)})
        }
        Advice::NotApplicable(_) | Advice::TooFew { .. } => Value::Null,
    }
}

fn deadline_json(answers: &Answers) -> Value {
    match &answers.deadline {
        Advice::Found(found) => json!({
            "quantile": answers.targets.met,
            "quantile_s": found.quantile.as_secs_f64(),
            "ci95_s": [found.low.as_secs_f64(), found.deadline.as_secs_f64()],
            "runs": found.runs,
            "met_as_written": found.met,
        }),
        _ => Value::Null,
    }
}
