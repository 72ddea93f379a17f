//! `none`: no rollout at all, the yardstick of the others.
//!
//! # What it does
//! Leaves the fleet as it is for a while and then ends. What requests lose meanwhile is what they
//! would have lost anyway.
//!
//! # When it hurts
//! Never; a fleet that fails under it fails without a rollout.
//!
//! # Parameters
//! - `duration` ("10m"): how long to watch.
//!
//! # Worked example
//! `duration = "2m"` asks to be woken 2 minutes after the start and completes then.

use serde::Deserialize;

use super::{Action, Kind, OnFailure, Parameters, Problem, Reason, Setup, Strategy, View, parse};
use crate::traffic::Phase;
use crate::units::{SimDuration, SimTime};

pub(super) const KIND: Kind = Kind {
    name: "none",
    summary: "no rollout: the steady fleet, the yardstick of the others",
    source: include_str!("none.rs"),
    parse: parse::<None>,
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct None {
    duration: SimDuration,
}

impl Default for None {
    fn default() -> Self {
        Self { duration: SimDuration::from_secs(600) }
    }
}

impl Parameters for None {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        Vec::new()
    }

    fn begin(&self, _setup: Setup) -> Box<dyn Strategy> {
        Box::new(Watching { duration: self.duration, until: Option::None })
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Stall
    }
}

#[derive(Debug)]
struct Watching {
    duration: SimDuration,
    until: Option<SimTime>,
}

impl Strategy for Watching {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        match self.until {
            Option::None => {
                let until = view.now + self.duration;
                self.until = Some(until);
                vec![Action::Phase(Phase::Baking), Action::WakeAt(until)]
            }
            Some(until) if view.now >= until => {
                vec![Action::Finish(Reason::new("the time to watch is over"))]
            }
            Some(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Pool;
    use crate::strategy::Direction;

    #[test]
    fn the_worked_example() {
        let setup = Setup { desired: 3, zones: 1, direction: Direction::Forward, haste: 1.0 };
        let parameters = None { duration: SimDuration::from_secs(120) };
        let mut strategy = parameters.begin(setup);
        let pool = Pool::new(3, 1);
        let end = SimTime::ZERO + SimDuration::from_secs(120);
        let mut view = View::of(&pool, 3);
        let first = strategy.decide(&view);
        assert_eq!(first, [Action::Phase(Phase::Baking), Action::WakeAt(end)]);
        assert_eq!(strategy.decide(&view), []);
        view.now = end;
        assert!(matches!(strategy.decide(&view)[..], [Action::Finish(_)]));
    }
}
