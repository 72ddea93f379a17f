//! How does a Kubernetes `apps/v1` Deployment roll out?
//!
//! # What it reads
//! `spec`: `replicas`, `strategy`, `minReadySeconds`, `progressDeadlineSeconds` and the pod
//! template (see `pod.rs`). It becomes the strategy `rolling`, or `recreate`, whose arithmetic is
//! the Deployment controller's.
//!
//! # Defaults
//! 1 replica, RollingUpdate, `maxUnavailable` and `maxSurge` 25%, `minReadySeconds` 0,
//! `progressDeadlineSeconds` 600 (`pkg/apis/apps/v1/defaults.go`). What Kubernetes would refuse is
//! refused (`pkg/apis/apps/validation/validation.go`), except for a missing selector, which a
//! kustomize base may lack.
//!
//! # What is not modelled
//! `paused`, and a HorizontalPodAutoscaler of the same file: both are noted. The progress deadline
//! is a label in Kubernetes; what follows from it is the strategy's `on_failure`, `stall` unless
//! the scenario says otherwise.
//!
//! # Worked example
//! ```yaml
//! apiVersion: apps/v1
//! kind: Deployment
//! metadata: {name: checkout}
//! spec:
//!   replicas: 8
//!   minReadySeconds: 10
//!   strategy:
//!     rollingUpdate: {maxUnavailable: 0, maxSurge: 25%}
//!   selector: {matchLabels: {app: checkout}}
//!   template:
//!     metadata: {labels: {app: checkout}}
//!     spec:
//!       containers:
//!         - name: api
//!           readinessProbe: {httpGet: {port: 8080}, periodSeconds: 5}
//! ```
//! is a fleet of 8 that is replaced two at a time, each pair available 10 s after its probe passed,
//! never with fewer than 8 available.

use toml::{Table, Value};

use super::bound::{self, Bound, MOST_INT32};
use super::findings::{Findings, Known, nearest, quote};
use super::tree::Field;
use super::write::seconds;
use super::{Controller, Object, Part, pod};

/// The entry of the catalog.
pub(super) const CONTROLLER: Controller =
    Controller { api: "apps/v1", kind: "Deployment", retired: &RETIRED, read };

/// Groups that served Deployments before Kubernetes 1.16, with other defaults.
const RETIRED: [&str; 3] = ["extensions/v1beta1", "apps/v1beta1", "apps/v1beta2"];

const SPEC_FIELDS: &[&str] = &[
    "replicas",
    "strategy",
    "minReadySeconds",
    "progressDeadlineSeconds",
    "selector",
    "template",
    "paused",
    "revisionHistoryLimit",
];

const DEFAULT_DEADLINE_SECONDS: i64 = 600;

/// Largest fleet that a scenario may have.
const MOST_REPLICAS: i64 = 1_000_000;

/// Longest duration that a scenario may hold: ten years.
const MOST_SECONDS: i64 = 10 * 365 * 86_400;

fn read(object: &Object<'_>, others: &[Object<'_>], found: &mut Findings) -> Part {
    let mut part = Part::default();
    let Some(spec) = found.mapping(object.root, "spec") else {
        let message = "the Deployment has no `spec`".into();
        found.problem(
            object.place,
            message,
            Some("write `replicas`, `strategy`, `template` there"),
        );
        return part;
    };
    found.strangers(spec, "spec", Known::All(SPEC_FIELDS));
    part.strategy = strategy(spec, found);
    match found.mapping(spec, "template") {
        Some(template) => pod::read(template, &mut part.scenario, found),
        None => {
            let message = "the Deployment has no `spec.template`".into();
            found.problem(spec.place(), message, Some("its probes and hooks are read from there"));
        }
    }
    progress(spec, &mut part.scenario, found);
    fleet(spec, &mut part.scenario, found);
    note_autoscaler(object, spec, others, found);
    if spec.get("selector").is_none() {
        found.note(
            "there is no `selector`, which Kubernetes would refuse (a kustomize base?)".into(),
        );
    }
    if found.is_true(spec, "paused") {
        found.note("`paused: true` is ignored: simulated as if it were resumed".into());
    }
    found.whole(spec, "revisionHistoryLimit", 0..=MOST_INT32);
    part
}

fn strategy(spec: Field<'_>, found: &mut Findings) -> Table {
    let strategy = found.mapping(spec, "strategy");
    if let Some(strategy) = strategy {
        found.strangers(strategy, "spec.strategy", Known::All(&["type", "rollingUpdate"]));
    }
    let kind = strategy.and_then(|strategy| found.word(strategy, "type"));
    let rolling = strategy.and_then(|strategy| found.mapping(strategy, "rollingUpdate"));
    match kind.map(|kind| kind.value) {
        None | Some("" | "RollingUpdate") => rolling_update(rolling, found),
        Some("Recreate") => {
            if let Some(rolling) = rolling {
                let message = "`rollingUpdate` must not be set when `type` is `Recreate`".into();
                found.problem(rolling.place(), message, Some("remove one of the two"));
            }
            Table::from_iter([("kind".into(), Value::String("recreate".into()))])
        }
        Some(other) => {
            let kinds = ["RollingUpdate", "Recreate"];
            let help = nearest(other, &kinds).map(|kind| format!("did you mean `{kind}`?"));
            let message = format!(
                "the strategy's `type` is `RollingUpdate` or `Recreate`, not {}",
                quote(other)
            );
            if let Some(kind) = kind {
                found.problem(kind.place, message, help.as_deref());
            }
            Table::new()
        }
    }
}

fn rolling_update(written: Option<Field<'_>>, found: &mut Findings) -> Table {
    let names = &["maxUnavailable", "maxSurge"];
    let mut read = |key| {
        let rolling = written?;
        bound::read(rolling, key, found)
    };
    let default = Bound::default_percent(25);
    let unavailable = read("maxUnavailable").unwrap_or(default);
    let surge = read("maxSurge").unwrap_or(default);
    if let Some(rolling) = written {
        found.strangers(rolling, "rollingUpdate", Known::All(names));
    }
    check_bounds(unavailable, surge, found);
    Table::from_iter([
        ("kind".into(), Value::String("rolling".into())),
        ("max_unavailable".into(), unavailable.to_toml()),
        ("max_surge".into(), surge.to_toml()),
    ])
}

fn check_bounds(unavailable: Bound, surge: Bound, found: &mut Findings) {
    let Some(place) = unavailable.place else { return };
    if unavailable.is_zero() && surge.is_zero() {
        let message = "`maxUnavailable` may not be 0 when `maxSurge` is 0".into();
        found.problem(place, message, Some("allow one of them, for example `maxSurge: 1`"));
    }
    if unavailable.is_over_whole() {
        let message = "`maxUnavailable` must not be greater than 100%".into();
        found.problem(place, message, None);
    }
}

/// `minReadySeconds` and `progressDeadlineSeconds`.
fn progress(spec: Field<'_>, scenario: &mut Table, found: &mut Findings) {
    let min_ready = found.whole(spec, "minReadySeconds", 0..=MOST_INT32);
    let deadline = found.whole(spec, "progressDeadlineSeconds", 0..=MOST_INT32);
    let ready_s = min_ready.map_or(0, |written| written.value);
    let deadline_s = deadline.map_or(DEFAULT_DEADLINE_SECONDS, |written| written.value);
    if deadline_s <= ready_s
        && let Some(written) = deadline.or(min_ready)
    {
        let message = format!(
            "`progressDeadlineSeconds` ({deadline_s}) must be greater than `minReadySeconds` ({ready_s})"
        );
        let help =
            format!("raise `progressDeadlineSeconds` above {ready_s}, or lower `minReadySeconds`");
        found.problem(written.place, message, Some(&help));
    }
    if deadline_s == MOST_INT32 {
        found.note(
            "`progressDeadlineSeconds` says that there is no deadline: ten years here".into(),
        );
    }
    let readiness = scenario.entry("readiness").or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(readiness) = readiness {
        readiness.insert("min_ready".into(), seconds(ready_s.min(MOST_SECONDS)));
        readiness.insert("deadline".into(), seconds(deadline_s.min(MOST_SECONDS)));
    }
}

fn fleet(spec: Field<'_>, scenario: &mut Table, found: &mut Findings) {
    let replicas = found.whole(spec, "replicas", 0..=MOST_REPLICAS).map_or(1, |n| n.value);
    if replicas == 0 {
        found.note("`replicas: 0` is no fleet: set `fleet.instances` in the scenario".into());
        return;
    }
    let instances = Table::from_iter([("instances".into(), Value::Integer(replicas))]);
    scenario.insert("fleet".into(), Value::Table(instances));
}

fn note_autoscaler(
    object: &Object<'_>,
    spec: Field<'_>,
    others: &[Object<'_>],
    found: &mut Findings,
) {
    let targets = |other: &&Object<'_>| {
        let target = other.root.get("spec").and_then(|spec| spec.get("scaleTargetRef"));
        let text = |key| target.and_then(|target| target.get(key)).and_then(Field::text);
        other.kind == "HorizontalPodAutoscaler"
            && text("name") == object.name
            && text("kind") == Some("Deployment")
    };
    if others.iter().any(|other| targets(&other)) {
        let set = if spec.get("replicas").is_none() { ", set `fleet.instances`" } else { "" };
        found.note(format!("its HorizontalPodAutoscaler is not modelled: the count stays{set}"));
    }
}
