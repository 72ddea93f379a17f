//! How does an Argo Rollout (`argoproj.io/v1alpha1`) roll out?
//!
//! # What it reads
//! `spec`: `replicas`, `strategy` (`canary` in `canary.rs`, `blueGreen` in `blue_green.rs`),
//! `minReadySeconds`, `progressDeadlineSeconds`, `progressDeadlineAbort`, `rollbackWindow` and the
//! pod template, which may be that of a Deployment of the same files (`workloadRef`). The
//! AnalysisTemplates and ClusterAnalysisTemplates that it names are read from all files
//! (`analysis.rs`). It becomes `argo-canary` or `argo-blue-green`, whose arithmetic is Argo's.
//!
//! # Defaults
//! 1 replica, `maxSurge` and `maxUnavailable` 25%, `progressDeadlineSeconds` 600, both scale-down
//! delays 30 s (`utils/defaults/defaults.go`). What Argo refuses is refused
//! (`pkg/apis/rollouts/validation/validation.go`), except for what is about labels, services'
//! selectors and routes.
//!
//! # What is not modelled
//! What a query asks: a metric of an analysis is a gate only if the scenario names one for it,
//! `[gates.NAME]` with `argo = "TEMPLATE/METRIC"`; any other is noted, and passes. Experiments,
//! header routes, mirrors, plugins, `restartAt`, `paused` and revision limits are noted.
//!
//! # Worked example
//! ```yaml
//! apiVersion: argoproj.io/v1alpha1
//! kind: Rollout
//! metadata: {name: checkout}
//! spec:
//!   replicas: 10
//!   selector: {matchLabels: {app: checkout}}
//!   strategy:
//!     canary:
//!       maxSurge: "25"
//!       steps:
//!         - setWeight: 20
//!         - pause: {duration: 5m}
//!   template:
//!     spec: {containers: [{name: api}]}
//! ```
//! is a fleet of 10 with at most three extra pods, since the bare "25" is a percentage: it gives
//! up two old ones, starts two canaries and waits for five minutes.

mod analysis;
mod blue_green;
mod canary;
mod condition;
mod duration;
mod template;

use toml::{Table, Value};

use self::analysis::Templates;
use super::bound::{self, Amount, Bound, MOST_INT32};
use super::findings::{Findings, Known, quote};
use super::tree::{Field, Kind};
use super::{Controller, Object, Part, Sign, deployment, pod, workload};

/// The entry of the catalog.
pub(super) const CONTROLLER: Controller = Controller {
    title: "argoproj.io/v1alpha1 Rollout",
    sign: Sign::Kubernetes { api: API, kind: "Rollout", retired: &[] },
    companions: &[
        "AnalysisTemplate",
        "ClusterAnalysisTemplate",
        "Deployment",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "Service",
    ],
    claims: is_its_workload,
    read,
};

/// The group and version of everything that is Argo's.
const API: &str = "argoproj.io/v1alpha1";

const SPEC_FIELDS: &[&str] = &[
    "replicas",
    "strategy",
    "minReadySeconds",
    "progressDeadlineSeconds",
    "progressDeadlineAbort",
    "rollbackWindow",
    "selector",
    "template",
    "workloadRef",
    "paused",
    "restartAt",
    "revisionHistoryLimit",
    "analysis",
];

/// Whether `other` is the Deployment whose pod template `rollout` takes.
fn is_its_workload(rollout: &Object<'_>, other: &Object<'_>) -> bool {
    let reference = rollout.root.find(&["spec", "workloadRef"]);
    let text = |key| reference.and_then(|found| found.get(key)).and_then(Field::text);
    other.kind == "Deployment" && text("kind") == Some("Deployment") && text("name") == other.name
}

fn read(object: &Object<'_>, others: &[Object<'_>], found: &mut Findings) -> Part {
    let mut part = Part::default();
    let Some(spec) = workload::spec(object, found) else { return part };
    found.strangers(spec, "spec", Known::All(SPEC_FIELDS));
    let mut templates = Templates::new(others);
    part.strategy = strategy(spec, &mut templates, found);
    if found.is_true(spec, "progressDeadlineAbort") {
        part.strategy.insert("progress_deadline_abort".into(), Value::Boolean(true));
    }
    part.measurements = templates.into_measurements();
    pods(object, spec, others, &mut part.scenario, found);
    deployment::progress(spec, &mut part.scenario, found);
    workload::fleet(object, spec, others, (&mut part.scenario, found));
    others_noted(spec, found);
    part
}

fn strategy(spec: Field<'_>, templates: &mut Templates<'_>, found: &mut Findings) -> Table {
    let written = found.mapping(spec, "strategy");
    if let Some(strategy) = written {
        found.strangers(strategy, "spec.strategy", Known::All(&["canary", "blueGreen"]));
    }
    // `canary:` with nothing after it is none for Argo, `canary: {}` is one.
    let canary = written.and_then(|strategy| found.mapping(strategy, "canary"));
    let blue_green = written.and_then(|strategy| found.mapping(strategy, "blueGreen"));
    match (canary, blue_green) {
        (Some(canary), None) => {
            let mut table = canary::read(canary, templates, found);
            rollback_window(spec, &mut table, found);
            table
        }
        (None, Some(blue_green)) => {
            if spec.get("rollbackWindow").is_some() {
                let why = "going back to a stack that still stands is fast anyway";
                found.note(format!("`rollbackWindow` is not modelled for blueGreen: {why}"));
            }
            blue_green::read(blue_green, templates, found)
        }
        (Some(_), Some(second)) => {
            let message = "a Rollout has one strategy, not two".into();
            found.problem(second.place(), message, Some("keep `canary` or `blueGreen`"));
            Table::new()
        }
        (None, None) => {
            let place = written.unwrap_or(spec).place();
            let message = "the Rollout has no `spec.strategy.canary` and no \
                           `spec.strategy.blueGreen`";
            found.problem(place, message.into(), Some("write one of them"));
            Table::new()
        }
    }
}

fn rollback_window(spec: Field<'_>, strategy: &mut Table, found: &mut Findings) {
    let window = found.mapping(spec, "rollbackWindow");
    let revisions = window.and_then(|window| found.whole(window, "revisions", 0..=MOST_INT32));
    if let Some(revisions) = revisions {
        strategy.insert("rollback_revisions".into(), Value::Integer(revisions.value));
    }
}

/// The pod template, its own or that of the workload that it refers to.
fn pods(
    object: &Object<'_>,
    spec: Field<'_>,
    others: &[Object<'_>],
    scenario: &mut Table,
    found: &mut Findings,
) {
    let own = found.mapping(spec, "template");
    let Some(reference) = found.mapping(spec, "workloadRef") else {
        match own {
            Some(template) => pod::read(template, scenario, found),
            None => {
                let message = "the Rollout has neither `spec.template` nor `spec.workloadRef`";
                let help = "its probes and hooks are read from there";
                found.problem(spec.place(), message.into(), Some(help));
            }
        }
        return;
    };
    if let Some(template) = own {
        let message = "`template` must be empty where there is a `workloadRef`".into();
        found.problem(template.place(), message, Some("remove one of the two"));
    }
    for key in ["apiVersion", "scaleDown"] {
        found.word(reference, key);
    }
    let name = found.word(reference, "name").map_or("", |name| name.value);
    let kind = found.word(reference, "kind").map_or("", |kind| kind.value);
    let workload = others.iter().find(|other| is_its_workload(object, other));
    let template = workload.and_then(|workload| workload.root.find(&["spec", "template"]));
    match template {
        Some(template) => pod::read(template, scenario, found),
        None => found.note(format!(
            "the {} {} of `workloadRef` is not among the files: its probes and hooks are unknown, \
             a pod is ready as soon as it runs",
            quote(kind),
            quote(name)
        )),
    }
}

/// What changes nothing here, and what would.
fn others_noted(spec: Field<'_>, found: &mut Findings) {
    if found.is_true(spec, "paused") {
        found.note("`paused: true` is ignored: simulated as if it were resumed".into());
    }
    if spec.get("restartAt").is_some() {
        found.note("`restartAt` is not modelled: no pod is restarted".into());
    }
    found.whole(spec, "revisionHistoryLimit", 0..=MOST_INT32);
}

/// A bound as Argo takes it: digits in quotes are a percentage.
fn bound_of(parent: Field<'_>, key: &str, found: &mut Findings) -> Option<Bound> {
    let field = parent.get(key)?;
    let digits = match field.kind() {
        Kind::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    match digits {
        Some(percent) => {
            found.note(format!(
                "`{key}: \"{percent}\"` is {percent}% to Argo, which Kubernetes would refuse: a \
                 count has no quotes"
            ));
            Some(Bound { amount: Amount::Percent(percent), place: Some(field.place()) })
        }
        None => bound::read(parent, key, found),
    }
}

/// A delay in whole seconds, as a scenario writes it.
fn delay(
    parent: Field<'_>,
    key: &str,
    found: &mut Findings,
) -> Option<(Value, super::tree::Place)> {
    let seconds = found.whole(parent, key, 0..=MOST_INT32)?;
    let most = super::write::MOST_SECONDS;
    Some((super::write::seconds(seconds.value.min(most)), seconds.place))
}

fn kind(name: &str) -> Table {
    Table::from_iter([("kind".into(), Value::String(name.into()))])
}

/// Notes what has no meaning where nothing has labels, routes or revisions.
fn note_all(parent: Field<'_>, keys: &[(&str, &str)], found: &mut Findings) {
    for (key, meaning) in keys {
        if let Some(field) = parent.get(key)
            && field.kind() != Kind::Null
        {
            field.see_all();
            found.note(format!("`{key}` is not modelled: {meaning}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, read};
    use super::super::{Imported, Manifest};

    /// A Rollout with these lines in its `spec.strategy`, the first of which is line 7.
    fn with_strategy(strategy: &str) -> String {
        let head = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: shop}\n\
                    spec:\n  replicas: 10\n  strategy:\n";
        let rest = "  selector: {matchLabels: {app: shop}}\n  template: {spec: {containers: \
                    [{name: api}]}}\n";
        format!("{head}    {}\n{rest}", strategy.replace('\n', "\n    "))
    }

    fn strategy(text: &str) -> toml::Table {
        let Imported { strategy, .. } = read(&with_strategy(text), None).unwrap();
        strategy
    }

    #[test]
    fn bare_numbers_in_quotes_are_percentages() {
        let text = "canary:
  maxSurge: \"25\"
  maxUnavailable: '5'
  steps:
  - setWeight: 20
  - pause: {duration: 5m}
  - pause: {}
  - pause: {duration: \"90\"}";
        let expected = "kind = 'argo-canary'
max_surge = '25%'
max_unavailable = '5%'
steps = [{ set_weight = 20 }, { pause = '300s' }, { pause = 'forever' }, { pause = '90s' }]";
        assert_eq!(strategy(text), toml::from_str(expected).unwrap());
    }

    #[test]
    fn a_router_and_everything_that_goes_with_it() {
        let text = "canary:
  canaryService: a
  stableService: b
  dynamicStableScale: true
  minPodsPerReplicaSet: 2
  abortScaleDownDelaySeconds: 0
  trafficRouting:
    nginx: {stableIngress: c}
    maxTrafficWeight: 1000
  steps:
  - setCanaryScale: {replicas: 3}
  - setWeight: 150
  - setCanaryScale: {matchTrafficWeight: true}";
        let expected = "kind = 'argo-canary'
routing = 'weighted'
dynamic_stable_scale = true
min_pods_per_replica_set = 2
abort_scale_down_delay = '0s'
max_traffic_weight = 1000
steps = [
    { set_canary_scale = { replicas = 3 } },
    { set_weight = 150 },
    { set_canary_scale = { match_traffic_weight = true } },
]";
        assert_eq!(strategy(text), toml::from_str(expected).unwrap());
    }

    #[test]
    fn blue_green_with_all_it_has() {
        let text = "blueGreen:
  activeService: a
  previewService: b
  previewReplicaCount: 2
  autoPromotionSeconds: 60
  scaleDownDelaySeconds: 90
  abortScaleDownDelaySeconds: 10";
        let expected = "kind = 'argo-blue-green'
preview_replica_count = 2
auto_promotion_seconds = '60s'
scale_down_delay = '90s'
abort_scale_down_delay = '10s'";
        assert_eq!(strategy(text), toml::from_str(expected).unwrap());
        let by_hand = "blueGreen: {activeService: a, autoPromotionEnabled: false}";
        assert_eq!(strategy(by_hand)["auto_promotion"], toml::Value::Boolean(false));
    }

    #[test]
    fn what_argo_refuses_is_told_with_its_place() {
        for (text, expected) in [
            (
                "canary: {maxSurge: 0, maxUnavailable: 0}",
                "7:24: `maxSurge` and `maxUnavailable` cannot both be 0 \
                 (allow one of them, for example `maxSurge: 1`)",
            ),
            (
                "canary: {scaleDownDelaySeconds: 5}",
                "7:37: `scaleDownDelaySeconds` can only be used with a traffic router \
                 (remove it, or add `trafficRouting`)",
            ),
            (
                "canary: {dynamicStableScale: true}",
                "7:34: `dynamicStableScale` can only be used with a traffic router \
                 (remove it, or add `trafficRouting`)",
            ),
            (
                "canary:\n  trafficRouting: {plugins: {}}\n  dynamicStableScale: true\n  \
                 scaleDownDelaySeconds: 5",
                "10:30: `dynamicStableScale` cannot be used with `scaleDownDelaySeconds` \
                 (remove one of the two)",
            ),
            (
                "canary: {steps: [{setWeight: 101}]}",
                "7:34: `setWeight` is 101, outside of 0 to 100",
            ),
            (
                "canary: {steps: [{pause: {duration: -5}}]}",
                "7:41: `duration` must be a length of time, not the number -5 \
                 (write seconds, or a duration such as `5m`)",
            ),
            (
                "canary: {steps: [{}]}",
                "7:22: a step is one of `setWeight`, `setCanaryScale`, `pause`, `analysis` and \
                 `experiment` (write each as a step of its own)",
            ),
            (
                "canary: {steps: [{setCanaryScale: {replicas: 1}}]}",
                "7:39: `setCanaryScale` needs a traffic router \
                 (remove it, or add `trafficRouting`)",
            ),
            (
                "blueGreen: {activeService: a, previewService: a}",
                "7:32: `activeService` and `previewService` are the same \
                 (two services are needed)",
            ),
            (
                "canary: {}\nblueGreen: {activeService: a}",
                "8:16: a Rollout has one strategy, not two (keep `canary` or `blueGreen`)",
            ),
        ] {
            check(&with_strategy(text), &[expected]);
        }
    }

    const TEMPLATE: &str = "
apiVersion: argoproj.io/v1alpha1
kind: ClusterAnalysisTemplate
metadata: {name: rate}
spec:
  args: [{name: least, value: '0.9'}]
  metrics:
  - name: success
    interval: 1m
    count: 5
    failureLimit: 2
    consecutiveErrorLimit: 1
    successCondition: 'result[0] >= {{args.least}}'
    provider: {prometheus: {query: up}}
  - {name: shape, interval: 5s, successCondition: result.ok, provider: {web: {url: x}}}
";

    #[test]
    fn templates_of_other_files_become_measurements() {
        let rollout = with_strategy(
            "canary:
  analysis:
    templates: [{templateName: rate, clusterScope: true}]
    startingStep: 1
    args: [{name: least, value: '0.95'}]
  steps:
  - setHeaderRoute: {name: x}
    setWeight: 5
  - pause: {duration: 5}",
        );
        let files = [rollout.as_str(), TEMPLATE].map(|text| Manifest { path: "x.yaml", text });
        let imported = super::super::read(&files, None).unwrap();
        let [success, shape] = &imported.measurements[..] else { panic!("{imported:?}") };
        assert_eq!(
            (success.name.as_str(), &success.limits),
            ("rate/success", &vec![("min", 0.95)])
        );
        let gate = "interval = '60s'\ncount = 5\nfailure_limit = 2\ninconclusive_limit = 0\n\
                    on_no_data = 'error'\nanalysis_run = { error_limit = 1 }";
        assert_eq!(success.gate, toml::from_str(gate).unwrap());
        assert_eq!(success.time, Some(240_000_000_000));
        assert_eq!((shape.limits.len(), shape.time), (0, None));
        assert_eq!(imported.strategy["starting_step"].as_integer(), Some(1));
        assert_eq!(imported.notes.len(), 2, "{:?}", imported.notes);
        // In a step one that goes on for ever would never end.
        let step = with_strategy(
            "canary:
  steps:
  - analysis: {templates: [{templateName: rate, clusterScope: true}]}",
        );
        let files = [step.as_str(), TEMPLATE].map(|text| Manifest { path: "x.yaml", text });
        let problems = super::super::read(&files, None).unwrap_err();
        assert_eq!((problems.len(), problems[0].file, problems[0].line), (1, 1, 15));
    }

    #[test]
    fn a_workload_has_the_pod_template() {
        let rollout = "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  replicas: 4
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  strategy: {canary: {}}
";
        let deployment = "---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 0
  selector: {}
  template:
    spec:
      terminationGracePeriodSeconds: 77
      containers: [{name: api}]
";
        let imported = read(&format!("{rollout}{deployment}"), None).unwrap();
        assert_eq!(imported.scenario["shutdown"]["grace"].as_str(), Some("77s"));
        assert_eq!(imported.scenario["fleet"]["instances"].as_integer(), Some(4));
        let alone = read(rollout, None).unwrap();
        assert!(alone.notes[0].contains("workloadRef"), "{:?}", alone.notes);
    }
}
