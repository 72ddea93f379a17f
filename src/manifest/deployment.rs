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
//! `paused`, which is noted, and what stands beside it (see `workload.rs`). The progress deadline
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
use super::write::{MOST_SECONDS, seconds};
use super::{Controller, Object, Part, Sign, claims_nothing, pod, workload};

/// The entry of the catalog.
pub(super) const CONTROLLER: Controller = Controller {
    title: "apps/v1 Deployment",
    sign: Sign::Kubernetes { api: "apps/v1", kind: "Deployment", retired: &RETIRED },
    companions: &workload::COMPANIONS,
    claims: claims_nothing,
    read,
};

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

fn read(object: &Object<'_>, others: &[Object<'_>], found: &mut Findings) -> Part {
    let mut part = Part::default();
    let Some(spec) = workload::spec(object, found) else { return part };
    found.strangers(spec, "spec", Known::All(SPEC_FIELDS));
    part.strategy = strategy(spec, found);
    if let Some(template) = workload::template(object, spec, found) {
        pod::read(template, &mut part.scenario, found);
    }
    progress(spec, &mut part.scenario, found);
    workload::fleet(object, spec, others, (&mut part.scenario, found));
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
    refuse_bounds(unavailable, surge, found);
    Table::from_iter([
        ("kind".into(), Value::String("rolling".into())),
        ("max_unavailable".into(), unavailable.to_toml()),
        ("max_surge".into(), surge.to_toml()),
    ])
}

fn refuse_bounds(unavailable: Bound, surge: Bound, found: &mut Findings) {
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
pub(super) fn progress(spec: Field<'_>, scenario: &mut Table, found: &mut Findings) {
    let min_ready = found.whole(spec, "minReadySeconds", 0..=MOST_INT32);
    let deadline = found.whole(spec, "progressDeadlineSeconds", 0..=MOST_INT32);
    let ready_s = min_ready.map_or(0, |written| written.value);
    let deadline_s = deadline.map_or(DEFAULT_DEADLINE_SECONDS, |written| written.value);
    if deadline_s <= ready_s
        && let Some(written) = deadline.or(min_ready)
    {
        let message = format!(
            "`progressDeadlineSeconds` ({deadline_s}) must be greater than \
             `minReadySeconds` ({ready_s})"
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

#[cfg(test)]
mod tests {
    use super::super::Imported;
    use super::super::tests::{check, read, with_spec};

    fn imported(text: &str) -> Imported {
        read(text, None).unwrap()
    }

    #[test]
    fn worked_example() {
        let Imported { strategy, scenario, notes, .. } = imported(
            "
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec:
  replicas: 8
  minReadySeconds: 10
  strategy:
    rollingUpdate: {maxUnavailable: 0, maxSurge: 25%}
  selector: {matchLabels: {app: checkout}}
  template:
    metadata: {labels: {app: checkout}}
    spec:
      containers:
        - name: api
          readinessProbe: {httpGet: {port: 8080}, periodSeconds: 5}
",
        );
        let rolling = "kind = 'rolling'\nmax_unavailable = 0\nmax_surge = '25%'";
        assert_eq!(strategy, toml::from_str(rolling).unwrap());
        let rest = "
            fleet = { instances = 8 }
            shutdown = { pre_stop = '0s', grace = '30s' }
            [readiness]
            initial_delay = '0s'
            period = '5s'
            timeout = '1s'
            success_threshold = 1
            failure_threshold = 3
            min_ready = '10s'
            deadline = '600s'
        ";
        assert_eq!(scenario, toml::from_str(rest).unwrap());
        assert_eq!(notes, [""; 0]);
    }

    #[test]
    fn what_is_not_written_has_kubernetes_defaults() {
        for spec in ["", "replicas:\nstrategy: ~\nminReadySeconds: null", "strategy: {type: ''}"] {
            let Imported { strategy, scenario, .. } = imported(&with_spec(spec));
            let quarter = "kind = 'rolling'\nmax_unavailable = '25%'\nmax_surge = '25%'";
            assert_eq!(strategy, toml::from_str(quarter).unwrap(), "{spec}");
            let rest = "
                fleet.instances = 1
                readiness = { period = '0s', min_ready = '0s', deadline = '600s' }
                shutdown = { pre_stop = '0s', grace = '30s' }
            ";
            assert_eq!(scenario, toml::from_str(rest).unwrap(), "{spec}");
        }
    }

    /// What became of the bounds: as in `rollingUpdate`, then as in a strategy; none is refused.
    fn check_bounds(written: &str, expected: Option<&str>) {
        let text = with_spec(&format!("strategy: {{rollingUpdate: {{{written}}}}}"));
        let strategy = read(&text, None).ok().map(|imported| imported.strategy);
        let rolling =
            |bounds: &str| toml::from_str(&format!("kind = 'rolling'\n{bounds}")).unwrap();
        assert_eq!(strategy, expected.map(rolling), "{written}");
    }

    #[test]
    fn bounds_are_taken_or_refused_as_the_api_server_does() {
        // The first five were recorded from the API server of Kubernetes 1.36.2.
        check_bounds("maxSurge: 0%, maxUnavailable: 0%", None);
        check_bounds("maxSurge: 0, maxUnavailable: 0", None);
        check_bounds("maxSurge: 9, maxUnavailable: 0", Some("max_surge = 9\nmax_unavailable = 0"));
        check_bounds(
            "maxSurge: 150%, maxUnavailable: 0",
            Some("max_surge = '150%'\nmax_unavailable = 0"),
        );
        check_bounds(
            "maxSurge: 1%, maxUnavailable: '1%'",
            Some("max_surge = '1%'\nmax_unavailable = '1%'"),
        );
        check_bounds("maxSurge: 0, maxUnavailable: 000%", None);
        check_bounds("maxSurge: 0", Some("max_surge = 0\nmax_unavailable = '25%'"));
        check_bounds("maxUnavailable: 100%", Some("max_unavailable = '100%'\nmax_surge = '25%'"));
        check_bounds("maxUnavailable: 200", Some("max_unavailable = 200\nmax_surge = '25%'"));
        for wrong in
            ["101%", "'1'", "25.5%", "-1%", "-1", "1.5", "%", "''", "true", "[1]", "4294967296"]
        {
            check_bounds(&format!("maxUnavailable: {wrong}"), None);
        }
    }

    #[test]
    fn recreate_has_no_bounds() {
        let strategy = imported(&with_spec("strategy: {type: Recreate}")).strategy;
        assert_eq!(strategy, toml::from_str("kind = 'recreate'").unwrap());
        check(
            &with_spec("strategy:\n  type: Recreate\n  rollingUpdate:\n    maxSurge: 1"),
            &["10:7: `rollingUpdate` must not be set when `type` is `Recreate` \
               (remove one of the two)"],
        );
    }

    #[test]
    fn what_kubernetes_refuses_is_told_with_its_place() {
        for (spec, expected) in [
            ("replicas: -1", "7:13: `replicas` is -1, and must not be negative"),
            (
                "replicas: \"3\"",
                "7:13: `replicas` must be a whole number, not the string `3` \
                 (write `replicas: 3`, without quotes)",
            ),
            ("replicas: 2.5", "7:13: `replicas` must be a whole number, not the number `2.5`"),
            ("replicas: 010", "7:13: `replicas` must be a whole number, not the number `010`"),
            (
                "replicas: {{ .Values.count }}",
                "7:13: this is a template, not yet a manifest \
                 (render it first, for example with `helm template`)",
            ),
            (
                "replicas: ${COUNT}",
                "7:13: `replicas` must be a whole number, not the string `${COUNT}` \
                 (fill in the template first)",
            ),
            (
                "strategy:\n  rollingUpdate:\n    maxSurge: 0\n    maxUnavailable: 0%",
                "10:23: `maxUnavailable` may not be 0 when `maxSurge` is 0 \
                 (allow one of them, for example `maxSurge: 1`)",
            ),
            (
                "strategy: {rollingUpdate: {maxUnavailable: 110%}}",
                "7:46: `maxUnavailable` must not be greater than 100%",
            ),
            (
                "strategy: {rollingUpdate: {maxSurge: \"25\"}}",
                "7:40: `maxSurge` must be a count or a whole percentage, not the string `25` \
                 (write `maxSurge: 25`, or `maxSurge: 25%`)",
            ),
            (
                "strategy: {type: rollingupdate}",
                "7:20: the strategy's `type` is `RollingUpdate` or `Recreate`, not \
                 `rollingupdate` (did you mean `RollingUpdate`?)",
            ),
            ("strategy: Recreate", "7:13: `strategy` must be a mapping, not the string `Recreate`"),
            (
                "minReadySeconds: 60\nprogressDeadlineSeconds: 60",
                "8:28: `progressDeadlineSeconds` (60) must be greater than `minReadySeconds` (60) \
                 (raise `progressDeadlineSeconds` above 60, or lower `minReadySeconds`)",
            ),
            (
                "minReadySeconds: 600",
                "7:20: `progressDeadlineSeconds` (600) must be greater than `minReadySeconds` \
                 (600) (raise `progressDeadlineSeconds` above 600, or lower `minReadySeconds`)",
            ),
            (
                "progressDeadlineSeconds: 2147483648",
                "7:28: `progressDeadlineSeconds` is 2147483648, outside of 0 to 2147483647",
            ),
            ("paused: 1", "7:11: `paused` must be `true` or `false`, not the number 1"),
            (
                "replicas: 1\nreplicas: 2",
                "8:3: `replicas` is written twice (it is first on line 7)",
            ),
        ] {
            check(&with_spec(spec), &[expected]);
        }
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let head = "apiVersion: apps/v1\nkind: Deployment\n";
        check(
            &format!("{head}spec:\n  replicas: -1\n  minReadySeconds: soon\n"),
            &[
                "4:3: the Deployment has no `spec.template` \
                 (its probes and hooks are read from there)",
                "4:13: `replicas` is -1, and must not be negative",
                "5:20: `minReadySeconds` must be a whole number, not the string `soon`",
            ],
        );
        check(
            head,
            &["2:7: the Deployment has no `spec` \
               (write `replicas`, `template` and its strategy there)"],
        );
    }

    #[test]
    fn what_would_surprise_is_noted() {
        for (spec, expected) in [
            ("paused: yes", "`paused: true` is ignored: simulated as if it were resumed"),
            ("replicas: 0", "`replicas: 0` is no fleet: set `fleet.instances` in the scenario"),
            (
                "progressDeadlineSeconds: 2147483647",
                "`progressDeadlineSeconds` says that there is no deadline: ten years here",
            ),
            (
                "strategy: {rollingUpdate: {maxSurges: 1}}",
                "`maxSurges` means nothing in rollingUpdate and is ignored; \
                 did you mean `maxSurge`?",
            ),
            (
                "strategy: {minReadySeconds: 5}",
                "`minReadySeconds` means nothing in spec.strategy and is ignored; \
                 it belongs in spec",
            ),
            ("color: red", "`color` means nothing in spec and is ignored"),
        ] {
            check(&with_spec(spec), &[expected]);
        }
        check(
            &with_spec("").replace("selector", "revisionHistoryLimit: 3\n  # "),
            &["there is no `selector`, which Kubernetes would refuse (a kustomize base?)"],
        );
        assert!(imported(&with_spec("replicas: 0")).scenario.get("fleet").is_none());
    }
}
