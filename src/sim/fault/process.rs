//! Who dies, hangs or is held back.

use super::super::event::{Event, Of};
use super::super::world::World;
use super::{Stage, has_process};
use crate::engine::Rank;
use crate::fault::Effect;
use crate::fleet::State;
use crate::random::Law;
use crate::traffic::Departure;
use crate::units::{CountOrPercent, InstanceId, Rounding, SimTime};

const SECONDS_PER_HOUR: f64 = 3600.0;

/// A step of a start that waits for a fault to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    of: Of,
    step: Step,
}

/// What goes on when nothing holds it back any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) enum Step {
    /// The start itself.
    Start,
    /// The download.
    Pull,
    /// The boot.
    Boot,
}

impl World<'_> {
    /// Whether a fault holds back this step of the instance's start; then it is remembered.
    pub(in crate::sim) fn is_held_back(&mut self, id: InstanceId, step: Step) -> bool {
        if self.faults.is_none() || !self.is_blocked(id, step) {
            return false;
        }
        let is_for_good = self.is_blocked_for_good(id, step);
        self.change(id, |one| one.is_held = is_for_good);
        let of = self.of(id);
        self.faults.held.push(Held { of, step });
        true
    }

    fn is_blocked(&self, id: InstanceId, step: Step) -> bool {
        self.effects_on(id).any(|effect| blocks(effect, step))
    }

    fn is_blocked_for_good(&self, id: InstanceId, step: Step) -> bool {
        let endless =
            |index: &usize| matches!(self.faults.stages[*index], Stage::Active { until: None, .. });
        self.active_effects()
            .any(|(index, effect)| blocks(effect, step) && endless(&index) && self.is_in(index, id))
    }

    /// A fault has ended: what nothing else holds back goes on.
    pub(super) fn release_held(&mut self) {
        for held in std::mem::take(&mut self.faults.held) {
            let Held { of, step } = held;
            if !self.is_current(of) {
                continue;
            }
            if self.is_blocked(of.id, step) {
                self.faults.held.push(held);
                continue;
            }
            self.change(of.id, |one| one.is_held = false);
            match step {
                Step::Start => self.take_first_step(of.id),
                Step::Pull => self.pull(of),
                Step::Boot if self.one(of.id).state == State::Backoff => self.restart(of.id),
                Step::Boot => self.begin_boot(of.id),
            }
        }
    }

    /// Every process in the scope dies, and no start there goes on.
    pub(super) fn bring_down(&mut self, index: usize) {
        let kind = self.plan.faults[index].kind;
        for id in self.in_scope(index, |state| {
            !matches!(state, State::Waiting | State::Failed | State::Terminated)
        }) {
            match self.one(id).state {
                State::Stopping | State::Draining => {
                    self.plane.kill(id, Departure::OnPurpose, self.now);
                    self.terminate(id);
                }
                State::Provisioning | State::Deploying => self.hold_anew(id, Step::Start),
                State::Pulling => self.hold_anew(id, Step::Pull),
                State::Backoff => self.hold_anew(id, Step::Boot),
                _ => {
                    self.die(id, kind, Departure::Fault);
                    self.is_held_back(id, Step::Boot);
                }
            }
        }
    }

    /// Downloads under way are cut off.
    pub(super) fn interrupt_pulls(&mut self, index: usize) {
        for id in self.in_scope(index, |state| state == State::Pulling) {
            self.hold_anew(id, Step::Pull);
        }
    }

    /// The step under way is given up and begins anew later.
    fn hold_anew(&mut self, id: InstanceId, step: Step) {
        self.change(id, |one| one.life += 1);
        self.is_held_back(id, step);
    }

    /// So many processes of the scope crash.
    pub(super) fn crash_some(&mut self, index: usize, count: CountOrPercent) {
        let mut drawn = self.drawn(index, |world, id| {
            let state = world.one(id).state;
            has_process(state) && !state.is_terminating() && world.is_in(index, id)
        });
        let count = count.resolve(drawn.len() as u32, Rounding::Up);
        drawn.truncate(count as usize);
        let kind = self.plan.faults[index].kind;
        for id in drawn {
            self.crash_by_fault(id, kind);
        }
    }

    /// The process dies by a fault and will be restarted as after a crash.
    pub(super) fn crash_by_fault(&mut self, id: InstanceId, why: &str) {
        let restarts = self.die(id, why, Departure::Fault);
        self.restart_later(id, restarts);
    }

    /// Plans the crashes of those that are ready.
    pub(super) fn expect_crashes(&mut self, index: usize) {
        for id in self.in_scope(index, |state| state == State::Ready) {
            self.expect_crash(index, id);
        }
    }

    /// An instance has become ready: it may crash by the rates of faults.
    pub(in crate::sim) fn expect_crash_by_fault(&mut self, id: InstanceId) {
        for index in 0..self.plan.faults.len() {
            if self.is_in(index, id) {
                self.expect_crash(index, id);
            }
        }
    }

    fn expect_crash(&mut self, index: usize, id: InstanceId) {
        let of = self.of(id);
        for effect in &self.plan.faults[index].effects {
            let Effect::CrashRate(rate) = effect else { continue };
            let law = Law::Exponential { mean: SECONDS_PER_HOUR / rate };
            let bits =
                self.faults.crash.draw(u64::from(id.0), (index as u64) << 32 | u64::from(of.life));
            if let Some(wait) = law.draw(bits, 0).filter(|_| *rate > 0.0) {
                let event = Event::FaultCrash { of, fault: index as u32 };
                self.calendar.schedule(self.now + wait, Rank::Fault, event);
            }
        }
    }

    /// A crash by a fault's rate is due.
    pub(in crate::sim) fn fault_crash(&mut self, of: Of, fault: u32) {
        if self.is_in(fault as usize, of.id) {
            self.crash_by_fault(of.id, self.plan.faults[fault as usize].kind);
        }
    }

    /// The processes that are up answer nothing until then.
    pub(super) fn hang(&mut self, index: usize, until: SimTime) {
        for id in self.in_scope(index, |state| has_process(state) && state != State::Booting) {
            self.plane.hang(id, until, self.now);
            self.note_hang(id, until);
            self.drain_anew(id);
            self.watch(id, self.after_now());
        }
    }
}

const fn blocks(effect: &Effect, step: Step) -> bool {
    match effect {
        Effect::Down => true,
        Effect::PullsWait => matches!(step, Step::Pull),
        _ => false,
    }
}
