//! `rollsim advise`: the three questions asked most.

use std::io::Write;
use std::path::PathBuf;

use super::exit::{self, Exit};
use super::point::Changed;
use super::run::watch_interrupts;
use super::scale::{Conducted, Keep, Scale};
use super::tune::{bad, confidence, share, strategy};
use crate::experiment::advise::{Targets, batch, deadline, drain};
use crate::report::advice::{self, Answers};
use crate::scenario::Scenario;
use crate::sim::Plan;
use crate::units::SimDuration;

const EXAMPLES: &str = "\
Examples:
  rollsim advise gateway.toml
  rollsim advise scenarios/api-gateway.toml --strategy one-at-a-time --headroom 1.1
  rollsim advise checkout.toml --losses 10 --met 95% --json | jq '.answers[].value'

Batches are judged by capacity over demand (headroom_min), drains by the requests that they lose
(failed_by_drain_race), the deadline by rollouts of a release without defects, without faults, and
without requests unless a gate looks at them.

Exit codes: 0 done, whatever the answers; 2 bad input or usage; 130 interrupted";

/// Answer the three questions asked most: largest safe batch, shortest pre_stop and deadline
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    changed: Changed,
    /// Which strategy [default: the only one]
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// Capacity must stay at so many times the demand
    #[arg(long, value_name = "X", default_value = "1", value_parser = positive)]
    headroom: f64,
    /// In at least this share of the rollouts
    #[arg(long, value_name = "SHARE", default_value = "95%", value_parser = inner_share)]
    safe: f64,
    /// Most requests that drains may lose in a rollout, on average
    #[arg(long, value_name = "N", default_value = "1", value_parser = not_negative)]
    losses: f64,
    /// Share of the healthy rollouts that must meet the deadline
    #[arg(long, value_name = "SHARE", default_value = "99%", value_parser = inner_share)]
    met: f64,
    /// Healthy rollouts that are simulated for the deadline
    #[arg(long, value_name = "N", default_value = "500",
        value_parser = clap::value_parser!(u32).range(2..))]
    healthy: u32,
    /// Times are answered in steps of this
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = step)]
    step: SimDuration,
    /// Probability that an answer is right
    #[arg(long, value_name = "P", default_value = "95%", value_parser = confidence)]
    confidence: f64,
    /// Most runs of a size of batch or a length of pre_stop
    #[arg(long, value_name = "N", default_value = "200",
        value_parser = clap::value_parser!(u32).range(2..))]
    max_replications: u32,
    /// Folder for the runs of a shard [default: results/NAME-advise-I-of-N]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) scale: Scale,
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

fn positive(text: &str) -> Result<f64, String> {
    let wrong = || "write a number above 0, such as `1.1`".to_owned();
    number(text).filter(|&value| value > 0.0).ok_or_else(wrong)
}

fn not_negative(text: &str) -> Result<f64, String> {
    let wrong = || "write a number that is not negative, such as `10`".to_owned();
    number(text).filter(|&value| value >= 0.0).ok_or_else(wrong)
}

/// A share that is neither nothing nor all.
fn inner_share(text: &str) -> Result<f64, String> {
    match share(text)? {
        value if value > 0.0 && value < 1.0 => Ok(value),
        _ => Err("a share lies above 0% and below 100%, such as `99%`".to_owned()),
    }
}

fn step(text: &str) -> Result<SimDuration, String> {
    match text.parse::<SimDuration>() {
        Ok(step) if step > SimDuration::ZERO => Ok(step),
        Ok(_) => Err("a step is longer than nothing".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

impl Arguments {
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        let base = exit::load_of_one_release(&self.changed.file, &self.changed.overrides())?;
        let strategy = strategy(&base, self.strategy.as_deref(), &[])?;
        let plan = self.plan(&base, &strategy)?;
        let targets = self.targets();
        let interrupted = watch_interrupts()?;
        let target = PathBuf::from("results").join(format!("{}-advise", base.name));
        let sized = |size: u32| self.sized(&strategy, size);
        let place = (target.as_path(), self.out.as_deref(), Keep::OnRequest);
        let ended = self.scale.conduct(&base, place, &interrupted, |lab| {
            Ok(Answers {
                strategy: strategy.clone(),
                targets,
                batch: batch::largest(lab, &sized, &targets)?,
                drain: drain::shortest(lab, &plan, &targets)?,
                deadline: deadline::shortest(lab, &plan, &targets)?,
            })
        })?;
        let answers = match ended {
            Conducted::Done(answers) => answers,
            Conducted::Ended(exit) => return Ok(exit),
        };
        let mut out = anstream::stdout().lock();
        if self.json {
            writeln!(out, "{:#}", advice::json(&base.name, base.seed, &answers))?;
        } else {
            write!(out, "{}", advice::render(&base.name, base.seed, &answers))?;
        }
        out.flush()?;
        Ok(Exit::Done)
    }

    fn targets(&self) -> Targets {
        Targets {
            headroom: self.headroom,
            safe: self.safe,
            losses: self.losses,
            met: self.met,
            confidence: self.confidence,
            most: self.max_replications,
            healthy: self.healthy,
            step: self.step,
        }
    }

    /// The plan of the strategy; of a sweep the first.
    fn plan(&self, base: &Scenario, strategy: &str) -> anyhow::Result<Plan> {
        let mut variants = base.variants.iter().filter(|one| one.strategy == strategy);
        let first = variants.next().ok_or_else(|| bad("the strategy has no variant"))?;
        if let Some((path, _)) = first.parameters.first().filter(|_| variants.next().is_some()) {
            exit::warn(&format!(
                "of the sweep over `{path}` only the first value is taken; for another, write \
                 `--sweep {path}=VALUE`"
            ));
        }
        Ok(first.plan.clone())
    }

    /// The plan with this `max_unavailable`, or why the strategy has none.
    fn sized(&self, strategy: &str, size: u32) -> Result<Plan, String> {
        let path = format!("strategies.{strategy}.max_unavailable");
        let at = [(path.as_str(), &*size.to_string())];
        self.changed.variant_at(strategy, &at).map(|one| one.plan).map_err(|report| {
            let error = report.diagnostics.iter().find(|one| one.is_error());
            error.map_or_else(String::new, |error| error.message.clone())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_numbers_that_make_sense() {
        assert_eq!(positive("1.1"), Ok(1.1));
        assert_eq!(not_negative("0"), Ok(0.0));
        assert_eq!(inner_share("99%"), Ok(0.99));
        assert_eq!(step("250ms"), Ok(SimDuration::from_millis(250)));
        for text in ["0", "-1", "inf", "x"] {
            assert!(positive(text).is_err(), "{text}");
        }
        for text in ["0%", "100%", "x"] {
            assert!(inner_share(text).is_err(), "{text}");
        }
        assert!(not_negative("-1").is_err() && step("0s").is_err() && step("5").is_err());
    }
}
