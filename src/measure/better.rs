//! Which way is a metric better, is it a part of a whole, and of what is it counted? What limits
//! and comparisons need to know.

use super::Metric;

/// The better side of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Less is better: time, failures, cost.
    Lower,
    /// More is better: availability, capacity.
    Higher,
}

/// Metrics of which more is better.
const HIGHER: [&str; 6] =
    ["ok", "availability", "ready_min", "capacity_min", "headroom_min", "synthetic_success_rate"];

/// Metrics that say what happened or what stood before the rollout, and are good or bad by nothing
/// that they say themselves.
const NEITHER: [&str; 9] = [
    "requests",
    "attempts",
    "error_rate_baseline",
    "latency_p95_baseline_s",
    "exposed_requests",
    "steps",
    "canary_divergence",
    "sessions",
    "rolled_back",
];

/// Metrics that are a part of a whole.
const SHARES: [&str; 9] = [
    "availability",
    "error_rate_baseline",
    "error_rate",
    "ready_min",
    "capacity_min",
    "slow_fraction",
    "rolled_back",
    "migration_error_rate",
    "synthetic_success_rate",
];

/// Metrics of requests that say nothing where none was sent, besides those called `failed` and the
/// reason.
const OF_REQUESTS: [&str; 15] = [
    "ok",
    "attempts",
    "availability",
    "error_rate",
    "error_rate_delta",
    "error_budget_spent",
    "burn_rate_max",
    "latency_p50_s",
    "latency_p95_s",
    "latency_p99_s",
    "latency_p95_ratio",
    "slow_fraction",
    "exposed_requests",
    "exposed_failures",
    "migration_error_rate",
];

impl Metric {
    /// The name of the metric that counts what this one is about: where that is 0, this one says
    /// nothing, even if it is 0 itself. None if it is about nothing that is counted.
    #[must_use]
    pub fn counted_of(&self) -> Option<&'static str> {
        let is_failures = self.name.starts_with("failed") && self.name != "failed_steps";
        match self.name {
            "sessions_lost" => Some("sessions"),
            name if is_failures || OF_REQUESTS.contains(&name) => Some("requests"),
            _ => None,
        }
    }

    /// Whether it lies between 0 and 1, whatever the run.
    #[must_use]
    pub fn is_share(&self) -> bool {
        SHARES.contains(&self.name)
    }

    /// The better side; none where neither is.
    #[must_use]
    pub fn better(&self) -> Option<Better> {
        if NEITHER.contains(&self.name) {
            None
        } else if HIGHER.contains(&self.name) {
            Some(Better::Higher)
        } else {
            Some(Better::Lower)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::METRICS;

    #[test]
    fn every_name_is_a_metric() {
        for name in HIGHER.iter().chain(&NEITHER).chain(&SHARES).chain(&OF_REQUESTS) {
            assert!(METRICS.iter().any(|metric| metric.name == *name), "{name}");
        }
        let metric = |name| METRICS.iter().find(|metric| metric.name == name).expect("a metric");
        assert_eq!(metric("capacity_min").better(), Some(Better::Higher));
        assert_eq!(metric("duration_s").better(), Some(Better::Lower));
        assert_eq!(metric("steps").better(), None);
    }

    #[test]
    fn what_counts_says_of_what() {
        for (name, expected) in [
            ("failed", Some("requests")),
            ("failed_by_crash", Some("requests")),
            ("failed_steps", None),
            ("requests", None),
            ("sessions_lost", Some("sessions")),
            ("capacity_min", None),
        ] {
            let metric = METRICS.iter().find(|metric| metric.name == name).expect("a metric");
            assert_eq!(metric.counted_of(), expected, "{name}");
        }
    }
}
