//! Faults in the world: which are active, whom they befall, what they change.
//!
//! | file | what it answers |
//! |---|---|
//! | `mod.rs` | when does a fault begin and end, and who is in its scope? |
//! | `condition.rs` | how fast and how well does an instance serve under all faults together? |
//! | `process.rs` | who dies, hangs, is held back? |
//! | `probe.rs` | what do probes say? |
//! | `follow.rs` | what follows from the fleet: crowded zones, ceilings, memory? |
//! | `drain.rs` | who is evicted, and what does the budget say? |
//! | `cache.rs` | how warm are the caches, and what does the origin get? |
//! | `demand.rs` | what arrives? |
//! | `words.rs` | how is a fault told? |

mod cache;
mod condition;
mod demand;
mod drain;
mod follow;
mod probe;
mod process;
mod words;

pub use self::demand::mean_rate;
pub(super) use self::demand::with_spikes;
pub(super) use self::process::Step;

use self::cache::Caches;
use self::condition::Condition;
use self::drain::Draining;
use self::process::Held;
use super::event::Event;
use super::plan::Plan;
use super::world::World;
use crate::engine::Rank;
use crate::fault::{Begin, Effect, FaultPlan};
use crate::fleet::State;
use crate::random::{Key, Purpose, Seed};
use crate::units::{InstanceId, Ratio, SimTime, Version};

/// All faults of one run.
#[derive(Debug)]
pub(super) struct Faults {
    /// One for each of the plan's.
    stages: Vec<Stage>,
    /// How each instance serves; as many as were looked at.
    conditions: Vec<Condition>,
    held: Vec<Held>,
    caches: Option<Caches>,
    drains: Vec<Draining>,
    /// Share of all requests that ceilings fail.
    ceiling: Ratio,
    /// Boots under way by zone, where they slow others.
    booting: Vec<u32>,
    /// Whether an instance has changed since what follows from the fleet was last looked at.
    is_fleet_changed: bool,
    /// How many faults hide metrics now.
    metrics_outages: u32,
    scope: Key,
    crash: Key,
    flap: Key,
}

/// Where one fault stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// It does not happen in this run, or is over.
    Absent,
    /// It will begin.
    Waiting,
    /// It is there, to the moment if there is one.
    Active { until: Option<SimTime>, members: Vec<bool> },
}

/// Whether each of the plan's faults happens in a run.
fn happening(plan: &Plan, seed: Seed) -> Vec<bool> {
    let key = seed.key(Purpose::FaultHappens);
    let happens = |(number, fault): (usize, &FaultPlan)| {
        u128::from(key.draw(number as u64, 0)) < fault.probability.threshold()
    };
    plan.faults.iter().enumerate().map(happens).collect()
}

/// When a fault whose beginning is known begins.
fn known_begin(fault: &FaultPlan, start: SimTime) -> Option<SimTime> {
    match fault.begin {
        Begin::Always => Some(SimTime::ZERO),
        Begin::At(offset) => Some(offset.from(start).unwrap_or(SimTime::ZERO)),
        Begin::FirstNewReady | Begin::LastOldGone => None,
    }
}

impl Faults {
    pub(super) fn new(plan: &Plan, seed: Seed) -> Self {
        let stage = |happens: bool| if happens { Stage::Waiting } else { Stage::Absent };
        Self {
            stages: happening(plan, seed).into_iter().map(stage).collect(),
            conditions: Vec::new(),
            held: Vec::new(),
            caches: None,
            drains: Vec::new(),
            ceiling: Ratio::ZERO,
            booting: vec![0; plan.fleet.zones.len()],
            is_fleet_changed: true,
            metrics_outages: 0,
            scope: seed.key(Purpose::FaultScope),
            crash: seed.key(Purpose::FaultCrash),
            flap: seed.key(Purpose::ProbeFlap),
        }
    }

    /// An instance has changed.
    pub(super) const fn note_change(&mut self) {
        self.is_fleet_changed = true;
    }

    const fn is_none(&self) -> bool {
        self.stages.is_empty()
    }
}

impl<'a> World<'a> {
    /// From now on so many outages keep metrics from the gates.
    fn change_metrics_outages(&mut self, to: u32) {
        self.faults.metrics_outages = to;
        self.gates.note_outages(self.now, to);
    }

    /// Plans the faults whose beginning is known.
    pub(super) fn expect_faults(&mut self) {
        for (number, fault) in self.plan.faults.iter().enumerate() {
            let is_waiting = self.faults.stages[number] == Stage::Waiting;
            if let Some(at) = known_begin(fault, self.start).filter(|_| is_waiting) {
                self.calendar.schedule(at, Rank::Fault, Event::FaultBegins(number as u32));
            }
        }
    }

    /// The fleet has come to a moment at which faults may begin.
    fn begin_faults(&mut self, begin: Begin) {
        for (number, fault) in self.plan.faults.iter().enumerate() {
            if fault.begin == begin && self.faults.stages[number] == Stage::Waiting {
                let event = Event::FaultBegins(number as u32);
                self.calendar.schedule(self.now, Rank::Fault, event);
            }
        }
    }

    /// A new instance is ready.
    pub(super) fn begin_faults_of_the_first_new(&mut self) {
        self.begin_faults(Begin::FirstNewReady);
    }

    /// An instance is gone.
    pub(super) fn begin_faults_of_the_last_old(&mut self) {
        if self.faults.is_none() {
            return;
        }
        self.pool.close();
        let old = Version::Old;
        if self.pool.counts(old).active == 0 && self.pool.terminating_of(old) == 0 {
            self.begin_faults(Begin::LastOldGone);
        }
    }

    pub(super) fn fault_begins(&mut self, number: u32) {
        let index = number as usize;
        if self.faults.stages[index] != Stage::Waiting {
            return;
        }
        let fault: &'a FaultPlan = &self.plan.faults[index];
        let until = fault.duration.map(|duration| self.now + duration);
        let members = self.members(index, fault);
        self.faults.stages[index] = Stage::Active { until, members };
        self.tell("fault-started", words::of(fault, &self.plan.fleet.zones));
        if let Some(until) = until {
            self.calendar.schedule(until, Rank::Fault, Event::FaultEnds(number));
        }
        for effect in &fault.effects {
            self.apply_effect(number, effect, until);
        }
        self.faults.note_change();
        self.refresh_all();
    }

    fn apply_effect(&mut self, number: u32, effect: &Effect, until: Option<SimTime>) {
        match effect {
            Effect::Down => self.bring_down(number as usize),
            Effect::Crash(count) => self.crash_some(number as usize, *count),
            Effect::CrashRate(_) => self.expect_crashes(number as usize),
            Effect::Hang => self.hang(number as usize, until.unwrap_or(SimTime::MAX)),
            Effect::PullsWait => self.interrupt_pulls(number as usize),
            Effect::ProbesPass => self.let_the_hopeless_pass(number as usize),
            Effect::ProbesFlap(_) => self.follow_probes(number as usize),
            Effect::MetricsOut => self.change_metrics_outages(self.faults.metrics_outages + 1),
            Effect::Migration => self.plane.set_migrating(true, self.now),
            Effect::Cache(cache) => self.begin_caches(number, *cache),
            Effect::Supersede => self.release_again(),
            Effect::Evict(drain) => self.begin_drain(number, *drain),
            Effect::Errors(_)
            | Effect::Slowness(_)
            | Effect::Demand(_)
            | Effect::StartSlowness(_)
            | Effect::BalancerLag(_)
            | Effect::CrowdedStarts(_)
            | Effect::Connections { .. }
            | Effect::Memory(_) => {}
        }
    }

    pub(super) fn fault_ends(&mut self, number: u32) {
        let fault: &'a FaultPlan = &self.plan.faults[number as usize];
        let stage = &mut self.faults.stages[number as usize];
        let Stage::Active { members, .. } = std::mem::replace(stage, Stage::Absent) else { return };
        let what = words::of(fault, &self.plan.fleet.zones) + &self.end_drain(number);
        self.tell("fault-ended", what);
        for effect in &fault.effects {
            match effect {
                Effect::Down | Effect::PullsWait => self.release_held(),
                Effect::ProbesPass => self.look_at_the_broken(fault, &members),
                Effect::MetricsOut => self.change_metrics_outages(self.faults.metrics_outages - 1),
                Effect::Migration => {
                    let is_migrating = self.is_any_active(|one| *one == Effect::Migration);
                    self.plane.set_migrating(is_migrating, self.now);
                }
                Effect::Cache(_) => self.faults.caches = None,
                _ => {}
            }
        }
        self.faults.note_change();
        self.refresh_all();
    }

    /// Who of the instances that exist now is among the fault's share: those with the smallest
    /// draws. Empty where all are.
    fn members(&self, index: usize, fault: &FaultPlan) -> Vec<bool> {
        if fault.place.share >= Ratio::ONE {
            return Vec::new();
        }
        let mut drawn = self.drawn(index, |world, id| {
            world.one(id).state != State::Terminated && fits(world, fault, id)
        });
        drawn.truncate(fault.place.share.of_rounded_up(drawn.len() as u32) as usize);
        let mut members = vec![false; self.pool.len()];
        for id in drawn {
            members[id.index()] = true;
        }
        members
    }

    /// The instances that fit, in the order of a fault's draws.
    fn drawn(&self, index: usize, fits: impl Fn(&Self, InstanceId) -> bool) -> Vec<InstanceId> {
        let ids = self.pool.iter().map(|(id, _)| id).filter(|&id| fits(self, id));
        let draw = |id: InstanceId| (self.faults.scope.draw(u64::from(id.0), index as u64), id);
        let mut drawn: Vec<(u64, InstanceId)> = ids.map(draw).collect();
        drawn.sort_unstable();
        drawn.into_iter().map(|(_, id)| id).collect()
    }

    /// Whether an instance is in the scope of an active fault.
    fn is_in(&self, index: usize, id: InstanceId) -> bool {
        let Stage::Active { members, .. } = &self.faults.stages[index] else { return false };
        let fault = &self.plan.faults[index];
        fits(self, fault, id) && self.is_member(index, fault, members, id)
    }

    fn is_member(&self, index: usize, fault: &FaultPlan, members: &[bool], id: InstanceId) -> bool {
        // Those that came later are in by the same draw, as far as chance goes.
        let draw = || u128::from(self.faults.scope.draw(u64::from(id.0), index as u64));
        let share = fault.place.share;
        share >= Ratio::ONE
            || members.get(id.index()).copied().unwrap_or_else(|| draw() < share.threshold())
    }

    /// The active effects on an instance.
    fn effects_on(&self, id: InstanceId) -> impl Iterator<Item = &'a Effect> + '_ {
        let faults: &'a [FaultPlan] = &self.plan.faults;
        let on = move |(index, fault): (usize, &'a FaultPlan)| {
            self.is_in(index, id).then_some(&fault.effects)
        };
        faults.iter().enumerate().filter_map(on).flatten()
    }

    /// The active effects.
    fn active_effects(&self) -> impl Iterator<Item = (usize, &'a Effect)> + '_ {
        let faults: &'a [FaultPlan] = &self.plan.faults;
        let is_active =
            |&(index, _): &(usize, _)| matches!(self.faults.stages[index], Stage::Active { .. });
        faults
            .iter()
            .enumerate()
            .filter(is_active)
            .flat_map(|(index, fault)| fault.effects.iter().map(move |effect| (index, effect)))
    }

    fn is_any_active(&self, is_meant: impl Fn(&Effect) -> bool) -> bool {
        self.active_effects().any(|(_, effect)| is_meant(effect))
    }

    /// The instances in the scope of an active fault whose state is meant.
    fn in_scope(&self, index: usize, is_meant: impl Fn(State) -> bool) -> Vec<InstanceId> {
        let all = self.pool.iter().filter(|(_, one)| is_meant(one.state)).map(|(id, _)| id);
        all.filter(|&id| self.is_in(index, id)).collect()
    }

    /// How many times as late the balancer learns now.
    pub(super) fn lag_factor(&self) -> f64 {
        if self.faults.is_none() {
            return 1.0;
        }
        let factor = |effect: &Effect| match effect {
            Effect::BalancerLag(factor) => *factor,
            _ => 1.0,
        };
        self.active_effects().map(|(_, effect)| factor(effect)).product()
    }

    /// How many times as long a step of a start takes that begins now.
    pub(super) fn start_factor(&self, id: InstanceId) -> f64 {
        if self.faults.is_none() {
            return 1.0;
        }
        let factor = |effect: &Effect| match effect {
            Effect::StartSlowness(factor) => *factor,
            _ => 1.0,
        };
        self.effects_on(id).map(factor).product()
    }
}

/// Whether version and zone of an instance are those of a fault.
fn fits(world: &World<'_>, fault: &FaultPlan, id: InstanceId) -> bool {
    let (one, place) = (world.one(id), &fault.place);
    place.version.is_none_or(|version| version == one.version)
        && place.zones.as_ref().is_none_or(|zones| zones.contains(&one.zone))
}

/// Whether a state has a process.
const fn has_process(state: State) -> bool {
    matches!(
        state,
        State::Booting | State::Probing | State::Ready | State::Stopping | State::Draining
    )
}
