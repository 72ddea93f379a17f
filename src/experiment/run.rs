//! A whole scenario, with all results in memory.

use std::convert::Infallible;

use super::course::{Course, End, Measured, Order, Settings, SweepError};
use super::sweep::sweep;
use super::{Part, Results, VariantResults};
use crate::scenario::Scenario;
use crate::sim::{Detail, Plan};

/// Simulates every replication of every variant of `scenario` with `simulate`. None if it was
/// interrupted, or if `simulate` was.
///
/// # Errors
/// If the threads cannot be started.
pub fn run(
    scenario: &Scenario,
    settings: Settings<'_>,
    simulate: impl Fn(&Plan, u32, Detail) -> Option<Measured> + Sync,
) -> Result<Option<Results>, rayon::ThreadPoolBuildError> {
    let mut variants = Vec::with_capacity(scenario.variants.len());
    let collect = |variant| {
        variants.push(variant);
        Ok::<(), Infallible>(())
    };
    match sweep(scenario, settings, simulate, &Whole(scenario), collect) {
        Ok(End::Interrupted) => Ok(None),
        Ok(End::Done) => {
            Ok(Some(Results { scenario: scenario.name.clone(), seed: scenario.seed, variants }))
        }
        Err(SweepError::Threads(error)) => Err(error),
        Err(SweepError::Emit(never)) => match never {},
    }
}

/// All replications that the scenario asks for.
struct Whole<'a>(&'a Scenario);

impl Course for Whole<'_> {
    type Done = VariantResults;

    fn order(&self, variant: usize) -> Order {
        let replications = 0..self.0.variants[variant].plan.simulation.replications;
        Order { known: Part::default(), replications }
    }

    fn finish(&self, variant: usize, part: Part) -> VariantResults {
        let variant = &self.0.variants[variant];
        part.into_results(&variant.name, &variant.strategy, &variant.parameters)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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
