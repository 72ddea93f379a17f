//! `blue-green`: a second fleet, one switch, an instant way back.
//!
//! # What it does
//! Launches the new fleet beside the old (first `preview` of it, if less than all), keeps it from
//! users, then moves all requests at once. The switch follows the balancer's lag. The old fleet
//! waits for `bake` and then goes. Rolling back switches back at once while the old fleet stands.
//! Where a third version is released on the way, the old fleet takes everything back first, the
//! second goes, and the third begins with its preview.
//!
//! # When it hurts
//! Twice the instances while it lasts; a cold fleet takes the full load in one moment; a slow
//! balancer or cached addresses spread the switch out.
//!
//! # Parameters
//! - `preview` ("100%", rounds up): size of the new fleet before the switch is prepared.
//! - `preview_time` ("0s"): how long the preview stands before the fleet is completed.
//!   `preview_gates` look meanwhile; it has no requests of users yet, so look at `ready-fraction`
//!   or `crash-count`.
//! - `bake` ("30s"): how long the old fleet waits after the switch. `bake_gates` look meanwhile.
//!
//! # Worked example
//! 12 instances that start in 20 s, `bake = "30s"`: 12 new ones at 0 s, the switch at 20 s, the
//! old fleet is told to stop at 50 s, where the rollout is complete.

use std::sync::Arc;

use serde::Deserialize;

use super::pause::{self, Next};
use super::supersede::{Supersede, clear};
use super::{
    Action, Direction, GateUse, Kind, OnFailure, Parameters, Pick, Problem, Reason, Setup,
    Strategy, View, parse,
};
use crate::traffic::{Phase, Split};
use crate::units::{CountOrPercent, Ratio, Rounding, SimDuration, SimTime, Version};

pub(super) const KIND: Kind = Kind {
    name: "blue-green",
    summary: "a full new fleet, one switch, a bake with switch-back at once, then the old goes",
    source: include_str!("blue_green.rs"),
    parse: parse::<BlueGreen>,
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BlueGreen {
    preview: CountOrPercent,
    preview_time: SimDuration,
    preview_gates: Vec<String>,
    bake: SimDuration,
    bake_gates: Vec<String>,
}

impl Default for BlueGreen {
    fn default() -> Self {
        Self {
            preview: CountOrPercent::Percent(Ratio::ONE),
            preview_time: SimDuration::ZERO,
            preview_gates: Vec::new(),
            bake: SimDuration::from_secs(30),
            bake_gates: Vec::new(),
        }
    }
}

impl Parameters for BlueGreen {
    fn check(&self, desired: u32) -> Vec<Problem> {
        let size = self.preview.resolve(desired, Rounding::Up);
        if size > 0 && size <= desired {
            return Vec::new();
        }
        let message = format!("the preview would have {size} of {desired} instances");
        let help = format!("write between 1 and {desired}, or a percentage up to 100%");
        vec![Problem::new("preview", None, &message, &help)]
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        match setup.direction {
            Direction::Forward => Box::new(self.forward(setup)),
            Direction::Back => Box::new(Back { has_asked: false }),
            Direction::Over => {
                let back = Box::new(Back { has_asked: false });
                Box::new(Supersede::new(back, Box::new(self.forward(setup))))
            }
        }
    }

    fn can_supersede(&self) -> bool {
        true
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Rollback
    }

    fn gates(&self) -> Vec<GateUse> {
        let time = Some(self.preview_time);
        let preview = GateUse::all("preview_gates", &self.preview_gates, time, "preview_time");
        let bake = GateUse::all("bake_gates", &self.bake_gates, Some(self.bake), "bake");
        let before = preview.into_iter().map(|one| one.at_share(Some(Ratio::ZERO)));
        before.chain(bake.into_iter().map(|one| one.at_share(Some(Ratio::ONE)))).collect()
    }
}

impl BlueGreen {
    fn forward(&self, setup: Setup) -> Forward {
        Forward {
            preview: self.preview.resolve(setup.desired, Rounding::Up),
            preview_time: self.preview_time,
            preview_gates: self.preview_gates.clone().into(),
            bake: self.bake,
            bake_gates: self.bake_gates.clone().into(),
            to: setup.direction.to(),
            stage: Stage::Begin,
        }
    }
}

/// Where the way forward has got to.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Begin,
    Previewing,
    PreviewUntil(SimTime),
    Completing,
    Switching,
    BakingUntil(SimTime),
}

#[derive(Debug)]
struct Forward {
    preview: u32,
    preview_time: SimDuration,
    preview_gates: Arc<[String]>,
    bake: SimDuration,
    bake_gates: Arc<[String]>,
    /// The version that comes.
    to: Version,
    stage: Stage,
}

impl Strategy for Forward {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        let new = view.pool.counts(self.to);
        match self.stage {
            Stage::Begin => {
                self.stage = Stage::Previewing;
                let hidden = Reason::new("the new fleet is kept from users until the switch");
                vec![
                    Action::StartStep(Reason::new("the new fleet")),
                    Action::Split { split: Split::Weighted(Ratio::ZERO), reason: hidden },
                    scale(self.to, self.preview, Reason::new("the new fleet beside the old")),
                ]
            }
            Stage::Previewing if new.available >= self.preview => {
                if self.preview_time.is_zero() {
                    return self.complete(view);
                }
                let until = view.now + self.preview_time;
                self.stage = Stage::PreviewUntil(until);
                pause::begin(until, &self.preview_gates)
            }
            Stage::PreviewUntil(until) => match pause::next(view, until) {
                Next::Wait => Vec::new(),
                Next::Ask => vec![Action::Pause(Reason::new("the preview's gates cannot tell"))],
                Next::GoOn => {
                    let mut actions = pause::end(view);
                    actions.extend(self.complete(view));
                    actions
                }
            },
            Stage::Completing if new.available >= view.desired => {
                self.stage = Stage::Switching;
                let reason = Reason::new("the new fleet is available");
                vec![
                    Action::FinishStep(reason),
                    Action::StartStep(Reason::new("the switch")),
                    Action::Switch { split: Split::Weighted(Ratio::ONE), reason },
                ]
            }
            Stage::Switching => self.bake(view),
            Stage::BakingUntil(until) => match pause::next(view, until) {
                Next::Wait => Vec::new(),
                Next::Ask => vec![Action::Pause(Reason::new("the bake's gates cannot tell"))],
                Next::GoOn => {
                    let reason = Reason::new("the bake is over");
                    let mut actions = pause::end(view);
                    actions.push(Action::FinishStep(reason));
                    actions.push(scale(Version::Old, 0, reason));
                    actions.push(Action::Finish(Reason::new("the old fleet was told to stop")));
                    actions
                }
            },
            _ => Vec::new(),
        }
    }

    fn go_on(&mut self) {
        match self.stage {
            Stage::PreviewUntil(_) => self.stage = Stage::PreviewUntil(SimTime::ZERO),
            Stage::BakingUntil(_) => self.stage = Stage::BakingUntil(SimTime::ZERO),
            _ => {}
        }
    }
}

impl Forward {
    fn complete(&mut self, view: &View<'_>) -> Vec<Action> {
        self.stage = Stage::Completing;
        let mut actions = vec![Action::Phase(Phase::RollingOut)];
        if view.pool.desired(self.to) < view.desired {
            let reason = Reason::new("the preview is over");
            actions.push(scale(self.to, view.desired, reason));
        }
        actions
    }

    fn bake(&mut self, view: &View<'_>) -> Vec<Action> {
        let Some(switched) = view.switched else { return Vec::new() };
        let until = switched + self.bake;
        self.stage = Stage::BakingUntil(until);
        pause::begin(until, &self.bake_gates)
    }
}

/// The way back: the old fleet whole, the switch, and the new fleet goes.
#[derive(Debug)]
struct Back {
    has_asked: bool,
}

impl Strategy for Back {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        let pool = view.pool;
        if pool.desired(Version::Old) < view.desired {
            return vec![scale(Version::Old, view.desired, Reason::new("the old fleet again"))];
        }
        if !self.has_asked {
            if pool.counts(Version::Old).available < view.desired {
                return Vec::new();
            }
            self.has_asked = true;
            let reason = Reason::new("the old fleet takes everything back");
            return vec![Action::Switch { split: Split::Weighted(Ratio::ZERO), reason }];
        }
        if view.switched.is_none() {
            return Vec::new();
        }
        let mut actions = clear(view, Reason::new("the new fleet is out of use"));
        actions.push(Action::Finish(Reason::new("the old version serves everything")));
        actions
    }
}

const fn scale(version: Version, to: u32, reason: Reason) -> Action {
    Action::Scale { version, to, pick: Pick::Any, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Pool;
    use crate::strategy::grow;

    #[test]
    fn the_worked_example() {
        let at = |seconds| SimTime::ZERO + SimDuration::from_secs(seconds);
        let setup = Setup { desired: 2, zones: 1, direction: Direction::Forward, haste: 1.0 };
        let mut strategy = BlueGreen::default().begin(setup);
        let mut pool = Pool::new(2, 1);
        let begin = strategy.decide(&View::of(&pool, 2));
        let launch = scale(Version::New, 2, Reason::new("the new fleet beside the old"));
        assert_eq!(begin.last(), Some(&launch));

        grow(&mut pool, Version::New, 2);
        let mut view = View { now: at(20), ..View::of(&pool, 2) };
        assert_eq!(strategy.decide(&view), [Action::Phase(Phase::RollingOut)]);
        assert!(matches!(strategy.decide(&view)[..], [_, _, Action::Switch { .. }]));
        assert_eq!(strategy.decide(&view), [], "waits for the switch to take effect");

        view.switched = Some(at(20));
        let bake = strategy.decide(&view);
        assert_eq!(bake, [Action::Phase(Phase::Baking), Action::WakeAt(at(50))]);
        view.now = at(50);
        assert!(matches!(
            strategy.decide(&view)[..],
            [_, Action::Scale { to: 0, .. }, Action::Finish(_)]
        ));
    }
}
