//! `rollsim gate`: how often the gates of a scenario cry wolf, and what they miss.

use std::io::Write;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::exit::{self, BadInput, Exit};
use super::point::Changed;
use super::redraw::{formats, written};
use super::run::{folder_error, measured, warn_of_many_requests, watch_interrupts};
use crate::experiment::workbench::{Characteristic, Question, Workbench};
use crate::experiment::{self, Grid, Results, Settings};
use crate::report::folder::{Folder, Holds};
use crate::report::{self, gate_table};
use crate::scenario::{GOOD, Scenario};

const EXAMPLES: &str = "\
Examples:
  rollsim gate scenarios/bad-release.toml
  rollsim gate checkout.toml --gate threshold --gate anytime --effects 0.1x,0.3x,1x
  rollsim gate checkout.toml --rates 10,100,1000 --replications 1000
  rollsim gate checkout.toml --json | jq '.gates[] | select(.effect == 0) | .caught'

Each gate stands alone, in the place of all gates of the first strategy that asks for it (or for
any); of a strategy with sweeps its first variant is taken. Of a good release `rolled back` is a
false alarm; of a bad one `let through` is a miss. Effects are multiples of the defects in
`[release]`. Exposed are the requests that the new version answered until the decision.

Exit codes: 0 done; 1 the results could not be written; 2 bad input or usage; 130 interrupted, and
the old results are as they were";

/// Measure what each gate of a scenario catches, misses and stops in vain, how soon, at what cost
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    changed: Changed,
    /// Only this gate; may be given several times [default: every gate of the file]
    #[arg(long, value_name = "NAME")]
    gate: Vec<String>,
    /// Sizes of the release's defect, as multiples of the file's own
    #[arg(long, value_name = "E1,E2", value_delimiter = ',', default_value = "1x,3x,10x",
        value_parser = effect)]
    effects: Vec<f64>,
    /// Constant rates, requests/s [default: the traffic of the file]
    #[arg(long, value_name = "R1,R2", value_delimiter = ',', value_parser = rate)]
    rates: Vec<f64>,
    /// Runs of each case [default: the file's simulation.replications, 100 at least]
    #[arg(long, value_name = "N")]
    replications: Option<NonZeroU32>,
    /// Folder for the results [default: results/NAME-gate]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Also write the chart as PNG
    #[arg(long)]
    png: bool,
    /// Simulate on N threads [default: all there are]; the results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

/// A multiple, such as `3x` or `0.5`.
fn effect(text: &str) -> Result<f64, String> {
    positive(text.strip_suffix('x').unwrap_or(text))
        .ok_or_else(|| "an effect is a multiple above 0, such as `3x`".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    positive(text).ok_or_else(|| "a rate is a number of requests/s above 0, such as `100`".into())
}

fn positive(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0)
}

/// In order, each once.
fn in_order(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

impl Arguments {
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        let scenario = self.load()?;
        let question = Question {
            gates: self.gate.clone(),
            effects: in_order(&self.effects),
            rates: in_order(&self.rates),
            replications: self.replications.map(NonZeroU32::get),
        };
        let bench = Workbench::new(&scenario, &question)
            .map_err(|error| BadInput(format!("`{}`: {error}", self.changed.file.display())))?;
        let target = self
            .out
            .clone()
            .unwrap_or_else(|| PathBuf::from("results").join(format!("{}-gate", scenario.name)));
        let interrupted = watch_interrupts()?;
        let folder = Folder::to_hold(Holds::Gates, &target).map_err(folder_error)?;
        for warning in &bench.warnings {
            exit::warn(warning);
        }
        warn_of_many_requests(&bench.scenario, &interrupted);
        let Some(results) = self.simulate(&bench.scenario, &interrupted)? else {
            exit::warn("interrupted; nothing was written");
            return Ok(Exit::Interrupted);
        };
        let rows = bench.characteristics(&results);
        let names = report::write_gates(&scenario.name, &rows, folder, formats(self.png))?;
        self.print(&bench, &rows, (&target, &names))?;
        Ok(Exit::Done)
    }

    fn load(&self) -> anyhow::Result<Scenario> {
        let mut scenario = exit::load(&self.changed.file, &self.changed.overrides())?;
        // The workbench has a good release of its own, and looks for a bad one to scale.
        let is_good =
            |(key, value): &(String, serde_json::Value)| key == "release" && value == GOOD;
        scenario.variants.retain(|variant| !variant.parameters.iter().any(is_good));
        Ok(scenario)
    }

    fn simulate(
        &self,
        scenario: &Scenario,
        interrupted: &AtomicBool,
    ) -> anyhow::Result<Option<Results>> {
        let cells = Grid::new(scenario).cells() as u64;
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} runs, {eta} left")?;
        // Draws nothing where stderr is not a terminal.
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(Some(cells), target).with_style(style);
        bar.tick();
        let progress = |done: usize| bar.set_position(done as u64);
        let settings = Settings { threads: self.threads, interrupted, progress: &progress };
        let results = experiment::run(scenario, settings, |plan, replication, detail| {
            measured(plan, replication, detail, interrupted)
        })
        .context("cannot start threads");
        bar.finish_and_clear();
        results
    }

    fn print(
        &self,
        bench: &Workbench,
        rows: &[Characteristic],
        (target, names): (&Path, &[&str]),
    ) -> anyhow::Result<()> {
        let Scenario { name, seed, .. } = &bench.scenario;
        let mut out = anstream::stdout().lock();
        if self.json {
            let whole = serde_json::json!({
                "scenario": name,
                "seed": seed,
                "rollsim": env!("CARGO_PKG_VERSION"),
                "warnings": bench.warnings,
                "gates": rows,
            });
            writeln!(out, "{whole:#}")?;
        } else {
            write!(out, "{}", gate_table::render(name, *seed, rows))?;
            writeln!(out, "\n{}", written(target, names))?;
        }
        out.flush()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_and_rates_are_above_nothing() {
        for (text, value) in [("3x", Some(3.0)), ("0.5", Some(0.5)), ("1e1x", Some(10.0))] {
            assert_eq!(effect(text).ok(), value, "{text}");
        }
        for text in ["0x", "-1x", "x", "", "infx", "NaN", "many"] {
            assert!(effect(text).is_err(), "{text}");
            assert!(rate(text).is_err(), "{text}");
        }
        assert_eq!(in_order(&[3.0, 1.0, 3.0]), [1.0, 3.0]);
    }
}
