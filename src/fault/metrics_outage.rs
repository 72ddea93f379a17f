//! `metrics-outage`: gates see nothing.
//!
//! # What it does
//! Scrapes fail: whoever watches metrics sees nothing of what happens meanwhile; users do. Alerts
//! and the budget's watch see nothing either. What a gate makes of that is its `on_no_data`.
//!
//! # When it hurts
//! A gate that passes without data lets a bad release through at the moment when nobody looks; one
//! that fails rolls a good one back.
//!
//! # Parameters
//! - `at` ("0s"), `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! `at = "1m"`, `duration = "5m"`: a gate that looks 3 min after the rollout's start at a window of
//! a minute has no data.

use serde::Deserialize;

use super::{Effect, Fault, Kind, parse};

pub(super) const KIND: Kind = Kind {
    name: "metrics-outage",
    summary: "gates see nothing",
    source: include_str!("metrics_outage.rs"),
    parse: parse::<MetricsOutage>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MetricsOutage {}

impl Fault for MetricsOutage {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::MetricsOut]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        assert_eq!(injected(KIND, ""), (vec![Effect::MetricsOut], everywhere()));
    }
}
