//! `zone-outage`: every process in a zone dies and stays down.
//!
//! # What it does
//! Every process in the zone dies at once, with what it has in flight. Nothing starts there until
//! the end; then all of them boot again, and what was waiting goes on. The platform sees the
//! processes die at once, the balancer after its lag or its own checks.
//!
//! # When it hurts
//! When the other zones cannot carry the load: a fleet over three zones at 70% load does not
//! survive the loss of one. In the middle of a rollout the instances that the rollout has out are
//! missing too, so a bound that is safe by itself is not safe together with a zone.
//!
//! # Parameters
//! - `zone` (required): the zone, or a region, whose zones all go.
//! - `at` ("0s"), `duration` ("none": for good), `probability` (1).
//!
//! # Worked example
//! `zone = "b"` with `at = "3m"`, `duration = "2m"`, three zones and twelve instances: from 3 min
//! to 5 min after the rollout's start the four instances of zone b are down; then they boot.

use serde::Deserialize;

use super::{Effect, Fault, Kind, Scope, parse};

pub(super) const KIND: Kind = Kind {
    name: "zone-outage",
    summary: "every process in a zone dies and stays down",
    source: include_str!("zone_outage.rs"),
    parse: parse::<ZoneOutage>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneOutage {
    zone: String,
}

impl Fault for ZoneOutage {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::Down]
    }

    fn scope(&self) -> Scope {
        Scope { zone: Some(self.zone.clone()), ..Scope::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        let expected = Scope { zone: Some("b".into()), ..Scope::default() };
        assert_eq!(injected(KIND, "zone = \"b\""), (vec![Effect::Down], expected));
    }
}
