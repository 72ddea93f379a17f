//! StatefulSets of Kubernetes: each case is turned into a scenario, simulated, and compared with
//! what the real controller did, transition by transition.

use std::fmt::Write as _;

use rollsim::sim::Run;
use serde_json::Value;

use super::recorded::{has_only, recorded};
use super::{Replayed, replay_all};
use crate::world::run_events;

/// What a recorded case may say that the model has: a first rollout and `OnDelete` are not among
/// it.
const CASE: &[&str] = &[
    "id",
    "replicas",
    "pod_management_policy",
    "partition",
    "max_unavailable",
    "max_unavailable_feature_gate",
    "min_ready_seconds",
    "termination_grace_s",
    "ready_delay_s",
    "new_never_ready",
    "old_unready_ordinals",
    "actions",
    "horizon_s",
];

/// When, and the counts: old and new that exist, are ready, are available; terminating; all.
type Row = (f64, [i64; 8]);

const COLUMNS: [&str; 8] = [
    "old",
    "new",
    "old_ready",
    "new_ready",
    "old_available",
    "new_available",
    "terminating",
    "total_pods",
];

/// What people did that the model has too. Who deletes a pod tells it to stop, as an eviction does.
fn done_by_people(at: &Value, what: &str) -> Option<String> {
    let action = match what.split_once(':')? {
        ("scale", to) => format!("\"scale\"\nto = {to}"),
        ("set_template", "A") => "\"rollback\"".into(),
        ("set_template", "C") => "\"release\"".into(),
        ("delete_pod", ordinal) => {
            let fault = "[[faults]]\nkind = \"node-drain\"";
            return Some(format!("{fault}\nzone = \"z{ordinal}\"\nat = \"{at}s\"\n"));
        }
        _ => return None,
    };
    Some(format!("[[operator]]\nat = \"{at}s\"\naction = {action}\n"))
}

fn actions(case: &Value) -> impl Iterator<Item = (&Value, &str)> {
    let all = case["actions"].as_array().into_iter().flatten();
    all.map(|action| (&action["at_s"], action["do"].as_str().expect("an action")))
}

fn is_modelled(case: &Value) -> bool {
    has_only(case, CASE) && actions(case).all(|(at, what)| done_by_people(at, what).is_some())
}

/// The scenario of a recorded case. Every ordinal has a zone of its own, so that a fault can find
/// it; pods vanish exactly their grace period after being told to stop.
fn scenario(case: &Value) -> String {
    let number = |key: &str| case[key].as_u64().unwrap_or(0);
    let (replicas, grace) = (number("replicas"), number("termination_grace_s"));
    let zones: Vec<String> = (0..replicas).map(|ordinal| format!("\"z{ordinal}\"")).collect();
    let mut text = format!(
        "[fleet]\ninstances = {replicas}\nzones = [{}]\n[traffic]\nrate = 0\n\
         [startup]\nboot = \"{}s\"\n\
         [readiness]\nperiod = \"0s\"\nmin_ready = \"{}s\"\ndeadline = \"24h\"\n\
         [shutdown]\npre_stop = \"{grace}s\"\ngrace = \"{grace}s\"\n\
         [simulation]\nreplications = 1\nwarmup = \"20s\"\nmax_time = \"{}s\"\n",
        zones.join(", "),
        number("ready_delay_s"),
        number("min_ready_seconds"),
        case["horizon_s"].as_u64().unwrap_or(7200),
    );
    if case["new_never_ready"] == true {
        text += "[release]\nnever_ready = 1.0\n";
    }
    for ordinal in case["old_unready_ordinals"].as_array().into_iter().flatten() {
        let _ = writeln!(
            text,
            "[[faults]]\nkind = \"kill\"\nversion = \"old\"\nzone = \"z{ordinal}\"\nat = \"-10s\""
        );
    }
    for (at, what) in actions(case) {
        text += &done_by_people(at, what).expect("only what is modelled comes here");
    }
    text += "[strategies.case]\nkind = \"stateful-set\"\n";
    if case["pod_management_policy"] == "Parallel" {
        text += "pod_management = \"parallel\"\n";
    }
    let _ = writeln!(text, "partition = {}", number("partition"));
    if case["max_unavailable_feature_gate"] == true && !case["max_unavailable"].is_null() {
        let _ = writeln!(text, "max_unavailable = {}", case["max_unavailable"]);
    }
    text
}

/// The settled states of a run: the last event of each moment, where it changed anything.
fn settled(run: &Run) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let events: Vec<_> = run.events.iter().filter(|event| event.at >= run.start).collect();
    for (index, event) in events.iter().enumerate() {
        if events.get(index + 1).is_some_and(|next| next.at == event.at) {
            continue;
        }
        let [old, new, _] = event.desired;
        let counts = [
            old,
            new,
            event.ready[0],
            event.ready[1],
            event.available[0],
            event.available[1],
            event.terminating,
            event.total + event.terminating,
        ];
        push(&mut rows, event.at.nanos_from(run.start) as f64 / 1e9, counts.map(i64::from));
    }
    rows
}

fn push(rows: &mut Vec<Row>, at: f64, counts: [i64; 8]) {
    if rows.last().is_none_or(|(_, last)| *last != counts) {
        rows.push((at, counts));
    }
}

fn recorded_rows(recorded: &Value) -> Vec<Row> {
    let states = recorded["trajectory"].as_array().expect("states");
    let mut rows = Vec::new();
    for (index, state) in states.iter().enumerate() {
        // The first state is that before the change, unless it is all there is.
        if index > 0 || states.len() == 1 {
            let counts = COLUMNS.map(|column| state[column].as_i64().expect("a count"));
            push(&mut rows, state["t"].as_f64().expect("a time"), counts);
        }
    }
    rows
}

/// What differs between a recorded case and its simulation; none if nothing does.
fn difference(recorded: &Value) -> Option<String> {
    let case = &recorded["case"];
    let run = run_events(&scenario(case));
    let (expected, mut rows) = (recorded_rows(recorded), settled(&run));
    let horizon = case["horizon_s"].as_f64().unwrap_or(f64::INFINITY);
    rows.retain(|(at, _)| *at <= horizon);
    for index in 0..expected.len().max(rows.len()) {
        let (was, is) = (expected.get(index), rows.get(index));
        if was != is {
            return Some(format!("row {index}: recorded {was:?}, simulated {is:?}"));
        }
    }
    let is_complete = matches!(run.outcome.name(), "completed" | "rolled-back");
    let duration = run.duration.as_secs_f64();
    let found = is_complete.then_some(duration);
    let expected = recorded["completion_time_s"].as_f64();
    (found != expected).then(|| format!("completed at {expected:?}, simulated {found:?}"))
}

#[test]
fn kubernetes_stateful_sets() {
    let stored = include_str!("../../data/cases/kubernetes_statefulset.json");
    let file = recorded("kubernetes_statefulset.json", stored);
    replay_all(&file, |_, case| {
        if is_modelled(&case["case"]) {
            Replayed::from_difference(difference(case))
        } else {
            Replayed::NotModelled
        }
    });
}
