//! `dependency`: something shared has a ceiling.
//!
//! # What it does
//! Every process, from the beginning of its boot until it is gone, holds `connections_per_instance`
//! of something shared that has `limit`: the connections of a database, say. When they hold more
//! together, what is above is missing everywhere alike: requests on every version fail at the rate
//! 1 - limit / held.
//!
//! # When it hurts
//! A surge multiplies pools: ten old and ten new instances of 19 connections each ask a database of
//! 237 for 380. Requests that have nothing to do with the release fail, on the old version as well.
//!
//! # Parameters
//! - `connections_per_instance` (required): held by one process.
//! - `limit` (required): how many there are.
//! - `at` (from the beginning), `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! 19 connections, `limit = 237`: 12 instances hold 228 and nothing fails; 20 hold 380, and 1 -
//! 237/380 = 38% of the requests fail.

use serde::Deserialize;

use super::{Begin, Effect, Fault, Kind, parse};

pub(super) const KIND: Kind = Kind {
    name: "dependency",
    summary: "something shared has a ceiling",
    source: include_str!("dependency.rs"),
    parse: parse::<Dependency>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dependency {
    connections_per_instance: u32,
    limit: u32,
}

impl Fault for Dependency {
    fn inject(&self) -> Vec<Effect> {
        let (per_instance, limit) = (self.connections_per_instance, self.limit);
        vec![Effect::Connections { per_instance, limit }]
    }

    fn begin(&self) -> Begin {
        Begin::Always
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        let effects = vec![Effect::Connections { per_instance: 19, limit: 237 }];
        let text = "connections_per_instance = 19, limit = 237";
        assert_eq!(injected(KIND, text), (effects, everywhere()));
    }
}
