//! A sample that grows: the runs of some plans, simulated when they are asked for and remembered.
//!
//! What decides with the help of simulations (a policy check, a search, a screening) asks a
//! [`Lab`] for replications, looks at them, and asks for more. What it is told depends on the
//! plans and the numbers of the replications alone, so the whole procedure is deterministic. A
//! subject's replication k has the same random numbers as every other subject's replication k.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::shard::Shard;
use super::store::{Journal, Store, StoreError};
use super::threads::{Threads, on_threads};
use super::{Part, RunResult};
use crate::sim::Plan;

/// Simulates one replication of a plan; none if interrupted.
pub type Simulate<'a> = &'a (dyn Fn(&Plan, u32) -> Option<RunResult> + Sync);

/// What is told of the progress: runs done, and runs done when this stage is; from any thread.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// A plan and how many replications of it are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What the plan is called; a name stands for one plan throughout.
    pub name: &'a str,
    /// The plan.
    pub plan: &'a Plan,
    /// Replications 0.. up to this are wanted.
    pub replications: u32,
}

/// Why a lab cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The threads cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(String),
    /// What was done cannot be kept.
    #[error("{0}")]
    Kept(String),
    /// The lab is one of several shards, and has done its part: the others' is needed.
    #[error("{others} runs of this stage are other shards' to do")]
    Elsewhere {
        /// Runs that it did.
        own: usize,
        /// Runs that the others have to do.
        others: usize,
    },
    /// The lab may not simulate, and does not know what is wanted.
    #[error("{0} runs are missing")]
    Missing(usize),
}

/// What a lab knows from before, by the subject's name and the replication's number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known(BTreeMap<String, BTreeMap<u32, RunResult>>);

/// A stage that gives a shard fewer runs is not worth a journey: runs that may be wanted next are
/// simulated with it.
const WORTH_A_JOURNEY: usize = 100;
/// But at most so many times as many as are wanted.
const MOST_AHEAD: u32 = 4;

/// Between a subject's name and a replication's number in a store.
const SEPARATOR: char = '\u{1f}';

impl Known {
    /// Nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Adds what is in a store.
    ///
    /// # Errors
    /// If the store cannot be read, or says something else of a run than what is known.
    pub fn add(&mut self, store: &Store) -> Result<(), KnownError> {
        for key in store.names() {
            let name = key.split(SEPARATOR).next().unwrap_or(key);
            let known = self.0.entry(name.to_owned()).or_default();
            for (&replication, run) in store.part(key)?.runs() {
                let before = known.insert(replication, run.clone());
                if before.is_some_and(|before| before != *run) {
                    let name = name.to_owned();
                    return Err(KnownError::Contradiction { name, replication });
                }
            }
        }
        Ok(())
    }

    /// How many runs.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// Writes all of it to a store.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, journal: &Journal) -> Result<(), StoreError> {
        let runs = |(name, runs): (&String, &BTreeMap<u32, RunResult>)| {
            runs.iter().try_for_each(|(&replication, run)| keep(journal, name, replication, run))
        };
        self.0.iter().try_for_each(runs)
    }

    fn has(&self, name: &str, replication: u32) -> bool {
        self.0.get(name).is_some_and(|runs| runs.contains_key(&replication))
    }

    fn take(&mut self, name: &str, replication: u32) -> Option<RunResult> {
        self.0.get_mut(name)?.remove(&replication)
    }
}

fn keep(
    journal: &Journal,
    name: &str,
    replication: u32,
    run: &RunResult,
) -> Result<(), StoreError> {
    journal.append(&format!("{name}{SEPARATOR}{replication}"), &Part::of(replication, run.clone()))
}

/// Why what is in a store cannot be known.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Two stores say different things of one run.
    #[error("replication {replication} of `{name}` came out differently on two machines")]
    Contradiction {
        /// The subject.
        name: String,
        /// The replication.
        replication: u32,
    },
}

/// Where a lab has its runs from, besides its own simulations.
#[derive(Debug, Default)]
pub struct Bench<'a> {
    /// What is known from before.
    pub known: Known,
    /// Which part of the runs is this lab's; none: all.
    pub shard: Option<Shard>,
    /// Where each run is kept as soon as it is done.
    pub journal: Option<&'a Journal>,
}

/// A run that is asked for.
struct Asked<'a> {
    name: &'a str,
    plan: &'a Plan,
    replication: u32,
    found: Option<RunResult>,
}

/// Runs of several plans, simulated on demand.
pub struct Lab<'a> {
    threads: Threads,
    /// None: nothing may be simulated.
    simulate: Option<Simulate<'a>>,
    interrupted: &'a AtomicBool,
    progress: Progress<'a>,
    bench: Bench<'a>,
    runs: BTreeMap<String, Vec<RunResult>>,
    asked: usize,
}

impl std::fmt::Debug for Lab<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lab").field("runs", &self.runs).finish_non_exhaustive()
    }
}

impl<'a> Lab<'a> {
    /// A lab that knows nothing yet. `threads`: none for as many as the machine has.
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub fn new(
        threads: Option<NonZeroUsize>,
        interrupted: &'a AtomicBool,
        progress: Progress<'a>,
        simulate: Simulate<'a>,
    ) -> Result<Self, Stopped> {
        let threads =
            Threads::start(threads).map_err(|error| Stopped::Threads(error.to_string()))?;
        Ok(Self {
            threads,
            simulate: Some(simulate),
            interrupted,
            progress,
            bench: Bench::default(),
            runs: BTreeMap::new(),
            asked: 0,
        })
    }

    /// The same lab at another bench.
    #[must_use]
    pub fn at(mut self, bench: Bench<'a>) -> Self {
        self.bench = bench;
        self
    }

    /// The same lab, which only looks up what it knows.
    #[must_use]
    pub fn without_simulating(mut self) -> Self {
        self.simulate = None;
        self
    }

    /// Makes sure that what is wanted is known. Ask for all that is needed at once: it is
    /// simulated on all threads.
    ///
    /// # Errors
    /// If it was interrupted, or some of it is another shard's to do, or it may not simulate. A
    /// procedure that asks passes this on.
    pub fn extend(&mut self, wanted: &[Wanted<'_>]) -> Result<(), Stopped> {
        let mut cells: Vec<Asked<'_>> = Vec::new();
        for Wanted { name, plan, replications } in wanted {
            let runs = self.runs.get(*name).map_or(0, Vec::len);
            let first = u32::try_from(runs).unwrap_or(u32::MAX);
            let asked = (first..*replications).map(|replication| {
                let found = self.bench.known.take(name, replication);
                Asked { name, plan, replication, found }
            });
            cells.extend(asked);
        }
        self.asked += cells.len();
        let ahead = self.ahead(wanted, &cells);
        self.simulate_missing(&mut cells, &ahead)?;
        for Asked { name, found, .. } in cells {
            let run = found.ok_or(Stopped::Missing(1))?;
            self.runs.entry(name.to_owned()).or_default().push(run);
        }
        Ok(())
    }

    /// What may be wanted next of a stage so small that its shards had little to do.
    fn ahead<'w>(&self, wanted: &[Wanted<'w>], cells: &[Asked<'w>]) -> Vec<Asked<'w>> {
        let Some(shard) = self.bench.shard else { return Vec::new() };
        let missing = cells.iter().filter(|cell| cell.found.is_none()).count();
        let worth = WORTH_A_JOURNEY * shard.of() as usize;
        let is_missing = |one: &&Wanted<'w>| {
            cells.iter().any(|cell| cell.name == one.name && cell.found.is_none())
        };
        let short: Vec<&Wanted<'w>> = wanted.iter().filter(is_missing).collect();
        let each = worth.saturating_sub(missing) / short.len().max(1);
        let each = u32::try_from(each).unwrap_or(u32::MAX);
        let next = |one: &Wanted<'w>| {
            let most = one.replications.saturating_mul(MOST_AHEAD);
            let (name, plan) = (one.name, one.plan);
            let numbers = one.replications..one.replications.saturating_add(each).min(most);
            let unknown = numbers.filter(|&number| !self.bench.known.has(name, number));
            unknown.map(move |replication| Asked { name, plan, replication, found: None })
        };
        short.into_iter().flat_map(next).collect()
    }

    /// Simulates those of the cells that are not known, as far as they are this lab's, and of those
    /// that may be wanted next.
    fn simulate_missing(
        &self,
        cells: &mut [Asked<'_>],
        ahead: &[Asked<'_>],
    ) -> Result<(), Stopped> {
        let missing: Vec<usize> =
            (0..cells.len()).filter(|&number| cells[number].found.is_none()).collect();
        let is_own = |number: usize| self.bench.shard.is_none_or(|shard| shard.is_dealt(number));
        let own: Vec<usize> = (0..missing.len()).filter(|&one| is_own(one)).collect();
        let own: Vec<usize> = own.into_iter().map(|one| missing[one]).collect();
        let further = (0..ahead.len()).filter(|&one| is_own(missing.len() + one));
        let further: Vec<&Asked<'_>> = further.map(|one| &ahead[one]).collect();
        let Some(simulate) = self.simulate.filter(|_| !missing.is_empty()) else {
            let missing = missing.len();
            return if missing > 0 { Err(Stopped::Missing(missing)) } else { Ok(()) };
        };
        let before = self.asked - missing.len();
        let (done, asked) = (AtomicUsize::new(before), before + own.len() + further.len());
        (self.progress)(before, asked);
        let runs = on_threads(&self.threads, own.len() + further.len(), |number| {
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(Stopped::Interrupted);
            }
            let cell = own.get(number).map(|&one| &cells[one]);
            let Asked { name, plan, replication, .. } =
                *cell.unwrap_or_else(|| further[number - own.len()]);
            let run = simulate(plan, replication).ok_or(Stopped::Interrupted)?;
            if let Some(journal) = self.bench.journal {
                keep(journal, name, replication, &run)
                    .map_err(|error| Stopped::Kept(error.to_string()))?;
            }
            (self.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, asked);
            Ok(run)
        });
        for (&cell, run) in own.iter().zip(runs) {
            cells[cell].found = Some(run?);
        }
        match missing.len() - own.len() {
            0 => Ok(()),
            others => Err(Stopped::Elsewhere { own: own.len(), others }),
        }
    }

    /// What is known of the plan called `name`, by replication, from 0.
    #[must_use]
    pub fn runs(&self, name: &str) -> &[RunResult] {
        self.runs.get(name).map_or(&[], Vec::as_slice)
    }

    /// How many runs have been asked for so far.
    #[must_use]
    pub const fn asked(&self) -> usize {
        self.asked
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::experiment::fixture;
    use crate::experiment::store::Header;
    use crate::sim::Detail;

    fn simulate(plan: &Plan, replication: u32) -> Option<RunResult> {
        let measured = fixture::simulate(plan, replication, Detail::Series);
        Some(RunResult { outcome: measured.run.outcome, metrics: measured.metrics })
    }

    #[test]
    fn what_is_known_is_not_simulated_again() {
        let scenario = fixture::scenario(&["surge", "recreate"], 1);
        let simulated = Mutex::new(Vec::new());
        let count = |plan: &Plan, replication| {
            let name = plan.strategy.name.clone();
            simulated.lock().expect("no panic").push((name, replication));
            simulate(plan, replication)
        };
        let interrupted = AtomicBool::new(false);
        let mut lab =
            Lab::new(NonZeroUsize::new(2), &interrupted, &|_, _| (), &count).expect("threads");
        let [first, second] = [0, 1].map(|index| &scenario.variants[index]);
        for counts in [[3, 0], [5, 2], [4, 0]] {
            let wanted =
                [(first, counts[0]), (second, counts[1])].map(|(variant, replications)| Wanted {
                    name: &variant.name,
                    plan: &variant.plan,
                    replications,
                });
            lab.extend(&wanted).expect("not interrupted");
        }
        assert_eq!(lab.asked(), 7);
        assert_eq!(simulated.lock().expect("no panic").len(), 7);
        assert_eq!((lab.runs("surge").len(), lab.runs("recreate").len()), (5, 2));
        let alone: Vec<RunResult> =
            (0..5).filter_map(|replication| simulate(&first.plan, replication)).collect();
        assert_eq!(lab.runs("surge"), alone);
        assert!(lab.runs("canary").is_empty());
    }

    /// Asks for three runs of each, then for as many more of the one that took longer.
    fn procedure(lab: &mut Lab<'_>) -> Result<f64, Stopped> {
        let scenario = fixture::scenario(&["surge", "recreate"], 1);
        let want = |lab: &mut Lab<'_>, counts: [u32; 2]| {
            let subjects = scenario.variants.iter().zip(counts);
            let wanted: Vec<Wanted<'_>> = subjects
                .map(|(one, replications)| Wanted {
                    name: &one.name,
                    plan: &one.plan,
                    replications,
                })
                .collect();
            lab.extend(&wanted)
        };
        let sum = |runs: &[RunResult]| -> f64 {
            runs.iter().filter_map(|run| run.metrics.get("duration_s")).sum()
        };
        want(lab, [3, 3])?;
        let longer = usize::from(sum(lab.runs("recreate")) > sum(lab.runs("surge")));
        let mut counts = [3, 3];
        counts[longer] = 8;
        want(lab, counts)?;
        Ok(sum(lab.runs("surge")) - sum(lab.runs("recreate")))
    }

    #[test]
    fn shards_stage_by_stage_come_to_the_same_as_the_whole() {
        let never = AtomicBool::new(false);
        let lab =
            || Lab::new(NonZeroUsize::new(2), &never, &|_, _| (), &simulate).expect("threads");
        let whole = procedure(&mut lab()).expect("nothing stops it");
        let place = tempfile::tempdir().expect("a folder");
        let scenario = fixture::scenario(&["surge"], 1);
        let mut known = Known::nothing();
        let mut stages = 0;
        let merged = loop {
            let looked_up = procedure(
                &mut lab()
                    .at(Bench { known: known.clone(), ..Bench::default() })
                    .without_simulating(),
            );
            match looked_up {
                Ok(difference) => break difference,
                Err(stopped) => assert!(matches!(stopped, Stopped::Missing(_)), "{stopped:?}"),
            }
            let mut stage = Known::nothing();
            for index in 1..=3 {
                let shard: Shard = format!("{index}/3").parse().expect("a shard");
                let header = Header::new(Vec::new(), &scenario, Some(shard));
                let journal = Journal::create(place.path(), &header).expect("written");
                known.keep(&journal).expect("written");
                let bench =
                    Bench { known: known.clone(), shard: Some(shard), journal: Some(&journal) };
                let stopped = procedure(&mut lab().at(bench)).expect_err("others have to do more");
                assert!(matches!(stopped, Stopped::Elsewhere { .. }), "{stopped:?}");
                stage.add(&Store::open(place.path()).expect("our own")).expect("no contradiction");
            }
            known = stage;
            stages += 1;
        };
        // The second stage was done ahead with the first: 12 runs of each where 3 were wanted.
        assert_eq!((merged, stages, known.runs()), (whole, 1, 24));
    }

    #[test]
    fn an_interrupted_lab_says_so() {
        let scenario = fixture::scenario(&["surge"], 1);
        let variant = &scenario.variants[0];
        let interrupted = AtomicBool::new(true);
        let mut lab = Lab::new(None, &interrupted, &|_, _| (), &simulate).expect("threads");
        let wanted = Wanted { name: "surge", plan: &variant.plan, replications: 3 };
        assert_eq!(lab.extend(&[wanted]), Err(Stopped::Interrupted));
    }
}
