//! Cells on threads, variants in their order.
//!
//! A thread takes the next cell of the first variant that no other works on, or failing that of
//! the first that has one, and adds what came of it to the variant's [`Part`]. Few variants are
//! open at a time, and one that is done is handed on and forgotten: the memory that a sweep takes
//! does not grow with it.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Part;
use super::course::{Course, End, Measured, Order, Settings, SweepError};
use super::threads::Threads;
use super::todo::{Open, Todo};
use crate::scenario::Scenario;
use crate::sim::{Detail, Plan};

/// So many variants for each thread are open or wait for their turn.
const OPEN_PER_THREAD: usize = 4;

/// Simulates what `course` asks of `scenario` with `simulate`, and hands on what it makes of each
/// variant in the order of the variants.
///
/// # Errors
/// If the threads cannot be started, or what `emit` says.
pub fn sweep<C: Course, E: Send>(
    scenario: &Scenario,
    settings: Settings<'_>,
    simulate: impl Fn(&Plan, u32, Detail) -> Option<Measured> + Sync,
    course: &C,
    emit: impl FnMut(C::Done) -> Result<(), E> + Send,
) -> Result<End, SweepError<E>> {
    let threads = Threads::start(settings.threads)?;
    let state = State {
        opened: 0,
        open: BTreeMap::new(),
        ready: BTreeMap::new(),
        emitted: 0,
        done: 0,
        emit,
        failed: None,
        is_stopped: false,
    };
    let sweep = Sweep {
        scenario,
        settings,
        course,
        most_open: OPEN_PER_THREAD * threads.0.current_num_threads(),
        state: Mutex::new(state),
        changed: Condvar::new(),
    };
    threads.0.broadcast(|_| sweep.work(&simulate));
    let state = sweep.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (variant, open) in &state.open {
        if let Some(part) = &open.part {
            course.keep(*variant, part);
        }
    }
    match state.failed {
        Some(error) => Err(SweepError::Emit(error)),
        None if state.is_stopped => Ok(End::Interrupted),
        None => Ok(End::Done),
    }
}

/// A sweep on its way, shared by the threads.
struct Sweep<'a, C: Course, E, F> {
    scenario: &'a Scenario,
    settings: Settings<'a>,
    course: &'a C,
    /// So many variants are open or wait for their turn, which bounds the memory.
    most_open: usize,
    state: Mutex<State<C::Done, E, F>>,
    changed: Condvar,
}

struct State<D, E, F> {
    /// Variants opened so far; they are in order.
    opened: usize,
    open: BTreeMap<usize, Open>,
    /// Variants that are done and wait for those before them.
    ready: BTreeMap<usize, D>,
    emitted: usize,
    /// Runs done.
    done: usize,
    emit: F,
    failed: Option<E>,
    is_stopped: bool,
}

/// What a thread is to do.
enum Job {
    Cell {
        variant: usize,
        replication: u32,
    },
    /// All of the variant is known already.
    Known {
        variant: usize,
        part: Box<Part>,
        end: u32,
    },
}

impl<C, E, F> Sweep<'_, C, E, F>
where
    C: Course,
    E: Send,
    F: FnMut(C::Done) -> Result<(), E> + Send,
{
    /// Does jobs until there are none left.
    fn work(&self, simulate: &(impl Fn(&Plan, u32, Detail) -> Option<Measured> + Sync)) {
        // If `simulate` panics the others must not wait for its cell for ever.
        let mut stop = StopOnDrop { sweep: self, is_armed: true };
        while let Some(job) = self.take() {
            let whole = match job {
                Job::Known { variant, part, end } => Some((variant, *part, end)),
                Job::Cell { variant, replication } => {
                    let plan = &self.scenario.variants[variant].plan;
                    let detail = if replication == 0 { Detail::Events } else { Detail::Series };
                    let measured = match self.settings.interrupted.load(Ordering::Relaxed) {
                        true => None,
                        false => simulate(plan, replication, detail),
                    };
                    let Some(measured) = measured else { return };
                    self.hand_in(variant, replication, measured)
                }
            };
            if let Some((variant, part, end)) = whole {
                self.complete(variant, part, end);
            }
        }
        stop.is_armed = false;
    }

    /// The next job; none when all are taken or the sweep has stopped.
    fn take(&self) -> Option<Job> {
        let mut guard = self.lock();
        loop {
            let state = &mut *guard;
            if state.is_stopped {
                return None;
            }
            if let Some(cell) = state.take_cell(Company::Alone) {
                return Some(cell);
            }
            let is_all = state.opened == self.scenario.variants.len();
            if !is_all && state.opened < state.emitted + self.most_open {
                if let Some(job) = self.open(state) {
                    return Some(job);
                }
                continue;
            }
            if let Some(cell) = state.take_cell(Company::WithOthers) {
                return Some(cell);
            }
            if is_all && state.open.is_empty() {
                return None;
            }
            guard = self.changed.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Opens the next variant; a job if all of it is known.
    fn open(&self, state: &mut State<C::Done, E, F>) -> Option<Job> {
        let variant = state.opened;
        state.opened += 1;
        let Order { known, replications } = self.course.order(variant);
        state.done += known.runs().len();
        let end = replications.end;
        let todo = Todo::new(replications, &known);
        if todo.range.is_empty() {
            state.open.insert(variant, Open { part: None, todo, running: 0 });
            return Some(Job::Known { variant, part: Box::new(known), end });
        }
        let part = (!known.runs().is_empty()).then_some(known);
        state.open.insert(variant, Open { part, todo, running: 0 });
        None
    }

    /// Adds a replication to its variant; the whole of it where it was the last.
    fn hand_in(
        &self,
        variant: usize,
        replication: u32,
        measured: Measured,
    ) -> Option<(usize, Part, u32)> {
        let mut part = self.lock().open_one(variant).part.take().unwrap_or_default();
        part.add(&self.scenario.variants[variant].plan, replication, measured);
        let (done, whole) = loop {
            let mut guard = self.lock();
            let open = guard.open_one(variant);
            // Another thread may have put its own here meanwhile.
            if let Some(other) = open.part.take() {
                drop(guard);
                part.merge(other).expect("no cell is simulated twice");
                continue;
            }
            open.running -= 1;
            let is_whole = open.running == 0 && open.todo.range.is_empty();
            let end = open.todo.range.end;
            let whole = if is_whole {
                Some((variant, part, end))
            } else {
                open.part = Some(part);
                None
            };
            guard.done += 1;
            self.keep_now_and_then(&guard);
            break (guard.done, whole);
        };
        (self.settings.progress)(done);
        whole
    }

    /// All of a variant that was asked for is there: asks for more, or hands it on.
    fn complete(&self, variant: usize, part: Part, end: u32) {
        let mut end = end;
        loop {
            let more = self.course.more(variant, &part, end);
            if more <= end {
                self.hand_on(variant, part);
                break;
            }
            // An earlier, interrupted sweep may have had more already.
            let todo = Todo::new(end..more, &part);
            end = more;
            if !todo.range.is_empty() {
                let mut guard = self.lock();
                *guard.open_one(variant) = Open { part: Some(part), todo, running: 0 };
                break;
            }
        }
        self.changed.notify_all();
    }

    fn hand_on(&self, variant: usize, part: Part) {
        let done = self.course.finish(variant, part);
        let mut guard = self.lock();
        let state = &mut *guard;
        state.open.remove(&variant);
        state.ready.insert(variant, done);
        while let Some(next) = state.ready.remove(&state.emitted) {
            state.emitted += 1;
            if let Err(error) = (state.emit)(next) {
                state.failed.get_or_insert(error);
                state.is_stopped = true;
            }
        }
    }

    fn keep_now_and_then(&self, state: &State<C::Done, E, F>) {
        if self.course.is_to_keep() {
            for (variant, open) in &state.open {
                if let Some(part) = &open.part {
                    self.course.keep(*variant, part);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<C::Done, E, F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a thread shares a variant. What two of them have found out of one has to be added up in
/// the end, so each has one to itself as long as there is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Company {
    Alone,
    WithOthers,
}

impl<D, E, F> State<D, E, F> {
    /// The next cell of the first open variant that has one.
    fn take_cell(&mut self, company: Company) -> Option<Job> {
        let is_free = |open: &Open| company == Company::WithOthers || open.running == 0;
        self.open.iter_mut().filter(|(_, open)| is_free(open)).find_map(|(&variant, open)| {
            let replication = open.todo.take()?;
            open.running += 1;
            Some(Job::Cell { variant, replication })
        })
    }

    fn open_one(&mut self, variant: usize) -> &mut Open {
        self.open.get_mut(&variant).expect("a variant is open while a cell of it runs")
    }
}

struct StopOnDrop<'a, 's, C: Course, E: Send, F: FnMut(C::Done) -> Result<(), E> + Send> {
    sweep: &'a Sweep<'s, C, E, F>,
    is_armed: bool,
}

impl<C: Course, E: Send, F: FnMut(C::Done) -> Result<(), E> + Send> Drop
    for StopOnDrop<'_, '_, C, E, F>
{
    fn drop(&mut self) {
        if self.is_armed {
            self.sweep.lock().is_stopped = true;
            self.sweep.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::convert::Infallible;
    use std::num::NonZeroUsize;
    use std::sync::atomic::{AtomicBool, AtomicUsize};

    use super::*;
    use crate::experiment::fixture;

    /// What is asked of a sweep in the tests: shares of the work, known parts and more of it.
    struct Asked<'a> {
        known: &'a [u32],
        first: u32,
        kept: Mutex<Vec<Vec<u32>>>,
    }

    impl Course for Asked<'_> {
        type Done = Vec<u32>;

        fn order(&self, variant: usize) -> Order {
            let scenario = fixture::scenario(&["one-at-a-time", "surge", "recreate"], 1);
            let mut known = Part::default();
            for &number in self.known {
                let plan = &scenario.variants[variant].plan;
                known.add(plan, number, fixture::simulate(plan, number, Detail::Events));
            }
            Order { known, replications: 0..self.first }
        }

        fn more(&self, variant: usize, part: &Part, end: u32) -> u32 {
            assert!((0..end).all(|number| part.runs().contains_key(&number)), "{end}");
            end.max(4 + 3 * variant as u32).min(end + 2)
        }

        fn finish(&self, _: usize, part: Part) -> Vec<u32> {
            part.runs().keys().copied().collect()
        }

        fn keep(&self, _: usize, part: &Part) {
            self.kept.lock().expect("no panic").push(part.runs().keys().copied().collect());
        }
    }

    #[test]
    fn what_is_known_is_not_simulated_and_more_is_where_it_is_asked_for() {
        let scenario = fixture::scenario(&["one-at-a-time", "surge", "recreate"], 1);
        let interrupted = AtomicBool::new(false);
        for threads in [1, 4] {
            let settings = Settings {
                threads: NonZeroUsize::new(threads),
                interrupted: &interrupted,
                progress: &|_| (),
            };
            for known in [&[][..], &[0, 1], &[1, 4, 5], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]] {
                let course = Asked { known, first: 3, kept: Mutex::default() };
                let simulated = AtomicUsize::new(0);
                let mut done = Vec::new();
                let end = sweep(
                    &scenario,
                    settings,
                    |plan, replication, detail| {
                        assert!(!known.contains(&replication), "{replication}");
                        simulated.fetch_add(1, Ordering::Relaxed);
                        Some(fixture::simulate(plan, replication, detail))
                    },
                    &course,
                    |numbers| {
                        done.push(numbers);
                        Ok::<(), Infallible>(())
                    },
                );
                assert_eq!(end.expect("threads start"), End::Done);
                for (numbers, wanted) in done.iter().zip([4, 7, 10]) {
                    let mut all: BTreeSet<u32> = (0..wanted).collect();
                    all.extend(known);
                    assert_eq!(*numbers, all.into_iter().collect::<Vec<_>>(), "{known:?}");
                }
                let wanted: usize = done.iter().map(|numbers| numbers.len() - known.len()).sum();
                assert_eq!(simulated.into_inner(), wanted, "{known:?}");
            }
        }
    }

    #[test]
    fn what_is_done_of_an_interrupted_sweep_is_kept() {
        let scenario = fixture::scenario(&["surge"], 1);
        let interrupted = AtomicBool::new(false);
        let progress = |done: usize| interrupted.store(done >= 3, Ordering::Relaxed);
        let settings = Settings {
            threads: NonZeroUsize::new(1),
            interrupted: &interrupted,
            progress: &progress,
        };
        let course = Asked { known: &[1], first: 50, kept: Mutex::default() };
        let simulate =
            |plan: &Plan, replication, detail| Some(fixture::simulate(plan, replication, detail));
        let end = sweep(&scenario, settings, simulate, &course, |_| Ok::<(), Infallible>(()));
        assert_eq!(end.expect("threads start"), End::Interrupted);
        assert_eq!(course.kept.into_inner().expect("no panic"), [[0, 1, 2]]);
    }
}
