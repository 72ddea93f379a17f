//! How real balancers and processes behave during rollouts, each shown on a small fleet: ordering
//! and mechanism, not averages.

use crate::world::{Sample, sample_of, variants};

/// A small fleet replaced in place, one at a time, with tables that differ.
fn in_place(tables: &str) -> Sample {
    rollout(tables, "kind = \"rolling\"\nreplacement = \"in-place\"\nmax_unavailable = 1")
}

fn rollout(tables: &str, strategy: &str) -> Sample {
    let text = format!(
        "[fleet]\ninstances = 4\n\
         [simulation]\nreplications = 4\nwarmup = \"10s\"\nsettle = \"20s\"\n\
         {tables}\n[strategies.case]\n{strategy}\n"
    );
    sample_of(variants(&text).remove(0))
}

const SLOW_BALANCER: &str = "lag = \"4s\"";

/// Refused connections are tried elsewhere; an answered 503 never is. So a process that listens
/// before it is ready turns refusals that redispatch would have mended into failures.
#[test]
fn listening_early_turns_refusals_into_failures() {
    let tables = |listen: &str| {
        format!(
            "[startup]\nboot = \"6s\"\nlisten = \"{listen}\"\n[readiness]\nperiod = \"0s\"\n\
             [load_balancer]\n{SLOW_BALANCER}\nconnect_retries = 3\n[traffic]\nrate = 200\n"
        )
    };
    let late = in_place(&tables("ready"));
    let early = in_place(&tables("boot"));
    assert_eq!(late.mean("failed"), 0.0);
    assert!(early.mean("failed_refused") > 900.0, "{}", early.mean("failed_refused"));
}

/// With redispatch a refused request goes to another endpoint at once; without, to the same one a
/// second later, and the client may give up first.
#[test]
fn redispatch_is_at_once_and_elsewhere() {
    let tables = |redispatch: &str| {
        format!(
            "[startup]\nboot = \"6s\"\n[readiness]\nperiod = \"0s\"\n\
             [load_balancer]\n{SLOW_BALANCER}\nconnect_retries = 3\nredispatch = {redispatch}\n\
             [traffic]\nrate = 200\ntimeout = \"2500ms\"\n"
        )
    };
    let (elsewhere, same) = (in_place(&tables("true")), in_place(&tables("false")));
    assert_eq!(elsewhere.mean("failed"), 0.0);
    assert!(elsewhere.mean("latency_p99_s") < 0.5);
    assert!(same.mean("failed_timeout") > 0.0);
}

/// What the balancer sends between the closing of the listener and its noticing is lost; drained
/// first at the balancer, nothing is.
#[test]
fn drained_first_nothing_is_lost() {
    let tables = |drain_first: &str| {
        format!(
            "[startup]\nboot = \"6s\"\n[readiness]\nperiod = \"0s\"\n\
             [shutdown]\ndrain_first = {drain_first}\n\
             [load_balancer]\n{SLOW_BALANCER}\n[traffic]\nrate = 200\n"
        )
    };
    let (raced, drained) = (in_place(&tables("false")), in_place(&tables("true")));
    assert_eq!(drained.mean("failed"), 0.0);
    // 200 requests/s for 4 s too long: a quarter of them to the first instance, a third to each of
    // the others, since the one before is not known again yet.
    let lost = raced.mean("failed_by_drain_race");
    assert!((lost - 200.0 * 4.0 * (0.25 + 3.0 / 3.0)).abs() < 50.0, "{lost}");
}

/// A process that refuses at once always has the fewest requests: least-requests sends it far more
/// than its share until the balancer notices; random sends it its share.
#[test]
fn a_dead_endpoint_attracts_least_requests() {
    let refused = |policy: &str| {
        let tables = format!(
            "[instance]\nslots = 8\nservice_time = \"100ms\"\n\
             [startup]\nboot = \"6s\"\n[readiness]\nperiod = \"0s\"\n\
             [load_balancer]\npolicy = \"{policy}\"\n{SLOW_BALANCER}\n[traffic]\nrate = 100\n"
        );
        in_place(&tables).mean("failed_refused")
    };
    let (least, random) = (refused("least-requests"), refused("random"));
    assert!(least > 2.5 * random, "least-requests {least}, random {random}");
}

/// The queue in the balancer is one for all: the same load waits less than behind each instance.
#[test]
fn one_queue_in_front_waits_less() {
    let tables = |balancer: &str| {
        format!(
            "[instance]\nslots = 4\nqueue = 1000\n\
             service_time = {{ dist = \"exponential\", mean = \"100ms\" }}\n\
             [load_balancer]\npolicy = \"random\"\n{balancer}\n[traffic]\nrate = 144\n"
        )
    };
    let watch = "kind = \"none\"\nduration = \"2m\"";
    let apart = rollout(&tables(""), watch);
    let pooled = rollout(&tables("max_connections = 4"), watch);
    assert!(pooled.mean("latency_p95_s") < 0.8 * apart.mean("latency_p95_s"));
    assert_eq!(pooled.mean("failed"), 0.0);
}

/// The backlog of a step outlives the step: waits go on after capacity is back.
#[test]
fn the_backlog_outlives_the_step() {
    let tables = "[instance]\nslots = 4\nqueue = 100000\nservice_time = \"40ms\"\n\
                  [startup]\nboot = \"20s\"\n[readiness]\nperiod = \"0s\"\n\
                  [load_balancer]\npolicy = \"least-requests\"\n[traffic]\nrate = 380\n";
    let strategy = "kind = \"rolling\"\nreplacement = \"in-place\"\nmax_unavailable = 2";
    let sample = rollout(tables, strategy);
    let run = &sample.runs[0];
    let bins = &run.traffic.bins;
    let after = run.duration.as_nanos() as i128 + 2_000_000_000;
    let index = (0..bins.cells().len()).find(|&index| bins.start_nanos(index) >= after);
    let wait = bins.cells()[index.expect("settling is recorded")].latency.quantile(0.5);
    assert!(wait.expect("requests end").as_secs_f64() > 1.0, "{wait:?}");
}

/// Slow start spares cold instances; without it a surge of them loses although capacity is there.
#[test]
fn slow_start_spares_cold_instances() {
    let tables = |slow_start: &str| {
        format!(
            "[instance]\nslots = 4\nqueue = 8\nservice_time = \"40ms\"\n\
             [startup]\nboot = \"5s\"\nwarmup = {{ duration = \"20s\", speed = 0.2 }}\n\
             [readiness]\nperiod = \"0s\"\n\
             [load_balancer]\npolicy = \"random\"\nslow_start = \"{slow_start}\"\n\
             [traffic]\nrate = 250\n"
        )
    };
    let surge = "kind = \"rolling\"\nmax_unavailable = 0\nmax_surge = 1";
    let (cold, spared) = (rollout(&tables("0s"), surge), rollout(&tables("20s"), surge));
    let (lost, kept) = (cold.mean("failed_overloaded"), spared.mean("failed_overloaded"));
    assert!(lost > 100.0 && kept < 0.7 * lost, "without {lost}, with {kept}");
    assert!(cold.mean("failed_by_cold_start") > 0.0);
}
