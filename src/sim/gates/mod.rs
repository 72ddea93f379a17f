//! Gates in the world: which are at work, when they look, what follows from what they say.
//!
//! | file | what it answers |
//! |---|---|
//! | `mod.rs` | which gates are at work, and what follows? |
//! | `check.rs` | what do gates say when a strategy asks them at once? |
//! | `look.rs` | what does a gate see at one look, and what does it say? |
//! | `series.rs` | what do ticks of the data plane make of a scrape? |
//! | `service.rs` | who is told of the service's burn rate, and what does its budget allow? |
//! | `fleet_log.rs` | what was the fleet at a scrape? |

mod check;
mod fleet_log;
mod look;
mod series;
mod service;

use std::sync::Arc;

use self::fleet_log::{Counts, FleetLog, side};
use self::look::Part;
use self::series::tick_width;
use self::service::Service;
use super::demand::Demand;
use super::event::Event;
use super::plan::Plan;
use super::rollout::Hold;
use super::run::Outcome;
use super::world::World;
use crate::engine::Rank;
use crate::gate::{Baseline, Rule, Scope, State, Together};
use crate::strategy::{Checked, Direction, OnFailure, Standing};
use crate::traffic::{Scrapes, Ticks};
use crate::units::{Merge, SimDuration, SimTime, Version};

/// All gates of one run.
#[derive(Debug)]
pub(super) struct Gates {
    log: FleetLog,
    baseline: Baseline,
    at_work: Vec<AtWork>,
    /// Guards that begin with the first new instance that is available.
    late: Vec<usize>,
    /// Largest divergence that any of them computed.
    pub(super) divergence: Option<f64>,
    service: Service,
    /// What the gates said that were asked to look at once.
    checked: Option<Checked>,
    is_observing: bool,
}

/// What a gate stands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A step, until its strategy says that it is over.
    Step,
    /// The rollout, from a step on, until its strategy says that it is over.
    Background,
    /// The whole rollout.
    Guard,
    /// The moments at which its strategy asks.
    Check,
}

/// A gate that looks, or several that make one.
#[derive(Debug)]
struct AtWork {
    /// Number in the plan.
    gate: usize,
    place: Place,
    together: Together,
    parts: Vec<Part>,
    state: State,
    is_over: bool,
}

impl AtWork {
    fn states(&self) -> Vec<State> {
        self.parts.iter().map(|part| part.tally.state).collect()
    }

    /// What it would come to if its time were over now.
    fn at_the_end(&self) -> State {
        self.together.state(&self.parts.iter().map(Part::at_the_end).collect::<Vec<_>>())
    }
}

/// The numbers of the gates that a plan's strategy asks for, those that are made of others with
/// them.
fn used(plan: &Plan) -> Vec<usize> {
    let uses = plan.strategy.parameters.gates();
    let named = uses.iter().filter_map(|one| plan.gate_called(&one.name));
    let mut used: Vec<usize> = plan.strategy.guards.iter().copied().chain(named).collect();
    for index in 0..used.len() {
        if let Rule::Several(_, members) = &plan.gates[used[index]].rule {
            used.extend(members);
        }
    }
    used
}

/// What the data plane has to observe for a plan; none if nobody looks.
pub(super) fn scrapes(plan: &Plan, start: SimTime) -> Option<Scrapes> {
    let mut widths: Vec<(SimDuration, bool)> = Vec::new();
    let mut want = |scrape: SimDuration, latency: bool| {
        let width = tick_width(scrape);
        match widths.iter_mut().find(|(known, _)| *known == width) {
            Some((_, keeps)) => *keeps |= latency,
            None => widths.push((width, latency)),
        }
    };
    for gate in used(plan) {
        if let Rule::Test(watch) = &plan.gates[gate].rule {
            want(watch.control.scrape, watch.needs_latency());
        }
    }
    for scrape in plan.alerts.iter().map(|alerts| alerts.scrape) {
        want(scrape, false);
    }
    for budget in plan.budget.iter().filter(|budget| budget.pause_above.is_some()) {
        want(budget.scrape, false);
    }
    if widths.is_empty() {
        return None;
    }
    let ticks = widths.into_iter().map(|(width, latency)| Ticks::new(width, start, latency));
    Some(Scrapes::new(ticks.collect()))
}

impl Gates {
    /// From `now` on so many outages keep metrics from arriving.
    pub(super) fn note_outages(&mut self, now: SimTime, outages: u32) {
        self.log.note_outages(now, outages);
    }

    pub(super) fn new(is_observing: bool) -> Self {
        Self {
            log: FleetLog::default(),
            baseline: Baseline::default(),
            at_work: Vec::new(),
            late: Vec::new(),
            divergence: None,
            service: Service::default(),
            checked: None,
            is_observing,
        }
    }

    /// A process has died by itself.
    pub(super) const fn crash(&mut self, version: Version) {
        self.log.crash(version);
    }

    /// When the first page was sent, from the rollout's start.
    pub(super) const fn page(&self) -> Option<SimDuration> {
        self.service.page
    }

    /// What the gates of the step have come to; none without any.
    #[inline(always)]
    pub(super) fn standing(&self) -> Option<Standing> {
        if self.at_work.is_empty() { None } else { self.standing_of_step() }
    }

    #[inline(never)]
    fn standing_of_step(&self) -> Option<Standing> {
        let of_step = || self.at_work.iter().filter(|one| one.place == Place::Step && !one.is_over);
        of_step().next()?;
        let all = |state: fn(&AtWork) -> State| {
            Together::All.state(&of_step().map(state).collect::<Vec<_>>())
        };
        Some(Standing { now: all(|one| one.state), at_the_end: all(AtWork::at_the_end) })
    }

    /// What the gates said that were asked to look at once; none if they were not.
    pub(super) const fn checked(&self) -> Option<Checked> {
        self.checked
    }

    /// Nobody looks any more.
    pub(super) fn stop(&mut self) {
        self.late.clear();
        for one in &mut self.at_work {
            one.is_over = true;
        }
    }
}

impl World<'_> {
    /// Notes what scrapes will see of the fleet.
    pub(super) fn note_fleet(&mut self) {
        if !self.gates.is_observing {
            return;
        }
        let mut counts = Counts { fleet: self.desired, ..Counts::default() };
        for version in Version::EVERY {
            counts.ready[side(version)] += self.pool.counts(version).ready;
            counts.desired[side(version)] += self.pool.desired(version);
        }
        self.gates.log.note(self.now, counts);
    }

    /// The rollout starts, and with it the watch over the service.
    pub(super) fn begin_watching(&mut self) {
        if self.gates.is_observing {
            self.gates.baseline = self.baseline();
            self.watch_service();
        }
    }

    /// The rollout begins, and with it the gates over the whole of it: those that look at the new
    /// version once there is one.
    pub(super) fn begin_guards(&mut self) {
        if !self.gates.is_observing {
            return;
        }
        let plan = self.plan;
        let ignores_red = plan.strategy.parameters.ignores_red_gates();
        for &gate in &plan.strategy.guards {
            if ignores_red && self.is_red(gate) {
                let name = &plan.gates[gate].name;
                self.tell("gate-ignored", format!("{name}: it was red before the rollout"));
            } else if looks_at_new(plan, gate) {
                self.gates.late.push(gate);
            } else {
                self.begin_gate(gate, Place::Guard);
            }
        }
    }

    /// Guards of the new version begin with the first of its instances that is available.
    pub(super) fn begin_late_guards(&mut self) {
        let comes = self.rollout.direction.to();
        let is_forward = self.rollout.direction != Direction::Back;
        if self.gates.late.is_empty() || !is_forward || self.pool.counts(comes).available == 0 {
            return;
        }
        for gate in std::mem::take(&mut self.gates.late) {
            self.begin_gate(gate, Place::Guard);
        }
    }

    /// A paused rollout goes on: guards that could not tell begin anew.
    pub(super) fn renew_guards(&mut self) {
        let is_lost = |one: &&mut AtWork| {
            one.place != Place::Step && !one.is_over && one.state == State::Inconclusive
        };
        let mut renewed = Vec::new();
        for one in self.gates.at_work.iter_mut().filter(is_lost) {
            one.is_over = true;
            renewed.push((one.gate, one.place));
        }
        for (gate, place) in renewed {
            self.begin_gate(gate, place);
        }
    }

    /// The strategy asks for the gates of a step.
    pub(super) fn run_gates(&mut self, names: &Arc<[String]>) {
        for name in names.iter() {
            if let Some(gate) = self.plan.gate_called(name) {
                self.begin_gate(gate, Place::Step);
            }
        }
    }

    /// The strategy asks for gates over the rest of the rollout.
    pub(super) fn guard(&mut self, names: &Arc<[String]>) {
        for name in names.iter() {
            if let Some(gate) = self.plan.gate_called(name) {
                self.begin_gate(gate, Place::Background);
            }
        }
    }

    /// The step is over, and with it its gates.
    pub(super) fn end_gates(&mut self) {
        self.end_all_of(Place::Step);
    }

    /// What the strategy has asked for over the rollout is over.
    pub(super) fn end_guards(&mut self) {
        self.end_all_of(Place::Background);
    }

    fn end_all_of(&mut self, place: Place) {
        let mut passed = Vec::new();
        for one in &mut self.gates.at_work {
            if one.place != place || one.is_over {
                continue;
            }
            one.is_over = true;
            if one.state == State::Running && one.at_the_end() == State::Passed {
                passed.push(one.in_words(self.plan));
            }
        }
        for detail in passed {
            self.tell("gate-passed", detail);
        }
    }

    fn begin_gate(&mut self, gate: usize, place: Place) {
        let (together, watches) = match &self.plan.gates[gate].rule {
            Rule::Test(_) => (Together::All, vec![gate]),
            Rule::Several(together, members) => (*together, members.clone()),
        };
        let work = self.gates.at_work.len() as u32;
        let mut parts = Vec::new();
        for (number, watch) in watches.into_iter().enumerate() {
            let Some(part) = self.part(watch) else { return };
            let first = part.next_look();
            let event = Event::Look { work, part: number as u32 };
            self.calendar.schedule(first, Rank::Gate, event);
            parts.push(part);
        }
        let state = State::Running;
        self.gates.at_work.push(AtWork { gate, place, together, parts, state, is_over: false });
    }

    /// A gate has come to an end: what follows.
    fn conclude_gate(&mut self, work: usize, reason: &str) {
        let one = &mut self.gates.at_work[work];
        let (state, place) = (one.state, one.place);
        let name = &self.plan.gates[one.gate].name;
        match (state, place) {
            (State::Running, _) => {}
            (State::Passed, _) => {
                let detail = one.in_words(self.plan);
                self.tell("gate-passed", detail);
            }
            (State::Failed, _) => {
                let why = format!("gate {name} failed: {reason}");
                let answer = self.plan.strategy.on_gate_failure;
                self.fail_with(answer, why.as_str());
                // Nothing acts, and a step whose gates have not passed is never done.
                if answer == OnFailure::Stall && place == Place::Step && self.rollout.is_running {
                    self.conclude(Outcome::Stalled, why);
                }
            }
            // The strategy sees what the gates of its step have come to.
            (State::Inconclusive, Place::Step | Place::Check) => {}
            (State::Inconclusive, Place::Guard | Place::Background) => {
                let why = format!("gate {name} cannot tell: {reason}");
                self.pause(Hold::Failure, why);
            }
        }
    }

    /// The requests of the baseline window, and what there was before anything was observed.
    fn baseline(&self) -> Baseline {
        let Some(ticks) = self.plane.scrapes().and_then(Scrapes::first) else {
            return Baseline::default();
        };
        let half = SimTime::from_nanos(self.plan.simulation.warmup.as_nanos() / 2);
        let mut whole = crate::traffic::Tick::default();
        for index in 0..ticks.ended(self.start) {
            if ticks.begin(index) >= half
                && let Some(tick) = ticks.get(index)
            {
                whole.merge(tick);
            }
        }
        let mut sample = crate::gate::Sample::default();
        for ended in &whole.versions {
            sample.requests += ended.ok + ended.failed;
            sample.failed += ended.failed;
            sample.latency.merge(&ended.latency);
        }
        sample.requests += whole.unserved;
        sample.failed += whole.unserved;
        let share = sample.failed as f64 / sample.requests.max(1) as f64;
        let rate = Demand(&self.plan.data.traffic.rate).rate_from(SimTime::ZERO);
        Baseline { sample, before: (rate, share) }
    }
}

/// Whether a gate looks at the new version, by itself or in a part.
fn looks_at_new(plan: &Plan, gate: usize) -> bool {
    match &plan.gates[gate].rule {
        Rule::Test(watch) => watch.scope == Scope::New,
        Rule::Several(_, members) => members.iter().any(|&member| looks_at_new(plan, member)),
    }
}
