//! Which user a request belongs to.

use super::plan::TrafficPlan;
use crate::random::{Key, Purpose, Seed};

/// The distinct users of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Users {
    key: Key,
    count: u32,
}

impl Users {
    pub(super) fn new(plan: &TrafficPlan, seed: Seed) -> Self {
        Self { key: seed.key(Purpose::User), count: plan.users }
    }

    /// The number of the user that a request belongs to.
    pub(super) fn of(self, request: u64) -> u32 {
        ((u128::from(self.key.draw(request, 0)) * u128::from(self.count)) >> 64) as u32
    }

    /// What is drawn for that user, the same for all of its requests: cohorts and flags are shares
    /// of these.
    pub(super) fn draw(self, request: u64) -> u64 {
        self.key.draw(u64::from(self.of(request)), 1)
    }
}
