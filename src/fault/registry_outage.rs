//! `registry-outage`: artifacts cannot be downloaded.
//!
//! # What it does
//! Downloads that begin while the fault lasts wait for its end; those under way are cut off and
//! begin anew then. Processes that only restart need no download, nor do instances replaced in
//! place.
//!
//! # When it hurts
//! The rollout stands still with what it has out: with `max_unavailable` capacity is missing until
//! the registry is back, with surge alone nothing is. A rollback needs the registry too, unless the
//! old instances are still there.
//!
//! # Parameters
//! - `version` ("old" or "new"), `zone` (or region): whose downloads wait; default: all.
//! - `at` ("0s"), `duration` ("none": for good), `probability` (1).
//!
//! # Worked example
//! `duration = "5m"`: an instance launched 30 s after the beginning, whose download takes 10 s, has
//! its artifact after 4 min 40 s.

use serde::Deserialize;

use super::{Effect, Fault, Kind, Scope, parse};
use crate::units::Version;

pub(super) const KIND: Kind = Kind {
    name: "registry-outage",
    summary: "artifacts cannot be downloaded",
    source: include_str!("registry_outage.rs"),
    parse: parse::<RegistryOutage>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistryOutage {
    #[serde(default)]
    version: Option<Version>,
    #[serde(default)]
    zone: Option<String>,
}

impl Fault for RegistryOutage {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::PullsWait]
    }

    fn scope(&self) -> Scope {
        Scope { version: self.version, zone: self.zone.clone(), share: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        assert_eq!(injected(KIND, ""), (vec![Effect::PullsWait], everywhere()));
    }
}
