//! Every default of the format, field by field.

use super::parse;
use crate::fleet::{
    FleetPlan, Listen, ReadinessPlan, ReadyUntil, ReleasePlan, ShutdownPlan, StartupPlan,
};
use crate::random::Law;
use crate::scenario::Scenario;
use crate::sim::{HealthCheckPlan, Pairing, RoutingPlan, SimulationPlan, SloPlan};
use crate::strategy::OnFailure;
use crate::traffic::{
    Arrivals, BalancerPlan, InstancePlan, OutlierPlan, Policy, RateCurve, ReleaseTraffic,
    RetryPlan, TrafficPlan,
};
use crate::units::{CountOrPercent, Ratio, SimDuration};

const MINIMAL: &str = "\
# As little as a scenario can say.
[fleet]
instances = 12

[traffic]
rate = 19200

[strategies.rolling]
kind = \"rolling\"
";

fn scenario(text: &str) -> Scenario {
    let loaded = parse(text, &[], &[]).expect("a valid scenario");
    assert_eq!(loaded.warnings.to_string(), "");
    loaded.scenario
}

fn s(seconds: u64) -> SimDuration {
    SimDuration::from_secs(seconds)
}

fn ms(millis: u64) -> SimDuration {
    SimDuration::from_millis(millis)
}

const NO_TIME: Law = Law::Constant(SimDuration::ZERO);

fn percent(percent: u64) -> Ratio {
    Ratio::from_billionths(percent * 10_000_000)
}

#[test]
fn of_instances() {
    let plan = scenario(MINIMAL).variants.remove(0).plan;
    assert_eq!(*plan.fleet, FleetPlan { instances: 12, zones: vec!["a".into()] });
    assert_eq!(
        *plan.startup,
        StartupPlan {
            provision: NO_TIME,
            pull: NO_TIME,
            boot: Law::lognormal_from_median_p95(s(8), s(20)).expect("a law"),
            warmup: SimDuration::ZERO,
            warmup_speed: 1.0,
            listen: Listen::Ready,
            contention: 0.0,
            max_concurrent: None,
            surge_capacity: None,
        }
    );
    assert_eq!(
        *plan.readiness,
        ReadinessPlan {
            initial_delay: SimDuration::ZERO,
            period: s(5),
            timeout: s(1),
            success_threshold: 1,
            failure_threshold: 3,
            start_attempts: None,
            until: ReadyUntil::Probe,
            min_ready: SimDuration::ZERO,
            deadline: s(600),
        }
    );
    assert_eq!((plan.liveness, plan.startup_probe), (None, None));
    assert_eq!(
        *plan.shutdown,
        ShutdownPlan {
            drain_first: false,
            pre_stop: SimDuration::ZERO,
            grace: s(30),
            deploy: NO_TIME,
        }
    );
    assert_eq!(
        *plan.release,
        ReleasePlan {
            startup_factor: 1.0,
            startup_failure: Ratio::ZERO,
            never_ready: Ratio::ZERO,
            crash_after: None,
            memory_factor: Ratio::ONE,
        }
    );
    assert_eq!(*plan.faults, []);
}

#[test]
fn of_requests() {
    let plan = scenario(MINIMAL).variants.remove(0).plan;
    assert_eq!(*plan.routing, RoutingPlan { lag: NO_TIME, health_check: None });
    assert_eq!(
        plan.data.instance,
        InstancePlan { slots: 64, queue: 128, service_time: Law::exponential(ms(32)) }
    );
    assert_eq!(
        plan.data.balancer,
        BalancerPlan {
            policy: Policy::RoundRobin,
            connect_retries: 0,
            redispatch: true,
            retry_aborted: false,
            slow_start: SimDuration::ZERO,
            max_connections: None,
            queue_timeout: None,
            outlier: None,
        }
    );
    assert_eq!(
        plan.data.traffic,
        TrafficPlan {
            rate: RateCurve::Constant(19_200.0),
            arrivals: Arrivals::Poisson,
            timeout: None,
            retries: RetryPlan {
                attempts: 0,
                backoff: ms(100),
                multiplier: 2.0,
                jitter: 0.5,
                budget: None,
            },
            users: 100_000,
            session_share: Ratio::ZERO,
            session_length: Law::exponential(s(300)),
        }
    );
    assert_eq!(
        plan.data.release,
        ReleaseTraffic {
            error_rate: Ratio::ZERO,
            service_time_factor: 1.0,
            mixed_error_rate: Ratio::ZERO,
        }
    );
    assert_eq!(plan.data.slow_threshold, None);
}

#[test]
fn of_the_rest() {
    let read = scenario(MINIMAL);
    assert_eq!((read.name.as_str(), read.description.as_str(), read.seed), ("test", "", 1));
    let variant = &read.variants[0];
    assert_eq!((variant.name.as_str(), variant.strategy.as_str()), ("rolling", "rolling"));
    assert!(variant.parameters.is_empty());
    let plan = &variant.plan;
    assert_eq!(plan.strategy.name, "rolling");
    assert_eq!(plan.strategy.on_failure, OnFailure::Stall);
    assert!(plan.strategy.rollback.is_none());
    assert_eq!(
        plan.slo,
        SloPlan {
            availability: Ratio::from_billionths(999_000_000),
            window: s(30 * 86_400),
            latency_target: percent(99),
        }
    );
    assert!(plan.instance_hour.abs() < f64::EPSILON);
    assert_eq!(
        plan.simulation,
        SimulationPlan {
            pairing: Pairing::Independent,
            seed: 1,
            replications: 10,
            warmup: s(60),
            settle: s(60),
            max_time: s(86_400),
            bin: None,
        }
    );
}

#[test]
fn of_optional_tables_once_they_are_there() {
    let text = format!(
        "{MINIMAL}\n[liveness]\n[startup_probe]\n[load_balancer]\nhealth_check = {{}}\n\
         outlier = {{}}\n"
    );
    let text = text.replace("rate = 19200", "rate = 1\narrivals = { bursty = {} }");
    let plan = scenario(&text).variants.remove(0).plan;
    let liveness = plan.liveness.expect("a liveness probe");
    assert_eq!((liveness.initial_delay, liveness.period), (SimDuration::ZERO, s(10)));
    assert_eq!((liveness.timeout, liveness.failure_threshold), (s(1), 3));
    let startup = plan.startup_probe.expect("a start-up probe");
    assert_eq!((startup.initial_delay, startup.period), (SimDuration::ZERO, s(10)));
    assert_eq!(startup.failure_threshold, 30);
    let check = HealthCheckPlan { period: s(2), timeout: s(2), fall: 3, rise: 2 };
    assert_eq!(plan.routing.health_check, Some(check));
    let outlier = OutlierPlan { errors: 5, eject: s(30), max_ejected: percent(10) };
    assert_eq!(plan.data.balancer.outlier, Some(outlier));
    let bursty = Arrivals::Bursty { factor: 4.0, on: s(5), off: s(20) };
    assert_eq!(plan.data.traffic.arrivals, bursty);
}

#[test]
fn every_field_can_be_written() {
    let plan = scenario(EVERYTHING).variants.remove(0).plan;
    assert_eq!(plan.fleet.zones, ["eu/a", "eu/b", "us/a"]);
    assert_eq!(plan.startup.provision, Law::uniform(s(10), s(20)).expect("a law"));
    assert_eq!(plan.startup.pull, Law::normal(s(5), s(1)));
    let never = vec![Some(s(5)), Some(s(9)), None];
    assert_eq!(plan.startup.boot, Law::list(never).expect("a law"));
    assert_eq!((plan.startup.warmup, plan.startup.warmup_speed), (s(30), 0.25));
    assert_eq!(plan.startup.listen, Listen::Boot);
    assert_eq!(plan.startup.max_concurrent, Some(5));
    assert_eq!(plan.startup.surge_capacity, Some(CountOrPercent::Percent(percent(50))));
    assert_eq!(plan.readiness.start_attempts, Some(4));
    assert_eq!(plan.readiness.until, ReadyUntil::Routed);
    assert!(plan.shutdown.drain_first);
    assert_eq!(plan.shutdown.deploy, Law::gamma_from_mean_sd(s(20), s(5)).expect("a law"));
    assert_eq!(plan.routing.lag, Law::weibull(s(2), 1.5).expect("a law"));
    assert_eq!(plan.data.balancer.policy, Policy::PowerOfTwo);
    assert_eq!(plan.data.balancer.max_connections, Some(64));
    assert_eq!(plan.data.balancer.queue_timeout, Some(s(5)));
    let service_time = Law::lognormal_from_mean_sd(ms(30), ms(10)).expect("a law");
    assert_eq!(plan.data.instance.service_time, service_time);
    let RateCurve::Linear(points) = &plan.data.traffic.rate else { panic!("a profile") };
    assert_eq!(points.iter().map(|point| point.1).collect::<Vec<_>>(), [8000.0, 19200.0]);
    assert_eq!(points[1].0.as_nanos(), 600_000_000_000);
    assert_eq!(plan.data.traffic.arrivals, Arrivals::Uniform);
    assert_eq!(plan.data.traffic.timeout, Some(s(2)));
    assert_eq!(plan.data.traffic.retries.budget, Some(percent(20)));
    assert_eq!(plan.data.traffic.session_share, percent(50));
    assert_eq!(plan.data.traffic.session_length, Law::pareto(s(60), 1.5).expect("a law"));
    assert_eq!(plan.data.release.error_rate, percent(2));
    assert_eq!(plan.release.crash_after, Some(Law::exponential(s(3600))));
    assert_eq!(plan.data.slow_threshold, Some(ms(250)));
    assert_eq!(plan.strategy.on_failure, OnFailure::Rollback);
    assert!(plan.strategy.rollback.is_some());
    assert_eq!(plan.simulation.seed, u64::MAX);
    assert_eq!(plan.simulation.bin, Some(ms(500)));
}

pub(super) const EVERYTHING: &str = r#"
format = 1
name = "everything"
description = "each field, none at its default"

[fleet]
instances = 100
zones = ["eu/a", "eu/b", "us/a"]

[instance]
slots = 8
queue = 16
service_time = { dist = "lognormal", mean = "30ms", sd = "10ms" }

[startup]
provision = { dist = "uniform", min = "10s", max = "20s" }
pull = { dist = "normal", mean = "5s", sd = "1s" }
boot = { dist = "list", values = ["5s", "9s", "never"] }
warmup = { duration = "30s", speed = 0.25 }
listen = "boot"
contention = 0.5
max_concurrent = 5
surge_capacity = "50%"

[readiness]
initial_delay = "1s"
period = "0s"
timeout = "2s"
success_threshold = 2
failure_threshold = 4
start_attempts = 4
until = "routed"
min_ready = "10s"
deadline = "5m"

[liveness]
initial_delay = "1s"
period = "5s"
timeout = "2s"
failure_threshold = 2

[startup_probe]
initial_delay = "1s"
period = "5s"
failure_threshold = 10

[shutdown]
drain_first = true
pre_stop = "5s"
grace = "1m"
deploy = { dist = "gamma", mean = "20s", sd = "5s" }

[load_balancer]
policy = "power-of-two"
lag = { dist = "weibull", scale = "2s", shape = 1.5 }
connect_retries = 3
redispatch = false
retry_aborted = true
health_check = { period = "1s", timeout = "500ms", fall = 2, rise = 1 }
slow_start = "30s"
max_connections = 64
queue_timeout = "5s"
outlier = { errors = 3, eject = "10s", max_ejected = 0.5 }

[traffic]
profile = [["0s", 8000], ["10m", 19200.0]]
arrivals = "uniform"
timeout = "2s"
retries = { attempts = 2, backoff = "50ms", multiplier = 1, jitter = 0, budget = "20%" }
users = 5000
sessions = { share = 0.5, length = { dist = "pareto", min = "1m", shape = 1.5 } }

[release]
error_rate = 0.02
service_time_factor = 1.2
startup_factor = 2
startup_failure = "5%"
never_ready = "1%"
crash_after = { dist = "exponential", mean = "1h" }
mixed_error_rate = "0.5%"

[strategies.in-place]
kind = "rolling"
max_unavailable = 2
max_surge = 0
replacement = "in-place"
on_failure = "rollback"
rollback = "fast"

[strategies.fast]
kind = "recreate"
on_failure = "abort"

[slo]
availability = "99.5%"
latency = { threshold = "250ms", target = 0.95 }
window = "7d"

[cost]
instance_hour = 0.35

[simulation]
seed = 18446744073709551615
replications = 3
warmup = "30s"
settle = "2m"
max_time = "2h"
bin = "500ms"
"#;
