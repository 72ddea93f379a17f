//! The loop of one run.

use std::sync::atomic::{AtomicBool, Ordering};

use super::demand::Demand;
use super::event::{Event, Of};
use super::fault::with_spikes;
use super::plan::Plan;
use super::run::{Detail, Outcome, Run};
use super::shortcut::Shortcuts;
use super::world::World;
use crate::fleet::{Changed, Instance, State};
use crate::random::Seed;
use crate::traffic::Known;
use crate::units::{SimDuration, SimTime, Version};

/// Requests between two looks at the interrupt flag.
const REQUESTS_PER_LOOK: f64 = 1e6;

/// Simulates one replication. The result depends on the plan and the replication's number alone.
/// None if `interrupted` was set meanwhile.
#[must_use]
pub fn simulate(
    plan: &Plan,
    replication: u32,
    detail: Detail,
    interrupted: &AtomicBool,
) -> Option<Run> {
    simulate_with(Shortcuts::of(plan, detail), plan, replication, detail, interrupted)
}

/// The same with these shortcuts, which do not change what comes out.
pub(super) fn simulate_with(
    shortcuts: Shortcuts,
    plan: &Plan,
    replication: u32,
    detail: Detail,
    interrupted: &AtomicBool,
) -> Option<Run> {
    let seed = Seed { seed: plan.simulation.seed, replication: u64::from(replication) };
    let spiked = with_spikes(plan, seed);
    let mut world = World::new(spiked.as_ref().unwrap_or(plan), seed, detail, shortcuts);
    let mut events: u32 = 0;
    while let Some(next) = world.calendar.next_time() {
        if !world.advance(next, interrupted) {
            return None;
        }
        if world.pop_all_of_now() == Flow::End {
            break;
        }
        events = events.wrapping_add(1);
        if events.is_multiple_of(1 << 12) && interrupted.load(Ordering::Relaxed) {
            return None;
        }
    }
    Some(world.into_run())
}

/// Whether the run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Continue,
    End,
}

impl World<'_> {
    /// Lets time pass until `next`, or until the data plane has something to say. False if
    /// interrupted.
    fn advance(&mut self, next: SimTime, interrupted: &AtomicBool) -> bool {
        while self.now < next {
            let until = self.next_look(next).min(self.checks.next);
            match self.plane.advance(until) {
                None => self.pass_and_check(until),
                Some(signal) => {
                    self.now = signal.at();
                    self.signal(signal);
                    self.pool.close();
                    // Something may be due earlier than `next` now.
                    return true;
                }
            }
            if until < next && interrupted.load(Ordering::Relaxed) {
                return false;
            }
        }
        true
    }

    /// `next`, or, if many requests come before it, a moment by which fewer have come.
    fn next_look(&self, next: SimTime) -> SimTime {
        if self.shortcuts.is_silent {
            return next;
        }
        let rate = Demand(&self.plan.data.traffic.rate).rate_from(self.now).max(1.0);
        if rate * next.since(self.now).as_secs_f64() <= REQUESTS_PER_LOOK {
            return next;
        }
        let stride = SimDuration::from_secs_f64(REQUESTS_PER_LOOK / rate);
        next.min(self.now + stride.max(SimDuration::from_nanos(1)))
    }

    /// A synthetic check comes before whatever else is due at that moment. It changes nothing.
    fn pass_and_check(&mut self, until: SimTime) {
        self.now = until;
        if until < self.checks.next {
            return;
        }
        self.checks.sent += 1;
        let known = self.pool.iter().filter(|(_, one)| one.is_routed).map(|(instance, one)| {
            let Instance { version, is_open, .. } = *one;
            Known { instance, version, is_open }
        });
        self.checks.passed += u32::from(self.plane.check(until, known));
        self.checks.next += self.plan.synthetic_interval;
    }

    /// Everything that is due now, in order; then the strategy.
    fn pop_all_of_now(&mut self) -> Flow {
        let mut has_news = false;
        let mut changed = Changed::default();
        loop {
            while let Some(event) = self.calendar.pop_due(self.now) {
                if event == Event::End && self.end == Some(self.now) {
                    return Flow::End;
                }
                has_news |= !event.is_of_a_life();
                self.apply(event);
                self.pool.close();
            }
            self.follow_fleet();
            self.pool.close();
            // A controller is told of changes; most steps of a life are none that it sees.
            let fresh = self.pool.take_change();
            changed = changed.or(fresh);
            let is_news = std::mem::take(&mut has_news) || fresh.is_seen;
            if is_news || self.is_return_minded(fresh) {
                changed.any = true;
                self.decide();
                self.pool.take_change();
            }
            // What the strategy did may be due at once, or too much for a zone.
            if !self.follow_fleet() && self.calendar.next_time() != Some(self.now) {
                break;
            }
        }
        if changed.any {
            self.settle();
        }
        Flow::Continue
    }

    /// Whether instances that come back from a replacement in place are news to the strategy.
    fn is_return_minded(&self, changed: Changed) -> bool {
        let has_returned = |version: &Version| changed.returned[version.index()];
        let mut returned = Version::EVERY.into_iter().filter(has_returned);
        returned.any(|version| self.rollout.strategy.minds_return(version))
    }

    /// One event: the one place where the calendar changes the world.
    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::ZoneBoot { zone, token } => self.zone_boot(zone, token),
            Event::Warm(id) => self.warm(id),
            Event::Route { id, route } if self.one(id).route == route => self.route(id),
            Event::Unroute { id, route } if self.one(id).route == route => self.unroute(id),
            Event::Check(id) => self.check(id),
            Event::Readmit(id) => self.readmit(id),
            Event::Switch { token } => self.switch(token),
            Event::FaultBegins(number) => self.fault_begins(number),
            Event::FaultEnds(number) => self.fault_ends(number),
            Event::Evict { fault, round } => self.ask_again(fault, round),
            Event::CacheTick(number) => self.cache_tick(number),
            Event::FaultCrash { of, fault } if self.is_current(of) => self.fault_crash(of, fault),
            Event::Operator { number } => self.operate(number),
            Event::Look { work, part } => self.look(work, part),
            Event::Alerts => self.see_alerts(),
            Event::Budget => self.see_budget(),
            Event::Start => self.start_rollout(),
            Event::Wake => self.wake(),
            Event::Deadline => self.see_deadline(),
            Event::MaxTime if self.rollout.outcome.is_none() => {
                self.conclude(Outcome::Unfinished, "the longest simulated time is over");
            }
            Event::Route { .. }
            | Event::Unroute { .. }
            | Event::Demand
            | Event::FaultCrash { .. }
            | Event::MaxTime
            | Event::End => {}
            Event::Provisioned(of)
            | Event::Pulled(of)
            | Event::Deployed(of)
            | Event::Booted(of)
            | Event::Restart(of)
            | Event::ProbePassed(of)
            | Event::StartFailed(of)
            | Event::BootGivenUp(of)
            | Event::Available(of)
            | Event::CrashDue(of)
            | Event::ReadinessTick(of)
            | Event::LivenessTick(of)
            | Event::Idle(of)
            | Event::PreStopOver(of)
            | Event::Drained(of)
            | Event::GraceOver(of) => {
                if self.is_current(of) {
                    self.apply_to_instance(event, of);
                }
            }
        }
    }

    fn apply_to_instance(&mut self, event: Event, of: Of) {
        match event {
            Event::Provisioned(_) => self.provisioned(of),
            Event::Pulled(_) | Event::Deployed(_) => self.begin_boot(of.id),
            Event::Booted(_) => self.booted(of),
            Event::Restart(_) => self.restart(of.id),
            Event::ProbePassed(_) if !self.is_put_off(of) => self.probe_passed(of.id),
            Event::StartFailed(_) if self.one(of.id).state == State::Probing => {
                self.start_failed(of.id);
            }
            Event::BootGivenUp(_) if self.one(of.id).state == State::Booting => {
                self.crash(of.id, "its boot took longer than its probe allows");
            }
            Event::Available(_) => self.available(of.id),
            Event::CrashDue(_) => self.crash(of.id, "the release crashed"),
            Event::ReadinessTick(_) => self.readiness_tick(of),
            Event::LivenessTick(_) => self.liveness_tick(of),
            Event::Idle(_) => self.wait_until_idle(of.id),
            Event::PreStopOver(_) => self.pre_stop_over(of.id),
            Event::Drained(_) => self.terminate(of.id),
            Event::GraceOver(_) => self.grace_over(of.id),
            _ => {}
        }
    }

    fn into_run(mut self) -> Run {
        let last_termination = self.last_termination();
        let (outcome, at) = self.rollout.outcome.unwrap_or((Outcome::Unfinished, self.now));
        let events = self.take_events();
        let (mut observed, states) = self.observer.finish(self.now);
        observed.drained = last_termination.map(|at| at.since(self.start));
        observed.steps = self.rollout.steps;
        observed.failed_steps = self.rollout.failed_steps;
        observed.detect = self.rollout.detect;
        observed.divergence = self.gates.divergence;
        observed.page = self.gates.page();
        observed.rollback = self.rollout.rolled_back_after;
        (observed.checks, observed.checks_passed) = (self.checks.sent, self.checks.passed);
        observed.is_rolled_back = self.rollout.is_back();
        Run {
            outcome,
            start: self.start,
            duration: at.since(self.start),
            window: self.now.since(self.start),
            observed,
            states,
            traffic: self.plane.finish(self.now),
            events,
        }
    }
}
