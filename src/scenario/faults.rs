//! `[[faults]]`: the fields that every kind has, and which kind reads the rest.

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use crate::fault::{self, Begin, Effect, Fault, FaultPlan, Floor, Kind, Place};
use crate::scenario::check;
use crate::scenario::check::scope::{Issue, Scope};
use crate::scenario::document::read::{Reader, suggestion};
use crate::scenario::document::{self, Table, Value};
use crate::scenario::file::ScenarioFile;
use crate::scenario::rule;
use crate::units::{Offset, Ratio, SimDuration, SimTime, ZoneId};

/// Most faults of a scenario.
const MOST_FAULTS: usize = 1000;

/// What every kind has, as written.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Head {
    kind: Option<String>,
    at: Option<Offset>,
    #[serde(deserialize_with = "crate::scenario::file::or_none")]
    duration: Option<SimDuration>,
    probability: Ratio,
}

impl Default for Head {
    fn default() -> Self {
        Self { kind: None, at: None, duration: None, probability: Ratio::ONE }
    }
}

/// The faults of a variant that follow the rules.
pub(super) fn plans(scope: &mut Scope<'_, '_>, file: &ScenarioFile) -> Vec<FaultPlan> {
    let Some(entry) = document::find(scope.root, ["faults"]) else {
        warn_of_idle_memory(scope, &[]);
        return Vec::new();
    };
    let DeValue::Array(items) = entry.value.get_ref() else {
        let issue = Issue::new(rule::WRONG_TYPE, "faults", "`faults` must be an array of tables");
        scope.raise(issue.help("write `[[faults]]` above the fields of each"));
        scope.dropped.push("faults".into());
        return Vec::new();
    };
    if items.len() > MOST_FAULTS {
        let message = format!("there are more than {MOST_FAULTS} faults");
        scope.raise(Issue::new(rule::OUT_OF_RANGE, "faults", message));
        return Vec::new();
    }
    let one = |(number, item)| plan(scope, file, number, item);
    let plans: Vec<FaultPlan> = items.iter().enumerate().filter_map(one).collect();
    warn_of_idle_memory(scope, &plans);
    plans
}

fn plan<'t>(
    scope: &mut Scope<'_, 't>,
    file: &ScenarioFile,
    number: usize,
    item: &Value<'t>,
) -> Option<FaultPlan> {
    let at = format!("faults.{number}");
    let Some(table) = item.get_ref().as_table() else {
        let given = item.get_ref().type_str();
        let message = format!("`{at}` must be a table, not {given}");
        scope.raise(Issue::new(rule::WRONG_TYPE, &at, message));
        scope.dropped.push(at);
        return None;
    };
    let (head, rest) = parts(scope, table, &at, item);
    let kind = kind(scope, &at, &head)?;
    let mut reader = Reader::new(scope.findings);
    let fault = reader.read(&rest, &at, fault::COMMON, kind.parse);
    let dropped = reader.into_dropped();
    let is_whole = dropped.is_empty();
    scope.dropped.extend(dropped);
    // What could be read is looked at all the same: all errors are told at once.
    let fault = fault?;
    check_fields(scope, &at, &head, fault.as_ref());
    check_moment(scope, file, &at, &head);
    warn_of_a_full_budget(scope, file, &at, fault.as_ref());
    let place = place(scope, file, &at, fault.as_ref())?;
    is_whole.then(|| FaultPlan {
        kind: kind.name,
        effects: fault.inject(),
        place,
        begin: head.at.map_or_else(|| fault.begin(), Begin::At),
        duration: head.duration,
        probability: head.probability,
    })
}

/// The fields that every kind has, and the rest.
fn parts<'t>(
    scope: &mut Scope<'_, 't>,
    table: &Table<'t>,
    at: &str,
    whole: &Value<'t>,
) -> (Head, Value<'t>) {
    let (mut head, mut rest) = (Table::new(), Table::new());
    for (key, value) in table {
        let is_head = fault::COMMON.contains(&key.get_ref().as_ref());
        let part = if is_head { &mut head } else { &mut rest };
        part.insert(key.clone(), value.clone());
    }
    let spanned = |table| Spanned::new(whole.span(), DeValue::Table(table));
    let mut reader = Reader::new(scope.findings);
    let parse = |value: ValueDeserializer<'t>| Head::deserialize(value);
    let head = reader.read(&spanned(head), at, &[], parse).unwrap_or_default();
    let dropped = reader.into_dropped();
    scope.dropped.extend(dropped);
    (head, spanned(rest))
}

fn kind(scope: &mut Scope<'_, '_>, at: &str, head: &Head) -> Option<&'static Kind> {
    let path = format!("{at}.kind");
    let names: Vec<&str> = fault::KINDS.iter().map(|kind| kind.name).collect();
    let Some(name) = &head.kind else {
        let message = format!("`{at}` needs `kind`");
        let issue = Issue::new(rule::MISSING_KEY, &path, message);
        scope.raise(issue.help(suggestion("", &names, "kinds")));
        return None;
    };
    let found = fault::KINDS.iter().find(|kind| kind.name == name);
    if found.is_none() {
        let message = format!("there is no kind of fault called `{name}`");
        let issue = Issue::new(rule::FAULT_KIND, &path, message);
        scope.raise(issue.help(suggestion(name, &names, "kinds")));
    }
    found
}

/// The rules of the kind, and those that every kind has.
fn check_fields(scope: &mut Scope<'_, '_>, at: &str, head: &Head, fault: &dyn Fault) {
    for problem in fault.check() {
        let path = format!("{at}.{}", problem.field);
        let message = format!("`{path}` {}", problem.message);
        let mut issue = Issue::new(rule::FAULT_FIELDS, &path, message).help(problem.help);
        if let Some(other) = problem.because {
            issue = issue.because(&format!("{at}.{other}"), "together with this");
        }
        scope.raise(issue);
    }
    if head.probability > Ratio::ONE {
        let path = format!("{at}.probability");
        let given = head.probability.as_f64();
        let message = format!("`{path}` must be from 0 to 1 (100%), not `{given}`");
        scope.raise(Issue::new(rule::OUT_OF_RANGE, &path, message));
    }
    let path = format!("{at}.when");
    if head.at.is_some() && scope.is_written(&path) {
        let message = format!("`{path}` contradicts `{at}.at`");
        let issue = Issue::new(rule::FAULT_FIELDS, &path, message);
        let issue = issue.because(&format!("{at}.at"), "it begins at this moment");
        scope.raise(issue.help("leave one of them out"));
    }
}

/// A fault begins after the simulation does, and lasts.
fn check_moment(scope: &mut Scope<'_, '_>, file: &ScenarioFile, at: &str, head: &Head) {
    let start = SimTime::ZERO + file.simulation.warmup;
    if let Some(begin) = head.at {
        let path = format!("{at}.at");
        let issue = match begin.from(start) {
            None => {
                let message = format!("`{path}` is before the simulation begins");
                let warmup = file.simulation.warmup;
                Issue::new(rule::FAULT_MOMENT, &path, message)
                    .because("simulation.warmup", "the rollout starts after this")
                    .help(format!("the rollout starts {warmup} into the simulation"))
            }
            Some(moment) if moment >= start + file.simulation.max_time => {
                let message = format!("`{path}` is after the longest run ends");
                Issue::new(rule::FAULT_MOMENT, &path, message)
                    .because("simulation.max_time", "a run is cut off here")
                    .help("let it begin earlier, or raise `simulation.max_time`")
            }
            Some(_) => return check_length(scope, at, head),
        };
        scope.raise(issue);
    }
    check_length(scope, at, head);
}

fn check_length(scope: &mut Scope<'_, '_>, at: &str, head: &Head) {
    if head.duration.is_some_and(SimDuration::is_zero) {
        let path = format!("{at}.duration");
        let message = format!("`{path}` must be longer than zero, or `\"none\"`");
        scope.raise(Issue::new(rule::OUT_OF_RANGE, &path, message));
    }
}

/// Finds the zones by the name of one, or of their region.
fn place(
    scope: &mut Scope<'_, '_>,
    file: &ScenarioFile,
    at: &str,
    fault: &dyn Fault,
) -> Option<Place> {
    let written = fault.scope();
    let zones = match &written.zone {
        None => None,
        Some(name) => Some(zones(scope, &file.fleet.zones, &format!("{at}.zone"), name)?),
    };
    Some(Place { version: written.version, zones, share: written.share.unwrap_or(Ratio::ONE) })
}

fn zones(
    scope: &mut Scope<'_, '_>,
    zones: &[String],
    path: &str,
    name: &str,
) -> Option<Vec<ZoneId>> {
    let region = |zone: &String| zone.split_once('/').map(|(region, _)| region.to_owned());
    let is_meant = |zone: &String| zone == name || region(zone).as_deref() == Some(name);
    let found: Vec<ZoneId> = (0..)
        .zip(zones)
        .filter(|(_, zone)| is_meant(zone))
        .map(|(number, _)| ZoneId(number))
        .collect();
    if found.is_empty() {
        let regions: Vec<String> = zones.iter().filter_map(region).collect();
        let known: Vec<&str> = zones.iter().chain(&regions).map(String::as_str).collect();
        let message = format!("there is no zone called `{name}`");
        let issue = Issue::new(rule::FAULT_ZONE, path, message);
        let issue = issue.because("fleet.zones", "the zones there are");
        scope.raise(issue.help(suggestion(name, &known, "zones")));
        return None;
    }
    Some(found)
}

/// A disruption budget that keeps every instance there is.
fn warn_of_a_full_budget(
    scope: &mut Scope<'_, '_>,
    file: &ScenarioFile,
    at: &str,
    fault: &dyn Fault,
) {
    let Some(fleet) = file.fleet.instances else { return };
    // What contradicts itself has been reported.
    let effects = if fault.check().is_empty() { fault.inject() } else { Vec::new() };
    for effect in effects {
        let Effect::Evict(drain) = effect else { continue };
        let Some(floor) = drain.floor.filter(|floor| floor.of(fleet) >= fleet) else { continue };
        let field = match floor {
            Floor::MinAvailable(_) => "min_available",
            Floor::MaxUnavailable(_) => "max_unavailable",
        };
        let message = format!("this budget keeps {} of {fleet} instances", floor.of(fleet));
        let issue = Issue::new(rule::FAULT_BUDGET, &format!("{at}.{field}"), message);
        let help = "no eviction is granted unless a rollout adds instances; keep fewer";
        scope.raise(issue.because("fleet.instances", "all there are").help(help));
    }
}

/// What the new version takes of a memory that nothing limits.
fn warn_of_idle_memory(scope: &mut Scope<'_, '_>, plans: &[FaultPlan]) {
    if !plans.iter().any(|plan| plan.kind == "memory-pressure") && !scope.is_swept("faults") {
        let why = "memory is not limited";
        let help = "add `[[faults]]` with `kind = \"memory-pressure\"`";
        check::without_effect(scope, "release.memory_factor", None, why, help);
    }
}
