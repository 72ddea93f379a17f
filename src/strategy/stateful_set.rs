//! `stateful-set`: replaces numbered instances one by one, the highest number first, each under
//! its own number.
//!
//! # What it does
//! What Kubernetes' StatefulSet controller does
//! (`pkg/controller/statefulset/stateful_set_control.go`): stops the instance with the highest
//! ordinal that is not of the version that comes, waits until it is gone, starts its replacement
//! under the same ordinal, waits until that is available, and goes on. There is no surge: one
//! instance is missing all the time, and each one costs its shutdown and its start. Missing
//! instances are started before any is replaced, and a smaller fleet loses its highest ordinals.
//!
//! # When it hurts
//! Long shutdowns: they are paid once for each instance, one after another. An instance that does
//! not become available stops everything, and under `ordered-ready` so does any other that is
//! unready, even an old one that was not to be touched yet; then rolling back does not help
//! either, because the broken instance is waited for before anything else is done.
//!
//! # Parameters
//! - `pod_management` ("ordered-ready"): `parallel` starts all missing instances at once and does
//!   not mind those that are unready below the one it replaces.
//! - `partition` (0): ordinals below it keep the old version; all of them may be.
//! - `max_unavailable` (absent): so many may be missing or unready at once, a percentage rounding
//!   down, one at least. Absent, they go one by one, as without Kubernetes' feature gate
//!   MaxUnavailableStatefulSet.
//!
//! # Worked example
//! 5 instances that take 30 s to stop and 5 s to start: ordinal 4 goes at 0 s, is back at 30 s and
//! available at 35 s, when ordinal 3 goes; ordinal 0 is available at 175 s. There are never more
//! than 5 and, but for the very beginning and end, always 4 available.

use serde::Deserialize;

use super::{Action, Direction, Kind, OnFailure, Parameters, Pick, Problem, Reason};
use super::{Setup, Strategy, View, parse};
use crate::fleet::{Instance, Pool, State};
use crate::units::{CountOrPercent, InstanceId, Ratio, Rounding, Version};

pub(super) const KIND: Kind = Kind {
    name: "stateful-set",
    summary: "replaces numbered instances one by one, each when the last is gone and back",
    source: include_str!("stateful_set.rs"),
    parse: parse::<StatefulSet>,
};

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StatefulSet {
    pod_management: PodManagement,
    partition: u32,
    max_unavailable: Option<CountOrPercent>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PodManagement {
    #[default]
    OrderedReady,
    Parallel,
}

impl StatefulSet {
    /// `getStatefulSetMaxUnavailable`: a percentage rounds down, one at least.
    fn most_unavailable(&self, desired: u32) -> Option<u32> {
        self.max_unavailable.map(|most| most.resolve(desired, Rounding::Down).max(1))
    }
}

impl Parameters for StatefulSet {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        let wrong =
            |message: &str, help: &str| vec![Problem::new("max_unavailable", None, message, help)];
        match self.max_unavailable {
            Some(most) if most.is_written_zero() => {
                wrong("`max_unavailable` is 0: nothing may ever be replaced", "write 1 or more")
            }
            Some(CountOrPercent::Percent(share)) if share > Ratio::ONE => {
                wrong("`max_unavailable` is more than 100%", "write 100% or less")
            }
            _ => Vec::new(),
        }
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        let direction = setup.direction;
        Box::new(Controller { set: *self, direction, alive: Vec::new(), known: 0 })
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Stall
    }

    fn can_supersede(&self) -> bool {
        true
    }

    /// An ordinal starts when the one before it is gone, and as the version that is due.
    fn starts_missing(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Controller {
    set: StatefulSet,
    direction: Direction,
    /// Instances that were there when last looked at.
    alive: Vec<InstanceId>,
    /// How many there had ever been by then.
    known: usize,
}

/// The instances by ordinal.
struct Slots<'a> {
    /// Those that are to be.
    wanted: Vec<Option<&'a Instance>>,
    /// Those with ordinals beyond, the highest first.
    condemned: Vec<&'a Instance>,
}

/// Whether it stands for an instance that serves: `isRunningAndAvailable`, and not terminating.
const fn is_available(one: &Instance) -> bool {
    one.is_available && !one.state.is_terminating()
}

impl Controller {
    fn slots<'a>(&mut self, pool: &'a Pool, desired: u32) -> Slots<'a> {
        self.alive.extend((self.known..pool.len()).map(|index| InstanceId(index as u32)));
        self.known = pool.len();
        self.alive.retain(|&id| pool.get(id).state != State::Terminated);
        let mut slots = Slots { wanted: vec![None; desired as usize], condemned: Vec::new() };
        for one in self.alive.iter().map(|&id| pool.get(id)) {
            match slots.wanted.get_mut(one.ordinal as usize) {
                Some(slot) => *slot = Some(one),
                None => slots.condemned.push(one),
            }
        }
        slots.condemned.sort_by_key(|one| std::cmp::Reverse(one.ordinal));
        slots
    }

    const fn is_ordered(&self) -> bool {
        matches!(self.set.pod_management, PodManagement::OrderedReady)
    }

    /// The lowest ordinal that gets the version that comes; on the way back, all do.
    const fn partition(&self) -> u32 {
        match self.direction {
            Direction::Forward | Direction::Over => self.set.partition,
            Direction::Back => 0,
        }
    }

    /// What an instance that is missing is to run.
    const fn version_of(&self, ordinal: u32) -> Version {
        if ordinal < self.partition() { Version::Old } else { self.direction.to() }
    }

    /// Starts what is missing; the second value is whether nothing else may be done now.
    fn fill(&self, slots: &Slots<'_>, change: &mut Change<'_>) -> bool {
        for (ordinal, slot) in slots.wanted.iter().enumerate() {
            let ordinal = ordinal as u32;
            match slot {
                None => change.launch(self.version_of(ordinal), ordinal),
                Some(one) if self.is_ordered() && !is_available(one) => return true,
                Some(_) => continue,
            }
            if self.is_ordered() {
                return true;
            }
        }
        !change.actions.is_empty()
    }

    /// Stops ordinals that are not wanted any more, in order one by one.
    fn shrink(&self, slots: &Slots<'_>, change: &mut Change<'_>) -> bool {
        let lowest_unhealthy = slots.condemned.iter().rev().find(|one| !is_available(one));
        let lowest_unhealthy = lowest_unhealthy.map(|one| one.ordinal);
        for one in &slots.condemned {
            let is_waited_for = !is_available(one) && Some(one.ordinal) != lowest_unhealthy;
            if self.is_ordered() && (one.state.is_terminating() || is_waited_for) {
                return true;
            }
            if one.state.is_terminating() {
                continue;
            }
            change.stop(
                one,
                Reason::with("ordinal {} is not wanted", [one.ordinal.into(), 0.0, 0.0]),
            );
            if self.is_ordered() {
                return true;
            }
        }
        !change.actions.is_empty()
    }

    /// Stops those that are to be replaced: one, and only above an available rest; or as many as
    /// may be unavailable.
    fn replace(&self, slots: &Slots<'_>, change: &mut Change<'_>) {
        let to = self.direction.to();
        let is_due = |one: &Instance| one.version != to && !one.state.is_terminating();
        let candidates = slots.wanted.iter().skip(self.partition() as usize).rev().flatten();
        let reason = |one: &Instance| {
            Reason::with("ordinal {} is the highest that is due", [one.ordinal.into(), 0.0, 0.0])
        };
        let desired = slots.wanted.len() as u32;
        let Some(most) = self.set.most_unavailable(desired) else {
            // Below one that is not available nothing is touched.
            let next = candidates.copied().find(|one| is_due(one) || !is_available(one));
            if let Some(one) = next.filter(|one| is_due(one)) {
                change.stop(one, reason(one));
            }
            return;
        };
        let lacking = slots.wanted.iter().filter(|slot| !slot.is_some_and(is_available)).count();
        let budget = (most as usize).saturating_sub(lacking);
        for one in candidates.filter(|one| is_due(one)).take(budget) {
            change.stop(one, reason(one));
        }
    }

    fn is_complete(&self, slots: &Slots<'_>) -> bool {
        let to = self.direction.to();
        slots.condemned.is_empty()
            && slots.wanted.iter().enumerate().all(|(ordinal, slot)| {
                let is_kept = (ordinal as u32) < self.partition();
                slot.is_some_and(|one| is_kept || one.version == to && is_available(one))
            })
    }
}

impl Strategy for Controller {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        let slots = self.slots(view.pool, view.desired);
        let mut change = Change::new(view.pool);
        let is_done = self.fill(&slots, &mut change) || self.shrink(&slots, &mut change);
        if !is_done {
            if self.is_complete(&slots) {
                let reason = "every ordinal from the partition on is available";
                return vec![Action::Finish(Reason::new(reason))];
            }
            self.replace(&slots, &mut change);
            if !change.actions.is_empty() {
                let reason = Reason::new("the last ones are gone and back");
                change.actions.insert(0, Action::StartStep(reason));
            }
        }
        change.actions
    }

    /// Ordinals come and go in order, in [`Strategy::decide`].
    fn resize(&mut self, _view: &View<'_>, _before: u32) -> Vec<Action> {
        Vec::new()
    }
}

/// Actions, and the desired counts that they lead to.
struct Change<'a> {
    pool: &'a Pool,
    by: [i64; 3],
    actions: Vec<Action>,
}

impl<'a> Change<'a> {
    const fn new(pool: &'a Pool) -> Self {
        Self { pool, by: [0; 3], actions: Vec::new() }
    }

    fn scale(&mut self, version: Version, by: i64, ordinal: u32, reason: Reason) {
        self.by[version.index()] += by;
        let to = i64::from(self.pool.counts(version).active) + self.by[version.index()];
        let to = u32::try_from(to).unwrap_or(0);
        self.actions.push(Action::Scale { version, to, pick: Pick::Ordinal(ordinal), reason });
    }

    fn launch(&mut self, version: Version, ordinal: u32) {
        let reason = Reason::with("ordinal {} is missing", [ordinal.into(), 0.0, 0.0]);
        self.scale(version, 1, ordinal, reason);
    }

    fn stop(&mut self, one: &Instance, reason: Reason) {
        self.scale(one.version, -1, one.ordinal, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::ZoneId;

    /// A fleet in the notation `Aa An Bt -`: version, then available, unready or terminating.
    fn pool(written: &str) -> Pool {
        let mut pool = Pool::new(1, 1);
        pool.change(InstanceId(0), |one| one.state = State::Terminated);
        for (ordinal, word) in written.split(' ').enumerate() {
            let version = match word.as_bytes()[0] {
                b'-' => continue,
                b'A' => Version::Old,
                b'B' => Version::New,
                _ => Version::Third,
            };
            let mut one = Instance::launched(version, ZoneId(0), 0);
            one.ordinal = ordinal as u32;
            (one.state, one.is_ready, one.is_available) = match word.as_bytes()[1] {
                b'a' => (State::Ready, true, true),
                b't' => (State::Stopping, true, true),
                _ => (State::Probing, false, false),
            };
            pool.add(one);
        }
        for version in Version::EVERY {
            pool.set_desired(version, pool.counts(version).active);
        }
        pool
    }

    /// What is done: `+B4` starts, `-A4` stops.
    fn check(
        set: StatefulSet,
        (direction, desired): (Direction, u32),
        written: &str,
        expected: &str,
    ) {
        let setup = Setup { desired, zones: 1, direction, haste: 1.0 };
        let pool = pool(written);
        let mut grown = [0; 3].map(i64::from);
        let mut told = Vec::new();
        for action in set.begin(setup).decide(&View::of(&pool, desired)) {
            match action {
                Action::Scale { version, to, pick: Pick::Ordinal(ordinal), .. } => {
                    let before = i64::from(pool.counts(version).active) + grown[version.index()];
                    let sign = if i64::from(to) > before { '+' } else { '-' };
                    grown[version.index()] += i64::from(to) - before;
                    told.push(format!("{sign}{}{ordinal}", ['A', 'B', 'C'][version.index()]));
                }
                Action::Finish(_) => told.push("done".into()),
                _ => {}
            }
        }
        assert_eq!(told.join(" "), expected, "{set:?} {direction:?} {written}");
    }

    const FORWARD: Direction = Direction::Forward;
    const ORDERED: StatefulSet = StatefulSet {
        pod_management: PodManagement::OrderedReady,
        partition: 0,
        max_unavailable: None,
    };
    const PARALLEL: StatefulSet =
        StatefulSet { pod_management: PodManagement::Parallel, ..ORDERED };

    #[test]
    fn the_worked_example() {
        for (before, expected) in [
            ("Aa Aa Aa Aa Aa", "-A4"),
            ("Aa Aa Aa Aa At", ""),
            ("Aa Aa Aa Aa -", "+B4"),
            ("Aa Aa Aa Aa Bn", ""),
            ("Aa Aa Aa Aa Ba", "-A3"),
            ("- Ba Ba Ba Ba", "+B0"),
            ("Ba Ba Ba Ba Ba", "done"),
        ] {
            check(ORDERED, (FORWARD, 5), before, expected);
        }
    }

    #[test]
    fn an_unready_one_blocks_in_order_but_not_in_parallel() {
        check(ORDERED, (FORWARD, 5), "Aa An Aa Aa Aa", "");
        check(PARALLEL, (FORWARD, 5), "Aa An Aa Aa Aa", "-A4");
        check(PARALLEL, (FORWARD, 5), "Aa Aa Aa Aa Bn", "");
        // Rolling back does not help in order: the broken one is waited for.
        check(ORDERED, (Direction::Back, 5), "Aa Aa Aa Aa Bn", "");
        check(PARALLEL, (Direction::Back, 5), "Aa Aa Aa Aa Bn", "-B4");
        // A third version goes to the highest that is not of it, the second included.
        check(ORDERED, (Direction::Over, 5), "Aa Aa Ca Ba Ba", "-B4");
    }

    #[test]
    fn a_partition_keeps_what_is_below_it() {
        let set = StatefulSet { partition: 3, ..ORDERED };
        check(set, (FORWARD, 5), "Aa Aa Aa Aa Ba", "-A3");
        check(set, (FORWARD, 5), "Aa Aa Aa Ba Ba", "done");
        check(set, (FORWARD, 5), "Aa - Aa Ba Ba", "+A1");
        check(StatefulSet { partition: 9, ..ORDERED }, (FORWARD, 5), "Aa Aa Aa Aa Aa", "done");
    }

    #[test]
    fn several_may_be_unavailable_where_it_says_so() {
        let two = Some(CountOrPercent::Count(2));
        let third = Some(CountOrPercent::Percent("34%".parse().unwrap()));
        let ordered = StatefulSet { max_unavailable: two, ..ORDERED };
        let parallel = StatefulSet { max_unavailable: third, ..PARALLEL };
        for (before, in_order, side_by_side) in [
            ("Aa Aa Aa Aa Aa Aa", "-A5 -A4", "-A5 -A4"),
            ("Aa Aa Aa Aa - -", "+B4", "+B4 +B5"),
            ("Aa Aa Aa Aa Ba -", "+B5", "+B5"),
            ("Aa Aa Aa Aa Ba Bn", "", "-A3"),
            ("Aa Aa Aa Aa Bn Bn", "", ""),
        ] {
            check(ordered, (FORWARD, 6), before, in_order);
            check(parallel, (FORWARD, 6), before, side_by_side);
        }
    }

    #[test]
    fn scaling_comes_before_replacing() {
        check(ORDERED, (FORWARD, 7), "Aa Aa Aa Aa Ba", "+B5");
        check(PARALLEL, (FORWARD, 7), "Aa Aa Aa Aa Ba", "+B5 +B6");
        check(ORDERED, (FORWARD, 3), "Aa Aa Aa Aa Ba", "-B4");
        check(ORDERED, (FORWARD, 3), "Aa Aa Aa Aa Bt", "");
        check(PARALLEL, (FORWARD, 3), "Aa Aa Aa Aa Ba", "-B4 -A3");
    }
}
