//! Argo's canary with a traffic router: one reconcile.
//!
//! Sizes are those of `CalculateReplicaCountsForTrafficRoutedCanary` in
//! `utils/replicaset/canary.go`, weights those of `rollout/trafficrouting.go`.

use super::step::{self, Step};
use super::weights::{Set, has_enough, replicas_for, weight_for};
use crate::units::{CountOrPercent, SimDuration};

/// What stays the same during a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Desired count of the fleet.
    pub replicas: u32,
    /// The router's weight scale.
    pub max_weight: u32,
    /// Whether the stable side shrinks as its weight does.
    pub dynamic_stable_scale: bool,
    /// Lower bound of a side that is not empty, where there is one.
    pub min_pods: Option<u32>,
    /// `abort_scale_down_delay` if it is given, 0 meaning never.
    pub abort_delay: Option<SimDuration>,
    /// How much of the canary is enough; none: all.
    pub threshold: Option<CountOrPercent>,
}

/// What one reconcile sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The step under way; the number of steps after the last.
    pub step: usize,
    /// Whether the rollout was aborted.
    pub is_aborted: bool,
    /// Whether a person skips what is left of the steps.
    pub is_promoted_in_full: bool,
    /// The version that comes.
    pub canary: Set,
    /// The version that goes.
    pub stable: Set,
    /// The canary's weight as the router has it; none: the router was never set.
    pub weight: Option<u32>,
}

/// How large the canary is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Pods(u32),
    Weight(u32),
}

impl Policy {
    fn pods_for(&self, weight: u32) -> u32 {
        replicas_for(weight, self.replicas, self.max_weight)
    }

    /// No fewer than the lower bound, where there are any at all, and that is no higher than the
    /// fleet.
    fn at_least(&self, pods: u32) -> u32 {
        let least = self.min_pods.unwrap_or(0).min(self.replicas);
        if pods == 0 { 0 } else { pods.max(least) }
    }

    fn never_scales_down_aborted(&self) -> bool {
        self.abort_delay.is_some_and(SimDuration::is_zero)
    }

    /// The weight that an aborted rollout goes back to next: the last of the steps' weights whose
    /// pods are fewer than what the canary must still carry, 0 where there is none. An explicit
    /// delay keeps the canary's size, which then says nothing about its load.
    #[must_use]
    pub fn weight_after_abort(&self, steps: &[Step], canary: Set, stable: Set) -> u32 {
        if !self.dynamic_stable_scale {
            return 0;
        }
        let is_kept = self.abort_delay.is_some_and(|delay| !delay.is_zero());
        let missing = self.replicas.saturating_sub(stable.available);
        let carried = if is_kept { missing } else { missing.max(canary.available) };
        let mut weights = steps.iter().rev().filter_map(|step| match step {
            Step::SetWeight(weight) if self.pods_for(*weight) < carried => Some(*weight),
            _ => None,
        });
        weights.next().unwrap_or(0)
    }

    /// The weight that the steps ask for, or going back does.
    #[must_use]
    pub fn weight_wanted(&self, steps: &[Step], state: &State) -> u32 {
        if state.is_promoted_in_full {
            self.max_weight
        } else if state.is_aborted {
            self.weight_after_abort(steps, state.canary, state.stable)
        } else {
            step::weight_at(steps, state.step, self.max_weight)
        }
    }

    fn size(&self, steps: &[Step], state: &State) -> Size {
        let has_steps =
            !state.is_promoted_in_full && (!state.is_aborted || self.never_scales_down_aborted());
        let scale = step::scale_at(steps, state.step).filter(|_| has_steps);
        match scale.map(|scale| (scale.replicas, scale.weight)) {
            Some((Some(pods), _)) => Size::Pods(pods),
            Some((None, Some(weight))) => Size::Weight(weight),
            _ => Size::Weight(self.weight_wanted(steps, state)),
        }
    }

    /// Desired count of the canary, `weight` being what the router was given in this reconcile.
    #[must_use]
    pub fn canary(&self, steps: &[Step], state: &State, weight: Option<u32>) -> u32 {
        let pods = match self.size(steps, state) {
            Size::Pods(pods) => pods,
            Size::Weight(weight) => self.at_least(self.pods_for(weight)),
        };
        if !self.dynamic_stable_scale {
            return pods;
        }
        let carried = weight.filter(|_| state.is_aborted).map_or(0, |weight| self.pods_for(weight));
        self.at_least(pods.max(carried))
    }

    /// Desired count of the stable side, by the weight of the reconcile before.
    #[must_use]
    pub fn stable(&self, steps: &[Step], state: &State) -> u32 {
        if !self.dynamic_stable_scale {
            return self.replicas;
        }
        let rest = |weight: u32| self.pods_for(self.max_weight.saturating_sub(weight));
        // A size in pods stands for no weight, so the stable side keeps everything.
        let wanted = match self.size(steps, state) {
            Size::Pods(_) => rest(0),
            Size::Weight(weight) => rest(weight),
        };
        self.at_least(wanted.max(state.weight.map_or(0, rest)))
    }

    /// Whether the canary has what its step wants.
    #[must_use]
    pub fn is_canary_there(&self, steps: &[Step], state: &State) -> bool {
        let desired = self.canary(steps, state, state.weight);
        state.canary.spec == desired && has_enough(state.canary, desired, self.threshold)
    }

    /// The canary's weight after this reconcile: it never leads the pods, and it stays as it is
    /// where the stable side could not carry the rest.
    #[must_use]
    pub fn weight(&self, steps: &[Step], state: &State) -> u32 {
        let has = state.weight.unwrap_or(0);
        let able = |pods| weight_for(pods, self.replicas, self.max_weight);
        let next = if state.is_aborted {
            let wanted = self.weight_after_abort(steps, state.canary, state.stable);
            let can_carry = able(state.stable.available) >= self.max_weight - wanted;
            match self.dynamic_stable_scale {
                true if can_carry => wanted.min(has),
                true => has,
                false => 0,
            }
        } else if state.canary.available == 0 {
            0
        } else if state.is_promoted_in_full {
            if self.dynamic_stable_scale { able(state.canary.available) } else { has }
        } else if self.is_canary_there(steps, state) {
            step::weight_at(steps, state.step, self.max_weight)
        } else {
            step::weight_before(steps, state.step)
        };
        let left = u64::from(self.max_weight.saturating_sub(next));
        let needed = left * u64::from(self.replicas) / u64::from(self.max_weight);
        if u64::from(state.stable.available) >= needed { next } else { has }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        replicas: 10,
        max_weight: 100,
        dynamic_stable_scale: true,
        min_pods: None,
        abort_delay: None,
        threshold: None,
    };

    const fn set(count: u32) -> Set {
        Set { spec: count, available: count }
    }

    /// Two rows of the controller's own test of aborts: the delay, given, keeps the canary's pods,
    /// which must not hold its weight up.
    #[test]
    fn an_aborted_weight_goes_back_by_steps() {
        let steps = [Step::SetWeight(10), Step::SetWeight(50)];
        assert_eq!(POLICY.weight_after_abort(&steps, set(5), set(9)), 10);
        let delay = Some(SimDuration::from_secs(30));
        let kept = Policy { abort_delay: delay, ..POLICY };
        assert_eq!(kept.weight_after_abort(&steps, set(5), set(9)), 0);
    }

    #[test]
    fn a_weight_waits_for_its_pods() {
        let steps = [Step::SetWeight(20), Step::SetWeight(50)];
        let state = State {
            step: 1,
            is_aborted: false,
            is_promoted_in_full: false,
            canary: Set { spec: 5, available: 2 },
            stable: set(10),
            weight: Some(20),
        };
        assert_eq!(POLICY.weight(&steps, &state), 20);
        let there = State { canary: set(5), ..state };
        assert_eq!(POLICY.weight(&steps, &there), 50);
        let short = State { stable: set(4), ..there };
        assert_eq!(POLICY.weight(&steps, &short), 20, "the stable side could not carry the rest");
    }
}
