//! The state of one run, and the small moves that every event is made of.

use std::collections::VecDeque;

use super::boots::ZoneBoots;
use super::demand::Demand;
use super::event::{Event, Of};
use super::fault::Faults;
use super::gates::{self, Gates};
use super::observe::{Observer, Rates};
use super::plan::{Pairing, Plan};
use super::rollout::Rollout;
use super::run::{Detail, EventRow};
use super::shortcut::Shortcuts;
use super::trace::Trace;
use crate::engine::{Calendar, Rank};
use crate::fleet::{Division, Instance, Plans, Pool, Serving, StartChance};
use crate::random::{Key, Purpose, Seed};
use crate::traffic::{DataPlane, Door, Windows};
use crate::units::{Bins, InstanceId, Ratio, SimDuration, SimTime, Version};

/// What a slope is measured over.
const BASE: SimDuration = SimDuration::from_millis(1);

/// A crossing nearer than this, which is one of rounding, is waited for as long.
const SHORTEST_CROSSING: SimDuration = SimDuration::from_nanos(1_000);

/// A crossing further away, seconds, comes after the demand has taken another course.
const LONGEST_CROSSING_S: f64 = 86_400.0;

/// One run under way.
pub(super) struct World<'a> {
    pub(super) plan: &'a Plan,
    pub(super) now: SimTime,
    /// The rollout's start.
    pub(super) start: SimTime,
    /// When the run ends, once the rollout has.
    pub(super) end: Option<SimTime>,
    /// Desired count of the fleet.
    pub(super) desired: u32,
    pub(super) pool: Pool,
    pub(super) division: Division,
    pub(super) calendar: Calendar<Event>,
    pub(super) plane: DataPlane,
    pub(super) rollout: Rollout,
    pub(super) gates: Gates,
    pub(super) chance: Chance,
    /// Launched instances that wait for room or for a free start, first come first served.
    pub(super) waiting: VecDeque<InstanceId>,
    pub(super) running_starts: u32,
    pub(super) boots: Vec<ZoneBoots>,
    pub(super) observer: Observer<'a>,
    pub(super) faults: Faults,
    pub(super) checks: Checks,
    pub(super) last_terminated: Option<SimTime>,
    /// What need not be gone through step by step.
    pub(super) shortcuts: Shortcuts,
    /// When capacity and demand were last expected to cross.
    crossing: Option<SimTime>,
    events: Option<Trace>,
}

/// What chance decides on the control plane.
pub(super) struct Chance {
    pub(super) start: StartChance,
    pub(super) lag: Key,
    pub(super) switch_lag: Key,
    /// Starts so far, by version.
    pub(super) starts: [u32; 3],
}

/// Synthetic checks: when the next is due, and what came of those before.
pub(super) struct Checks {
    pub(super) next: SimTime,
    pub(super) sent: u32,
    pub(super) passed: u32,
}

/// What is drawn for the starts of a replication: of an antithetic pair, the second draws the
/// opposite of the first.
fn start_chance(plan: &Plan, seed: Seed) -> StartChance {
    if plan.simulation.pairing == Pairing::Independent {
        return StartChance::new(seed);
    }
    let first = StartChance::new(Seed { replication: seed.replication & !1, ..seed });
    if seed.replication & 1 == 0 { first } else { first.mirrored() }
}

impl<'a> World<'a> {
    /// The world at the simulation's start: the old fleet up, nothing due but the rollout.
    pub(super) fn new(plan: &'a Plan, seed: Seed, detail: Detail, shortcuts: Shortcuts) -> Self {
        let simulation = &plan.simulation;
        let start = SimTime::ZERO + simulation.warmup;
        let half = SimDuration::from_nanos(simulation.warmup.as_nanos() / 2);
        let windows =
            Windows { baseline: SimTime::ZERO + half, rollout: start, bin: simulation.bin };
        let zones = plan.fleet.zones.len() as u16;
        let bins = Bins::new(start, simulation.bin);
        let curve = Demand(&plan.data.traffic.rate);
        let scrapes = gates::scrapes(plan, start);
        let division = plan.strategy.parameters.division(&plan.fleet);
        let mut world = Self {
            plan,
            now: SimTime::ZERO,
            start,
            end: None,
            desired: plan.fleet.instances,
            pool: Pool::divided(plan.fleet.instances, zones, &division),
            division,
            calendar: Calendar::new(),
            plane: DataPlane::new(&plan.data, windows, seed),
            rollout: Rollout::new(plan, start),
            gates: Gates::new(scrapes.is_some()),
            chance: Chance {
                start: start_chance(plan, seed),
                lag: seed.key(Purpose::BalancerLag),
                switch_lag: seed.key(Purpose::SwitchLag),
                starts: [0; 3],
            },
            waiting: VecDeque::new(),
            running_starts: 0,
            boots: vec![ZoneBoots::default(); usize::from(zones)],
            observer: Observer::new(curve, rates(plan), bins),
            faults: Faults::new(plan, seed),
            checks: Checks { next: start + plan.synthetic_interval, sent: 0, passed: 0 },
            last_terminated: None,
            shortcuts,
            crossing: None,
            events: (detail == Detail::Events).then(Trace::new),
        };
        if let Some(scrapes) = scrapes {
            world.plane.observe(scrapes);
        }
        if shortcuts.is_silent {
            world.plane = world.plane.silenced();
        }
        world.open_the_old_fleet();
        world
    }

    fn open_the_old_fleet(&mut self) {
        if let Some(threshold) = self.watch_threshold() {
            self.plane.watch(threshold);
        }
        if self.plan.strategy.parameters.is_flagged() {
            self.plane.set_flag(Ratio::ZERO);
        }
        for number in 0..self.plan.fleet.instances {
            let id = InstanceId(number);
            self.plane.install(id, Version::Old);
            self.plane.set_door(id, Door::Open, self.now);
            self.plane.route(id, self.now);
        }
        for change in Demand(&self.plan.data.traffic.rate).changes() {
            self.calendar.schedule(change, Rank::Instance, Event::Demand);
        }
        let last = self.start + self.plan.simulation.max_time;
        self.calendar.schedule(self.start, Rank::Strategy, Event::Start);
        self.expect_operator();
        self.calendar.schedule(last, Rank::Strategy, Event::MaxTime);
        self.expect_faults();
        self.settle();
    }

    /// The shortest wait that any probe calls a failure; none where nothing probes by period.
    fn watch_threshold(&self) -> Option<SimDuration> {
        let readiness = &self.plan.readiness;
        let liveness = self.plan.liveness.as_ref().map(|probe| probe.timeout);
        let check = self.plan.routing.health_check.map(|check| check.timeout);
        let readiness = (!readiness.period.is_zero()).then_some(readiness.timeout);
        [readiness, liveness, check].into_iter().flatten().min()
    }

    /// Changes one instance; every count follows once the pool is closed.
    #[inline(always)]
    pub(super) fn change(&mut self, id: InstanceId, change: impl FnOnce(&mut Instance)) {
        self.pool.alter(id, change);
        self.faults.note_change();
    }

    /// One instance.
    pub(super) fn one(&self, id: InstanceId) -> &Instance {
        self.pool.get(id)
    }

    /// An event about an instance as it is now.
    pub(super) fn of(&self, id: InstanceId) -> Of {
        Of { id, life: self.one(id).life }
    }

    /// Whether an event still applies.
    pub(super) fn is_current(&self, of: Of) -> bool {
        self.one(of.id).life == of.life
    }

    /// The next start number of a version.
    pub(super) const fn next_start(&mut self, version: Version) -> u32 {
        let number = self.chance.starts[version.index()];
        self.chance.starts[version.index()] += 1;
        number
    }

    /// The parts of the plan that starts depend on.
    pub(super) fn plans(&self) -> Plans<'a> {
        Plans {
            startup: &self.plan.startup,
            shutdown: &self.plan.shutdown,
            release: &self.plan.release,
        }
    }

    /// Records an event about an instance.
    #[inline(always)]
    pub(super) fn record(&mut self, id: InstanceId, event: &'static str, detail: &str) {
        if self.events.is_some() {
            self.record_of(id, event, detail);
        }
    }

    #[inline(never)]
    fn record_of(&mut self, id: InstanceId, event: &'static str, detail: &str) {
        let one = *self.one(id);
        let row = self.row(event, detail.to_owned());
        let (version, zone) = (Some(one.version), Some(one.zone));
        self.push(&EventRow { instance: Some(id), version, zone, ..row });
    }

    /// Records an event about the rollout as a whole. The words are put together only if anyone
    /// will read them.
    #[inline(always)]
    pub(super) fn tell(&mut self, event: &'static str, detail: impl ToString) {
        if self.events.is_some() {
            let row = self.row(event, detail.to_string());
            self.push(&row);
        }
    }

    /// The same about one version.
    #[inline(always)]
    pub(super) fn tell_of(&mut self, version: Version, event: &'static str, detail: impl ToString) {
        if self.events.is_some() {
            let row = self.row(event, detail.to_string());
            self.push(&EventRow { version: Some(version), ..row });
        }
    }

    fn push(&mut self, row: &EventRow) {
        if let Some(events) = &mut self.events {
            events.record(row);
        }
    }

    fn row(&mut self, event: &'static str, detail: String) -> EventRow {
        self.pool.close();
        let by_version =
            |get: fn(&Pool, Version) -> u32| Version::EVERY.map(|version| get(&self.pool, version));
        EventRow {
            at: self.now,
            event,
            instance: None,
            version: None,
            zone: None,
            desired: by_version(Pool::desired),
            ready: by_version(|pool, version| pool.counts(version).ready),
            available: by_version(|pool, version| pool.counts(version).available),
            terminating: self.pool.terminating(),
            total: self.pool.total(),
            detail,
        }
    }

    /// The events so far.
    pub(super) fn take_events(&mut self) -> Trace {
        self.events.take().unwrap_or_default()
    }

    /// All that happened at this moment has been applied: what follows from it as a whole.
    pub(super) fn settle(&mut self) {
        self.pool.close();
        self.note_fleet();
        let capacity = self.show_state();
        let demand = Demand(&self.plan.data.traffic.rate);
        self.plane.set_shortage(capacity < demand.rate_from(self.now));
        if self.observer.is_warming() || demand.is_sloping(self.now) {
            self.expect_crossing();
        }
    }

    /// While instances warm or the demand rises or falls, capacity and demand may cross between
    /// events. Both are linear until the next, so the moment is known.
    fn expect_crossing(&mut self) {
        let demand = Demand(&self.plan.data.traffic.rate);
        let spare = |at| self.observer.capacity(at) - demand.rate_from(at);
        let (now, next) = (spare(self.now), spare(self.now + BASE));
        // A capacity equal to the demand is enough, so only a fall through it is a crossing.
        let is_crossing = if now < 0.0 { next > now } else { next < now };
        let wait = BASE.as_secs_f64() * now / (now - next);
        if is_crossing && wait < LONGEST_CROSSING_S {
            // A nanosecond later it has happened, however the division was rounded.
            let wait = SimDuration::from_secs_f64(wait) + SimDuration::from_nanos(1);
            let at = self.now + wait.max(SHORTEST_CROSSING);
            if self.crossing.replace(at) != Some(at) {
                self.calendar.schedule(at, Rank::Instance, Event::Demand);
            }
        }
    }

    /// Shows the fleet as it is now to the observer. Its capacity, requests/s.
    fn show_state(&mut self) -> f64 {
        let is_used = Version::EVERY.map(|version| self.is_used(version));
        let sides = self.reached_by_sides();
        let (pool, desired, waiting) = (&self.pool, self.desired, self.waiting.len() as u32);
        self.observer.see(self.now, |state| {
            state.ready_routed = 0;
            state.is_at_full_speed = pool.is_at_full_speed();
            for version in Version::EVERY {
                let index = version.index();
                if !is_used[index] {
                    state.serving[index] = Serving::default();
                    continue;
                }
                state.ready_routed += pool.ready_serving(version);
                if state.is_at_full_speed {
                    state.serving[index].count = pool.count_serving(version);
                } else {
                    state.serving[index] = pool.serving(version);
                }
            }
            if let Some(sides) = sides {
                state.serving = sides.map(|(serving, _)| serving);
                state.ready_routed = sides.iter().map(|(_, ready)| ready).sum();
            }
            state.routed = Version::ALL.map(|version| pool.routed(version));
            state.ready = Version::ALL.map(|version| pool.counts(version).ready);
            state.starting = pool.starting();
            state.draining = pool.terminating();
            state.total = pool.total();
            let exist = state.total + state.draining;
            state.surge = exist.saturating_sub(waiting).saturating_sub(desired);
            state.desired = desired;
        })
    }
}

/// What turns counts of instances into requests/s.
fn rates(plan: &Plan) -> Rates {
    let instance = &plan.data.instance;
    let old = f64::from(instance.slots) / instance.service_time.mean_s();
    Rates {
        instance_rps: [old, old / plan.data.release.service_time_factor, old],
        warmup: plan.startup.warmup,
        warmup_speed: plan.startup.warmup_speed,
    }
}
