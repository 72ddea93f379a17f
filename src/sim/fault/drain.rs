//! Who is evicted from the machines that are emptied, and what the disruption budget says to it.

use super::super::berth::Berth;
use super::super::event::Event;
use super::super::world::World;
use crate::engine::Rank;
use crate::fault::Drain;
use crate::fleet::State;
use crate::units::{InstanceId, SimDuration, Version};

/// Machines that are emptied one after another.
#[derive(Debug)]
pub(super) struct Draining {
    fault: u32,
    drain: Drain,
    /// Who stands on the machine that is emptied now.
    here: Vec<Guest>,
    /// Who stands on those to come, the next last.
    later: Vec<InstanceId>,
    /// The latest round of requests for eviction.
    round: u32,
    evicted: u32,
}

/// An instance on a machine that is emptied.
#[derive(Clone, Copy, Debug)]
struct Guest {
    id: InstanceId,
    is_evicted: bool,
    is_refusal_told: bool,
}

/// What the budget says to an eviction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Granted,
    Refused,
}

/// The answer for an instance in this state. `ready` others and itself are ready, `floor` must be.
/// Kubernetes lets go what is still pending, and what runs unready while the budget is healthy
/// (`pkg/registry/core/pod/storage/eviction.go`).
const fn answer(state: State, is_ready: bool, ready: u32, floor: u32) -> Answer {
    let is_pending = matches!(
        state,
        State::Waiting | State::Provisioning | State::Pulling | State::Deploying | State::Failed
    );
    let is_granted = is_pending || ready > floor || (!is_ready && floor > 0 && ready >= floor);
    if is_granted { Answer::Granted } else { Answer::Refused }
}

impl World<'_> {
    /// The machines under the fault's instances are to be emptied.
    pub(super) fn begin_drain(&mut self, fault: u32, drain: Drain) {
        let mut later = self.in_scope(fault as usize, |state| state != State::Terminated);
        later.reverse();
        let draining = Draining { fault, drain, here: Vec::new(), later, round: 0, evicted: 0 };
        self.faults.drains.push(draining);
    }

    /// Turns to the next machine where one is empty. True if anything was done.
    pub(super) fn go_on_draining(&mut self) -> bool {
        let mut is_any = false;
        for index in (0..self.faults.drains.len()).rev() {
            let draining = &self.faults.drains[index];
            if !draining.here.iter().all(|guest| self.has_left(guest)) {
                continue;
            }
            is_any = true;
            let draining = &mut self.faults.drains[index];
            let left = draining.later.len();
            let from = left.saturating_sub(draining.drain.per_node as usize);
            let next = draining.later.drain(from..).rev();
            draining.here =
                next.map(|id| Guest { id, is_evicted: false, is_refusal_told: false }).collect();
            let fault = draining.fault;
            if left == 0 {
                self.fault_ends(fault);
            } else {
                self.ask_for_evictions(index);
            }
        }
        is_any
    }

    fn has_left(&self, guest: &Guest) -> bool {
        let state = self.one(guest.id).state;
        // In place it comes back elsewhere, under the same number.
        state == State::Terminated || (guest.is_evicted && !state.is_terminating())
    }

    /// Refused evictions are asked for again.
    pub(in crate::sim) fn ask_again(&mut self, fault: u32, round: u32) {
        let is_meant = |one: &Draining| one.fault == fault && one.round == round;
        if let Some(index) = self.faults.drains.iter().position(is_meant) {
            self.ask_for_evictions(index);
        }
    }

    fn ask_for_evictions(&mut self, index: usize) {
        self.pool.close();
        let mut is_any_refused = false;
        for number in 0..self.faults.drains[index].here.len() {
            let Draining { here, drain, .. } = &self.faults.drains[index];
            let (guest, floor) = (here[number], drain.floor);
            let one = *self.one(guest.id);
            let is_going = one.state.is_terminating() || one.state == State::Terminated;
            if guest.is_evicted || is_going {
                // What a rollout replaces in place is on the machine when it comes back.
                is_any_refused |= one.becomes.is_some();
                continue;
            }
            let ready: u32 =
                Version::EVERY.iter().map(|&version| self.pool.counts(version).ready).sum();
            let floor = floor.map(|floor| floor.of(self.desired));
            let answer = floor
                .map_or(Answer::Granted, |floor| answer(one.state, one.is_ready, ready, floor));
            if answer == Answer::Refused {
                is_any_refused = true;
                self.tell_refusal(index, number, ready, floor.unwrap_or(0));
                continue;
            }
            let draining = &mut self.faults.drains[index];
            draining.here[number].is_evicted = true;
            draining.evicted += 1;
            let is_left = self.strategy_starts_missing();
            if is_left {
                let rest = self.pool.desired(one.version).saturating_sub(1);
                self.pool.set_desired(one.version, rest);
            }
            self.retire_for(guest.id, None, "evicted: its machine is drained");
            if !is_left {
                let (zone, part, ordinal) = (one.zone, one.part, Some(one.ordinal));
                self.launch(one.version, Berth { zone, part, ordinal });
            }
        }
        let draining = &mut self.faults.drains[index];
        draining.round += 1;
        if is_any_refused {
            let event = Event::Evict { fault: draining.fault, round: draining.round };
            let retry: SimDuration = draining.drain.retry;
            self.calendar.schedule(self.now + retry, Rank::Fault, event);
        }
    }

    /// The first refusal of each instance is told, not every one.
    fn tell_refusal(&mut self, index: usize, number: usize, ready: u32, floor: u32) {
        let guest = &mut self.faults.drains[index].here[number];
        if !std::mem::replace(&mut guest.is_refusal_told, true) {
            let id = guest.id;
            let why = format!("{ready} ready, and the disruption budget keeps {floor}");
            self.record(id, "eviction-refused", &why);
        }
    }

    /// A fault is over, and with it what it drains: how far that came, in words.
    pub(super) fn end_drain(&mut self, fault: u32) -> String {
        let Some(index) = self.faults.drains.iter().position(|one| one.fault == fault) else {
            return String::new();
        };
        let draining = self.faults.drains.remove(index);
        let left = draining.here.iter().filter(|guest| !self.has_left(guest)).count();
        let left = left + draining.later.len();
        format!("; {} evicted, {left} still there", draining.evicted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_budget_says() {
        use Answer::{Granted, Refused};
        for (state, is_ready, ready, floor, expected) in [
            (State::Ready, true, 1, 1, Refused),
            (State::Ready, true, 2, 1, Granted),
            (State::Ready, true, 1, 0, Granted),
            // A running instance that is not ready goes while the budget is healthy.
            (State::Probing, false, 1, 1, Granted),
            (State::Backoff, false, 0, 1, Refused),
            (State::Probing, false, 0, 0, Refused),
            // One that does not run yet always goes.
            (State::Pulling, false, 0, 1, Granted),
            (State::Waiting, false, 0, 1, Granted),
        ] {
            assert_eq!(
                answer(state, is_ready, ready, floor),
                expected,
                "{state:?} {ready}/{floor}"
            );
        }
    }
}
