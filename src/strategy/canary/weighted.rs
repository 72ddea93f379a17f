//! The canary whose share the balancer honours, by weight or by cohort.

use super::super::pause::{self, Next};
use super::super::supersede::clear;
use super::super::{Action, Pick, Reason, Setup, Strategy, View};
use super::{Canary, Pause, Routing, Stable, Step};
use crate::traffic::{Phase, Split};
use crate::units::{Ratio, SimDuration, SimTime, Version};

/// Where the way forward has got to.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Begin,
    /// Waits until the step's instances are available.
    Growing(usize),
    /// The step has its share; until then, or for ever.
    Pausing(usize, Option<SimTime>),
    /// The last step is over: grows to the full fleet.
    Promoting,
    /// The new version has everything; the old fleet goes then.
    Leaving(SimTime),
}

#[derive(Debug)]
pub(super) struct Forward {
    steps: Vec<Step>,
    routing: Routing,
    stable: Stable,
    scale_down_delay: SimDuration,
    desired: u32,
    /// The version that comes.
    to: Version,
    stage: Stage,
}

impl Forward {
    pub(super) fn new(canary: &Canary, setup: Setup) -> Self {
        Self {
            steps: canary.steps.clone(),
            routing: canary.routing,
            stable: canary.stable,
            scale_down_delay: canary.scale_down_delay,
            desired: setup.desired,
            to: setup.direction.to(),
            stage: Stage::Begin,
        }
    }

    fn begin_step(&mut self, number: usize, view: &View<'_>) -> Vec<Action> {
        self.desired = view.desired;
        let Some(step) = self.steps.get(number).cloned() else {
            self.stage = Stage::Promoting;
            let reason = Reason::new("the last step is over");
            return vec![Action::Phase(Phase::RollingOut), grow(self.to, self.desired, reason)];
        };
        self.stage = Stage::Growing(number);
        let reason = Reason::with("step to {} %", [step.weight.as_f64() * 100.0, 0.0, 0.0]);
        vec![
            Action::Phase(Phase::RollingOut),
            Action::StartStep(reason),
            grow(self.to, step.size(self.desired), reason),
        ]
    }

    /// The step's instances are available: they get their share, and the pause begins.
    fn give_share(&mut self, number: usize, view: &View<'_>) -> Vec<Action> {
        let step = self.steps[number].clone();
        let reason = Reason::with(
            "{} instances are available",
            [view.pool.counts(self.to).available.into(), 0.0, 0.0],
        );
        let split = split(self.routing, step.weight);
        let mut actions = vec![Action::Split { split, reason }, Action::Phase(Phase::Baking)];
        actions.extend(self.shrink_stable(step.weight));
        let until = match step.pause {
            Pause::For(length) => Some(view.now + length),
            Pause::Forever => None,
        };
        self.stage = Stage::Pausing(number, until);
        if !step.gates.is_empty() {
            actions.push(Action::RunGates(step.gates.into()));
        }
        actions.push(
            until.map_or(Action::Pause(Reason::new("the step waits for a person")), Action::WakeAt),
        );
        actions
    }

    fn shrink_stable(&self, weight: Ratio) -> Option<Action> {
        (self.stable == Stable::Shrink).then(|| Action::Scale {
            version: Version::Old,
            to: weight.complement().of_rounded_up(self.desired),
            pick: Pick::Any,
            reason: Reason::new("the stable fleet gives up what the weight took"),
        })
    }
}

impl Strategy for Forward {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        let available = view.pool.counts(self.to).available;
        match self.stage {
            Stage::Begin => {
                let split = split(self.routing, Ratio::ZERO);
                let reason = Reason::new("no requests before the first step is available");
                let mut actions = vec![Action::Split { split, reason }];
                actions.extend(self.begin_step(0, view));
                actions
            }
            Stage::Growing(number) if available >= self.steps[number].size(self.desired) => {
                self.give_share(number, view)
            }
            Stage::Pausing(number, Some(until)) => match pause::next(view, until) {
                Next::Wait => Vec::new(),
                Next::Ask => vec![Action::Pause(Reason::new("the step's gates cannot tell"))],
                Next::GoOn => {
                    let mut actions = pause::end(view);
                    actions.push(Action::FinishStep(Reason::new("the pause is over")));
                    actions.extend(self.begin_step(number + 1, view));
                    actions
                }
            },
            Stage::Promoting if available >= view.desired => {
                let until = view.now + self.scale_down_delay;
                self.stage = Stage::Leaving(until);
                let split = split(self.routing, Ratio::ONE);
                let reason = Reason::new("the new version is at full size");
                vec![Action::Split { split, reason }, Action::WakeAt(until)]
            }
            Stage::Leaving(until) if view.now >= until => vec![
                Action::Scale {
                    version: Version::Old,
                    to: 0,
                    pick: Pick::Any,
                    reason: Reason::new("the scale-down delay is over"),
                },
                Action::Finish(Reason::new("the old fleet was told to stop")),
            ],
            _ => Vec::new(),
        }
    }

    fn go_on(&mut self) {
        if let Stage::Pausing(number, _) = self.stage {
            self.stage = Stage::Pausing(number, Some(SimTime::ZERO));
        }
    }
}

/// The way back: requests leave at once, as far as the old fleet can carry them.
#[derive(Debug)]
pub(in crate::strategy) struct Back {
    routing: Routing,
    delay: SimDuration,
    leaving: Option<SimTime>,
}

impl Back {
    pub(super) const fn new(canary: &Canary) -> Self {
        Self { routing: canary.routing, delay: canary.abort_scale_down_delay, leaving: None }
    }

    /// The same where another version comes next: the one that it supersedes goes as soon as the
    /// old one carries everything.
    pub(super) const fn at_once(canary: &Canary) -> Self {
        Self { delay: SimDuration::ZERO, ..Self::new(canary) }
    }

    /// By weight, and what lost its requests goes at once.
    pub(in crate::strategy) const fn of_second_fleet() -> Self {
        Self { routing: Routing::Weighted, delay: SimDuration::ZERO, leaving: None }
    }
}

impl Strategy for Back {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        if let Some(until) = self.leaving {
            if view.now < until {
                return Vec::new();
            }
            let reason = Reason::new("the old version serves everything");
            let mut actions = clear(view, reason);
            actions.push(Action::Finish(reason));
            return actions;
        }
        if view.pool.desired(Version::Old) < view.desired {
            return vec![Action::Scale {
                version: Version::Old,
                to: view.desired,
                pick: Pick::Any,
                reason: Reason::new("the stable fleet again"),
            }];
        }
        self.take_share(view)
    }
}

impl Back {
    /// What the old fleet cannot carry yet stays with the new one.
    fn take_share(&mut self, view: &View<'_>) -> Vec<Action> {
        let available = view.pool.counts(Version::Old).available.min(view.desired);
        let missing = u64::from(view.desired - available);
        let needed = Ratio::from_billionths(missing * 1_000_000_000 / u64::from(view.desired));
        let has = match view.split {
            Split::Weighted(share) | Split::Cohort(share) => share,
            Split::ByCount => Ratio::ONE,
        };
        let mut actions = Vec::new();
        if needed < has || view.split == Split::ByCount {
            let reason = Reason::with("{} old ones are available", [available.into(), 0.0, 0.0]);
            actions.push(Action::Split { split: split(self.routing, needed.min(has)), reason });
        }
        if missing == 0 {
            let until = view.now + self.delay;
            self.leaving = Some(until);
            actions.push(Action::WakeAt(until));
        }
        actions
    }
}

const fn split(routing: Routing, share: Ratio) -> Split {
    match routing {
        Routing::Cohort => Split::Cohort(share),
        Routing::Weighted | Routing::ByCount => Split::Weighted(share),
    }
}

const fn grow(version: Version, to: u32, reason: Reason) -> Action {
    Action::Scale { version, to, pick: Pick::Any, reason }
}
