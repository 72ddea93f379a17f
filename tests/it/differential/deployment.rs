//! Deployments of Kubernetes: each case is turned into a scenario, simulated, and compared with
//! what the real controller did, transition by transition.

use std::fmt::Write as _;

use serde_json::Value;

use super::recorded::{has_only, in_rows, recorded};
use super::{Replayed, replay_all};
use crate::world::{run_events, try_variants};

/// Counts of one settled state, in the order of the recorded columns.
type Row = (f64, [i64; 11]);

/// What a recorded case may say that the model has; first rollouts and limits of the client are not
/// among it. Nodes and the cost of deletion say only which of equals goes.
const CASE: &[&str] = &[
    "id",
    "group",
    "strategy",
    "replicas",
    "max_surge",
    "max_unavailable",
    "min_ready_seconds",
    "progress_deadline_seconds",
    "termination_grace_s",
    "horizon_s",
    "pods",
    "actions",
    "nodes",
    "old_deletion_cost",
    "old_unready_at_start",
];
/// And what it may say of the pods of a template.
const PODS: &[&str] = &[
    "ready_delay_s",
    "never_ready_all",
    "never_ready_idx",
    "crash_after_ready_s",
    "unready_after_s",
];

fn is_modelled(case: &Value) -> bool {
    let templates = case["pods"].as_object();
    // Delays go on from the pods that a template had before the rollout; starts are numbered from
    // it on. Where the old template comes back and delays differ, that is not the same.
    let comes_back = case["actions"].as_array().into_iter().flatten().any(|action| {
        action["do"].as_str().is_some_and(|what| what == "set_template:A" || what.contains("scale"))
    });
    let delays = |pods: &Value| pods["ready_delay_s"].as_array().map_or(0, Vec::len);
    let is_uniform = templates.is_none_or(|pods| pods.values().all(|one| delays(one) <= 1));
    has_only(case, CASE)
        && (!comes_back || is_uniform)
        && templates.is_none_or(|pods| pods.values().all(|behaviour| has_only(behaviour, PODS)))
}

/// What people did in the middle of the rollout, at the moments at which they did it.
fn operator(recorded: &Value) -> String {
    let mut text = String::new();
    for action in recorded["actions"].as_array().into_iter().flatten() {
        let what = action["do"].as_str().expect("an action");
        let words = match what.split_once(':') {
            Some(("scale", to)) => format!("\"scale\"\nto = {to}"),
            Some(("set_template", "A")) => "\"rollback\"".into(),
            Some(("set_template", "C")) => "\"release\"".into(),
            _ => format!("\"{what}\""),
        };
        let _ = writeln!(text, "[[operator]]\nat = \"{}s\"\naction = {words}", action["t"]);
    }
    text
}

/// The scenario of a recorded case. The recorded pods vanish exactly their grace period after
/// being told to stop, ready or not, which is what a pre-stop of that length does.
fn scenario(recorded: &Value) -> String {
    let case = &recorded["case"];
    let number = |key: &str| case[key].as_u64().unwrap_or(0);
    let grace = number("termination_grace_s");
    let mut text = format!(
        "[fleet]\ninstances = {}\n[traffic]\nrate = 0\n\
         [readiness]\nperiod = \"0s\"\nmin_ready = \"{}s\"\ndeadline = \"{}s\"\n\
         [shutdown]\npre_stop = \"{grace}s\"\ngrace = \"{grace}s\"\n\
         [simulation]\nreplications = 1\nwarmup = \"20s\"\nsettle = \"10m\"\nmax_time = \"{}s\"\n",
        number("replicas"),
        number("min_ready_seconds"),
        number("progress_deadline_seconds"),
        case["horizon_s"].as_u64().unwrap_or(7200),
    );
    let _ = writeln!(text, "[startup]\nboot = {}", boot(recorded));
    text += &release(&case["pods"]["B"]);
    text += &operator(recorded);
    text += &unready(case);
    text += "[strategies.case]\n";
    if case["strategy"] == "Recreate" {
        text += "kind = \"recreate\"\n";
    } else {
        let bound = |key: &str| case[key].to_string();
        let _ = writeln!(
            text,
            "kind = \"rolling\"\nmax_surge = {}\nmax_unavailable = {}",
            bound("max_surge"),
            bound("max_unavailable")
        );
    }
    text
}

fn release(new: &Value) -> String {
    if new["never_ready_all"] == true {
        return "[release]\nnever_ready = 1.0\n".into();
    }
    match new["crash_after_ready_s"].as_u64().or(new["unready_after_s"].as_u64()) {
        Some(seconds) => format!("[release]\ncrash_after = \"{seconds}s\"\n"),
        None => String::new(),
    }
}

/// Start-up delays by start number. A recorded restart took a second more than a first start, and
/// restarts are starts: the launches come first in the list.
fn boot(recorded: &Value) -> String {
    let pods = &recorded["case"]["pods"];
    let new = if pods["B"].is_null() { &pods["*"] } else { &pods["B"] };
    let delays: Vec<u64> =
        new["ready_delay_s"].as_array().expect("delays").iter().filter_map(Value::as_u64).collect();
    let mut values: Vec<String> = Vec::new();
    if !new["unready_after_s"].is_null() {
        // What loses its readiness for good is one that is restarted and never ready again.
        let launches = case_size(recorded);
        values.extend((0..launches).map(|_| format!("\"{}s\"", delays[0])));
        values.extend((0..400).map(|_| "\"never\"".to_owned()));
    } else if !new["crash_after_ready_s"].is_null() {
        let launches = case_size(recorded);
        values.extend((0..launches).map(|_| format!("\"{}s\"", delays[0])));
        values.extend((0..400).map(|_| format!("\"{}s\"", delays[0] + 1)));
    } else if let Some(bad) = new["never_ready_idx"].as_array() {
        values.extend((0..200u64).map(|index| {
            let is_bad = bad.iter().any(|one| one.as_u64() == Some(index));
            if is_bad { "\"never\"".into() } else { format!("\"{}s\"", delays[0]) }
        }));
    } else {
        values.extend(delays.iter().map(|delay| format!("\"{delay}s\"")));
    }
    format!("{{ dist = \"list\", values = [{}] }}", values.join(", "))
}

/// Old pods that are unready before the rollout starts, and stay so: their processes are gone.
fn unready(case: &Value) -> String {
    let (Some(unready), Some(all)) =
        (case["old_unready_at_start"].as_f64(), case["replicas"].as_f64())
    else {
        return String::new();
    };
    let share = unready / all;
    format!("[[faults]]\nkind = \"kill\"\nversion = \"old\"\nshare = {share}\nat = \"-10s\"\n")
}

/// New pods at the most.
fn case_size(recorded: &Value) -> u64 {
    let rows = recorded["rows"].as_array().expect("rows");
    rows.iter().filter_map(|row| row[2].as_f64()).fold(0.0, f64::max) as u64
}

/// The settled states of a run: the last event of each moment, where it changed anything.
fn settled(scenario: &str) -> (Vec<Row>, rollsim::sim::Run) {
    let run = run_events(scenario);
    let mut rows: Vec<Row> = Vec::new();
    let events: Vec<_> = run.events.iter().filter(|event| event.at >= run.start).collect();
    for (index, event) in events.iter().enumerate() {
        let is_last = events.get(index + 1).is_none_or(|next| next.at > event.at);
        if !is_last {
            continue;
        }
        let counts = [
            event.desired[0],
            event.desired[1],
            event.ready[0],
            event.ready[1],
            event.available[0],
            event.available[1],
            event.terminating,
            event.total,
            event.desired[2],
            event.ready[2],
            event.available[2],
        ]
        .map(i64::from);
        if rows.last().is_none_or(|(_, last)| *last != counts) {
            rows.push((event.at.nanos_from(run.start) as f64 / 1e9, counts));
        }
    }
    (rows, run)
}

fn recorded_rows(recorded: &Value) -> Vec<Row> {
    let rows = recorded["rows"].as_array().expect("rows");
    // The first row is the state before the change.
    let mut settled: Vec<Row> = Vec::new();
    for row in &rows[1..] {
        let columns: Vec<f64> =
            row.as_array().expect("a row").iter().filter_map(Value::as_f64).collect();
        let mut counts = [0; 11];
        for (count, value) in counts.iter_mut().zip(&columns[1..]) {
            *count = *value as i64;
        }
        if settled.last().is_none_or(|(_, last)| *last != counts) {
            settled.push((columns[0], counts));
        }
    }
    settled
}

/// What differs between a recorded case and its simulation; none if nothing does.
fn difference(recorded: &Value) -> Option<String> {
    let text = scenario(recorded);
    if recorded["completed_at"] == "rejected" {
        return try_variants(&text).is_ok().then(|| "accepted, but was rejected".into());
    }
    let (rows, run) = settled(&text);
    let expected = recorded_rows(recorded);
    let horizon = recorded["case"]["horizon_s"].as_f64().unwrap_or(f64::INFINITY);
    let kept: Vec<&Row> = rows.iter().filter(|row| row.0 <= horizon).collect();
    for index in 0..expected.len().max(kept.len()) {
        if kept.get(index).copied() != expected.get(index) {
            let (was, is) = (expected.get(index), kept.get(index));
            return Some(format!("row {index}: recorded {was:?}, simulated {is:?}"));
        }
    }
    let duration = run.duration.as_secs_f64();
    if let Some(completed) = recorded["completed_at"].as_f64()
        && (!matches!(run.outcome.name(), "completed" | "rolled-back")
            || (duration - completed).abs() > 1e-9)
    {
        return Some(format!("completed at {completed}, simulated {:?} {duration}", run.outcome));
    }
    let missed = run.events.iter().find(|event| event.event == "deadline-exceeded");
    let missed = missed.map(|event| event.at.nanos_from(run.start) as f64 / 1e9);
    let expected = recorded["deadline_at"].as_f64();
    (missed != expected).then(|| format!("deadline at {expected:?}, simulated {missed:?}"))
}

#[test]
fn kubernetes_deployments() {
    let stored = include_str!("../../data/cases/kubernetes_deployment.json");
    let file = recorded("kubernetes_deployment.json", stored);
    replay_all(&file, |_, case| {
        let case = in_rows(case.clone());
        if is_modelled(&case["case"]) {
            Replayed::from_difference(difference(&case))
        } else {
            Replayed::NotModelled
        }
    });
}
