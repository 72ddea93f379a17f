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
use super::write::{MOST_SECONDS, NANOS_PER_SECOND, duration};

const DEFAULT_GRACE_SECONDS: i64 = 30;

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
    refuse_restart_policy(spec, found);
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

fn refuse_restart_policy(spec: Field<'_>, found: &mut Findings) {
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
        .whole(spec, "terminationGracePeriodSeconds", 0..=MOST_SECONDS)
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

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::super::tests::{check, read, with_pod};

    /// Checks some tables of the scenario that a pod template makes, and the notes.
    fn check_scenario(pod: &str, expected: &str, notes: &[&str]) {
        let imported = read(&with_pod(pod), None).unwrap();
        let expected: Table = toml::from_str(expected).unwrap();
        for (table, value) in expected {
            assert_eq!(imported.scenario.get(&table), Some(&value), "{table} of {pod}");
        }
        assert_eq!(imported.notes, notes, "{pod}");
    }

    #[test]
    fn worked_example() {
        check_scenario(
            "terminationGracePeriodSeconds: 45
containers:
  - name: api
    readinessProbe: {httpGet: {port: 8080}, periodSeconds: 5}
    lifecycle: {preStop: {sleep: {seconds: 15}}}",
            "shutdown = { pre_stop = '15s', grace = '45s' }
            [readiness]
            initial_delay = '0s'
            period = '5s'
            timeout = '1s'
            success_threshold = 1
            failure_threshold = 3
            min_ready = '0s'
            deadline = '600s'",
            &[],
        );
    }

    #[test]
    fn the_strictest_probes_and_the_longest_hook_stand_for_the_pod() {
        check_scenario(
            "containers:
- name: api
  readinessProbe: {grpc: {port: 1}, periodSeconds: 5, successThreshold: 3}
  livenessProbe: {exec: {command: [true]}, initialDelaySeconds: 60}
  lifecycle: {preStop: {sleep: {seconds: 5}}}
- name: proxy
  readinessProbe: {grpc: {port: 2}, periodSeconds: 10}
  livenessProbe: {exec: {command: [true]}, periodSeconds: 20}
  lifecycle: {preStop: {sleep: {seconds: 10}}}",
            "shutdown = { pre_stop = '10s', grace = '30s' }
            [liveness]
            initial_delay = '0s'
            period = '20s'
            timeout = '1s'
            failure_threshold = 3
            [readiness]
            initial_delay = '0s'
            period = '5s'
            timeout = '1s'
            success_threshold = 3
            failure_threshold = 3
            min_ready = '0s'
            deadline = '600s'",
            &[
                "of 2 readinessProbes, that of container `api`, the slowest to pass, stands for \
                 all",
                "of 2 livenessProbes, that of container `proxy`, the soonest to restart, stands \
                 for all",
                "the longest preStop of its containers stands for the pod",
            ],
        );
    }

    #[test]
    fn anchors_and_merge_keys_repeat_a_container() {
        check_scenario(
            "containers:
- &api
  name: api
  startupProbe: &probe {httpGet: {port: 1}, periodSeconds: 3}
  livenessProbe: {<<: *probe, periodSeconds: 7}
- {<<: *api, name: twin}",
            "startup_probe = { initial_delay = '0s', period = '3s', failure_threshold = 3 }
            [liveness]
            initial_delay = '0s'
            period = '7s'
            timeout = '1s'
            failure_threshold = 3",
            &[],
        );
    }

    #[test]
    fn a_sidecar_counts_until_the_end() {
        check_scenario(
            "containers: [{name: api}]
initContainers:
- {name: migrate}
- name: proxy
  restartPolicy: Always
  readinessProbe: {grpc: {port: 2}, periodSeconds: 4}
  lifecycle: {preStop: {sleep: {seconds: 20}}}",
            "shutdown = { pre_stop = '0s', grace = '30s' }
            [readiness]
            initial_delay = '0s'
            period = '4s'
            timeout = '1s'
            success_threshold = 1
            failure_threshold = 3
            min_ready = '0s'
            deadline = '600s'",
            &[
                "init containers (`migrate`) are not modelled: add them to the boot",
                "preStop of sidecar `proxy` is not modelled: it stops last",
            ],
        );
    }

    #[test]
    fn the_kubelet_leaves_two_seconds_after_the_hook() {
        let note = "preStop takes the whole grace period: the kubelet gives 2 s more";
        for (grace, pre_stop, killed, notes) in
            [(30, 28, 30, &[][..]), (30, 29, 31, &[note]), (30, 30, 32, &[note]), (1, 0, 1, &[])]
        {
            check_scenario(
                &format!(
                    "terminationGracePeriodSeconds: {grace}\n\
                     containers: [{{lifecycle: {{preStop: {{sleep: {{seconds: {pre_stop}}}}}}}}}]"
                ),
                &format!("shutdown = {{ pre_stop = '{pre_stop}s', grace = '{killed}s' }}"),
                notes,
            );
        }
        check_scenario(
            "terminationGracePeriodSeconds: 0\n\
             containers: [{lifecycle: {preStop: {exec: {command: [sleep, 5]}}}}]",
            "shutdown = { pre_stop = '0s', grace = '0s' }",
            &["preStop of container number 1 outlasts the grace period of 0 s and is cut there"],
        );
    }

    #[test]
    fn a_load_balancers_gate_makes_ready_mean_routed() {
        check_scenario(
            "containers: [{name: api}]\nreadinessGates:\n\
             - conditionType: target-health.elbv2.k8s.aws/k8s-shop-api\n\
             - conditionType: example.com/warm",
            "readiness = { period = '0s', until = 'routed', min_ready = '0s', deadline = '600s' }",
            &["readiness gate `example.com/warm` is not modelled"],
        );
    }

    #[test]
    fn what_limits_a_surge_is_noted() {
        for (pod, note) in [
            (
                "topologySpreadConstraints: [{whenUnsatisfiable: DoNotSchedule}]",
                "topologySpreadConstraints are not modelled: new pods may find no place",
            ),
            (
                "affinity:\n  podAntiAffinity:\n    \
                 requiredDuringSchedulingIgnoredDuringExecution: [{}]",
                "required podAntiAffinity is not modelled: see `startup.surge_capacity`",
            ),
            ("hostNetwork: true", "a host port is not modelled: see `startup.surge_capacity`"),
        ] {
            check(&with_pod(&format!("{pod}\ncontainers: [{{name: api}}]")), &[note]);
        }
        check(
            &with_pod("containers: [{ports: [{containerPort: 80, hostPort: 80}]}]"),
            &["a host port is not modelled: see `startup.surge_capacity`"],
        );
        check(
            &with_pod(
                "containers: [{ports: [{containerPort: 80}]}]\n\
                 topologySpreadConstraints: [{whenUnsatisfiable: ScheduleAnyway}]",
            ),
            &[],
        );
    }

    #[test]
    fn a_pod_template_that_cannot_be() {
        for (pod, expected) in [
            ("containers: []", "8:7: the pod template has no `containers` (write at least one)"),
            (
                "containers: [api]",
                "8:20: `containers` must be a list of mappings, not the string `api`",
            ),
            (
                "containers: [{}]\nrestartPolicy: Never",
                "9:22: `restartPolicy` must be `Always`, not `Never` \
                 (a controller's pods always restart)",
            ),
            (
                "containers: [{}]\nterminationGracePeriodSeconds: -1",
                "9:38: `terminationGracePeriodSeconds` is -1, and must not be negative",
            ),
        ] {
            let told = super::super::tests::told(&with_pod(pod), None);
            assert!(told.contains(&expected.to_owned()), "{told:?} for {pod}");
        }
        check(
            &with_pod(
                "containers:\n- {name: api, terminationGracePeriodSeconds: 9, readinesProbe: {}}",
            ),
            &[
                "`terminationGracePeriodSeconds` means nothing in a container and is ignored; \
                 it belongs in spec.template.spec",
                "`readinesProbe` means nothing in a container and is ignored; \
                 did you mean `readinessProbe`?",
            ],
        );
    }
}
