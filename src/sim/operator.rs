//! What a person does in the middle of a rollout.

use super::event::Event;
use super::plan::OperatorAction;
use super::rollout::Hold;
use super::run::Outcome;
use super::world::World;
use crate::engine::Rank;
use crate::strategy::{Direction, Reason, View};
use crate::traffic::Phase;
use crate::units::Version;

impl World<'_> {
    /// Puts everything that a person will do into the calendar.
    pub(super) fn expect_operator(&mut self) {
        for (number, operator) in self.plan.operator.iter().enumerate() {
            let event = Event::Operator { number: number as u32 };
            self.calendar.schedule(self.start + operator.at, Rank::Operator, event);
        }
    }

    /// Whether a person will do something that can make a paused rollout go on.
    pub(super) fn is_help_coming(&self) -> bool {
        let later = self.plan.operator.iter().filter(|one| self.start + one.at > self.now);
        later.into_iter().any(|one| !matches!(one.action, OperatorAction::Pause))
    }

    /// A person acts when the controller has answered to all else of this moment, as the recorded
    /// controllers had.
    pub(super) fn operate(&mut self, number: u32) {
        let Some(operator) = self.plan.operator.get(number as usize) else { return };
        self.decide();
        match operator.action {
            OperatorAction::Rollback => self.roll_back_by_hand(),
            OperatorAction::Scale { to } => self.resize(to),
            // What follows is about a rollout under way.
            _ if !self.rollout.is_running => {}
            OperatorAction::Pause => self.pause(Hold::Person, "a person pauses the rollout"),
            OperatorAction::Resume => self.resume("a person resumes the rollout"),
            OperatorAction::Promote => {
                self.rollout.strategy.go_on();
                self.resume("a person promotes the rollout");
            }
            OperatorAction::Abort => self.conclude(Outcome::Aborted, "a person aborts the rollout"),
            OperatorAction::Release => self.supersede(),
        }
    }

    /// Somebody releases a third version while this rollout is under way.
    pub(super) fn release_again(&mut self) {
        self.decide();
        if self.rollout.is_running {
            self.supersede();
        }
    }

    /// The rollout waits; it ends here if nobody is there to resume it.
    pub(super) fn pause(&mut self, hold: Hold, reason: impl ToString) {
        if self.rollout.hold.is_some() {
            return;
        }
        if !self.is_help_coming() {
            self.conclude(Outcome::Paused, reason);
            return;
        }
        self.rollout.hold = Some(hold);
        self.tell("paused", reason);
    }

    /// The rollout goes on; its deadline begins anew.
    fn resume(&mut self, reason: &'static str) {
        let Some(hold) = self.rollout.hold.take() else { return };
        if hold == Hold::Strategy {
            self.rollout.strategy.go_on();
        }
        self.tell("resumed", reason);
        self.renew_guards();
        self.note_progress();
    }

    /// Whatever has become of the rollout: within `settle` a finished one can be rolled back too.
    fn roll_back_by_hand(&mut self) {
        let is_forward = self.rollout.direction != Direction::Back;
        let is_over = self.rollout.outcome.is_some_and(|(outcome, _)| {
            matches!(outcome, Outcome::Aborted | Outcome::Completed | Outcome::Stalled)
        });
        if !is_forward {
            self.tell("rollback-ignored", "a rollback is not rolled back");
        } else if self.rollout.is_running || is_over {
            self.note_detection();
            self.roll_back("a person rolls back");
        }
    }

    /// The desired count of the fleet changes.
    fn resize(&mut self, to: u32) {
        let before = std::mem::replace(&mut self.desired, to);
        if before == to {
            return;
        }
        let actions = {
            let view = View {
                now: self.now,
                desired: to,
                split: self.rollout.split,
                switched: self.rollout.switched,
                gates: self.gates.standing(),
                checked: self.gates.checked(),
                pool: &self.pool,
            };
            self.rollout.strategy.resize(&view, before)
        };
        let reason = Reason::with("a person scales from {} to {}", [before.into(), to.into(), 0.0]);
        self.tell("scaled", reason);
        for action in &actions {
            self.act(action);
        }
    }

    /// A third version takes over from the rollout under way.
    fn supersede(&mut self) {
        // Where there is no rollout at all nothing can take over from it.
        let can_be = self.plan.strategy.parameters.can_supersede();
        if self.rollout.direction == Direction::Over || !can_be {
            return;
        }
        self.rollout.hold = None;
        self.begin_anew(Direction::Over);
        self.rollout.phase = Phase::RollingOut;
        self.plane.set_phase(Phase::RollingOut, self.now);
        self.begin_guards();
        self.tell_of(Version::Third, "rollout-started", "a third version supersedes the second");
        self.note_progress();
    }
}
