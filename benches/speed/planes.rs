//! The reference workload on the simulator's data plane, with everything that a run records.

use rollsim::random::{Law, Seed};
use rollsim::traffic::{
    Arrivals, BalancerPlan, DataPlan, DataPlane, Departure, Door, InstancePlan, Policy, RateCurve,
    ReleaseTraffic, RetryPlan, TrafficPlan, Windows,
};
use rollsim::units::{InstanceId, Ratio, SimDuration, SimTime, Version};

use crate::workload::{Outcome, RATE, ROOM, Routing, SERVERS, SERVICE, SLOTS};

fn plan(routing: Routing) -> DataPlan {
    DataPlan {
        traffic: TrafficPlan {
            rate: RateCurve::Constant(RATE),
            arrivals: Arrivals::Poisson,
            timeout: None,
            retries: RetryPlan {
                attempts: 0,
                backoff: SimDuration::from_millis(100),
                multiplier: 2.0,
                jitter: 0.5,
                budget: None,
            },
            users: 100_000,
            session_share: Ratio::ZERO,
            session_length: Law::Constant(SimDuration::from_secs(300)),
        },
        instance: InstancePlan {
            slots: SLOTS as u32,
            queue: ROOM as u32,
            service_time: Law::Exponential { mean: SERVICE },
        },
        balancer: BalancerPlan {
            policy: match routing {
                Routing::Random => Policy::Random,
                Routing::Two => Policy::PowerOfTwo,
                Routing::All => Policy::LeastRequests,
            },
            connect_retries: 0,
            redispatch: true,
            retry_aborted: false,
            slow_start: SimDuration::ZERO,
            max_connections: None,
            queue_timeout: None,
            outlier: None,
        },
        release: ReleaseTraffic {
            error_rate: Ratio::ZERO,
            service_time_factor: 1.0,
            mixed_error_rate: Ratio::ZERO,
        },
        slow_threshold: Some(SimDuration::from_millis(500)),
    }
}

fn at(seconds: f64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs_f64(seconds)
}

/// The plane with its servers serving, and the end of so many requests.
fn begin(plan: &DataPlan, requests: u64) -> (DataPlane, f64) {
    let windows = Windows {
        baseline: SimTime::ZERO,
        rollout: SimTime::ZERO,
        bin: Some(SimDuration::from_secs(1)),
    };
    let mut plane = DataPlane::new(plan, windows, Seed { seed: 1, replication: 0 });
    for server in 0..SERVERS as u32 {
        start(&mut plane, server, SimTime::ZERO);
    }
    (plane, requests as f64 / RATE)
}

fn start(plane: &mut DataPlane, server: u32, now: SimTime) {
    let version = if server.is_multiple_of(2) { Version::Old } else { Version::New };
    plane.install(InstanceId(server), version);
    plane.set_door(InstanceId(server), Door::Open, now);
    plane.route(InstanceId(server), now);
}

fn finish(plane: DataPlane, end: f64) -> Outcome {
    let record = plane.finish(at(end));
    let window = record.window;
    Outcome {
        requests: window.requests,
        completed: window.answered,
        sojourn: window.latency_sum_nanos,
        cells: Vec::new(),
    }
}

/// Nothing happens but requests.
pub(crate) fn steady(routing: Routing, requests: u64) -> Outcome {
    let (mut plane, end) = begin(&plan(routing), requests);
    while plane.advance(at(end)).is_some() {}
    finish(plane, end)
}

/// Clients wait 1 s, waits are watched, and a server is replaced every 10 s: it drains for a
/// second, is killed, and another takes its place a second later.
pub(crate) fn rolling(routing: Routing, requests: u64) -> Outcome {
    let mut plan = plan(routing);
    plan.traffic.timeout = Some(SimDuration::from_secs(1));
    replace(&plan, requests)
}

/// As [`rolling`], clients trying again up to twice.
pub(crate) fn retrying(routing: Routing, requests: u64) -> Outcome {
    let mut plan = plan(routing);
    plan.traffic.timeout = Some(SimDuration::from_secs(1));
    plan.traffic.retries.attempts = 2;
    replace(&plan, requests)
}

fn replace(plan: &DataPlan, requests: u64) -> Outcome {
    let (mut plane, end) = begin(plan, requests);
    plane.watch(SimDuration::from_secs(1));
    let mut server = 0;
    let mut now = 10.0;
    while now + 2.0 < end {
        let id = InstanceId(server);
        while plane.advance(at(now)).is_some() {}
        plane.set_door(id, Door::Stopping, at(now));
        plane.unroute(id, at(now));
        while plane.advance(at(now + 1.0)).is_some() {}
        plane.kill(id, Departure::OnPurpose, at(now + 1.0));
        while plane.advance(at(now + 2.0)).is_some() {}
        start(&mut plane, server, at(now + 2.0));
        server = (server + 1) % SERVERS as u32;
        now += 10.0;
    }
    while plane.advance(at(end)).is_some() {}
    finish(plane, end)
}
