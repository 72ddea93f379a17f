//! Nomad: the arithmetic of one evaluation, and whole deployments over time.

use rollsim::sim::Run;
use rollsim::strategy::nomad::{Change, Deployment, Group, Update};
use rollsim::units::Version;
use serde_json::{Value, json};

use super::recorded::{has_only, recorded};
use super::{Replayed, replay_all};
use crate::world::run_events;

fn whole(value: &Value) -> u32 {
    value.as_u64().unwrap_or(0) as u32
}

fn deployment(state: Option<&str>) -> Option<Deployment> {
    Some(match state {
        Some("running") => Deployment::Running,
        Some("paused") => Deployment::Paused,
        Some("failed") => Deployment::Failed,
        None => Deployment::None,
        Some(_) => return None,
    })
}

fn destructive_limit(case: &Value, expected: &Value) -> Replayed {
    let number = |key: &str| whole(&case[key]);
    let is_unpromoted = case["deployment"] == "canaries-unpromoted";
    let state = if is_unpromoted { Some("running") } else { case["deployment"].as_str() };
    let Some(deployment) = deployment(state) else { return Replayed::NotModelled };
    let (unknown, unhealthy) = (number("newAllocsHealthUnknown"), number("newAllocsUnhealthy"));
    let group = Group {
        count: number("remainingOld") + unknown + unhealthy,
        update: Some(Update {
            max_parallel: number("maxParallel"),
            canary: u32::from(is_unpromoted),
        }),
        change: Change::Destructive,
        deployment,
        old: number("remainingOld"),
        new: unknown + unhealthy,
        unknown,
        unhealthy,
        ..Group::STEADY
    };
    let found = group.evaluate().destructive;
    let is_same = found == whole(&expected["destructive"]);
    Replayed::from_difference((!is_same).then(|| format!("{case}: {found}, recorded {expected}")))
}

/// A task group as a test of Nomad's describes it; none if it says what the model has not.
fn group(case: &Value) -> Option<Group> {
    const CASE: &[&str] = &[
        "canariesAlreadyPlaced",
        "change",
        "count",
        "deployment",
        "drainingNodes",
        "failed",
        "healthyCanaries",
        "healthyNew",
        "lostNodes",
        "markedForReschedule",
        "old",
        "placed",
        "promoted",
        "test",
        "update",
    ];
    if !has_only(case, CASE) || !has_only(&case["update"], &["canary", "maxParallel"]) {
        return None;
    }
    let number = |key: &str| whole(&case[key]);
    let update = case["update"].is_object().then(|| Update {
        max_parallel: whole(&case["update"]["maxParallel"]),
        canary: whole(&case["update"]["canary"]),
    });
    let healthy = number("healthyNew");
    let new = number("placed").max(healthy);
    let canaries = number("canariesAlreadyPlaced").max(number("healthyCanaries"));
    let deployment = deployment(case["deployment"].as_str())?;
    let is_begun = new + canaries > 0 && deployment == Deployment::None;
    // Nodes are lost and drained in the order of names, and the new ones have the lowest.
    let (lost, draining) = (number("lostNodes"), number("drainingNodes"));
    let from_new = new.min(lost + draining);
    Some(Group {
        count: number("count"),
        update,
        change: match case["change"].as_str() {
            Some("in-place") => Change::InPlace,
            Some("none") => Change::None,
            None | Some("destructive") => Change::Destructive,
            Some(_) => return None,
        },
        deployment: if is_begun { Deployment::Running } else { deployment },
        is_promoted: case["promoted"] == true,
        old: number("old").saturating_sub(lost + draining - from_new),
        new: new - from_new,
        canaries,
        unknown: (new - from_new).saturating_sub(healthy)
            + canaries.saturating_sub(number("healthyCanaries")),
        unhealthy: 0,
        lost,
        draining,
        failed: number("failed").saturating_sub(number("markedForReschedule")),
        rescheduled: number("markedForReschedule"),
    })
}

fn reconciler(case: &Value, expected: &Value) -> Replayed {
    let Some(group) = group(case) else { return Replayed::NotModelled };
    let plan = group.evaluate();
    for (key, wanted) in expected.as_object().into_iter().flatten() {
        let found = match key.as_str() {
            "place" => json!(plan.place),
            "canary" => json!(plan.canary),
            "destructive" => json!(plan.destructive),
            "inplace" => json!(plan.in_place),
            "migrate" => json!(plan.migrate),
            "stop" => json!(plan.stop),
            "ignore" => json!(plan.ignore),
            "desiredTotal" => json!(group.count),
            "desiredCanaries" => json!(plan.desired_canaries),
            "createsDeployment" => json!(plan.creates_deployment),
            "deployment" if *wanted == "successful" => {
                json!(if plan.is_successful { "successful" } else { "not yet" })
            }
            _ => return Replayed::NotModelled,
        };
        if found != *wanted {
            return Replayed::Differs(format!("{key}: {found}, recorded {wanted}"));
        }
    }
    Replayed::Passed
}

/// What is stopped in fixed time and starts in times by number; nothing is requested.
fn scenario(case: &Value) -> String {
    let number = |key: &str| whole(&case[key]);
    let starts = case["startSecondsCycle"].as_array().expect("times of starts").iter();
    let starts: Vec<String> = starts.map(|start| format!("\"{start}s\"")).collect();
    let stop = number("stopSeconds");
    format!(
        "[fleet]\ninstances = {}\n[traffic]\nrate = 0\n[readiness]\nperiod = \"0s\"\n\
         [startup]\nboot = {{ dist = \"list\", values = [{}] }}\n\
         [shutdown]\npre_stop = \"{stop}s\"\ngrace = \"{stop}s\"\n\
         [simulation]\nreplications = 1\nwarmup = \"0s\"\n\
         [strategies.case]\nkind = \"nomad\"\nmax_parallel = {}\nmin_healthy_time = \"{}s\"\n\
         canary = {}\nauto_promote = {}\n",
        number("count"),
        starts.join(", "),
        number("maxParallel"),
        number("minHealthyTime"),
        number("canary"),
        case["autoPromote"] == true,
    )
}

/// Time, old ones that serve, new ones not healthy yet, healthy ones, wherever that changes.
fn timeline(run: &Run, case: &Value) -> Vec<[f64; 4]> {
    let (count, canary) = (f64::from(whole(&case["count"])), whole(&case["canary"]));
    let seconds = |at: rollsim::units::SimTime| at.nanos_from(run.start) as f64 / 1e9;
    let events: Vec<_> = run.events.iter().filter(|event| event.at >= run.start).collect();
    let is_new = |version| version == Some(Version::New);
    let ready = events.iter().filter(|event| event.event == "ready" && is_new(event.version));
    let healthy_time = f64::from(whole(&case["minHealthyTime"]));
    let healthy: Vec<f64> = ready.map(|event| seconds(event.at) + healthy_time).collect();
    let mut moments: Vec<f64> = events.iter().map(|event| seconds(event.at)).collect();
    moments.extend(&healthy);
    moments.sort_by(f64::total_cmp);
    moments.dedup();
    let mut rows: Vec<[f64; 4]> = Vec::new();
    for now in moments {
        let last = events.iter().rfind(|event| seconds(event.at) <= now).expect("an event");
        let [old, new, _] = last.desired.map(f64::from);
        // A successor is placed when the one before it is told to stop.
        let placed = if canary > 0 && old >= count { new } else { count - old };
        let healthy = healthy.iter().filter(|&&at| at <= now).count() as f64;
        let row = [now, old, placed - healthy, healthy];
        if rows.last().is_none_or(|before| before[1..] != row[1..]) {
            rows.push(row);
        }
    }
    rows
}

/// Whether some successor was launched before as many old ones were gone.
fn overtakes(run: &Run) -> bool {
    let (mut gone, mut launched) = (0, 0);
    run.events.iter().any(|event| {
        match (event.event, event.version) {
            ("terminated", Some(Version::Old)) => gone += 1,
            ("launched", Some(Version::New)) => launched += 1,
            _ => {}
        }
        launched > gone
    })
}

fn deployment_over_time(case: &Value, expected: &Value) -> Replayed {
    const CASE: &[&str] = &[
        "autoPromote",
        "canary",
        "count",
        "maxParallel",
        "minHealthyTime",
        "startSecondsCycle",
        "stopSeconds",
    ];
    if !has_only(case, CASE) {
        return Replayed::NotModelled;
    }
    let run = run_events(&scenario(case));
    let rows = timeline(&run, case);
    let recorded: Vec<[f64; 4]> =
        serde_json::from_value(expected["time_old_pending_healthy"].clone()).expect("rows");
    if rows != recorded {
        return Replayed::Differs(format!("{rows:?}, recorded {recorded:?}"));
    }
    if whole(&case["canary"]) == 0 && overtakes(&run) {
        return Replayed::Differs("a successor did not wait".into());
    }
    let least = rows.iter().map(|row| row[1] + row[3]).fold(f64::INFINITY, f64::min);
    let most = rows.iter().map(|row| row[1] + row[2] + row[3]).fold(0.0, f64::max);
    let finish = (run.outcome.name() == "completed").then(|| run.duration.as_secs_f64());
    let is_same = expected["finishSeconds"].as_f64() == finish
        && expected["complete"] == finish.is_some()
        && expected["minServing"].as_f64() == Some(least)
        && expected["maxAllocs"].as_f64() == Some(most);
    let found = || format!("{finish:?}, {least} to {most}, recorded {expected}");
    Replayed::from_difference((!is_same).then(found))
}

#[test]
fn nomads_window() {
    let file = recorded("nomad.json", include_str!("../../data/cases/nomad.json"));
    replay_all(&file, |suite, case| {
        let replay = match suite {
            "destructive_limit" => destructive_limit,
            "upstream_reconciler" => reconciler,
            "rolling_timeline" | "canary_timeline" => deployment_over_time,
            _ => return Replayed::NotModelled,
        };
        replay(&case["in"], &case["expect"])
    });
}
