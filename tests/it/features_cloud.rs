//! What the cloud's controllers do that changes outcomes and that a model of "25% at a time" leaves
//! out: each shown by a run whose moments and counts are known.

use rollsim::manifest::{Manifest, read};
use rollsim::scenario::{Overrides, parse};
use rollsim::sim::{EventRow, Run};
use rollsim::units::Version;

use crate::world::run_events;

/// A fleet without requests that starts in 10 s.
fn simulate(instances: u32, tables: &str, strategy: &str) -> Run {
    let boot = if tables.contains("boot") { "" } else { "[startup]\nboot = \"10s\"\n" };
    run_events(&format!(
        "[fleet]\ninstances = {instances}\nzones = [\"a\"]\n{boot}[traffic]\nrate = 0\n\
         [simulation]\nreplications = 1\nwarmup = \"1s\"\nsettle = \"0s\"\n{tables}\
         [strategies.case]\n{strategy}"
    ))
}

const QUICK: &str = "[readiness]\nperiod = \"0s\"\n";

fn last(run: &Run) -> EventRow {
    run.events.iter().last().expect("events")
}

/// Seconds from the rollout's start at which instances did this.
fn at(run: &Run, name: &str) -> Vec<f64> {
    let rows = run.events.iter().filter(|row| row.event == name && row.at >= run.start);
    rows.map(|row| row.at.nanos_from(run.start) as f64 / 1e9).collect()
}

/// Most instances at once, terminating ones included.
fn peak(run: &Run) -> u32 {
    run.events.iter().map(|row| row.total + row.terminating).max().unwrap_or(0)
}

fn ended(run: &Run) -> (&'static str, f64) {
    (run.outcome.name(), run.duration.as_secs_f64())
}

/// Feature 3: the same deployment with and without 300 s of deregistration: the deployment is over
/// when the last old task is gone, and until then both sets exist.
#[test]
fn draining_is_most_of_an_ecs_deployment() {
    let draining = format!("{QUICK}[shutdown]\npre_stop = \"300s\"\ngrace = \"330s\"\n");
    let quick = simulate(4, QUICK, "kind = \"ecs\"\n");
    assert_eq!(ended(&quick), ("completed", 10.0));
    let slow = simulate(4, &draining, "kind = \"ecs\"\n");
    assert_eq!(ended(&slow), ("completed", 310.0));
    assert_eq!(peak(&slow), 8);
    // In batches each batch pays: Elastic Beanstalk's 20 s four times.
    let rolling = "kind = \"elastic-beanstalk\"\npolicy = \"rolling\"\nbatch_size = 1\n";
    let twenty = format!("{QUICK}[shutdown]\npre_stop = \"20s\"\ngrace = \"50s\"\n");
    assert_eq!(ended(&simulate(4, &twenty, rolling)), ("completed", 4.0 * 30.0));
}

/// Feature 4: bounds that come to the fleet itself never move a task; a minimum that cannot be kept
/// fails before the first host. Both are told before the run.
#[test]
fn bounds_that_round_to_nothing() {
    for (instances, minimum, maximum) in [(3, 100, 125), (2, 75, 100)] {
        let strategy = format!(
            "kind = \"ecs\"\nminimum_healthy_percent = \"{minimum}%\"\n\
             maximum_percent = \"{maximum}%\"\n"
        );
        let run = simulate(instances, QUICK, &strategy);
        assert_eq!(run.outcome.name(), "stalled");
        assert_eq!(at(&run, "retired").len() + at(&run, "launched").len(), 0);
        assert_eq!(warnings(instances, &strategy), ["R090"]);
    }
    let strategy = "kind = \"codedeploy\"\nminimum_healthy_hosts = \"95%\"\n";
    assert_eq!(ended(&simulate(10, QUICK, strategy)), ("aborted", 0.0));
    assert_eq!(warnings(10, strategy), ["R090"]);
}

/// Codes of what is told of a scenario that can be run.
fn warnings(instances: u32, strategy: &str) -> Vec<&'static str> {
    let text = format!(
        "[fleet]\ninstances = {instances}\n[traffic]\nrate = 0\n[strategies.case]\n{strategy}"
    );
    let loaded = parse(&text, std::path::Path::new("case.toml"), &Overrides::default());
    let loaded = loaded.unwrap_or_else(|failure| panic!("{failure}"));
    loaded.warnings.diagnostics.iter().map(|diagnostic| diagnostic.rule.code).collect()
}

/// Feature 6: running is not healthy: ECS waits 40 s without a check, Elastic Beanstalk two minutes
/// of good checks, an instance group its `minReadySec`; and every batch waits.
#[test]
fn available_is_later_than_ready() {
    let wait = |seconds: u32| format!("{QUICK}min_ready = \"{seconds}s\"\n");
    let half = "kind = \"ecs\"\nminimum_healthy_percent = \"50%\"\nmaximum_percent = \"100%\"\n";
    assert_eq!(ended(&simulate(4, &wait(40), half)), ("completed", 2.0 * 50.0));
    let rolling = "kind = \"elastic-beanstalk\"\npolicy = \"rolling\"\nbatch_size = 2\n";
    assert_eq!(ended(&simulate(4, &wait(120), rolling)), ("completed", 2.0 * 130.0));
    let group = "kind = \"instance-group\"\nmax_surge = 2\nmax_unavailable = 0\n";
    assert_eq!(ended(&simulate(4, &wait(60), group)), ("completed", 2.0 * 70.0));
}

/// Feature 7: every third task never becomes healthy: a breaker of 3 is never reached where a
/// healthy task sets the count to 0, and is where it does not.
#[test]
fn a_healthy_task_resets_the_breaker() {
    let tables = "[startup]\nboot = { dist = \"list\", values = [\"10s\", \"10s\", \"never\"] }\n\
                  [readiness]\nperiod = \"1s\"\nstart_attempts = 2\n";
    let run = |resets: bool| {
        let strategy = format!(
            "kind = \"ecs\"\nmaximum_percent = \"125%\"\n\
             circuit_breaker = {{ threshold = 3, reset_on_healthy_task = {resets} }}\n"
        );
        simulate(8, tables, &strategy)
    };
    let resetting = run(true);
    assert_eq!(resetting.outcome.name(), "completed");
    assert!(at(&resetting, "start-failed").len() >= 3);
    let counting = run(false);
    assert_eq!(counting.outcome.name(), "aborted");
    assert_eq!(at(&counting, "start-failed").len(), 3);
}

/// Feature 14: starts of 10 s and 50 s in turn: ECS goes on with each task that is healthy, a batch
/// waits for its slowest instance.
#[test]
fn a_sliding_window_and_a_barrier() {
    let tables = format!(
        "[startup]\nboot = {{ dist = \"list\", values = [\"10s\", \"50s\", \"10s\", \"10s\"] }}\n\
         {QUICK}"
    );
    let half = "kind = \"ecs\"\nminimum_healthy_percent = \"50%\"\nmaximum_percent = \"100%\"\n";
    assert_eq!(at(&simulate(4, &tables, half), "launched"), [0.0, 0.0, 10.0, 20.0]);
    let rolling = "kind = \"elastic-beanstalk\"\npolicy = \"rolling\"\nbatch_size = 2\n";
    assert_eq!(at(&simulate(4, &tables, rolling), "launched"), [0.0, 0.0, 50.0, 50.0]);
}

/// Feature 14: zones are batches too, with a wait in between, longer after the first.
#[test]
fn codedeploy_goes_zone_by_zone() {
    let run = run_events(
        "[fleet]\ninstances = 6\nzones = [\"a\", \"b\", \"c\"]\n[startup]\nboot = \"10s\"\n\
         [readiness]\nperiod = \"0s\"\n[traffic]\nrate = 0\n\
         [simulation]\nreplications = 1\nwarmup = \"1s\"\n\
         [strategies.case]\nkind = \"codedeploy\"\nminimum_healthy_hosts = 0\n\
         zonal = { monitor = \"1m\", first_zone_monitor = \"5m\", \
         minimum_healthy_hosts_per_zone = 1 }\n",
    );
    assert_eq!(at(&run, "launched"), [0.0, 10.0, 320.0, 330.0, 400.0, 410.0]);
    assert_eq!(ended(&run), ("completed", 420.0));
    let zones: Vec<u16> = run
        .events
        .iter()
        .filter(|row| row.event == "launched" && row.at >= run.start)
        .filter_map(|row| row.zone.map(|zone| zone.0))
        .collect();
    assert_eq!(zones, [0, 0, 1, 1, 2, 2]);
}

/// Feature 16: what a second fleet costs, and what only a batch does.
#[test]
fn a_second_fleet_is_twice_the_instances() {
    for (strategy, expected) in [
        ("kind = \"ecs\"\ndeployment = \"blue-green\"\nbake = \"1m\"\n", 12),
        ("kind = \"ecs\"\ndeployment = \"linear\"\n", 12),
        ("kind = \"ecs\"\ndeployment = \"canary\"\n", 12),
        ("kind = \"codedeploy\"\nconfig = \"ECSAllAtOnce\"\n", 12),
        ("kind = \"elastic-beanstalk\"\npolicy = \"immutable\"\n", 12),
        ("kind = \"elastic-beanstalk\"\npolicy = \"traffic-splitting\"\n", 12),
        (
            "kind = \"elastic-beanstalk\"\npolicy = \"rolling-with-additional-batch\"\n\
             batch_size = 2\n",
            8,
        ),
        ("kind = \"elastic-beanstalk\"\npolicy = \"rolling\"\nbatch_size = 2\n", 6),
        ("kind = \"instance-group\"\nmax_surge = 1\nmax_unavailable = 1\n", 7),
    ] {
        let run = simulate(6, QUICK, strategy);
        assert_eq!((run.outcome.name(), peak(&run)), ("completed", expected), "{strategy}");
    }
}

/// Feature 20: a release that never gets healthy after its first two instances: what is done stays
/// done.
#[test]
fn a_failed_rollout_leaves_two_versions() {
    let tables = "[startup]\nboot = { dist = \"list\", values = [\"10s\", \"10s\", \"never\"] }\n\
                  [readiness]\nperiod = \"1s\"\nstart_attempts = 2\n";
    for (strategy, outcome, old) in [
        ("kind = \"codedeploy\"\n", "aborted", 3),
        ("kind = \"elastic-beanstalk\"\npolicy = \"rolling\"\nbatch_size = 2\n", "aborted", 2),
    ] {
        let run = simulate(6, tables, strategy);
        let left = last(&run).desired[Version::Old.index()];
        assert_eq!((run.outcome.name(), left), (outcome, old), "{strategy}");
    }
    // A broken template: as many broken machines as the bounds allow, and nothing goes back.
    let never = "[release]\nnever_ready = 1.0\n[readiness]\nperiod = \"1s\"\n";
    let group = "kind = \"instance-group\"\nmax_surge = 2\nmax_unavailable = 1\n";
    let run = simulate(6, never, group);
    let row = last(&run);
    let [old, new] = [Version::Old, Version::New].map(|version| row.desired[version.index()]);
    assert_eq!((run.outcome.name(), old, new), ("stalled", 5, 3));
    // The second fleet of an immutable update goes, though, and the old one is whole.
    let run = simulate(6, never, "kind = \"elastic-beanstalk\"\npolicy = \"immutable\"\n");
    assert_eq!(ended(&run), ("rolled-back", 840.0));
    assert_eq!(last(&run).desired[Version::Old.index()], 6);
}

/// An automatic rollback of CodeDeploy is a deployment of its own, failed hosts first.
#[test]
fn a_rollback_is_a_deployment() {
    let tables = "[startup]\nboot = { dist = \"list\", values = [\"10s\", \"never\"] }\n\
                  [readiness]\nperiod = \"1s\"\nstart_attempts = 2\n";
    let run = simulate(4, tables, "kind = \"codedeploy\"\nauto_rollback = true\n");
    assert_eq!(run.outcome.name(), "rolled-back");
    assert_eq!(last(&run).desired[Version::Old.index()], 4);
}

/// Feature 20: alarms that are red before the deployment starts are ignored by it in ECS, and stop
/// CodeDeploy.
#[test]
fn an_alarm_that_is_red_at_the_start() {
    let run = |kind: &str, from: &str| {
        run_events(&format!(
            "[fleet]\ninstances = 4\n[startup]\nboot = \"2m\"\n[readiness]\nperiod = \"0s\"\n\
             [traffic]\nrate = 20\n[simulation]\nreplications = 1\nwarmup = \"5m\"\n\
             [[faults]]\nkind = \"errors\"\nat = \"{from}\"\nrate = 0.5\n\
             [gates.errors]\nmetric = \"error-rate\"\nscope = \"service\"\nmax = \"5%\"\n\
             window = \"1m\"\ninterval = \"30s\"\n\
             [strategies.case]\nkind = \"{kind}\"\ngates = [\"errors\"]\n"
        ))
    };
    let ignoring = run("ecs", "-4m");
    assert_eq!(ignoring.outcome.name(), "completed");
    assert_eq!(at(&ignoring, "gate-ignored"), [0.0]);
    let turning = run("ecs", "30s");
    assert_eq!(turning.outcome.name(), "aborted");
    assert_eq!(at(&turning, "gate-ignored"), [0.0; 0]);
    assert_eq!(run("codedeploy", "-4m").outcome.name(), "aborted");
}

/// An early success counts the healthy tasks and leaves the rest to come.
#[test]
fn an_early_success() {
    let tables = format!(
        "[startup]\nboot = {{ dist = \"list\", values = [\"10s\", \"10s\", \"10s\", \"150s\"] }}\n\
         {QUICK}[shutdown]\npre_stop = \"100s\"\ngrace = \"130s\"\n"
    );
    let early = |cleanup: &str| {
        let strategy = format!(
            "kind = \"ecs\"\nminimum_healthy_percent = \"50%\"\nbake = \"1m\"\n\
             early_success = {{ healthy_percent = \"75%\", cleanup = \"{cleanup}\" }}\n"
        );
        simulate(4, &tables, &strategy)
    };
    // Three of four are healthy at 10 s, the bake is over at 70 s, the last old one gone at 110 s.
    assert_eq!(ended(&early("deferred")), ("completed", 70.0));
    assert_eq!(ended(&early("blocking")), ("completed", 110.0));
    let strategy = "kind = \"ecs\"\nminimum_healthy_percent = \"50%\"\n";
    assert_eq!(ended(&simulate(4, &tables, strategy)), ("completed", 150.0));
}

/// What the importers print is a scenario that runs.
#[test]
fn imported_policies_run() {
    for (text, outcome) in [
        (
            "{\"serviceName\": \"shop\", \"desiredCount\": 4, \"deploymentConfiguration\":\
              {\"minimumHealthyPercent\": 50, \"maximumPercent\": 100,\
               \"deploymentCircuitBreaker\": {\"enable\": true, \"rollback\": true}}}",
            "completed",
        ),
        (
            "serviceName: shop\ndesiredCount: 3\nloadBalancers: [{containerPort: 80}]\n\
             deploymentConfiguration:\n  strategy: CANARY\n  bakeTimeInMinutes: 5\n  \
             canaryConfiguration: {canaryPercent: 12.5, canaryBakeTimeInMinutes: 2}\n",
            "completed",
        ),
        (
            "deploymentConfigName: x\nminimumHealthyHosts: {type: HOST_COUNT, value: 3}\n",
            "completed",
        ),
        (
            "option_settings:\n  aws:elasticbeanstalk:command:\n    DeploymentPolicy: \
             TrafficSplitting\n  aws:autoscaling:asg: {MinSize: 4, MaxSize: 8}\n",
            "completed",
        ),
        (
            "name: shop\ntargetSize: 10\nzone: z\nupdatePolicy:\n  type: PROACTIVE\n  \
             maxSurge: {percent: 20}\n  maxUnavailable: {fixed: 0}\n",
            "completed",
        ),
    ] {
        let imported = read(&[Manifest { path: "shop", text }], None);
        let imported = imported.unwrap_or_else(|problems| panic!("{problems:?}"));
        let text = imported.to_scenario("shop");
        // The placeholder's requests have nothing to do with it.
        let quiet =
            |line: &str| if line.starts_with("rate = ") { "rate = 0" } else { line }.to_owned();
        let text: Vec<String> = text.lines().map(quiet).collect();
        let text = text.join("\n");
        assert_eq!(run_events(&text).outcome.name(), outcome, "{text}");
    }
}
