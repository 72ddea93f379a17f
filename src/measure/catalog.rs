//! Every metric, in the order of `runs.csv`.

use serde::{Deserialize, Serialize};

/// What a metric is a number of; decides how it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Whole; never left out.
    Count,
    /// Seconds.
    Seconds,
    /// A share or a ratio, 1 being the whole or "the same".
    Ratio,
    /// Anything else: instance-seconds, money.
    Amount,
}

/// What one wants to know of a metric over many runs; decides how it is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The mean of the runs' values.
    Mean,
    /// The probability of a 1: a run's value is 0 or 1.
    Probability,
    /// Besides the mean of the runs' values, the share of all runs together: each value is a
    /// share of a count, which is the metric of this name.
    ShareOf(&'static str),
}

/// The metrics that one looks at first: those of the table on the terminal, of `--precision` and
/// of comparisons unless others are named.
pub const HEADLINE: [&str; 6] = [
    "duration_s",
    "ready_min",
    "capacity_min",
    "availability",
    "error_budget_spent",
    "latency_p95_ratio",
];

/// The position in [`METRICS`] of the metric called `name`.
#[must_use]
pub fn position(name: &str) -> Option<usize> {
    METRICS.iter().position(|metric| metric.name == name)
}

/// One metric of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name in files.
    pub name: &'static str,
    /// What it is a number of.
    pub kind: MetricKind,
    /// What it says, in a line.
    pub summary: &'static str,
    /// What is asked of it over many runs.
    pub asked: Asked,
}

impl Metric {
    const fn asked(self, asked: Asked) -> Self {
        Self { asked, ..self }
    }
}

/// The metrics of one run, one value for each of [`METRICS`]; none where the run does not define
/// it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    values: Vec<Option<f64>>,
}

impl Metrics {
    /// From one value for each of [`METRICS`].
    #[must_use]
    pub const fn new(values: Vec<Option<f64>>) -> Self {
        Self { values }
    }

    /// In the order of [`METRICS`].
    #[must_use]
    pub fn values(&self) -> &[Option<f64>] {
        &self.values
    }

    /// The value of the metric called `name`; none where the run does not define it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values[position(name)?]
    }
}

const fn metric(name: &'static str, kind: MetricKind, summary: &'static str) -> Metric {
    Metric { name, kind, summary, asked: Asked::Mean }
}

use MetricKind::{Amount, Count, Ratio, Seconds};

/// Every metric, in the order of `runs.csv`.
pub const METRICS: &[Metric] = &[
    metric("duration_s", Seconds, "from the rollout's start to its outcome"),
    metric("drained_s", Seconds, "from the start until the last instance that had to go is gone"),
    metric("requests", Count, "logical requests in the window"),
    metric("ok", Count, "of those, answered with success in time"),
    metric("failed", Count, "of those, failed after all retries"),
    metric("failed_error", Count, "failed: answered with an error"),
    metric("failed_overloaded", Count, "failed: no slot and no room to wait"),
    metric("failed_refused", Count, "failed: nobody listened, or not ready"),
    metric("failed_no_endpoint", Count, "failed: the balancer knew no endpoint"),
    metric("failed_timeout", Count, "failed: the client gave up"),
    metric("failed_aborted", Count, "failed: the instance died with the request in flight"),
    metric("attempts", Count, "attempts by clients, retries included"),
    metric("availability", Ratio, "ok / requests").asked(Asked::ShareOf("requests")),
    metric("error_rate_baseline", Ratio, "failed / requests before the rollout"),
    metric("error_rate", Ratio, "failed / requests in the window")
        .asked(Asked::ShareOf("requests")),
    metric("error_rate_delta", Ratio, "(error_rate - baseline) / baseline"),
    metric("error_budget_spent", Ratio, "share of the SLO window's error budget spent"),
    metric("failed_by_drain_race", Count, "failed on an instance stopping or gone on purpose"),
    metric("failed_by_crash", Count, "failed on an instance that died by itself"),
    metric("failed_by_overload", Count, "failed for want of capacity"),
    metric("failed_by_cold_start", Count, "failed for want of speed of a warming instance"),
    metric("failed_by_bad_release", Count, "failed by the release's own defect"),
    metric("failed_by_mixed_versions", Count, "failed in a session that crossed versions"),
    metric("failed_by_dependency", Count, "failed by a dependency's ceiling"),
    metric("failed_by_injected_fault", Count, "failed by an injected fault"),
    metric("failed_in_rolling_out", Count, "failed, sent while instances or traffic moved"),
    metric("failed_in_baking", Count, "failed, sent while the rollout waited on purpose"),
    metric("failed_in_rolling_back", Count, "failed, sent during the rollback"),
    metric("failed_in_settling", Count, "failed, sent after the outcome"),
    metric("burn_rate_max", Ratio, "highest burn rate of any minute"),
    metric("ready_min", Ratio, "lowest share of desired instances ready and routed to"),
    metric("capacity_min", Ratio, "lowest serving rate over the desired fleet's"),
    metric("headroom_min", Ratio, "lowest capacity / demand"),
    metric("capacity_deficit_s", Amount, "capacity missing, fleet-seconds"),
    metric("latency_p50_s", Seconds, "median latency of successes"),
    metric("latency_p95_s", Seconds, "95th percentile of the latency of successes"),
    metric("latency_p99_s", Seconds, "99th percentile of the latency of successes"),
    metric("latency_p95_baseline_s", Seconds, "95th percentile before the rollout"),
    metric("latency_p95_ratio", Ratio, "latency_p95_s / baseline"),
    metric("slow_fraction", Ratio, "successes slower than slo.latency.threshold")
        .asked(Asked::ShareOf("ok")),
    metric("mixed_s", Seconds, "time in which both versions serve"),
    metric("exposed_requests", Count, "requests answered by the new version"),
    metric("exposed_failures", Count, "of those, failed by it"),
    metric("steps", Count, "batches or steps begun"),
    metric("failed_steps", Count, "of those, failed"),
    metric("rolled_back", Count, "1 if the rollout was rolled back").asked(Asked::Probability),
    metric("detect_s", Seconds, "from the fault's first sign to the decision to act"),
    metric("rollback_s", Seconds, "from that decision until the old version serves everything"),
    metric("canary_divergence", Ratio, "largest 1 - p that any gate computed"),
    metric("surge_instance_s", Amount, "instance-seconds above the desired count"),
    metric("cost", Amount, "price of the extra instance-hours"),
    metric("sessions", Count, "sessions alive in the window"),
    metric("sessions_lost", Count, "of those, lost with their instance"),
    metric("migration_error_rate", Ratio, "failed share while a schema change is active"),
    metric("synthetic_success_rate", Ratio, "share of synthetic checks that passed"),
    metric("page_s", Seconds, "from the rollout's start to the first page"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_metrics() {
        for name in HEADLINE {
            assert!(position(name).is_some(), "{name}");
        }
        for metric in METRICS {
            if let Asked::ShareOf(whole) = metric.asked {
                let whole = METRICS[position(whole).expect("a metric")];
                assert_eq!(whole.kind, MetricKind::Count, "{}", metric.name);
            }
        }
        assert_eq!(position("duration"), None);
    }
}
