//! `rollsim sensitivity`: which of several fields matters most.

use std::io::Write;
use std::num::NonZeroU32;
use std::path::PathBuf;

use super::exit::{self, BadInput, Exit};
use super::point::Changed;
use super::redraw::{formats, written};
use super::run::{folder_error, watch_interrupts};
use super::scale::{Conducted, Keep, Scale};
use super::tune::strategy;
use crate::experiment::lab::Lab;
use crate::experiment::sensitivity::{Method, Question, SensitivityError, Study};
use crate::experiment::tune::goal::metric;
use crate::experiment::vary::Vary;
use crate::measure::Metric;
use crate::report::folder::{Folder, Holds};
use crate::report::{self, sensitivity_json, sensitivity_table};
use crate::scenario::{Scenario, Variant};

const EXAMPLES: &str = "\
Examples:
  rollsim sensitivity scenarios/api-gateway.toml \\
    --vary strategies.surge.max_surge=1..6 --vary startup.boot=5s..60s
  rollsim sensitivity gateway.toml --vary fleet.instances=8..16 --vary load_balancer.lag=0s..5s \\
    --vary load_balancer.policy=round-robin,least-requests --metric failed --metric capacity_min
  rollsim sensitivity gateway.toml --vary traffic.rate=15000..24000 \\
    --vary shutdown.pre_stop=0s..5s --method sobol --samples 256

A range is of whole numbers (`1..6`), of any numbers (`0.0..1.0`: one end has a point), percentages
(`5%..50%`) or durations (`5s..60s`); `/STEP` after it allows only some of its values. Morris's
screening walks from one end to the other in steps of two thirds and reports per field mu* (the mean
absolute effect, over the whole range), mu (with its sign) and sigma (how much it depends on the
other fields); it takes TRAJECTORIES x (fields + 1) points. Sobol's indices are shares of the
variance, of a field alone and with all its interactions; they take SAMPLES x (fields + 2) points.
At every point the replications have the same random numbers, and their mean is what is looked at.
`chance` is how large the index may become by chance alone (95%), from the spread of the paired
differences; a field that is not above it may not matter, and more --replications tell.

Exit codes: 0 done; 1 the results could not be written; 2 bad input or usage; 130 interrupted, and
the old results are as they were";

/// Find out which fields matter most, and draw it as a tornado chart
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    changed: Changed,
    /// A field and its range or choices, such as fleet.instances=4..20; give several
    #[arg(long, value_name = "PATH=LO..HI")]
    vary: Vec<String>,
    /// What they may move; may be given several times [default: duration_s and failed]
    #[arg(long, value_name = "NAME")]
    metric: Vec<String>,
    /// Which strategy [default: the one whose fields are varied, or the only one]
    #[arg(long, value_name = "NAME")]
    strategy: Option<String>,
    /// Screening by elementary effects, or shares of the variance
    #[arg(long, value_enum, default_value_t = Way::Morris)]
    method: Way,
    /// Random walks of the screening
    #[arg(long, value_name = "N", default_value = "10")]
    trajectories: NonZeroU32,
    /// Rows of the matrices for Sobol's indices, a power of two
    #[arg(long, value_name = "N", default_value = "1024")]
    samples: NonZeroU32,
    /// Runs at each point [default: the file's simulation.replications]
    #[arg(long, value_name = "N")]
    replications: Option<NonZeroU32>,
    /// Folder for the results [default: results/NAME-sensitivity]
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

/// How influence is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Way {
    /// Elementary effects
    Morris,
    /// Shares of the variance
    Sobol,
}

impl Arguments {
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        let scenario = exit::load_of_one_release(&self.changed.file, &self.changed.overrides())?;
        let question = self.question(scenario.seed)?;
        let first = self.first_variant(&scenario, &question.varied)?;
        let own = first.plan.simulation.replications;
        let replications = self.replications.map_or(own, NonZeroU32::get);
        let study = Study::new(Question { replications, ..question }, &first.strategy);
        let target = self.out.clone().unwrap_or_else(|| {
            PathBuf::from("results").join(format!("{}-sensitivity", scenario.name))
        });
        let build = |values: &[(&str, &str)]| self.changed.variant_at(&first.strategy, values);
        let variants = study.build(&build).map_err(refused)?;
        let interrupted = watch_interrupts()?;
        // Taken before the work, so that hours of it are not lost to a folder that is not ours.
        let take = || Folder::to_hold(Holds::Sensitivity, &target).map_err(folder_error);
        let folder = self.scale.is_whole().then(take).transpose()?;
        exit::note(&study.cost());
        let place = (target.as_path(), self.out.as_deref(), Keep::Always);
        let runs = |lab: &mut Lab<'_>| study.simulate(&variants, lab);
        let runs = match self.scale.conduct(&scenario, place, &interrupted, runs)? {
            Conducted::Done(runs) => runs,
            Conducted::Ended(exit) => return Ok(exit),
        };
        let found = study.answer(&runs).map_err(refused)?;
        let names = (scenario.name.as_str(), first.strategy.as_str());
        let folder = folder.map_or_else(take, Ok)?;
        let files = report::write_sensitivity(names, &found, folder, formats(self.png))?;
        let mut out = anstream::stdout().lock();
        if self.json {
            let whole = sensitivity_json::render(names.0, scenario.seed, names.1, &found);
            writeln!(out, "{whole:#}")?;
        } else {
            write!(out, "{}", sensitivity_table::render(names.0, scenario.seed, names.1, &found))?;
            writeln!(out, "\n{}", written(&target, &files))?;
        }
        out.flush()?;
        Ok(Exit::Done)
    }

    /// The first variant of the strategy that is looked at.
    fn first_variant<'a>(
        &self,
        scenario: &'a Scenario,
        varied: &[Vary],
    ) -> anyhow::Result<&'a Variant> {
        let varied: Vec<&str> = varied.iter().map(|vary| vary.path.as_str()).collect();
        let name = strategy(scenario, self.strategy.as_deref(), &varied)?;
        let mut own = scenario.variants.iter().filter(|variant| variant.strategy == name);
        let first = own.next().expect("it was found among the variants");
        let left = first.parameters.iter().find(|(path, _)| !varied.contains(&path.as_str()));
        if let Some((path, value)) = left.filter(|_| own.next().is_some()) {
            exit::warn(&format!(
                "of the sweep over `{path}` only the first value, {value}, is taken; for another, \
                 write `--sweep {path}=VALUE`, or vary it"
            ));
        }
        Ok(first)
    }

    /// What is asked, but for the number of runs at each point.
    fn question(&self, seed: u64) -> anyhow::Result<Question> {
        let mut problems: Vec<String> = Vec::new();
        let varied = Vary::read_all(&self.vary).unwrap_or_else(|errors| {
            problems.extend(errors.iter().map(ToString::to_string));
            Vec::new()
        });
        let metrics = self.metrics().unwrap_or_else(|unknown| {
            problems.extend(unknown);
            Vec::new()
        });
        let method = match self.method {
            Way::Morris => Method::Morris { trajectories: self.trajectories.get() },
            Way::Sobol => Method::Sobol { samples: self.samples.get() },
        };
        let question = Question { varied, metrics, method, replications: 1, seed };
        if problems.is_empty() {
            problems = question.problems();
        }
        if problems.is_empty() { Ok(question) } else { Err(BadInput(problems.join("\n")).into()) }
    }

    fn metrics(&self) -> Result<Vec<&'static Metric>, Vec<String>> {
        let usual = ["duration_s".to_owned(), "failed".to_owned()];
        let asked = if self.metric.is_empty() { &usual[..] } else { &self.metric };
        let (mut found, mut problems): (Vec<&'static Metric>, Vec<String>) = Default::default();
        for name in asked {
            match metric(name) {
                Ok(metric) if found.contains(&metric) => {}
                Ok(metric) => found.push(metric),
                Err(unknown) => problems.push(unknown.to_string()),
            }
        }
        if problems.is_empty() { Ok(found) } else { Err(problems) }
    }
}

/// A point that must not be is bad input, and all that is wrong with it is shown; so is a metric
/// that is not defined.
fn refused(error: SensitivityError) -> anyhow::Error {
    match error {
        SensitivityError::Refused(why, report) => {
            exit::show(&report);
            BadInput(why).into()
        }
        SensitivityError::Undefined { .. } => BadInput(error.to_string()).into(),
    }
}
