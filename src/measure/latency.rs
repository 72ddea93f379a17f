//! How long successes took, from a request's first sending to its final success.

use super::{Value, share};
use crate::sim::{Plan, Run};
use crate::traffic::{Histogram, Tally};
use crate::units::Merge;

pub(super) fn measure(plan: &Plan, run: &Run) -> Vec<Value> {
    let during = all_versions(&run.traffic.window);
    let before = all_versions(&run.traffic.baseline);
    let seconds = |of: &Histogram, quantile: f64| of.quantile(quantile).map(|at| at.as_secs_f64());
    let (p95, p95_before) = (seconds(&during, 0.95), seconds(&before, 0.95));
    let ratio = p95.zip(p95_before).filter(|(_, before)| *before > 0.0);
    let tally = &run.traffic.window;
    let slow = plan.data.slow_threshold.and_then(|_| share(tally.slow, tally.ok));
    vec![
        ("latency_p50_s", seconds(&during, 0.5)),
        ("latency_p95_s", p95),
        ("latency_p99_s", seconds(&during, 0.99)),
        ("latency_p95_baseline_s", p95_before),
        ("latency_p95_ratio", ratio.map(|(during, before)| during / before)),
        ("slow_fraction", slow),
    ]
}

fn all_versions(tally: &Tally) -> Histogram {
    let mut all = tally.latency[0].clone();
    all.merge(&tally.latency[1]);
    all
}
