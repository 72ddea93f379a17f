//! What do the workload controllers of Kubernetes have in common, and what do objects beside a
//! workload say about it?
//!
//! # What it reads
//! `spec.replicas`, `spec.template` and `spec.selector`; and, where they are in the files, the
//! HorizontalPodAutoscaler that scales the workload, and the PodDisruptionBudgets and Services that
//! select its pods. Other controllers with pod templates can use it as it is.
//!
//! # What becomes of it
//! The autoscaler's `minReplicas` is the size of a fleet whose manifest says none; that it would
//! act is noted. A disruption budget does not limit a rollout (only evictions ask for it), which is
//! noted because many believe it does, with the fault whose evictions it would limit. Of a Service,
//! what sends requests another way is noted.

use toml::{Table, Value};

use super::Object;
use super::bound;
use super::findings::{Findings, quote};
use super::tree::{Field, Kind};

/// Largest fleet that a scenario may have.
pub(super) const MOST_REPLICAS: i64 = 1_000_000;

/// Kinds of objects that say something about a workload.
pub(super) const COMPANIONS: [&str; 3] =
    ["HorizontalPodAutoscaler", "PodDisruptionBudget", "Service"];

/// The object's `spec`; that there is none is a problem.
pub(super) fn spec<'t>(object: &Object<'t>, found: &mut Findings) -> Option<Field<'t>> {
    let spec = found.mapping(object.root, "spec");
    if spec.is_none() {
        let message = format!("the {} has no `spec`", object.kind);
        let help = "write `replicas`, `template` and its strategy there";
        found.problem(object.place, message, Some(help));
    }
    spec
}

/// The pod template; that there is none is a problem, that there is no selector a note.
pub(super) fn template<'t>(
    object: &Object<'t>,
    spec: Field<'t>,
    found: &mut Findings,
) -> Option<Field<'t>> {
    match spec.get("selector") {
        Some(selector) => selector.see_all(),
        None => found.note(
            "there is no `selector`, which Kubernetes would refuse (a kustomize base?)".into(),
        ),
    }
    let template = found.mapping(spec, "template");
    if template.is_none() {
        let message = format!("the {} has no `spec.template`", object.kind);
        found.problem(spec.place(), message, Some("its probes and hooks are read from there"));
    }
    template
}

/// Puts the size of the fleet into the scenario, with what others say about it: one autoscaler,
/// disruption budgets, services.
pub(super) fn fleet(
    object: &Object<'_>,
    spec: Field<'_>,
    others: &[Object<'_>],
    (scenario, found): (&mut Table, &mut Findings),
) {
    let written = found.whole(spec, "replicas", 0..=MOST_REPLICAS).map(|n| n.value);
    let least = autoscaler(object, written, others, found);
    let replicas = written.or(least).unwrap_or(1);
    if replicas == 0 {
        found.note("`replicas: 0` is no fleet: set `fleet.instances` in the scenario".into());
    } else {
        let instances = Table::from_iter([("instances".into(), Value::Integer(replicas))]);
        scenario.insert("fleet".into(), Value::Table(instances));
    }
    for other in others.iter().filter(|other| selects(other, object, spec)) {
        match other.kind {
            "PodDisruptionBudget" => disruption_budget(other, found),
            _ => service(other, found),
        }
    }
}

/// A budget binds evictions, which a scenario has as a fault: that is what is to be written.
fn disruption_budget(budget: &Object<'_>, found: &mut Findings) {
    let Some(spec) = budget.root.get("spec") else { return };
    let bounds = [("minAvailable", "min_available"), ("maxUnavailable", "max_unavailable")];
    let written = bounds.iter().find_map(|(key, name)| {
        Some(format!(" and `{name} = {}`", bound::read(spec, key, found)?.to_toml()))
    });
    found.note(format!(
        "its PodDisruptionBudget limits evictions, such as a drained node's, and no rollout; to \
         drain nodes meanwhile write `[[faults]]` with `kind = \"node-drain\"`{}",
        written.unwrap_or_default()
    ));
}

/// What the autoscaler starts from, where there is one and nothing else says it.
fn autoscaler(
    object: &Object<'_>,
    replicas: Option<i64>,
    others: &[Object<'_>],
    found: &mut Findings,
) -> Option<i64> {
    let scales = |other: &&Object<'_>| {
        let text = |key| other.root.find(&["spec", "scaleTargetRef", key]).and_then(Field::text);
        other.kind == "HorizontalPodAutoscaler"
            && text("name") == object.name
            && text("kind") == Some(object.kind)
    };
    let spec = others.iter().find(scales)?.root.get("spec")?;
    let bound = |key: &str| match spec.get(key).map(Field::kind) {
        Some(Kind::Integer(count @ 1..=MOST_REPLICAS)) => Some(count),
        _ => None,
    };
    let least = bound("minReplicas").unwrap_or(1);
    let most = bound("maxReplicas").map(|most| format!(", up to {most}")).unwrap_or_default();
    found.note(match replicas {
        Some(count) => format!(
            "its HorizontalPodAutoscaler is not modelled: the count stays at {count} (it would \
             scale from {least}{most})"
        ),
        None => format!(
            "its HorizontalPodAutoscaler is not modelled: the count stays at its least, {least} \
             (it would scale{most}): set `fleet.instances` to what runs"
        ),
    });
    Some(least)
}

/// Whether a budget or a service selects the workload's pods by their labels.
fn selects(other: &Object<'_>, object: &Object<'_>, spec: Field<'_>) -> bool {
    let selector = match other.kind {
        "PodDisruptionBudget" => other.root.find(&["spec", "selector", "matchLabels"]),
        "Service" => other.root.find(&["spec", "selector"]),
        _ => None,
    };
    let namespace = |one: &Object<'_>| {
        one.root.find(&["metadata", "namespace"]).and_then(Field::text).map(str::to_owned)
    };
    let (own, its) = (namespace(object), namespace(other));
    let is_elsewhere = own.is_some() && its.is_some() && own != its;
    let (Some(selector), false) = (selector, is_elsewhere) else { return false };
    let labels = spec.find(&["template", "metadata", "labels"]);
    let has = |key: &str, value: Option<&str>| {
        labels.and_then(|labels| labels.get(key)).and_then(Field::text) == value
    };
    let mut wanted = selector.entries().map(|(key, _, value)| (key, value.text())).peekable();
    wanted.peek().is_some() && wanted.all(|(key, value)| value.is_some() && has(key, value))
}

fn service(service: &Object<'_>, found: &mut Findings) {
    let name = service
        .name
        .map_or_else(|| "its Service".into(), |name| format!("Service {}", quote(name)));
    let Some(spec) = service.root.get("spec") else { return };
    let text = |key| spec.get(key).and_then(Field::text);
    if text("sessionAffinity") == Some("ClientIP") {
        found.note(format!(
            "{name} keeps each client on one pod (`sessionAffinity: ClientIP`): set the share of \
             such requests in `traffic.sessions`"
        ));
    }
    if matches!(spec.get("publishNotReadyAddresses").map(Field::kind), Some(Kind::Bool(true))) {
        found.note(format!(
            "{name} publishes addresses that are not ready: requests to those are not modelled"
        ));
    }
    if text("externalTrafficPolicy") == Some("Local") {
        found.note(format!(
            "{name} sends requests from outside to pods of the same node only: every instance gets \
             its share here"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, read, with_spec};

    const OTHERS: &str = "
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: shop}
spec: {minAvailable: 80%, selector: {matchLabels: {app: shop}}}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, sessionAffinity: ClientIP, publishNotReadyAddresses: true}
---
apiVersion: v1
kind: Service
metadata: {name: other}
spec: {selector: {app: shop, tier: front}, sessionAffinity: ClientIP}
---
";

    fn labelled(spec: &str) -> String {
        with_spec(spec).replace("template: {", "template: {metadata: {labels: {app: shop}}, ")
    }

    #[test]
    fn what_selects_the_pods_is_noted() {
        let budget = "its PodDisruptionBudget limits evictions, such as a drained node's, and no \
                      rollout; to drain nodes meanwhile write `[[faults]]` with \
                      `kind = \"node-drain\"` and `min_available = \"80%\"`";
        let sticky = "Service `shop` keeps each client on one pod (`sessionAffinity: ClientIP`): \
                      set the share of such requests in `traffic.sessions`";
        let unready = "Service `shop` publishes addresses that are not ready: requests to those \
                       are not modelled";
        check(&format!("{OTHERS}{}", labelled("replicas: 2")), &[budget, sticky, unready]);
        check(&format!("{OTHERS}{}", with_spec("replicas: 2")), &[]);
        let elsewhere = OTHERS.replace("{name: shop}", "{name: shop, namespace: a}");
        let own = labelled("replicas: 2").replace("{name: checkout}", "{name: x, namespace: b}");
        check(&format!("{elsewhere}{own}"), &[]);
    }

    #[test]
    fn an_autoscaler_says_how_many_where_nothing_else_does() {
        let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nspec: \
            {scaleTargetRef: {kind: Deployment, name: checkout}, minReplicas: 3, maxReplicas: 9}\n\
            ---\n";
        let text = |spec| format!("{scaler}{}", with_spec(spec));
        let note = "its HorizontalPodAutoscaler is not modelled: the count stays at";
        check(&text("replicas: 2"), &[&format!("{note} 2 (it would scale from 3, up to 9)")]);
        check(
            &text(""),
            &[&format!(
                "{note} its least, 3 (it would scale, up to 9): set `fleet.instances` to what runs"
            )],
        );
        let instances = read(&text(""), None).unwrap().scenario["fleet"]["instances"].as_integer();
        assert_eq!(instances, Some(3));
        check(&text("replicas: 2").replace("name: checkout},", "name: other},"), &[]);
    }
}
