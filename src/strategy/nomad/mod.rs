//! `nomad`: a window that slides over the allocations of a job, as Nomad's scheduler and its
//! deployment watcher do it.
//!
//! # What it does
//! Keeps `max_parallel` destructive updates in flight: stops an allocation, starts its successor
//! when it is gone, and goes on with the next as soon as one of the new is healthy. Nothing is
//! added beside what is there, except canaries: those start first, wait for nothing, and hold up
//! all else until they are promoted; then the old ones of the same names stop at once. An
//! allocation that is not healthy in time is unhealthy: nothing more begins until it is replaced.
//!
//! # When it hurts
//! Capacity is short by up to `max_parallel` all along, since a successor waits until the old one
//! has fully stopped; a promotion takes `canary` old ones at one stroke, and `max_parallel` more;
//! one allocation that flaps keeps its slot of the window until a deadline.
//!
//! # Parameters
//! - `max_parallel` (1): updates in flight; 0: all at once, without a deployment.
//! - `health_check` ("checks"): healthy is what passes its checks; "task-states": whose process
//!   runs; "manual": what a person calls so, by `promote`.
//! - `min_healthy_time` ("10s"): so long without a break; a restart or a failed check begins it
//!   anew. `healthy_deadline` ("5m"): unhealthy if that has not been by then, from its start.
//! - `progress_deadline` ("10m"): the deployment fails when no allocation has become healthy for
//!   so long; each that does moves it. "0s": the first unhealthy one fails it.
//! - `canary` (0), `auto_promote` (false): without it a person promotes healthy canaries.
//! - `auto_revert` (false): a failed deployment goes back to the version before at the same pace,
//!   without canaries; else what is replaced stays, and only canaries go.
//! - `reschedule_delay` ("30s", doubling up to an hour) and `reschedule_attempts` (no limit):
//!   unhealthy allocations are replaced that long after; out of attempts the deployment fails.
//! - `stagger` (none): since Nomad 1.11 another word for `min_healthy_time`, and before that of no
//!   effect on deployments; here it acts only where `min_healthy_time` is not given.
//!
//! # Worked example
//! 3 instances that stop in 5 s and start in 10 s, `max_parallel = 1`: the first old one stops at
//! 0 s, its successor starts at 5 s and is healthy at 25 s, when the next old one stops; complete
//! at 75 s, and never more than 2 of 3 serve until then.

mod allocation;
mod deploy;
mod evaluation;

use serde::Deserialize;

pub use self::evaluation::{Change, Deployment, Group, Plan, Update, limit};

use self::deploy::Deploying;
use super::{Direction, Kind, OnFailure, Parameters, Problem, Setup, Strategy, parse};
use crate::units::SimDuration;

pub(super) const KIND: Kind = Kind {
    name: "nomad",
    summary: "Nomad's window: each successor waits for the one before it to stop",
    source: include_str!("mod.rs"),
    parse: parse::<Nomad>,
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Nomad {
    max_parallel: u32,
    health_check: HealthCheck,
    min_healthy_time: Option<SimDuration>,
    healthy_deadline: SimDuration,
    progress_deadline: SimDuration,
    canary: u32,
    auto_promote: bool,
    auto_revert: bool,
    reschedule_delay: SimDuration,
    reschedule_attempts: Option<u32>,
    stagger: Option<SimDuration>,
}

/// What makes an allocation healthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum HealthCheck {
    Checks,
    TaskStates,
    Manual,
}

impl Default for Nomad {
    fn default() -> Self {
        Self {
            max_parallel: 1,
            health_check: HealthCheck::Checks,
            min_healthy_time: None,
            healthy_deadline: SimDuration::from_secs(300),
            progress_deadline: SimDuration::from_secs(600),
            canary: 0,
            auto_promote: false,
            auto_revert: false,
            reschedule_delay: SimDuration::from_secs(30),
            reschedule_attempts: None,
            stagger: None,
        }
    }
}

impl Nomad {
    fn healthy_time(&self) -> SimDuration {
        self.min_healthy_time.or(self.stagger).unwrap_or(SimDuration::from_secs(10))
    }
}

impl Parameters for Nomad {
    /// The rules of `UpdateStrategy.Validate` in `nomad/structs/structs.go`.
    fn check(&self, _desired: u32) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |field: &str, because: Option<&str>, message: &str, help: &str| {
            problems.push(Problem::new(field, because, message, help));
        };
        if self.healthy_time() >= self.healthy_deadline {
            let message = "an allocation would have to be healthy before it may count as that";
            let help = "let `healthy_deadline` be longer than `min_healthy_time`";
            wrong("healthy_deadline", Some("min_healthy_time"), message, help);
        }
        let progress = self.progress_deadline;
        if !progress.is_zero() && self.healthy_deadline >= progress {
            let message = "the deployment would fail before an allocation is given up";
            let help = "let `progress_deadline` be longer than `healthy_deadline`, or \"0s\"";
            wrong("progress_deadline", Some("healthy_deadline"), message, help);
        }
        if self.auto_promote && self.canary == 0 {
            let help = "write `canary = 1`, or drop `auto_promote`";
            wrong("auto_promote", Some("canary"), "there is no canary to promote", help);
        }
        if self.canary > 0 && self.max_parallel == 0 {
            let message = "without `max_parallel` there is no deployment, and no canary";
            wrong("canary", Some("max_parallel"), message, "write `max_parallel = 1`");
        }
        problems
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        let is_back = setup.direction == Direction::Back;
        // A version that was stable before comes back without canaries.
        let canary = if is_back { 0 } else { self.canary };
        Box::new(Deploying::new(Self { canary, ..self.clone() }, setup.direction))
    }

    fn default_on_failure(&self) -> OnFailure {
        if self.auto_revert { OnFailure::Rollback } else { OnFailure::Abort }
    }

    fn stands_alone(&self) -> bool {
        true
    }

    fn keeps_deadline(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
