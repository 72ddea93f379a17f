//! What did it cost? From a run's record to its metrics, one file per family.
//!
//! This room knows the definitions of the metrics. It must not know how they are shown.

mod better;
mod capacity;
mod catalog;
mod duration;
mod error_budget;
mod exposure;
mod latency;
mod requests;
mod synthetic;

pub use better::Better;
pub use catalog::{Asked, HEADLINE, METRICS, Metric, MetricKind, Metrics, position};
pub use error_budget::error_budget;

use crate::sim::{Plan, Run};

/// One metric's value in one run; none where the run does not define it.
type Value = (&'static str, Option<f64>);

/// A family of metrics.
type Family = fn(&Plan, &Run) -> Vec<Value>;

/// Every family. Gates have none yet: what is not simulated is not reported.
const FAMILIES: &[Family] = &[
    duration::measure,
    requests::measure,
    error_budget::measure,
    capacity::measure,
    latency::measure,
    exposure::measure,
    synthetic::measure,
];

/// Every metric of a run.
#[must_use]
pub fn measure(plan: &Plan, run: &Run) -> Metrics {
    let mut values = vec![None; METRICS.len()];
    for (name, value) in FAMILIES.iter().flat_map(|family| family(plan, run)) {
        if let Some(index) = METRICS.iter().position(|metric| metric.name == name) {
            values[index] = value.filter(|value| value.is_finite());
        }
    }
    Metrics::new(values)
}

/// `part / whole`; none of nothing.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
