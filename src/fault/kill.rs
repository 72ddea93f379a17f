//! `kill`: processes die at once and stay down.
//!
//! # What it does
//! The processes in the scope die with what they have in flight, and boot again when the fault
//! ends. Instances that start meanwhile wait for the end before they boot.
//!
//! # When it hurts
//! As the loss of a rack or a node pool does: all at once, and for as long as it takes to replace.
//! With a short `duration` it is a mass restart; the herd of boots then contends.
//!
//! # Parameters
//! - `version` ("old" or "new"), `zone` (or region), `share` of the instances: whom it befalls;
//!   default: all.
//! - `at` ("0s"), `duration` ("none": for good), `probability` (1).
//!
//! # Worked example
//! `share = "25%"` of twelve: three instances, drawn at random, die at once.

use serde::Deserialize;

use super::{Effect, Fault, Kind, Problem, Scope, parse, share};
use crate::units::{Ratio, Version};

pub(super) const KIND: Kind = Kind {
    name: "kill",
    summary: "processes die at once and stay down",
    source: include_str!("kill.rs"),
    parse: parse::<Kill>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kill {
    #[serde(default)]
    version: Option<Version>,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    share: Option<Ratio>,
}

impl Fault for Kill {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::Down]
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
        let scope = Scope { share: Some(of(0.25)), ..everywhere() };
        assert_eq!(injected(KIND, "share = \"25%\""), (vec![Effect::Down], scope));
        assert_eq!(wrong(KIND, "share = 1.5"), ["share"]);
    }
}
