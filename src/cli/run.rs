//! `rollsim run`: every variant of a scenario, simulated and reported.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::exit::{self, BadInput, Exit};
use super::redraw::{formats, written};
use crate::experiment::{self, Grid, Measured, Settings};
use crate::measure::measure;
use crate::report::folder::{Folder, FolderError};
use crate::report::{self, Written, ledger, number, table};
use crate::scenario::{Overrides, Scenario};
use crate::sim::{Detail, Plan, simulate};

/// More requests than this take so long that one wants to know before.
const MANY_REQUESTS: f64 = 2e10;

const EXAMPLES: &str = "\
Examples:
  rollsim run scenarios/api-gateway.toml
  rollsim run gateway.toml --replications 30 --out results/careful
  rollsim run gateway.toml --set traffic.rate=24000 --sweep strategies.surge.max_surge=1,2,25%
  rollsim run gateway.toml --ledger
  rollsim run gateway.toml --json | jq '.variants[].outcomes'

Exit codes: 0 done, whatever the outcomes; 1 the results could not be written; 2 bad input or
usage; 130 interrupted, and the old results are as they were";

/// Simulate every variant of a scenario; a table on stdout, all else in a folder
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The scenario, a TOML file
    file: PathBuf,
    /// Folder for the results [default: results/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print summary.json instead of the table
    #[arg(long)]
    json: bool,
    /// Also print what failed requests are charged to
    #[arg(long, conflicts_with_all = ["json", "quiet"])]
    ledger: bool,
    /// Also write the charts as PNG
    #[arg(long)]
    png: bool,
    /// Simulate on N threads [default: all there are]; the results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Root of all chance, instead of the file's simulation.seed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Runs of each variant, instead of the file's simulation.replications
    #[arg(long, value_name = "N")]
    replications: Option<u32>,
    /// Set any field of the file, such as traffic.rate=24000
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Try several values of any field, each a variant
    #[arg(long, value_name = "PATH=V1,V2")]
    sweep: Vec<String>,
    /// Print nothing but warnings and errors
    #[arg(long, conflicts_with = "json")]
    quiet: bool,
}

impl Arguments {
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        let scenario = self.load()?;
        let target =
            self.out.clone().unwrap_or_else(|| PathBuf::from("results").join(&scenario.name));
        let interrupted = watch_interrupts()?;
        // Taken before the work, so that hours of it are not lost to a folder that is not ours.
        let folder = Folder::beside(&target).map_err(folder_error)?;
        warn_of_many_requests(&scenario, &interrupted);
        let Some(results) = self.simulate(&scenario, &interrupted)? else {
            exit::warn("interrupted; nothing was written");
            return Ok(Exit::Interrupted);
        };
        let written_files = report::write(&results, folder, formats(self.png))?;
        self.print(&target, &written_files)?;
        Ok(Exit::Done)
    }

    /// The scenario with the changes that the command line makes.
    fn load(&self) -> anyhow::Result<Scenario> {
        let mut set = self.set.clone();
        set.extend(self.seed.map(|seed| format!("simulation.seed={seed}")));
        set.extend(self.replications.map(|count| format!("simulation.replications={count}")));
        let overrides = Overrides { sets: set, sweeps: self.sweep.clone() };
        exit::load(&self.file, &overrides)
    }

    fn simulate(
        &self,
        scenario: &Scenario,
        interrupted: &AtomicBool,
    ) -> anyhow::Result<Option<experiment::Results>> {
        let bar = self.progress_bar(Grid::new(scenario).cells() as u64)?;
        let progress = |done: usize| bar.set_position(done as u64);
        let settings = Settings { threads: self.threads, interrupted, progress: &progress };
        let results = experiment::run(scenario, settings, |plan, replication, detail| {
            measured(plan, replication, detail, interrupted)
        })
        .context("cannot start threads");
        bar.finish_and_clear();
        results
    }

    fn progress_bar(&self, cells: u64) -> anyhow::Result<ProgressBar> {
        // Draws nothing where stderr is not a terminal.
        let target =
            if self.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} runs, {eta} left")?;
        let bar = ProgressBar::with_draw_target(Some(cells), target).with_style(style);
        bar.tick();
        Ok(bar)
    }

    fn print(&self, target: &std::path::Path, done: &Written) -> anyhow::Result<()> {
        if self.quiet {
            return Ok(());
        }
        let mut out = anstream::stdout().lock();
        if self.json {
            done.summary.render(&mut out).map_err(io::Error::from)?;
        } else {
            write!(out, "{}", table::render(&done.summary))?;
            if self.ledger {
                write!(out, "\n{}", ledger::render(&done.summary))?;
            }
            writeln!(out, "\n{}", written(target, &done.names))?;
        }
        out.flush()?;
        Ok(())
    }
}

/// One run and its metrics; none if interrupted.
pub(super) fn measured(
    plan: &Plan,
    replication: u32,
    detail: Detail,
    interrupted: &AtomicBool,
) -> Option<Measured> {
    let run = simulate(plan, replication, detail, interrupted)?;
    let metrics = measure(plan, &run);
    Some(Measured { run, metrics })
}

/// A folder that must not be used is bad input; one that cannot be written is not.
pub(super) fn folder_error(error: FolderError) -> anyhow::Error {
    match error {
        FolderError::NotOurs(..) => {
            BadInput(format!("{error}; name an empty folder or a new one with `--out`")).into()
        }
        FolderError::NotAFolder(_) => {
            BadInput(format!("{error}; name a folder with `--out`")).into()
        }
        FolderError::Unwritable { .. } => error.into(),
    }
}

/// Set by Ctrl-C from now on.
pub(super) fn watch_interrupts() -> anyhow::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
        .context("cannot watch for Ctrl-C")?;
    Ok(interrupted)
}

pub(super) fn warn_of_many_requests(scenario: &Scenario, interrupted: &AtomicBool) {
    let requests = experiment::expected_requests(scenario, MANY_REQUESTS, |plan, replication| {
        simulate(plan, replication, Detail::Series, interrupted)
    });
    if let Some(requests) = requests.filter(|&requests| requests > MANY_REQUESTS) {
        exit::warn(&format!(
            "about {} requests are to be simulated, which takes long; fewer `--replications`, a \
             lower `traffic.rate` with fewer instances, or a shorter `simulation.settle` make it \
             shorter, and Ctrl-C ends it",
            number::thousands(requests)
        ));
    }
}
