//! Who decides in which direction, and what follows when it gives up.

use std::sync::Arc;

use super::run::Outcome;
use super::world::World;
use crate::strategy::{Direction, OnFailure, Parameters, Reason};

impl<'a> World<'a> {
    /// What decides in a direction.
    pub(super) fn parameters(&self, direction: Direction) -> &'a Arc<dyn Parameters> {
        let plan = &self.plan.strategy;
        match direction {
            Direction::Back => plan.rollback.as_ref().unwrap_or(&plan.parameters),
            Direction::Forward | Direction::Over => &plan.parameters,
        }
    }

    /// A failure that the strategy itself does not go on from.
    pub(super) fn fail_for_good(&mut self, reason: Reason) {
        let answer = self.plan.strategy.on_failure;
        self.fail_with(answer, reason.to_string());
        if answer == OnFailure::Stall && self.rollout.is_running {
            self.conclude(Outcome::Stalled, reason);
        }
    }
}
