//! Rules about instances: how many, how they start, when they are ready, how they stop.

use std::collections::BTreeMap;

use super::range::{at_least_one, finite, out_of_range, period, without_effect};
use super::scope::{Issue, Scope};
use crate::scenario::file::{FleetFile, ReadinessFile, ScenarioFile, ShutdownFile, StartupFile};
use crate::scenario::rule;

/// Most instances of a fleet.
pub(in crate::scenario) const MOST_INSTANCES: u32 = 1_000_000;

pub(super) fn fleet(scope: &mut Scope<'_, '_>, fleet: &FleetFile) {
    match fleet.instances {
        Some(instances) if !(1..=MOST_INSTANCES).contains(&instances) => {
            let message =
                format!("`fleet.instances` must be from 1 to {MOST_INSTANCES}, not `{instances}`");
            scope.raise(Issue::new(rule::OUT_OF_RANGE, "fleet.instances", message));
        }
        Some(_) => {}
        None => scope.raise(
            Issue::new(rule::MISSING_KEY, "fleet.instances", "`fleet.instances` is missing")
                .help("say how many instances the fleet has: `instances = 12` under `[fleet]`"),
        ),
    }
    if fleet.zones.is_empty() {
        let issue = Issue::new(rule::ZONES, "fleet.zones", "`fleet.zones` needs at least one zone");
        scope.raise(issue.help("leave it out for a single zone"));
    }
    if fleet.zones.len() > usize::from(u16::MAX) {
        let message = format!("`fleet.zones` has more than {} zones", u16::MAX);
        scope.raise(Issue::new(rule::ZONES, "fleet.zones", message));
        return;
    }
    let mut seen = BTreeMap::new();
    for (index, zone) in fleet.zones.iter().enumerate() {
        let path = format!("fleet.zones.{index}");
        if zone.split('/').any(str::is_empty) || zone.split('/').count() > 2 {
            let message = format!("`{zone}` is not the name of a zone");
            let issue = Issue::new(rule::ZONES, &path, message);
            scope.raise(issue.help("write `a`, or `eu/a` for zone a of region eu"));
        } else if let Some(first) = seen.insert(zone, index) {
            let message = format!("zone `{zone}` is named twice");
            let issue = Issue::new(rule::ZONES, &path, message);
            scope.raise(issue.because(&format!("fleet.zones.{first}"), "first here"));
        }
    }
}

pub(super) fn startup(scope: &mut Scope<'_, '_>, startup: &StartupFile) {
    finite(scope, "startup.contention", startup.contention);
    let speed = startup.warmup.speed;
    if !(speed > 0.0 && speed <= 1.0) {
        out_of_range(scope, "startup.warmup.speed", "a number above 0 and at most 1", speed);
        return;
    }
    if startup.warmup.duration.is_zero() {
        if speed < 1.0 {
            without_effect(
                scope,
                "startup.warmup.speed",
                Some("startup.warmup.duration"),
                "the warm-up takes no time",
                "set `startup.warmup.duration`",
            );
        }
    } else if speed >= 1.0 {
        without_effect(
            scope,
            "startup.warmup.duration",
            Some("startup.warmup.speed"),
            "the warm-up begins at full speed",
            "set `startup.warmup.speed` below 1",
        );
    }
}

pub(super) fn readiness(scope: &mut Scope<'_, '_>, readiness: &ReadinessFile) {
    at_least_one(scope, "readiness.success_threshold", readiness.success_threshold);
    at_least_one(scope, "readiness.failure_threshold", readiness.failure_threshold);
    if !readiness.period.is_zero() {
        period(scope, "readiness.period", readiness.period);
    }
    if let Some(attempts) = readiness.start_attempts {
        at_least_one(scope, "readiness.start_attempts", attempts);
    }
    if readiness.deadline <= readiness.min_ready {
        let (deadline, min_ready) = (readiness.deadline, readiness.min_ready);
        let message = format!(
            "`readiness.deadline` ({deadline}) must be longer than `readiness.min_ready` \
             ({min_ready})"
        );
        let help = "every instance would miss the deadline before it counts as available";
        let issue = if scope.is_written("readiness.deadline") {
            Issue::new(rule::DEADLINE, "readiness.deadline", message)
                .because("readiness.min_ready", "ready this long before it counts as available")
        } else {
            Issue::new(rule::DEADLINE, "readiness.min_ready", message)
        };
        scope.raise(issue.help(help));
    }
}

pub(super) fn probes(scope: &mut Scope<'_, '_>, file: &ScenarioFile) {
    if let Some(liveness) = &file.liveness {
        period(scope, "liveness.period", liveness.period);
        at_least_one(scope, "liveness.failure_threshold", liveness.failure_threshold);
    }
    if let Some(probe) = &file.startup_probe {
        period(scope, "startup_probe.period", probe.period);
        at_least_one(scope, "startup_probe.failure_threshold", probe.failure_threshold);
    }
}

pub(super) fn shutdown(scope: &mut Scope<'_, '_>, shutdown: &ShutdownFile) {
    if shutdown.pre_stop > shutdown.grace {
        let (pre_stop, grace) = (shutdown.pre_stop, shutdown.grace);
        let message =
            format!("`shutdown.pre_stop` ({pre_stop}) is longer than `shutdown.grace` ({grace})");
        scope.raise(
            Issue::new(rule::GRACE, "shutdown.pre_stop", message)
                .because("shutdown.grace", "killed after this")
                .help("the instance is killed before it stops accepting; raise `grace`"),
        );
    }
}
