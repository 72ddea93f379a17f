//! The bounds of a rolling update and how far it may go for now: to the end of the batch, of the
//! zone, or of the fleet.

use std::cell::Cell;
use std::sync::Arc;

use super::super::pause::{self, Next};
use super::super::{Action, Direction, Pick, Setup, View};
use super::reconcile::{Leave, Move, Resolved};
use super::{Order, Pacing, Rolling};
use crate::units::{CountOrPercent, Rounding, SimDuration, SimTime, Version, ZoneId};

/// The two bounds as written.
#[derive(Clone, Copy, Debug)]
pub(in crate::strategy) struct Bounds {
    pub(in crate::strategy) max_unavailable: CountOrPercent,
    pub(in crate::strategy) max_surge: CountOrPercent,
}

impl Bounds {
    /// The bounds in instances: what they round to, the fleet at most unavailable.
    pub(in crate::strategy) fn resolve(self, desired: u32) -> Resolved {
        let Resolved { unavailable, surge } = self.fenceposts(desired);
        // An empty fleet apart, what is not 0 stays so.
        let least = u32::from(surge == 0);
        Resolved { unavailable: unavailable.min(desired).max(least), surge }
    }

    /// Kubernetes' `ResolveFenceposts`: surge rounds up, unavailability down, and where both come
    /// to nothing one instance may be unavailable.
    pub(super) fn fenceposts(self, desired: u32) -> Resolved {
        let surge = self.max_surge.resolve(desired, Rounding::Up);
        let unavailable = self.max_unavailable.resolve(desired, Rounding::Down);
        if surge == 0 && unavailable == 0 {
            return Resolved { unavailable: 1, surge: 0 };
        }
        Resolved { unavailable, surge }
    }
}

/// How far the rollout may go for now, and when it may go on.
#[derive(Debug)]
pub(super) struct Pace {
    pub(super) direction: Direction,
    pub(super) order: Order,
    /// Whether terminating instances take room under the surge bound.
    counts_terminating: bool,
    bounds: Bounds,
    /// The bounds in force, of the fleet of so many instances that they were last asked for.
    in_force: Cell<Option<(u32, Resolved)>>,
    pacing: Pacing,
    bake: SimDuration,
    /// The gates that look while it bakes; none on the way back.
    gates: Arc<[String]>,
    growth: f64,
    factor: f64,
    zones: u16,
    /// Instances that stay as they are.
    partition: u32,
    /// Instances that are to run the version that comes.
    goal: u32,
    /// Instances that may run it by the end of this batch or zone.
    pub(super) target: u32,
    zone: u16,
    pub(super) baking: Option<SimTime>,
    last_step: Option<SimTime>,
}

impl Pace {
    pub(super) fn new(rolling: &Rolling, setup: Setup) -> Self {
        // The version that comes back goes everywhere, those behind the partition included.
        let partition = match setup.direction {
            Direction::Forward | Direction::Over => rolling.partition,
            Direction::Back => 0,
        };
        Self {
            direction: setup.direction,
            order: rolling.order,
            counts_terminating: rolling.count_terminating || rolling.order == Order::Ordinal,
            bounds: rolling.bounds(),
            in_force: Cell::new(None),
            pacing: rolling.pacing,
            bake: rolling.bake,
            gates: match setup.direction {
                Direction::Forward | Direction::Over => rolling.step_gates.clone().into(),
                Direction::Back => Arc::default(),
            },
            growth: rolling.growth,
            factor: setup.haste,
            zones: setup.zones,
            partition,
            goal: setup.desired.saturating_sub(partition),
            target: 0,
            zone: 0,
            baking: None,
            last_step: None,
        }
    }

    /// The bounds in force: those of the fleet, grown by the batches that passed.
    pub(super) fn bounds(&self, desired: u32) -> Resolved {
        if let Some((of, bounds)) = self.in_force.get()
            && of == desired
        {
            return bounds;
        }
        let bounds = self.bounds.resolve(desired).times(self.factor, desired);
        self.in_force.set(Some((desired, bounds)));
        bounds
    }

    /// The bounds are so many times what they were.
    fn grow(&mut self, times: f64) {
        self.factor *= times;
        self.in_force.set(None);
    }

    /// Which instances go first, and where new ones come.
    pub(super) const fn pick(&self) -> Pick {
        match self.order {
            Order::Any => Pick::Any,
            Order::Zone => Pick::Zone(ZoneId(self.zone)),
            Order::Ordinal => Pick::HighestIndex,
        }
    }

    /// Instances that are to run one of the versions that go.
    fn leaving(&self, view: &View<'_>) -> u32 {
        self.direction.leaving(|version| view.pool.desired(version))
    }

    pub(super) const fn to(&self) -> Version {
        self.direction.to()
    }

    /// The move that this pace allows for now.
    pub(super) fn move_to(&self, view: &View<'_>) -> Move {
        Move {
            direction: self.direction,
            target: self.target,
            bounds: self.bounds(view.desired),
            pick: self.pick(),
            counts_terminating: self.counts_terminating,
            leave: Leave::OldestFirst,
        }
    }

    /// Whether every instance that was to be replaced has been.
    pub(super) const fn is_at_goal(&self) -> bool {
        self.target >= self.goal
    }

    /// Whether the current target is reached: all available, the others told to stop.
    pub(super) fn has_reached_target(&self, view: &View<'_>) -> bool {
        let pool = view.pool;
        self.leaving(view) <= view.desired - self.target
            && pool.desired(self.to()) == self.target
            && pool.counts(self.to()).available >= self.target
            && pool.counts(self.to()).active == self.target
    }

    /// Instances of a zone that run one of the versions that go.
    fn left_in(&self, zone: ZoneId, view: &View<'_>) -> u32 {
        self.direction.leaving(|version| view.pool.counts_in(zone, version).active)
    }

    /// The end of the zone that is being replaced, counted in instances of the fleet; of the
    /// fleet where zones do not matter.
    fn zone_end(&mut self, view: &View<'_>) -> u32 {
        if self.order != Order::Zone {
            return self.goal;
        }
        while self.zone + 1 < self.zones && self.left_in(ZoneId(self.zone), view) == 0 {
            self.zone += 1;
        }
        let left = self.left_in(ZoneId(self.zone), view);
        (self.target + left).min(self.goal)
    }

    /// Moves the target on: to the end of the next batch, the next zone, or the fleet.
    pub(super) fn advance(&mut self, view: &View<'_>) {
        let end = self.zone_end(view);
        self.target = match self.pacing {
            Pacing::Sliding => end,
            Pacing::Batch => {
                let bounds = self.bounds(view.desired);
                end.min(self.target.saturating_add(bounds.unavailable + bounds.surge))
            }
        };
    }

    /// The desired count of the fleet has changed.
    pub(super) fn resize(&mut self, desired: u32) {
        let goal = desired.saturating_sub(self.partition);
        if self.is_at_goal() {
            self.target = goal;
        }
        self.goal = goal;
        self.target = self.target.min(goal);
    }

    /// A person lets the rollout go on before its bake is over.
    pub(super) fn end_bake(&mut self) {
        self.baking = self.baking.map(|_| SimTime::ZERO);
    }

    /// Whether the rollout moves in batches.
    pub(super) fn is_batched(&self) -> bool {
        self.pacing == Pacing::Batch
    }

    /// Notes that a batch is available; without gates it has passed. Returns what begins its bake,
    /// if it has one.
    pub(super) fn pass_batch(&mut self, now: SimTime) -> Option<Vec<Action>> {
        if self.gates.is_empty() {
            self.grow(self.growth);
        }
        if self.bake.is_zero() {
            return None;
        }
        let until = now + self.bake;
        self.baking = Some(until);
        Some(pause::begin(until, &self.gates))
    }

    /// The bake is over, or still goes on: what follows from what its gates say, if there are any.
    pub(super) fn see_bake(&mut self, until: SimTime, view: &View<'_>) -> Next {
        let next = pause::next(view, until);
        let grows = (self.growth - 1.0).abs() > f64::EPSILON;
        match next {
            Next::Ask if grows && view.now < until => Next::Wait,
            Next::Ask if grows => {
                self.grow(0.5);
                Next::GoOn
            }
            Next::GoOn if !self.gates.is_empty() => {
                self.grow(self.growth);
                next
            }
            _ => next,
        }
    }

    /// Whether this is the first launch of this moment: without batches each such moment is a
    /// step.
    pub(super) fn begins_step(&mut self, now: SimTime) -> bool {
        !self.is_batched() && self.last_step.replace(now) != Some(now)
    }
}
