//! The rolling deployment: tasks start and stop between the two bounds.

use super::super::rolling::{Leave, Move, Resolved};
use super::super::{Action, Direction, Pick, Reason, Setup, Strategy, View};
use super::{Cleanup, EarlySuccess, Ecs};
use crate::traffic::Phase;
use crate::units::{SimDuration, SimTime};

#[derive(Debug)]
pub(super) struct Tasks {
    ecs: Ecs,
    direction: Direction,
    haste: f64,
    early: Option<EarlySuccess>,
    /// How long its alarms are watched once it has succeeded.
    bake: SimDuration,
    /// When that is over.
    until: Option<SimTime>,
    is_cleaning: bool,
    last_step: Option<SimTime>,
}

impl Tasks {
    pub(super) fn new(ecs: &Ecs, setup: Setup) -> Self {
        let is_back = setup.direction == Direction::Back;
        Self {
            ecs: ecs.clone(),
            direction: setup.direction,
            haste: setup.haste,
            early: ecs.early_success.filter(|_| !is_back),
            bake: if is_back { SimDuration::ZERO } else { ecs.bake() },
            until: None,
            is_cleaning: false,
            last_step: None,
        }
    }

    /// Starts tasks into the room under the maximum, or stops those that health can spare.
    fn replace(&mut self, view: &View<'_>) -> Vec<Action> {
        let task = self.ecs.bounds(view.desired);
        let mut bounds = Resolved { unavailable: task.may_stop(), surge: task.may_start() };
        if (self.haste - 1.0).abs() > f64::EPSILON {
            bounds = bounds.times(self.haste, view.desired);
        }
        let movement = Move {
            direction: self.direction,
            target: view.desired,
            leave: Leave::OldestFirst,
            bounds,
            pick: Pick::Any,
            counts_terminating: false,
        };
        let actions = movement.reconcile(view);
        if actions.is_empty() || self.last_step.replace(view.now) == Some(view.now) {
            return actions;
        }
        let reason = Reason::with(
            "at least {} healthy, at most {} in all",
            [task.minimum.into(), task.maximum.into(), 0.0],
        );
        std::iter::once(Action::StartStep(reason)).chain(actions).collect()
    }

    /// Whether the old tasks are gone, the draining ones too.
    fn is_gone(&self, view: &View<'_>) -> bool {
        let left = |&version| view.pool.counts(version).active + view.pool.terminating_of(version);
        self.direction.from().iter().all(|version| left(version) == 0)
    }

    fn has_succeeded(&self, view: &View<'_>) -> bool {
        let healthy = view.pool.counts(self.direction.to()).available;
        match self.early {
            Some(early) => healthy >= early.healthy_percent.of_rounded_up(view.desired),
            None => healthy >= view.desired && self.is_gone(view),
        }
    }

    fn end(&mut self, view: &View<'_>) -> Vec<Action> {
        let finish = Action::Finish(Reason::new("the service is steady"));
        let Some(early) = self.early else { return vec![finish] };
        if self.is_cleaning {
            return if self.is_gone(view) { vec![finish] } else { Vec::new() };
        }
        self.is_cleaning = true;
        let reason = Reason::new("enough new tasks are healthy");
        let scale = |version, to| Action::Scale { version, to, pick: Pick::Any, reason };
        let mut actions: Vec<Action> =
            self.direction.from().iter().map(|&version| scale(version, 0)).collect();
        actions.push(scale(self.direction.to(), view.desired));
        if early.cleanup == Cleanup::Deferred {
            actions.push(finish);
        }
        actions
    }
}

impl Strategy for Tasks {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        let actions = if self.is_cleaning { Vec::new() } else { self.replace(view) };
        if !actions.is_empty() {
            return actions;
        }
        match self.until {
            Some(until) if view.now >= until => self.end(view),
            None if self.has_succeeded(view) => {
                let until = view.now + self.bake;
                self.until = Some(until);
                if self.bake.is_zero() {
                    return self.end(view);
                }
                vec![Action::Phase(Phase::Baking), Action::WakeAt(until)]
            }
            _ => Vec::new(),
        }
    }

    fn go_on(&mut self) {
        self.until = self.until.map(|_| SimTime::ZERO);
    }
}
