//! `resource-pressure`: starting instances slow those that serve.
//!
//! # What it does
//! While k instances boot in a zone, services that start there take 1 + k x `slowdown` times as
//! long: boots take processor and disk from their neighbours.
//!
//! # When it hurts
//! Too many starts at once: a surge of half the fleet slows the half that has to carry all. Fewer
//! at once (`max_surge`, `max_unavailable`, `startup.max_concurrent`) take longer and cost less.
//!
//! # Parameters
//! - `slowdown` (0.1): by how much each boot slows its zone.
//! - `zone` (or region): where; default: everywhere.
//! - `at` (from the beginning), `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! `slowdown = 0.1` with five boots in a zone: services take 1.5 times as long, so the zone has two
//! thirds of its capacity.

use serde::Deserialize;

use super::{Begin, Effect, Fault, Kind, Problem, Scope, not_negative, parse};

pub(super) const KIND: Kind = Kind {
    name: "resource-pressure",
    summary: "starting instances slow those that serve",
    source: include_str!("resource_pressure.rs"),
    parse: parse::<ResourcePressure>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourcePressure {
    #[serde(default = "tenth")]
    slowdown: f64,
    #[serde(default)]
    zone: Option<String>,
}

const fn tenth() -> f64 {
    0.1
}

impl Fault for ResourcePressure {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::CrowdedStarts(self.slowdown)]
    }

    fn scope(&self) -> Scope {
        Scope { zone: self.zone.clone(), ..Scope::default() }
    }

    fn begin(&self) -> Begin {
        Begin::Always
    }

    fn check(&self) -> Vec<Problem> {
        not_negative("slowdown", self.slowdown).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        assert_eq!(injected(KIND, ""), (vec![Effect::CrowdedStarts(0.1)], everywhere()));
        assert_eq!(wrong(KIND, "slowdown = -0.1"), ["slowdown"]);
    }
}
