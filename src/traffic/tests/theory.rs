//! The data plane against queueing theory: each figure within four standard errors, the errors
//! estimated from independent replications.

use super::*;
use crate::stats::math;

const SEEDS: u64 = 10;

/// Probability of waiting in M/M/c (Erlang C), by the recursion of Erlang B.
fn erlang_c(servers: u32, load: f64) -> f64 {
    let mut blocked = 1.0;
    for n in 1..=servers {
        blocked = load * blocked / (f64::from(n) + load * blocked);
    }
    let servers = f64::from(servers);
    servers * blocked / (servers - load * (1.0 - blocked))
}

/// Probability that M/M/c/K is full, K counting all places, by summing the state probabilities.
fn full(servers: u32, places: u32, load: f64) -> f64 {
    let (mut weight, mut sum) = (1.0, 1.0);
    for n in 1..=places {
        weight *= load / f64::from(n.min(servers));
        sum += weight;
    }
    weight / sum
}

/// Mean of `figure` over the seeds within four standard errors of `expected`.
fn check(expected: f64, figure: impl Fn(u64) -> f64) {
    let sample: Vec<f64> = (1..=SEEDS).map(figure).collect();
    let mean = sample.iter().sum::<f64>() / SEEDS as f64;
    let squares: f64 = sample.iter().map(|value| (value - mean) * (value - mean)).sum();
    let error = (squares / (SEEDS - 1) as f64 / SEEDS as f64).sqrt();
    assert!((mean - expected).abs() < 4.0 * error, "{mean} ± {error} for {expected}");
    assert!(error < 0.05 * expected, "too noisy to say anything: {mean} ± {error}");
}

fn record(plan: &DataPlan, instances: usize, number: u64, seconds: f64) -> TrafficRecord {
    let mut plane = fleet(plan, number, &vec![Version::Old; instances]);
    run_until(&mut plane, seconds);
    let record = plane.finish(at(seconds));
    check_sums(&record);
    record
}

fn mean_latency(record: &TrafficRecord) -> f64 {
    record.window.latency_sum_nanos as f64 / record.window.ok as f64 / 1e9
}

/// One instance with `slots` at a service time of mean 0.1 s.
fn single(slots: u32, queue: u32, rate: f64) -> DataPlan {
    let mut plan = plan();
    plan.instance = InstancePlan { slots, queue, service_time: Law::Exponential { mean: 0.1 } };
    plan.traffic.rate = RateCurve::Constant(rate);
    plan
}

#[test]
fn mean_wait_is_that_of_erlang_c() {
    for (slots, rate) in [(1, 6.0), (4, 30.0), (16, 140.0)] {
        let load = rate * 0.1;
        let wait = erlang_c(slots, load) * 0.1 / (f64::from(slots) - load);
        check(0.1 + wait, |number| {
            mean_latency(&record(&single(slots, 10_000, rate), 1, number, 30_000.0 / rate))
        });
    }
}

#[test]
fn a_single_server_has_exponential_sojourns() {
    // In M/M/1 the time in the system is exponential with mean 1 / (mu - lambda).
    let p95 = -math::ln(0.05) / (10.0 - 6.0);
    check(p95, |number| {
        let record = record(&single(1, 10_000, 6.0), 1, number, 4_000.0);
        record.window.latency[0].quantile(0.95).expect("not empty").as_secs_f64()
    });
}

#[test]
fn losses_are_those_of_a_bounded_queue() {
    for (slots, queue, rate) in [(8, 0, 64.0), (8, 4, 64.0), (2, 3, 30.0)] {
        check(full(slots, slots + queue, rate * 0.1), |number| {
            let record = record(&single(slots, queue, rate), 1, number, 40_000.0 / rate);
            let overloaded = record.window.failed_cause[Cause::Overloaded as usize];
            assert_eq!(record.window.requests - record.window.ok, overloaded);
            overloaded as f64 / record.window.requests as f64
        });
    }
}

#[test]
fn mean_wait_is_that_of_pollaczek_and_khinchine() {
    // Uniform on (0, 2 m): the squared coefficient of variation is a third; constant: zero.
    for (law, variation) in [
        (Law::Uniform { min: 0.0, max: 0.2 }, 1.0 / 3.0),
        (Law::Constant(SimDuration::from_millis(100)), 0.0),
    ] {
        let mut plan = single(1, 10_000, 7.0);
        plan.instance.service_time = law;
        let wait = 0.7 / (1.0 - 0.7) * (1.0 + variation) / 2.0 * 0.1;
        check(0.1 + wait, |number| mean_latency(&record(&plan, 1, number, 4_000.0)));
    }
}

#[test]
fn requests_in_the_system_are_rate_times_latency() {
    // Little's law, the number in the system being seen through the wait for the last of them:
    // in M/M/inf it is Poisson with mean lambda / mu whatever happened before.
    let mut plan = single(1_000, 0, 50.0);
    plan.instance.service_time = Law::Uniform { min: 0.0, max: 0.4 };
    check(50.0 * 0.2, |number| {
        let record = record(&plan, 1, number, 400.0);
        record.window.latency_sum_nanos as f64 / 1e9 / 400.0
    });
}

/// The reference workload of 12 servers with 8 slots each, two versions, 768 requests/s.
fn reference(policy: Policy, queue: u32) -> DataPlan {
    let mut plan = single(8, queue, 768.0);
    plan.balancer.policy = policy;
    plan
}

/// Mean sojourn in seconds and rejected share of the reference workload.
fn check_reference(policy: Policy, queue: u32, mean: f64, rejected: Option<f64>) {
    let plan = reference(policy, queue);
    let figures: Vec<(f64, f64)> = (1..=SEEDS)
        .map(|number| {
            let record = record(&plan, 12, number, 100.0);
            let share = 1.0 - record.window.ok as f64 / record.window.requests as f64;
            (mean_latency(&record), share)
        })
        .collect();
    check(mean, |number| figures[number as usize - 1].0);
    match rejected {
        Some(share) => check(share, |number| figures[number as usize - 1].1),
        None => assert!(figures.iter().all(|figure| figure.1 < 1e-4)),
    }
}

#[test]
fn random_routing_splits_a_poisson_stream() {
    check_reference(Policy::Random, 64, 0.128_602_6, None);
    check_reference(Policy::Random, 4, 0.109_248_1, Some(4.4104e-2));
}

#[test]
fn two_choices_nearly_pool_the_servers() {
    check_reference(Policy::PowerOfTwo, 64, 0.101_475, None);
    check_reference(Policy::PowerOfTwo, 4, 0.101_467, None);
}

#[test]
fn all_choices_pool_the_servers() {
    check_reference(Policy::LeastRequests, 64, 0.100_170, None);
    check_reference(Policy::LeastRequests, 4, 0.100_167, None);
}

#[test]
fn rotation_smooths_arrivals() {
    // Every 12th arrival of a Poisson stream reaches a server: Erlang-12 gaps. With one slot and
    // exponential service that is E12/M/1, whose wait is sigma / (mu (1 - sigma)), sigma being
    // the root of sigma = (12 l / (12 l + mu (1 - sigma)))^12, l the rate at one server.
    let (rate, mu) = (7.0, 10.0);
    let mut sigma = 0.5;
    for _ in 0..200 {
        sigma = math::pow(12.0 * rate / (12.0 * rate + mu * (1.0 - sigma)), 12.0);
    }
    let mut plan = single(1, 10_000, 12.0 * rate);
    plan.balancer.policy = Policy::RoundRobin;
    check(0.1 + sigma / (mu * (1.0 - sigma)), |number| {
        mean_latency(&record(&plan, 12, number, 400.0))
    });
}
