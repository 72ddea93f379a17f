//! Cells on threads, results in the order of the cells.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::timeline::Timeline;
use super::{Cell, Grid, Results, RunResult, Story, VariantResults};
use crate::measure::Metrics;
use crate::scenario::Scenario;
use crate::sim::{Detail, Plan, Run};

/// How an experiment is carried out; none of it can change a result.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// Threads to simulate on; none: as many as the machine has.
    pub threads: Option<NonZeroUsize>,
    /// Once set, the experiment ends without results.
    pub interrupted: &'a AtomicBool,
    /// Told how many cells are done after each; called from any thread.
    pub progress: &'a (dyn Fn(usize) + Sync),
}

impl std::fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// A run and what it cost.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The run's record.
    pub run: Run,
    /// Its metrics.
    pub metrics: Metrics,
}

/// Simulates every cell of `scenario` with `simulate` and folds the results in cell order. None if
/// it was interrupted, or if `simulate` was.
///
/// # Errors
/// If the threads cannot be started.
pub fn run(
    scenario: &Scenario,
    settings: Settings<'_>,
    simulate: impl Fn(&Plan, u32, Detail) -> Option<Measured> + Sync,
) -> Result<Option<Results>, rayon::ThreadPoolBuildError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(settings.threads.map_or(0, NonZeroUsize::get))
        .build()?;
    let queue = Queue::new(scenario, pool.current_num_threads());
    pool.broadcast(|_| queue.work(scenario, &settings, &simulate));
    Ok(queue.into_results())
}

/// Threads to simulate on.
#[derive(Debug)]
pub(super) struct Threads(rayon::ThreadPool);

impl Threads {
    /// So many threads; none: as many as the machine has.
    pub(super) fn start(count: Option<NonZeroUsize>) -> Result<Self, rayon::ThreadPoolBuildError> {
        let count = count.map_or(0, NonZeroUsize::get);
        Ok(Self(rayon::ThreadPoolBuilder::new().num_threads(count).build()?))
    }
}

/// What `work` makes of each number below `count`, in the order of the numbers.
pub(super) fn on_threads<T: Send>(
    threads: &Threads,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    threads.0.install(|| (0..count).into_par_iter().with_max_len(1).map(&work).collect())
}

/// The cells still to do and the results so far, shared by the threads.
struct Queue {
    grid: Grid,
    /// A thread may be so many cells ahead of the last one folded: it bounds the memory that runs
    /// waiting for their turn take.
    lead: usize,
    state: Mutex<State>,
    folded: Condvar,
}

struct State {
    next: usize,
    done: usize,
    waiting: BTreeMap<usize, Measured>,
    fold: Fold,
    is_stopped: bool,
}

impl Queue {
    fn new(scenario: &Scenario, threads: usize) -> Self {
        let fold = Fold {
            results: Results {
                scenario: scenario.name.clone(),
                seed: scenario.seed,
                world: scenario.world.clone(),
                variants: Vec::with_capacity(scenario.variants.len()),
            },
            cells: 0,
            timeline: Timeline::default(),
        };
        let state = State { next: 0, done: 0, waiting: BTreeMap::new(), fold, is_stopped: false };
        Self {
            grid: Grid::new(scenario),
            lead: 2 * threads,
            state: Mutex::new(state),
            folded: Condvar::new(),
        }
    }

    /// Takes cells and folds them until there are none left.
    fn work(
        &self,
        scenario: &Scenario,
        settings: &Settings<'_>,
        simulate: &(impl Fn(&Plan, u32, Detail) -> Option<Measured> + Sync),
    ) {
        // If `simulate` panics the others must not wait for its cell for ever.
        let mut stop = StopOnDrop { queue: self, is_armed: true };
        while let Some(number) = self.take() {
            let Cell { variant, replication } = self.grid.cell(number);
            let detail = if replication == 0 { Detail::Events } else { Detail::Series };
            let measured = if settings.interrupted.load(Ordering::Relaxed) {
                None
            } else {
                simulate(&scenario.variants[variant].plan, replication, detail)
            };
            let Some(measured) = measured else { return };
            let done = self.hand_in(scenario, number, measured);
            (settings.progress)(done);
        }
        stop.is_armed = false;
    }

    /// The number of the next cell; none when all are taken or the experiment has stopped.
    fn take(&self) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if state.is_stopped || state.next >= self.grid.cells() {
                return None;
            }
            if state.next < state.fold.cells + self.lead {
                state.next += 1;
                return Some(state.next - 1);
            }
            state = self.folded.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Folds the cell and those that waited for it; the number of cells done so far.
    fn hand_in(&self, scenario: &Scenario, number: usize, measured: Measured) -> usize {
        let mut guard = self.lock();
        let state = &mut *guard;
        state.waiting.insert(number, measured);
        while let Some(measured) = state.waiting.remove(&state.fold.cells) {
            state.fold.add(scenario, &self.grid, measured);
        }
        state.done += 1;
        self.folded.notify_all();
        state.done
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_results(self) -> Option<Results> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        (!state.is_stopped).then_some(state.fold.results)
    }
}

struct StopOnDrop<'a> {
    queue: &'a Queue,
    is_armed: bool,
}

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        if self.is_armed {
            self.queue.lock().is_stopped = true;
            self.queue.folded.notify_all();
        }
    }
}

/// The results of the cells folded so far. Only the time series of the variant being folded is
/// held as sums; those of earlier ones are rows.
struct Fold {
    results: Results,
    cells: usize,
    timeline: Timeline,
}

impl Fold {
    fn add(&mut self, scenario: &Scenario, grid: &Grid, measured: Measured) {
        let cell = grid.cell(self.cells);
        let variant = &scenario.variants[cell.variant];
        let Measured { mut run, metrics } = measured;
        if cell.replication == 0 {
            self.results.variants.push(VariantResults {
                name: variant.name.clone(),
                strategy: variant.strategy.clone(),
                parameters: variant.parameters.clone(),
                runs: Vec::with_capacity(variant.plan.simulation.replications as usize),
                timeline: Vec::new(),
                story: Story {
                    start: run.start,
                    zones: variant.plan.fleet.zones.clone(),
                    events: std::mem::take(&mut run.events),
                },
            });
        }
        let outcome = run.outcome;
        self.timeline.fold(&variant.plan, run);
        self.cells += 1;
        let results = &mut self.results.variants[cell.variant];
        results.runs.push(RunResult { outcome, metrics });
        if cell.replication + 1 == variant.plan.simulation.replications {
            results.timeline = std::mem::take(&mut self.timeline).rows();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::experiment::fixture;

    fn run_on(threads: usize, scenario: &Scenario) -> Results {
        let interrupted = AtomicBool::new(false);
        let settings = Settings {
            threads: NonZeroUsize::new(threads),
            interrupted: &interrupted,
            progress: &|_| (),
        };
        run(scenario, settings, |plan, replication, detail| {
            // The later the cell the sooner it is done, so that results come in out of order.
            std::thread::sleep(std::time::Duration::from_millis(u64::from(9 - replication)));
            Some(fixture::simulate(plan, replication, detail))
        })
        .expect("threads start")
        .expect("nothing interrupts it")
    }

    #[test]
    fn results_do_not_depend_on_the_threads() {
        let scenario = fixture::scenario(&["one-at-a-time", "surge", "recreate"], 9);
        let alone = run_on(1, &scenario);
        assert_eq!(alone.variants.len(), 3);
        assert!(alone.variants.iter().all(|variant| variant.runs.len() == 9));
        for threads in [2, 8] {
            assert_eq!(run_on(threads, &scenario), alone, "{threads} threads");
        }
    }

    #[test]
    fn only_replication_0_is_asked_for_its_events() {
        let scenario = fixture::scenario(&["surge"], 4);
        let asked = Mutex::new(Vec::new());
        let interrupted = AtomicBool::new(false);
        let settings = Settings { threads: None, interrupted: &interrupted, progress: &|_| () };
        let results = run(&scenario, settings, |plan, replication, detail| {
            asked.lock().expect("no panic").push((replication, detail));
            Some(fixture::simulate(plan, replication, detail))
        });
        assert_eq!(results.expect("threads").expect("results").variants[0].story.events.len(), 3);
        let mut asked = asked.into_inner().expect("no panic");
        asked.sort_by_key(|&(replication, _)| replication);
        let details: Vec<Detail> = asked.into_iter().map(|(_, detail)| detail).collect();
        assert_eq!(details, [Detail::Events, Detail::Series, Detail::Series, Detail::Series]);
    }

    #[test]
    fn an_interrupted_experiment_has_no_results_and_stops_early() {
        let scenario = fixture::scenario(&["surge"], 100);
        let interrupted = AtomicBool::new(false);
        let most = AtomicUsize::new(0);
        let progress = |done: usize| {
            most.fetch_max(done, Ordering::Relaxed);
            interrupted.store(done >= 3, Ordering::Relaxed);
        };
        let settings = Settings {
            threads: NonZeroUsize::new(2),
            interrupted: &interrupted,
            progress: &progress,
        };
        let results = run(&scenario, settings, |plan, replication, detail| {
            Some(fixture::simulate(plan, replication, detail))
        });
        assert_eq!(results.expect("threads start"), None);
        assert!(most.load(Ordering::Relaxed) < 10);
    }

    #[test]
    fn a_panic_ends_the_experiment_instead_of_hanging_it() {
        let scenario = fixture::scenario(&["surge"], 50);
        let interrupted = AtomicBool::new(false);
        let settings = Settings {
            threads: NonZeroUsize::new(4),
            interrupted: &interrupted,
            progress: &|_| (),
        };
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run(&scenario, settings, |plan, replication, detail| {
                assert!(replication != 5, "replication 5 breaks");
                Some(fixture::simulate(plan, replication, detail))
            })
        }));
        assert!(caught.is_err());
    }
}
