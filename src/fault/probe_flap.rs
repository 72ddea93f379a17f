//! `probe-flap`: probes fail by chance.
//!
//! # What it does
//! Each readiness probe of the instances in the scope fails with probability `rate`, whatever the
//! instance's state. After `failure_threshold` failures in a row it is unready, and the balancer
//! leaves it out, until `success_threshold` successes in a row.
//!
//! # When it hurts
//! With a threshold of one, a tenth of the fleet is out at any time. With three, one probe in a
//! thousand begins such a row; rates of one half take everyone out. A rollout that waits for
//! readiness waits for chance.
//!
//! # Parameters
//! - `rate` (required): probability that a probe fails.
//! - `version` ("old" or "new"), `zone` (or region), `share` of the instances: whom it befalls;
//!   default: all.
//! - `at` ("0s"), `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! `rate = 0.5` with both thresholds 1: an instance is unready half of the time.

use serde::Deserialize;

use super::{Effect, Fault, Kind, Problem, Scope, parse, share};
use crate::units::{Ratio, Version};

pub(super) const KIND: Kind = Kind {
    name: "probe-flap",
    summary: "probes fail by chance",
    source: include_str!("probe_flap.rs"),
    parse: parse::<ProbeFlap>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbeFlap {
    rate: Ratio,
    #[serde(default)]
    version: Option<Version>,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    share: Option<Ratio>,
}

impl Fault for ProbeFlap {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::ProbesFlap(self.rate)]
    }

    fn scope(&self) -> Scope {
        Scope { version: self.version, zone: self.zone.clone(), share: self.share }
    }

    fn check(&self) -> Vec<Problem> {
        share("rate", Some(self.rate)).into_iter().chain(share("share", self.share)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        let effects = vec![Effect::ProbesFlap(of(0.5))];
        assert_eq!(injected(KIND, "rate = 0.5"), (effects, everywhere()));
    }
}
