//! The arrival-driven path: no event but the arrivals. It serves plans in which nothing reacts to
//! a completion, a deadline or a failure, and agrees with the event-ordered path to the last bit.
//!
//! A request's fate is recorded when it arrives. What a kill or a change of speed makes different
//! is taken back and recorded anew.

mod control;
mod copies;
mod observed;
mod slots;
mod station;
mod stations;
mod synthetic;

use self::station::{Entry, Fate, Limits, Room, Station};
use self::stations::{Fresh, Stations};
use super::balancer::Balancer;
use super::flag::Flag;
use super::mirror::Mirror;
use super::plane::{Signal, Windows};
use super::process::{FOREVER, Owner, Process};
use super::record::{Cause, Charge, Phase, TrafficRecord};
use super::recorder::{Count, Failure, Place, Recorder};
use super::request::{Request, Requests};
use super::scrape::Scrapes;
use super::trouble::{Fortune, Trouble};
use super::users::Users;
use super::{DataPlan, Policy};
use crate::random::Seed;
use crate::units::{InstanceId, SimDuration, SimTime};

/// What the plan says and no event changes.
#[derive(Clone, Copy, Debug)]
struct Rules {
    policy: Policy,
    slots: u32,
    queue: u32,
    /// Service time factor by version.
    factors: [f64; 2],
    /// The client waits this long, ns.
    timeout: u64,
    /// No longer than this, and no longer than any run: what takes longer never ends.
    patience: u64,
    users: Users,
    /// Whom the release's defects reach; none: everyone.
    flag: Option<Flag>,
}

impl Rules {
    /// An endpoint that has not taken anything yet.
    fn station(&self, fresh: Fresh) -> Station {
        let mut process =
            Process::new(fresh.version, self.factors[fresh.version.served_as().index()]);
        if fresh.is_flagged {
            process = process.behind_a_flag();
        }
        process.set_door(fresh.door);
        Station::new(process, self.slots)
    }
}

/// All requests of one run, arrival by arrival.
#[derive(Clone, Debug)]
pub(super) struct ArrivalPath {
    rules: Rules,
    requests: Requests,
    balancer: Balancer,
    stations: Stations,
    recorder: Recorder,
    /// What ends when, if anyone observes it.
    scrapes: Option<Box<Scrapes>>,
    mirror: Mirror,
    /// Of those endpoints whose process is troubled; may be shorter than the others.
    troubles: Vec<Trouble>,
    fortune: Fortune,
    phase: Phase,
    is_short: bool,
    /// A wait longer than this is told of, ns.
    watch: u64,
    now: u64,
}

/// Whether a plan can be run without completion events: no policy that looks at every endpoint's
/// load, and nothing that reacts to how an attempt ended or waits for it to end; or no attempt.
pub(super) fn can_run(plan: &DataPlan) -> bool {
    let balancer = &plan.balancer;
    let reacts_to_nothing = balancer.policy != Policy::LeastRequests
        && balancer.connect_retries == 0
        && balancer.max_connections.is_none()
        && balancer.outlier.is_none()
        && plan.traffic.retries.attempts == 0
        && plan.traffic.session_share.of_rounded_down(plan.traffic.users) == 0;
    reacts_to_nothing || plan.traffic.rate.is_nothing()
}

impl ArrivalPath {
    pub(super) fn new(plan: &DataPlan, windows: Windows, seed: Seed) -> Self {
        let timeout = plan.traffic.timeout.map_or(u64::MAX, SimDuration::as_nanos);
        let rules = Rules {
            policy: plan.balancer.policy,
            slots: plan.instance.slots,
            queue: plan.instance.queue,
            factors: [1.0, plan.release.service_time_factor],
            timeout,
            patience: timeout.min(FOREVER / 2),
            users: Users::new(&plan.traffic, seed),
            flag: None,
        };
        Self {
            rules,
            requests: Requests::new(plan, seed),
            balancer: Balancer::new(&plan.balancer),
            stations: Stations::default(),
            recorder: Recorder::new(windows, plan.slow_threshold),
            scrapes: None,
            mirror: Mirror::new(seed),
            troubles: Vec::new(),
            fortune: Fortune::new(seed),
            phase: Phase::RollingOut,
            is_short: false,
            watch: u64::MAX,
            now: 0,
        }
    }

    /// Handles every arrival before `until`; stops early for a signal only.
    pub(super) fn advance(&mut self, until: u64) -> Option<Signal> {
        if self.scrapes.is_some() || self.mirror.is_on() {
            return self.run_observed(until);
        }
        // One loop a policy: what differs between them is settled outside.
        match self.rules.policy {
            Policy::Random => self.run(Policy::Random, until),
            Policy::PowerOfTwo => self.run(Policy::PowerOfTwo, until),
            policy => self.run(policy, until),
        }
    }

    #[inline(always)]
    fn run(&mut self, policy: Policy, until: u64) -> Option<Signal> {
        while self.requests.next_arrival() < until {
            self.recorder.send(self.requests.next_arrival());
            let endpoint = self.pick(policy);
            if let Some(endpoint) = endpoint
                && self.take_easily(endpoint)
            {
                self.requests.step();
                continue;
            }
            let signal = self.send_with_care(endpoint);
            self.requests.step();
            if signal.is_some() {
                return signal;
            }
        }
        self.now = self.now.max(until);
        None
    }

    /// Where the current request goes; none if there is no endpoint.
    #[inline(always)]
    fn pick(&mut self, policy: Policy) -> Option<u32> {
        let Request { number, sent: now, route, .. } = self.requests.current();
        let users = self.rules.users;
        let side = self.balancer.side(route, || users.draw(number));
        self.balancer.pick_by(policy, side, route, now, self.stations.holders())
    }

    /// Lets the endpoint take the current request if there is nothing special about it; whether it
    /// did.
    ///
    /// Nearly all are taken, served in the time of their demand, and answered with success soon
    /// enough.
    #[inline(always)]
    fn take_easily(&mut self, endpoint: u32) -> bool {
        let Request { sent: now, demand, is_faulty, .. } = self.requests.current();
        let Some(station) = self.stations.used_mut(endpoint) else { return false };
        if !station.process.is_plain(now) | is_faulty {
            return false;
        }
        let Rules { queue, patience, .. } = self.rules;
        let limits = Limits { queue, patience, watch: self.watch };
        let Some(end) = station.take_easily(now, demand, self.phase, limits) else { return false };
        self.recorder.succeed_latest(station.process.version, end - now);
        true
    }

    /// What the process of the endpoint, if there is one, does with the current request, whatever
    /// it is.
    #[inline(never)]
    fn send_with_care(&mut self, endpoint: Option<u32>) -> Option<Signal> {
        let Some(endpoint) = endpoint else {
            self.fail(Cause::NoEndpoint, Charge::Overload, None);
            return None;
        };
        let Request { number, sent: now, demand, is_faulty, .. } = self.requests.current();
        let station = self.stations.station(endpoint, &self.rules);
        let late = station.process.late_charge(now, self.is_short);
        let Rules { flag, users, .. } = self.rules;
        let is_exposed = station.process.exposes(flag, || users.draw(number));
        let is_masked = station.process.masks(flag, is_exposed);
        let owner = station.process.owner(is_masked);
        if !station.process.accepts() {
            self.fail(Cause::Refused, late, Some(owner));
            return None;
        }
        let room = station.room(self.rules.queue, now);
        let Room::From(start, first) = room else {
            let wait = station.wait(now);
            self.fail(Cause::Overloaded, late, Some(owner));
            return self.look_at(endpoint, wait, now);
        };
        let demand = station.process.work(demand, is_exposed);
        let is_hit = station.process.hits(is_faulty, is_exposed);
        let mut defect = is_hit.then_some(Charge::BadRelease);
        if station.process.is_troubled && defect.is_none() {
            defect = self.fortune.defect(self.troubles[endpoint as usize], number, 0);
        }
        let error = defect.map(|defect| station.process.error_charge(defect));
        let end = start.saturating_add(station.process.service(demand, start));
        let fate = Fate::new(demand, self.phase, late, error).masked(is_masked);
        let entry = Entry { sent: now, start, end, fate };
        station.take(entry, first, now);
        self.record(self.recorder.place(), &entry, owner, Count::Add);
        self.look_at(endpoint, start - now, now)
    }

    /// Tells of an endpoint where a request has to wait too long.
    fn look_at(&mut self, endpoint: u32, wait: u64, now: u64) -> Option<Signal> {
        let station = self.stations.used_mut(endpoint)?;
        if wait <= self.watch || std::mem::replace(&mut station.process.is_told, true) {
            return None;
        }
        Some(Signal::Overloaded { instance: InstanceId(endpoint), at: SimTime::from_nanos(now) })
    }

    /// The current request fails at once.
    fn fail(&mut self, cause: Cause, charge: Charge, owner: Option<Owner>) {
        if let Some(scrapes) = &mut self.scrapes {
            let watched = owner.map(|owner| owner.watched);
            scrapes.failed(self.requests.current().sent, watched, Count::Add);
        }
        let failure = Failure { cause, charge, phase: self.phase, answered: None };
        self.recorder.failure(self.recorder.place(), failure, Count::Add);
    }

    /// Records the fate of a request, or takes it back.
    fn record(&mut self, place: Place, entry: &Entry, owner: Owner, count: Count) {
        if entry.is_copy() {
            return self.observe_copy(entry, owner, count);
        }
        let Owner { version, watched } = owner;
        let timeout = self.rules.timeout;
        match entry.failure(timeout) {
            None => {
                let latency = entry.end - entry.sent;
                if let Some(scrapes) = &mut self.scrapes {
                    scrapes.ok(entry.end, watched, latency, count);
                }
                self.recorder.success(place, version, latency, count);
            }
            Some((cause, charge)) => {
                if let Some(scrapes) = &mut self.scrapes {
                    // The client knows when it has its answer, or when it gives up.
                    let known = entry.end.min(entry.sent.saturating_add(timeout));
                    scrapes.failed(known, Some(watched), count);
                }
                let answered = (cause == Cause::Error).then_some(version);
                let failure = Failure { cause, charge, phase: entry.fate.phase(), answered };
                self.recorder.failure(place, failure, count);
            }
        }
    }

    /// Sends nothing after `now`: the record.
    pub(super) fn finish(mut self, now: u64) -> TrafficRecord {
        while self.advance(now).is_some() {}
        self.recorder.finish()
    }
}
