//! How Argo Rollouts turns bounds and weights into pods.
//!
//! The rules are those of `utils/replicaset/canary.go` and `utils/replicaset/replicaset.go` of
//! argoproj/argo-rollouts, restated in exact arithmetic.

use crate::strategy::rolling::Bounds;
use crate::units::{CountOrPercent, Ratio};

/// The weight scale of most routers: `trafficRouting.maxTrafficWeight` where it is not given.
pub const MAX_WEIGHT: u32 = 100;

/// Both bounds in pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fenceposts {
    /// Pods beyond the desired count.
    pub max_surge: u32,
    /// Pods of the desired count that may be missing.
    pub max_unavailable: u32,
}

/// Surge rounds up, unavailability down; where both come to nothing one pod may be unavailable,
/// and never more than there are.
#[must_use]
pub fn fenceposts(
    max_surge: CountOrPercent,
    max_unavailable: CountOrPercent,
    replicas: u32,
) -> Fenceposts {
    let resolved = Bounds { max_unavailable, max_surge }.resolve(replicas);
    Fenceposts { max_surge: resolved.surge, max_unavailable: resolved.unavailable.min(replicas) }
}

/// Pods of the two ReplicaSets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Of the version that comes.
    pub canary: u32,
    /// Of the version that goes.
    pub stable: u32,
}

/// A possible division: so many canary pods out of so many in all.
#[derive(Clone, Copy)]
struct Division {
    canary: u32,
    total: u32,
}

impl Division {
    /// How far its share is from `weight`, times `max_weight` and its total.
    fn distance(self, weight: u32, max_weight: u32) -> u64 {
        let is = u64::from(max_weight) * u64::from(self.canary);
        is.abs_diff(u64::from(weight) * u64::from(self.total))
    }

    fn is_nearer(self, than: Self, weight: u32, max_weight: u32) -> bool {
        let own = u128::from(self.distance(weight, max_weight)) * u128::from(than.total);
        own < u128::from(than.distance(weight, max_weight)) * u128::from(self.total)
    }
}

/// The counts whose share comes nearest to `weight` out of `max_weight` where nothing routes by
/// weight: of `replicas` pods, or of one more where a surge is allowed.
///
/// A side with some weight gets a pod, unless there is but one and no surge. Where no division is
/// left, which is with no surge and a product that ends in one half just below the whole, the
/// canary gets nothing: a weight of 95 on 10 pods asks for 0.
#[must_use]
pub fn approximate(replicas: u32, weight: u32, max_surge: u32, max_weight: u32) -> Counts {
    if replicas == 0 {
        return Counts { canary: 0, stable: 0 };
    }
    let product = u64::from(replicas) * u64::from(weight);
    let up = product.div_ceil(u64::from(max_weight)) as u32;
    let down = (product / u64::from(max_weight)) as u32;
    // The share lies exactly between two counts, where the larger one is preferred.
    let is_tied = |total: u32| {
        let doubled = 2 * u64::from(total) * u64::from(weight);
        doubled % (2 * u64::from(max_weight)) == u64::from(max_weight)
    };
    let is_zero_allowed = weight == 0 || weight == max_weight || (replicas == 1 && max_surge == 0);
    let is_down_allowed = |total| !is_tied(total) && (down > 0 || is_zero_allowed);
    let mut options = Vec::with_capacity(4);
    if up < replicas || is_zero_allowed {
        options.push(Division { canary: up, total: replicas });
    }
    if is_down_allowed(replicas) {
        options.push(Division { canary: down, total: replicas });
    }
    if max_surge > 0 {
        let total = replicas + 1;
        options.push(Division { canary: up, total });
        if is_down_allowed(total) {
            options.push(Division { canary: down, total });
        }
    }
    let none = Division { canary: 0, total: replicas };
    let nearest = options
        .into_iter()
        .reduce(|best, one| if one.is_nearer(best, weight, max_weight) { one } else { best });
    let Division { canary, total } = nearest.unwrap_or(none);
    Counts { canary, stable: total - canary }
}

/// Pods for a weight that a router honours: its share of `replicas`, rounded up.
#[must_use]
pub fn replicas_for(weight: u32, replicas: u32, max_weight: u32) -> u32 {
    (u64::from(weight) * u64::from(replicas)).div_ceil(u64::from(max_weight)) as u32
}

/// The weight that so many of `replicas` pods can carry, rounded down; 0 of none.
#[must_use]
pub fn weight_for(pods: u32, replicas: u32, max_weight: u32) -> u32 {
    let product = u64::from(max_weight) * u64::from(pods);
    product.checked_div(u64::from(replicas)).unwrap_or(0) as u32
}

/// One ReplicaSet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// Its desired count.
    pub spec: u32,
    /// Pods that are available.
    pub available: u32,
}

/// Whether enough of the canary is available for its step to be done
/// (`replicaProgressThreshold`; none: it has exactly its `desired` pods, all of them available).
#[must_use]
pub fn has_enough(set: Set, desired: u32, threshold: Option<CountOrPercent>) -> bool {
    match threshold {
        None => set.spec == desired && set.available == desired,
        Some(CountOrPercent::Count(pods)) => set.available >= pods,
        Some(CountOrPercent::Percent(share)) => {
            let needed = u128::from(share.billionths()) * u128::from(desired);
            u128::from(set.available) * u128::from(Ratio::ONE.billionths()) >= needed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows that the real function was run for.
    #[test]
    fn small_canaries_are_larger_than_their_weight() {
        for (replicas, weight, surge, canary, stable) in [
            (3, 1, 1, 1, 3),
            (1, 1, 1, 1, 1),
            (10, 95, 0, 0, 10),
            (2, 75, 0, 0, 2),
            (10, 18, 1, 2, 9),
            (10, 24, 1, 3, 8),
            (1, 50, 0, 1, 0),
            (0, 50, 1, 0, 0),
        ] {
            let counts = approximate(replicas, weight, surge, MAX_WEIGHT);
            assert_eq!(counts, Counts { canary, stable }, "{replicas} {weight} {surge}");
        }
    }
}
