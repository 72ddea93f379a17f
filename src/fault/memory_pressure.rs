//! `memory-pressure`: a zone without memory for all evicts.
//!
//! # What it does
//! Each zone has memory for so many instances of the old version; one of the new takes
//! `release.memory_factor` times as much. Memory is taken from the beginning of the boot until the
//! process is gone. When it is not enough, processes are evicted until it is: of the new version
//! first where that takes more than the old, the newest first. An evicted process is restarted as
//! after a crash.
//!
//! # When it hurts
//! A release that needs 20% more memory fits the fleet and does not fit the surge: the more
//! instances there are at once, the more are evicted, each with what it has in flight.
//!
//! # Parameters
//! - `zone_memory` (required): memory of a zone, in instances of the old version.
//! - `zone` (or region): where; default: everywhere.
//! - `at` (from the beginning), `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! `zone_memory = 13`, ten old instances and a new version of 1.2: three surge instances need 13.6,
//! so one is evicted; two need 12.4 and stay.

use serde::Deserialize;

use super::{Begin, Effect, Fault, Kind, Problem, Scope, parse};
use crate::units::Ratio;

pub(super) const KIND: Kind = Kind {
    name: "memory-pressure",
    summary: "a zone without memory for all evicts",
    source: include_str!("memory_pressure.rs"),
    parse: parse::<MemoryPressure>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemoryPressure {
    zone_memory: f64,
    #[serde(default)]
    zone: Option<String>,
}

impl Fault for MemoryPressure {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::Memory(Ratio::from_f64(self.zone_memory).unwrap_or(Ratio::ZERO))]
    }

    fn scope(&self) -> Scope {
        Scope { zone: self.zone.clone(), ..Scope::default() }
    }

    fn begin(&self) -> Begin {
        Begin::Always
    }

    fn check(&self) -> Vec<Problem> {
        let is_fit = Ratio::from_f64(self.zone_memory).is_some() && self.zone_memory > 0.0;
        let problem = Problem {
            field: "zone_memory",
            because: None,
            message: format!("must be a number of instances, not `{}`", self.zone_memory),
            help: "say how many instances of the old version fit into a zone",
        };
        (!is_fit).then_some(problem).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        let effects = vec![Effect::Memory(of(13.0))];
        assert_eq!(injected(KIND, "zone_memory = 13"), (effects, everywhere()));
        for text in ["zone_memory = 0", "zone_memory = -1", "zone_memory = inf"] {
            assert_eq!(wrong(KIND, text), ["zone_memory"], "{text}");
        }
    }
}
