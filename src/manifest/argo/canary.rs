//! `spec.strategy.canary`: steps, a traffic router or none, analysis.

use toml::{Table, Value};

use super::super::bound::{Bound, MOST_INT32};
use super::super::findings::{Findings, Known, describe, quote};
use super::super::tree::{Field, Kind};
use super::super::write;
use super::analysis::{Runs, Templates};
use super::{bound_of, delay, duration, kind, note_all};

const FIELDS: &[&str] = &[
    "canaryService",
    "stableService",
    "steps",
    "trafficRouting",
    "maxSurge",
    "maxUnavailable",
    "analysis",
    "antiAffinity",
    "canaryMetadata",
    "stableMetadata",
    "scaleDownDelaySeconds",
    "scaleDownDelayRevisionLimit",
    "abortScaleDownDelaySeconds",
    "dynamicStableScale",
    "pingPong",
    "minPodsPerReplicaSet",
    "replicaProgressThreshold",
];

const STEP_FIELDS: &[&str] = &[
    "setWeight",
    "pause",
    "setCanaryScale",
    "analysis",
    "experiment",
    "setHeaderRoute",
    "setMirrorRoute",
    "plugin",
    "replicaProgressThreshold",
];

/// What goes with labels, routes and revisions.
const NOTED: &[(&str, &str)] = &[
    ("antiAffinity", "where pods may run is left to chance"),
    ("scaleDownDelayRevisionLimit", "there is one old version"),
    ("pingPong", "services switch at once"),
];

/// Router's weight scale unless it is given.
const MAX_WEIGHT: i64 = 100;

pub(super) fn read(
    canary: Field<'_>,
    templates: &mut Templates<'_>,
    found: &mut Findings,
) -> Table {
    found.strangers(canary, "spec.strategy.canary", Known::All(FIELDS));
    let mut table = kind("argo-canary");
    let router = found.mapping(canary, "trafficRouting");
    let most = match router {
        Some(router) => routed(canary, router, &mut table, found),
        None => {
            by_count(canary, &mut table, found);
            MAX_WEIGHT
        }
    };
    if let Some(threshold) = threshold(canary, found) {
        table.insert("replica_progress_threshold".into(), threshold);
    }
    let mut starts = vec![0];
    let mut steps = Vec::new();
    for step in found.mappings(canary, "steps") {
        steps.extend(read_step(step, (router, most), templates, found));
        starts.push(steps.len());
    }
    table.insert("steps".into(), Value::Array(steps));
    background(canary, &starts, &mut table, templates, found);
    note_all(canary, NOTED, found);
    table
}

/// With a router the bounds say nothing, and delays do.
fn routed(canary: Field<'_>, router: Field<'_>, table: &mut Table, found: &mut Findings) -> i64 {
    router.see_all();
    table.insert("routing".into(), Value::String("weighted".into()));
    for key in ["maxSurge", "maxUnavailable"] {
        if bound_of(canary, key, found).is_some() {
            found.note(format!("`{key}` does nothing where a traffic router gives weights"));
        }
    }
    let delayed = delay(canary, "scaleDownDelaySeconds", found);
    let is_dynamic = found.is_true(canary, "dynamicStableScale");
    if let (Some((_, place)), true) = (&delayed, is_dynamic) {
        let message = "`dynamicStableScale` cannot be used with `scaleDownDelaySeconds`";
        found.problem(*place, message.into(), Some("remove one of the two"));
    }
    let aborted = delay(canary, "abortScaleDownDelaySeconds", found);
    for (key, value) in [("scale_down_delay", delayed), ("abort_scale_down_delay", aborted)] {
        if let Some((value, _)) = value {
            table.insert(key.into(), value);
        }
    }
    if is_dynamic {
        table.insert("dynamic_stable_scale".into(), Value::Boolean(true));
    }
    if let Some(pods) = found.whole(canary, "minPodsPerReplicaSet", 1..=MOST_INT32) {
        table.insert("min_pods_per_replica_set".into(), Value::Integer(pods.value));
    }
    require_services(canary, router, found);
    if router.get("alb").is_some() {
        let why = "a weight that is set is in force";
        found.note(format!("the verification of weights at an ALB is not modelled: {why}"));
    }
    let most = found.whole(router, "maxTrafficWeight", 1..=MOST_INT32);
    let Some(most) = most else { return MAX_WEIGHT };
    if router.get("nginx").is_none() && router.get("plugins").is_none() {
        let message = "`maxTrafficWeight` is only for nginx and plugins".into();
        found.problem(most.place, message, Some("remove it: weights are out of 100"));
    }
    table.insert("max_traffic_weight".into(), Value::Integer(most.value));
    most.value
}

fn require_services(canary: Field<'_>, router: Field<'_>, found: &mut Findings) {
    let is_pinged = canary.get("pingPong").is_some();
    let needing = ["smi", "apisix", "ambassador", "nginx", "appMesh", "traefik"];
    let is_istio = router.get("istio").is_some_and(|istio| istio.get("destinationRule").is_none());
    let must = needing.iter().any(|key| router.get(key).is_some())
        || is_istio
        || (router.get("alb").is_some() && !is_pinged);
    let services = ["canaryService", "stableService"].map(|key| found.word(canary, key));
    if must && services.iter().any(Option::is_none) {
        let message = "a traffic router needs `canaryService` and `stableService`".into();
        found.problem(router.place(), message, None);
    }
    if let [Some(one), Some(other)] = services
        && one.value == other.value
    {
        let message = "`canaryService` and `stableService` are the same".into();
        found.problem(other.place, message, Some("two services are needed"));
    }
}

/// Without a router the bounds say how pods move.
fn by_count(canary: Field<'_>, table: &mut Table, found: &mut Findings) {
    let surge = bound_of(canary, "maxSurge", found);
    let unavailable = bound_of(canary, "maxUnavailable", found);
    if let (Some(surge), Some(unavailable)) = (surge, unavailable)
        && surge.is_zero()
        && unavailable.is_zero()
        && let Some(place) = surge.place
    {
        let message = "`maxSurge` and `maxUnavailable` cannot both be 0".into();
        found.problem(place, message, Some("allow one of them, for example `maxSurge: 1`"));
    }
    for (key, bound) in [("max_surge", surge), ("max_unavailable", unavailable)] {
        let bound = bound.unwrap_or(Bound::default_percent(25));
        table.insert(key.into(), bound.to_toml());
    }
    if let Some((_, place)) = delay(canary, "scaleDownDelaySeconds", found) {
        let message = "`scaleDownDelaySeconds` can only be used with a traffic router".into();
        found.problem(place, message, Some("remove it, or add `trafficRouting`"));
    }
    if found.is_true(canary, "dynamicStableScale")
        && let Some(field) = canary.get("dynamicStableScale")
    {
        let message = "`dynamicStableScale` can only be used with a traffic router".into();
        found.problem(field.place(), message, Some("remove it, or add `trafficRouting`"));
    }
    let idle = "without a traffic router it does nothing";
    note_all(
        canary,
        &[("abortScaleDownDelaySeconds", idle), ("minPodsPerReplicaSet", idle)],
        found,
    );
    for key in ["canaryService", "stableService"] {
        found.word(canary, key);
    }
}

fn threshold(parent: Field<'_>, found: &mut Findings) -> Option<Value> {
    let threshold = found.mapping(parent, "replicaProgressThreshold")?;
    let value = found.whole(threshold, "value", -MOST_INT32..=MOST_INT32)?.value;
    let is_percent = found.word(threshold, "type").is_none_or(|word| word.value != "Pods");
    match (value, is_percent) {
        (..0, _) => None,
        (value, true) => Some(Value::String(format!("{value}%"))),
        (value, false) => Some(Value::Integer(value)),
    }
}

/// One step: usually one here too.
fn read_step(
    step: Field<'_>,
    (router, most): (Option<Field<'_>>, i64),
    templates: &mut Templates<'_>,
    found: &mut Findings,
) -> Vec<Value> {
    found.strangers(step, "a step", Known::All(STEP_FIELDS));
    let has = |key: &str| step.get(key).is_some_and(|field| field.kind() != Kind::Null);
    let kinds = ["setWeight", "pause", "experiment", "analysis"].map(has);
    if kinds.iter().filter(|has| **has).count() > 1 || !STEP_FIELDS[..8].iter().any(|key| has(key))
    {
        let message = "a step is one of `setWeight`, `setCanaryScale`, `pause`, `analysis` and \
                       `experiment`";
        found.problem(step.place(), message.into(), Some("write each as a step of its own"));
    }
    let mut steps = Vec::new();
    if let Some(weight) = found.whole(step, "setWeight", 0..=most) {
        steps.push(one("set_weight", Value::Integer(weight.value)));
    }
    if let Some(scale) = found.mapping(step, "setCanaryScale") {
        if router.is_none() {
            let message = "`setCanaryScale` needs a traffic router".into();
            found.problem(scale.place(), message, Some("remove it, or add `trafficRouting`"));
        }
        steps.push(one("set_canary_scale", Value::Table(canary_scale(scale, most, found))));
    }
    steps.extend(pause(step, found));
    if let Some(analysis) = found.mapping(step, "analysis") {
        let names = templates.run(analysis, Runs::Once, found);
        steps.push(one("analysis", Value::Array(names)));
    }
    let ignored = "the step is done at once";
    note_all(
        step,
        &[
            ("experiment", ignored),
            ("setHeaderRoute", ignored),
            ("setMirrorRoute", ignored),
            ("plugin", ignored),
            ("replicaProgressThreshold", "that of the whole canary holds for every step"),
        ],
        found,
    );
    steps
}

fn one(key: &str, value: Value) -> Value {
    Value::Table(Table::from_iter([(key.to_owned(), value)]))
}

fn canary_scale(scale: Field<'_>, most: i64, found: &mut Findings) -> Table {
    let known = &["replicas", "weight", "matchTrafficWeight"];
    found.strangers(scale, "setCanaryScale", Known::All(known));
    let mut table = Table::new();
    if found.is_true(scale, "matchTrafficWeight") {
        table.insert("match_traffic_weight".into(), Value::Boolean(true));
    }
    for (key, most) in [("replicas", MOST_INT32), ("weight", most)] {
        if let Some(number) = found.whole(scale, key, 0..=most) {
            table.insert(key.into(), Value::Integer(number.value));
        }
    }
    table
}

/// A pause in whole seconds, or until a person promotes.
fn pause(step: Field<'_>, found: &mut Findings) -> Option<Value> {
    let pause = found.mapping(step, "pause")?;
    found.strangers(pause, "pause", Known::All(&["duration"]));
    let forever = Some(one("pause", Value::String("forever".into())));
    let Some(field) = pause.get("duration") else { return forever };
    let seconds = match field.kind() {
        Kind::Null => return forever,
        Kind::Integer(seconds) => u64::try_from(seconds).ok(),
        Kind::Text(text) => {
            let seconds = duration::whole_seconds(text);
            if seconds == Some(0) && duration::nanos(text).is_some_and(|nanos| nanos > 0) {
                let text = quote(text);
                found.note(format!("a pause of {text} is none: Argo counts whole seconds"));
            }
            seconds
        }
        _ => None,
    };
    let Some(seconds) = seconds.and_then(|seconds| i64::try_from(seconds).ok()) else {
        let message = format!("`duration` must be a length of time, not {}", describe(field));
        let help = "write seconds, or a duration such as `5m`";
        found.problem(field.place(), message, Some(help));
        return None;
    };
    Some(one("pause", write::seconds(seconds.min(write::MOST_SECONDS))))
}

/// The analysis in the background; `starts` says where each of Argo's steps begins here.
fn background(
    canary: Field<'_>,
    starts: &[usize],
    table: &mut Table,
    templates: &mut Templates<'_>,
    found: &mut Findings,
) {
    let Some(analysis) = found.mapping(canary, "analysis") else { return };
    let most = starts.len() as i64 - 1;
    let start = found.whole(analysis, "startingStep", 0..=most.max(0));
    let names = templates.run(analysis, Runs::Background, found);
    if names.is_empty() {
        return;
    }
    let start = start.and_then(|start| starts.get(start.value as usize)).copied().unwrap_or(0);
    table.insert("analysis".into(), Value::Array(names));
    if start > 0 {
        table.insert("starting_step".into(), Value::Integer(start as i64));
    }
}
