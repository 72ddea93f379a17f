//! Another strategy takes over: the way back, or the way to a third version.

use super::rollout::setup;
use super::world::World;
use crate::strategy::Direction;
use crate::traffic::Phase;

impl World<'_> {
    pub(super) fn roll_back(&mut self, why: &str) {
        self.begin_anew(Direction::Back);
        self.rollout.decided = Some(self.now);
        self.rollout.phase = Phase::RollingBack;
        self.plane.set_phase(Phase::RollingBack, self.now);
        self.tell("rollback-started", why);
        self.note_progress();
    }

    /// Another strategy takes over from whatever state the fleet is in.
    pub(super) fn begin_anew(&mut self, direction: Direction) {
        let plan = &self.plan.strategy;
        let parameters = self.parameters(direction);
        let setup = setup(self.plan, self.desired, direction);
        self.gates.stop();
        let rollout = &mut self.rollout;
        // Only a strategy that goes back by itself knows how far it has come.
        let own = rollout.strategy.turn_back();
        let is_own = direction == Direction::Back && plan.rollback.is_none();
        let next = own.filter(|_| is_own).unwrap_or_else(|| parameters.begin(setup));
        rollout.strategy = next;
        rollout.direction = direction;
        rollout.hold = None;
        rollout.is_running = true;
        rollout.outcome = None;
        self.end = None;
    }
}
