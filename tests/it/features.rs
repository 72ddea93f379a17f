//! Features that change what comes out and that models of rollouts commonly leave out, each shown
//! through the manifest that a cluster would act on. The numbers were recorded from the controllers
//! themselves, or reported by those whom they surprised.

use std::path::Path;

use rollsim::manifest::{self, Manifest};
use rollsim::measure::measure;
use rollsim::scenario::{Overrides, parse};
use rollsim::sim::{Detail, Plan, Run};

use crate::world::{run, run_named};

/// A workload with these fields of its `spec`, whose pods take `grace` seconds to stop and serve
/// meanwhile.
fn workload(kind: &str, spec: &str, grace: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: shop}}\nspec:\n  \
         selector: {{matchLabels: {{app: shop}}}}\n  {}\n  template:\n    \
         metadata: {{labels: {{app: shop}}}}\n    spec:\n      \
         terminationGracePeriodSeconds: {}\n      containers:\n        - name: api\n          \
         lifecycle: {{preStop: {{sleep: {{seconds: {grace}}}}}}}\n",
        spec.replace('\n', "\n  "),
        // The kubelet leaves two seconds to a container whose hook takes all the time.
        grace + 2,
    )
}

/// What a manifest makes of the fleet, with what it cannot say.
fn plan(manifest: &str, sets: &[&str]) -> Plan {
    let imported = manifest::read(&[Manifest { path: "shop.yaml", text: manifest }], None)
        .expect("the manifest is right");
    let fixed = ["startup.boot=5s", "traffic.rate=0", "simulation.warmup=10s"];
    let sets = fixed.iter().chain(sets).map(|set| (*set).to_owned()).collect();
    let overrides = Overrides { sets, sweeps: Vec::new() };
    let text = imported.to_scenario("shop.yaml");
    let loaded = parse(&text, Path::new("shop.toml"), &overrides)
        .unwrap_or_else(|report| panic!("{report}\n{text}"));
    loaded.scenario.variants.into_iter().next().expect("one variant").plan
}

fn simulated(manifest: &str, sets: &[&str]) -> Run {
    run(&plan(manifest, sets), 0, Detail::Events)
}

/// When events of this name happened, seconds from the rollout's start.
fn times(run: &Run, name: &str) -> Vec<f64> {
    let rows = run.events.iter().filter(|row| row.event == name && row.at >= run.start);
    rows.map(|row| row.at.nanos_from(run.start) as f64 / 1e9).collect()
}

fn at_start(run: &Run, name: &str) -> usize {
    times(run, name).iter().filter(|at| **at == 0.0).count()
}

/// Most instances that there were, terminating ones included.
fn peak(run: &Run) -> u32 {
    run.events.iter().map(|row| row.total + row.terminating).max().unwrap_or(0)
}

/// Feature 1: kubernetes 95498: of 15 at 25% and 25%, three are terminating and seven are started
/// at once, 22 where 15 + 4 were expected.
#[test]
fn terminating_pods_are_not_counted() {
    let run = simulated(&workload("Deployment", "replicas: 15", 60), &["startup.boot=30s"]);
    assert_eq!((at_start(&run, "retired"), at_start(&run, "launched")), (3, 7));
    assert!(peak(&run) > 15 + 4, "{}", peak(&run));
}

/// Feature 2: requests go on to a pod that was told to stop until the balancer knows; a `preStop`
/// that outlasts this cures it, and lets more of them exist at once.
#[test]
fn the_balancer_learns_late_that_a_pod_is_going() {
    let of = |grace| {
        let manifest = workload("Deployment", "replicas: 8", grace);
        let sets = ["load_balancer.lag=10s", "traffic.rate=400", "instance.service_time=1ms"];
        let plan = plan(&manifest, &sets);
        let run = run(&plan, 0, Detail::Events);
        let failed = measure(&plan, &run).get("failed").expect("a count");
        (failed, peak(&run))
    };
    let ((lost, few), (spared, many)) = (of(0), of(20));
    // Each of the eight refuses its share of 400/s for 10 s: 4000, and more where fewer share.
    assert!((3800.0..6000.0).contains(&lost), "{lost}");
    assert_eq!(spared, 0.0);
    assert!(many > few, "{many} {few}");
}

/// Feature 4: percentages round surge up and unavailability down; both at 0 is one unavailable.
#[test]
fn a_percentage_rounds_to_nothing_or_to_one() {
    for (replicas, surge, unavailable, expected) in [
        (3, "25%", "25%", [0, 1]),
        (10, "1%", "0", [0, 1]),
        (5, "0", "10%", [1, 0]),
        (4, "25%", "25%", [1, 1]),
        (10, "25%", "25%", [2, 3]),
    ] {
        let spec = format!(
            "replicas: {replicas}\nstrategy: {{rollingUpdate: {{maxSurge: {surge}, \
             maxUnavailable: {unavailable}}}}}"
        );
        let plan = plan(&workload("Deployment", &spec, 0), &[]);
        let found = plan.strategy.parameters.resolved_bounds(replicas);
        assert_eq!(found, Some(expected), "{spec}");
    }
}

/// Feature 6: a pod that is ready counts only when it has been so for `minReadySeconds`; each of
/// two steps takes a start and that time.
#[test]
fn available_is_later_than_ready() {
    let spec = "replicas: 2\nminReadySeconds: 10\n\
                strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}";
    let run = simulated(&workload("Deployment", spec, 0), &[]);
    assert_eq!((times(&run, "ready")[0], times(&run, "available")[0]), (5.0, 15.0));
    assert_eq!(run.duration.as_secs_f64(), 2.0 * 15.0);
}

/// Feature 12: with anything unavailable allowed, capacity goes down before anything comes: 10 are
/// 8 at once.
#[test]
fn old_pods_go_before_new_ones_come() {
    let run = simulated(&workload("Deployment", "replicas: 10", 0), &[]);
    let least = run.events.iter().filter(|row| row.at == run.start);
    assert_eq!(least.map(|row| row.available.iter().sum::<u32>()).min(), Some(8));
    assert!(times(&run, "ready")[0] > 0.0);
}

/// Feature 13: a StatefulSet's pod starts when its predecessor has gone, a Deployment's side by
/// side: five pods that take 5 s to start and 30 s to stop take 175 s, not 10 s.
#[test]
fn a_replacement_may_wait_until_the_old_pod_is_gone() {
    for (kind, seconds) in [("StatefulSet", 175.0), ("Deployment", 10.0)] {
        let run = simulated(&workload(kind, "replicas: 5", 30), &[]);
        assert_eq!(run.duration.as_secs_f64(), seconds, "{kind}");
        assert_eq!(run.outcome.name(), "completed");
    }
}

const SHAPES: &str = "
[fleet]
instances = 4
[traffic]
rate = 0
[readiness]
period = \"0s\"
[startup]
boot = { dist = \"list\", values = [\"5s\", \"20s\"] }
[strategies.sliding]
kind = \"rolling\"
max_surge = 0
max_unavailable = 2
[strategies.batch]
kind = \"rolling\"
max_surge = 0
max_unavailable = 2
pacing = \"batch\"
[strategies.blue-green]
kind = \"blue-green\"
[strategies.immutable]
kind = \"immutable\"
";

/// Feature 14: where each instance that is available moves the rollout on, starts of 5, 20, 5 and
/// 20 s two at a time take 30 s; where the batch waits for its slowest, 40 s.
#[test]
fn a_sliding_window_does_not_wait_for_the_slowest() {
    for (name, seconds) in [("sliding", 30.0), ("batch", 40.0)] {
        assert_eq!(run_named(SHAPES, name).duration.as_secs_f64(), seconds, "{name}");
    }
}

/// Feature 16: whatever brings a second fleet up beside the first needs room for twice the fleet.
#[test]
fn a_second_fleet_is_twice_the_fleet() {
    for (name, most) in [("blue-green", 8), ("immutable", 8), ("sliding", 4)] {
        let run = run_named(SHAPES, name);
        let active = run.events.iter().map(|row| row.total).max();
        assert_eq!(active, Some(most), "{name}");
    }
}

/// Feature 19: the progress deadline begins anew with every sign of progress, and it is a label:
/// recorded of four pods one at a time, 70 s each, with 60 s to make progress.
#[test]
fn the_progress_deadline_moves_and_only_labels() {
    let spec = "replicas: 4\nprogressDeadlineSeconds: 60\n\
                strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}";
    let manifest = workload("Deployment", spec, 0);
    let patient = simulated(&manifest, &["startup.boot=50s"]);
    assert_eq!(times(&patient, "deadline-exceeded"), [0.0; 0]);
    let late = simulated(&manifest, &["startup.boot=70s"]);
    assert_eq!(times(&late, "deadline-exceeded"), [61.0, 131.0, 201.0, 271.0]);
    assert_eq!((late.outcome.name(), late.duration.as_secs_f64()), ("completed", 280.0));
}

/// Feature 20: a Deployment undoes nothing: of ten, a version that never gets ready leaves eight
/// old and five new.
#[test]
fn a_failed_rollout_leaves_both_versions() {
    let manifest = workload("Deployment", "replicas: 10", 0);
    let run = simulated(&manifest, &["release.never_ready=1.0"]);
    let last = run.events.iter().last().expect("events");
    assert_eq!((run.outcome.name(), last.desired), ("stalled", [8, 5, 0]));
    assert_eq!(times(&run, "deadline-exceeded"), [601.0]);
}

/// Feature 20: a bare "25" is 25% to Argo, which says so, and refused by Kubernetes.
#[test]
fn a_bare_number_is_a_percentage_to_argo_alone() {
    let strategy = "strategy: {rollingUpdate: {maxSurge: \"25\"}}";
    let refused = manifest::read(
        &[Manifest { path: "shop.yaml", text: &workload("Deployment", strategy, 0) }],
        None,
    );
    let problems = refused.expect_err("Kubernetes takes no bare numbers in quotes");
    assert!(problems[0].message.contains("a count or a whole percentage"), "{problems:?}");
    let canary = "replicas: 8\nstrategy: {canary: {maxSurge: \"25\", steps: [{setWeight: 20}, \
                  {pause: {duration: 0.5s}}]}}";
    let text = workload("Rollout", canary, 0).replace("apps/v1", "argoproj.io/v1alpha1");
    let imported = manifest::read(&[Manifest { path: "shop.yaml", text: &text }], None)
        .expect("Argo takes them");
    assert_eq!(imported.strategy["max_surge"].as_str(), Some("25%"));
    for told in ["is 25% to Argo, which Kubernetes would refuse", "a pause of `0.5s` is none"] {
        assert!(imported.notes.iter().any(|note| note.contains(told)), "{:?}", imported.notes);
    }
}
