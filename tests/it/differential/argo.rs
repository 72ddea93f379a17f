//! Argo Rollouts: what its own functions answered, one reconcile at a time, and whole ways of a
//! canary, each of which is also simulated and read back from its events.

use std::fmt::Write as _;

use rollsim::gate::{AnalysisRun, Control, Outcome, State, Tally, Verdict};
use rollsim::sim::{EventRow, Run};
use rollsim::strategy::argo::weights::{self, Counts, Fenceposts, MAX_WEIGHT, Set};
use rollsim::strategy::argo::{CanaryScale, Step, basic, preview, routed};
use rollsim::units::{CountOrPercent, Ratio, SimDuration};
use serde_json::{Value, json};

use super::recorded::recorded_packed;
use super::{Replayed, replay_all};
use crate::world::run_events;

/// What differs between a case and its replay; none if nothing does.
type Difference = Option<String>;

fn number(table: &Value, key: &str) -> u32 {
    table[key].as_u64().unwrap_or(0) as u32
}

fn optional(table: &Value, key: &str) -> Option<u32> {
    table[key].as_u64().map(|number| number as u32)
}

/// A count, a percentage, or the default of a quarter. A whole number may stand in quotes.
fn bound(value: &Value) -> CountOrPercent {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let percent =
        |number: u64| CountOrPercent::Percent(Ratio::from_billionths(number * 10_000_000));
    match (text.as_str(), text.strip_suffix('%')) {
        ("<default>", _) => percent(25),
        (_, Some(share)) => percent(share.parse().expect("a percentage")),
        (count, None) => CountOrPercent::Count(count.parse().expect("a count")),
    }
}

fn fenceposts(case: &Value) -> Fenceposts {
    let bounds = [&case["maxSurge"], &case["maxUnavailable"]].map(bound);
    weights::fenceposts(bounds[0], bounds[1], number(case, "replicas"))
}

fn set(case: &Value, side: &str) -> Set {
    Set {
        spec: number(case, &format!("{side}Spec")),
        available: number(case, &format!("{side}Available")),
    }
}

fn differs(got: &Value, expected: &Value) -> Difference {
    (got != expected).then(|| format!("{got}, recorded {expected}"))
}

fn in_json(counts: Counts) -> Value {
    json!({ "canary": counts.canary, "stable": counts.stable })
}

fn approximate(case: &Value, expected: &Value) -> Difference {
    let [replicas, weight, surge, most] =
        ["replicas", "weight", "maxSurge", "maxWeight"].map(|key| number(case, key));
    differs(&in_json(weights::approximate(replicas, weight, surge, most)), expected)
}

fn basic_reconcile(case: &Value, expected: &Value) -> Difference {
    let fenceposts = fenceposts(case);
    let mut got = in_json(basic_counts(case, fenceposts));
    got["maxSurgeResolved"] = json!(fenceposts.max_surge);
    got["maxUnavailableResolved"] = json!(fenceposts.max_unavailable);
    differs(&got, expected)
}

fn basic_counts(case: &Value, fenceposts: Fenceposts) -> Counts {
    let is = |key: &str| case[key] == true;
    let weight = match (is("promoteFull"), is("aborted")) {
        (true, _) => MAX_WEIGHT,
        (false, true) => 0,
        (false, false) => number(case, "setWeight"),
    };
    let state = basic::State {
        canary: set(case, "canary"),
        stable: Some(set(case, "stable")),
        older: number(case, "olderSpec"),
    };
    basic::counts(number(case, "replicas"), weight, fenceposts, state)
}

fn scale(value: &Value) -> CanaryScale {
    CanaryScale {
        replicas: optional(value, "replicas"),
        weight: optional(value, "weight"),
        match_traffic_weight: value["matchTrafficWeight"] == true,
    }
}

fn policy(case: &Value) -> routed::Policy {
    routed::Policy {
        replicas: number(case, "replicas"),
        max_weight: MAX_WEIGHT,
        dynamic_stable_scale: case["dynamicStableScale"] == true,
        min_pods: optional(case, "minPodsPerReplicaSet").filter(|pods| *pods > 0),
        abort_delay: case["abortScaleDownDelaySeconds"].as_u64().map(SimDuration::from_secs),
        threshold: None,
    }
}

fn state(case: &Value, step: usize, weight: Option<u32>) -> routed::State {
    routed::State {
        step,
        is_aborted: case["aborted"] == true,
        is_promoted_in_full: case["promoteFull"] == true,
        canary: set(case, "canary"),
        stable: set(case, "stable"),
        weight,
    }
}

/// A weight, and a size of its own where the case gives one.
fn short_steps(case: &Value) -> Vec<Step> {
    let mut steps = vec![Step::SetWeight(number(case, "setWeight"))];
    if case["setCanaryScale"].is_object() {
        steps.push(Step::SetCanaryScale(scale(&case["setCanaryScale"])));
    }
    steps
}

fn routed_counts(policy: &routed::Policy, steps: &[Step], state: &routed::State) -> Counts {
    Counts {
        canary: policy.canary(steps, state, state.weight),
        stable: policy.stable(steps, state),
    }
}

fn routed_reconcile(case: &Value, expected: &Value) -> Difference {
    let (policy, steps) = (policy(case), short_steps(case));
    let step = number(case, "currentStepIndex") as usize;
    let state = state(case, step, optional(case, "currentCanaryWeight"));
    let mut got = in_json(routed_counts(&policy, &steps, &state));
    got["desiredCanaryWeight"] = json!(policy.weight_wanted(&steps, &state));
    differs(&got, expected)
}

fn upstream_counts(case: &Value, expected: &Value) -> Difference {
    let counts = if case["trafficRouting"] == true {
        let steps = short_steps(case);
        routed_counts(&policy(case), &steps, &state(case, steps.len() - 1, None))
    } else {
        basic_counts(case, fenceposts(case))
    };
    differs(&in_json(counts), expected)
}

/// One ReplicaSet of the controller's own tests; where there is none, that of the other side has
/// all pods.
fn replica_set(value: &Value, otherwise: u32) -> Set {
    if value.is_null() {
        return Set { spec: otherwise, available: otherwise };
    }
    Set { spec: number(value, "spec"), available: number(value, "available") }
}

fn weights_of(steps: &[Value]) -> Vec<Step> {
    let step = |value: &Value| match value.as_u64() {
        Some(weight) => Step::SetWeight(weight as u32),
        None if value["setWeight"].is_u64() => Step::SetWeight(number(value, "setWeight")),
        None => Step::SetCanaryScale(scale(&value["setCanaryScale"])),
    };
    steps.iter().map(step).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn dynamic_stable_scale(case: &Value, expected: &Value) -> Difference {
    let policy = routed::Policy { dynamic_stable_scale: true, ..policy(case) };
    let mut steps = vec![Step::SetWeight(number(case, "firstStepSetWeight"))];
    steps.extend(weights_of(list(&case["extraSteps"])));
    let state = routed::State {
        canary: replica_set(&case["canaryRS"], 0),
        stable: replica_set(&case["stableRS"], policy.replicas),
        ..state(case, 0, optional(case, "currentCanaryWeight"))
    };
    differs(&in_json(routed_counts(&policy, &steps, &state)), expected)
}

fn abort_weight(case: &Value, expected: &Value) -> Difference {
    let steps = weights_of(list(&case["setWeightSteps"]));
    let sets = ["canaryRS", "stableRS"].map(|key| replica_set(&case[key], 0));
    let weight = policy(case).weight_after_abort(&steps, sets[0], sets[1]);
    differs(&json!({ "canaryWeight": weight }), expected)
}

fn threshold(case: &Value, expected: &Value) -> Difference {
    let given = &case["threshold"];
    let value = given["value"].as_i64().and_then(|value| u64::try_from(value).ok());
    let threshold = value.map(|value| match given["type"].as_str() {
        Some("Pods") => CountOrPercent::Count(value as u32),
        _ => CountOrPercent::Percent(Ratio::from_billionths(value * 10_000_000)),
    });
    let set = replica_set(&case["rs"], 0);
    let met = weights::has_enough(set, number(case, "desired"), threshold);
    differs(&json!({ "met": met }), expected)
}

fn blue_green(case: &Value, expected: &Value) -> Difference {
    let active = match case["activeServicePointsAt"].as_str() {
        Some("old") => preview::Active::Old,
        Some("new") => preview::Active::New,
        _ => preview::Active::Nothing,
    };
    let state = preview::State {
        active,
        is_past_checkpoint: case["scaleUpPreviewCheckPoint"] == true,
        is_paused: case["paused"] == true,
        is_promoted_in_full: case["promoteFull"] == true,
    };
    let preview = optional(case, "previewReplicaCount");
    let replicas = preview::replicas(number(case, "replicas"), preview, state);
    differs(&json!({ "newReplicaSetReplicas": replicas }), expected)
}

/// Measurements as looks: each is instant, and the next comes when the control says.
fn analysis(case: &Value, expected: &Value) -> Difference {
    let interval = case["interval"].as_str().map(|text| text.parse().expect("a duration"));
    let failures = case["failureLimit"].as_i64().unwrap_or(0);
    let control = Control {
        interval: interval.unwrap_or(SimDuration::ZERO),
        // Without an interval there is one measurement, as there is where a count says so.
        count: optional(case, "count").or(interval.is_none().then_some(1)),
        failure_limit: failures.try_into().unwrap_or(0),
        inconclusive_limit: Some(number(case, "inconclusiveLimit")),
        analysis_run: Some(AnalysisRun {
            errors: optional(case, "consecutiveErrorLimit")
                .unwrap_or(AnalysisRun::default().errors),
            successes: optional(case, "consecutiveSuccessLimit").filter(|limit| *limit > 0),
            ignores_failures: failures < 0,
            is_dry: false,
        }),
        ..Control::default()
    };
    let (mut tally, mut elapsed) = (Tally::default(), SimDuration::ZERO);
    for measurement in case["measurements"].as_str().expect("measurements").chars() {
        if let Some(last) = tally.last() {
            elapsed += control.wait_after(last);
        }
        let outcome = match measurement {
            'S' => Outcome::Pass,
            'F' => Outcome::Fail,
            'I' => Outcome::Inconclusive,
            _ => Outcome::Error,
        };
        let verdict = Verdict { outcome, ..Verdict::error(String::new()) };
        if tally.take(&control, &verdict) != State::Running {
            break;
        }
    }
    let [failed, inconclusive, errors] = tally.counts();
    let phase = match (tally.state, tally.last()) {
        (State::Running, _) => "Running",
        (State::Passed, _) => "Successful",
        (State::Inconclusive, _) => "Inconclusive",
        (State::Failed, Some(Outcome::Error)) => "Error",
        (State::Failed, _) => "Failed",
    };
    let got = json!({
        "phase": phase,
        "measurementsTaken": tally.looks,
        "failed": failed,
        "inconclusive": inconclusive,
        "errors": errors,
        "elapsedSecondsAfterFirst": elapsed.as_nanos() / 1_000_000_000,
    });
    differs(&got, expected)
}

/// A reconcile a second, so that each is a moment of its own, and pods that are available at
/// once.
fn scenario(case: &Value, strategy: &str) -> String {
    format!(
        "[fleet]\ninstances = {}\n[traffic]\nrate = 0\n[startup]\nboot = \"0s\"\n\
         [readiness]\nperiod = \"0s\"\n[simulation]\nreplications = 1\nwarmup = \"20s\"\n\
         settle = \"1s\"\nmax_time = \"20m\"\n\
         [strategies.case]\nkind = \"argo-canary\"\nreconcile = \"1s\"\n{strategy}",
        number(case, "replicas")
    )
}

/// What the events of one reconcile come to: the step under way, the desired counts and the
/// canary's weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    step: u64,
    canary: u32,
    stable: u32,
    weight: u64,
}

/// The state after each reconcile that changed it, until the canary was promoted or the delay
/// after an abort was over.
fn rows(run: &Run, replicas: u32) -> Vec<Row> {
    let mut row = Row { step: 0, canary: 0, stable: replicas, weight: 0 };
    let (mut rows, mut steps, mut aborted) = (vec![row], 0, None);
    let events: Vec<EventRow> = run.events.iter().filter(|event| event.at >= run.start).collect();
    for (index, event) in events.iter().enumerate() {
        if aborted.is_some_and(|at| event.at >= at + SimDuration::from_secs(30)) {
            break;
        }
        (row.canary, row.stable) = (event.desired[1], event.desired[0]);
        match event.event {
            "step-started" => {
                row.step = steps;
                steps += 1;
            }
            "weight-set" => {
                let share = event.detail.split(' ').next().and_then(|text| text.parse().ok());
                row.weight = share.expect("a share");
            }
            "rollback-started" => (row.step, aborted) = (0, Some(event.at)),
            _ => {}
        }
        let is_last = events.get(index + 1).is_none_or(|next| next.at > event.at);
        if is_last && rows.last() != Some(&row) {
            rows.push(row);
        }
        if is_last && events[..=index].iter().any(is_promotion) {
            break;
        }
    }
    rows
}

fn is_promotion(event: &EventRow) -> bool {
    event.event == "step-finished" && event.detail.starts_with("the canary is the stable version")
}

fn largest(rows: &[Row], replicas: u32) -> u32 {
    rows.iter().map(|row| row.canary + row.stable).max().unwrap_or(0).max(replicas)
}

/// Both bounds as a scenario has them. Two zeros are refused there, though the controller's
/// arithmetic knows them: then one is a share too small to matter.
fn bounds(case: &Value) -> String {
    let fields = [("max_surge", "maxSurge"), ("max_unavailable", "maxUnavailable")];
    let mut text = String::new();
    for (field, key) in fields.iter().filter(|(_, key)| case[*key] != "<default>") {
        let _ = match bound(&case[*key]) {
            CountOrPercent::Count(count) => writeln!(text, "{field} = {count}"),
            CountOrPercent::Percent(_) => writeln!(text, "{field} = {}", case[*key]),
        };
    }
    if fields.iter().all(|(_, key)| bound(&case[*key]).is_written_zero()) {
        return "max_surge = 0\nmax_unavailable = \"0.001%\"\n".to_owned();
    }
    text
}

fn basic_way(case: &Value, expected: &Value) -> Difference {
    let replicas = number(case, "replicas");
    let mut strategy = bounds(case);
    let steps: Vec<String> = list(&case["weights"])
        .iter()
        .map(|weight| format!("{{ set_weight = {weight} }}"))
        .collect();
    let _ = writeln!(strategy, "steps = [{}]", steps.join(", "));
    let run = run_events(&scenario(case, &strategy));
    let rows = rows(&run, replicas);
    let smallest = rows.iter().map(|row| row.canary + row.stable).min().unwrap_or(0);
    // The steps of a way by count are recorded where a ReplicaSet was scaled.
    let pairs: Vec<[&Row; 2]> = rows.windows(2).map(|pair| [&pair[0], &pair[1]]).collect();
    let scaled =
        pairs.iter().filter(|[one, next]| (one.canary, one.stable) != (next.canary, next.stable));
    let scaled: Vec<Value> =
        scaled.map(|[_, next]| json!([next.step, next.canary, next.stable])).collect();
    let got = json!({
        "step_canary_stable": scaled,
        "maxTotal": largest(&rows, replicas),
        "minTotal": smallest,
        "converged": run.outcome.name() == "completed",
    });
    differs(&got, expected)
}

fn routed_way(case: &Value, expected: &Value) -> Difference {
    let replicas = number(case, "replicas");
    let mut strategy = "routing = \"weighted\"\n".to_owned();
    let _ = writeln!(strategy, "dynamic_stable_scale = {}", case["dynamicStableScale"]);
    if let Some(pods) = policy(case).min_pods {
        let _ = writeln!(strategy, "min_pods_per_replica_set = {pods}");
    }
    let step = |step: Step| match step {
        Step::SetWeight(weight) => format!("{{ set_weight = {weight} }}"),
        Step::SetCanaryScale(scale) => {
            let size = match (scale.replicas, scale.weight) {
                (Some(pods), _) => format!("replicas = {pods}"),
                (None, Some(weight)) => format!("weight = {weight}"),
                (None, None) => "match_traffic_weight = true".to_owned(),
            };
            format!("{{ set_canary_scale = {{ {size} }} }}")
        }
        other => panic!("a step that no case has: {other:?}"),
    };
    let steps: Vec<String> = weights_of(list(&case["steps"])).into_iter().map(step).collect();
    let _ = writeln!(strategy, "steps = [{}]", steps.join(", "));
    let text = scenario(case, &strategy);
    let run = run_events(&text);
    let run = match optional(case, "abortWhenStepIndexReaches") {
        None => run,
        Some(step) => abort(&text, &run, step as usize),
    };
    let rows = rows(&run, replicas);
    let listed = rows.iter().map(|row| json!([row.step, row.canary, row.stable, row.weight]));
    let got = json!({
        "step_canary_stable_canaryWeight": listed.collect::<Vec<_>>(),
        "maxTotal": largest(&rows, replicas),
        "promoted": run.outcome.name() == "completed",
    });
    differs(&got, expected)
}

/// The same rollout, aborted between the reconcile that reaches a step and the next.
fn abort(text: &str, run: &Run, step: usize) -> Run {
    let mut begun = run.events.iter().filter(|event| event.event == "step-started");
    let Some(reached) = begun.nth(step) else { return run_events(text) };
    let millis = reached.at.nanos_from(run.start) / 1_000_000 + 500;
    let operator = format!("[[operator]]\nat = \"{millis}ms\"\naction = \"rollback\"\n");
    run_events(&format!("{text}{operator}"))
}

fn replay(suite: &str, case: &Value) -> Replayed {
    let (given, expected) = (&case["in"], &case["expect"]);
    Replayed::from_difference(match suite {
        "analysis_metric" => analysis(given, expected),
        "approximate_weight" | "upstream_approximate_weight" => approximate(given, expected),
        "basic_canary_one_reconcile" => basic_reconcile(given, expected),
        "basic_canary_trajectory" => basic_way(given, expected),
        "bluegreen_new_replicas" => blue_green(given, expected),
        "fenceposts" => {
            let posts = fenceposts(given);
            let got =
                json!({ "maxSurge": posts.max_surge, "maxUnavailable": posts.max_unavailable });
            differs(&got, expected)
        }
        "traffic_routed_one_reconcile" => routed_reconcile(given, expected),
        "traffic_routed_trajectory" => routed_way(given, expected),
        "traffic_weight_to_replicas" => {
            let [weight, replicas, most] =
                ["weight", "replicas", "maxWeight"].map(|key| number(given, key));
            let pods = weights::replicas_for(weight, replicas, most);
            differs(&json!({ "replicas": pods }), expected)
        }
        "upstream_abort_weight" => abort_weight(given, expected),
        "upstream_dynamic_stable_scale" => dynamic_stable_scale(given, expected),
        "upstream_progress_threshold" => threshold(given, expected),
        "upstream_replica_counts" => upstream_counts(given, expected),
        _ => return Replayed::NotModelled,
    })
}

#[test]
fn argo_rollouts() {
    let stored = include_bytes!("../../data/cases/argo_canary.json.gz");
    let file = recorded_packed("argo_canary.json", stored);
    replay_all(&file, replay);
}
