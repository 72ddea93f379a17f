//! The cloud's controllers: Amazon ECS, AWS CodeDeploy, AWS Elastic Beanstalk and Google's managed
//! instance groups. What the vendors' pages say and their formulas come to, by the function where
//! it is arithmetic, by a whole simulation and its events where it is a schedule or an outcome.

use std::fmt::Write as _;

use rollsim::sim::Run;
use rollsim::strategy::{
    MinimumHealthy, TaskBounds, Threshold, batch_size, batches, effective_timeout, exact_size,
};
use rollsim::units::{CountOrPercent, Ratio, Rounding, SimDuration, Version};
use serde_json::Value;

use super::recorded::recorded;
use super::{Replayed, replay_all};
use crate::world::run_events;

/// What differs between a case and its replay; none if nothing does.
type Difference = Option<String>;

/// Start-up time of the simulated instances.
const START: f64 = 30.0;

fn count(case: &Value, key: &str) -> u32 {
    case[key].as_u64().unwrap_or_else(|| panic!("no {key} in {case}")) as u32
}

fn percent(value: &Value) -> Ratio {
    let percent = value.as_f64().unwrap_or_else(|| panic!("no percentage in {value}"));
    Ratio::from_f64(percent / 100.0).expect("a percentage")
}

/// Every expected field against the one computed, where the case states it.
fn compare(expected: &Value, computed: &[(&str, Value)]) -> Difference {
    let mut text = String::new();
    for (key, value) in expected.as_object().expect("expectations") {
        match computed.iter().find(|(name, _)| name == key) {
            None => {
                let _ = write!(text, "`{key}` is not computed; ");
            }
            Some((_, got)) if !is_same(got, value) => {
                let _ = write!(text, "{key} {got}, recorded {value}; ");
            }
            Some(_) => {}
        }
    }
    (!text.is_empty()).then_some(text)
}

/// Numbers are compared as such, 10 and 10.0 being the same.
fn is_same(got: &Value, want: &Value) -> bool {
    match (got, want) {
        (Value::Array(got), Value::Array(want)) => {
            got.len() == want.len() && got.iter().zip(want).all(|(got, want)| is_same(got, want))
        }
        _ => match (got.as_f64(), want.as_f64()) {
            (Some(got), Some(want)) => (got - want).abs() < 1e-9,
            _ => got == want,
        },
    }
}

fn threshold(case: &Value) -> Threshold {
    match case["type"].as_str() {
        Some("COUNT") => Threshold::Count(count(case, "value")),
        Some("UNBOUNDED_PERCENT") => Threshold::UnboundedPercent(percent(&case["value"])),
        Some("BOUNDED_PERCENT") => Threshold::BoundedPercent(percent(&case["value"])),
        _ => Threshold::BoundedPercent(Ratio::from_f64(0.5).expect("a half")),
    }
}

fn task_bounds(case: &Value, expected: &Value) -> Difference {
    let (minimum, maximum) = (&case["minimumHealthyPercent"], &case["maximumPercent"]);
    let bounds = TaskBounds::of(count(case, "desiredCount"), percent(minimum), percent(maximum));
    compare(
        expected,
        &[
            ("minHealthyTasks", bounds.minimum.into()),
            ("maxTasks", bounds.maximum.into()),
            ("initialStart", bounds.may_start().into()),
            ("mayStartFirst", bounds.may_start().into()),
            ("initialStopBeforeStart", bounds.may_stop().into()),
            ("mayStopFirst", bounds.may_stop().into()),
            ("stuck", bounds.is_stuck().into()),
        ],
    )
    .or_else(|| tasks_move(case, bounds))
}

/// The same in a simulation: how far the fleet goes both ways, or that nothing ever moves.
fn tasks_move(case: &Value, bounds: TaskBounds) -> Difference {
    let fields = format!(
        "kind = \"ecs\"\nminimum_healthy_percent = \"{}%\"\nmaximum_percent = \"{}%\"\n",
        case["minimumHealthyPercent"], case["maximumPercent"]
    );
    let run = simulate(bounds.desired, "", &fields);
    let seen = Seen::of(&run);
    if bounds.is_stuck() {
        let is_still = run.outcome.name() == "stalled" && launches(&run).is_empty();
        return (!is_still).then(|| format!("moves: {:?}", run.outcome));
    }
    let fits = run.outcome.name() == "completed"
        && seen.least_available >= bounds.minimum
        && seen.most <= bounds.maximum;
    (!fits).then(|| format!("{:?} {seen:?}", run.outcome))
}

/// A fleet that starts in [`START`] seconds, with this strategy.
fn simulate(instances: u32, tables: &str, strategy: &str) -> Run {
    let boot = if tables.contains("boot") { "" } else { "[startup]\nboot = \"30s\"\n" };
    run_events(&format!(
        "[fleet]\ninstances = {instances}\n[traffic]\nrate = 0\n\
         [simulation]\nreplications = 1\nwarmup = \"1s\"\nsettle = \"1s\"\nmax_time = \"30d\"\n\
         {boot}{tables}[strategies.case]\n{strategy}"
    ))
}

/// The extremes of a run.
#[derive(Debug)]
struct Seen {
    most: u32,
    least_available: u32,
}

impl Seen {
    /// Most instances at all, and fewest available of the settled states: the last event of each
    /// moment.
    fn of(run: &Run) -> Self {
        let mut seen = Self { most: 0, least_available: u32::MAX };
        let mut events = run.events.iter().peekable();
        while let Some(event) = events.next() {
            seen.most = seen.most.max(event.total);
            if events.peek().is_some_and(|next| next.at == event.at) {
                continue;
            }
            let available = event.available.iter().sum();
            seen.least_available = seen.least_available.min(available);
        }
        seen
    }
}

/// Seconds from the rollout's start of each event of this name, with its detail.
fn told<'a>(run: &'a Run, name: &'a str) -> impl Iterator<Item = (f64, String)> + 'a {
    let of_name = run.events.iter().filter(move |event| event.event == name);
    of_name.map(|event| (event.at.nanos_from(run.start) as f64 / 1e9, event.detail.to_string()))
}

/// How many instances were launched, or began again in place, at each moment.
fn launches(run: &Run) -> Vec<u32> {
    let mut waves: Vec<(f64, u32)> = Vec::new();
    for (at, _) in told(run, "launched") {
        match waves.last_mut() {
            Some((last, count)) if *last == at => *count += 1,
            _ => waves.push((at, 1)),
        }
    }
    waves.into_iter().map(|(_, count)| count).collect()
}

/// Minutes from the moment at which the second fleet is there, and the share from then on.
fn shares(run: &Run) -> Vec<(f64, f64)> {
    let shares = told(run, "weight-set").filter_map(|(at, detail)| {
        let (share, _) = detail.split_once(" % of the requests")?;
        let share: f64 = share.parse().ok()?;
        (share > 0.0).then_some(((at - START) / 60.0, share))
    });
    shares.collect()
}

/// The schedule of a second fleet: shares by minutes, when all is new, when the old goes.
fn schedule(strategy: &str, instances: u32, expected: &Value) -> Difference {
    let run = simulate(instances, "", strategy);
    let shares = shares(&run);
    let full = shares.iter().find(|(_, share)| *share >= 100.0).map(|(at, _)| *at);
    let gone = told(&run, "retired").next().map(|(at, _)| (at - START) / 60.0);
    let rows: Vec<Value> = shares.iter().map(|&(at, share)| vec![at, share].into()).collect();
    compare(
        expected,
        &[
            ("minute_percentNew", rows.into()),
            ("minutesToFull", full.into()),
            ("oldRemovedAtMinute", gone.into()),
            ("peakInstances", Seen::of(&run).most.into()),
        ],
    )
}

fn time_based(case: &Value, expected: &Value) -> Difference {
    if let Some(name) = case["config"].as_str().filter(|name| *name != "custom") {
        let named = format!("kind = \"codedeploy\"\nconfig = \"{name}\"\n");
        if let Some(different) = schedule(&named, 2, expected) {
            return Some(format!("by name: {different}"));
        }
    }
    let (percent, interval) = match case["canaryPercentage"].as_f64() {
        Some(percent) => (format!("canary_percent = \"{percent}%\""), &case["canaryInterval"]),
        None => {
            (format!("linear_percent = \"{}%\"", case["linearPercentage"]), &case["linearInterval"])
        }
    };
    let written = format!("kind = \"codedeploy\"\n{percent}\ninterval = \"{interval}m\"\n");
    schedule(&written, 2, expected)
}

fn ecs_linear(case: &Value, expected: &Value) -> Difference {
    let strategy = format!(
        "kind = \"ecs\"\ndeployment = \"linear\"\nstep_percent = \"{}%\"\nstep_bake = \"{}m\"\n\
         bake = \"{}m\"\n",
        case["stepPercent"], case["stepBakeTimeInMinutes"], case["bakeTimeInMinutes"]
    );
    schedule(&strategy, 2, expected)
}

fn ecs_canary(case: &Value, expected: &Value) -> Difference {
    let strategy = format!(
        "kind = \"ecs\"\ndeployment = \"canary\"\ncanary_percent = \"{}%\"\n\
         canary_bake = \"{}m\"\nbake = \"{}m\"\n",
        case["canaryPercent"], case["canaryBakeTimeInMinutes"], case["bakeTimeInMinutes"]
    );
    schedule(&strategy, 2, expected)
}

fn minimum_healthy(case: &Value) -> (MinimumHealthy, String) {
    let minimum = &case["minimumHealthyHosts"];
    let value = || minimum["value"].as_u64().expect("a value") as u32;
    match minimum["type"].as_str().expect("a type") {
        "HOST_COUNT" => {
            (MinimumHealthy::HostCount(value()), format!("minimum_healthy_hosts = {}", value()))
        }
        "FLEET_PERCENT" => (
            MinimumHealthy::FleetPercent(percent(&minimum["value"])),
            format!("minimum_healthy_hosts = \"{}%\"", minimum["value"]),
        ),
        "MOST_CONCURRENCY" if value() == 1 => {
            (MinimumHealthy::AtATime(1), "config = \"OneAtATime\"".to_owned())
        }
        name => (
            MinimumHealthy::called(name).unwrap_or_else(|| panic!("no configuration {name}")),
            format!("config = \"CodeDeployDefault.{name}\""),
        ),
    }
}

/// A deployment in place in which the hosts of these numbers, counted from 1 in the order in which
/// they are taken, never become healthy.
fn codedeploy(case: &Value, expected: &Value) -> Difference {
    let hosts = count(case, "instances");
    let (minimum, written) = minimum_healthy(case);
    let failing: Vec<u64> = case["failingDeploymentOrder"]
        .as_array()
        .map_or(Vec::new(), |list| list.iter().filter_map(Value::as_u64).collect());
    let boots: Vec<&str> = (1..=u64::from(hosts))
        .map(|host| if failing.contains(&host) { "\"never\"" } else { "\"30s\"" })
        .collect();
    let tables = format!(
        "[startup]\nboot = {{ dist = \"list\", values = [{}] }}\n\
         [readiness]\nstart_attempts = 3\n",
        boots.join(", ")
    );
    let run = simulate(hosts, &tables, &format!("kind = \"codedeploy\"\n{written}\n"));
    let is_done = run.outcome.name() == "completed";
    let mut expected = expected.clone();
    // The page leaves it to the order in which hosts end; here all of a batch end together, and
    // hosts are left when the minimum is reached.
    if expected["outcome"].as_str().is_some_and(|text| text.starts_with("Succeeded or Failed")) {
        let left = hosts > minimum.at_a_time(hosts);
        expected["outcome"] = if left { "Failed" } else { "Succeeded" }.into();
    }
    compare(
        &expected,
        &[
            ("minHealthy", minimum.of(hosts).into()),
            ("atATime", launches(&run).first().copied().unwrap_or(0).into()),
            ("failsAtOnce", (!is_done && launches(&run).is_empty()).into()),
            ("outcome", if is_done { "Succeeded" } else { "Failed" }.into()),
        ],
    )
    .or_else(|| {
        let at_a_time = minimum.at_a_time(hosts);
        let first = launches(&run).first().copied().unwrap_or(0);
        (at_a_time != first).then(|| format!("{at_a_time} at a time, {first} were taken"))
    })
}

fn group_size(case: &Value, expected: &Value) -> Difference {
    let (share, size) = (percent(&case["percent"]), count(case, "targetSize"));
    let written = CountOrPercent::Percent(share);
    let (up, down) = (written.resolve(size, Rounding::Up), written.resolve(size, Rounding::Down));
    let exact = exact_size(share, size);
    let is_near = f64::from(down) <= exact && exact <= f64::from(up) && up - down <= 1;
    let whole = ("integerOnly", Value::from(up == down));
    compare(expected, &[("exact", exact.into()), whole])
        .or_else(|| (!is_near).then(|| format!("{down} <= {exact} <= {up}")))
}

/// Defaults in a group of three machines for each zone: the first wave and the least available.
fn group_defaults(case: &Value, expected: &Value) -> Difference {
    let zones = count(case, "zones");
    let names: Vec<String> = (0..zones).map(|zone| format!("\"z{zone}\"")).collect();
    let fleet = format!("instances = {}\nzones = [{}]", 3 * zones, names.join(", "));
    let run = run_events(&format!(
        "[fleet]\n{fleet}\n[startup]\nboot = \"30s\"\n[traffic]\nrate = 0\n\
         [simulation]\nreplications = 1\nwarmup = \"1s\"\n\
         [strategies.case]\nkind = \"instance-group\"\n"
    ));
    let seen = Seen::of(&run);
    compare(
        expected,
        &[
            ("maxSurge", (seen.most - 3 * zones).into()),
            ("maxUnavailable", (3 * zones - seen.least_available).into()),
        ],
    )
}

fn group_batch(case: &Value, expected: &Value) -> Difference {
    let strategy = format!(
        "kind = \"instance-group\"\nmax_surge = {}\nmax_unavailable = {}\n",
        case["maxSurge"], case["maxUnavailable"]
    );
    let run = simulate(count(case, "targetSize"), "", &strategy);
    let seen = Seen::of(&run);
    compare(
        expected,
        &[
            ("firstWaveMax", launches(&run)[0].into()),
            ("maxInstances", seen.most.into()),
            ("minAvailable", seen.least_available.into()),
        ],
    )
}

/// The batches of a policy, and what they leave in service.
fn beanstalk(case: &Value, expected: &Value) -> Difference {
    let policy = match case["DeploymentPolicy"].as_str() {
        Some("Rolling") => "rolling",
        Some("RollingWithAdditionalBatch") => "rolling-with-additional-batch",
        Some("Immutable") => "immutable",
        Some("TrafficSplitting") => "traffic-splitting",
        other => panic!("no policy {other:?}"),
    };
    let mut strategy = format!("kind = \"elastic-beanstalk\"\npolicy = \"{policy}\"\n");
    let instances = count(case, "instances");
    let size = case["BatchSize"].as_u64().map(|size| match case["BatchSizeType"].as_str() {
        Some("Percentage") => CountOrPercent::Percent(percent(&case["BatchSize"])),
        _ => CountOrPercent::Count(size as u32),
    });
    match size {
        Some(CountOrPercent::Count(size)) => {
            let _ = writeln!(strategy, "batch_size = {size}");
        }
        Some(CountOrPercent::Percent(_)) => {
            let _ = writeln!(strategy, "batch_size = \"{}%\"", case["BatchSize"]);
        }
        None => {}
    }
    if policy == "traffic-splitting" {
        let _ = write!(
            strategy,
            "new_version_percent = \"{}%\"\nevaluation_time = \"{}m\"\n",
            case["NewVersionPercent"], case["EvaluationTime"]
        );
        return schedule(&strategy, instances, expected);
    }
    let run = simulate(instances, "", &strategy);
    let (seen, waves) = (Seen::of(&run), launches(&run));
    let different = compare(
        expected,
        &[
            ("batches", waves.clone().into()),
            ("waves", waves.clone().into()),
            ("minInService", seen.least_available.into()),
            ("peakInstances", seen.most.into()),
            ("extraInstances", (seen.most - instances).into()),
        ],
    );
    different.or_else(|| {
        let size = size?;
        let mut stated = batches(size, instances);
        if policy == "rolling-with-additional-batch" {
            stated.insert(0, batch_size(size, instances));
        }
        (stated != waves).then(|| format!("{stated:?} stated, {waves:?} launched"))
    })
}

fn beanstalk_timeout(case: &Value, expected: &Value) -> Difference {
    let written = count(case, "Timeout");
    let stated = effective_timeout(SimDuration::from_secs(written.into())).as_secs_f64();
    let tables = "[release]\nnever_ready = 1.0\n";
    let strategy = format!(
        "kind = \"elastic-beanstalk\"\npolicy = \"rolling\"\nbatch_size = 1\n\
         timeout = \"{written}s\"\n"
    );
    let run = simulate(2, tables, &strategy);
    let failed = told(&run, "aborted").next().map(|(at, _)| at);
    compare(expected, &[("effectiveTimeoutSeconds", stated.into())])
        .or_else(|| (failed != Some(stated)).then(|| format!("failed at {failed:?}")))
}

fn breaker(case: &Value, expected: &Value) -> Difference {
    let desired = count(case, "desiredCount");
    let failures = threshold(case).failures(desired);
    let written = match threshold(case) {
        Threshold::Count(count) => format!("threshold = {count}"),
        Threshold::BoundedPercent(share) => format!("threshold = \"{}%\"", share.as_f64() * 100.0),
        Threshold::UnboundedPercent(share) => {
            format!("threshold = \"{}%\", bounded = false", share.as_f64() * 100.0)
        }
    };
    let strategy = format!("kind = \"ecs\"\ncircuit_breaker = {{ {written} }}\n");
    let tables = "[release]\nnever_ready = 1.0\n[readiness]\nstart_attempts = 3\n";
    let run = simulate(desired, tables, &strategy);
    let failed = told(&run, "start-failed").count() as u32;
    compare(expected, &[("threshold", failures.into())]).or_else(|| {
        // Tasks that fail at the same moment are seen together.
        let is_tripped = run.outcome.name() == "aborted";
        let is_due = (failures..failures + desired).contains(&failed);
        (!(is_tripped && is_due)).then(|| format!("{:?} after {failed}", run.outcome))
    })
}

fn replay(suite: &str, case: &Value) -> Replayed {
    let (case, expected) = (&case["in"], &case["expect"]);
    Replayed::from_difference(match suite {
        "ecs_circuit_breaker" | "ecs_circuit_breaker_doc" => breaker(case, expected),
        "ecs_rolling_bounds" | "ecs_rolling_doc" => task_bounds(case, expected),
        "ecs_linear" => ecs_linear(case, expected),
        "ecs_canary" => ecs_canary(case, expected),
        "codedeploy_time_based_linear" | "codedeploy_time_based_canary" => {
            time_based(case, expected)
        }
        "codedeploy_doc" | "codedeploy_min_healthy" => codedeploy(case, expected),
        "mig_percent_exact" => group_size(case, expected),
        "mig_defaults" => group_defaults(case, expected),
        "mig_batch" => group_batch(case, expected),
        "eb_timeout" => beanstalk_timeout(case, expected),
        suite if suite.starts_with("eb_") => beanstalk(case, expected),
        _ => return Replayed::NotModelled,
    })
}

#[test]
fn cloud_controllers() {
    let file = recorded("cloud.json", include_str!("../../data/cases/cloud.json"));
    replay_all(&file, replay);
}

/// The second host fails and no more can be spared: the first is new, two are still old.
#[test]
fn what_a_failed_deployment_leaves_is_mixed() {
    let tables = "[startup]\nboot = { dist = \"list\", values = [\"30s\", \"never\"] }\n\
                  [readiness]\nstart_attempts = 3\n";
    let run = simulate(4, tables, "kind = \"codedeploy\"\nminimum_healthy_hosts = 3\n");
    let last = run.events.iter().last().expect("events");
    assert_eq!(run.outcome.name(), "aborted");
    let [old, new] = [Version::Old, Version::New].map(|version| last.desired[version.index()]);
    assert_eq!((old, new), (2, 2));
}
