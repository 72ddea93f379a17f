//! One sync of Kubernetes' Deployment controller, towards any target.

use super::super::{Action, Direction, Pick, Reason, View};

/// The two bounds in instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::strategy) struct Resolved {
    pub(in crate::strategy) unavailable: u32,
    pub(in crate::strategy) surge: u32,
}

impl Resolved {
    /// Bounds `factor` times as wide, the fleet at most, and one instance at least.
    pub(in crate::strategy) fn times(self, factor: f64, desired: u32) -> Self {
        if factor == 1.0 {
            return self;
        }
        // An absolute surge above the fleet is legal, so growth must not cut it.
        let grown = |count: u32| ((f64::from(count) * factor) as u32).min(desired.max(count));
        let (unavailable, surge) = (grown(self.unavailable), grown(self.surge));
        if unavailable == 0 && surge == 0 {
            return Self { unavailable: 1, surge: 0 };
        }
        Self { unavailable, surge }
    }
}

/// Which of several versions that go is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::strategy) enum Leave {
    /// The oldest, as Kubernetes has it.
    OldestFirst,
    /// The one superseded before it was whole, as Argo Rollouts has it.
    MiddleFirst,
}

/// Towards so many instances of the version that comes, within bounds.
#[derive(Clone, Copy, Debug)]
pub(in crate::strategy) struct Move {
    pub(in crate::strategy) direction: Direction,
    /// Instances that may run the version that comes.
    pub(in crate::strategy) target: u32,
    pub(in crate::strategy) bounds: Resolved,
    pub(in crate::strategy) pick: Pick,
    /// Whether terminating instances take room under the surge bound.
    pub(in crate::strategy) counts_terminating: bool,
    pub(in crate::strategy) leave: Leave,
}

impl Move {
    /// One direction a call: grow the version that comes, else shrink those that go
    /// (`rolloutRolling` in `pkg/controller/deployment/rolling.go`).
    pub(in crate::strategy) fn reconcile(&self, view: &View<'_>) -> Vec<Action> {
        match self.grow(view) {
            Some(action) => vec![action],
            None => self.shrink(view),
        }
    }

    fn grow(&self, view: &View<'_>) -> Option<Action> {
        let (pool, to) = (view.pool, self.direction.to());
        let has = pool.desired(to);
        let scale =
            |to_count, reason| Action::Scale { version: to, to: to_count, pick: self.pick, reason };
        if has > self.target {
            return Some(scale(self.target, Reason::new("more than desired")));
        }
        let terminating = if self.counts_terminating { pool.terminating() } else { 0 };
        let limit = view.desired.saturating_add(self.bounds.surge);
        let room = limit.saturating_sub(pool.desired_in_all() + terminating);
        let grow = room.min(self.target - has);
        let reason = Reason::with("room for {} up to {} in all", [room.into(), limit.into(), 0.0]);
        (grow > 0).then(|| scale(has + grow, reason))
    }

    /// Two passes, as in `reconcileOldReplicaSets`: unavailable instances first, which cost no
    /// availability, then as many as availability allows; in both the oldest version first
    /// unless told otherwise.
    fn shrink(&self, view: &View<'_>) -> Vec<Action> {
        let (pool, to) = (view.pool, self.direction.to());
        let mut from = self.direction.from().to_vec();
        if self.leave == Leave::MiddleFirst {
            from.reverse();
        }
        let least = view.desired.saturating_sub(self.bounds.unavailable);
        let has = self.direction.leaving(|version| pool.desired(version));
        let removable = has.saturating_sub(view.desired.saturating_sub(self.target));
        let unavailable_new = pool.desired(to).saturating_sub(pool.counts(to).available);
        let spare = (has + pool.desired(to)).saturating_sub(least + unavailable_new);
        let mut may_clean = spare.min(removable);
        if may_clean == 0 {
            return Vec::new();
        }
        let cleaned: Vec<u32> = from
            .iter()
            .map(|&version| {
                let unavailable =
                    pool.desired(version).saturating_sub(pool.counts(version).available);
                let clean = unavailable.min(may_clean);
                may_clean -= clean;
                clean
            })
            .collect();
        let clean_up: u32 = cleaned.iter().sum();
        let mut may_go = pool.available().saturating_sub(least).min(removable - clean_up);
        let reason = Reason::with(
            "{} unavailable ones and {} that availability can spare, at least {} stay available",
            [clean_up.into(), may_go.into(), least.into()],
        );
        let mut actions = Vec::new();
        for (&version, clean) in from.iter().zip(cleaned) {
            let left = pool.desired(version) - clean;
            let go = left.min(may_go);
            may_go -= go;
            if clean + go > 0 {
                actions.push(Action::Scale { version, to: left - go, pick: self.pick, reason });
            }
        }
        actions
    }
}
