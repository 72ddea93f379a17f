//! What does a container's probe ask for?
//!
//! # What it reads
//! `readinessProbe`, `livenessProbe` and `startupProbe`: the five numbers. Which handler a probe
//! has makes no difference here, only that it has exactly one, as Kubernetes demands.
//!
//! # Defaults
//! Initial delay 0 s, period 10 s, timeout 1 s, success threshold 1, failure threshold 3; a zero
//! written for any of the last four means its default, as in Kubernetes (`SetDefaults_Probe` in
//! `pkg/apis/core/v1/defaults.go`). The success threshold of a liveness or startup probe is 1.
//!
//! # What is not modelled
//! A probe's own `terminationGracePeriodSeconds`: a restart takes as long as the scenario's boot.
//!
//! # Worked example
//! `readinessProbe: {httpGet: {port: 8080}, periodSeconds: 5}` asks every 5 s, takes no answer
//! within 1 s as a failure, is passed by the first success and failed by the third failure in a
//! row.

use toml::{Table, Value};

use super::bound::MOST_INT32;
use super::findings::{Findings, Known};
use super::tree::Field;
use super::write::{MOST_SECONDS, seconds};

/// What a probe decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Whether the pod is sent requests.
    Readiness,
    /// Whether the container is restarted.
    Liveness,
    /// Whether the container has started; the others wait for it.
    Startup,
}

/// The numbers of a probe, times in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    initial_delay: i64,
    period: i64,
    timeout: i64,
    success_threshold: i64,
    failure_threshold: i64,
}

const HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];

const FIELDS: &[&str] = &[
    "exec",
    "httpGet",
    "tcpSocket",
    "grpc",
    "initialDelaySeconds",
    "periodSeconds",
    "timeoutSeconds",
    "successThreshold",
    "failureThreshold",
    "terminationGracePeriodSeconds",
];

impl Role {
    /// The field that holds such a probe.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Readiness => "readinessProbe",
            Self::Liveness => "livenessProbe",
            Self::Startup => "startupProbe",
        }
    }
}

/// The probe of `container` in this role, if it has one.
pub(super) fn read(container: Field<'_>, role: Role, found: &mut Findings) -> Option<Probe> {
    let probe = found.mapping(container, role.key())?;
    found.strangers(probe, role.key(), Known::All(FIELDS));
    one_handler(probe, role.key(), &HANDLERS, found);
    let positive =
        |found: &mut Findings, key, default| positive_or_default(probe, key, default, found);
    let read = Probe {
        initial_delay: found
            .whole(probe, "initialDelaySeconds", 0..=MOST_SECONDS)
            .map_or(0, |written| written.value),
        period: positive(found, "periodSeconds", 10),
        timeout: positive(found, "timeoutSeconds", 1),
        success_threshold: positive(found, "successThreshold", 1),
        failure_threshold: positive(found, "failureThreshold", 3),
    };
    if role != Role::Readiness && read.success_threshold != 1 {
        let place = probe.get("successThreshold").unwrap_or(probe).place();
        let message = format!("`successThreshold` of a `{}` must be 1", role.key());
        found.problem(place, message, None);
    }
    if let Some(own) = probe.get("terminationGracePeriodSeconds") {
        if role == Role::Readiness {
            let message = "a `readinessProbe` has no `terminationGracePeriodSeconds`".into();
            found.problem(own.place(), message, Some("set it on the pod's `spec`"));
        } else {
            found.note(format!("the {}'s own grace period is not modelled", role.key()));
        }
    }
    Some(read)
}

/// Refuses a probe or hook that has no handler, or more than one.
pub(super) fn one_handler(parent: Field<'_>, title: &str, handlers: &[&str], found: &mut Findings) {
    let written = handlers.iter().filter(|handler| parent.get(handler).is_some()).count();
    if written != 1 {
        let count = if written == 0 { "none" } else { "more than one" };
        let message = format!("`{title}` needs one handler, and has {count}");
        found.problem(parent.place(), message, Some(&format!("write one of {}", or(handlers))));
    }
}

fn or(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn positive_or_default(probe: Field<'_>, key: &str, default: i64, found: &mut Findings) -> i64 {
    let most = if key.ends_with("Seconds") { MOST_SECONDS } else { MOST_INT32 };
    match found.whole(probe, key, 0..=most) {
        Some(written) if written.value > 0 => written.value,
        Some(_) => {
            found.note(format!("`{key}: 0` means Kubernetes' default, {default}"));
            default
        }
        None => default,
    }
}

impl Probe {
    /// Seconds from the container's start until it can be ready at the latest after its boot.
    pub(super) const fn slowness(&self) -> i64 {
        self.initial_delay + self.period * self.success_threshold
    }

    /// Seconds of failure that it bears.
    pub(super) const fn patience(&self) -> i64 {
        self.initial_delay + self.period * self.failure_threshold
    }

    /// As the scenario's table for this role.
    pub(super) fn to_toml(self, role: Role) -> Table {
        let mut table = Table::new();
        table.insert("initial_delay".into(), seconds(self.initial_delay));
        table.insert("period".into(), seconds(self.period));
        table.insert("failure_threshold".into(), Value::Integer(self.failure_threshold));
        if role != Role::Startup {
            table.insert("timeout".into(), seconds(self.timeout));
        }
        if role == Role::Readiness {
            table.insert("success_threshold".into(), Value::Integer(self.success_threshold));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::super::tests::{check, read, with_pod};

    fn with_probe(role: &str, probe: &str) -> String {
        with_pod(&format!("containers:\n- {role}: {{{probe}}}"))
    }

    #[test]
    fn worked_example() {
        let text = with_probe("readinessProbe", "httpGet: {port: 8080}, periodSeconds: 5");
        let readiness = "
            initial_delay = '0s'
            period = '5s'
            timeout = '1s'
            success_threshold = 1
            failure_threshold = 3
            min_ready = '0s'
            deadline = '600s'
        ";
        let readiness: Table = toml::from_str(readiness).unwrap();
        let scenario = read(&text, None).unwrap().scenario;
        assert_eq!(scenario.get("readiness").and_then(|table| table.as_table()), Some(&readiness));
    }

    #[test]
    fn a_written_zero_is_the_default() {
        check(
            &with_probe(
                "livenessProbe",
                "grpc: {port: 1}, periodSeconds: 0, initialDelaySeconds: 0",
            ),
            &["`periodSeconds: 0` means Kubernetes' default, 10"],
        );
    }

    #[test]
    fn probes_that_kubernetes_refuses() {
        let one_of = "(write one of `exec`, `httpGet`, `tcpSocket`, `grpc`)";
        for (role, probe, expected) in [
            (
                "readinessProbe",
                "periodSeconds: 5",
                format!("9:25: `readinessProbe` needs one handler, and has none {one_of}"),
            ),
            (
                "livenessProbe",
                "exec: {}, grpc: {}",
                format!("9:24: `livenessProbe` needs one handler, and has more than one {one_of}"),
            ),
            (
                "livenessProbe",
                "exec: {}, successThreshold: 2",
                "9:53: `successThreshold` of a `livenessProbe` must be 1".into(),
            ),
            (
                "startupProbe",
                "exec: {}, successThreshold: 2",
                "9:52: `successThreshold` of a `startupProbe` must be 1".into(),
            ),
            (
                "startupProbe",
                "exec: {}, periodSeconds: -1",
                "9:49: `periodSeconds` is -1, and must not be negative".into(),
            ),
            (
                "readinessProbe",
                "exec: {}, timeoutSeconds: 1s",
                "9:52: `timeoutSeconds` must be a whole number, not the string `1s`".into(),
            ),
            (
                "readinessProbe",
                "exec: {}, terminationGracePeriodSeconds: 5",
                "9:67: a `readinessProbe` has no `terminationGracePeriodSeconds` \
                 (set it on the pod's `spec`)"
                    .into(),
            ),
        ] {
            check(&with_probe(role, probe), &[&expected]);
        }
    }
}
