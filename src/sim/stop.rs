//! From being told to stop to termination.

use super::event::Event;
use super::world::World;
use crate::engine::Rank;
use crate::fleet::{State, goes_at_once};
use crate::traffic::{Departure, Door};
use crate::units::{InstanceId, SimTime, Version};

impl World<'_> {
    /// Tells an instance to stop; in place, to come back as `becomes`.
    pub(super) fn retire(&mut self, id: InstanceId, becomes: Option<Version>) {
        self.retire_for(id, becomes, becomes.map_or("", |_| "replaced in place"));
    }

    /// The same with a reason of its own.
    pub(super) fn retire_for(&mut self, id: InstanceId, becomes: Option<Version>, why: &str) {
        self.tell_to_stop(id, becomes, why);
        self.pool.close();
    }

    fn tell_to_stop(&mut self, id: InstanceId, becomes: Option<Version>, why: &str) {
        self.leave_boot(id);
        let (one, now) = (self.one(id), self.now);
        let (state, zone, is_open) = (one.state, one.zone, one.is_open);
        if state == State::Waiting {
            self.waiting.retain(|&waiting| waiting != id);
        }
        self.change(id, |one| {
            one.becomes = becomes;
            one.life += 1;
            one.told_at = now;
            one.is_held = false;
            one.is_ready = false;
            one.is_available = false;
            one.passes_probe = false;
            one.will_crash = false;
            one.state = State::Stopping;
        });
        self.record(id, "retired", why);
        if state == State::Booting && self.plan.startup.contention > 0.0 {
            self.expect_zone(zone);
        }
        self.release_start(id);
        if goes_at_once(state) {
            self.terminate(id);
            return;
        }
        if is_open {
            self.plane.set_door(id, Door::Stopping, now);
        }
        self.tell_balancer(id);
        if !self.plan.shutdown.drain_first {
            self.begin_pre_stop(id);
        } else if !self.one(id).is_routed {
            self.wait_until_idle(id);
        }
        // Where the grace period cannot end before pre-stop, what is in flight then decides.
        let shutdown = &self.plan.shutdown;
        let may_end_first = shutdown.drain_first || shutdown.grace < shutdown.pre_stop;
        if may_end_first && self.one(id).state.is_terminating() {
            let of = self.of(id);
            self.calendar.schedule(now + shutdown.grace, Rank::Instance, Event::GraceOver(of));
        }
    }

    /// Drained first: the process is told once nothing is in flight.
    pub(super) fn wait_until_idle(&mut self, id: InstanceId) {
        let at = self.plane.drained_at(id, self.now);
        if at <= self.now {
            self.begin_pre_stop(id);
        } else {
            let of = self.of(id);
            self.calendar.schedule(at, Rank::Instance, Event::Idle(of));
        }
    }

    fn begin_pre_stop(&mut self, id: InstanceId) {
        let pre_stop = self.plan.shutdown.pre_stop;
        if pre_stop.is_zero() {
            self.pre_stop_over(id);
        } else {
            let of = self.of(id);
            let at = self.now + pre_stop;
            self.calendar.schedule_in_turn(at, Rank::Instance, Event::PreStopOver(of));
        }
    }

    /// The listener closes; what is in flight is finished.
    pub(super) fn pre_stop_over(&mut self, id: InstanceId) {
        self.plane.set_door(id, Door::Closed(Departure::OnPurpose), self.now);
        let at = self.plane.drained_at(id, self.now);
        if at <= self.now {
            self.terminate(id);
        } else {
            self.change(id, |one| {
                one.is_open = false;
                one.state = State::Draining;
            });
            self.expect_drained(id);
        }
    }

    /// What is in flight takes another time than was thought.
    pub(super) fn drain_anew(&mut self, id: InstanceId) {
        if self.one(id).state == State::Draining {
            self.change(id, |one| one.life += 1);
            self.expect_drained(id);
        }
    }

    fn expect_drained(&mut self, id: InstanceId) {
        let at = self.plane.drained_at(id, self.now);
        let of = self.of(id);
        let killed = self.one(id).told_at + self.plan.shutdown.grace;
        let (at, event) = if killed < at {
            (killed.max(self.now), Event::GraceOver(of))
        } else {
            (at, Event::Drained(of))
        };
        self.calendar.schedule(at, Rank::Instance, event);
    }

    /// Whatever is still there is killed.
    pub(super) fn grace_over(&mut self, id: InstanceId) {
        self.plane.kill(id, Departure::OnPurpose, self.now);
        self.terminate(id);
    }

    pub(super) fn terminate(&mut self, id: InstanceId) {
        self.change(id, |one| {
            one.state = State::Terminated;
            one.life += 1;
            one.is_open = false;
            one.is_warming = false;
        });
        self.record(id, "terminated", "");
        self.last_terminated = Some(self.now);
        self.begin_faults_of_the_last_old();
        match self.one(id).becomes {
            Some(version) => self.relaunch(id, version),
            None => self.give_back(id),
        }
        self.begin_starts();
    }

    /// Who is terminated and forgotten by the balancer is gone for good.
    pub(super) fn give_back(&mut self, id: InstanceId) {
        let one = self.one(id);
        if one.state == State::Terminated && !one.is_routed && one.becomes.is_none() {
            self.plane.remove(id);
        }
    }

    /// When the last instance told to stop will be gone, as far as it is known now: what it will
    /// still have in flight when its pre-stop ends is not.
    pub(super) fn last_termination(&self) -> Option<SimTime> {
        let shutdown = &self.plan.shutdown;
        let pending = self.pool.iter().filter(|(_, one)| one.state.is_terminating());
        let ends = pending.map(|(id, one)| {
            let drained = self.plane.drained_at(id, self.now);
            let stopped = match one.state {
                State::Draining => drained,
                _ => drained.max(one.told_at + shutdown.pre_stop),
            };
            stopped.min(one.told_at + shutdown.grace)
        });
        ends.chain(self.last_terminated).max()
    }
}
