//! The canary without a router: its share of the requests is its share of the instances.

use std::sync::Arc;

use super::super::pause::{self, Next};
use super::super::rolling::{Bounds, Leave, Move};
use super::super::{Action, Direction, Pick, Reason, Setup, Strategy, View};
use super::{Canary, Pause};
use crate::traffic::Phase;
use crate::units::SimTime;

#[derive(Debug)]
pub(super) struct ByCount {
    /// Instances of the version that comes, and the pause that follows with its gates, step by
    /// step.
    targets: Vec<(u32, Pause, Arc<[String]>)>,
    direction: Direction,
    bounds: Bounds,
    haste: f64,
    number: usize,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Begin,
    Moving,
    PausingUntil(SimTime),
    PausingForEver,
}

impl ByCount {
    pub(super) fn new(canary: &Canary, setup: Setup) -> Self {
        let steps = canary
            .steps
            .iter()
            .map(|step| (step.size(setup.desired), step.pause, step.gates.clone().into()));
        let whole = (setup.desired, Pause::default(), Arc::default());
        let targets = match setup.direction {
            Direction::Forward | Direction::Over => steps.chain([whole]).collect(),
            Direction::Back => vec![whole],
        };
        Self {
            targets,
            direction: setup.direction,
            bounds: canary.bounds(),
            haste: setup.haste,
            number: 0,
            stage: Stage::Begin,
        }
    }

    fn begin_step(&mut self) -> Vec<Action> {
        self.stage = Stage::Moving;
        let target = self.targets[self.number].0;
        let reason = Reason::with("step to {} instances", [target.into(), 0.0, 0.0]);
        vec![Action::Phase(Phase::RollingOut), Action::StartStep(reason)]
    }

    fn has_reached(&self, target: u32, view: &View<'_>) -> bool {
        let to = self.direction.to();
        view.pool.desired(to) == target
            && view.pool.counts(to).available >= target
            && self.direction.leaving(|version| view.pool.desired(version))
                <= view.desired.saturating_sub(target)
    }

    fn move_on(&mut self, view: &View<'_>) -> Vec<Action> {
        let (target, pause, gates) = self.targets[self.number].clone();
        let step = Move {
            direction: self.direction,
            target,
            bounds: self.bounds.resolve(view.desired).times(self.haste, view.desired),
            pick: Pick::Any,
            counts_terminating: false,
            leave: Leave::MiddleFirst,
        };
        let actions = step.reconcile(view);
        if !actions.is_empty() {
            return actions;
        }
        if !self.has_reached(target, view) {
            return Vec::new();
        }
        if self.number + 1 == self.targets.len() {
            let reason = Reason::new("all are available, the others were told to stop");
            return vec![Action::FinishStep(reason), Action::Finish(reason)];
        }
        match pause {
            Pause::For(length) => {
                let until = view.now + length;
                self.stage = Stage::PausingUntil(until);
                pause::begin(until, &gates)
            }
            Pause::Forever => {
                self.stage = Stage::PausingForEver;
                let reason = Reason::new("the step waits for a person");
                vec![Action::Phase(Phase::Baking), Action::Pause(reason)]
            }
        }
    }
}

impl Strategy for ByCount {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        match self.stage {
            Stage::Begin => self.begin_step(),
            Stage::Moving => self.move_on(view),
            Stage::PausingUntil(until) => match pause::next(view, until) {
                Next::Wait => Vec::new(),
                Next::Ask => vec![Action::Pause(Reason::new("the step's gates cannot tell"))],
                Next::GoOn => {
                    let mut actions = pause::end(view);
                    actions.push(Action::FinishStep(Reason::new("the pause is over")));
                    self.number += 1;
                    actions.extend(self.begin_step());
                    actions
                }
            },
            Stage::PausingForEver => Vec::new(),
        }
    }

    fn go_on(&mut self) {
        if matches!(self.stage, Stage::PausingUntil(_) | Stage::PausingForEver) {
            self.stage = Stage::PausingUntil(SimTime::ZERO);
        }
    }
}
