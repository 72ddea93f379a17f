//! `rollsim tune`: the best policy of a search space.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::exit::{self, BadInput, Exit, Rejected};
use super::point::Changed;
use super::redraw::{formats, written};
use super::run::{folder_error, warn_of_many_requests, watch_interrupts};
use super::scale::{Conducted, Keep, Scale};
use crate::experiment::tune::goal::{Aim, Constraint, Objective, Zone, contradiction, metric};
use crate::experiment::tune::{self, Answer, Axis, Nothing, Question, Space, TuneError};
use crate::report::folder::{Folder, Holds};
use crate::report::{self, tune as shown};
use crate::scenario::Scenario;

const EXAMPLES: &str = "\
Examples:
  rollsim tune gateway.toml --vary strategies.rolling.max_unavailable=1..6 \\
      --vary strategies.rolling.max_surge=0..6 --subject-to 'capacity_min>=90%'
  rollsim tune gateway.toml --vary fleet.instances=8..20/2 --minimize duration_s --minimize cost
  rollsim tune gateway.toml --strategy canary --vary shutdown.pre_stop=0s..30s/5s \\
      --minimize failed --budget 2000
  rollsim tune gateway.toml --vary load_balancer.policy=random,round-robin,least-requests \\
      --minimize latency_p99_s --json | jq .recommended

A range takes every whole number, percent or unit of time between its ends, or every STEP:
1..6, 1..100/5, 5%..50%/5%, 5s..60s/5s. Choices stand with commas between. A point that the
scenario's rules refuse is left out and counted. With one objective the best is selected; with
several the Pareto front, and its knee where it has one beyond chance, else the best in the first
objective. Without any, the shortest rollout that meets the
constraints and the file's [policy] is looked for, or without those the front of duration,
capacity, error budget and surge.

Exit codes: 0 a candidate is recommended; 1 none meets the constraints, or the results could not
be written; 2 bad input or usage; 3 undecided; 130 interrupted, and the old results are as they
were";

/// Search for the best values of fields: the fastest that meets the constraints, or a Pareto front
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    changed: Changed,
    /// A field to choose, and the values it may take; may be given several times
    #[arg(long, value_name = "PATH=SPEC", required = true)]
    vary: Vec<String>,
    /// Which strategy [default: the one that --vary names, or the only one]
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// A metric to make small; may be given several times
    #[arg(long, value_name = "METRIC")]
    minimize: Vec<String>,
    /// A metric to make large; may be given several times
    #[arg(long, value_name = "METRIC")]
    maximize: Vec<String>,
    /// A limit for the mean of a metric, such as 'capacity_min>=90%'; may be given several times
    #[arg(long, value_name = "LIMIT")]
    subject_to: Vec<String>,
    /// Leave the file's [policy] out, whose requirements are constraints too
    #[arg(long)]
    ignore_policy: bool,
    /// What does not matter of the objective: an amount, or a share of the best that meets the
    /// constraints; of one of several METRIC=AMOUNT, or a share of the best or of the range of the
    /// candidates, whichever is more [default: 1%]
    #[arg(long, value_name = "AMOUNT")]
    indifference: Vec<String>,
    /// Probability that all that is concluded is right
    #[arg(long, value_name = "P", default_value = "95%", value_parser = confidence)]
    confidence: f64,
    /// Runs of each candidate before anything is concluded
    #[arg(long, value_name = "N", default_value = "10",
        value_parser = clap::value_parser!(u32).range(2..))]
    pilot: u32,
    /// Most runs of a candidate
    #[arg(long, value_name = "N", default_value = "200")]
    max_replications: u32,
    /// So many runs in all, spread where they tell most, instead of as many as it takes
    #[arg(long, value_name = "N")]
    budget: Option<usize>,
    /// Least share of a candidate's first runs that must complete
    #[arg(long, value_name = "SHARE", default_value = "90%", value_parser = share)]
    completed: f64,
    /// Folder for the results [default: results/NAME-tune]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Also write the chart as PNG
    #[arg(long)]
    png: bool,
    #[command(flatten)]
    pub(super) scale: Scale,
}

/// A probability above one half and below one.
pub(super) fn confidence(text: &str) -> Result<f64, String> {
    let value = share(text)?;
    if value > 0.5 && value < 1.0 {
        return Ok(value);
    }
    Err("a confidence lies above 50% and below 100%, such as `95%`".to_owned())
}

/// A share in 0..=1, such as `95%` or `0.95`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let wrong = || "write a share such as `95%` or `0.95`".to_owned();
    let value: f64 = match text.trim().strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map_err(|_| wrong())? / 100.0,
        None => text.trim().parse().map_err(|_| wrong())?,
    };
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(wrong()) }
}

pub(super) fn bad(error: impl std::fmt::Display) -> anyhow::Error {
    BadInput(error.to_string()).into()
}

/// All that is wrong, the last of it for the caller to say.
fn all_bad(errors: &[impl std::fmt::Display]) -> anyhow::Error {
    let Some((last, others)) = errors.split_last() else { return bad("nothing can be varied") };
    for error in others {
        exit::error(&error.to_string());
    }
    bad(last)
}

impl Arguments {
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        let axes = Axis::read_all(&self.vary).map_err(|errors| all_bad(&errors))?;
        let space = Space::new(axes).map_err(bad)?;
        let base = exit::load_of_one_release(&self.changed.file, &self.changed.overrides())?;
        let paths: Vec<&str> = space.axes().iter().map(|axis| axis.path.as_str()).collect();
        let strategy = strategy(&base, self.strategy.as_deref(), &paths)?;
        let question = self.question(&base, &strategy)?;
        let target = self
            .out
            .clone()
            .unwrap_or_else(|| PathBuf::from("results").join(format!("{}-tune", base.name)));
        let interrupted = watch_interrupts()?;
        // Taken before the work, so that hours of it are not lost to a folder that is not ours.
        let take = || Folder::to_hold(Holds::Search, &target).map_err(folder_error);
        let folder = self.scale.is_whole().then(take).transpose()?;
        self.warn(&base, &strategy, (&space, &question), &interrupted);
        let build = |values: &[(&str, &str)]| self.changed.variant_at(&strategy, values);
        let place = (target.as_path(), self.out.as_deref(), Keep::Always);
        let ended = self.scale.conduct(&base, place, &interrupted, |lab| {
            match tune::search(&space, &question, &build, lab) {
                Err(TuneError::Stopped(stopped)) => Err(stopped),
                ended => Ok(ended),
            }
        })?;
        let answer = match ended {
            Conducted::Done(Ok(answer)) => answer,
            Conducted::Done(Err(error)) => return Err(rejected(error)),
            Conducted::Ended(exit) => return Ok(exit),
        };
        let folder = folder.map_or_else(take, Ok)?;
        let names = report::write_search(&base.name, &answer, folder, formats(self.png))?;
        self.print(&base, &answer, (&target, &names))?;
        Ok(match answer.recommended {
            Ok(_) => Exit::Done,
            Err(Nothing::Unclear(_)) => Exit::Undecided,
            Err(Nothing::Undefined(_)) => Exit::BadInput,
            Err(Nothing::Incomplete | Nothing::Misses { .. }) => Exit::Failed,
        })
    }

    fn question(&self, base: &Scenario, strategy: &str) -> anyhow::Result<Question> {
        let constraints: Result<Vec<Constraint>, _> =
            self.subject_to.iter().map(|typed| Constraint::read(typed)).collect();
        let mut constraints = constraints.map_err(bad)?;
        if !self.ignore_policy {
            let policy = base.policy.requirements.iter();
            let asked = policy.filter(|one| one.is_asked_of(strategy));
            constraints.extend(asked.flat_map(Constraint::required));
        }
        if let Some([low, high]) = contradiction(&constraints) {
            let (low, high) = (&low.typed, &high.typed);
            return Err(bad(format!("`{low}` and `{high}` contradict each other; drop one")));
        }
        let typed = self.minimize.iter().map(|name| (name, Aim::Minimize));
        let typed = typed.chain(self.maximize.iter().map(|name| (name, Aim::Maximize)));
        let read: Result<Vec<Objective>, _> =
            typed.map(|(name, aim)| Objective::read(name, aim)).collect();
        let mut objectives = read.map_err(bad)?;
        for (number, one) in objectives.iter().enumerate() {
            if objectives[..number].iter().any(|other| other.metric.name == one.metric.name) {
                return Err(bad(format!("`{}` is an objective twice", one.metric.name)));
            }
        }
        if objectives.is_empty() {
            let mut variants = base.variants.iter().filter(|one| one.strategy == strategy);
            let has_price = variants.any(|one| one.plan.instance_hour > 0.0);
            objectives = Question::usual_objectives(!constraints.is_empty(), has_price);
        }
        let mut question = Question::new(objectives, constraints);
        self.set_zones(&mut question)?;
        question.confidence = self.confidence;
        question.pilot = self.pilot;
        question.most = self.max_replications.max(self.pilot);
        question.budget = self.budget;
        question.completed = self.completed;
        Ok(question)
    }

    fn set_zones(&self, question: &mut Question) -> anyhow::Result<()> {
        for typed in &self.indifference {
            let (name, amount) = match (typed.split_once('='), question.objectives.as_slice()) {
                (Some((name, amount)), _) => (metric(name).map_err(bad)?.name, amount),
                (None, [objective]) => (objective.metric.name, typed.as_str()),
                (None, _) => {
                    return Err(bad(format!(
                        "`--indifference {typed}` is of which objective? write \
                         `METRIC={typed}`"
                    )));
                }
            };
            let found = question.objectives.iter().position(|one| one.metric.name == name);
            let Some(number) = found else {
                return Err(bad(format!("`{name}` of `--indifference {typed}` is no objective")));
            };
            let metric = question.objectives[number].metric;
            question.zones[number] = Zone::read(metric, amount).map_err(bad)?;
        }
        Ok(())
    }

    /// Warns of sweeps that are not searched and of searches that take long.
    fn warn(
        &self,
        base: &Scenario,
        strategy: &str,
        (space, question): (&Space, &Question),
        interrupted: &AtomicBool,
    ) {
        let mut variants = base.variants.iter().filter(|one| one.strategy == strategy);
        let Some(first) = variants.next() else { return };
        let swept = first.parameters.iter().map(|(path, _)| path);
        let is_varied = |path: &&String| space.axes().iter().any(|axis| axis.path == **path);
        let others: Vec<&String> = swept.filter(|path| !is_varied(path)).collect();
        if let Some(path) = others.first().filter(|_| variants.next().is_some()) {
            exit::warn(&format!(
                "of the sweep over `{path}` only the first value is taken; for another, write \
                 `--sweep {path}=VALUE`, or `--vary {path}=...` to choose among them"
            ));
        }
        let mut whole = Scenario { variants: vec![first.clone()], ..base.clone() };
        let points = space.points().min(question.whole);
        let runs = question.budget.unwrap_or(points * question.pilot as usize);
        whole.variants[0].plan.simulation.replications = u32::try_from(runs).unwrap_or(u32::MAX);
        warn_of_many_requests(&whole, interrupted);
    }

    fn print(
        &self,
        base: &Scenario,
        answer: &Answer,
        (target, names): (&Path, &[&str]),
    ) -> anyhow::Result<()> {
        let Scenario { name, seed, .. } = base;
        let mut out = anstream::stdout().lock();
        if self.json {
            writeln!(out, "{:#}", shown::json::render(name, *seed, answer))?;
        } else {
            write!(out, "{}", shown::table::render(name, *seed, answer))?;
            writeln!(out, "\n{}", written(target, names))?;
        }
        out.flush()?;
        Ok(())
    }
}

/// What cannot be searched, as bad input.
fn rejected(error: TuneError) -> anyhow::Error {
    match error {
        TuneError::AllRefused(report, points) => {
            exit::warn(&format!("all {points} points of the search space are refused"));
            Rejected(*report).into()
        }
        error @ TuneError::Budget { .. } => bad(error),
        error @ TuneError::Stopped(_) => error.into(),
    }
}

/// The strategy that is meant: the one asked for, the only one that `paths` name, or the only one.
pub(super) fn strategy(
    base: &Scenario,
    asked: Option<&str>,
    paths: &[&str],
) -> anyhow::Result<String> {
    let mut names: Vec<&str> = base.variants.iter().map(|one| one.strategy.as_str()).collect();
    names.dedup();
    let listed = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if let Some(asked) = asked {
        return match names.contains(&asked) {
            true => Ok(asked.to_owned()),
            false => Err(bad(format!("there is no strategy called `{asked}`; there is {listed}"))),
        };
    }
    let mut meant: Vec<&str> = paths
        .iter()
        .filter_map(|path| path.strip_prefix("strategies.")?.split('.').next())
        .filter(|name| names.contains(name))
        .collect();
    meant.sort_unstable();
    meant.dedup();
    match (meant.as_slice(), names.as_slice()) {
        ([one], _) | ([], [one]) => Ok((*one).to_owned()),
        _ => Err(bad(format!(
            "which strategy is meant? the scenario has {listed}; name it with `--strategy`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_confidences() {
        for (text, value) in [("95%", Some(0.95)), ("0.9", Some(0.9)), ("50%", None), ("1", None)] {
            assert_eq!(confidence(text).ok(), value, "{text}");
        }
        for (text, value) in [("0%", Some(0.0)), ("1", Some(1.0)), ("110%", None), ("x", None)] {
            assert_eq!(share(text).ok(), value, "{text}");
        }
    }
}
