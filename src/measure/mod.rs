//! What did it cost? From a run's record to its metrics, one file per family.
//!
//! This room knows the definitions of the metrics. It must not know how they are shown.

mod catalog;

pub use catalog::{METRICS, Metric, MetricKind, Metrics};
