//! `elastic-beanstalk`: the deployment policies of an AWS Elastic Beanstalk environment.
//!
//! # What it does
//! `all-at-once` puts the new version on every instance at the same moment. `rolling` takes one
//! batch after another out of service, deploys in place, and waits until the batch is healthy.
//! `rolling-with-additional-batch` launches a batch of new instances first, and ends as many when
//! all are done, so that capacity never falls below the fleet's. `immutable` launches one new
//! instance, then the rest beside the old ones, all of them serving as they turn healthy, and ends
//! the old. `traffic-splitting` launches a whole second fleet, gives it `new_version_percent` for
//! `evaluation_time`, then everything. A batch that is not healthy in `timeout` and four minutes
//! fails the deployment. The batches that were done stay as they are: nothing goes back by itself,
//! save the new instances of `immutable` and `traffic-splitting`, which are ended.
//!
//! # When it hurts
//! With the default batch of 100% `rolling` is `all-at-once`. A failed `rolling` leaves two
//! versions. The last two policies need twice the instances. Each batch pays for draining and for
//! a dozen health checks.
//!
//! # Parameters
//! - `policy` ("all-at-once"): or `rolling`, `rolling-with-additional-batch`, `immutable`,
//!   `traffic-splitting`.
//! - `batch_size` ("100%"): instances, or a share of them, at least 1. How a share is rounded is
//!   not documented; here it rounds down.
//! - `timeout` ("10m"): for each batch; 240 s are added.
//! - `ignore_health_check` (false): goes on when the time is up instead of failing.
//! - `new_version_percent` ("10%"), `evaluation_time` ("5m"): of `traffic-splitting`.
//!   `evaluation_gates` look meanwhile.
//!
//! The waits before and after a batch are the scenario's: `shutdown.pre_stop` for the
//! deregistration delay (20 s), `readiness` for the checks, `readiness.min_ready = "2m"` for
//! enhanced health's twelve good checks in a row.
//!
//! # Worked example
//! 5 instances, `rolling`, `batch_size = 2`, 60 s for each batch: 2 at 0 s, 2 at 60 s, 1 at 120 s,
//! complete at 180 s, with 3 of 5 in service most of the time. With the additional batch: 7
//! instances from 60 s on and never fewer than 5 in service, complete at 240 s.

use std::sync::Arc;

use serde::Deserialize;

use super::canary;
use super::immutable;
use super::script::{Late, Limit, Script, Step, second_fleet};
use super::{
    Direction, GateUse, Judge, Kind, OnFailure, Parameters, Problem, Setup, Strategy, parse,
};
use crate::units::{CountOrPercent, Ratio, Rounding, SimDuration};

pub(super) const KIND: Kind = Kind {
    name: "elastic-beanstalk",
    summary: "AWS Elastic Beanstalk's five deployment policies, with batches and their time limit",
    source: include_str!("elastic_beanstalk.rs"),
    parse: parse::<Beanstalk>,
};

/// What Elastic Beanstalk adds to `Timeout` (developer guide, "General options",
/// `aws:elasticbeanstalk:command`).
const ADDED: SimDuration = SimDuration::from_secs(240);

/// How long a batch may take until it counts as failed, of the `Timeout` that was set.
#[must_use]
pub fn effective_timeout(timeout: SimDuration) -> SimDuration {
    timeout + ADDED
}

/// Instances of one batch in a fleet of so many: at least 1, and a share rounds down, which is not
/// documented.
#[must_use]
pub fn batch_size(written: CountOrPercent, instances: u32) -> u32 {
    written.resolve(instances, Rounding::Down).clamp(1, instances.max(1))
}

/// The batches in which a fleet of so many is brought over: all of one size but perhaps the last.
#[must_use]
pub fn batches(written: CountOrPercent, instances: u32) -> Vec<u32> {
    let size = batch_size(written, instances);
    let whole = (0..instances / size).map(|_| size);
    whole.chain(Some(instances % size).filter(|&rest| rest > 0)).collect()
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Beanstalk {
    policy: Policy,
    batch_size: Option<CountOrPercent>,
    timeout: SimDuration,
    ignore_health_check: bool,
    new_version_percent: Option<Ratio>,
    evaluation_time: Option<SimDuration>,
    evaluation_gates: Vec<String>,
}

impl Default for Beanstalk {
    fn default() -> Self {
        Self {
            policy: Policy::AllAtOnce,
            batch_size: None,
            timeout: SimDuration::from_secs(600),
            ignore_health_check: false,
            new_version_percent: None,
            evaluation_time: None,
            evaluation_gates: Vec::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Policy {
    AllAtOnce,
    Rolling,
    RollingWithAdditionalBatch,
    Immutable,
    TrafficSplitting,
}

impl Policy {
    /// Whether old instances stay untouched until new ones have taken over.
    const fn is_beside(self) -> bool {
        matches!(self, Self::Immutable | Self::TrafficSplitting)
    }

    const fn has_batches(self) -> bool {
        matches!(self, Self::Rolling | Self::RollingWithAdditionalBatch)
    }
}

impl Beanstalk {
    fn batch(&self) -> CountOrPercent {
        self.batch_size.unwrap_or(CountOrPercent::Percent(Ratio::ONE))
    }

    fn share(&self) -> Ratio {
        self.new_version_percent.unwrap_or(Ratio::from_billionths(100_000_000))
    }

    fn evaluation(&self) -> SimDuration {
        self.evaluation_time.unwrap_or(SimDuration::from_secs(300))
    }

    fn steps(&self, desired: u32) -> Vec<Step> {
        let in_batches = || batches(self.batch(), desired).into_iter().map(Step::InPlace);
        match self.policy {
            Policy::AllAtOnce => vec![Step::InPlace(desired)],
            Policy::Rolling => in_batches().collect(),
            Policy::RollingWithAdditionalBatch => {
                let additional = Step::Launch(batch_size(self.batch(), desired));
                let then = in_batches().chain([Step::EndExtra]);
                std::iter::once(additional).chain(then).collect()
            }
            Policy::Immutable => vec![Step::Launch(1), Step::Complete, Step::EndOld],
            Policy::TrafficSplitting => {
                let gates: Arc<[String]> = self.evaluation_gates.clone().into();
                let all = (Ratio::ONE, SimDuration::ZERO);
                let shifts = [(self.share(), self.evaluation()), all];
                let bake = Step::Wait(SimDuration::ZERO, Arc::default());
                second_fleet(Vec::new(), &shifts, &gates, bake)
            }
        }
    }
}

impl Parameters for Beanstalk {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        let mut problems = Vec::new();
        let is_splitting = self.policy == Policy::TrafficSplitting;
        for (field, is_misplaced, which) in [
            (
                "batch_size",
                self.batch_size.is_some() && !self.policy.has_batches(),
                "the two rolling policies",
            ),
            (
                "new_version_percent",
                self.new_version_percent.is_some() && !is_splitting,
                "`traffic-splitting`",
            ),
            (
                "evaluation_time",
                self.evaluation_time.is_some() && !is_splitting,
                "`traffic-splitting`",
            ),
            (
                "evaluation_gates",
                !self.evaluation_gates.is_empty() && !is_splitting,
                "`traffic-splitting`",
            ),
        ] {
            if is_misplaced {
                let message = format!("`{field}` belongs to {which}");
                problems.push(Problem::new(field, Some("policy"), &message, "drop it"));
            }
        }
        if self.batch().is_written_zero() {
            let message = "a batch of nothing";
            problems.push(Problem::new("batch_size", None, message, "write 1 or more"));
        }
        if !(Ratio::from_billionths(10_000_000)..=Ratio::ONE).contains(&self.share()) {
            let message = "the share must be from 1% to 100%";
            problems.push(Problem::new("new_version_percent", None, message, "write `10%`"));
        }
        problems
    }

    fn advise(&self, desired: u32, _zones: u16) -> Vec<Problem> {
        let mut advice = Vec::new();
        let batch = self.batch();
        let is_open =
            batch.resolve(desired, Rounding::Down) != batch.resolve(desired, Rounding::Up);
        if self.policy.has_batches() && is_open {
            let message = format!(
                "how Elastic Beanstalk rounds this share of {desired} instances is not \
                 documented; batches are of {} here",
                batch_size(batch, desired)
            );
            advice.push(Problem::new("batch_size", None, &message, "write a count to be sure"));
        }
        if self.policy == Policy::Rolling && batch_size(batch, desired) == desired && desired > 1 {
            let message = "one batch is the whole fleet: all instances are out at the same time";
            let field = if self.batch_size.is_some() { "batch_size" } else { "" };
            advice.push(Problem::new(field, None, message, "write a smaller `batch_size`"));
        }
        advice
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        match (self.policy, setup.direction) {
            (Policy::Immutable, Direction::Back) => Box::new(immutable::Back),
            (Policy::TrafficSplitting, Direction::Back) => {
                Box::new(canary::Back::of_second_fleet())
            }
            _ => {
                let late = if self.ignore_health_check { Late::GoOn } else { Late::Fail };
                let limit = Limit { time: effective_timeout(self.timeout), late };
                Box::new(Script::new(setup.direction, self.steps(setup.desired), Some(limit)))
            }
        }
    }

    fn default_on_failure(&self) -> OnFailure {
        if self.policy.is_beside() { OnFailure::Rollback } else { OnFailure::Abort }
    }

    fn default_on_gate_failure(&self) -> OnFailure {
        self.default_on_failure()
    }

    fn judge(&self) -> Judge {
        Judge::Strategy
    }

    fn gates(&self) -> Vec<GateUse> {
        let time = Some(self.evaluation());
        let uses =
            GateUse::all("evaluation_gates", &self.evaluation_gates, time, "evaluation_time");
        uses.into_iter().map(|one| one.at_share(Some(self.share()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Pool;
    use crate::strategy::{Action, View};
    use crate::units::Version;

    fn beanstalk(text: &str) -> Arc<dyn Parameters> {
        let table = format!("{{ {text} }}");
        let source = toml::de::ValueDeserializer::parse(&table).expect("a table");
        (KIND.parse)(source).expect("parameters")
    }

    #[test]
    fn batches_cover_the_fleet() {
        for (size, instances, expected) in [
            (CountOrPercent::Count(2), 5, vec![2, 2, 1]),
            (CountOrPercent::Count(9), 4, vec![4]),
            (CountOrPercent::Percent(Ratio::from_billionths(300_000_000)), 10, vec![3, 3, 3, 1]),
            (CountOrPercent::Percent(Ratio::from_billionths(100_000_000)), 4, vec![1; 4]),
        ] {
            assert_eq!(batches(size, instances), expected, "{size:?} of {instances}");
        }
    }

    #[test]
    fn a_batch_that_is_late_fails_the_deployment() {
        let setup = Setup { desired: 4, zones: 1, direction: Direction::Forward, haste: 1.0 };
        let rolling = beanstalk("policy = \"rolling\", batch_size = 1, timeout = \"1m\"");
        let mut strategy = rolling.begin(setup);
        let mut pool = Pool::new(4, 1);
        let first = strategy.decide(&View::of(&pool, 4));
        let due = crate::units::SimTime::ZERO + SimDuration::from_secs(300);
        assert!(first.contains(&Action::WakeAt(due)));
        pool.set_desired(Version::New, 1);
        let late = strategy.decide(&View { now: due, ..View::of(&pool, 4) });
        assert!(matches!(late[..], [Action::Fail(_)]));
        assert_eq!(rolling.default_on_failure(), OnFailure::Abort);
    }

    #[test]
    fn what_is_wrong_and_what_is_open() {
        for (text, field) in [
            ("batch_size = 2", "batch_size"),
            ("policy = \"rolling\", batch_size = 0", "batch_size"),
            ("policy = \"rolling\", evaluation_time = \"1m\"", "evaluation_time"),
            ("policy = \"traffic-splitting\", new_version_percent = \"0%\"", "new_version_percent"),
        ] {
            let fields: Vec<String> =
                beanstalk(text).check(10).into_iter().map(|problem| problem.field).collect();
            assert_eq!(fields, [field], "{text}");
        }
        let open = beanstalk("policy = \"rolling\", batch_size = \"33%\"");
        assert_eq!((open.check(10).len(), open.advise(10, 1).len()), (0, 1));
        assert_eq!(open.advise(100, 1), []);
    }
}
