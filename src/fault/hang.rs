//! `hang`: processes keep their connections and answer nothing.
//!
//! # What it does
//! The processes in the scope stop working and stay up: they accept connections, fill their slots
//! and queues, and answer nobody. When the fault ends they go on with what they hold. Probes wait
//! for an answer and fail by their timeouts; nothing else tells that the process is sick.
//!
//! # When it hurts
//! A balancer that counts requests in flight turns away from a hung endpoint; one that takes turns
//! feeds it. Without a client's timeout requests wait for the end of the fault; with one they fail,
//! and a liveness probe is what brings the process back.
//!
//! # Parameters
//! - `version` ("old" or "new"), `zone` (or region), `share` of the instances: whom it befalls;
//!   default: all.
//! - `at` ("0s"), `duration` ("none": for good), `probability` (1).
//!
//! # Worked example
//! `version = "new"`, `duration = "30s"`: a request that a new instance got 10 s into the fault is
//! answered 20 s later and the time that its service takes.

use serde::Deserialize;

use super::{Effect, Fault, Kind, Problem, Scope, parse, share};
use crate::units::{Ratio, Version};

pub(super) const KIND: Kind = Kind {
    name: "hang",
    summary: "processes keep their connections and answer nothing",
    source: include_str!("hang.rs"),
    parse: parse::<Hang>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hang {
    #[serde(default)]
    version: Option<Version>,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    share: Option<Ratio>,
}

impl Fault for Hang {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::Hang]
    }

    fn scope(&self) -> Scope {
        Scope { version: self.version, zone: self.zone.clone(), share: self.share }
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
        let scope = Scope { version: Some(Version::New), ..everywhere() };
        assert_eq!(injected(KIND, "version = \"new\""), (vec![Effect::Hang], scope));
    }
}
