//! `ecs`: an Amazon ECS service, with its own bounds, circuit breaker and shifts of traffic.
//!
//! # What it does
//! `deployment = "rolling"` keeps at least `minimum_healthy_percent` of the desired count healthy
//! (rounded up) and at most `maximum_percent` of it pending or running (rounded down), starts and
//! stops tasks one by one as that allows, and is complete when the last old task has drained and
//! is gone. The others start a whole second set of tasks first and then move the requests:
//! `blue-green` at once, `linear` by equal steps, `canary` a part and then the rest; the old set
//! stays for `bake`. A task whose process dies or whose health check fails is stopped and another
//! started in its place. Gates over the rollout are its alarms; one that is red before the rollout
//! starts is ignored by it.
//!
//! # When it hurts
//! Bounds between which no task may move (3 tasks at 100%/125%) wait for ever. Without a breaker a
//! release that never becomes healthy is tried for ever as well. A breaker lets three failures of
//! a small service through, and half of a large one. Draining old tasks is most of the time.
//!
//! # Parameters
//! - `deployment` ("rolling"): or `blue-green`, `linear`, `canary`.
//! - `minimum_healthy_percent` ("100%"), `maximum_percent` ("200%"): the bounds of `rolling`.
//! - `circuit_breaker`: `{ threshold, bounded, reset_on_healthy_task, rollback }`. `threshold`
//!   ("50%") is a share of the desired count, rounded up and kept within 3 and 200 unless
//!   `bounded = false`, or a count. Until a new task has run, tasks that do not get to run count;
//!   from then on failed checks do, and processes that die after they ran. A task that becomes
//!   healthy sets the count to 0 unless `reset_on_healthy_task = false`. `rollback` (false): back
//!   to the last revision that was completed; without it the deployment fails where it stands.
//! - `alarm_rollback` (false): whether a gate that fails rolls back, or only ends the deployment.
//! - `early_success`: `{ healthy_percent, cleanup }`: rolling is done with so many healthy new
//!   tasks and after `bake`; with `cleanup = "blocking"` once the old ones are gone too, with
//!   `"deferred"` at once.
//! - `step_percent` ("10%"), `step_bake` ("6m"): of `linear`. `canary_percent` ("5%"),
//!   `canary_bake` ("10m"): of `canary`. `step_gates` look meanwhile.
//! - `bake`: how long the old set stays after the last shift (`blue-green` needs it), or rolling
//!   goes on watching its alarms once it is steady ("0s"). `bake_gates` look meanwhile, not in
//!   `rolling`.
//!
//! ECS slows down starts that keep failing; how much is not documented, and here it does not.
//! Health is the scenario's: `readiness.min_ready = "40s"` is what ECS waits where a task has no
//! check at all.
//!
//! # Worked example
//! 4 tasks at 50%/100%, starts of 30 s: at 0 s 2 old tasks stop and 2 new ones start, at 30 s the
//! other 2, and the deployment is complete at 60 s. `linear` with `step_percent = "25%"`,
//! `step_bake = "10m"`, `bake = "30m"`: 25% at 0 min, then 50%, 75% and at 30 min everything; the
//! old set goes at 60 min.

mod bounds;
mod breaker;
mod tasks;

use std::sync::Arc;

use serde::Deserialize;

pub use self::bounds::{TaskBounds, Threshold};
use self::breaker::{Breaker, Watched};
use self::tasks::Tasks;
use super::canary::Back;
use super::script::{Script, Step, linear, second_fleet};
use super::{
    Direction, GateUse, Judge, Kind, OnFailure, Parameters, Problem, Setup, Strategy, parse,
};
use crate::units::{CountOrPercent, Ratio, SimDuration};

pub(super) const KIND: Kind = Kind {
    name: "ecs",
    summary: "an Amazon ECS service: bounds, circuit breaker, blue-green, linear and canary",
    source: include_str!("mod.rs"),
    parse: parse::<Ecs>,
};

const TEN_PERCENT: Ratio = Ratio::from_billionths(100_000_000);
const THREE_PERCENT: Ratio = Ratio::from_billionths(30_000_000);
const FIVE_PERCENT: Ratio = Ratio::from_billionths(50_000_000);
const A_THOUSANDTH: Ratio = Ratio::from_billionths(1_000_000);
const HALF: Ratio = Ratio::from_billionths(500_000_000);
/// Nobody allows ten times the service; who writes 200 means 200%.
const MOST: Ratio = Ratio::from_billionths(10_000_000_000);
const LONGEST_BAKE: SimDuration = SimDuration::from_secs(1440 * 60);
/// CloudFormation refuses a plan that takes longer.
const LONGEST_PLAN: SimDuration = SimDuration::from_secs(33 * 3600);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Ecs {
    deployment: Deployment,
    minimum_healthy_percent: Option<Ratio>,
    maximum_percent: Option<Ratio>,
    circuit_breaker: Option<CircuitBreaker>,
    alarm_rollback: bool,
    early_success: Option<EarlySuccess>,
    step_percent: Option<Ratio>,
    step_bake: Option<SimDuration>,
    canary_percent: Option<Ratio>,
    canary_bake: Option<SimDuration>,
    step_gates: Vec<String>,
    bake: Option<SimDuration>,
    bake_gates: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Deployment {
    #[default]
    Rolling,
    BlueGreen,
    Linear,
    Canary,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CircuitBreaker {
    threshold: CountOrPercent,
    bounded: bool,
    reset_on_healthy_task: bool,
    rollback: bool,
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self {
            threshold: CountOrPercent::Percent(HALF),
            bounded: true,
            reset_on_healthy_task: true,
            rollback: false,
        }
    }
}

impl CircuitBreaker {
    const fn threshold(&self) -> Threshold {
        match self.threshold {
            CountOrPercent::Count(count) => Threshold::Count(count),
            CountOrPercent::Percent(share) if self.bounded => Threshold::BoundedPercent(share),
            CountOrPercent::Percent(share) => Threshold::UnboundedPercent(share),
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EarlySuccess {
    healthy_percent: Ratio,
    #[serde(default)]
    cleanup: Cleanup,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Cleanup {
    #[default]
    Blocking,
    Deferred,
}

impl Ecs {
    fn percents(&self) -> (Ratio, Ratio) {
        let twice = Ratio::from_billionths(2 * Ratio::ONE.billionths());
        (self.minimum_healthy_percent.unwrap_or(Ratio::ONE), self.maximum_percent.unwrap_or(twice))
    }

    fn bounds(&self, desired: u32) -> TaskBounds {
        let (minimum, maximum) = self.percents();
        TaskBounds::of(desired, minimum, maximum)
    }

    /// Each share of the requests and the wait after it; none where the fleet itself is replaced.
    fn shifts(&self) -> Option<Vec<(Ratio, SimDuration)>> {
        let minutes = |count: u64| SimDuration::from_secs(60 * count);
        let all = (Ratio::ONE, SimDuration::ZERO);
        match self.deployment {
            Deployment::Rolling => None,
            Deployment::BlueGreen => Some(vec![all]),
            Deployment::Linear => Some(linear(
                self.step_percent.unwrap_or(TEN_PERCENT),
                self.step_bake.unwrap_or_else(|| minutes(6)),
            )),
            Deployment::Canary => {
                let share = self.canary_percent.unwrap_or(FIVE_PERCENT);
                Some(vec![(share, self.canary_bake.unwrap_or_else(|| minutes(10))), all])
            }
        }
    }

    fn bake(&self) -> SimDuration {
        self.bake.unwrap_or(SimDuration::ZERO)
    }

    fn forward(&self, setup: Setup) -> Box<dyn Strategy> {
        match self.shifts() {
            None => Box::new(Tasks::new(self, setup)),
            Some(shifts) => {
                let gates: Arc<[String]> = self.step_gates.clone().into();
                let bake = Step::Wait(self.bake(), self.bake_gates.clone().into());
                let steps = second_fleet(Vec::new(), &shifts, &gates, bake);
                Box::new(Script::new(setup.direction, steps, None))
            }
        }
    }

    /// Fields that the kind of deployment does not have.
    fn check_place(&self) -> Vec<Problem> {
        use Deployment::{BlueGreen, Canary, Linear, Rolling};
        let shifting: &[Deployment] = &[BlueGreen, Linear, Canary];
        let mut problems = Vec::new();
        for (field, is_written, fits) in [
            ("minimum_healthy_percent", self.minimum_healthy_percent.is_some(), &[Rolling][..]),
            ("maximum_percent", self.maximum_percent.is_some(), &[Rolling]),
            ("early_success", self.early_success.is_some(), &[Rolling]),
            ("step_percent", self.step_percent.is_some(), &[Linear]),
            ("step_bake", self.step_bake.is_some(), &[Linear]),
            ("canary_percent", self.canary_percent.is_some(), &[Canary]),
            ("canary_bake", self.canary_bake.is_some(), &[Canary]),
            ("step_gates", !self.step_gates.is_empty(), &[Linear, Canary]),
            ("bake_gates", !self.bake_gates.is_empty(), shifting),
        ] {
            if is_written && !fits.contains(&self.deployment) {
                let message = format!("`{field}` has no place in this kind of deployment");
                let help = "drop it, or write the `deployment` that has it";
                problems.push(Problem::new(field, Some("deployment"), &message, help));
            }
        }
        if self.deployment == BlueGreen && self.bake.is_none() {
            let message = "a blue-green deployment needs `bake`";
            problems.push(Problem::new("bake", None, message, "write `bake = \"10m\"`"));
        }
        problems
    }

    /// The ranges of the API.
    fn check_ranges(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (field, value, least, most, help) in [
            (
                "minimum_healthy_percent",
                self.minimum_healthy_percent,
                Ratio::ZERO,
                Ratio::ONE,
                "write a percentage from \"0%\" to \"100%\"",
            ),
            (
                "maximum_percent",
                self.maximum_percent,
                Ratio::ONE,
                MOST,
                "write a percentage such as \"200%\", at least \"100%\"",
            ),
            (
                "step_percent",
                self.step_percent,
                THREE_PERCENT,
                Ratio::ONE,
                "write a percentage from \"3%\" to \"100%\"",
            ),
            (
                "canary_percent",
                self.canary_percent,
                A_THOUSANDTH,
                Ratio::ONE,
                "write a percentage from \"0.1%\" to \"100%\"",
            ),
        ] {
            if let Some(value) = value.filter(|value| !(least..=most).contains(value)) {
                let message = format!("`{field}` cannot be {}%", value.as_f64() * 100.0);
                problems.push(Problem::new(field, None, &message, help));
            }
        }
        for (field, value) in
            [("step_bake", self.step_bake), ("canary_bake", self.canary_bake), ("bake", self.bake)]
        {
            if value.is_some_and(|value| value > LONGEST_BAKE) {
                let message = format!("`{field}` is more than a day");
                problems.push(Problem::new(field, None, &message, "write 24h or less"));
            }
        }
        problems
    }
}

impl Parameters for Ecs {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        let mut problems = self.check_place();
        problems.extend(self.check_ranges());
        if let Some(early) = self.early_success
            && !(self.percents().0..=Ratio::ONE).contains(&early.healthy_percent)
        {
            let message = "an early success below the minimum, or above 100%";
            let help = "write at least `minimum_healthy_percent`";
            let because = Some("minimum_healthy_percent");
            problems.push(Problem::new("early_success.healthy_percent", because, message, help));
        }
        if let Some(breaker) = self.circuit_breaker
            && breaker.threshold.is_written_zero()
        {
            let message = "a breaker that trips before anything fails";
            let help = "write a count from 1, or a percentage";
            problems.push(Problem::new("circuit_breaker.threshold", None, message, help));
        }
        problems
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        let back = setup.direction == Direction::Back;
        let breaker = self.circuit_breaker.filter(|_| !back).map(|breaker| Breaker {
            threshold: breaker.threshold().failures(setup.desired),
            resets: breaker.reset_on_healthy_task,
        });
        let inner: Box<dyn Strategy> = match self.deployment {
            Deployment::Rolling => self.forward(setup),
            _ if back => Box::new(Back::of_second_fleet()),
            _ => self.forward(setup),
        };
        Box::new(Watched::new(setup.direction, breaker, inner))
    }

    fn default_on_failure(&self) -> OnFailure {
        match self.circuit_breaker {
            Some(breaker) if breaker.rollback => OnFailure::Rollback,
            Some(_) => OnFailure::Abort,
            None => OnFailure::Stall,
        }
    }

    fn default_on_gate_failure(&self) -> OnFailure {
        if self.alarm_rollback { OnFailure::Rollback } else { OnFailure::Abort }
    }

    fn judge(&self) -> Judge {
        Judge::Strategy
    }

    fn ignores_red_gates(&self) -> bool {
        true
    }

    fn advise(&self, desired: u32, _zones: u16) -> Vec<Problem> {
        let mut advice = Vec::new();
        let bounds = self.bounds(desired);
        if self.deployment == Deployment::Rolling && bounds.is_stuck() {
            let message = format!(
                "of {desired} tasks at least {} must be healthy and at most {} may run: no task \
                 may ever start or stop",
                bounds.minimum, bounds.maximum
            );
            let help = "lower `minimum_healthy_percent` or raise `maximum_percent`";
            let because = Some("maximum_percent");
            advice.push(Problem::new("minimum_healthy_percent", because, &message, help));
        }
        if let Some(Threshold::UnboundedPercent(share)) =
            self.circuit_breaker.map(|breaker| breaker.threshold())
            && share.of_rounded_up(desired) != share.of_rounded_down(desired)
        {
            let message = "how ECS rounds an unbounded share of the tasks is not documented; it \
                           is rounded up here";
            let help = "write a count to be sure";
            advice.push(Problem::new("circuit_breaker.threshold", None, message, help));
        }
        let shifts = self.shifts().unwrap_or_default();
        let waits = shifts.iter().fold(self.bake(), |sum, &(_, wait)| sum + wait);
        if waits > LONGEST_PLAN {
            let message = "the plan takes more than 33 hours, which CloudFormation refuses";
            let help = "take larger steps, or shorter bakes";
            advice.push(Problem::new("deployment", None, message, help));
        }
        advice
    }

    fn gates(&self) -> Vec<GateUse> {
        let shifts = self.shifts().unwrap_or_default();
        let wait = shifts.first().map(|&(_, wait)| wait);
        let field = if self.deployment == Deployment::Linear { "step_bake" } else { "canary_bake" };
        let mut uses = GateUse::all("step_gates", &self.step_gates, wait, field);
        let bake = GateUse::all("bake_gates", &self.bake_gates, Some(self.bake()), "bake");
        uses.extend(bake.into_iter().map(|one| one.at_share(Some(Ratio::ONE))));
        uses
    }

    fn has_bounds(&self) -> bool {
        self.deployment == Deployment::Rolling
    }

    fn can_supersede(&self) -> bool {
        self.deployment == Deployment::Rolling
    }
}

#[cfg(test)]
mod tests;
