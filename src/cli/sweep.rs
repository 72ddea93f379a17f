//! Which cells does a run simulate, and what becomes of each variant?

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use super::exit;
use super::kept::Kept;
use super::precision;
use super::progress::Progress;
use super::run::measured;
use crate::experiment::precision::{Next, Precision};
use crate::experiment::shard::Shard;
use crate::experiment::store::{StoreError, Subject};
use crate::experiment::{self, Course, End, Grid, Order, Part, RunResult, Settings, SweepError};
use crate::report::folder::FolderError;
use crate::report::{Heading, VariantRows};
use crate::scenario::Scenario;

/// Warnings of one sort that are printed; of more, how many there are.
const MOST_WARNINGS: usize = 10;

/// A sweep over the variants of a scenario.
#[derive(Debug)]
pub(super) struct Sweep<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) grid: Grid,
    pub(super) heading: &'a Heading,
    pub(super) shard: Option<Shard>,
    pub(super) kept: &'a Kept,
    pub(super) progress: &'a Progress,
    /// How the number of runs of each variant is found; empty where it is given.
    pub(super) rules: &'a [Precision],
    /// The variants that stopped short.
    pub(super) short: Mutex<Short>,
}

/// Variants that are not as precise as asked for.
#[derive(Debug, Default)]
pub(super) struct Short {
    /// What the first of them have to say, by position.
    first: BTreeMap<usize, String>,
    /// How many more there are.
    others: usize,
}

impl Short {
    fn add(&mut self, variant: usize, message: String) {
        self.first.insert(variant, message);
        if self.first.len() > MOST_WARNINGS {
            self.first.pop_last();
            self.others += 1;
        }
    }
}

/// Why a sweep did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum SweepFailed {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl Sweep<'_> {
    /// Simulates what is missing; `emit` is given the rows of each variant in order, none in a
    /// shard.
    pub(super) fn run(
        &self,
        settings: Settings<'_>,
        interrupted: &AtomicBool,
        mut emit: impl FnMut(VariantRows) -> Result<(), FolderError> + Send,
    ) -> anyhow::Result<End> {
        let ended = experiment::sweep(
            self.scenario,
            settings,
            |plan, replication, detail| measured(plan, replication, detail, interrupted),
            self,
            |done: Result<Option<VariantRows>, StoreError>| match done? {
                Some(rows) => Ok(emit(rows)?),
                None => Ok::<(), SweepFailed>(()),
            },
        );
        match ended {
            Ok(end) => Ok(end),
            Err(SweepError::Emit(error)) => Err(error.into()),
            Err(SweepError::Threads(error)) => {
                Err(anyhow::Error::from(error).context("cannot start threads"))
            }
        }
    }

    /// Says which variants are not as precise as asked for.
    pub(super) fn warn_of_short(&self) {
        let short = self.short.lock().unwrap_or_else(PoisonError::into_inner);
        for message in short.first.values() {
            exit::warn(message);
        }
        if let others @ 1.. = short.others {
            exit::warn(&format!("{others} more variants stopped short of the precision asked for"));
        }
    }

    fn replications(&self, variant: usize) -> Range<u32> {
        if let Some(rule) = self.rules.get(variant) {
            // How many runs a variant takes is only known when it is done: it is not divided.
            let variants = self.scenario.variants.len();
            let own = self.shard.map_or(0..variants, |shard| shard.share(variants));
            return 0..if own.contains(&variant) { rule.pilot() } else { 0 };
        }
        let cells = self.grid.cells();
        let own = self.shard.map_or(0..cells, |shard| shard.share(cells));
        self.grid.replications(variant, &own)
    }
}

impl Course for Sweep<'_> {
    type Done = Result<Option<VariantRows>, StoreError>;

    fn order(&self, variant: usize) -> Order {
        let known = self.kept.part(&self.scenario.variants[variant].name);
        Order { known, replications: self.replications(variant) }
    }

    fn more(&self, variant: usize, part: &Part, end: u32) -> u32 {
        let Some(rule) = self.rules.get(variant).filter(|_| end > 0) else { return end };
        let runs: Vec<RunResult> = part.runs().range(..end).map(|(_, run)| run.clone()).collect();
        match rule.next(&runs) {
            Next::Enough => end,
            Next::More(more) => {
                self.progress.grow(more);
                end + more
            }
            Next::Short(unmet) => {
                let name = &self.scenario.variants[variant].name;
                let mut short = self.short.lock().unwrap_or_else(PoisonError::into_inner);
                short.add(variant, precision::short(name, end, &unmet));
                end
            }
        }
    }

    fn finish(&self, variant: usize, part: Part) -> Self::Done {
        let subject = Subject::of(&self.scenario.variants[variant], None);
        if !part.runs().is_empty() {
            self.kept.journal.append(&subject.name, &part)?;
        }
        let is_whole = self.shard.is_none();
        Ok(is_whole.then(|| VariantRows::of(self.heading, subject.results(part))))
    }

    fn is_to_keep(&self) -> bool {
        self.progress.is_time_to_keep()
    }

    fn keep(&self, variant: usize, part: &Part) {
        if let Err(error) = self.kept.journal.append(&self.scenario.variants[variant].name, part) {
            exit::warn(&format!("{error}; `--resume` will not know the latest runs"));
        }
    }
}
