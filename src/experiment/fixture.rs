//! Plausible scenarios and runs for the tests of experiments, files and charts: a fluid model of
//! twelve gateways, computed without the simulator.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{Measured, Results, Settings, run};
use crate::fleet::{
    FleetPlan, Listen, ReadinessPlan, ReadyUntil, ReleasePlan, ShutdownPlan, StartupPlan,
};
use crate::measure::{METRICS, MetricKind, Metrics};
use crate::random::Law;
use crate::scenario::{Scenario, Variant};
use crate::sim::{
    Detail, EventRow, Observed, Outcome, Pairing, Plan, RoutingPlan, Run, SimulationPlan, SloPlan,
    StateBin, StrategyPlan, Trace,
};
use crate::strategy::{OnFailure, Parameters, Problem, Setup, Strategy};
use crate::traffic::{
    Arrivals, BalancerPlan, Cause, Charge, DataPlan, InstancePlan, Policy, RateCurve,
    ReleaseTraffic, RetryPlan, Second, Tally, TrafficBin, TrafficPlan, TrafficRecord,
};
use crate::units::{Bins, InstanceId, Ratio, SimDuration, SimTime, Version, ZoneId};

const INSTANCES: u32 = 12;
const CAPACITY: f64 = 2000.0;
const DEMAND: f64 = 19_200.0;
const WARMUP: f64 = 60.0;

/// The story of the gateways: eight ways to roll out.
pub(crate) const GATEWAY: [&str; 8] = [
    "one-at-a-time",
    "two-at-a-time",
    "three-at-a-time",
    "six-at-a-time",
    "surge",
    "recreate",
    "canary",
    "blue-green",
];

#[derive(Debug)]
struct NoParameters;

impl Parameters for NoParameters {
    fn check(&self, _: u32) -> Vec<Problem> {
        Vec::new()
    }
    fn begin(&self, _: Setup) -> Box<dyn Strategy> {
        unreachable!("the fluid model asks no strategy")
    }
    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Stall
    }
}

/// A scenario with one variant for each name.
pub(crate) fn scenario(names: &[&str], replications: u32) -> Scenario {
    let variants = names
        .iter()
        .map(|name| Variant {
            name: (*name).to_owned(),
            strategy: name.split(' ').next().unwrap_or_default().to_owned(),
            parameters: name
                .split(' ')
                .skip(1)
                .filter_map(|part| part.split_once('='))
                .map(|(key, value)| {
                    (format!("strategies.{key}"), value.parse::<i64>().unwrap_or(0).into())
                })
                .collect(),
            plan: plan(name, replications),
        })
        .collect();
    Scenario {
        name: "api-gateway".into(),
        description: String::new(),
        seed: 7,
        world: crate::scenario::World::new(),
        policy: crate::scenario::policy::Policy::empty(),
        variants,
        mixtures: Vec::new(),
    }
}

/// The results of those variants by the fluid model.
pub(crate) fn results(names: &[&str], replications: u32) -> Results {
    let interrupted = AtomicBool::new(false);
    let settings = Settings { threads: None, interrupted: &interrupted, progress: &|_| () };
    run(&scenario(names, replications), settings, |plan, replication, detail| {
        Some(simulate(plan, replication, detail))
    })
    .expect("threads start")
    .expect("nothing interrupts it")
}

/// What is routed to at one moment.
struct Fleet {
    old: u32,
    new: u32,
    starting: u32,
    is_done: bool,
    /// Whether its balancer learns of stopping instances in time.
    is_drained: bool,
}

fn fleet_at(kind: &str, t: f64, boot: f64) -> Fleet {
    let batch = match kind.split(['-', ' ']).next() {
        Some("two") => 2,
        Some("three") => 3,
        Some("six") => 6,
        Some("recreate" | "blue") => INSTANCES,
        Some("rolling") => kind.rsplit('=').next().and_then(|n| n.parse().ok()).unwrap_or(1),
        _ => 1,
    };
    if kind == "canary" {
        let new = if t < boot {
            0
        } else if t < 120.0 {
            1
        } else if t < 240.0 {
            6
        } else {
            12
        };
        let old = if t < 240.0 + boot { INSTANCES } else { 0 };
        let starting = u32::from(t < boot);
        return Fleet { old, new, starting, is_done: old == 0, is_drained: false };
    }
    let steps = INSTANCES.div_ceil(batch);
    let step = (t / boot) as u32;
    let new = (step * batch).min(INSTANCES);
    if step >= steps {
        return Fleet { old: 0, new: INSTANCES, starting: 0, is_done: true, is_drained: true };
    }
    let starting = batch.min(INSTANCES - new);
    let is_extra = matches!(kind, "surge" | "blue-green");
    let old = INSTANCES - new - if is_extra { 0 } else { starting };
    Fleet { old, new, starting, is_done: false, is_drained: kind == "surge" }
}

/// One run by the fluid model: capacity missing is requests failed.
pub(crate) fn simulate(plan: &Plan, replication: u32, detail: Detail) -> Measured {
    let kind = plan.strategy.name.as_str();
    let boot = 14.0 + f64::from(replication * 7 % 5);
    let start = SimTime::ZERO + SimDuration::from_secs_f64(WARMUP);
    let mut states: Bins<StateBin> = Bins::new(start, plan.simulation.bin);
    let mut bins: Bins<TrafficBin> = Bins::new(start, plan.simulation.bin);
    let mut observed = Observed { ready_min: 1.0, capacity_min: 1.0, ..Observed::default() };
    let mut tally = Tally::default();
    let (mut duration, mut quarter) = (None, 0_u32);
    let window = loop {
        let t = f64::from(quarter) / 4.0 - WARMUP;
        let at = SimTime::from_nanos(u64::from(quarter) * 250_000_000);
        let idle = Fleet { old: INSTANCES, new: 0, starting: 0, is_done: false, is_drained: true };
        let fleet = if t < 0.0 { idle } else { fleet_at(kind, t, boot) };
        if fleet.is_done && duration.is_none() {
            duration = Some(t);
        }
        if duration.is_some_and(|end| t >= end + 60.0) {
            break t;
        }
        record(states.cell(at), bins.cell(at), &fleet);
        if t >= 0.0 {
            let share = f64::from(fleet.old + fleet.new) / f64::from(INSTANCES);
            observed.ready_min = observed.ready_min.min(share);
            observed.capacity_min = observed.capacity_min.min(share);
            observed.offered += DEMAND / 4.0;
            count(&mut tally, &fleet);
        }
        quarter += 1;
    };
    let duration = duration.unwrap_or(0.0);
    let traffic = TrafficRecord {
        baseline: Tally::default(),
        window: tally,
        bins,
        seconds: Vec::new(),
        migration: Second::default(),
        sessions: 0,
        sessions_lost: 0,
    };
    let run = Run {
        outcome: Outcome::Completed,
        start,
        duration: SimDuration::from_secs_f64(duration),
        window: SimDuration::from_secs_f64(window),
        observed,
        states,
        traffic,
        events: if detail == Detail::Events { events(start) } else { Trace::new() },
    };
    let metrics = measure(plan, &run);
    Measured { run, metrics }
}

fn capacity(count: u32) -> f64 {
    f64::from(count) * CAPACITY
}

fn failures(fleet: &Fleet) -> (u64, u64) {
    let short = (DEMAND - capacity(fleet.old + fleet.new)).max(0.0) / 4.0;
    let refused = if fleet.starting > 0 && !fleet.is_drained { 3 } else { 0 };
    (short as u64, refused)
}

fn record(state: &mut StateBin, bin: &mut TrafficBin, fleet: &Fleet) {
    let nanos = 250_000_000_u64;
    let instances = |count: u32| u128::from(count) * u128::from(nanos);
    state.covered += nanos;
    state.demand += DEMAND / 4.0;
    state.old_capacity += capacity(fleet.old) / 4.0;
    state.new_capacity += capacity(fleet.new) / 4.0;
    for (version, count) in [(Version::Old, fleet.old), (Version::New, fleet.new)] {
        state.routed[version.index()] += instances(count);
        state.ready[version.index()] += instances(count);
    }
    state.starting += instances(fleet.starting);
    state.total += instances(fleet.old + fleet.new + fleet.starting);
    let (overloaded, refused) = failures(fleet);
    bin.requests += (DEMAND / 4.0) as u64;
    bin.failed_cause[Cause::Overloaded as usize] += overloaded;
    bin.failed_cause[Cause::Refused as usize] += refused;
    bin.ledger[Charge::Overload as usize][0] += overloaded;
    bin.ledger[Charge::DrainRace as usize][0] += refused;
    bin.answered[Version::Old.index()] += u64::from(fleet.old);
    bin.answered[Version::New.index()] += u64::from(fleet.new);
}

fn count(tally: &mut Tally, fleet: &Fleet) {
    let (overloaded, refused) = failures(fleet);
    tally.requests += (DEMAND / 4.0) as u64;
    tally.failed_cause[Cause::Overloaded as usize] += overloaded;
    tally.failed_cause[Cause::Refused as usize] += refused;
    tally.failed_charge[Charge::Overload as usize] += overloaded;
    tally.failed_charge[Charge::DrainRace as usize] += refused;
}

fn measure(plan: &Plan, run: &Run) -> Metrics {
    let tally = &run.traffic.window;
    let failed: u64 = tally.failed_cause.iter().sum();
    let allowed = plan.slo.availability.complement().as_f64();
    let rate = run.observed.offered / run.window.as_secs_f64();
    let budget = allowed * rate * plan.slo.window.as_secs_f64();
    let values = METRICS
        .iter()
        .map(|metric| match metric.name {
            "duration_s" => Some(run.duration.as_secs_f64()),
            "requests" => Some(tally.requests as f64),
            "ok" => Some((tally.requests - failed) as f64),
            "failed" => Some(failed as f64),
            "failed_overloaded" => Some(tally.failed_cause[Cause::Overloaded as usize] as f64),
            "failed_refused" => Some(tally.failed_cause[Cause::Refused as usize] as f64),
            "failed_by_overload" => Some(tally.failed_charge[Charge::Overload as usize] as f64),
            "failed_by_drain_race" => Some(tally.failed_charge[Charge::DrainRace as usize] as f64),
            "availability" => Some(1.0 - failed as f64 / tally.requests as f64),
            "error_budget_spent" => Some(failed as f64 / budget),
            "ready_min" => Some(run.observed.ready_min),
            "capacity_min" => Some(run.observed.capacity_min),
            "latency_p95_ratio" => Some(2.0 - run.observed.capacity_min),
            _ => (metric.kind == MetricKind::Count).then_some(0.0),
        })
        .collect();
    Metrics::new(values)
}

fn events(start: SimTime) -> Trace {
    let row = |at, event, instance: Option<u32>, detail: &str| EventRow {
        at,
        event,
        instance: instance.map(InstanceId),
        version: instance.map(|_| Version::Old),
        zone: instance.map(|_| ZoneId(0)),
        desired: [11, 1, 0],
        ready: [11, 0, 0],
        available: [11, 0, 0],
        terminating: 1,
        total: 12,
        detail: detail.to_owned(),
    };
    let before = SimTime::from_nanos(start.as_nanos() - 1);
    let after = start + SimDuration::from_nanos(1_500_000_001);
    [
        row(before, "ready", Some(3), ""),
        row(start, "rollout-started", None, "old to new, 12 instances"),
        row(after, "retired", Some(0), "takes its turn; \"in place\""),
    ]
    .into_iter()
    .collect()
}

/// A plan whose strategy is called `name`.
fn plan(name: &str, replications: u32) -> Plan {
    let none = Law::Constant(SimDuration::ZERO);
    Plan {
        fleet: FleetPlan { instances: INSTANCES, zones: vec!["a".into()] }.into(),
        startup: startup(&none).into(),
        readiness: readiness().into(),
        liveness: None,
        startup_probe: None,
        shutdown: ShutdownPlan {
            drain_first: false,
            pre_stop: SimDuration::ZERO,
            grace: SimDuration::from_secs(30),
            deploy: none.clone(),
        }
        .into(),
        routing: RoutingPlan { lag: none.clone(), health_check: None }.into(),
        release: ReleasePlan {
            startup_factor: 1.0,
            startup_failure: Ratio::ZERO,
            never_ready: Ratio::ZERO,
            crash_after: None,
            memory_factor: Ratio::ONE,
        }
        .into(),
        data: data(&none).into(),
        faults: Vec::new().into(),
        synthetic_interval: SimDuration::from_secs(10),
        gates: Vec::new().into(),
        alerts: None,
        budget: None,
        strategy: StrategyPlan {
            name: name.to_owned(),
            parameters: Arc::new(NoParameters),
            on_gate_failure: OnFailure::Rollback,
            guards: Vec::new(),
            on_failure: OnFailure::Stall,
            rollback: None,
            haste: 1.0,
            rollback_window: None,
        }
        .into(),
        operator: Vec::new().into(),
        slo: SloPlan {
            availability: Ratio::from_billionths(999_000_000),
            window: SimDuration::from_secs(30 * 86_400),
            latency_target: Ratio::ONE,
        },
        instance_hour: 0.0,
        simulation: SimulationPlan {
            pairing: Pairing::Independent,
            seed: 7,
            replications,
            warmup: SimDuration::from_secs_f64(WARMUP),
            settle: SimDuration::from_secs(60),
            max_time: SimDuration::from_secs(86_400),
            bin: None,
        },
    }
}

fn startup(none: &Law) -> StartupPlan {
    StartupPlan {
        provision: none.clone(),
        pull: none.clone(),
        boot: none.clone(),
        warmup: SimDuration::ZERO,
        warmup_speed: 1.0,
        listen: Listen::Ready,
        contention: 0.0,
        max_concurrent: None,
        surge_capacity: None,
    }
}

fn readiness() -> ReadinessPlan {
    ReadinessPlan {
        initial_delay: SimDuration::ZERO,
        period: SimDuration::from_secs(5),
        timeout: SimDuration::from_secs(1),
        success_threshold: 1,
        failure_threshold: 3,
        start_attempts: None,
        until: ReadyUntil::Probe,
        min_ready: SimDuration::ZERO,
        deadline: SimDuration::from_secs(600),
    }
}

fn data(none: &Law) -> DataPlan {
    DataPlan {
        traffic: TrafficPlan {
            rate: RateCurve::Constant(DEMAND),
            arrivals: Arrivals::Poisson,
            timeout: None,
            retries: RetryPlan {
                attempts: 0,
                backoff: SimDuration::ZERO,
                multiplier: 1.0,
                jitter: 0.0,
                budget: None,
            },
            users: 1,
            session_share: Ratio::ZERO,
            session_length: none.clone(),
        },
        instance: InstancePlan {
            slots: 64,
            queue: 128,
            service_time: Law::Constant(SimDuration::from_millis(32)),
        },
        balancer: BalancerPlan {
            policy: Policy::RoundRobin,
            connect_retries: 0,
            redispatch: false,
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
        slow_threshold: None,
    }
}
