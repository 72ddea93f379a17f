//! A sample that grows: the runs of some plans, simulated when they are asked for and remembered.
//!
//! What decides with the help of simulations (a policy check, a search, a screening) asks a
//! [`Lab`] for replications, looks at them, and asks for more. What it is told depends on the
//! plans and the numbers of the replications alone, so the whole procedure is deterministic. A
//! subject's replication k has the same random numbers as every other subject's replication k.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::RunResult;
use super::run::{Threads, on_threads};
use crate::sim::Plan;

/// Simulates one replication of a plan; none if interrupted.
pub type Simulate<'a> = &'a (dyn Fn(&Plan, u32) -> Option<RunResult> + Sync);

/// What is told of the progress: runs done and runs asked for so far, from any thread.
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
}

/// Runs of several plans, simulated on demand.
pub struct Lab<'a> {
    threads: Threads,
    simulate: Simulate<'a>,
    interrupted: &'a AtomicBool,
    progress: Progress<'a>,
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
        Ok(Self { threads, simulate, interrupted, progress, runs: BTreeMap::new(), asked: 0 })
    }

    /// Simulates what is wanted and not known yet. Ask for all that is needed at once: it is done
    /// on all threads.
    ///
    /// # Errors
    /// If it was interrupted.
    pub fn extend(&mut self, wanted: &[Wanted<'_>]) -> Result<(), Stopped> {
        let mut cells: Vec<(&str, &Plan, u32)> = Vec::new();
        for Wanted { name, plan, replications } in wanted {
            let known = u32::try_from(self.runs(name).len()).unwrap_or(u32::MAX);
            cells.extend((known..*replications).map(|replication| (*name, *plan, replication)));
        }
        let before = self.asked;
        self.asked += cells.len();
        let done = AtomicUsize::new(before);
        (self.progress)(before, self.asked);
        let found = on_threads(&self.threads, cells.len(), |number| {
            if self.interrupted.load(Ordering::Relaxed) {
                return None;
            }
            let (_, plan, replication) = cells[number];
            let run = (self.simulate)(plan, replication)?;
            (self.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, self.asked);
            Some(run)
        });
        for ((name, _, _), run) in cells.into_iter().zip(found) {
            let run = run.ok_or(Stopped::Interrupted)?;
            self.runs.entry(name.to_owned()).or_default().push(run);
        }
        Ok(())
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
