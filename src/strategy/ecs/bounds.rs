//! The arithmetic of an ECS service: how many tasks, how many failures.

use crate::units::Ratio;

/// How many tasks a service may have while it is deployed (API reference,
/// `DeploymentConfiguration`: the minimum is rounded up, the maximum down).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskBounds {
    /// The desired count.
    pub desired: u32,
    /// Tasks that must be healthy.
    pub minimum: u32,
    /// Tasks that may be pending or running.
    pub maximum: u32,
}

impl TaskBounds {
    /// The bounds of a service of `desired` tasks with these two percentages.
    #[must_use]
    pub const fn of(desired: u32, minimum: Ratio, maximum: Ratio) -> Self {
        Self {
            desired,
            minimum: minimum.of_rounded_up(desired),
            maximum: maximum.of_rounded_down(desired),
        }
    }

    /// Whether no task may start and none may stop.
    #[must_use]
    pub const fn is_stuck(self) -> bool {
        self.may_start() == 0 && self.may_stop() == 0
    }

    /// New tasks that may start before any old one stops.
    #[must_use]
    pub const fn may_start(self) -> u32 {
        let room = self.maximum.saturating_sub(self.desired);
        if room < self.desired { room } else { self.desired }
    }

    /// Old tasks that may stop before any new one is healthy.
    #[must_use]
    pub const fn may_stop(self) -> u32 {
        self.desired.saturating_sub(self.minimum)
    }
}

/// So many failed tasks trip the circuit breaker (API reference, `ThresholdConfiguration`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// A share of the desired count, at least 3 and at most 200.
    BoundedPercent(Ratio),
    /// A share of the desired count. How it is rounded is not documented; here it is up.
    UnboundedPercent(Ratio),
    /// A count.
    Count(u32),
}

impl Threshold {
    /// The number of failures that trips it in a service of `desired` tasks.
    #[must_use]
    pub const fn failures(self, desired: u32) -> u32 {
        match self {
            Self::BoundedPercent(share) => match share.of_rounded_up(desired) {
                0..3 => 3,
                some @ 3..=200 => some,
                _ => 200,
            },
            Self::UnboundedPercent(share) => share.of_rounded_up(desired),
            Self::Count(count) => count,
        }
    }
}
