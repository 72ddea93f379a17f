//! One allocation of the new version, from the moment it is placed until its health is known.

use super::super::View;
use super::{HealthCheck, Nomad};
use crate::fleet::State;
use crate::units::{InstanceId, SimDuration, SimTime};

/// How often an allocation is looked at whose process has not begun yet.
const POLL: SimDuration = SimDuration::from_secs(1);

/// The longest delay before a replacement.
const LONGEST_DELAY: SimDuration = SimDuration::from_secs(3600);

/// An allocation whose health is not known, or that is unhealthy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allocation {
    pub(super) stage: Stage,
    pub(super) is_canary: bool,
    /// Replacements before this one.
    pub(super) attempts: u32,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It waits until the one before it has fully stopped.
    WaitsFor(InstanceId),
    /// Nothing keeps it from starting.
    Placed,
    /// It was asked for at this moment.
    Launched(SimTime),
    /// It runs since then.
    Running(InstanceId, SimTime),
    /// It was found unhealthy, and is replaced at this moment; none: never.
    Unhealthy(InstanceId, Option<SimTime>),
}

/// What is known of the health of one that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Healthy,
    Unhealthy,
    /// Nothing yet; it may be known at this moment.
    Unknown(SimTime),
}

impl Allocation {
    pub(super) const fn placed(stage: Stage, is_canary: bool) -> Self {
        Self { stage, is_canary, attempts: 0 }
    }

    pub(super) const fn is_unhealthy(&self) -> bool {
        matches!(self.stage, Stage::Unhealthy(..))
    }
}

impl Nomad {
    /// What the client says of an allocation that runs since `since`.
    pub(super) fn health(&self, view: &View<'_>, id: InstanceId, since: SimTime) -> Health {
        let one = view.pool.get(id);
        let until = since + self.healthy_deadline;
        let is_running = matches!(one.state, State::Booting | State::Probing | State::Ready);
        let healthy_from = match self.health_check {
            HealthCheck::Checks => one.is_ready.then_some(one.ready_from),
            HealthCheck::TaskStates => is_running.then_some(one.boot_from),
            HealthCheck::Manual => None,
        };
        let healthy_at = healthy_from.map(|from| from + self.healthy_time());
        if healthy_at.is_some_and(|at| at <= view.now) {
            return Health::Healthy;
        }
        if !one.state.is_active() || (view.now >= until && self.has_deadline()) {
            return Health::Unhealthy;
        }
        let polls = self.health_check == HealthCheck::TaskStates && !is_running;
        let next = healthy_at.or_else(|| polls.then(|| view.now + POLL)).unwrap_or(SimTime::MAX);
        Health::Unknown(if self.has_deadline() { next.min(until) } else { next })
    }

    /// Whether an allocation can be too late.
    fn has_deadline(&self) -> bool {
        self.health_check != HealthCheck::Manual
    }

    /// When an unhealthy allocation is replaced; none if its attempts are used up.
    pub(super) fn replaced_at(&self, now: SimTime, attempts: u32) -> Option<SimTime> {
        let is_left = self.reschedule_attempts.is_none_or(|most| attempts < most);
        let doubled = 1_u64.checked_shl(attempts).unwrap_or(u64::MAX);
        let delay = self.reschedule_delay.as_nanos().saturating_mul(doubled);
        let delay = SimDuration::from_nanos(delay).min(LONGEST_DELAY.max(self.reschedule_delay));
        is_left.then(|| now + delay)
    }
}
