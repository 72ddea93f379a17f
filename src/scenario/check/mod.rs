//! The rules about values and about values that go together. Rules of strategies are in
//! `strategies.rs`, those of distributions in `resolve/law.rs`; the texts of all are in `rule/`.

mod alerts;
mod instances;
mod operator;
mod range;
mod requests;
pub(crate) mod room;
pub(crate) mod scope;

use toml::de::DeValue;

pub(super) use self::instances::MOST_INSTANCES;
pub(super) use self::range::without_effect;
use self::range::{at_least_one, finite, out_of_range, period, positive, share};
use self::scope::{Issue, Scope};
use crate::scenario::file::{ScenarioFile, SimulationFile, SloFile};
use crate::scenario::{document, rule, strategies};
use crate::units::Ratio;

/// Most time bins that `max_time` may be cut into.
const MOST_BINS: u64 = 10_000_000;

/// Every field that must be a table. Serde would also take an array of the values in order.
const TABLES: &[&str] = &[
    "fleet",
    "instance",
    "startup",
    "startup.warmup",
    "readiness",
    "liveness",
    "startup_probe",
    "shutdown",
    "load_balancer",
    "load_balancer.health_check",
    "load_balancer.outlier",
    "traffic",
    "traffic.trace",
    "traffic.retries",
    "traffic.sessions",
    "release",
    "strategies",
    "synthetic",
    "gates",
    "alerts",
    "budget",
    "slo",
    "slo.latency",
    "cost",
    "simulation",
    "policy",
];

/// Reports arrays in the place of tables.
pub(super) fn check_tables(scope: &mut Scope<'_, '_>) {
    let mut wrong: Vec<String> = TABLES.iter().map(|path| (*path).to_owned()).collect();
    wrong.retain(|path| {
        let entry = document::find_dotted(scope.root, path);
        entry.is_some_and(|entry| entry.value.get_ref().is_array())
    });
    for tables in ["strategies", "gates"] {
        if let Some(entry) = document::find(scope.root, [tables]) {
            arrays_in_arrays(entry.value.get_ref(), tables, &mut wrong);
        }
    }
    for path in wrong {
        let message = format!("`{path}` must be a table, not an array");
        scope.raise(Issue::new(rule::WRONG_TYPE, &path, message));
        scope.dropped.push(path);
    }
}

/// The paths of arrays that are elements of arrays: no strategy has such a field.
fn arrays_in_arrays(value: &DeValue<'_>, at: &str, found: &mut Vec<String>) {
    match value {
        DeValue::Table(table) => {
            for (key, value) in table {
                arrays_in_arrays(value.get_ref(), &format!("{at}.{}", key.get_ref()), found);
            }
        }
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let at = format!("{at}.{index}");
                if item.get_ref().is_array() {
                    found.push(at);
                } else {
                    arrays_in_arrays(item.get_ref(), &at, found);
                }
            }
        }
        _ => {}
    }
}

/// Every rule about the values of one variant's file, strategies and distributions apart.
pub(super) fn check(scope: &mut Scope<'_, '_>, file: &ScenarioFile) {
    head(scope, file);
    instances::fleet(scope, &file.fleet);
    requests::instance(scope, &file.instance);
    instances::startup(scope, &file.startup);
    instances::readiness(scope, &file.readiness);
    instances::probes(scope, file);
    instances::shutdown(scope, &file.shutdown);
    requests::load_balancer(scope, &file.load_balancer);
    requests::traffic(scope, &file.traffic);
    requests::clients(scope, &file.traffic);
    requests::release(scope, &file.release, &file.traffic);
    alerts::alerts(scope, file.alerts.as_ref());
    alerts::budget(scope, file.budget.as_ref());
    period(scope, "synthetic.interval", file.synthetic.interval);
    slo(scope, &file.slo);
    finite(scope, "cost.instance_hour", file.cost.instance_hour);
    simulation(scope, &file.simulation);
    operator::operator(scope, file);
    idle_without_strategies(scope, file);
}

/// Settings that only some strategies read.
fn idle_without_strategies(scope: &mut Scope<'_, '_>, file: &ScenarioFile) {
    if scope.is_swept("strategies") {
        return;
    }
    if !strategies::any_has(scope.root, "replacement", "in-place") {
        let why = "no strategy replaces in place";
        let help = "write `replacement = \"in-place\"` in a `rolling` strategy";
        without_effect(scope, "shutdown.deploy", None, why, help);
    }
    if file.traffic.users > 0
        && file.traffic.sessions.share.is_zero()
        && !strategies::any_has(scope.root, "routing", "cohort")
    {
        let why = "neither sessions nor cohorts tell users apart";
        let help = "set `traffic.sessions.share`, or `routing = \"cohort\"` in a `canary`";
        let because = Some("traffic.sessions.share");
        without_effect(scope, "traffic.users", because, why, help);
    }
}

fn head(scope: &mut Scope<'_, '_>, file: &ScenarioFile) {
    if file.format != 1 {
        let message = format!("`format` must be 1, not `{}`", file.format);
        scope.raise(
            Issue::new(rule::FORMAT, "format", message)
                .help("this version of rollsim reads format 1"),
        );
    }
    if let Some(name) = &file.name
        && !is_name(name)
    {
        let message = format!("`{name}` cannot be the scenario's name");
        scope.raise(
            Issue::new(rule::NAME, "name", message)
                .help("use lower-case letters, digits and `-`: the name is that of a folder"),
        );
    }
}

/// Whether a scenario can be called so.
pub(super) fn is_name(name: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && name.len() <= 100 && name.chars().all(is_fit)
}

fn slo(scope: &mut Scope<'_, '_>, slo: &SloFile) {
    if slo.availability.is_zero() || slo.availability >= Ratio::ONE {
        let given = slo.availability.as_f64();
        out_of_range(scope, "slo.availability", "a share above 0 and below 1", given);
    }
    share(scope, "slo.latency.target", slo.latency.target);
    positive(scope, "slo.window", slo.window);
    if slo.latency.threshold.is_none() {
        without_effect(
            scope,
            "slo.latency.target",
            Some("slo.latency.threshold"),
            "nothing counts as slow",
            "set `slo.latency.threshold`",
        );
    }
}

fn simulation(scope: &mut Scope<'_, '_>, simulation: &SimulationFile) {
    at_least_one(scope, "simulation.replications", simulation.replications);
    positive(scope, "simulation.max_time", simulation.max_time);
    let Some(bin) = simulation.bin else { return };
    positive(scope, "simulation.bin", bin);
    let bins = simulation.max_time.as_nanos().checked_div(bin.as_nanos());
    if bins.is_some_and(|bins| bins > MOST_BINS) {
        let message = format!("`simulation.bin` cuts `max_time` into more than {MOST_BINS} bins");
        scope.raise(
            Issue::new(rule::OUT_OF_RANGE, "simulation.bin", message)
                .because("simulation.max_time", "")
                .help("widen `bin`, shorten `max_time`, or write `bin = \"auto\"`"),
        );
    }
}
