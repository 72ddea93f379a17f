//! `slow-start`: starts take longer.
//!
//! # What it does
//! Each step of a start (waiting for a machine, download, deploy, boot) that begins while the fault
//! lasts takes so many times as long; steps under way end as planned.
//!
//! # When it hurts
//! A rollout is as long as its starts: at three times the start it takes three times as long, and
//! what is out is out for longer. Deadlines that fit the usual start are missed although nothing is
//! wrong.
//!
//! # Parameters
//! - `factor` (required): duration of a step over what it would be.
//! - `version` ("old" or "new"), `zone` (or region), `share` of the instances: whom it befalls;
//!   default: all.
//! - `at` ("0s"), `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! `factor = 3`: a boot of 20 s that begins meanwhile takes 60 s.

use serde::Deserialize;

use super::{Effect, Fault, Kind, Problem, Scope, parse, positive, share};
use crate::units::{Ratio, Version};

pub(super) const KIND: Kind = Kind {
    name: "slow-start",
    summary: "starts take longer",
    source: include_str!("slow_start.rs"),
    parse: parse::<SlowStart>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SlowStart {
    factor: f64,
    #[serde(default)]
    version: Option<Version>,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    share: Option<Ratio>,
}

impl Fault for SlowStart {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::StartSlowness(self.factor)]
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
        assert_eq!(injected(KIND, "factor = 3"), (vec![Effect::StartSlowness(3.0)], everywhere()));
        assert_eq!(wrong(KIND, "factor = nan"), ["factor"]);
    }
}
