//! What the balancer knows, and when: lag, active checks, and the probes of overloaded instances.

use super::event::{Event, Of};
use super::plan::HealthCheckPlan;
use super::world::World;
use crate::engine::Rank;
use crate::fleet::{Instance, ReadyUntil, State, tick_at_or_after};
use crate::random::Law;
use crate::traffic::Signal;
use crate::units::{InstanceId, SimDuration, SimTime};

impl World<'_> {
    /// The endpoint's state has changed: the balancer follows after its lag, or after its own
    /// checks where it has them.
    pub(super) fn tell_balancer(&mut self, id: InstanceId) {
        match self.plan.routing.health_check {
            None => self.follow(id),
            Some(check) => self.check_soon(id, check),
        }
    }

    fn follow(&mut self, id: InstanceId) {
        let is_wanted = self.one(id).passes_probe;
        // Any earlier news is overtaken.
        self.pool.note(id, |one| one.route += 1);
        let one = self.one(id);
        if one.is_routed == is_wanted {
            return;
        }
        let route = one.route;
        let lag = self.lag_of(id, route);
        if lag.is_zero() {
            return self.set_route(id, is_wanted);
        }
        let event =
            if is_wanted { Event::Route { id, route } } else { Event::Unroute { id, route } };
        self.calendar.schedule(self.now + lag, Rank::Balancer, event);
    }

    /// How long the balancer takes to learn of this change of an endpoint.
    fn lag_of(&self, id: InstanceId, route: u32) -> SimDuration {
        let lag = match &self.plan.routing.lag {
            Law::Constant(lag) => *lag,
            law => {
                let bits = self.chance.lag.draw(u64::from(id.0), u64::from(route));
                law.draw(bits, u64::from(route)).unwrap_or(SimDuration::ZERO)
            }
        };
        if lag.is_zero() { lag } else { lag.scaled(self.lag_factor()) }
    }

    /// The balancer begins or stops to send requests to an endpoint.
    fn set_route(&mut self, id: InstanceId, is_routed: bool) {
        if is_routed { self.route(id) } else { self.unroute(id) }
    }

    /// An active check sees the endpoint with its next tick. Two things it is told at once: an
    /// instance that was launched beside the others and is ready leaves maintenance up, and one
    /// that is drained first is taken out.
    fn check_soon(&mut self, id: InstanceId, check: HealthCheckPlan) {
        let one = *self.one(id);
        let is_up = one.passes_probe;
        if is_up == one.is_routed {
            return;
        }
        let is_new = is_up && one.restarts == 0 && !one.is_in_place;
        let is_taken_out = one.state.is_terminating() && self.plan.shutdown.drain_first;
        if is_new || is_taken_out {
            self.set_routed(id, is_up);
            return;
        }
        if !one.is_checking {
            self.pool.note(id, |one| one.check_streak = 0);
            let at = self.next_check(id, check);
            self.schedule_check(id, at);
        }
    }

    fn schedule_check(&mut self, id: InstanceId, at: SimTime) {
        self.change(id, |one| one.is_checking = true);
        self.calendar.schedule(at, Rank::Balancer, Event::Check(id));
    }

    /// Checks of endpoint k of n are k / n of a period behind those of the first.
    fn next_check(&self, id: InstanceId, check: HealthCheckPlan) -> SimTime {
        let fleet = self.plan.fleet.instances;
        let phase = check.period.as_nanos() / u64::from(fleet) * u64::from(id.0 % fleet);
        tick_at_or_after(SimTime::from_nanos(phase), check.period, self.now)
    }

    /// One active check. It costs as long as it waits for an answer, and the next comes a period
    /// later.
    pub(super) fn check(&mut self, id: InstanceId) {
        let Some(check) = self.plan.routing.health_check else { return };
        let one = *self.one(id);
        let wait = if one.is_open { self.plane.wait(id, self.now) } else { SimDuration::ZERO };
        let is_up = one.state == State::Ready && one.is_open;
        let is_answered = is_up && self.check_passes(id, wait <= check.timeout);
        self.change(id, |one| one.is_checking = false);
        if is_answered == one.is_routed {
            self.pool.note(id, |one| one.check_streak = 0);
            self.stop_watching(id);
            return;
        }
        let streak = one.check_streak.saturating_add(1);
        self.pool.note(id, |one| one.check_streak = streak);
        let needed = if is_answered { check.rise } else { check.fall };
        if has_reached(streak, needed) {
            self.pool.note(id, |one| one.check_streak = 0);
            self.set_routed(id, is_answered);
            if is_answered {
                self.stop_watching(id);
                return;
            }
            if !one.is_open {
                return;
            }
        }
        let pause = check.period.scaled(self.lag_factor());
        let next = self.now + wait.min(check.timeout) + pause;
        self.schedule_check(id, next);
    }

    fn set_routed(&mut self, id: InstanceId, is_routed: bool) {
        self.pool.note(id, |one| one.route += 1);
        self.set_route(id, is_routed);
    }

    /// The release's defect can be seen once requests reach one of its instances.
    pub(super) fn note_release_sign(&mut self) {
        if self.rollout.is_release_faulty && !self.rollout.is_dark {
            self.pool.close();
            if self.reaches_new() {
                self.rollout.note_sign(self.now);
            }
        }
    }

    pub(super) fn route(&mut self, id: InstanceId) {
        self.change(id, |one| one.is_routed = true);
        self.plane.route(id, self.now);
        self.record(id, "routed", "");
        self.note_fault_sign(id);
        self.note_release_sign();
        let waits = self.plan.readiness.until == ReadyUntil::Routed;
        let one = self.one(id);
        if waits && one.state == State::Ready && one.passes_probe && !one.is_ready {
            self.become_ready(id);
        }
    }

    pub(super) fn unroute(&mut self, id: InstanceId) {
        self.change(id, |one| one.is_routed = false);
        self.plane.unroute(id, self.now);
        self.record(id, "unrouted", "");
        let state = self.one(id).state;
        if self.plan.shutdown.drain_first && state == State::Stopping {
            self.wait_until_idle(id);
        }
        if self.plan.readiness.until == ReadyUntil::Routed && state == State::Ready {
            self.become_unready(id, "the balancer no longer routes to it");
        }
        self.give_back(id);
    }

    /// What the data plane had to tell at once.
    pub(super) fn signal(&mut self, signal: Signal) {
        match signal {
            Signal::Overloaded { instance, .. } => self.watch(instance, self.now),
            Signal::Ejected { instance, .. } => {
                self.change(instance, |one| one.is_ejected = true);
                self.record(instance, "unrouted", "ejected: too many failures in a row");
                if let Some(outlier) = self.plan.data.balancer.outlier {
                    let at = self.now + outlier.eject;
                    self.calendar.schedule(at, Rank::Balancer, Event::Readmit(instance));
                }
            }
        }
    }

    pub(super) fn readmit(&mut self, id: InstanceId) {
        if self.one(id).is_ejected {
            self.change(id, |one| one.is_ejected = false);
            self.record(id, "routed", "the ejection is over");
        }
    }

    /// Follows the probes of an overloaded instance tick by tick, from a moment on, until they are
    /// content again.
    pub(super) fn watch(&mut self, id: InstanceId, from: SimTime) {
        let one = *self.one(id);
        if one.state != State::Ready {
            return;
        }
        self.watch_readiness(id, from);
        let (of, plan) = (self.of(id), self.plan);
        if let Some(liveness) = &plan.liveness
            && !one.is_liveness_watched
        {
            self.change(id, |one| one.is_liveness_watched = true);
            let first = one.boot_from + liveness.initial_delay;
            let at = tick_at_or_after(first, liveness.period, from);
            self.calendar.schedule(at, Rank::Probe, Event::LivenessTick(of));
        }
        if let Some(check) = plan.routing.health_check
            && !one.is_checking
        {
            self.pool.note(id, |one| one.check_streak = 0);
            let at = self.next_check(id, check);
            self.schedule_check(id, at);
        }
    }

    /// Follows the readiness probe of an instance tick by tick, from a moment on, until it is
    /// content again.
    pub(super) fn watch_readiness(&mut self, id: InstanceId, from: SimTime) {
        let (one, of, readiness) = (*self.one(id), self.of(id), &self.plan.readiness);
        if !readiness.period.is_zero() && !one.is_readiness_watched {
            self.change(id, |one| one.is_readiness_watched = true);
            let at = readiness.first_tick(one.boot_from, from);
            self.calendar.schedule(at, Rank::Probe, Event::ReadinessTick(of));
        }
    }

    /// Asks to be told again once nobody follows the instance's probes.
    fn stop_watching(&mut self, id: InstanceId) {
        let one = self.one(id);
        if !one.is_readiness_watched && !one.is_liveness_watched && !one.is_checking {
            self.plane.watch_again(id);
        }
    }

    pub(super) fn readiness_tick(&mut self, of: Of) {
        let (id, readiness) = (of.id, &self.plan.readiness);
        let one = *self.one(id);
        let is_content = self.plane.wait(id, self.now) <= readiness.timeout;
        let passes = self.readiness_passes(id, is_content);
        if passes == one.passes_probe {
            self.pool.note(id, |one| one.probe_streak = 0);
            if passes && !self.is_flapping(id) {
                self.change(id, |one| one.is_readiness_watched = false);
                self.stop_watching(id);
                return;
            }
        } else {
            let threshold =
                if passes { readiness.success_threshold } else { readiness.failure_threshold };
            self.pool.note(id, |one| one.probe_streak = one.probe_streak.saturating_add(1));
            if has_reached(self.one(id).probe_streak, threshold) {
                self.turn_probe(id, passes);
            }
        }
        let at = self.now + readiness.period;
        self.calendar.schedule(at, Rank::Probe, Event::ReadinessTick(of));
    }

    fn turn_probe(&mut self, id: InstanceId, passes: bool) {
        self.change(id, |one| {
            one.passes_probe = passes;
            one.probe_streak = 0;
        });
        if !passes {
            self.become_unready(id, "its probe failed too often in a row");
        } else if self.plan.readiness.until == ReadyUntil::Probe || self.one(id).is_routed {
            self.become_ready(id);
        }
        if self.plan.routing.health_check.is_none() {
            self.tell_balancer(id);
        }
    }

    pub(super) fn liveness_tick(&mut self, of: Of) {
        let Some(liveness) = &self.plan.liveness else { return };
        let id = of.id;
        let is_content = self.plane.wait(id, self.now) <= liveness.timeout;
        if self.check_passes(id, is_content) {
            self.change(id, |one: &mut Instance| {
                one.liveness_streak = 0;
                one.is_liveness_watched = false;
            });
            self.stop_watching(id);
            return;
        }
        self.pool.note(id, |one| one.liveness_streak = one.liveness_streak.saturating_add(1));
        if has_reached(self.one(id).liveness_streak, liveness.failure_threshold) {
            self.pool.note(id, |one| one.liveness_streak = 0);
            self.crash(id, "its liveness probe failed");
            return;
        }
        let at = self.now + liveness.period;
        self.calendar.schedule(at, Rank::Probe, Event::LivenessTick(of));
    }
}

/// Whether so many results in a row are as many as a threshold asks for. Streaks are counted up to
/// 65,535 and a higher threshold counts as that.
fn has_reached(streak: u16, threshold: u32) -> bool {
    u32::from(streak) >= threshold.min(u32::from(u16::MAX))
}
