//! `traffic-spike`: clients send more.
//!
//! # What it does
//! While it lasts clients send `factor` times what they would. The same requests are sent, only
//! sooner: request k is the same in every variant and without the fault.
//!
//! # When it hurts
//! A rollout that keeps 90% of capacity at 80% load fails in a spike of 1.2. Below 1 the factor is
//! a lull, as when traffic is led elsewhere.
//!
//! # Parameters
//! - `factor` (required): the rate over what it would be.
//! - `at` ("0s"), `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! `factor = 1.5`, `at = "1m"`, `duration = "2m"` at 1,000 requests/s: 1,500 from the first to the
//! third minute, 60,000 requests more.

use serde::Deserialize;

use super::{Effect, Fault, Kind, Problem, not_negative, parse};

pub(super) const KIND: Kind = Kind {
    name: "traffic-spike",
    summary: "clients send more",
    source: include_str!("traffic_spike.rs"),
    parse: parse::<TrafficSpike>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrafficSpike {
    factor: f64,
}

impl Fault for TrafficSpike {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::Demand(self.factor)]
    }

    fn check(&self) -> Vec<Problem> {
        not_negative("factor", self.factor).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        assert_eq!(injected(KIND, "factor = 1.5"), (vec![Effect::Demand(1.5)], everywhere()));
        assert_eq!(wrong(KIND, "factor = -1"), ["factor"]);
    }
}
