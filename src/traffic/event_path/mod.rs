//! The event-ordered path: every completion, deadline, retry and arrival in the order of time.
//! It can do all that the data plane can.
//!
//! At one instant completions come first, then what settles without being asked for (clients and
//! the balancer's queue giving up, ejected endpoints returning), then what the simulation does,
//! then retries, then arrivals.

mod attempt;
mod control;
mod copies;
mod estimate;
mod heap;
mod outlier;
mod place;
mod serve;
mod settle;
mod synthetic;

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

use self::attempt::{Attempts, Fresh, List, Queue, Serving};
use self::heap::Completions;
use self::outlier::Outliers;
use super::DataPlan;
use super::balancer::{Balancer, Holder, Side};
use super::flag::Flag;
use super::mirror::Mirror;
use super::plane::{Signal, Windows};
use super::process::{FOREVER, Process};
use super::record::{Phase, TrafficRecord};
use super::recorder::{Count, Recorder};
use super::request::{Request, Requests};
use super::retry::Client;
use super::scrape::Scrapes;
use super::session::Sessions;
use super::trouble::{Fortune, Trouble};
use super::users::Users;
use crate::random::{Key, Purpose, Seed};
use crate::units::SimDuration;

/// What the plan says and no event changes.
#[derive(Clone, Copy, Debug)]
struct Rules {
    slots: u32,
    queue: u32,
    /// Service time factor by version.
    factors: [f64; 2],
    /// The client waits this long for an attempt, ns.
    timeout: u64,
    /// Whether something reacts to a client that gives up, so that it must be seen at once.
    is_timeout_felt: bool,
    /// Whether anything else settles by itself beside completions: the balancer's queue giving up,
    /// ejected endpoints returning.
    is_any_aside: bool,
    /// Whether anything follows from an endpoint taking a request or ending it, beside its own
    /// slots and queue: sessions, ejection, a balancer's queue.
    is_any_consequence: bool,
    connect_retries: u32,
    redispatch: bool,
    retry_aborted: bool,
    max_connections: u32,
    queue_timeout: u64,
    mixed_threshold: u128,
    error_threshold: u128,
}

/// Counter-based chance.
#[derive(Clone, Copy, Debug)]
struct Keys {
    route: Key,
    failure: Key,
    mixed: Key,
}

/// An endpoint with its slots and its queue.
#[derive(Clone, Debug)]
struct Endpoint {
    process: Process,
    /// In service.
    serving: Serving,
    /// Waiting for a slot.
    waiting: u32,
    queue: Queue,
    /// Sum of the moments at which what is in service ends, and of the longest that the services
    /// of what waits can take, ns.
    work: u128,
    /// How many requests it has taken.
    taken: u64,
}

impl Endpoint {
    fn new(process: Process) -> Self {
        Self {
            process,
            serving: Serving::default(),
            waiting: 0,
            queue: Queue::EMPTY,
            work: 0,
            taken: 0,
        }
    }
}

impl Holder for Endpoint {
    #[inline(always)]
    fn load(&self, _now: u64) -> u32 {
        self.serving.count() + self.waiting
    }
}

/// What the client or the balancer will do later; ordered by `at` and `serial`.
#[derive(Clone, Copy, Debug)]
struct Later {
    at: u64,
    /// Breaks ties in the order of planning.
    serial: u64,
    errand: Errand,
}

impl Later {
    const fn order(&self) -> (u64, u64) {
        (self.at, self.serial)
    }
}

impl Ord for Later {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Later {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Later {}

#[derive(Clone, Copy, Debug)]
enum Errand {
    /// The client sends a request again.
    Retry { sent: u64, demand: u64, number: u64, retries: u32, phase: Phase },
    /// The balancer connects to the endpoint again.
    Reconnect(u32),
}

/// All requests of one run, event by event.
#[derive(Clone, Debug)]
pub(super) struct EventPath {
    rules: Rules,
    keys: Keys,
    requests: Requests,
    balancer: Balancer,
    endpoints: Vec<Endpoint>,
    attempts: Attempts,
    completions: Completions,
    /// Attempts whose clients wait, the longest first; empty unless giving up is felt.
    awaited: List,
    /// When the first of them gives up, ns.
    deadline: u64,
    later: BinaryHeap<Reverse<Later>>,
    planned: u64,
    /// The balancer's queue: for any endpoint, or for those of one version.
    fronts: [List; 3],
    client: Client,
    outliers: Option<Outliers>,
    sessions: Option<Sessions>,
    recorder: Recorder,
    /// What ends when, if anyone observes it.
    scrapes: Option<Box<Scrapes>>,
    /// Whom the release's defects reach; none: everyone.
    flag: Option<Flag>,
    mirror: Mirror,
    users: Users,
    /// Of those endpoints whose process is troubled; may be shorter than the others.
    troubles: Vec<Trouble>,
    fortune: Fortune,
    phase: Phase,
    is_short: bool,
    /// A wait longer than this is told of, ns.
    watch: u64,
    signals: VecDeque<Signal>,
    now: u64,
}

impl EventPath {
    pub(super) fn new(plan: &DataPlan, windows: Windows, seed: Seed) -> Self {
        let nanos = |length: Option<SimDuration>| length.map_or(u64::MAX, SimDuration::as_nanos);
        let (traffic, balancer, release) = (&plan.traffic, &plan.balancer, &plan.release);
        let sessions = Sessions::new(traffic, windows.rollout.as_nanos(), seed);
        let rules = Rules {
            slots: plan.instance.slots,
            queue: plan.instance.queue,
            factors: [1.0, release.service_time_factor],
            timeout: nanos(traffic.timeout),
            is_timeout_felt: traffic.timeout.is_some()
                && (traffic.retries.attempts > 0 || balancer.outlier.is_some()),
            is_any_aside: balancer.queue_timeout.is_some() || balancer.outlier.is_some(),
            is_any_consequence: sessions.is_some()
                || balancer.outlier.is_some()
                || balancer.max_connections.is_some(),
            connect_retries: balancer.connect_retries,
            redispatch: balancer.redispatch,
            retry_aborted: balancer.retry_aborted,
            max_connections: balancer.max_connections.unwrap_or(u32::MAX),
            queue_timeout: nanos(balancer.queue_timeout),
            mixed_threshold: release.mixed_error_rate.threshold(),
            error_threshold: release.error_rate.threshold(),
        };
        let keys = Keys {
            route: seed.key(Purpose::RetryRoute),
            failure: seed.key(Purpose::RetryFailure),
            mixed: seed.key(Purpose::MixedFailure),
        };
        Self {
            rules,
            keys,
            requests: Requests::new(plan, seed),
            balancer: Balancer::new(balancer),
            endpoints: Vec::new(),
            attempts: Attempts::new(),
            completions: Completions::new(),
            awaited: List::EMPTY,
            deadline: u64::MAX,
            later: BinaryHeap::new(),
            planned: 0,
            fronts: [List::EMPTY; 3],
            client: Client::new(&traffic.retries, seed),
            outliers: balancer.outlier.map(Outliers::new),
            sessions,
            recorder: Recorder::new(windows, plan.slow_threshold),
            scrapes: None,
            flag: None,
            mirror: Mirror::new(seed),
            users: Users::new(traffic, seed),
            troubles: Vec::new(),
            fortune: Fortune::new(seed),
            phase: Phase::RollingOut,
            is_short: false,
            watch: u64::MAX,
            signals: VecDeque::new(),
            now: 0,
        }
    }

    /// Observes what ends from now on; nothing has been sent yet. That a client gives up is seen
    /// when it does.
    pub(super) fn observe(&mut self, scrapes: Scrapes) {
        self.scrapes = Some(Box::new(scrapes));
        self.rules.is_timeout_felt |= self.rules.timeout < u64::MAX;
    }

    /// What was observed.
    pub(super) fn scrapes(&self) -> Option<&Scrapes> {
        self.scrapes.as_deref()
    }

    /// Handles everything before `until`, and what completes or settles at `until`; stops early
    /// for a signal only.
    pub(super) fn advance(&mut self, until: u64) -> Option<Signal> {
        while self.signals.is_empty() {
            let arrival = self.requests.next_arrival();
            let later = self.later.peek().map_or(u64::MAX, |Reverse(later)| later.at);
            let next = arrival.min(later);
            if self.settle_next(next.min(until)) {
                continue;
            }
            if next >= until {
                self.now = self.now.max(until);
                return None;
            }
            self.now = next;
            if later <= arrival { self.run_errand() } else { self.arrive() }
        }
        self.settle(self.now);
        self.signals.pop_front()
    }

    /// A logical request arrives.
    #[inline(always)]
    fn arrive(&mut self) {
        let Request { number, sent: now, demand, route, is_faulty } = self.requests.current();
        self.recorder.send(now);
        self.client.send(now);
        let (phase, side) = (self.phase, self.side_of(number, route));
        let fresh =
            Fresh { sent: now, tried: now, demand, number, retries: 0, phase, side, is_faulty };
        let attempt = self.attempts.begin(fresh);
        self.send(attempt, side, route, now);
        if self.mirror.is_on() {
            self.copy();
        }
        self.requests.step();
    }

    /// Does what was planned for now.
    fn run_errand(&mut self) {
        let Some(Reverse(Later { at: now, errand, .. })) = self.later.pop() else { return };
        match errand {
            Errand::Retry { sent, demand, number, retries, phase } => {
                self.recorder.send_again(sent);
                let chance = self.keys.failure.draw(number, u64::from(retries));
                let is_faulty = u128::from(chance) < self.rules.error_threshold;
                let route = self.keys.route.draw(number, u64::from(retries) << 32);
                let side = self.side_of(number, route);
                let fresh =
                    Fresh { sent, tried: now, demand, number, retries, phase, side, is_faulty };
                let attempt = self.attempts.begin(fresh);
                self.send(attempt, side, route, now);
            }
            Errand::Reconnect(attempt) => self.reconnect(attempt, now),
        }
    }

    /// Plans an errand.
    fn plan(&mut self, at: u64, errand: Errand) {
        self.planned += 1;
        self.later.push(Reverse(Later { at, serial: self.planned, errand }));
    }

    /// Sends nothing new after `now` and lets everything under way end.
    pub(super) fn finish(mut self, now: u64) -> TrafficRecord {
        while self.advance(now).is_some() {}
        self.requests.stop();
        while self.advance(FOREVER - 1).is_some() {}
        self.give_up_the_rest();
        let mut record = self.recorder.finish();
        if let Some(sessions) = &self.sessions {
            (record.sessions, record.sessions_lost) = sessions.totals();
        }
        record
    }

    /// Among which endpoints a request with this routing number is placed.
    #[inline(always)]
    fn side_of(&self, number: u64, route: u64) -> Side {
        self.balancer.side(route, || self.users.draw(number))
    }

    fn load_of(&self, endpoint: u32) -> u32 {
        let here = &self.endpoints[endpoint as usize];
        here.serving.count() + here.waiting
    }
}
