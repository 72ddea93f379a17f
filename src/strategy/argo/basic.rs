//! Argo's canary without a traffic router: one reconcile.
//!
//! `CalculateReplicaCountsForBasicCanary` in `utils/replicaset/canary.go`.

use super::weights::{Counts, Fenceposts, MAX_WEIGHT, Set, approximate};

/// What one reconcile sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The version that comes.
    pub canary: Set,
    /// The version that goes; none at a first deploy.
    pub stable: Option<Set>,
    /// Desired counts of still older versions together.
    pub older: u32,
}

/// What is wanted in the end for a weight of 100; without a stable version all of it is canary,
/// whatever the weight.
#[must_use]
pub fn wanted(replicas: u32, weight: u32, fenceposts: Fenceposts, has_stable: bool) -> Counts {
    if has_stable {
        approximate(replicas, weight, fenceposts.max_surge, MAX_WEIGHT)
    } else {
        Counts { canary: replicas, stable: 0 }
    }
}

/// The side that is drained and the one that is kept.
#[derive(Clone, Copy)]
struct Sides {
    drained: Set,
    kept: Set,
    drained_to: i64,
    kept_at: i64,
}

/// The desired counts that one reconcile comes to, on its way to `weight` of 100. Terminating
/// pods are in no desired count, so they are not seen.
#[must_use]
pub fn counts(replicas: u32, weight: u32, fenceposts: Fenceposts, state: State) -> Counts {
    let want = wanted(replicas, weight, fenceposts, state.stable.is_some());
    let has_stable = state.stable.is_some();
    let stable_set = state.stable.unwrap_or_default();
    let most = i64::from(replicas) + i64::from(fenceposts.max_surge);
    let has = state.canary.spec + stable_set.spec;
    let room = most - i64::from(has) - i64::from(state.older);
    // The stable side grows first, into whatever room there is.
    let (mut canary, mut stable) = (i64::from(state.canary.spec), i64::from(stable_set.spec));
    let stable_grows = (i64::from(want.stable) - stable).clamp(0, room.max(0));
    stable += stable_grows;
    let canary_grows = (i64::from(want.canary) - canary).clamp(0, (room - stable_grows).max(0));
    canary += canary_grows;
    if state.older > 0 {
        return whole(canary, stable);
    }

    let least = i64::from(replicas) - i64::from(fenceposts.max_unavailable);
    let is_increasing = want.canary >= state.canary.spec;
    // The side that is drained counts by its desired count, so that its broken pods do not hold
    // the other side up.
    let counted = |set: Set, by_spec: bool| {
        i64::from(if by_spec { set.spec } else { set.available.min(set.spec) })
    };
    let usable = counted(state.canary, !is_increasing) + counted(stable_set, is_increasing);
    if usable <= least {
        return whole(canary, stable);
    }
    let may_go = usable - least;
    let drain = |set: Set, to: u32, at: i64| {
        if set.spec > to { i64::from(to).max(i64::from(set.spec) - may_go) } else { at }
    };
    if !is_increasing {
        let drained_to = drain(state.canary, want.canary, canary);
        let sides = Sides { drained: state.canary, kept: stable_set, drained_to, kept_at: stable };
        (canary, stable) = if has_stable { clip(sides, most, least) } else { (drained_to, 0) };
    } else if has_stable {
        let drained_to = drain(stable_set, want.stable, stable);
        let sides = Sides { drained: stable_set, kept: state.canary, drained_to, kept_at: canary };
        (stable, canary) = clip(sides, most, least);
    }
    whole(canary, stable)
}

/// Keeps both within the surge: the side that is kept gives way first, but not below what
/// availability needs, then the drained one.
fn clip(sides: Sides, most: i64, least: i64) -> (i64, i64) {
    let Sides { drained, kept, drained_to, kept_at } = sides;
    let kept_available = i64::from(kept.available);
    let cut = kept_at - (kept_at + drained_to - most).max(0);
    let available = i64::from(drained.available).min(drained_to) + kept_available.min(cut);
    let given_back = (kept_available - cut).max(0).min((least - available).max(0));
    let kept_at = cut + given_back;
    (drained_to - (kept_at + drained_to - most).max(0), kept_at)
}

fn whole(canary: i64, stable: i64) -> Counts {
    Counts { canary: canary.max(0) as u32, stable: stable.max(0) as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 pods, a quarter each way, weights of 20, 50 and 100: what the real function was run
    /// for, one ReplicaSet a reconcile, every pod available at once.
    #[test]
    fn capacity_goes_down_before_a_canary_exists() {
        let fenceposts = Fenceposts { max_surge: 3, max_unavailable: 2 };
        let (mut canary, mut stable, mut path) = (0, 10, Vec::new());
        for weight in [20, 50, 100] {
            loop {
                let set = |count| Set { spec: count, available: count };
                let state = State { canary: set(canary), stable: Some(set(stable)), older: 0 };
                let next = counts(10, weight, fenceposts, state);
                if next.stable != stable {
                    stable = next.stable;
                } else if next.canary != canary {
                    canary = next.canary;
                } else {
                    break;
                }
                path.push((canary, stable));
            }
        }
        let recorded = [(0, 8), (2, 8), (2, 6), (5, 6), (5, 5), (5, 3), (10, 3), (10, 0)];
        assert_eq!(path, recorded);
    }

    #[test]
    fn a_first_deploy_knows_no_weights() {
        let fenceposts = Fenceposts { max_surge: 1, max_unavailable: 0 };
        let state = State { canary: Set::default(), stable: None, older: 0 };
        assert_eq!(counts(10, 5, fenceposts, state), Counts { canary: 10, stable: 0 });
    }
}
