//! `flag`: ships dark, then raises a feature flag.
//!
//! # What it does
//! Runs the strategy called `inner` while the flag is down: the new version is everywhere and
//! nobody sees what is behind the flag. Then raises the flag by steps, each to a share of the
//! users, who stay among those who see it. The release's errors and longer service times follow
//! the flag; what a start can suffer from follows the binary. Rolling back drops the flag, which
//! takes `flag_lag`, and touches no instance unless the binary itself was still on its way.
//! While the flag is up gates see by user: those who see what is behind it are the new version's,
//! all others the old one's, whichever binary answers them. Before, they see by binary.
//! Where a third version is released on the way, a flag that is up is dropped first; then the inner
//! strategy ships the third, and the steps begin anew.
//!
//! # When it hurts
//! Defects of the binary, which no flag holds back; a flag that takes long to reach every
//! instance; users who saw the new behaviour and lose it again.
//!
//! # Parameters
//! - `inner`: the name of the strategy that ships the binary.
//! - `steps`: a list of `{ weight, pause, gates }` as in `canary`; weights never fall. After the
//!   last step the flag is up for everyone.
//! - `flag_lag` ("10s"): from dropping the flag until nobody sees what is behind it.
//!
//! # Worked example
//! 4 instances, `inner` rolling one by one with starts of 10 s, steps of 10% and 50% with a pause
//! of 1 minute: dark everywhere at 40 s, 10% of the users see it from then on, 50% from 100 s,
//! everyone at 160 s.

use std::sync::Arc;

use serde::Deserialize;

use super::inner::Inner;
use super::pause::{self, Next};
use super::step::{self, Pause, Written};
use super::supersede::Supersede;
use super::{
    Action, Direction, GateUse, Kind, OnFailure, Parameters, Problem, Reason, Setup, Strategy,
    View, parse,
};
use crate::traffic::Phase;
use crate::units::{Ratio, SimDuration, SimTime, Version};

pub(super) const KIND: Kind = Kind {
    name: "flag",
    summary: "ships dark with another strategy, then raises a feature flag by steps",
    source: include_str!("flag.rs"),
    parse: parse::<Flag>,
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Flag {
    inner: Inner,
    steps: Vec<Step>,
    #[serde(default = "ten_seconds")]
    flag_lag: SimDuration,
}

const fn ten_seconds() -> SimDuration {
    SimDuration::from_secs(10)
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    weight: Ratio,
    #[serde(default)]
    pause: Pause,
    #[serde(default)]
    gates: Vec<String>,
}

impl Parameters for Flag {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        step::check(self.written(), "a flag")
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        let inner = self.inner.begin(setup);
        match setup.direction {
            Direction::Forward => Box::new(self.raising(inner)),
            Direction::Over => {
                let lower = Box::new(Lowering { lag: self.flag_lag, dropped: None });
                Box::new(Supersede::new(lower, Box::new(self.raising(inner))))
            }
            Direction::Back => Box::new(Dropping {
                lag: self.flag_lag,
                inner,
                dropped: None,
                is_down: false,
                is_shipped: false,
            }),
        }
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Rollback
    }

    fn gates(&self) -> Vec<GateUse> {
        let of_step = |step: Written<'_>| {
            let share = Some(step.weight);
            step.gates().into_iter().map(move |one| one.at_share(share))
        };
        self.written().flat_map(of_step).chain(self.inner.gates()).collect()
    }

    fn inner(&self) -> Option<&str> {
        Some(self.inner.name())
    }

    fn can_supersede(&self) -> bool {
        self.inner.can_supersede()
    }

    fn with_inner(&self, inner: Arc<dyn Parameters>) -> Option<Arc<dyn Parameters>> {
        Some(Arc::new(Self { inner: self.inner.found(inner), ..self.clone() }))
    }

    fn is_flagged(&self) -> bool {
        true
    }
}

impl Flag {
    fn raising(&self, inner: Box<dyn Strategy>) -> Raising {
        Raising { steps: self.steps.clone(), inner, stage: Stage::Shipping }
    }

    fn written(&self) -> impl Iterator<Item = Written<'_>> {
        self.steps.iter().enumerate().map(|(number, step)| Written {
            number,
            weight: step.weight,
            pause: step.pause,
            gates: &step.gates,
        })
    }
}

/// Where the way forward has got to.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The inner strategy ships the binary.
    Shipping,
    /// The step has its share; until then, or for ever.
    Pausing(usize, Option<SimTime>),
}

#[derive(Debug)]
struct Raising {
    steps: Vec<Step>,
    inner: Box<dyn Strategy>,
    stage: Stage,
}

impl Raising {
    /// Raises the flag to the next share, or ends the rollout.
    fn raise(&mut self, number: usize, view: &View<'_>) -> Vec<Action> {
        let Some(step) = self.steps.get(number) else {
            let reason = Reason::new("the last step is over");
            return vec![
                Action::Flag { share: Ratio::ONE, reason },
                Action::Finish(Reason::new("everyone sees what is behind the flag")),
            ];
        };
        let reason =
            Reason::with("the flag goes to {} %", [step.weight.as_f64() * 100.0, 0.0, 0.0]);
        let mut actions =
            vec![Action::StartStep(reason), Action::Flag { share: step.weight, reason }];
        match step.pause {
            Pause::For(length) => {
                let until = view.now + length;
                self.stage = Stage::Pausing(number, Some(until));
                actions.extend(pause::begin(until, &step.gates.clone().into()));
            }
            Pause::Forever => {
                self.stage = Stage::Pausing(number, None);
                actions.push(Action::Phase(Phase::Baking));
                actions.push(Action::Pause(Reason::new("the step waits for a person")));
            }
        }
        actions
    }

    fn ship(&mut self, view: &View<'_>) -> Vec<Action> {
        let mut actions = self.inner.decide(view);
        let is_shipped = actions.iter().any(|action| matches!(action, Action::Finish(_)));
        actions.retain(|action| !matches!(action, Action::Finish(_)));
        if is_shipped {
            actions.extend(self.raise(0, view));
        }
        actions
    }
}

impl Strategy for Raising {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        match self.stage {
            Stage::Shipping => self.ship(view),
            Stage::Pausing(number, Some(until)) => match pause::next(view, until) {
                Next::Wait => Vec::new(),
                Next::Ask => vec![Action::Pause(Reason::new("the step's gates cannot tell"))],
                Next::GoOn => {
                    let mut actions = pause::end(view);
                    actions.push(Action::FinishStep(Reason::new("the pause is over")));
                    actions.extend(self.raise(number + 1, view));
                    actions
                }
            },
            Stage::Pausing(_, None) => Vec::new(),
        }
    }

    fn resize(&mut self, view: &View<'_>, before: u32) -> Vec<Action> {
        // Once shipped there is one version, which the inner strategy knows as its own.
        self.inner.resize(view, before)
    }

    fn hold(&mut self, view: &View<'_>) -> Vec<Action> {
        match self.stage {
            Stage::Shipping => self.inner.hold(view),
            Stage::Pausing(..) => Vec::new(),
        }
    }

    fn go_on(&mut self) {
        match self.stage {
            Stage::Shipping => self.inner.go_on(),
            Stage::Pausing(number, _) => {
                self.stage = Stage::Pausing(number, Some(SimTime::ZERO));
            }
        }
    }
}

/// Before a third version: the flag is dropped, if it can be up at all.
#[derive(Debug)]
struct Lowering {
    lag: SimDuration,
    dropped: Option<SimTime>,
}

impl Strategy for Lowering {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        let is_on_its_way = view.pool.desired(Version::Old) > 0;
        match self.dropped {
            None if is_on_its_way => {
                vec![Action::Finish(Reason::new("the flag was not up yet"))]
            }
            None => {
                let until = view.now + self.lag;
                self.dropped = Some(until);
                vec![Action::WakeAt(until)]
            }
            Some(until) if view.now < until => Vec::new(),
            Some(_) => {
                let reason = Reason::new("the flag was dropped");
                vec![Action::Flag { share: Ratio::ZERO, reason }, Action::Finish(reason)]
            }
        }
    }
}

/// The way back: the flag is dropped; the binary follows only if it was still on its way.
#[derive(Debug)]
struct Dropping {
    lag: SimDuration,
    inner: Box<dyn Strategy>,
    dropped: Option<SimTime>,
    is_down: bool,
    /// Whether the binary was everywhere when the flag was dropped.
    is_shipped: bool,
}

impl Strategy for Dropping {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        let Some(dropped) = self.dropped else {
            let until = view.now + self.lag;
            self.dropped = Some(until);
            return vec![Action::WakeAt(until)];
        };
        if view.now < dropped {
            return Vec::new();
        }
        if !self.is_down {
            self.is_down = true;
            self.is_shipped = view.pool.desired(Version::Old) == 0;
            let reason = Reason::new("the flag was dropped");
            return vec![Action::Flag { share: Ratio::ZERO, reason }];
        }
        if self.is_shipped {
            return vec![Action::Finish(Reason::new("nobody sees what is behind the flag"))];
        }
        self.inner.decide(view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Pool;

    #[test]
    fn the_worked_example_from_the_moment_it_is_shipped() {
        let at = |seconds| SimTime::ZERO + SimDuration::from_secs(seconds);
        let step = |percent: u64| Step {
            weight: Ratio::from_billionths(percent * 10_000_000),
            pause: Pause::For(SimDuration::from_secs(60)),
            gates: Vec::new(),
        };
        let inner = Inner::from(String::new());
        let flag = Flag { inner, steps: vec![step(10), step(50)], flag_lag: ten_seconds() };
        assert!(flag.check(4).is_empty());
        let setup = Setup { desired: 4, zones: 1, direction: Direction::Forward, haste: 1.0 };
        let mut strategy = flag.begin(setup);
        let pool = Pool::new(4, 1);
        let mut decide =
            |seconds| strategy.decide(&View { now: at(seconds), ..View::of(&pool, 4) });
        let share = |actions: &[Action]| {
            actions.iter().find_map(|action| match action {
                Action::Flag { share, .. } => Some(share.as_f64()),
                _ => None,
            })
        };
        assert_eq!(share(&decide(40)), Some(0.1));
        assert_eq!(share(&decide(99)), None);
        assert_eq!(share(&decide(100)), Some(0.5));
        let last = decide(160);
        assert_eq!(share(&last), Some(1.0));
        assert!(matches!(last.last(), Some(Action::Finish(_))));
    }
}
