//! From launch to available, and from a crash back to booting.

use super::berth::Berth;
use super::event::{Event, Of};
use super::fault::Step;
use super::world::World;
use crate::engine::Rank;
use crate::fleet::{Boot, BootFate, Instance, Listen, ReadyUntil, State, crash_loop};
use crate::traffic::{Departure, Door, Ramp};
use crate::units::{InstanceId, Rounding, SimDuration, SimTime, Version, ZoneId};

impl World<'_> {
    /// Launches an instance of `version`; it waits if there is no room or no free start.
    pub(super) fn launch(&mut self, version: Version, Berth { zone, part, ordinal }: Berth) {
        let number = self.next_start(version);
        let ordinal = ordinal.unwrap_or(self.pool.len() as u32);
        let one = Instance { part, ordinal, ..Instance::launched(version, zone, number) };
        let id = self.pool.add(one);
        self.plane.install(id, version);
        self.take_side(id);
        self.install_anew(id);
        self.record(id, "launched", "");
        self.start_or_wait(id);
        self.pool.close();
    }

    /// In place: the instance has stopped and starts again as another version.
    pub(super) fn relaunch(&mut self, id: InstanceId, version: Version) {
        let number = self.next_start(version);
        self.change(id, |one| {
            *one = Instance {
                is_routed: one.is_routed,
                route: one.route,
                life: one.life,
                is_checking: one.is_checking,
                check_streak: one.check_streak,
                is_in_place: true,
                speed: one.speed,
                part: one.part,
                ordinal: one.ordinal,
                ..Instance::launched(version, one.zone, number)
            };
        });
        self.plane.install(id, version);
        self.take_side(id);
        self.install_anew(id);
        if self.one(id).is_routed {
            self.plane.route(id, self.now);
        }
        self.record(id, "launched", "in place");
        self.start_or_wait(id);
    }

    /// A launched instance starts, unless there is no room for it or others wait.
    fn start_or_wait(&mut self, id: InstanceId) {
        let startup = &self.plan.startup;
        let is_free = startup.max_concurrent.is_none() && startup.surge_capacity.is_none();
        if is_free && self.waiting.is_empty() {
            return self.begin_start(id);
        }
        self.waiting.push_back(id);
        self.begin_starts();
    }

    /// Begins the starts that wait, as far as there is room.
    #[inline(always)]
    pub(super) fn begin_starts(&mut self) {
        if !self.waiting.is_empty() {
            self.begin_those_with_room();
        }
    }

    fn begin_those_with_room(&mut self) {
        while let Some(&id) = self.waiting.front() {
            let is_limited =
                self.plan.startup.max_concurrent.is_some_and(|most| self.running_starts >= most);
            if is_limited || !self.has_room(id) {
                return;
            }
            self.waiting.pop_front();
            self.begin_start(id);
        }
    }

    /// Whether the cluster has room for one more. In place the instance has its room already.
    fn has_room(&mut self, id: InstanceId) -> bool {
        let Some(surge) = self.plan.startup.surge_capacity else { return true };
        self.pool.close();
        let desired = self.desired;
        let room = desired.saturating_add(surge.resolve(desired, Rounding::Down));
        let exist = self.pool.total() + self.pool.terminating();
        self.one(id).is_in_place || exist - (self.waiting.len() as u32) < room
    }

    fn begin_start(&mut self, id: InstanceId) {
        self.running_starts += 1;
        self.change(id, |one| {
            one.state = if one.is_in_place { State::Deploying } else { State::Provisioning };
            one.holds_start = true;
        });
        self.take_first_step(id);
    }

    /// The machine is asked for, or in place, the other version put on it.
    pub(super) fn take_first_step(&mut self, id: InstanceId) {
        if self.is_held_back(id, Step::Start) {
            return;
        }
        let (one, of) = (self.one(id), self.of(id));
        let (version, number) = (one.version, one.start_number);
        if one.is_in_place {
            let wait = self.chance.start.deploy(&self.plans(), version, number);
            let wait = wait.scaled(self.start_factor(id));
            if !self.foresee_start(id, self.now + wait) {
                self.after(wait, Rank::Instance, Event::Deployed(of));
            }
        } else {
            let wait = self.chance.start.provision(&self.plans(), version, number);
            let wait = wait.scaled(self.start_factor(id));
            self.after(wait, Rank::Instance, Event::Provisioned(of));
        }
    }

    /// Applies an event after a while, at once if it is none.
    fn after(&mut self, wait: SimDuration, rank: Rank, event: Event) {
        if wait.is_zero() {
            self.apply(event);
        } else {
            self.calendar.schedule(self.now + wait, rank, event);
        }
    }

    pub(super) fn provisioned(&mut self, of: Of) {
        self.change(of.id, |one| one.state = State::Pulling);
        self.pull(of);
    }

    /// The download begins.
    pub(super) fn pull(&mut self, of: Of) {
        if self.is_held_back(of.id, Step::Pull) {
            return;
        }
        let one = *self.one(of.id);
        let wait = self.chance.start.pull(&self.plans(), one.version, one.start_number);
        self.after(wait.scaled(self.start_factor(of.id)), Rank::Instance, Event::Pulled(of));
    }

    /// The process starts. Events about an earlier process no longer apply.
    pub(super) fn begin_boot(&mut self, id: InstanceId) {
        if self.is_held_back(id, Step::Boot) {
            return;
        }
        let now = self.now;
        if self.foresee_start(id, now) {
            return;
        }
        self.empty_cache(id);
        let Boot { work, fate } = self.drawn_boot(id);
        self.change(id, |one| {
            one.state = State::Booting;
            one.boot_from = now;
            one.life += 1;
            one.fate = fate;
        });
        if self.plan.startup.listen == Listen::Boot {
            self.plane.set_door(id, Door::Unready, now);
        }
        let work = work.scaled(self.start_factor(id));
        self.expect_boot_to_be_given_up(id, work);
        let (of, contention) = (self.of(id), self.plan.startup.contention);
        if contention > 0.0 {
            let zone = self.one(id).zone;
            let boots = &mut self.boots[zone.index()];
            boots.begin(now, contention, (id, of.life), work);
            self.expect_zone(zone);
        } else {
            self.after(work, Rank::Instance, Event::Booted(of));
        }
    }

    fn drawn_boot(&self, id: InstanceId) -> Boot {
        let one = self.one(id);
        self.chance.start.boot(&self.plans(), one.version, one.start_number)
    }

    /// Where nothing can come between the beginning of a boot and readiness, all of it is reckoned
    /// before it begins, at `from`: from then on the instance only has to be told that it is ready.
    /// False if it has to be followed step by step.
    fn foresee_start(&mut self, id: InstanceId, from: SimTime) -> bool {
        if !self.shortcuts.foresees_starts {
            return false;
        }
        let Boot { work, fate } = self.drawn_boot(id);
        if fate != BootFate::Able {
            return false;
        }
        let booted = from + work;
        self.pool.note(id, |one| {
            one.state = State::Booting;
            one.boot_from = from;
            one.warm_from = booted;
            one.life += 1;
            one.fate = fate;
        });
        let of = self.of(id);
        let wait = self.plan.readiness.ready_at(from, booted).since(self.now);
        self.after(wait, Rank::Probe, Event::ProbePassed(of));
        true
    }

    /// A boot that outlasts the start-up probe, or the liveness probe where there is none, is
    /// given up.
    fn expect_boot_to_be_given_up(&mut self, id: InstanceId, work: SimDuration) {
        let liveness = self.plan.liveness.as_ref().map(|probe| probe.gives_up_at(self.now));
        let startup = self.plan.startup_probe.as_ref().map(|probe| probe.gives_up_at(self.now));
        let Some(at) = startup.or(liveness) else { return };
        if self.plan.startup.contention > 0.0 || self.now + work > at {
            let of = self.of(id);
            self.calendar.schedule(at, Rank::Probe, Event::BootGivenUp(of));
        }
    }

    /// The zone's next end of a boot, anew after every change.
    pub(super) fn expect_zone(&mut self, zone: ZoneId) {
        let (pool, boots) = (&self.pool, &mut self.boots[zone.index()]);
        let is_void = |id, life| pool.get(id).life != life;
        if let Some(at) = boots.next_end(self.plan.startup.contention, is_void) {
            let token = boots.token;
            let at = at.max(self.now);
            self.calendar.schedule(at, Rank::Instance, Event::ZoneBoot { zone, token });
        }
    }

    pub(super) fn zone_boot(&mut self, zone: ZoneId, token: u32) {
        let contention = self.plan.startup.contention;
        let boots = &mut self.boots[zone.index()];
        if boots.token != token {
            return;
        }
        match boots.take(self.now, contention) {
            Some((id, life)) => {
                boots.leave(self.now, contention);
                self.booted(Of { id, life });
            }
            // Rounded to a nanosecond too early: ask again.
            None => self.boots[zone.index()].token += 1,
        }
        self.expect_zone(zone);
    }

    /// Takes a boot that will not end out of its zone's contention.
    pub(super) fn leave_boot(&mut self, id: InstanceId) {
        let (one, contention) = (self.one(id), self.plan.startup.contention);
        if one.state == State::Booting && contention > 0.0 {
            let zone = one.zone;
            self.boots[zone.index()].leave(self.now, contention);
        }
    }

    pub(super) fn booted(&mut self, of: Of) {
        let id = of.id;
        let fate = self.one(id).fate;
        if fate == BootFate::Crashes {
            self.crash(id, "the start crashed");
            return;
        }
        self.begin_warmup(id);
        let cannot_serve = fate == BootFate::Hopeless;
        let is_hopeless = cannot_serve && !self.is_blind(id);
        let now = self.now;
        self.change(id, |one| {
            one.state = State::Probing;
            one.warm_from = now;
            one.is_broken = cannot_serve && !is_hopeless;
        });
        if cannot_serve {
            self.refresh(id);
        }
        self.record(id, "booted", "");
        let (readiness, from) = (&self.plan.readiness, self.one(id).boot_from);
        let startup = self.plan.startup_probe.as_ref();
        let able = startup.map_or(self.now, |probe| probe.passes_at(from, self.now));
        if !is_hopeless {
            let wait = readiness.ready_at(from, able).since(self.now);
            self.after(wait, Rank::Probe, Event::ProbePassed(of));
            return;
        }
        self.rollout.note_sign(readiness.first_tick(from, able));
        match readiness.fails_at(from, able) {
            Some(at) => self.calendar.schedule(at, Rank::Probe, Event::StartFailed(of)),
            None => self.change(id, |one| one.is_hopeless = true),
        }
    }

    fn begin_warmup(&mut self, id: InstanceId) {
        let startup = &self.plan.startup;
        if startup.warmup.is_zero() || startup.warmup_speed >= 1.0 {
            return;
        }
        let now = self.now;
        self.change(id, |one| {
            one.is_warming = true;
            one.warm_from = now;
        });
        let ramp = Ramp { from: now, length: startup.warmup, speed: startup.warmup_speed };
        self.plane.set_ramp(id, ramp);
        self.calendar.schedule(now + startup.warmup, Rank::Instance, Event::Warm(id));
    }

    pub(super) fn warm(&mut self, id: InstanceId) {
        let one = self.one(id);
        if one.is_warming && one.warm_from + self.plan.startup.warmup == self.now {
            self.change(id, |one| one.is_warming = false);
        }
    }

    pub(super) fn probe_passed(&mut self, id: InstanceId) {
        let one = self.one(id);
        let crash = self.chance.start.crash_after(&self.plans(), one.version, one.start_number);
        self.change(id, |one| {
            one.state = State::Ready;
            one.is_open = true;
            one.passes_probe = true;
            one.will_crash = crash.is_some();
        });
        self.plane.set_door(id, Door::Open, self.now);
        if let Some(wait) = crash {
            let of = self.of(id);
            self.calendar.schedule(self.now + wait, Rank::Instance, Event::CrashDue(of));
        }
        self.release_start(id);
        if self.plan.readiness.until == ReadyUntil::Probe || self.one(id).is_routed {
            self.become_ready(id);
        }
        self.tell_balancer(id);
        self.expect_crash_by_fault(id);
        if self.is_flapping(id) {
            self.watch_readiness(id, self.after_now());
        }
    }

    pub(super) fn become_ready(&mut self, id: InstanceId) {
        let now = self.now;
        self.change(id, |one| {
            one.is_ready = true;
            one.ready_from = now;
        });
        self.record(id, "ready", "");
        if self.one(id).version == Version::New {
            self.begin_faults_of_the_first_new();
        }
        let min_ready = self.plan.readiness.min_ready;
        if min_ready.is_zero() {
            return self.available(id);
        }
        let of = self.of(id);
        self.calendar.schedule_in_turn(now + min_ready, Rank::Instance, Event::Available(of));
    }

    pub(super) fn available(&mut self, id: InstanceId) {
        let one = self.one(id);
        // It may have lost its readiness and got it back since.
        if one.is_ready && one.ready_from + self.plan.readiness.min_ready == self.now {
            self.change(id, |one| one.is_available = true);
            self.record(id, "available", "");
        }
    }

    pub(super) fn become_unready(&mut self, id: InstanceId, why: &str) {
        if self.one(id).is_ready {
            self.change(id, |one| {
                one.is_ready = false;
                one.is_available = false;
            });
            self.record(id, "unready", why);
        }
    }

    /// A start has ended, one way or another: the next may begin.
    pub(super) fn release_start(&mut self, id: InstanceId) {
        if self.one(id).holds_start {
            self.pool.note(id, |one| one.holds_start = false);
            self.running_starts -= 1;
            self.begin_starts();
        }
    }

    /// The process exits by itself, or a probe has it killed; it will be restarted.
    pub(super) fn crash(&mut self, id: InstanceId, why: &str) {
        let restarts = self.die(id, why, Departure::Crash);
        self.restart_later(id, restarts);
    }

    /// The process is gone. How many restarts count for it so far.
    pub(super) fn die(&mut self, id: InstanceId, why: &str, departure: Departure) -> u32 {
        self.leave_boot(id);
        let one = *self.one(id);
        let restarts = crash_loop::counted(one.restarts, self.now.since(one.boot_from));
        self.change(id, |one| {
            one.state = State::Backoff;
            one.restarts = restarts + 1;
            one.life += 1;
            one.is_open = false;
            one.is_warming = false;
            one.is_broken = false;
            one.will_crash = false;
            one.passes_probe = false;
            one.is_readiness_watched = false;
            one.is_liveness_watched = false;
            one.is_ready = false;
            one.is_available = false;
        });
        self.plane.kill(id, departure, self.now);
        self.forget_hang(id);
        self.plane.watch_again(id);
        self.gates.crash(one.version);
        // A process that dies while it starts changes no count, and some strategies count that.
        if self.is_judged_by_strategy() {
            self.pool.tell_change();
        }
        self.record(id, "crashed", why);
        if one.is_ready {
            self.record(id, "unready", "its process is gone");
        }
        if one.version == Version::New {
            self.rollout.note_sign(self.now);
        }
        if one.state == State::Booting && one.zone.index() < self.boots.len() {
            self.expect_zone(one.zone);
        }
        self.release_start(id);
        self.tell_balancer(id);
        restarts
    }

    /// Restarts a process after the crash loop's delay.
    pub(super) fn restart_later(&mut self, id: InstanceId, restarts: u32) {
        let of = self.of(id);
        let at: SimTime = self.now + crash_loop::back_off(restarts);
        self.calendar.schedule(at, Rank::Instance, Event::Restart(of));
    }

    pub(super) fn restart(&mut self, id: InstanceId) {
        if self.is_held_back(id, Step::Boot) {
            return;
        }
        let number = self.next_start(self.one(id).version);
        self.change(id, |one| one.start_number = number);
        self.begin_boot(id);
    }

    /// The start has failed for good: the instance stays down.
    pub(super) fn start_failed(&mut self, id: InstanceId) {
        self.change(id, |one| {
            one.state = State::Failed;
            one.life += 1;
            one.is_warming = false;
        });
        self.plane.kill(id, Departure::Crash, self.now);
        self.record(id, "start-failed", "its probe has failed as often as it may");
        self.release_start(id);
        self.fail("a start failed for good");
    }
}
