//! What became of the requests: counts by cause, by charge and by phase.

use super::{Value, share};
use crate::sim::{Plan, Run};
use crate::traffic::{Cause, Charge, Phase, Tally};

/// The metric of each cause, in the order of [`Cause`].
const BY_CAUSE: [&str; Cause::COUNT] = [
    "failed_error",
    "failed_overloaded",
    "failed_refused",
    "failed_no_endpoint",
    "failed_timeout",
    "failed_aborted",
];

/// The metric of each charge, in the order of [`Charge`].
const BY_CHARGE: [&str; Charge::COUNT] = [
    "failed_by_drain_race",
    "failed_by_crash",
    "failed_by_overload",
    "failed_by_cold_start",
    "failed_by_bad_release",
    "failed_by_mixed_versions",
    "failed_by_dependency",
    "failed_by_injected_fault",
];

/// The metric of each phase, in the order of [`Phase`].
const BY_PHASE: [&str; Phase::COUNT] =
    ["failed_in_rolling_out", "failed_in_baking", "failed_in_rolling_back", "failed_in_settling"];

pub(super) fn measure(_plan: &Plan, run: &Run) -> Vec<Value> {
    let tally = &run.traffic.window;
    let failed = tally.requests - tally.ok;
    let count = |value: u64| Some(value as f64);
    let during = share(failed, tally.requests);
    let before = error_rate(&run.traffic.baseline);
    let migration = run.traffic.migration;
    let delta = before.filter(|&rate| rate > 0.0).zip(during);
    let mut values = vec![
        ("requests", count(tally.requests)),
        ("ok", count(tally.ok)),
        ("failed", count(failed)),
        ("attempts", count(tally.attempts)),
        ("availability", share(tally.ok, tally.requests)),
        ("error_rate_baseline", before),
        ("error_rate", during),
        ("error_rate_delta", delta.map(|(before, during)| (during - before) / before)),
        ("migration_error_rate", share(migration.failed, migration.requests)),
        ("sessions", count(run.traffic.sessions)),
        ("sessions_lost", count(run.traffic.sessions_lost)),
    ];
    values.extend(counts(&BY_CAUSE, &tally.failed_cause));
    values.extend(counts(&BY_CHARGE, &tally.failed_charge));
    values.extend(counts(&BY_PHASE, &tally.failed_phase));
    values
}

fn counts(names: &[&'static str], counts: &[u64]) -> Vec<Value> {
    names.iter().zip(counts).map(|(&name, &count)| (name, Some(count as f64))).collect()
}

fn error_rate(tally: &Tally) -> Option<f64> {
    share(tally.requests - tally.ok, tally.requests)
}
