//! `recreate`: stop everything, then start everything.
//!
//! # What it does
//! Tells every instance of the version that goes to stop. When the last of them is gone, not
//! earlier, launches the full fleet of the version that comes. Kubernetes' `Recreate`
//! (`pkg/controller/deployment/recreate.go`).
//!
//! # When it hurts
//! Always: the outage lasts from the first stop to the first start that is ready, which is the
//! longest shutdown plus a whole start.
//!
//! # Parameters
//! None of its own.
//!
//! # Worked example
//! 10 instances that take 30 s to go and 5 s to start: 10 are told to stop at once, 10 are
//! launched at 30 s, and the rollout is complete at 35 s.

use serde::Deserialize;

use super::{
    Action, Direction, Kind, OnFailure, Parameters, Pick, Problem, Reason, Setup, Strategy, View,
    parse,
};
use crate::units::Version;

pub(super) const KIND: Kind = Kind {
    name: "recreate",
    summary: "stops every old instance, then, when all are gone, starts the new ones",
    source: include_str!("recreate.rs"),
    parse: parse::<Recreate>,
};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Recreate {}

impl Parameters for Recreate {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        Vec::new()
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        Box::new(Recreating { direction: setup.direction, has_begun_step: false })
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Stall
    }

    fn is_by_count(&self) -> bool {
        true
    }

    fn can_supersede(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Recreating {
    direction: Direction,
    has_begun_step: bool,
}

impl Strategy for Recreating {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        let (from, to) = (self.direction.from(), self.direction.to());
        let pool = view.pool;
        let reason = Reason::new("everything stops first");
        let stop = |&version| Action::Scale { version, to: 0, pick: Pick::Any, reason };
        let stops: Vec<Action> =
            from.iter().filter(|&&version| pool.desired(version) > 0).map(stop).collect();
        if !stops.is_empty() {
            return stops;
        }
        if pool.desired(to) < view.desired {
            let is_there =
                |&one: &Version| pool.counts(one).active > 0 || pool.terminating_of(one) > 0;
            if from.iter().any(is_there) {
                return Vec::new();
            }
            let reason = Reason::new("the last one is gone");
            let launch = Action::Scale { version: to, to: view.desired, pick: Pick::Any, reason };
            if std::mem::replace(&mut self.has_begun_step, true) {
                return vec![launch];
            }
            return vec![Action::StartStep(reason), launch];
        }
        if pool.counts(to).available >= view.desired {
            return vec![Action::Finish(Reason::new("all are available"))];
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Pool, State};
    use crate::strategy::grow;

    #[test]
    fn the_worked_example() {
        let setup = Setup { desired: 2, zones: 1, direction: Direction::Forward, haste: 1.0 };
        let mut strategy = Recreate {}.begin(setup);
        let mut pool = Pool::new(2, 1);
        let decide =
            |strategy: &mut Box<dyn Strategy>, pool: &Pool| strategy.decide(&View::of(pool, 2));
        let first = decide(&mut strategy, &pool);
        assert!(matches!(first[..], [Action::Scale { version: Version::Old, to: 0, .. }]));

        pool.set_desired(Version::Old, 0);
        for id in 0..2 {
            pool.change(crate::units::InstanceId(id), |one| one.state = State::Stopping);
        }
        assert_eq!(decide(&mut strategy, &pool), [], "terminating ones are waited for");

        for id in 0..2 {
            pool.change(crate::units::InstanceId(id), |one| one.state = State::Terminated);
        }
        let second = decide(&mut strategy, &pool);
        assert!(matches!(
            second[..],
            [Action::StartStep(_), Action::Scale { version: Version::New, to: 2, .. }]
        ));

        grow(&mut pool, Version::New, 2);
        assert!(matches!(decide(&mut strategy, &pool)[..], [Action::Finish(_)]));
    }
}
