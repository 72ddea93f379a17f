//! `probe-blind`: probes pass whatever the state.
//!
//! # What it does
//! Readiness and liveness probes of the instances in the scope pass as soon as the process is up:
//! one that is overloaded or hangs stays ready, and one that could never serve becomes ready and
//! answers every request with an error. The balancer's own check is as blind.
//!
//! # When it hurts
//! Health checks that look at a static page let a broken release through: the rollout completes,
//! and users see errors. Only a gate on what users see, or a deeper probe, stops it.
//!
//! # Parameters
//! - `version` ("old" or "new"), `zone` (or region), `share` of the instances: whom it befalls;
//!   default: all.
//! - `at` (from the beginning), `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! With `release.never_ready = 1` a rolling update stalls in its first batch. With blind probes it
//! completes, and every request fails.

use serde::Deserialize;

use super::{Begin, Effect, Fault, Kind, Problem, Scope, parse, share};
use crate::units::{Ratio, Version};

pub(super) const KIND: Kind = Kind {
    name: "probe-blind",
    summary: "probes pass whatever the state",
    source: include_str!("probe_blind.rs"),
    parse: parse::<ProbeBlind>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbeBlind {
    #[serde(default)]
    version: Option<Version>,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    share: Option<Ratio>,
}

impl Fault for ProbeBlind {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::ProbesPass]
    }

    fn scope(&self) -> Scope {
        Scope { version: self.version, zone: self.zone.clone(), share: self.share }
    }

    fn begin(&self) -> Begin {
        Begin::Always
    }

    fn check(&self) -> Vec<Problem> {
        share("share", self.share).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        assert_eq!(injected(KIND, ""), (vec![Effect::ProbesPass], everywhere()));
    }
}
