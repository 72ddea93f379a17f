//! The arrival-driven path: no event but the arrivals. It serves plans in which nothing reacts to
//! a completion, a deadline or a failure, and agrees with the event-ordered path to the last bit.
//!
//! A request's fate is recorded when it arrives. What a kill or a change of speed makes different
//! is taken back and recorded anew.

mod control;
mod slots;
mod station;

use self::station::{Entry, Fate, Room, Station};
use super::balancer::Balancer;
use super::plane::{Signal, Windows};
use super::record::{Cause, Charge, Phase, TrafficRecord};
use super::recorder::{Count, Failure, Place, Recorder};
use super::request::{Request, Requests};
use super::{DataPlan, Policy};
use crate::random::{Key, Purpose, Seed};
use crate::units::{InstanceId, SimDuration, SimTime, Version};

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
    users: u32,
    user: Key,
}

/// All requests of one run, arrival by arrival.
#[derive(Clone, Debug)]
pub(super) struct ArrivalPath {
    rules: Rules,
    requests: Requests,
    balancer: Balancer,
    stations: Vec<Station>,
    recorder: Recorder,
    phase: Phase,
    is_short: bool,
    /// A wait longer than this is told of, ns.
    watch: u64,
    now: u64,
}

/// Whether a plan can be run without completion events: no policy that looks at every endpoint's
/// load, and nothing that reacts to how an attempt ended or waits for it to end.
pub(super) fn can_run(plan: &DataPlan) -> bool {
    let balancer = &plan.balancer;
    balancer.policy != Policy::LeastRequests
        && balancer.connect_retries == 0
        && balancer.max_connections.is_none()
        && balancer.outlier.is_none()
        && plan.traffic.retries.attempts == 0
        && plan.traffic.session_share.of_rounded_down(plan.traffic.users) == 0
}

impl ArrivalPath {
    pub(super) fn new(plan: &DataPlan, windows: Windows, seed: Seed) -> Self {
        let rules = Rules {
            policy: plan.balancer.policy,
            slots: plan.instance.slots,
            queue: plan.instance.queue,
            factors: [1.0, plan.release.service_time_factor],
            timeout: plan.traffic.timeout.map_or(u64::MAX, SimDuration::as_nanos),
            users: plan.traffic.users,
            user: seed.key(Purpose::User),
        };
        Self {
            rules,
            requests: Requests::new(plan, seed),
            balancer: Balancer::new(&plan.balancer),
            stations: Vec::new(),
            recorder: Recorder::new(windows, plan.slow_threshold),
            phase: Phase::RollingOut,
            is_short: false,
            watch: u64::MAX,
            now: 0,
        }
    }

    /// Handles every arrival before `until`; stops early for a signal only.
    pub(super) fn advance(&mut self, until: u64) -> Option<Signal> {
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
            let request = self.requests.take();
            self.now = request.sent;
            let place = self.recorder.send(request.sent);
            let signal = self.place(policy, &request, place);
            if signal.is_some() {
                return signal;
            }
        }
        self.now = self.now.max(until);
        None
    }

    /// Sends a request where the policy says.
    #[inline(always)]
    fn place(&mut self, policy: Policy, request: &Request, place: Place) -> Option<Signal> {
        let now = request.sent;
        let Rules { slots, user, users, .. } = self.rules;
        let side = self.balancer.side(request.route, || {
            let number = (u128::from(user.draw(request.number, 0)) * u128::from(users)) >> 64;
            user.draw(number as u64, 1)
        });
        let stations = &self.stations;
        let load = |endpoint: u32| stations[endpoint as usize].load(slots, now);
        match self.balancer.pick_by(policy, side, request.route, now, load) {
            Some(endpoint) => self.offer(endpoint, request, place),
            None => {
                self.fail(place, Cause::NoEndpoint, Charge::Overload);
                None
            }
        }
    }

    /// What the endpoint's process does with a request.
    #[inline(always)]
    fn offer(&mut self, endpoint: u32, request: &Request, place: Place) -> Option<Signal> {
        let now = request.sent;
        let station = &mut self.stations[endpoint as usize];
        let late = station.process.late_charge(now, self.is_short);
        if !station.process.accepts() {
            self.fail(place, Cause::Refused, late);
            return None;
        }
        let slots = self.rules.slots;
        let room = station.room(slots, self.rules.queue, now);
        let Room::From(start) = room else {
            self.fail(place, Cause::Overloaded, late);
            let wait = self.stations[endpoint as usize].wait(slots, now);
            return self.look_at(endpoint, wait, now);
        };
        let version = station.process.version;
        let factor = self.rules.factors[version.index()];
        let error = (request.is_faulty && version == Version::New)
            .then(|| station.process.error_charge(Charge::BadRelease));
        let service = station.process.service(request.demand, start, factor);
        let entry = Entry {
            sent: now,
            start,
            end: start.saturating_add(service),
            demand: request.demand,
            fate: Fate { phase: self.phase, late, error },
        };
        station.take(entry, self.rules.slots, now);
        self.record(place, &entry, version, Count::Add);
        self.look_at(endpoint, start - now, now)
    }

    /// Tells of an endpoint where a request has to wait too long.
    #[inline]
    fn look_at(&mut self, endpoint: u32, wait: u64, now: u64) -> Option<Signal> {
        if wait <= self.watch || self.stations[endpoint as usize].is_told {
            return None;
        }
        self.stations[endpoint as usize].is_told = true;
        Some(Signal::Overloaded { instance: InstanceId(endpoint), at: SimTime::from_nanos(now) })
    }

    /// A request fails at once.
    fn fail(&mut self, place: Place, cause: Cause, charge: Charge) {
        let failure = Failure { cause, charge, phase: self.phase, answered: None };
        self.recorder.failure(place, failure, Count::Add);
    }

    /// Records the fate of a request, or takes it back.
    #[inline]
    fn record(&mut self, place: Place, entry: &Entry, version: Version, count: Count) {
        match entry.failure(self.rules.timeout) {
            None => self.recorder.success(place, version, entry.end - entry.sent, count),
            Some((cause, charge)) => {
                let answered = (cause == Cause::Error).then_some(version);
                let failure = Failure { cause, charge, phase: entry.fate.phase, answered };
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
