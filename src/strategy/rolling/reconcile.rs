//! One sync of Kubernetes' Deployment controller, towards any target.

use super::super::{Action, Direction, Pick, Reason, View};

/// The two bounds in instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::strategy) struct Resolved {
    pub(in crate::strategy) unavailable: u32,
    pub(in crate::strategy) surge: u32,
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
}

impl Move {
    /// One direction a call: grow the version that comes, else shrink the one that goes
    /// (`rolloutRolling` in `pkg/controller/deployment/rolling.go`).
    pub(in crate::strategy) fn reconcile(&self, view: &View<'_>) -> Option<Action> {
        self.grow(view).or_else(|| self.shrink(view))
    }

    fn grow(&self, view: &View<'_>) -> Option<Action> {
        let pool = view.pool;
        let (from, to) = (self.direction.from(), self.direction.to());
        let has = pool.desired(to);
        let scale =
            |to_count, reason| Action::Scale { version: to, to: to_count, pick: self.pick, reason };
        if has > self.target {
            return Some(scale(self.target, Reason::new("more than desired")));
        }
        let terminating = if self.counts_terminating { pool.terminating() } else { 0 };
        let limit = view.desired.saturating_add(self.bounds.surge);
        let room = limit.saturating_sub(pool.desired(from) + has + terminating);
        let grow = room.min(self.target - has);
        let reason = Reason::with("room for {} up to {} in all", [room.into(), limit.into(), 0.0]);
        (grow > 0).then(|| scale(has + grow, reason))
    }

    /// Two passes, as in `reconcileOldReplicaSets`: unavailable instances first, which cost no
    /// availability, then as many as availability allows.
    fn shrink(&self, view: &View<'_>) -> Option<Action> {
        let pool = view.pool;
        let (from, to) = (self.direction.from(), self.direction.to());
        let floor = view.desired.saturating_sub(self.target);
        let has = pool.desired(from);
        let removable = has.saturating_sub(floor);
        let least = view.desired.saturating_sub(self.bounds.unavailable);
        let unavailable_new = pool.desired(to).saturating_sub(pool.counts(to).available);
        let spare = (has + pool.desired(to)).saturating_sub(least + unavailable_new);
        if removable == 0 || spare == 0 {
            return None;
        }
        let clean_up = has.saturating_sub(pool.counts(from).available).min(spare).min(removable);
        let available = pool.available().saturating_sub(least);
        let scale_down = available.min(removable - clean_up);
        let to_count = has - clean_up - scale_down;
        let reason = Reason::with(
            "{} unavailable ones and {} that availability can spare, at least {} stay available",
            [clean_up.into(), scale_down.into(), least.into()],
        );
        (to_count < has).then_some(Action::Scale {
            version: from,
            to: to_count,
            pick: self.pick,
            reason,
        })
    }
}
