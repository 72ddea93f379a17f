//! How does Flagger release what its `flagger.app/v1beta1` Canary names?
//!
//! # What it reads
//! `spec`: `targetRef`, `provider`, `progressDeadlineSeconds`, `skipAnalysis` and `analysis` (or
//! `canaryAnalysis`, as it was called): its interval, weights, iterations, mirroring, thresholds
//! and metrics. It becomes the strategy `flagger`. The Deployment that it targets, where it is
//! among the files, gives the fleet, its probes, and the bounds of the primary.
//!
//! # Defaults
//! Interval 1 minute (less than 10 s is 10 s), threshold 1, maxWeight 100, query windows of 1
//! minute, deadline 600 s (`pkg/apis/flagger/v1beta1/canary.go`).
//!
//! # What is not modelled
//! Webhooks, alerts, session affinity, autoscalers; and metrics whose query somebody wrote: each is
//! noted. The two metrics that Flagger brings along become gates: `request-success-rate` is the
//! availability of the new version, `request-duration` the 99th percentile of its latency.
//!
//! # Worked example
//! ```yaml
//! apiVersion: flagger.app/v1beta1
//! kind: Canary
//! metadata: {name: checkout}
//! spec:
//!   targetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}
//!   analysis:
//!     interval: 30s
//!     threshold: 5
//!     maxWeight: 50
//!     stepWeight: 10
//!     metrics:
//!       - {name: request-success-rate, thresholdRange: {min: 99}, interval: 1m}
//! ```
//! is a canary that gains 10% of the requests every 30 s up to half of them, and goes back at the
//! fifth tick in all at which less than 99% of its answers in the last minute were successes.

use toml::{Table, Value};

use super::bound::MOST_INT32;
use super::findings::{Findings, Known, Written, quote};
use super::tree::{Field, Kind};
use super::write::{MOST_SECONDS, duration, seconds};
use super::{Controller, Object, Part, Sign, deployment, go_duration};

/// The entry of the catalog.
pub(super) const CONTROLLER: Controller = Controller {
    title: "flagger.app/v1beta1 Canary",
    sign: Sign::Kubernetes { api: "flagger.app/v1beta1", kind: "Canary", retired: &RETIRED },
    companions: &["Deployment", "HorizontalPodAutoscaler", "MetricTemplate"],
    claims,
    read,
};

const RETIRED: [&str; 2] = ["flagger.app/v1alpha3", "flagger.app/v1alpha2"];

const SPEC_FIELDS: &[&str] = &[
    "analysis",
    "autoscalerRef",
    "canaryAnalysis",
    "ingressRef",
    "metricsServer",
    "progressDeadlineSeconds",
    "provider",
    "revertOnDeletion",
    "routeRef",
    "service",
    "skipAnalysis",
    "suspend",
    "targetRef",
    "upstreamRef",
    "apisixRouteRef",
];

const ANALYSIS_FIELDS: &[&str] = &[
    "alerts",
    "canaryReadyThreshold",
    "interval",
    "iterations",
    "match",
    "maxWeight",
    "metrics",
    "mirror",
    "mirrorWeight",
    "primaryReadyThreshold",
    "sessionAffinity",
    "stepWeight",
    "stepWeightPromotion",
    "stepWeights",
    "threshold",
    "webhooks",
];

const METRIC_FIELDS: &[&str] = &[
    "interval",
    "name",
    "query",
    "templateRef",
    "templateVariables",
    "threshold",
    "thresholdRange",
];

/// Shortest interval between two ticks, nanoseconds.
const SHORTEST_INTERVAL: u64 = 10_000_000_000;
const MINUTE: u64 = 60_000_000_000;
const DEFAULT_DEADLINE_SECONDS: i64 = 600;

/// Whether the second object is the Deployment that the first, a Canary, targets.
fn claims(canary: &Object<'_>, other: &Object<'_>) -> bool {
    let target = canary.root.find(&["spec", "targetRef"]);
    let text = |key| target.and_then(|target| target.get(key)).and_then(Field::text);
    canary.kind == "Canary"
        && other.kind == "Deployment"
        && text("name").is_some()
        && text("name") == other.name
}

fn read(object: &Object<'_>, others: &[Object<'_>], found: &mut Findings) -> Part {
    let mut part = Part::default();
    let Some(spec) = found.mapping(object.root, "spec") else {
        let message = "the Canary has no `spec`".into();
        found.problem(object.place, message, Some("write `targetRef` and `analysis` there"));
        return part;
    };
    found.strangers(spec, "spec", Known::All(SPEC_FIELDS));
    insert(&mut part.strategy, "kind", Value::String("flagger".into()));
    target(object, spec, others, &mut part, found);
    provider(spec, &mut part.strategy, found);
    deadline(spec, &mut part, found);
    let skips = found.is_true(spec, "skipAnalysis");
    if skips {
        insert(&mut part.strategy, "skip_analysis", Value::Boolean(true));
    }
    if found.is_true(spec, "suspend") {
        found.note("`suspend: true` is ignored: simulated as if it were not".into());
    }
    if spec.get("autoscalerRef").is_some_and(|scaler| {
        scaler.see_all();
        true
    }) {
        found.note("its autoscaler is not modelled: primary and canary keep their counts".into());
    }
    let old = found.mapping(spec, "canaryAnalysis");
    match found.mapping(spec, "analysis").or(old) {
        Some(analysis) => read_analysis(analysis, skips, &mut part, found),
        None if !skips => {
            let message = "the Canary has no `analysis`".into();
            found.problem(spec.place(), message, Some("write `interval` and `stepWeight` there"));
        }
        None => {}
    }
    part
}

fn insert(table: &mut Table, key: &str, value: Value) {
    table.insert(key.into(), value);
}

/// The fleet, its probes and the bounds of the primary, from the Deployment that is targeted.
fn target(
    object: &Object<'_>,
    spec: Field<'_>,
    others: &[Object<'_>],
    part: &mut Part,
    found: &mut Findings,
) {
    let Some(target) = found.mapping(spec, "targetRef") else {
        let message = "the Canary has no `targetRef`".into();
        found.problem(spec.place(), message, Some("name the Deployment that it releases"));
        return;
    };
    let kind = found.word(target, "kind").map_or("Deployment", |kind| kind.value);
    let name = found.word(target, "name").map_or("", |name| name.value);
    if kind != "Deployment" {
        found.note(format!(
            "a {kind} is released as if it were a Deployment: set `fleet.instances`"
        ));
        return;
    }
    let Some(deployment) = others.iter().find(|other| claims(object, other)) else {
        found.note(format!(
            "the Deployment {} is not among the files: set `fleet.instances`, its probes and its \
             shutdown, and the primary's `max_surge` and `max_unavailable`, or import both",
            quote(name)
        ));
        return;
    };
    let Part { strategy, scenario, .. } = (deployment::CONTROLLER.read)(deployment, others, found);
    part.scenario = scenario;
    if strategy.get("kind").and_then(Value::as_str) == Some("recreate") {
        found.note("the primary is recreated: as bounds of 100% unavailable and no surge".into());
        insert(&mut part.strategy, "max_unavailable", Value::String("100%".into()));
        insert(&mut part.strategy, "max_surge", Value::Integer(0));
        return;
    }
    for key in ["max_unavailable", "max_surge"] {
        if let Some(bound) = strategy.get(key) {
            insert(&mut part.strategy, key, bound.clone());
        }
    }
}

/// The Canary's own deadline, or that of the Deployment, whose condition says as much: whichever is
/// sooner.
fn deadline(spec: Field<'_>, part: &mut Part, found: &mut Findings) {
    let own = found.whole(spec, "progressDeadlineSeconds", 0..=MOST_SECONDS);
    let own = own.map_or(DEFAULT_DEADLINE_SECONDS, |written| written.value);
    let readiness = part.scenario.get("readiness").and_then(Value::as_table);
    let theirs = readiness.and_then(|readiness| readiness.get("deadline")?.as_str());
    let theirs = theirs.and_then(|text| text.strip_suffix('s')?.parse().ok());
    insert(&mut part.strategy, "progress_deadline", seconds(theirs.unwrap_or(own).min(own)));
}

fn provider(spec: Field<'_>, strategy: &mut Table, found: &mut Findings) {
    let provider = found.word(spec, "provider").map(|provider| provider.value);
    let name = match provider {
        Some("kubernetes") => "kubernetes",
        Some(_) => "mesh",
        None => {
            found.note(
                "no `provider`: the controller's own decides, taken as one that honours weights \
                 (else set `provider = \"kubernetes\"`)"
                    .into(),
            );
            "mesh"
        }
    };
    insert(strategy, "provider", Value::String(name.into()));
}

fn read_analysis(analysis: Field<'_>, skips: bool, part: &mut Part, found: &mut Findings) {
    found.strangers(analysis, "analysis", Known::All(ANALYSIS_FIELDS));
    let strategy = &mut part.strategy;
    insert(strategy, "interval", interval(analysis, found));
    let threshold = found.whole(analysis, "threshold", -MOST_INT32..=MOST_INT32);
    let threshold = threshold.map_or(1, |written| written.value).max(1);
    insert(strategy, "threshold", Value::Integer(threshold));
    weights(analysis, strategy, found);
    iterations(analysis, strategy, found);
    mirror(analysis, strategy, found);
    for (key, name) in [
        ("primaryReadyThreshold", "primary_ready_threshold"),
        ("canaryReadyThreshold", "canary_ready_threshold"),
    ] {
        if let Some(percent) = found.whole(analysis, key, 0..=100) {
            insert(strategy, name, percents(percent.value));
        }
    }
    refuse_standstill(analysis, skips, strategy, found);
    metrics(analysis, part, found);
    note_the_rest(analysis, found);
}

fn percents(count: i64) -> Value {
    Value::String(format!("{count}%"))
}

/// The time between two ticks, as `GetAnalysisInterval` reads it.
fn interval(analysis: Field<'_>, found: &mut Findings) -> Value {
    let written = found.word(analysis, "interval");
    let nanos = written.map_or(MINUTE, |Written { value, .. }| {
        go_duration::nanos(value).unwrap_or_else(|| {
            found.note(format!("`interval: {value}` is no duration: Flagger takes 1 minute"));
            MINUTE
        })
    });
    if nanos < SHORTEST_INTERVAL {
        found.note("an `interval` below 10 s is 10 s".into());
    }
    duration(nanos.max(SHORTEST_INTERVAL))
}

fn weights(analysis: Field<'_>, strategy: &mut Table, found: &mut Findings) {
    for (key, name) in [
        ("maxWeight", "max_weight"),
        ("stepWeight", "step_weight"),
        ("stepWeightPromotion", "step_weight_promotion"),
    ] {
        let written = found.whole(analysis, key, 0..=100);
        if let Some(weight) = written.filter(|weight| weight.value > 0) {
            insert(strategy, name, percents(weight.value));
        }
    }
    let steps: Vec<Field<'_>> = found.list(analysis, "stepWeights");
    let (mut all, mut weights) = (Vec::new(), Vec::new());
    for step in steps {
        match step.kind() {
            Kind::Integer(weight @ 0..=1000) => {
                weights.push(weight);
                all.push(percents(weight));
            }
            _ => {
                let message = "`stepWeights` are whole numbers of percent".into();
                found.problem(step.place(), message, None);
            }
        }
    }
    if all.is_empty() {
        return;
    }
    if strategy.contains_key("step_weight") {
        found.note("`stepWeights` do nothing beside `stepWeight`".into());
    } else {
        if weights.windows(2).any(|two| two[0] >= two[1]) {
            found.note(
                "`stepWeights` do not rise: after a weight that the next does not exceed, the \
                 canary stays at it for ever, as it does in Flagger"
                    .into(),
            );
        }
        insert(strategy, "step_weights", Value::Array(all));
    }
}

fn iterations(analysis: Field<'_>, strategy: &mut Table, found: &mut Findings) {
    let iterations = found.whole(analysis, "iterations", 0..=MOST_INT32);
    let iterations = iterations.map_or(0, |written| written.value);
    if iterations > 0 {
        insert(strategy, "iterations", Value::Integer(iterations));
    }
    let matches = found.list(analysis, "match");
    matches.iter().for_each(|one| one.see_all());
    let is_routed = strategy.get("provider").and_then(Value::as_str) == Some("mesh");
    if matches.is_empty() {
        return;
    }
    if iterations == 0 || !is_routed {
        found.note("`match` does nothing without `iterations` and a mesh".into());
        return;
    }
    found.note(
        "which share of the users `match` finds is not in the manifest: 10% is a guess, set \
         `match_share`"
            .into(),
    );
    insert(strategy, "match_share", Value::String("10%".into()));
}

fn mirror(analysis: Field<'_>, strategy: &mut Table, found: &mut Findings) {
    if found.is_true(analysis, "mirror") {
        insert(strategy, "mirror", Value::Boolean(true));
    }
    if let Some(weight) = found.whole(analysis, "mirrorWeight", 0..=100)
        && strategy.contains_key("mirror")
        && weight.value > 0
    {
        insert(strategy, "mirror_weight", percents(weight.value));
    }
}

/// Without steps or iterations Flagger waits for ever.
fn refuse_standstill(analysis: Field<'_>, skips: bool, strategy: &Table, found: &mut Findings) {
    let is_written =
        |key: &&str| analysis.get(key).is_some_and(|field| field.kind() != Kind::Integer(0));
    let moves = ["stepWeight", "stepWeights", "iterations"].iter().any(is_written);
    let is_routed = strategy.get("provider").and_then(Value::as_str) == Some("mesh");
    if !moves && !skips && is_routed {
        let message = "the canary would never get any request".into();
        found.problem(
            analysis.place(),
            message,
            Some("write `stepWeight`, `stepWeights` or `iterations`"),
        );
    }
}

fn metrics(analysis: Field<'_>, part: &mut Part, found: &mut Findings) {
    let mut gates = Table::new();
    for metric in found.mappings(analysis, "metrics") {
        found.strangers(metric, "a metric", Known::All(METRIC_FIELDS));
        let Some(name) = found.word(metric, "name") else {
            let message = "the metric has no `name`".into();
            found.problem(metric.place(), message, None);
            continue;
        };
        if let Some(gate) = gate(metric, name.value, found) {
            gates.insert(name.value.into(), Value::Table(gate));
        }
    }
    let names = gates.keys().map(|name| Value::String(name.clone())).collect();
    if gates.is_empty() {
        found.note("no metric is checked: the analysis passes whatever the canary does".into());
        return;
    }
    insert(&mut part.strategy, "metrics", Value::Array(names));
    insert(&mut part.scenario, "gates", Value::Table(gates));
}

/// What a metric that Flagger brings along asks of the new version; none of any other.
fn gate(metric: Field<'_>, name: &str, found: &mut Findings) -> Option<Table> {
    let window = found.word(metric, "interval");
    let nanos = window.map_or(MINUTE, |window| {
        go_duration::nanos(window.value).filter(|&nanos| nanos > 0).unwrap_or(MINUTE)
    });
    let range = found.mapping(metric, "thresholdRange");
    let limit = |key: &str| range.and_then(|range| number(range, key));
    let is_own = metric.get("templateRef").is_some_and(|template| {
        template.see_all();
        true
    }) || metric.get("query").is_some();
    let (min, max, old) = (limit("min"), limit("max"), number(metric, "threshold"));
    let mut gate = Table::new();
    match name {
        "request-success-rate" if !is_own => {
            let least = min.or(old)?;
            insert(&mut gate, "metric", Value::String("availability".into()));
            insert(&mut gate, "min", Value::String(format!("{least}%")));
        }
        "request-duration" if !is_own => {
            let most = max.or(old)?;
            insert(&mut gate, "metric", Value::String("latency-p99".into()));
            insert(&mut gate, "max", duration((most * 1e6).round() as u64));
        }
        _ => {
            found.note(format!(
                "metric {} has a query of its own, which is not interpreted: write a gate for it \
                 and name that in `metrics`",
                quote(name)
            ));
            return None;
        }
    }
    insert(&mut gate, "scope", Value::String("new".into()));
    insert(&mut gate, "window", duration(nanos));
    Some(gate)
}

fn number(parent: Field<'_>, key: &str) -> Option<f64> {
    let number: f64 = parent.get(key)?.text()?.parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

fn note_the_rest(analysis: Field<'_>, found: &mut Findings) {
    let mut kinds: Vec<&str> = Vec::new();
    for hook in found.mappings(analysis, "webhooks") {
        hook.see_all();
        kinds.push(hook.get("type").and_then(Field::text).unwrap_or("rollout"));
    }
    kinds.sort_unstable();
    kinds.dedup();
    if !kinds.is_empty() {
        found.note(format!(
            "webhooks ({}) are not called: they always pass, and load tests send nothing",
            kinds.join(", ")
        ));
    }
    if analysis.get("sessionAffinity").is_some_and(|affinity| {
        affinity.see_all();
        true
    }) {
        found.note("`sessionAffinity` is not modelled: each request draws its side anew".into());
    }
}

#[cfg(test)]
mod tests {
    use super::super::Imported;
    use super::super::tests::{check, read};

    fn canary(fields: &str) -> String {
        let head = "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: shop}\nspec:\n";
        let target = "  targetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}\n";
        format!(
            "{head}{target}  provider: istio\n  analysis:\n    {}\n",
            fields.replace('\n', "\n    ")
        )
    }

    const DEPLOYMENT: &str = "---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 8
  strategy: {rollingUpdate: {maxSurge: 2}}
  selector: {}
  template: {spec: {containers: [{name: api}]}}
";

    #[test]
    fn worked_example() {
        let analysis = "interval: 30s\nthreshold: 5\nmaxWeight: 50\nstepWeight: 10\n\
            metrics: [{name: request-success-rate, thresholdRange: {min: 99}, interval: 1m}]";
        let text = format!("{}{DEPLOYMENT}", canary(analysis));
        let Imported { strategy, scenario, notes, .. } = read(&text, None).unwrap();
        let expected = "kind = 'flagger'\nmax_unavailable = '25%'\nmax_surge = 2\n\
            provider = 'mesh'\nprogress_deadline = '600s'\ninterval = '30s'\nthreshold = 5\n\
            max_weight = '50%'\nstep_weight = '10%'\nmetrics = ['request-success-rate']\n";
        assert_eq!(strategy, toml::from_str(expected).unwrap());
        let gate = "metric = 'availability'\nmin = '99%'\nscope = 'new'\nwindow = '60s'";
        let gates = scenario["gates"].as_table().unwrap();
        assert_eq!(gates["request-success-rate"].as_table(), toml::from_str(gate).ok().as_ref());
        assert_eq!(scenario["fleet"]["instances"].as_integer(), Some(8));
        assert_eq!(notes, [""; 0]);
    }

    #[test]
    fn what_is_not_modelled_is_noted() {
        let alone = "the Deployment `shop` is not among the files: set `fleet.instances`, its \
            probes and its shutdown, and the primary's `max_surge` and `max_unavailable`, or \
            import both";
        let none = "no metric is checked: the analysis passes whatever the canary does";
        check(
            &canary("interval: 5s\nstepWeight: 5\nstepWeights: [1]\nwebhooks: [{url: x}]"),
            &[
                alone,
                "an `interval` below 10 s is 10 s",
                "`stepWeights` do nothing beside `stepWeight`",
                none,
                "webhooks (rollout) are not called: they always pass, and load tests send nothing",
            ],
        );
    }

    #[test]
    fn what_flagger_could_not_run_is_refused() {
        check(
            &canary("interval: 1m"),
            &["8:5: the canary would never get any request \
               (write `stepWeight`, `stepWeights` or `iterations`)"],
        );
        check(&canary("stepWeight: 101"), &["8:17: `stepWeight` is 101, outside of 0 to 100"]);
    }
}
