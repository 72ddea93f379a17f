//! `shadow`: copies of real requests for the new version before anyone depends on it.
//!
//! # What it does
//! Launches as many new instances as `share` of the fleet (rounded up) where no user reaches them,
//! copies that share of the requests to them for `duration`, then lets them go and runs the
//! strategy called `inner`. Answers to copies reach gates and nobody else; their load is felt by
//! the new instances and by whatever is shared, such as the connections of a dependency. Where a
//! third version is released on the way, the second is taken back first, and requests are then
//! copied to the third.
//!
//! # When it hurts
//! Requests that change something are done twice; a dependency near its ceiling tips over; nothing
//! that shows only in answers is seen, since nobody reads them.
//!
//! # Parameters
//! - `inner`: the name of the strategy that follows.
//! - `share` ("10%"): of the requests, and of the fleet that serves the copies.
//! - `duration` ("10m"): how long requests are copied.
//!
//! # Worked example
//! 10 instances that start in 20 s, `share = "20%"`, `duration = "5m"`: 2 new ones at 0 s, copies
//! from 20 s to 320 s, when they are told to stop and the inner strategy begins.

use std::sync::Arc;

use serde::Deserialize;

use super::inner::Inner;
use super::supersede::Supersede;
use super::{
    Action, Direction, GateUse, Kind, OnFailure, Parameters, Pick, Problem, Reason, Setup,
    Strategy, View, parse,
};
use crate::traffic::{Phase, Split};
use crate::units::{Ratio, SimDuration, SimTime, Version};

pub(super) const KIND: Kind = Kind {
    name: "shadow",
    summary: "copies requests to a new version that nobody depends on, then another strategy",
    source: include_str!("shadow.rs"),
    parse: parse::<Shadow>,
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shadow {
    inner: Inner,
    #[serde(default = "tenth")]
    share: Ratio,
    #[serde(default = "ten_minutes")]
    duration: SimDuration,
}

const fn tenth() -> Ratio {
    Ratio::from_billionths(100_000_000)
}

const fn ten_minutes() -> SimDuration {
    SimDuration::from_secs(600)
}

impl Parameters for Shadow {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        if !self.share.is_zero() && self.share <= Ratio::ONE {
            return Vec::new();
        }
        let message = "the share that is copied must be above 0% and at most 100%";
        vec![Problem::new("share", None, message, "write `share = \"10%\"`")]
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        let inner = self.inner.begin(setup);
        let back = |inner| Box::new(Back { inner, has_begun: false });
        match setup.direction {
            Direction::Forward => Box::new(self.copying(setup, inner)),
            Direction::Back => back(inner),
            Direction::Over => {
                let second = back(self.inner.begin(Setup { direction: Direction::Back, ..setup }));
                Box::new(Supersede::new(second, Box::new(self.copying(setup, inner))))
            }
        }
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Rollback
    }

    fn gates(&self) -> Vec<GateUse> {
        self.inner.gates().collect()
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
}

impl Shadow {
    const fn copying(&self, setup: Setup, inner: Box<dyn Strategy>) -> Copying {
        Copying {
            share: self.share,
            duration: self.duration,
            to: setup.direction.to(),
            inner,
            stage: Stage::Begin,
        }
    }
}

/// Where the way forward has got to.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Begin,
    /// Waits for so many instances.
    Starting(u32),
    CopyingUntil(SimTime),
    /// The inner strategy has taken over.
    Inner,
}

#[derive(Debug)]
struct Copying {
    share: Ratio,
    duration: SimDuration,
    /// The version that comes.
    to: Version,
    inner: Box<dyn Strategy>,
    stage: Stage,
}

impl Strategy for Copying {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        match self.stage {
            Stage::Begin => {
                let size = self.share.of_rounded_up(view.desired).clamp(1, view.desired);
                self.stage = Stage::Starting(size);
                let reason = Reason::new("instances for copies of requests alone");
                vec![
                    Action::StartStep(reason),
                    Action::Split { split: Split::Weighted(Ratio::ZERO), reason },
                    Action::Scale { version: self.to, to: size, pick: Pick::Any, reason },
                ]
            }
            Stage::Starting(size) if view.pool.counts(self.to).available >= size => {
                let until = view.now + self.duration;
                self.stage = Stage::CopyingUntil(until);
                let percent = self.share.as_f64() * 100.0;
                let reason = Reason::with("{} % of the requests", [percent, 0.0, 0.0]);
                vec![
                    Action::Mirror { share: self.share, reason },
                    Action::Phase(Phase::Baking),
                    Action::WakeAt(until),
                ]
            }
            Stage::CopyingUntil(until) if view.now >= until => {
                self.stage = Stage::Inner;
                let reason = Reason::new("the time to copy is over");
                vec![
                    Action::FinishStep(reason),
                    Action::Mirror { share: Ratio::ZERO, reason },
                    Action::Phase(Phase::RollingOut),
                    Action::Scale { version: self.to, to: 0, pick: Pick::Any, reason },
                    Action::Split { split: Split::ByCount, reason },
                ]
            }
            Stage::Inner => self.inner.decide(view),
            _ => Vec::new(),
        }
    }

    fn resize(&mut self, view: &View<'_>, before: u32) -> Vec<Action> {
        match self.stage {
            Stage::Inner => self.inner.resize(view, before),
            _ => vec![Action::Scale {
                version: Version::Old,
                to: view.desired,
                pick: Pick::Any,
                reason: Reason::new("the desired count has changed"),
            }],
        }
    }

    fn hold(&mut self, view: &View<'_>) -> Vec<Action> {
        match self.stage {
            Stage::Inner => self.inner.hold(view),
            _ => Vec::new(),
        }
    }

    fn go_on(&mut self) {
        match self.stage {
            Stage::CopyingUntil(_) => self.stage = Stage::CopyingUntil(SimTime::ZERO),
            Stage::Inner => self.inner.go_on(),
            Stage::Begin | Stage::Starting(_) => {}
        }
    }
}

/// The way back: no more copies, and what the inner strategy does.
#[derive(Debug)]
struct Back {
    inner: Box<dyn Strategy>,
    has_begun: bool,
}

impl Strategy for Back {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        if !std::mem::replace(&mut self.has_begun, true) {
            let reason = Reason::new("the rollout is taken back");
            return vec![Action::Mirror { share: Ratio::ZERO, reason }];
        }
        self.inner.decide(view)
    }

    fn resize(&mut self, view: &View<'_>, before: u32) -> Vec<Action> {
        self.inner.resize(view, before)
    }

    fn hold(&mut self, view: &View<'_>) -> Vec<Action> {
        self.inner.hold(view)
    }

    fn go_on(&mut self) {
        self.inner.go_on();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Pool;
    use crate::strategy::grow;

    #[test]
    fn the_worked_example_until_the_inner_strategy_begins() {
        let at = |seconds| SimTime::ZERO + SimDuration::from_secs(seconds);
        let share = Ratio::from_billionths(200_000_000);
        let duration = SimDuration::from_secs(300);
        let shadow = Shadow { inner: "steady".to_owned().into(), share, duration };
        assert!(shadow.check(10).is_empty());
        let setup = Setup { desired: 10, zones: 1, direction: Direction::Forward, haste: 1.0 };
        let mut strategy = shadow.begin(setup);
        let mut pool = Pool::new(10, 1);
        let first = strategy.decide(&View::of(&pool, 10));
        assert!(matches!(first.last(), Some(Action::Scale { version: Version::New, to: 2, .. })));
        grow(&mut pool, Version::New, 2);
        let copying = strategy.decide(&View { now: at(20), ..View::of(&pool, 10) });
        assert_eq!(copying.last(), Some(&Action::WakeAt(at(320))));
        let over = strategy.decide(&View { now: at(320), ..View::of(&pool, 10) });
        assert!(over.iter().any(|action| matches!(action, Action::Mirror { share, .. }
            if share.is_zero())));
        assert!(matches!(over[3], Action::Scale { version: Version::New, to: 0, .. }));
    }
}
