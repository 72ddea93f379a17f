//! How does a Kubernetes `apps/v1` StatefulSet roll out?
//!
//! # What it reads
//! `spec`: `replicas`, `updateStrategy`, `podManagementPolicy`, `minReadySeconds` and the pod
//! template (see `pod.rs`). It becomes the strategy `stateful-set`, which is the controller's own
//! machine; with `updateStrategy.type: OnDelete` nothing is rolled out, and it becomes `none`.
//!
//! # Defaults
//! 1 replica, RollingUpdate, partition 0, `podManagementPolicy: OrderedReady`, `minReadySeconds` 0
//! (`pkg/apis/apps/v1/defaults.go`). What Kubernetes would refuse is refused
//! (`pkg/apis/apps/validation/validation.go`).
//!
//! # What is not modelled
//! `rollingUpdate.maxUnavailable` takes effect only under the feature gate
//! MaxUnavailableStatefulSet, which is off by default in every release so far: it is dropped with a
//! note, as such a cluster drops it. There is no progress deadline: here ten minutes beyond the
//! time to stop count as a stall, on which nothing acts. Volumes, `ordinals.start` and the claims'
//! retention are noted or left out.
//!
//! # Worked example
//! ```yaml
//! apiVersion: apps/v1
//! kind: StatefulSet
//! metadata: {name: store}
//! spec:
//!   replicas: 5
//!   podManagementPolicy: Parallel
//!   updateStrategy: {rollingUpdate: {partition: 2}}
//!   selector: {matchLabels: {app: store}}
//!   serviceName: store
//!   template:
//!     metadata: {labels: {app: store}}
//!     spec: {containers: [{name: db}]}
//! ```
//! replaces ordinals 4, 3 and 2, one by one, and leaves 1 and 0 as they are.

use toml::{Table, Value};

use super::bound::{self, MOST_INT32};
use super::findings::{Findings, Known, nearest, quote};
use super::tree::Field;
use super::write::{MOST_SECONDS, seconds};
use super::{Controller, Object, Part, Sign, claims_nothing, pod, workload};

/// The entry of the catalog.
pub(super) const CONTROLLER: Controller = Controller {
    title: "apps/v1 StatefulSet",
    sign: Sign::Kubernetes { api: "apps/v1", kind: "StatefulSet", retired: &RETIRED },
    companions: &workload::COMPANIONS,
    claims: claims_nothing,
    read,
};

/// Groups that served StatefulSets before Kubernetes 1.16.
const RETIRED: [&str; 2] = ["apps/v1beta1", "apps/v1beta2"];

const SPEC_FIELDS: &[&str] = &[
    "replicas",
    "updateStrategy",
    "podManagementPolicy",
    "minReadySeconds",
    "selector",
    "serviceName",
    "template",
    "volumeClaimTemplates",
    "persistentVolumeClaimRetentionPolicy",
    "ordinals",
    "revisionHistoryLimit",
];

/// Nothing for this long, beyond the time to stop, is told as a stall.
const PATIENCE_SECONDS: i64 = 600;

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
    if spec.get("ordinals").is_some() {
        found.note("`ordinals` is not modelled: ordinals begin at 0 here".into());
    }
    found.whole(spec, "revisionHistoryLimit", 0..=MOST_INT32);
    part
}

/// One of two words, the first if nothing is written.
fn either(
    parent: Field<'_>,
    key: &str,
    words: [&'static str; 2],
    found: &mut Findings,
) -> &'static str {
    let Some(word) = found.word(parent, key).filter(|word| !word.value.is_empty()) else {
        return words[0];
    };
    if let Some(known) = words.into_iter().find(|known| *known == word.value) {
        return known;
    }
    let message = format!("`{key}` is `{}` or `{}`, not {}", words[0], words[1], quote(word.value));
    let help = nearest(word.value, &words).map(|near| format!("did you mean `{near}`?"));
    found.problem(word.place, message, help.as_deref());
    words[0]
}

fn strategy(spec: Field<'_>, found: &mut Findings) -> Table {
    let policy = either(spec, "podManagementPolicy", ["OrderedReady", "Parallel"], found);
    let pod_management = if policy == "Parallel" { "parallel" } else { "ordered-ready" };
    let update = found.mapping(spec, "updateStrategy");
    let rolling = update.and_then(|update| found.mapping(update, "rollingUpdate"));
    if let Some(update) = update {
        found.strangers(update, "updateStrategy", Known::All(&["type", "rollingUpdate"]));
        let kind = either(update, "type", ["RollingUpdate", "OnDelete"], found);
        if kind == "OnDelete" {
            if let Some(rolling) = rolling {
                let message = "`rollingUpdate` must not be set when `type` is `OnDelete`".into();
                found.problem(rolling.place(), message, Some("remove one of the two"));
            }
            found.note(
                "`OnDelete` replaces a pod only when somebody deletes it: simulated as no rollout"
                    .into(),
            );
            return Table::from_iter([("kind".into(), Value::String("none".into()))]);
        }
    }
    let mut table = Table::from_iter([
        ("kind".into(), Value::String("stateful-set".into())),
        ("pod_management".into(), Value::String(pod_management.into())),
    ]);
    let mut partition = 0;
    if let Some(rolling) = rolling {
        let known = Known::All(&["partition", "maxUnavailable"]);
        found.strangers(rolling, "rollingUpdate", known);
        partition = found.whole(rolling, "partition", 0..=MOST_INT32).map_or(0, |n| n.value);
        max_unavailable(rolling, found);
    }
    table.insert("partition".into(), Value::Integer(partition));
    table
}

/// Checked as the API server does, and dropped as it does while the feature gate is off.
fn max_unavailable(rolling: Field<'_>, found: &mut Findings) {
    let Some(bound) = bound::read(rolling, "maxUnavailable", found) else { return };
    if let Some(place) = bound.place {
        if bound.is_zero() {
            found.problem(place, "`maxUnavailable` must not be 0".into(), Some("write 1 or more"));
        }
        if bound.is_over_whole() {
            let message = "`maxUnavailable` must not be greater than 100%".into();
            found.problem(place, message, None);
        }
    }
    found.note(format!(
        "`maxUnavailable` is dropped unless the cluster has the feature gate \
         MaxUnavailableStatefulSet: pods go one by one here; if it has, add `max_unavailable = {}`",
        bound.to_toml()
    ));
}

fn progress(spec: Field<'_>, scenario: &mut Table, found: &mut Findings) {
    let ready_s = found.whole(spec, "minReadySeconds", 0..=MOST_INT32).map_or(0, |n| n.value);
    let grace_s = scenario
        .get("shutdown")
        .and_then(|shutdown| shutdown.get("grace")?.as_str()?.strip_suffix('s')?.parse().ok())
        .unwrap_or(0);
    let patience = PATIENCE_SECONDS + grace_s + ready_s;
    let readiness = scenario.entry("readiness").or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(readiness) = readiness {
        readiness.insert("min_ready".into(), seconds(ready_s.min(MOST_SECONDS / 2)));
        readiness.insert("deadline".into(), seconds(patience.min(MOST_SECONDS)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, read};
    use super::super::{Imported, Problem};

    fn with_spec(fields: &str) -> String {
        let head = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: store}\nspec:\n";
        let rest = "  selector: {}\n  serviceName: store\n  template: {spec: {containers: [{name: \
                    db}]}}\n";
        format!("{head}{rest}  {}\n", fields.replace('\n', "\n  "))
    }

    fn imported(fields: &str) -> Result<Imported, Vec<Problem>> {
        read(&with_spec(fields), None)
    }

    /// Checks the strategy and the fleet that some fields make.
    fn check_strategy(fields: &str, strategy: &str, instances: i64) {
        let imported = imported(fields).unwrap();
        assert_eq!(imported.strategy, toml::from_str(strategy).unwrap(), "{fields}");
        assert_eq!(imported.scenario["fleet"]["instances"].as_integer(), Some(instances));
    }

    #[test]
    fn worked_example() {
        check_strategy(
            "replicas: 5\npodManagementPolicy: Parallel\n\
             updateStrategy: {rollingUpdate: {partition: 2}}",
            "kind = 'stateful-set'\npod_management = 'parallel'\npartition = 2",
            5,
        );
        let ordered = "kind = 'stateful-set'\npod_management = 'ordered-ready'\npartition = 0";
        check_strategy("", ordered, 1);
        check_strategy("updateStrategy: {type: OnDelete}", "kind = 'none'", 1);
    }

    #[test]
    fn there_is_no_deadline_but_a_time_after_which_nothing_more_is_expected() {
        let readiness = imported("minReadySeconds: 7").unwrap().scenario;
        let of = |key: &str| readiness["readiness"][key].as_str().map(str::to_owned);
        assert_eq!((of("min_ready"), of("deadline")), (Some("7s".into()), Some("637s".into())));
    }

    #[test]
    fn what_kubernetes_refuses_or_drops() {
        for (fields, expected) in [
            (
                "podManagementPolicy: parallel",
                "8:24: `podManagementPolicy` is `OrderedReady` or `Parallel`, not `parallel` (did \
                 you mean `Parallel`?)",
            ),
            (
                "updateStrategy: {type: OnDelete, rollingUpdate: {}}",
                "8:51: `rollingUpdate` must not be set when `type` is `OnDelete` (remove one of \
                 the two)",
            ),
            (
                "updateStrategy: {rollingUpdate: {partition: -1}}",
                "8:47: `partition` is -1, and must not be negative",
            ),
            (
                "updateStrategy: {rollingUpdate: {maxUnavailable: 0}}",
                "8:52: `maxUnavailable` must not be 0 (write 1 or more)",
            ),
            (
                "updateStrategy: {rollingUpdate: {maxUnavailable: 2}}",
                "`maxUnavailable` is dropped unless the cluster has the feature gate \
                 MaxUnavailableStatefulSet: pods go one by one here; if it has, add \
                 `max_unavailable = 2`",
            ),
        ] {
            check(&with_spec(fields), &[expected]);
        }
    }
}
