//! One generator or key per (seed, replication, purpose): distinct by construction.

use rand::rngs::{ChaCha8Rng, Xoshiro256PlusPlus};
use rand::{Rng, SeedableRng};

/// What a number is drawn for. The discriminant is part of every result: append, never reorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Time from one request to the next.
    Interarrival = 1,
    /// Service demand of a request.
    Demand = 2,
    /// Which version and endpoint a request goes to.
    Route = 3,
    /// Whether a request fails by the release's error rate.
    Failure = 4,
    /// Phases of bursty arrivals.
    Burst = 5,
    /// Which user a request belongs to.
    User = 6,
    /// Length of a session.
    SessionLength = 7,
    /// Routing of a retry or redispatch.
    RetryRoute = 8,
    /// Jitter of a client's back-off.
    RetryJitter = 9,
    /// Whether a retry fails by the release's error rate.
    RetryFailure = 10,
    /// Errors of requests of a session that crosses versions.
    MixedFailure = 11,
    /// Which requests are copied, and to whom.
    Mirror = 12,
    /// Scheduling, machine or quota wait of a start.
    Provision = 20,
    /// Artifact download of a start.
    Pull = 21,
    /// Boot of a start.
    Boot = 22,
    /// Whether a start crashes.
    StartFailure = 23,
    /// When within its boot a failing start crashes.
    StartFailureMoment = 24,
    /// Whether an instance never passes its probe.
    NeverReady = 25,
    /// Time from ready to a crash.
    CrashAfter = 26,
    /// Deploy time of a replacement in place.
    Deploy = 27,
    /// Lag of the balancer behind an endpoint's change.
    BalancerLag = 28,
    /// Lag of the balancer behind a switch of versions.
    SwitchLag = 29,
    /// Whether an answer fails by an injected fault.
    FaultFailure = 40,
    /// Whether an answer fails by a dependency's ceiling.
    DependencyFailure = 41,
    /// Whether a fault happens in a run at all.
    FaultHappens = 42,
    /// Whom a fault befalls.
    FaultScope = 43,
    /// When an instance crashes by a fault's rate.
    FaultCrash = 44,
    /// Whether a probe fails by chance.
    ProbeFlap = 45,
    /// What a synthetic check draws.
    Synthetic = 46,
    /// Where in the space of the factors a sensitivity analysis looks, and its bootstrap.
    Design = 47,
}

/// The root of all chance of one replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    /// `simulation.seed`.
    pub seed: u64,
    /// The replication's number, from 0.
    pub replication: u64,
}

impl Seed {
    /// A sequential generator for `purpose`, to be advanced in one fixed order.
    #[must_use]
    pub fn stream(self, purpose: Purpose) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::from_rng(&mut self.expand(purpose))
    }

    /// A key for draws in any order.
    #[must_use]
    pub fn key(self, purpose: Purpose) -> Key {
        let mut source = self.expand(purpose);
        Key { entity: source.next_u64(), draw: source.next_u64() }
    }

    /// Four words are the whole ChaCha key, so different (seed, replication, purpose) cannot
    /// collide.
    fn expand(self, purpose: Purpose) -> ChaCha8Rng {
        let mut key = [0u8; 32];
        for (chunk, word) in key.chunks_exact_mut(8).zip([
            self.seed,
            purpose as u64,
            0x726f_6c6c_7369_6d31,
            self.replication,
        ]) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        ChaCha8Rng::from_seed(key)
    }
}

/// Counter-based chance: a draw is a function of (key, entity, k), whatever was drawn before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    entity: u64,
    draw: u64,
}

impl Key {
    /// 64 uniform bits for draw `k` of `entity`.
    #[must_use]
    pub const fn draw(self, entity: u64, k: u64) -> u64 {
        let stream = mix(self.entity.wrapping_add(entity.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        mix(stream ^ mix(self.draw.wrapping_add(k.wrapping_mul(0xd1b5_4a32_d192_ed03))))
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014; Stafford's variant 13).
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A uniform number strictly between 0 and 1 from 64 bits: 52 of them and a half, so that neither
/// end can be reached.
#[must_use]
pub const fn unit(bits: u64) -> f64 {
    ((bits >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Seed = Seed { seed: 1, replication: 0 };

    #[test]
    fn a_unit_draw_reaches_neither_end() {
        assert!(unit(0) > 0.0);
        assert!(unit(u64::MAX) < 1.0);
    }

    #[test]
    fn purposes_and_replications_are_independent_streams() {
        let first = SEED.stream(Purpose::Demand).next_u64();
        assert_ne!(first, SEED.stream(Purpose::Route).next_u64());
        assert_ne!(first, Seed { seed: 1, replication: 1 }.stream(Purpose::Demand).next_u64());
        assert_eq!(first, SEED.stream(Purpose::Demand).next_u64());
    }

    #[test]
    fn keyed_draws_do_not_depend_on_order() {
        let key = SEED.key(Purpose::Boot);
        let forward: Vec<u64> = (0..100).map(|entity| key.draw(entity, 0)).collect();
        let mut backward: Vec<u64> = (0..100).rev().map(|entity| key.draw(entity, 0)).collect();
        backward.reverse();
        assert_eq!(forward, backward);
        let mut distinct = forward;
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 100);
    }
}
