//! What one evaluation of a task group plans: the counting of `reconcile_cluster.go`, as a
//! function of counts. Which allocations go is by name, the lowest first; allocations of one
//! version are alike, so numbers say it all.

/// The `update` block, as far as an evaluation reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// Destructive updates in flight at once; 0: all at once, without a deployment.
    pub max_parallel: u32,
    /// Extra allocations of the new version before anything else is touched.
    pub canary: u32,
}

/// How the deployment of the new version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployment {
    /// There is none yet.
    None,
    /// It goes on.
    Running,
    /// A person has paused it.
    Paused,
    /// It has failed, or was cancelled.
    Failed,
}

/// What the change of the job asks of a running allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// An update that does not stop it.
    InPlace,
    /// Another one in its place.
    Destructive,
}

/// A task group as an evaluation finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Allocations wanted.
    pub count: u32,
    /// The `update` block, if there is one.
    pub update: Option<Update>,
    /// What the job's change means for `old` ones.
    pub change: Change,
    /// The deployment.
    pub deployment: Deployment,
    /// Whether its canaries were promoted.
    pub is_promoted: bool,
    /// Running allocations of the version before.
    pub old: u32,
    /// Allocations of the new version that are no canaries.
    pub new: u32,
    /// Canaries.
    pub canaries: u32,
    /// Of the new ones and canaries, those whose health is not known.
    pub unknown: u32,
    /// Of them, those that are unhealthy and not replaced.
    pub unhealthy: u32,
    /// Allocations of any sort on nodes that are lost; not in `old` or `new`.
    pub lost: u32,
    /// Those on nodes that are drained; not in `old` or `new`.
    pub draining: u32,
    /// Failed ones that stay where they are.
    pub failed: u32,
    /// Failed ones whose time to be rescheduled has come.
    pub rescheduled: u32,
}

impl Group {
    /// A group of running allocations without an update.
    pub const STEADY: Self = Self {
        count: 0,
        update: None,
        change: Change::None,
        deployment: Deployment::None,
        is_promoted: false,
        old: 0,
        new: 0,
        canaries: 0,
        unknown: 0,
        unhealthy: 0,
        lost: 0,
        draining: 0,
        failed: 0,
        rescheduled: 0,
    };
}

/// What an evaluation plans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// New allocations that take no old one's place on the spot, canaries among them.
    pub place: u32,
    /// Canaries that are missing; those that this plan places are among `place`.
    pub canary: u32,
    /// Old ones stopped and replaced.
    pub destructive: u32,
    /// Old ones updated where they run.
    pub in_place: u32,
    /// Drained ones placed anew elsewhere.
    pub migrate: u32,
    /// Allocations that are stopped without being updated.
    pub stop: u32,
    /// Of them, old ones whose names promoted canaries have.
    pub superseded: u32,
    /// Of them, those above the count, the old ones first.
    pub removed: u32,
    /// Of them, canaries that nobody promoted.
    pub withdrawn: u32,
    /// Allocations that stay as they are.
    pub ignore: u32,
    /// Canaries that the deployment asks for.
    pub desired_canaries: u32,
    /// Whether a deployment begins.
    pub creates_deployment: bool,
    /// Whether the deployment has done all it was to do.
    pub is_successful: bool,
}

/// How many destructive updates an evaluation may begin: `computeUnderProvisionedBy`. `group` has
/// something to update destructively.
#[must_use]
pub fn limit(group: &Group) -> u32 {
    let Some(update) = group.update.filter(|update| update.max_parallel > 0) else {
        return u32::MAX;
    };
    let is_held = matches!(group.deployment, Deployment::Paused | Deployment::Failed);
    if is_held || group.awaits_promotion() || group.unhealthy > 0 {
        return 0;
    }
    update.max_parallel.saturating_sub(group.unknown)
}

impl Group {
    /// Whether canaries have to be promoted before anything else is touched.
    fn awaits_promotion(&self) -> bool {
        let wants = self.update.is_some_and(|update| update.canary > 0);
        wants && !self.is_promoted && self.change == Change::Destructive && self.old > 0
    }

    /// What one evaluation plans.
    #[must_use]
    pub fn evaluate(&self) -> Plan {
        let mut plan = Plan::default();
        let is_held = matches!(self.deployment, Deployment::Paused | Deployment::Failed);
        let mut canaries = self.canaries;
        if self.deployment == Deployment::Failed && !self.is_promoted {
            plan.withdrawn = std::mem::take(&mut canaries);
        }
        let promoted = if self.is_promoted { canaries } else { 0 };
        // Once they have stopped, the names are the canaries' alone.
        let all = self.old + self.new + promoted;
        plan.superseded = promoted.min(self.old).min(all.saturating_sub(self.count));
        let mut old = self.old - plan.superseded;
        // Too many: drained ones first, then the rest.
        let settled = self.new + promoted + self.failed + self.rescheduled;
        let mut extra = (old + settled + self.draining).saturating_sub(self.count);
        plan.migrate = self.draining - self.draining.min(extra);
        extra -= self.draining - plan.migrate;
        let old_ones = old.min(extra);
        let new_ones = self.new.min(extra - old_ones);
        old -= old_ones;
        plan.removed = old_ones + new_ones;
        let kept_new = self.new - new_ones;
        let missing = self.count.saturating_sub(old + settled - new_ones + plan.migrate);
        let is_ready = !is_held && !self.awaits_promotion();
        let fresh = if is_ready { missing } else { missing.min(self.lost) };
        plan.canary = self.missing_canaries(is_held, old);
        // One plan places no more of them than the group counts.
        plan.place = fresh + plan.migrate + self.rescheduled + plan.canary.min(self.count);
        plan.stop = plan.superseded
            + plan.withdrawn
            + plan.removed
            + self.lost
            + self.draining
            + self.rescheduled;
        match self.change {
            Change::Destructive => plan.destructive = old.min(limit(self)),
            Change::InPlace => plan.in_place = old,
            Change::None => {}
        }
        let kept = old - plan.destructive - plan.in_place;
        plan.ignore = kept + kept_new + canaries + self.failed;
        self.judge(&mut plan, old, promoted);
        plan
    }

    /// Canaries that are wanted and not there.
    fn missing_canaries(&self, is_held: bool, old: u32) -> u32 {
        let wanted = self.update.map_or(0, |update| update.canary);
        let is_wanted = self.awaits_promotion() && !is_held && old > 0;
        if is_wanted { wanted.saturating_sub(self.canaries) } else { 0 }
    }

    fn judge(&self, plan: &mut Plan, old: u32, promoted: u32) {
        let update = self.update.filter(|update| update.max_parallel > 0);
        let is_changed = old > 0 && self.change != Change::None;
        plan.desired_canaries = if self.change == Change::Destructive && is_changed {
            update.map_or(0, |update| update.canary)
        } else {
            0
        };
        let is_none = self.deployment == Deployment::None;
        plan.creates_deployment =
            update.is_some() && is_none && (is_changed || (self.old == 0 && plan.place > 0));
        let is_still = plan.place + plan.destructive == 0 && old == 0;
        plan.is_successful = update.is_some()
            && self.unknown + self.unhealthy == 0
            && is_still
            && self.new + promoted >= self.count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window that slides: each allocation that turns healthy lets one more begin.
    #[test]
    fn every_healthy_one_lets_one_more_begin() {
        for (unknown, unhealthy, destructive) in [(4, 0, 0), (3, 0, 1), (0, 0, 4), (0, 1, 0)] {
            let group = Group {
                count: 10,
                update: Some(Update { max_parallel: 4, canary: 0 }),
                change: Change::Destructive,
                deployment: Deployment::Running,
                old: 6,
                new: 4,
                unknown,
                unhealthy,
                ..Group::STEADY
            };
            assert_eq!(group.evaluate().destructive, destructive, "{unknown} {unhealthy}");
        }
    }
}
