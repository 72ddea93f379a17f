//! `immutable`: a whole new fleet in the same group, tried with one instance first.
//!
//! # What it does
//! Launches one new instance beside the old ones; once it is available, the rest, up to twice the
//! fleet. New instances serve as soon as they are ready. When all are available and `bake` is
//! over, the old ones go. Elastic Beanstalk's immutable updates: nothing that runs is touched, so
//! rolling back is letting the new instances go. Where a third version is released on the way, the
//! second goes first, and the third is tried with one instance in its turn.
//!
//! # When it hurts
//! Twice the instances for a whole start; a defect is served by up to half the fleet, and one that
//! a single instance shows late is found with the full fleet.
//!
//! # Parameters
//! - `bake` ("0s"): how long both fleets stand after the new one is available.
//!
//! # Worked example
//! 10 instances that start in 20 s, `bake = "1m"`: 1 new at 0 s, 9 more at 20 s, all available at
//! 40 s, the old ones told to stop at 100 s, where the rollout is complete.

use serde::Deserialize;

use super::supersede::{Supersede, clear};
use super::{
    Action, Direction, Kind, OnFailure, Parameters, Pick, Problem, Reason, Setup, Strategy, View,
    parse,
};
use crate::traffic::Phase;
use crate::units::{SimDuration, SimTime, Version};

pub(super) const KIND: Kind = Kind {
    name: "immutable",
    summary: "one new instance, then a whole new fleet beside the old, then the old goes",
    source: include_str!("immutable.rs"),
    parse: parse::<Immutable>,
};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Immutable {
    bake: SimDuration,
}

impl Parameters for Immutable {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        Vec::new()
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        match setup.direction {
            Direction::Forward => Box::new(self.forward(setup)),
            Direction::Back => Box::new(Back),
            Direction::Over => {
                Box::new(Supersede::new(Box::new(Back), Box::new(self.forward(setup))))
            }
        }
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Rollback
    }

    fn is_by_count(&self) -> bool {
        true
    }

    fn can_supersede(&self) -> bool {
        true
    }
}

impl Immutable {
    const fn forward(&self, setup: Setup) -> Forward {
        Forward { bake: self.bake, to: setup.direction.to(), stage: Stage::Begin }
    }
}

/// Where the way forward has got to.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Begin,
    Trying,
    Completing,
    BakingUntil(SimTime),
}

#[derive(Debug)]
struct Forward {
    bake: SimDuration,
    /// The version that comes.
    to: Version,
    stage: Stage,
}

impl Strategy for Forward {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        let available = view.pool.counts(self.to).available;
        match self.stage {
            Stage::Begin => {
                self.stage = Stage::Trying;
                let reason = Reason::new("one new instance is tried first");
                vec![Action::StartStep(reason), scale(self.to, 1, reason)]
            }
            Stage::Trying if available >= 1 => {
                self.stage = Stage::Completing;
                let reason = Reason::new("the first one is available");
                let rest = Reason::new("the rest of the new fleet");
                vec![
                    Action::FinishStep(reason),
                    Action::StartStep(rest),
                    scale(self.to, view.desired, rest),
                ]
            }
            Stage::Completing if available >= view.desired => {
                let until = view.now + self.bake;
                self.stage = Stage::BakingUntil(until);
                let reason = Reason::new("the new fleet is available");
                vec![
                    Action::FinishStep(reason),
                    Action::Phase(Phase::Baking),
                    Action::WakeAt(until),
                ]
            }
            Stage::BakingUntil(until) if view.now >= until => vec![
                scale(Version::Old, 0, Reason::new("the bake is over")),
                Action::Finish(Reason::new("the old fleet was told to stop")),
            ],
            _ => Vec::new(),
        }
    }

    fn go_on(&mut self) {
        if let Stage::BakingUntil(_) = self.stage {
            self.stage = Stage::BakingUntil(SimTime::ZERO);
        }
    }
}

/// The way back: the old fleet whole, which it is unless it was already told to stop, and the new
/// instances go.
#[derive(Debug)]
pub(super) struct Back;

impl Strategy for Back {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        let pool = view.pool;
        if pool.desired(Version::Old) < view.desired {
            return vec![scale(Version::Old, view.desired, Reason::new("the old fleet again"))];
        }
        if pool.counts(Version::Old).available < view.desired {
            return Vec::new();
        }
        let mut actions = clear(view, Reason::new("the old fleet carries everything"));
        actions.push(Action::Finish(Reason::new("the new instances were told to stop")));
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
        let setup = Setup { desired: 3, zones: 1, direction: Direction::Forward, haste: 1.0 };
        let mut strategy = Immutable { bake: SimDuration::from_secs(60) }.begin(setup);
        let mut pool = Pool::new(3, 1);
        let first = strategy.decide(&View::of(&pool, 3));
        assert!(matches!(first[..], [_, Action::Scale { version: Version::New, to: 1, .. }]));
        assert_eq!(strategy.decide(&View::of(&pool, 3)), [], "waits for the first one");
        grow(&mut pool, Version::New, 1);
        let rest = strategy.decide(&View { now: at(20), ..View::of(&pool, 3) });
        assert!(matches!(rest[..], [_, _, Action::Scale { version: Version::New, to: 3, .. }]));
        grow(&mut pool, Version::New, 3);
        let bake = strategy.decide(&View { now: at(40), ..View::of(&pool, 3) });
        assert_eq!(bake.last(), Some(&Action::WakeAt(at(100))));
        let last = strategy.decide(&View { now: at(100), ..View::of(&pool, 3) });
        let stop = Action::Scale {
            version: Version::Old,
            to: 0,
            pick: Pick::Any,
            reason: Reason::new("the bake is over"),
        };
        assert!(last[0] == stop && matches!(last[1], Action::Finish(_)));
    }
}
