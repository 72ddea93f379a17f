//! `cold-cache`: new processes begin with empty caches.
//!
//! # What it does
//! Each process has a cache. After n successful answers it answers the share `hit_ratio` x (1 -
//! exp(-n / `warm_after`)) of the requests; the rest goes to an origin that all share, takes
//! `miss_factor` times as long, and fails where the origin gets more than `origin_capacity`
//! requests/s: the share above that, of the misses. The fleet that is there at the beginning is
//! warm; a restarted process is cold. Ratios are reckoned anew every second.
//!
//! # When it hurts
//! Replacing many instances at once throws many caches away at once: the origin is overloaded, its
//! failures fill no cache, and the overload outlives the rollout. In small batches each has warmed
//! up before the next goes.
//!
//! # Parameters
//! - `hit_ratio` (0.9): of a warm cache.
//! - `warm_after` (10000): answers until a cache has 63% of that.
//! - `origin_capacity` (required): requests/s.
//! - `miss_factor` (1): service time of a miss over that of a hit.
//! - `at` (from the beginning), `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! 1,000 requests/s at 90% hits load the origin with 100. With half of the fleet cold it gets 550;
//! if it answers 200, 350 of 1,000 requests fail.

use serde::Deserialize;

use super::{Begin, Cache, Effect, Fault, Kind, Problem, not_negative, parse, positive, share};
use crate::units::Ratio;

pub(super) const KIND: Kind = Kind {
    name: "cold-cache",
    summary: "new processes begin with empty caches",
    source: include_str!("cold_cache.rs"),
    parse: parse::<ColdCache>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColdCache {
    #[serde(default = "most")]
    hit_ratio: Ratio,
    #[serde(default = "ten_thousand")]
    warm_after: f64,
    origin_capacity: f64,
    #[serde(default = "one")]
    miss_factor: f64,
}

const fn most() -> Ratio {
    Ratio::from_billionths(900_000_000)
}

const fn ten_thousand() -> f64 {
    10_000.0
}

const fn one() -> f64 {
    1.0
}

impl Fault for ColdCache {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::Cache(Cache {
            hit_ratio: self.hit_ratio,
            warm_after: self.warm_after,
            origin_capacity: self.origin_capacity,
            miss_factor: self.miss_factor,
        })]
    }

    fn begin(&self) -> Begin {
        Begin::Always
    }

    fn check(&self) -> Vec<Problem> {
        let problems = [
            share("hit_ratio", Some(self.hit_ratio)),
            positive("warm_after", self.warm_after),
            not_negative("origin_capacity", self.origin_capacity),
            positive("miss_factor", self.miss_factor),
        ];
        problems.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        let cache = Cache {
            hit_ratio: of(0.9),
            warm_after: 10_000.0,
            origin_capacity: 200.0,
            miss_factor: 1.0,
        };
        let found = injected(KIND, "origin_capacity = 200");
        assert_eq!(found, (vec![Effect::Cache(cache)], everywhere()));
        assert_eq!(wrong(KIND, "origin_capacity = -1, warm_after = 0").len(), 2);
    }
}
