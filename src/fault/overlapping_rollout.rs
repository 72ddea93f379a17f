//! `overlapping-rollout`: a third version supersedes the second in the middle of the rollout.
//!
//! # What it does
//! Somebody releases again before the rollout has ended: a third version, without the defects of
//! the second, takes over. The strategy begins anew towards it, with instances of both earlier
//! versions still there. Once the rollout has ended it does nothing.
//!
//! # When it hurts
//! The fleet is half way between two versions and goes on to a third: more versions are mixed, and
//! for longer; what the second had already started is thrown away. A lock on rollouts avoids it.
//!
//! # Parameters
//! - `at` ("0s"), `probability` (1).
//!
//! # Worked example
//! `at = "1m"`, `probability = 0.1` in a rollout of five minutes: in one of ten runs the third
//! version sets out a minute after the second.

use serde::Deserialize;

use super::{Effect, Fault, Kind, parse};

pub(super) const KIND: Kind = Kind {
    name: "overlapping-rollout",
    summary: "a third version supersedes the second in the middle of the rollout",
    source: include_str!("overlapping_rollout.rs"),
    parse: parse::<OverlappingRollout>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OverlappingRollout {}

impl Fault for OverlappingRollout {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::Supersede]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        assert_eq!(injected(KIND, ""), (vec![Effect::Supersede], everywhere()));
    }
}
