//! The state of one run, and the small moves that every event is made of.

use std::collections::VecDeque;

use super::boots::ZoneBoots;
use super::demand::Demand;
use super::event::{Event, Of};
use super::observe::{Observer, Rates, Serving, State};
use super::plan::Plan;
use super::rollout::Rollout;
use super::run::{Detail, EventRow};
use super::trace::Trace;
use crate::engine::{Calendar, Rank};
use crate::fleet::{Instance, Plans, Pool, StartChance};
use crate::random::{Key, Purpose, Seed};
use crate::traffic::{DataPlane, Door, Split, Windows};
use crate::units::{Bins, InstanceId, Ratio, SimDuration, SimTime, Version};

/// One run under way.
pub(super) struct World<'a> {
    pub(super) plan: &'a Plan,
    pub(super) now: SimTime,
    /// The rollout's start.
    pub(super) start: SimTime,
    pub(super) pool: Pool,
    pub(super) calendar: Calendar<Event>,
    pub(super) plane: DataPlane,
    pub(super) rollout: Rollout,
    pub(super) chance: Chance,
    /// Launched instances that wait for room or for a free start, first come first served.
    pub(super) waiting: VecDeque<InstanceId>,
    pub(super) running_starts: u32,
    pub(super) boots: Vec<ZoneBoots>,
    pub(super) observer: Observer<'a>,
    pub(super) last_terminated: Option<SimTime>,
    tally: Tally,
    events: Option<Trace>,
}

/// What chance decides on the control plane.
pub(super) struct Chance {
    pub(super) start: StartChance,
    pub(super) lag: Key,
    pub(super) switch_lag: Key,
    /// Starts so far, by version.
    pub(super) starts: [u32; 2],
}

/// Counts that the pool does not keep.
#[derive(Debug, Default)]
struct Tally {
    serving: [Serving; 2],
    ready_routed: [u32; 2],
    restless: u32,
}

impl<'a> World<'a> {
    /// The world at the simulation's start: the old fleet up, nothing due but the rollout.
    pub(super) fn new(plan: &'a Plan, replication: u32, detail: Detail) -> Self {
        let simulation = &plan.simulation;
        let seed = Seed { seed: simulation.seed, replication: u64::from(replication) };
        let start = SimTime::ZERO + simulation.warmup;
        let half = SimDuration::from_nanos(simulation.warmup.as_nanos() / 2);
        let windows =
            Windows { baseline: SimTime::ZERO + half, rollout: start, bin: simulation.bin };
        let zones = plan.fleet.zones.len() as u16;
        let bins = Bins::new(start, simulation.bin);
        let curve = Demand(&plan.data.traffic.rate);
        let mut world = Self {
            plan,
            now: SimTime::ZERO,
            start,
            pool: Pool::new(plan.fleet.instances, zones),
            calendar: Calendar::new(),
            plane: DataPlane::new(&plan.data, windows, seed),
            rollout: Rollout::new(plan, start),
            chance: Chance {
                start: StartChance::new(seed),
                lag: seed.key(Purpose::BalancerLag),
                switch_lag: seed.key(Purpose::SwitchLag),
                starts: [0; 2],
            },
            waiting: VecDeque::new(),
            running_starts: 0,
            boots: vec![ZoneBoots::default(); usize::from(zones)],
            observer: Observer::new(curve, rates(plan), bins),
            last_terminated: None,
            tally: Tally::default(),
            events: (detail == Detail::Events).then(Trace::new),
        };
        world.open_the_old_fleet();
        world
    }

    fn open_the_old_fleet(&mut self) {
        if let Some(threshold) = self.watch_threshold() {
            self.plane.watch(threshold);
        }
        for number in 0..self.plan.fleet.instances {
            let id = InstanceId(number);
            self.plane.install(id, Version::Old);
            self.plane.set_door(id, Door::Open, self.now);
            self.plane.route(id, self.now);
            self.tally.count(Counted::of(self.pool.get(id)), Step::In);
        }
        for change in Demand(&self.plan.data.traffic.rate).changes() {
            self.calendar.schedule(change, Rank::Instance, Event::Demand);
        }
        let last = self.start + self.plan.simulation.max_time;
        self.calendar.schedule(self.start, Rank::Strategy, Event::Start);
        self.calendar.schedule(last, Rank::Strategy, Event::MaxTime);
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

    /// Changes one instance; every count follows.
    pub(super) fn change(&mut self, id: InstanceId, change: impl FnOnce(&mut Instance)) {
        let before = Counted::of(self.pool.get(id));
        self.pool.change(id, change);
        let after = Counted::of(self.pool.get(id));
        if before != after {
            self.tally.count(before, Step::Out);
            self.tally.count(after, Step::In);
        }
    }

    /// Puts a new instance in.
    pub(super) fn add(&mut self, instance: Instance) -> InstanceId {
        let id = self.pool.add(instance);
        self.tally.count(Counted::of(&instance), Step::In);
        id
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
    pub(super) const fn plans(&self) -> Plans<'a> {
        Plans {
            startup: &self.plan.startup,
            shutdown: &self.plan.shutdown,
            release: &self.plan.release,
        }
    }

    /// Whether some instance's state will change by itself.
    pub(super) const fn is_restless(&self) -> bool {
        self.tally.restless > 0
    }

    /// Records an event about an instance.
    pub(super) fn record(&mut self, id: InstanceId, event: &'static str, detail: &str) {
        if self.events.is_some() {
            let one = *self.one(id);
            self.push(&EventRow {
                instance: Some(id),
                version: Some(one.version),
                zone: Some(one.zone),
                ..self.row(event, detail.to_owned())
            });
        }
    }

    /// Records an event about the rollout as a whole. The words are put together only if anyone
    /// will read them.
    pub(super) fn tell(&mut self, event: &'static str, detail: impl ToString) {
        if self.events.is_some() {
            let row = self.row(event, detail.to_string());
            self.push(&row);
        }
    }

    /// The same about one version.
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

    fn row(&self, event: &'static str, detail: String) -> EventRow {
        let by_version =
            |get: fn(&Pool, Version) -> u32| Version::ALL.map(|version| get(&self.pool, version));
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
        let state = self.state();
        let capacity = rates(self.plan).total(&state, self.now);
        let demand = Demand(&self.plan.data.traffic.rate).rate_from(self.now);
        self.plane.set_shortage(capacity < demand);
        self.observer.set(state);
    }

    fn state(&self) -> State {
        let pool = &self.pool;
        let waiting = self.waiting.len() as u32;
        let exist = pool.total() + pool.terminating();
        let mut serving = self.tally.serving;
        let mut ready_routed = 0;
        for version in Version::ALL {
            if self.is_used(version) {
                ready_routed += self.tally.ready_routed[version.index()];
            } else {
                serving[version.index()] = Serving::default();
            }
        }
        State {
            serving,
            ready_routed,
            routed: Version::ALL.map(|version| pool.routed(version)),
            ready: Version::ALL.map(|version| pool.counts(version).ready),
            starting: pool.starting(),
            draining: pool.terminating(),
            total: pool.total(),
            surge: exist.saturating_sub(waiting).saturating_sub(self.plan.fleet.instances),
        }
    }

    /// Whether requests are sent to a version at all: not with a share of nothing, unless the
    /// other has no endpoint.
    fn is_used(&self, version: Version) -> bool {
        let share = match self.rollout.split {
            Split::ByCount => return true,
            Split::Weighted(share) | Split::Cohort(share) => share,
        };
        let unused = match version {
            Version::Old => share >= Ratio::ONE,
            Version::New => share.is_zero(),
        };
        !unused || self.pool.routed(version.other()) == 0
    }
}

/// Whether an instance enters or leaves the counts.
#[derive(Clone, Copy)]
enum Step {
    In,
    Out,
}

/// What of an instance is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Counted {
    version: Version,
    is_serving: bool,
    is_ready: bool,
    is_restless: bool,
    /// When the warm-up under way began.
    warm_from: Option<SimTime>,
}

impl Counted {
    fn of(one: &Instance) -> Self {
        Self {
            version: one.version,
            is_serving: one.is_serving(),
            is_ready: one.is_ready,
            is_restless: one.is_restless(),
            warm_from: one.is_warming.then_some(one.warm_from),
        }
    }
}

impl Tally {
    fn count(&mut self, one: Counted, step: Step) {
        let version = one.version.index();
        step.apply(&mut self.restless, one.is_restless);
        step.apply(&mut self.ready_routed[version], one.is_ready && one.is_serving);
        let serving = &mut self.serving[version];
        step.apply(&mut serving.count, one.is_serving);
        if let Some(from) = one.warm_from.filter(|_| one.is_serving) {
            step.apply(&mut serving.warming, true);
            let from = u128::from(from.as_nanos());
            match step {
                Step::In => serving.warm_from_sum += from,
                Step::Out => serving.warm_from_sum -= from,
            }
        }
    }
}

impl Step {
    const fn apply(self, count: &mut u32, does_count: bool) {
        match self {
            Self::In => *count += does_count as u32,
            Self::Out => *count -= does_count as u32,
        }
    }
}

/// What turns counts of instances into requests/s.
fn rates(plan: &Plan) -> Rates {
    let instance = &plan.data.instance;
    let old = f64::from(instance.slots) / instance.service_time.mean_s();
    Rates {
        desired: plan.fleet.instances,
        instance_rps: [old, old / plan.data.release.service_time_factor],
        warmup: plan.startup.warmup,
        warmup_speed: plan.startup.warmup_speed,
    }
}
