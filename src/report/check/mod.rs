//! What a check found, for people and for pipelines: a table, JSON, JUnit, Markdown, annotations.

pub mod annotations;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod table;

use super::number;
use crate::experiment::policy::fix::Fix;
use crate::experiment::policy::{Alone, Claim, Comparison, Evidence, Finding, Verdict, overall};
use crate::measure::{Better, Metric, MetricKind};
use crate::scenario::Mixture;
use crate::scenario::policy::{At, Material, Policy, Requirement, Side, Statistic};
use crate::sim::Outcome;

/// A check that has been made.
#[derive(Clone, Debug)]
pub struct Checked<'a> {
    /// The scenario's name.
    pub scenario: &'a str,
    /// The scenario file, as the user named it.
    pub file: &'a str,
    /// The scenario's seed.
    pub seed: u64,
    /// What was asked.
    pub policy: &'a Policy,
    /// What was found, not empty.
    pub findings: &'a [Finding],
    /// What each subject was compared with, in words; none if with nothing.
    pub against: Option<String>,
    /// How the runs of each variant ended, by its name.
    pub outcomes: &'a [(String, Vec<(Outcome, u32)>)],
    /// With `release_mix`: what is checked, and of which variants it is made up.
    pub mixtures: &'a [Mixture],
    /// The sorts of releases that break something by themselves.
    pub alone: &'a [Alone],
    /// What was tried to put right what is broken.
    pub fixes: &'a [Fix],
    /// How many runs were simulated.
    pub runs: usize,
    /// What is made of what is undecided.
    pub undecided: Undecided,
}

/// What is made of a requirement that the runs cannot decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// It is told as what it is.
    Told,
    /// It does no harm.
    Pass,
    /// It is as bad as if it were broken.
    Fail,
}

impl Checked<'_> {
    /// What comes out of everything together.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        overall(self.findings).map_or(Verdict::Unmeasured, |worst| match (worst, self.undecided) {
            (Verdict::Undecided, Undecided::Pass) => Verdict::Holds,
            (Verdict::Undecided, Undecided::Fail) => Verdict::Broken,
            (worst, _) => worst,
        })
    }

    /// What has to be said of what is required to be understood, a line each.
    fn notes(&self) -> Vec<String> {
        self.alone().into_iter().chain(self.unfinished()).collect()
    }

    /// A line for each variant whose rollouts did not all come to their end: what is required may
    /// hold all the same.
    fn unfinished(&self) -> Vec<String> {
        let line = |(name, outcomes): &(String, Vec<(Outcome, u32)>)| {
            let runs: u32 = outcomes.iter().map(|(_, runs)| runs).sum();
            let others = outcomes.iter().filter(|(outcome, _)| *outcome != Outcome::Completed);
            let others: Vec<&(Outcome, u32)> = others.collect();
            let words: Vec<String> =
                others.iter().map(|(outcome, runs)| format!("{runs} {}", outcome.name())).collect();
            let count: u32 = others.iter().map(|(_, runs)| runs).sum();
            let words = words.join(", ");
            (count > 0).then(|| format!("{name}: {count} of {runs} runs did not complete: {words}"))
        };
        self.outcomes.iter().filter_map(line).collect()
    }

    /// A line for each requirement of a mixture that some sorts of releases would break alone.
    fn alone(&self) -> Vec<String> {
        let of_one = |one: &Alone, two: &Alone| {
            (&one.subject, one.requirement) == (&two.subject, two.requirement)
        };
        let line = |sorts: &[Alone]| {
            let Alone { subject, requirement: number, .. } = &sorts[0];
            let asked = &self.policy.requirements[*number];
            let sort = |alone: &Alone| {
                let Line { measured, .. } = requirement(asked, Some(alone.evidence));
                let (part, share) = (&alone.part, number::percent(alone.share, 4));
                format!("{part} alone ({share} of releases, {measured})")
            };
            let Line { what, limit, .. } = requirement(asked, None);
            let sorts: Vec<String> = sorts.iter().map(sort).collect();
            let sorts = sorts.join(" and by ");
            format!("{subject}: {what} {limit} would be broken by {sorts}")
        };
        self.alone.chunk_by(of_one).map(line).collect()
    }

    /// How many findings come to this.
    fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }

    /// Which verdicts are right with the policy's confidence, in words: those that rest on bounds.
    /// None if no verdict does.
    fn assurance(&self) -> Option<String> {
        let is = |finding: &&Finding, wanted: Covered| covered(self.policy, finding) == wanted;
        let has = |wanted: Covered| self.findings.iter().any(|finding| is(&finding, wanted));
        if !has(Covered::Sure) {
            return None;
        }
        let others = [
            (Covered::TheseRuns, "`min` and `max`, which are about these runs"),
            (Covered::Chance, "`no more runs` where it holds, since chance may hide some"),
            (Covered::Open, "what is undecided"),
        ];
        let others: Vec<&str> =
            others.into_iter().filter(|(kind, _)| has(*kind)).map(|(_, words)| words).collect();
        let but = match others.split_last() {
            None => String::new(),
            Some((last, [])) => format!("\nbut for {last}"),
            Some((last, rest)) => format!("\nbut for {}; and {last}", rest.join("; ")),
        };
        let confidence = number::percent(self.policy.confidence, 6);
        Some(format!("with {confidence} confidence every verdict is right{but}"))
    }

    /// What came out, in a line: `1 broken, 1 undecided, 2 hold`.
    fn tally(&self) -> String {
        let verdicts = [Verdict::Broken, Verdict::Unmeasured, Verdict::Undecided, Verdict::Holds];
        let parts = verdicts.into_iter().filter_map(|verdict| {
            let count = self.count(verdict);
            let word = match (verdict, count) {
                (Verdict::Holds, 1) => "holds",
                (Verdict::Holds, _) => "hold",
                (other, _) => word(other),
            };
            (count > 0).then(|| format!("{count} {word}"))
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    /// A finding in words.
    fn line(&self, finding: &Finding) -> Line {
        match &finding.claim {
            Claim::Requirement(number) => {
                requirement(&self.policy.requirements[*number], finding.evidence)
            }
            Claim::NoWorse(asked) => comparison(asked, finding),
            Claim::NoMoreBreaches(number) => breaches(&self.policy.requirements[*number], finding),
        }
    }

    /// Where what is asked stands in the scenario file.
    fn place(&self, finding: &Finding) -> At {
        match &finding.claim {
            Claim::Requirement(number) | Claim::NoMoreBreaches(number) => {
                self.policy.requirements[*number].place
            }
            Claim::NoWorse(asked) => asked.place,
        }
    }
}

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Covered {
    /// Bounds, with the policy's confidence.
    Sure,
    /// The runs that were simulated and no others.
    TheseRuns,
    /// That no excess of breaches was shown.
    Chance,
    /// Nothing: it is open.
    Open,
    /// That there is nothing to measure.
    Nothing,
}

fn covered(policy: &Policy, finding: &Finding) -> Covered {
    match (finding.verdict, &finding.claim) {
        (Verdict::Undecided, _) => Covered::Open,
        (Verdict::Unmeasured, _) => Covered::Nothing,
        (Verdict::Holds, Claim::NoMoreBreaches(_)) => Covered::Chance,
        (_, Claim::Requirement(number)) => match policy.requirements[*number].statistic {
            Statistic::Min | Statistic::Max => Covered::TheseRuns,
            _ => Covered::Sure,
        },
        (_, Claim::NoWorse(_) | Claim::NoMoreBreaches(_)) => Covered::Sure,
    }
}

/// A verdict in a word or two.
const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Undecided => "undecided",
        Verdict::Unmeasured => "not measured",
        Verdict::Broken => "broken",
    }
}

/// A finding in words.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// What is asked: `capacity_min, mean`.
    what: String,
    /// Between which limits it has to be: `>= 85%`.
    limit: String,
    /// What was measured.
    measured: String,
    /// What that is worth: `>= 91.2%`.
    bound: String,
}

impl Line {
    /// All of it: `capacity_min, mean: required >= 85%, measured 91.7% (bounds ...) in 10 runs`.
    fn sentence(&self, finding: &Finding) -> String {
        let Self { what, limit, measured, bound } = self;
        if finding.evidence.is_none() {
            let why = missing(finding, "this metric");
            return format!("{what}: required {limit}, but {why}");
        }
        let bound = if bound == "-" { String::new() } else { format!(" (bounds {bound})") };
        format!("{what}: required {limit}, measured {measured}{bound} in {} runs", finding.runs)
    }
}

/// Why a finding is not measured, of a metric of this name: `no request was sent`.
#[must_use]
pub fn missing(finding: &Finding, name: &str) -> String {
    match finding.lacks {
        Some("requests") => "no request was sent".to_owned(),
        Some("sessions") => "there was no session".to_owned(),
        Some(other) => format!("`{other}` is 0 in every run"),
        None => format!("none of {} runs has {name}", finding.runs),
    }
}

fn requirement(asked: &Requirement, evidence: Option<Evidence>) -> Line {
    let name = asked.metric.name;
    let metric = |value: f64| value_of(asked.metric, value);
    let limits = limits(asked);
    if let Statistic::Breaches(share) = asked.statistic {
        return Line {
            what: format!("{name} {limits}"),
            limit: format!("but for {} of runs", number::percent(share, 6)),
            measured: measured(evidence, &|share| number::percent(share, 3)),
            bound: bound(evidence, &|share| number::percent(share, 3)),
        };
    }
    Line {
        what: format!("{name}, {}", asked.statistic),
        limit: limits,
        measured: measured(evidence, &metric),
        bound: match asked.statistic {
            Statistic::Min | Statistic::Max => "-".to_owned(),
            _ => bound(evidence, &metric),
        },
    }
}

/// `>= 85%`, `<= 10m 00s` or both.
fn limits(asked: &Requirement) -> String {
    let limit = |side: Side| asked.limit(side).map(|limit| limit_of(asked.metric, limit));
    match (limit(Side::Min), limit(Side::Max)) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!(">= {min}"),
        (None, Some(max)) => format!("<= {max}"),
        (None, None) => String::new(),
    }
}

fn comparison(asked: &Comparison, finding: &Finding) -> Line {
    let metric = |value: f64| value_of(asked.metric, value);
    let sign = match asked.better {
        Better::Lower => '+',
        Better::Higher => '-',
    };
    let limit = match asked.material {
        Material::Share(share) => format!("{} of it", number::percent(share, 4)),
        Material::Amount(amount) if is_percent(asked.metric) => {
            format!("{} points", number::significant(amount * 100.0, 4))
        }
        Material::Amount(amount) => limit_of(asked.metric, amount),
    };
    Line {
        what: format!("{}, change", asked.metric.name),
        limit: format!("{sign}{limit}"),
        measured: changed(finding, &metric),
        bound: bound(finding.evidence, &|value| match is_percent(asked.metric) {
            true => signed(value, &|value| number::significant(value * 100.0, 3)),
            false => signed(value, &metric),
        }),
    }
}

fn breaches(asked: &Requirement, finding: &Finding) -> Line {
    let limit = |side: Side| asked.limit(side).map(|limit| limit_of(asked.metric, limit));
    let beyond = match (limit(Side::Min), limit(Side::Max)) {
        (Some(min), Some(max)) => format!("outside {min} to {max}"),
        (Some(min), None) => format!("below {min}"),
        (None, max) => format!("above {}", max.unwrap_or_default()),
    };
    Line {
        what: format!("{} {beyond}", asked.metric.name),
        limit: "no more runs".to_owned(),
        measured: changed(finding, &|share| number::percent(share, 3)),
        bound: "-".to_owned(),
    }
}

fn measured(evidence: Option<Evidence>, shown: &dyn Fn(f64) -> String) -> String {
    evidence.map_or_else(|| "-".to_owned(), |evidence| shown(evidence.measured))
}

/// `312 s -> 340 s`.
fn changed(finding: &Finding, shown: &dyn Fn(f64) -> String) -> String {
    finding
        .means
        .map_or_else(|| "-".to_owned(), |[new, old]| format!("{} -> {}", shown(old), shown(new)))
}

fn signed(value: f64, shown: &dyn Fn(f64) -> String) -> String {
    if value < 0.0 { format!("-{}", shown(-value)) } else { format!("+{}", shown(value)) }
}

/// The bounds that a verdict rests on: `>= 91.2%`, or both while it is undecided.
fn bound(evidence: Option<Evidence>, shown: &dyn Fn(f64) -> String) -> String {
    let Some(Evidence { low, high, .. }) = evidence else { return "-".to_owned() };
    let low = low.map(shown);
    let high = high.map(shown);
    match (low, high) {
        (Some(low), Some(high)) if low == high => low,
        (Some(low), Some(high)) => format!("{low} .. {high}"),
        (Some(low), None) => format!(">= {low}"),
        (None, Some(high)) => format!("<= {high}"),
        (None, None) => "-".to_owned(),
    }
}

/// A measured value with the metric's unit.
fn value_of(metric: &Metric, value: f64) -> String {
    match metric.kind {
        MetricKind::Seconds => number::duration(value),
        MetricKind::Ratio if metric.name == "availability" => number::availability(value),
        MetricKind::Ratio if is_multiple(metric) => number::significant(value, 4),
        MetricKind::Ratio => number::percent(value, 4),
        MetricKind::Count | MetricKind::Amount => number::significant(value, 4),
    }
}

/// A limit with the metric's unit: as it was written, not rounded.
fn limit_of(metric: &Metric, value: f64) -> String {
    match metric.kind {
        MetricKind::Seconds => number::duration(value),
        MetricKind::Ratio if is_multiple(metric) => number::significant(value, 6),
        MetricKind::Ratio => number::percent(value, 9),
        MetricKind::Count | MetricKind::Amount => number::significant(value, 9),
    }
}

/// Whether it is shown in percent.
fn is_percent(metric: &Metric) -> bool {
    metric.kind == MetricKind::Ratio && !is_multiple(metric)
}

/// Whether a ratio says how many times and not which part.
fn is_multiple(metric: &Metric) -> bool {
    ["burn_rate_max", "headroom_min", "latency_p95_ratio"].contains(&metric.name)
}
