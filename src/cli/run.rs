//! `rollsim run`: every variant of a scenario, simulated and reported.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::exit::{self, BadInput, Exit};
use super::kept::{self, Begin, Kept, put_in_place, shard_target};
use super::point::Changed;
use super::precision::Estimation;
use super::progress::{self, Progress};
use super::redraw::formats;
use super::show::Show;
use super::sweep::Sweep;
use crate::experiment::shard::Shard;
use crate::experiment::store::{Header, Subject};
use crate::experiment::{self, End, Grid, Measured, Settings};
use crate::measure::measure;
use crate::report::folder::{Folder, FolderError, Holds};
use crate::report::{Heading, VariantRows, Writer, number};
use crate::scenario::{Scenario, Variant};
use crate::sim::{Detail, Plan, simulate};
use anyhow::Context;

/// More requests than this take so long that one wants to know before.
const MANY_REQUESTS: f64 = 2e10;

const EXAMPLES: &str = "\
Examples:
  rollsim run scenarios/api-gateway.toml
  rollsim run gateway.toml --replications 30 --out results/careful
  rollsim run gateway.toml --set traffic.rate=24000 --sweep strategies.surge.max_surge=1,2,25%
  rollsim run gateway.toml --ledger
  rollsim run gateway.toml --precision 5% --precision duration_s=2s
  rollsim run gateway.toml --compare canary
  rollsim run gateway.toml --json | jq '.variants[].outcomes'
  rollsim run gateway.toml --resume
  rollsim run gateway.toml --shard 2/8 --out shards/2

Exit codes: 0 done, whatever the outcomes; 1 the results could not be written; 2 bad input or
usage; 130 interrupted: the old results are as they were, and `--resume` goes on";

/// Simulate every variant of a scenario; a table on stdout, all else in a folder
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    changed: Changed,
    /// Folder for the results [default: results/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    show: Show,
    #[command(flatten)]
    precision: Estimation,
    /// Simulate on N threads [default: all there are]; the results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Runs of each variant, instead of the file's simulation.replications
    #[arg(long, value_name = "N")]
    replications: Option<u32>,
    /// Simulate part I of N only; `rollsim merge` puts the parts together
    #[arg(long, value_name = "I/N", conflicts_with_all = ["json", "ledger", "png"])]
    shard: Option<Shard>,
    /// Go on with what an interrupted run has done
    #[arg(long)]
    resume: bool,
}

impl Arguments {
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        let scenario = self.load()?;
        let rules = self.precision.rules(&scenario)?;
        let header = self.header(&scenario)?;
        let target = self.target(&scenario);
        let interrupted = watch_interrupts()?;
        // Taken before the work, so that hours of it are not lost to a folder that is not ours.
        let holds = if self.shard.is_some() { Holds::Cells } else { Holds::Results };
        let folder = Folder::to_hold(holds, &target).map_err(folder_error)?;
        if self.resume && self.shard.is_some() && kept::is_complete(&target, &header)? {
            exit::note(&format!("`{}` is complete already", target.display()));
            return Ok(Exit::Done);
        }
        let begin = if self.resume { Begin::Resumed } else { Begin::Afresh };
        let kept = Kept::open(&target, &header, begin)?;
        drop(header);
        warn_of_many_requests(&scenario, &interrupted);
        let mut heading = Heading::of(&scenario);
        heading.compare = self.precision.question(&scenario)?;
        let show = if self.show.quiet { progress::Show::Nothing } else { progress::Show::Bar };
        let grid = Grid::new(&scenario);
        let own = if rules.is_empty() {
            self.shard.map_or(grid.cells(), |shard| shard.share(grid.cells()).len())
        } else {
            let own = self.shard.map_or(0..rules.len(), |shard| shard.share(rules.len()));
            rules[own].iter().map(|rule| rule.pilot() as usize).sum()
        };
        let sweep = Sweep {
            scenario: &scenario,
            grid,
            heading: &heading,
            shard: self.shard,
            kept: &kept,
            progress: &Progress::new(own, show)?,
            rules: &rules,
            short: Mutex::default(),
        };
        if self.shard.is_some() {
            let end = self.simulate(&sweep, &interrupted, |_| Ok(()))?;
            return Self::close_shard(end, kept, (&target, folder));
        }
        let mut writer = Writer::new(heading.clone(), folder)?;
        if self.simulate(&sweep, &interrupted, |rows| writer.append(rows))? == End::Interrupted {
            return Ok(kept::interrupted(Some(&kept.journal)));
        }
        let written = writer.finish(formats(self.show.png))?;
        kept.journal.discard();
        self.show.print(&target, written, heading.compare.is_asked)?;
        Ok(Exit::Done)
    }

    /// The scenario with the changes that the command line makes.
    fn load(&self) -> anyhow::Result<Scenario> {
        let mut overrides = self.changed.overrides();
        let count = self.replications.map(|count| format!("simulation.replications={count}"));
        overrides.sets.extend(count);
        let mut scenario = exit::load(&self.changed.file, &overrides)?;
        self.precision.pair(&mut scenario)?;
        Ok(scenario)
    }

    fn target(&self, scenario: &Scenario) -> PathBuf {
        let whole = PathBuf::from("results").join(&scenario.name);
        let default = || self.shard.map_or(whole.clone(), |shard| shard_target(&whole, shard));
        self.out.clone().unwrap_or_else(default)
    }

    /// Of which experiment the runs will be.
    fn header(&self, scenario: &Scenario) -> anyhow::Result<Header> {
        let is_fixed = !self.precision.is_asked();
        let fixed = |variant: &Variant| is_fixed.then_some(variant.plan.simulation.replications);
        let subjects = scenario.variants.iter().map(|one| Subject::of(one, fixed(one)));
        let mut header = Header::new(self.precision.command("run"), scenario, self.shard);
        header.variants = subjects.collect::<Vec<_>>().into();
        header.has_third = Heading::of(scenario).has_third;
        header.compare = Some(self.precision.question(scenario)?);
        Ok(header)
    }

    fn simulate(
        &self,
        sweep: &Sweep<'_>,
        interrupted: &AtomicBool,
        emit: impl FnMut(VariantRows) -> Result<(), FolderError> + Send,
    ) -> anyhow::Result<End> {
        let progress = |done: usize| sweep.progress.set(done);
        let settings = Settings { threads: self.threads, interrupted, progress: &progress };
        let end = sweep.run(settings, interrupted, emit);
        sweep.progress.clear();
        sweep.warn_of_short();
        end
    }

    /// Puts the runs of a shard in their place.
    fn close_shard(
        end: End,
        kept: Kept,
        (target, folder): (&Path, Folder),
    ) -> anyhow::Result<Exit> {
        if end == End::Interrupted {
            return Ok(kept::interrupted(Some(&kept.journal)));
        }
        put_in_place(&kept.journal, folder, target)?;
        Ok(Exit::Done)
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

/// A folder that must not be used or made is bad input, told before anything is simulated; results
/// that cannot be written are not.
pub(super) fn folder_error(error: FolderError) -> anyhow::Error {
    match error {
        FolderError::NotOurs(..) => {
            BadInput(format!("{error}; name an empty folder or a new one with `--out`")).into()
        }
        FolderError::NotAFolder(_) => {
            BadInput(format!("{error}; name a folder with `--out`")).into()
        }
        FolderError::NoPlace { .. } => {
            BadInput(format!("{error}; name a folder that can be written with `--out`")).into()
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
