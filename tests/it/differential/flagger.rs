//! Flagger, tick by tick: the machine that drives the strategy, and whole simulations by their
//! event logs.

use std::fmt::Write as _;

use rollsim::sim::Run;
use rollsim::strategy::flagger::{
    Analysis, Observation, Phase, Provider, Readiness, Status, least_available,
};
use serde_json::{Value, json};

use super::recorded::{has_only, recorded};
use super::{Replayed, replay_all};
use crate::world::run_events;

/// What an `analysis` may say that the model has.
const ANALYSIS: &[&str] = &[
    "interval",
    "iterations",
    "match",
    "maxWeight",
    "mirror",
    "stepWeight",
    "stepWeightPromotion",
    "stepWeights",
    "threshold",
];

const READY: Observation =
    Observation { primary: Readiness::Ready, canary: Readiness::Ready, has_passed: true };

fn whole(value: &Value) -> u32 {
    value.as_u64().unwrap_or(0) as u32
}

fn wholes(list: &Value) -> Vec<u32> {
    list.as_array().into_iter().flatten().map(whole).collect()
}

/// The analysis of a case; none if it has what the model has not.
fn analysis(case: &Value) -> Option<Analysis> {
    let said = &case["analysis"];
    let skips = case["skipAnalysis"] == true || said["skipAnalysis"] == true;
    has_only(said, ANALYSIS).then(|| Analysis {
        threshold: whole(&said["threshold"]),
        max_weight: whole(&said["maxWeight"]),
        step_weight: whole(&said["stepWeight"]),
        step_weights: wholes(&said["stepWeights"]),
        step_weight_promotion: whole(&said["stepWeightPromotion"]),
        iterations: whole(&said["iterations"]),
        is_mirroring: said["mirror"] == true,
        is_matching: said["match"] == true || said["match"].is_array(),
        skips_analysis: skips,
        provider: match case["provider"].as_str() {
            Some("kubernetes") => Provider::Kubernetes,
            _ => Provider::Mesh,
        },
    })
}

/// The recorded columns of a status after a tick.
fn row(tick: u32, status: &Status) -> Value {
    let routes = status.routes;
    json!([
        tick,
        status.phase.name(),
        routes.canary,
        routes.is_mirrored,
        status.iterations,
        status.failed_checks
    ])
}

/// The ticks of a case by the machine alone.
fn by_machine(case: &Value, analysis: &Analysis, ticks: u32) -> Vec<Value> {
    let failing = wholes(&case["metricChecksFailAtTicks"]);
    let rolling = whole(&case["primaryRollingTicksAfterPromote"]);
    let ready_from = whole(&case["canaryReadyFromTick"]);
    let (mut status, mut promoted) = (Status::IDLE, None);
    let readiness = |is_ready| if is_ready { Readiness::Ready } else { Readiness::Waiting };
    let mut rows = Vec::new();
    for tick in 1..=ticks {
        let is_primary_ready = promoted.is_none_or(|at| tick > at + rolling);
        let seen = Observation {
            primary: readiness(is_primary_ready),
            canary: readiness(tick >= ready_from),
            has_passed: !failing.contains(&tick),
        };
        status = analysis.tick(&status, seen);
        if status.is_promoted {
            promoted.get_or_insert(tick);
        }
        rows.push(row(tick, &status));
    }
    rows
}

/// A case as a scenario: instances start half an interval before the tick that is to find them
/// ready, and metrics are missing where a check is to fail.
fn scenario(case: &Value, interval: f64) -> String {
    const SIZE: usize = 2;
    let said = &case["analysis"];
    let ready_from = f64::from(whole(&case["canaryReadyFromTick"]));
    let rolling = f64::from(whole(&case["primaryRollingTicksAfterPromote"]));
    let canary = ((ready_from - 2.0 + 0.5) * interval).max(0.0);
    let primary = (rolling + 0.5) * interval;
    let boots = [[canary; SIZE], [primary; SIZE]].concat();
    let boots: Vec<String> = boots.iter().map(|boot| format!("\"{boot}s\"")).collect();
    let quarter = interval / 4.0;
    let mut text = format!(
        "[fleet]\ninstances = {SIZE}\n[traffic]\nrate = 0\n[readiness]\nperiod = \"0s\"\n\
         [startup]\nboot = {{ dist = \"list\", values = [{}] }}\n\
         [simulation]\nreplications = 1\nwarmup = \"0s\"\nsettle = \"1s\"\nmax_time = \"{}s\"\n\
         [gates.values]\nmetric = \"ready-fraction\"\nscope = \"service\"\nmin = \"0%\"\n\
         window = \"{}s\"\nscrape = \"{quarter}s\"\n",
        boots.join(", "),
        60.0 * interval,
        2.0 * quarter,
    );
    for tick in wholes(&case["metricChecksFailAtTicks"]) {
        let at = (f64::from(tick) - 1.0 - 0.6) * interval;
        let length = 0.7 * interval;
        let _ = writeln!(
            text,
            "[[faults]]\nkind = \"metrics-outage\"\nat = \"{at}s\"\nduration = \"{length}s\""
        );
    }
    let _ = writeln!(
        text,
        "[strategies.case]\nkind = \"flagger\"\ninterval = \"{interval}s\"\n\
         metrics = [\"values\"]\nmax_surge = \"100%\"\nthreshold = {}\niterations = {}",
        whole(&said["threshold"]),
        whole(&said["iterations"]),
    );
    for (key, name) in [
        ("maxWeight", "max_weight"),
        ("stepWeight", "step_weight"),
        ("stepWeightPromotion", "step_weight_promotion"),
    ] {
        if whole(&said[key]) > 0 {
            let _ = writeln!(text, "{name} = \"{}%\"", said[key]);
        }
    }
    let steps: Vec<String> =
        wholes(&said["stepWeights"]).iter().map(|step| format!("\"{step}%\"")).collect();
    let _ = writeln!(text, "step_weights = [{}]", steps.join(", "));
    for (is, line) in [
        (said["mirror"] == true, "mirror = true"),
        (said["match"] == true, "match_share = \"10%\""),
        (case["provider"] == "kubernetes", "provider = \"kubernetes\""),
    ] {
        if is {
            text += line;
            text.push('\n');
        }
    }
    text
}

/// The number after a word of a sentence.
fn number_after(detail: &str, word: &str) -> Option<u32> {
    detail.split_once(word)?.1.split([' ', ',']).next()?.parse().ok()
}

/// The ticks of a run by its event log.
fn by_events(run: &Run, interval: f64, ticks: u32) -> Vec<Value> {
    let mut status = Status::IDLE;
    let mut rows = Vec::new();
    let mut events = run.events.iter().filter(|event| event.at >= run.start).peekable();
    for tick in 1..=ticks {
        let until = f64::from(tick - 1) * interval;
        while let Some(event) =
            events.next_if(|event| event.at.nanos_from(run.start) as f64 / 1e9 <= until)
        {
            let detail = event.detail.as_str();
            match event.event {
                "weight-set" if detail.starts_with("copies") => {
                    status.routes.is_mirrored = !detail.starts_with("copies 0 %");
                }
                "weight-set" => {
                    let share: f64 =
                        detail.split(' ').next().and_then(|one| one.parse().ok()).expect("a share");
                    let is_matched = detail.contains("of the users");
                    status.routes.canary = if is_matched { 100 } else { share.round() as u32 };
                    status.routes.is_mirrored &= status.routes.canary == 0;
                }
                "gate-failed" => status.failed_checks += 1,
                "step-started" if detail.starts_with("the canary") => {
                    status.phase = Phase::Progressing;
                }
                "step-started" if detail.starts_with("the primary") => {
                    status.phase = Phase::Promoting;
                }
                "step-started" => {
                    status.iterations = number_after(detail, "iteration ").unwrap_or(0);
                }
                "step-finished" if detail.starts_with("the primary") => {
                    (status.phase, status.iterations) = (Phase::Finalising, 0);
                }
                "step-finished" => status.phase = Phase::Succeeded,
                "rollback-started" => status = Status { phase: Phase::Failed, ..Status::IDLE },
                _ => {}
            }
        }
        rows.push(row(tick, &status));
    }
    rows
}

fn first_difference(how: &str, found: &[Value], expected: &[Value]) -> Option<String> {
    let pairs = found.iter().zip(expected);
    let differs = pairs.into_iter().find(|(found, expected)| found != expected);
    differs.map(|(found, expected)| format!("{how}: {found}, recorded {expected}"))
}

/// Whether its weights make a scenario: not where the canary would never get anything, nor where
/// they are more than a whole.
fn is_runnable(analysis: &Analysis) -> bool {
    let weights = [analysis.max_weight, analysis.step_weight, analysis.step_weight_promotion];
    if weights.iter().any(|&weight| weight > 100) {
        return false;
    }
    analysis.step_weight > 0
        || !analysis.step_weights.is_empty()
        || analysis.iterations > 0
        || analysis.provider == Provider::Kubernetes
}

fn trajectory(case: &Value, expected: &Value) -> Replayed {
    const CASE: &[&str] = &[
        "analysis",
        "canaryReadyFromTick",
        "metricChecksFailAtTicks",
        "primaryRollingTicksAfterPromote",
        "provider",
        "skipAnalysis",
    ];
    let Some(analysis) = analysis(case).filter(|_| has_only(case, CASE)) else {
        return Replayed::NotModelled;
    };
    let rows = expected["tick_phase_canaryWeight_mirrored_iterations_failedChecks"].as_array();
    let Some(rows) = rows else { return Replayed::NotModelled };
    let ticks = whole(&expected["ticks"]);
    let found = by_machine(case, &analysis, ticks);
    let by_machine = first_difference("machine", &found, rows);
    if by_machine.is_some() || !is_runnable(&analysis) || analysis.skips_analysis {
        return Replayed::from_difference(by_machine);
    }
    let interval = case["analysis"]["interval"].as_str().and_then(|text| text.strip_suffix('s'));
    let Some(interval) = interval.and_then(|seconds| seconds.parse::<f64>().ok()) else {
        return Replayed::NotModelled;
    };
    let run = run_events(&scenario(case, interval));
    let found = by_events(&run, interval, ticks);
    Replayed::from_difference(first_difference("simulation", &found, rows))
}

/// Weights of the primary after each tick from the first on, then the phases.
fn primary_weights(case: &Value, expected: &Value) -> Replayed {
    let Some(analysis) = analysis(case) else { return Replayed::NotModelled };
    let mut status = Status::IDLE;
    let mut next = |expected: &Value, found: fn(&Status) -> Value| {
        let list = expected.as_array().into_iter().flatten();
        list.map(|_| {
            status = analysis.tick(&status, READY);
            found(&status)
        })
        .collect::<Vec<Value>>()
    };
    let weights =
        next(&expected["primaryWeightAfterEachTick"], |status| json!(status.routes.primary));
    let phases = next(&expected["then"], |status| json!(status.phase.name()));
    let is_same = expected["primaryWeightAfterEachTick"] == json!(weights)
        && expected["then"] == json!(phases);
    Replayed::from_difference((!is_same).then(|| format!("{weights:?} {phases:?}, {expected}")))
}

/// The status that a test of Flagger's starts from.
fn begun(case: &Value) -> Option<Status> {
    let phase = match case["phase"].as_str() {
        None => return Some(Status::IDLE),
        Some("Progressing") => Phase::Progressing,
        Some("Promoting") => Phase::Promoting,
        Some("Finalising") => Phase::Finalising,
        Some(_) => return None,
    };
    let is_promoted = phase != Phase::Progressing;
    let failed_checks = whole(&case["failedChecks"]);
    Some(Status { phase, failed_checks, is_canary_up: true, is_promoted, ..Status::IDLE })
}

/// One expectation about the status after some ticks; none if its name says nothing to us.
fn holds(key: &str, expected: &Value, analysis: &Analysis, case: &Value) -> Option<bool> {
    let seen = match case["event"].as_str() {
        None => READY,
        Some("primary exceeds its progress deadline") => {
            Observation { primary: Readiness::Overdue, ..READY }
        }
        Some(_) => return None,
    };
    let begin = begun(case)?;
    let after = |ticks: u32| (0..ticks).fold(begin, |status, _| analysis.tick(&status, seen));
    let of = |what: &str, status: &Status| {
        let routes = status.routes;
        Some(match what {
            "phase" => json!(status.phase.name()),
            "routes_primary_canary" => json!([routes.primary, routes.canary]),
            "routes_primary_canary_mirrored" => {
                json!([routes.primary, routes.canary, routes.is_mirrored])
            }
            "canaryScaledToZero" => json!(!status.is_canary_up),
            "canaryWeight" => json!(routes.canary),
            "primaryWeight" => json!(routes.primary),
            "iterations" => json!(status.iterations),
            "failedChecks" => json!(status.failed_checks),
            _ => return None,
        })
    };
    let (what, ticks) = key
        .split_once("_after_tick")
        .or_else(|| key.split_once("AfterTick"))
        .unwrap_or((key.strip_suffix("AfterNextTick").unwrap_or(key), "1"));
    let ticks: Vec<u32> = ticks.split('_').filter_map(|tick| tick.parse().ok()).collect();
    let found: Option<Vec<Value>> = ticks.iter().map(|&tick| of(what, &after(tick))).collect();
    let found = found.filter(|found| !found.is_empty())?;
    Some(if found.len() == 1 { *expected == found[0] } else { *expected == json!(found) })
}

fn phases(case: &Value, expected: &Value) -> Replayed {
    const CASE: &[&str] =
        &["analysis", "event", "failedChecks", "phase", "skipAnalysis", "targetKind", "test"];
    let Some(analysis) = analysis(case).filter(|_| has_only(case, CASE)) else {
        return Replayed::NotModelled;
    };
    let expected = expected.as_object().into_iter().flatten();
    for (key, value) in expected {
        match holds(key, value, &analysis, case) {
            None => return Replayed::NotModelled,
            Some(true) => {}
            Some(false) => return Replayed::Differs(format!("{key}: recorded {value}")),
        }
    }
    Replayed::Passed
}

fn readiness(case: &Value, expected: &Value) -> Replayed {
    let least = least_available(whole(&case["updatedReplicas"]), whole(&case["readyThreshold"]));
    let is_same = match (expected["minAvailable"].as_u64(), expected["ready"].as_bool()) {
        (Some(wanted), _) => u64::from(least) == wanted,
        (None, Some(is_ready)) => (whole(&case["availableReplicas"]) >= least) == is_ready,
        (None, None) => return Replayed::NotModelled,
    };
    Replayed::from_difference((!is_same).then(|| format!("{case}: {least}, recorded {expected}")))
}

#[test]
fn flaggers_ticks() {
    let file = recorded("flagger.json", include_str!("../../data/cases/flagger.json"));
    replay_all(&file, |suite, case| {
        let replay = match suite {
            "tick_trajectory" => trajectory,
            "upstream_primary_weights" => primary_weights,
            "upstream_phases" => phases,
            "ready_threshold" | "upstream_ready" => readiness,
            _ => return Replayed::NotModelled,
        };
        replay(&case["in"], &case["expect"])
    });
}
