//! `balancer-lag`: the balancer learns later.
//!
//! # What it does
//! Changes of endpoints and switches of versions that happen while the fault lasts reach the
//! balancer after so many times its lag. Where it has an active check, the pauses between checks
//! that fail or are to succeed grow by the factor.
//!
//! # When it hurts
//! Endpoints that have closed are still sent requests, which are refused: the drain race. A
//! pre-stop that covers the usual lag does not cover this one.
//!
//! # Parameters
//! - `factor` (required): lag over what it would be.
//! - `at` ("0s"), `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! `factor = 5` with a lag of 2 s and a pre-stop of 3 s: requests are sent to a closed door for 7
//! s.

use serde::Deserialize;

use super::{Effect, Fault, Kind, Problem, parse, positive};

pub(super) const KIND: Kind = Kind {
    name: "balancer-lag",
    summary: "the balancer learns later",
    source: include_str!("balancer_lag.rs"),
    parse: parse::<BalancerLag>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BalancerLag {
    factor: f64,
}

impl Fault for BalancerLag {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::BalancerLag(self.factor)]
    }

    fn check(&self) -> Vec<Problem> {
        positive("factor", self.factor).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        assert_eq!(injected(KIND, "factor = 5"), (vec![Effect::BalancerLag(5.0)], everywhere()));
    }
}
