//! `latency`: services take longer.
//!
//! # What it does
//! Services that start on the instances in the scope while the fault lasts take so many times as
//! long; what is in service already ends as planned.
//!
//! # When it hurts
//! Slower services hold their slots longer: at twice the service time an instance has half the
//! capacity. A fleet at 60% load is overloaded by a factor of two, and clients that retry make it
//! worse.
//!
//! # Parameters
//! - `factor` (required): service time over what it would be.
//! - `version` ("old" or "new"), `zone` (or region), `share` of the instances: whom it befalls;
//!   default: all.
//! - `at` ("0s"), `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! `factor = 2`: 64 slots of 32 ms serve 2,000 requests/s; of 64 ms, 1,000.

use serde::Deserialize;

use super::{Effect, Fault, Kind, Problem, Scope, parse, positive, share};
use crate::units::{Ratio, Version};

pub(super) const KIND: Kind = Kind {
    name: "latency",
    summary: "services take longer",
    source: include_str!("latency.rs"),
    parse: parse::<Latency>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    factor: f64,
    #[serde(default)]
    version: Option<Version>,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    share: Option<Ratio>,
}

impl Fault for Latency {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::Slowness(self.factor)]
    }

    fn scope(&self) -> Scope {
        Scope { version: self.version, zone: self.zone.clone(), share: self.share }
    }

    fn check(&self) -> Vec<Problem> {
        positive("factor", self.factor).into_iter().chain(share("share", self.share)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        assert_eq!(injected(KIND, "factor = 2"), (vec![Effect::Slowness(2.0)], everywhere()));
        assert_eq!(wrong(KIND, "factor = 0"), ["factor"]);
    }
}
