//! What does a pod template say about starting, being ready and stopping?
//!
//! # What it reads
//! The probes and hooks of its containers, `terminationGracePeriodSeconds`, and the readiness gates
//! that a load balancer's controller sets. Every workload controller has such a template.
//!
//! # Defaults
//! Grace period 30 s; the probes' in `probe.rs`. A pod without a readiness probe is ready as soon
//! as its containers run: a period of 0 s.
//!
//! # What is not modelled
//! Single containers: an instance is a whole pod. It is ready when all of its containers are, so
//! where several have a readiness probe the one that is slowest to pass stands for all; of several
//! liveness or startup probes the one that restarts soonest; and hooks run side by side, so the
//! longest counts. A sidecar (an init container that is always restarted) counts as a container,
//! except that it stops after the others. Init containers, scheduling constraints and other
//! readiness gates are noted.
//!
//! # Worked example
//! ```yaml
//! terminationGracePeriodSeconds: 45
//! containers:
//!   - name: api
//!     readinessProbe: {httpGet: {port: 8080}, periodSeconds: 5}
//!     lifecycle: {preStop: {sleep: {seconds: 15}}}
//! ```
//! is asked every 5 s whether it is ready; told to stop, it serves 15 s more, and 45 s after being
//! told it is killed.

use toml::{Table, Value};

use super::findings::{Findings, Known, quote};
use super::pre_stop;
use super::probe::{self, Probe, Role};
use super::tree::{Field, Kind};
use super::write::{NANOS_PER_SECOND, duration};

const DEFAULT_GRACE_SECONDS: i64 = 30;

/// Longest grace period that a scenario may hold: ten years.
const MOST_GRACE_SECONDS: i64 = 10 * 365 * 86_400;

/// The kubelet leaves at least this between the end of the hooks and the kill
/// (`minimumGracePeriodInSeconds` in `pkg/kubelet/kuberuntime/kuberuntime_manager.go`).
const LEAST_AFTER_HOOK_SECONDS: u64 = 2;

/// Readiness gates that say "the load balancer routes to it", by the beginning of their type.
const ROUTED_GATES: [&str; 3] = [
    "target-health.elbv2.k8s.aws/",
    "target-health.alb.ingress.k8s.aws/",
    "cloud.google.com/load-balancer-neg-ready",
];

const SPEC_FIELDS: &[&str] = &[
    "containers",
    "initContainers",
    "terminationGracePeriodSeconds",
    "readinessGates",
    "restartPolicy",
    "topologySpreadConstraints",
    "affinity",
    "hostNetwork",
];

const CONTAINER_FIELDS: &[&str] = &[
    "name",
    "lifecycle",
    "readinessProbe",
    "livenessProbe",
    "startupProbe",
    "restartPolicy",
    "ports",
];

/// A container and what it is called in messages.
#[derive(Clone)]
struct Container<'t> {
    name: String,
    field: Field<'t>,
    sidecar: bool,
}

/// Puts what the pod template at `template` says into a scenario's `readiness`, `liveness`,
/// `startup_probe` and `shutdown`.
pub(super) fn read(template: Field<'_>, scenario: &mut Table, found: &mut Findings) {
    found.strangers(template, "spec.template", Known::All(&["metadata", "spec"]));
    let Some(spec) = found.mapping(template, "spec") else {
        let message = "the pod template has no `spec`".into();
        found.problem(template.place(), message, Some("write its `containers` there"));
        return;
    };
    found.strangers(spec, "spec.template.spec", Known::Read(SPEC_FIELDS));
    check_restart_policy(spec, found);
    let containers = containers(spec, found);
    let mut readiness = Table::new();
    for role in [Role::Readiness, Role::Liveness, Role::Startup] {
        let probe = strictest(&containers, role, found).map(|probe| probe.to_toml(role));
        match (role, probe) {
            (Role::Readiness, Some(probe)) => readiness = probe,
            (Role::Readiness, None) => {
                readiness.insert("period".into(), Value::String("0s".into()));
            }
            (Role::Liveness, Some(probe)) => insert(scenario, "liveness", probe),
            (Role::Startup, Some(probe)) => insert(scenario, "startup_probe", probe),
            (_, None) => {}
        }
    }
    if is_routed(spec, found) {
        readiness.insert("until".into(), Value::String("routed".into()));
    }
    insert(scenario, "readiness", readiness);
    insert(scenario, "shutdown", shutdown(spec, &containers, found));
    note_scheduling(spec, &containers, found);
}

fn insert(scenario: &mut Table, name: &str, part: Table) {
    scenario.insert(name.into(), Value::Table(part));
}

fn check_restart_policy(spec: Field<'_>, found: &mut Findings) {
    if let Some(policy) = found.word(spec, "restartPolicy")
        && policy.value != "Always"
    {
        let message = format!("`restartPolicy` must be `Always`, not {}", quote(policy.value));
        found.problem(policy.place, message, Some("a controller's pods always restart"));
    }
}

/// The containers that run as long as the pod does.
fn containers<'t>(spec: Field<'t>, found: &mut Findings) -> Vec<Container<'t>> {
    let named = |field: Field<'t>, at: usize, sidecar: bool| {
        let name = field.get("name").and_then(Field::text).map(quote);
        Container { name: name.unwrap_or_else(|| format!("number {}", at + 1)), field, sidecar }
    };
    let mut all = Vec::new();
    for (at, field) in found.mappings(spec, "containers").into_iter().enumerate() {
        all.push(named(field, at, false));
    }
    if all.is_empty() {
        let message = "the pod template has no `containers`".into();
        found.problem(spec.place(), message, Some("write at least one"));
    }
    let mut before = Vec::new();
    for (at, field) in found.mappings(spec, "initContainers").into_iter().enumerate() {
        match field.get("restartPolicy").and_then(Field::text) {
            Some("Always") => all.push(named(field, at, true)),
            _ => before.push(named(field, at, false).name),
        }
    }
    if !before.is_empty() {
        let names = before.join(", ");
        found.note(format!("init containers ({names}) are not modelled: add them to the boot"));
    }
    for container in &all {
        found.strangers(container.field, "a container", Known::Read(CONTAINER_FIELDS));
    }
    all
}

fn strictest(containers: &[Container<'_>], role: Role, found: &mut Findings) -> Option<Probe> {
    let mut probes = Vec::new();
    for container in containers {
        probes.extend(probe::read(container.field, role, found).map(|probe| (container, probe)));
    }
    // Of equals the first.
    let (container, strictest) = match role {
        Role::Readiness => probes.iter().rev().max_by_key(|(_, probe)| probe.slowness())?,
        Role::Liveness | Role::Startup => {
            probes.iter().min_by_key(|(_, probe)| probe.patience())?
        }
    };
    if probes.iter().any(|(_, probe)| probe != strictest) {
        let way = if role == Role::Readiness { "slowest to pass" } else { "soonest to restart" };
        found.note(format!(
            "of {} {}s, that of container {}, the {way}, stands for all",
            probes.len(),
            role.key(),
            container.name
        ));
    }
    Some(*strictest)
}

/// Whether a readiness gate waits for the load balancer.
fn is_routed(spec: Field<'_>, found: &mut Findings) -> bool {
    let mut routed = false;
    for gate in found.mappings(spec, "readinessGates") {
        let Some(kind) = found.word(gate, "conditionType") else { continue };
        if ROUTED_GATES.iter().any(|prefix| kind.value.starts_with(prefix)) {
            routed = true;
        } else {
            found.note(format!("readiness gate {} is not modelled", quote(kind.value)));
        }
    }
    routed
}

fn shutdown(spec: Field<'_>, containers: &[Container<'_>], found: &mut Findings) -> Table {
    let grace = found
        .whole(spec, "terminationGracePeriodSeconds", 0..=MOST_GRACE_SECONDS)
        .map_or(DEFAULT_GRACE_SECONDS, |written| written.value);
    let mut hooks = Vec::new();
    for container in containers {
        let nanos = pre_stop::read(container.field, &container.name, grace, found);
        if !container.sidecar {
            hooks.push(nanos);
        } else if nanos > 0 {
            let name = &container.name;
            found.note(format!("preStop of sidecar {name} is not modelled: it stops last"));
        }
    }
    let longest = hooks.iter().copied().max().unwrap_or(0);
    if hooks.iter().any(|&nanos| nanos != longest) {
        found.note("the longest preStop of its containers stands for the pod".into());
    }
    let mut table = Table::new();
    table.insert("pre_stop".into(), duration(longest));
    table.insert("grace".into(), duration(killed_after(grace, longest, found)));
    table
}

/// Nanoseconds from being told to stop until the kill.
fn killed_after(grace: i64, pre_stop: u64, found: &mut Findings) -> u64 {
    let written = grace.unsigned_abs().saturating_mul(NANOS_PER_SECOND);
    let least = pre_stop.saturating_add(LEAST_AFTER_HOOK_SECONDS * NANOS_PER_SECOND);
    // With no grace at all the pod is gone at once, hooks or not.
    if grace == 0 || pre_stop == 0 || written >= least {
        return written;
    }
    found.note("preStop takes the whole grace period: the kubelet gives 2 s more".into());
    least
}

fn note_scheduling(spec: Field<'_>, containers: &[Container<'_>], found: &mut Findings) {
    let hard = found.mappings(spec, "topologySpreadConstraints").iter().any(|spread| {
        spread.get("whenUnsatisfiable").and_then(Field::text) == Some("DoNotSchedule")
    });
    if hard {
        found.note("topologySpreadConstraints are not modelled: new pods may find no place".into());
    }
    let apart = spec
        .get("affinity")
        .and_then(|affinity| affinity.get("podAntiAffinity"))
        .and_then(|rules| rules.get("requiredDuringSchedulingIgnoredDuringExecution"))
        .is_some_and(|rules| rules.items().next().is_some());
    if apart {
        found.note("required podAntiAffinity is not modelled: see `startup.surge_capacity`".into());
    }
    let host_port =
        |port: Field<'_>| matches!(port.get("hostPort").map(Field::kind), Some(Kind::Integer(1..)));
    let mut ports = containers.iter().filter_map(|container| container.field.get("ports"));
    if found.is_true(spec, "hostNetwork") || ports.any(|ports| ports.items().any(host_port)) {
        found.note("a host port is not modelled: see `startup.surge_capacity`".into());
    }
}
