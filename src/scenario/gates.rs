//! `[gates.NAME]`: what every gate has, which kind of test reads the rest, and the rules of both.

use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use crate::gate::{
    Control, Gate, KINDS, Kind, Metric, Needs, OnNoData, Rule, Span, Test, Together, Watch,
};
use crate::scenario::check;
use crate::scenario::check::scope::{Issue, Scope};
use crate::scenario::document::path::{dotted, is_bare};
use crate::scenario::document::read::{Reader, suggestion};
use crate::scenario::document::{self, Table, Value};
use crate::scenario::file::{GateFile, HEAD};
use crate::scenario::rule;
use crate::strategy::GateUse;
use crate::units::{SimDuration, SimTime};

/// Shortest time between two scrapes or looks.
pub(super) const SHORTEST: SimDuration = SimDuration::from_millis(100);

/// The names of the gates, in the order of the file.
pub(super) fn names(root: &Table<'_>) -> Vec<String> {
    let Some(entry) = document::find(root, ["gates"]) else { return Vec::new() };
    let Some(table) = entry.value.get_ref().as_table() else { return Vec::new() };
    let mut names: Vec<(usize, String)> =
        table.keys().map(|key| (key.span().start, key.get_ref().to_string())).collect();
    names.sort();
    names.into_iter().map(|(_, name)| name).collect()
}

/// Every gate of the file; none if one of them breaks a rule.
pub(super) fn read(scope: &mut Scope<'_, '_>) -> Option<Vec<Gate>> {
    let names = names(scope.root);
    for name in names.iter().filter(|name| !is_bare(name)) {
        let span = document::find(scope.root, ["gates", name.as_str()]).map(|entry| entry.key);
        let message = format!("`{name}` cannot be the name of a gate");
        let issue = Issue::new(rule::GATE_NAME, "gates", message);
        scope.raise_at(issue.help("use letters, digits, `-` and `_`"), span);
    }
    let errors = scope.findings.errors();
    let rules: Vec<Option<Rule>> = names.iter().map(|name| one(scope, name, &names)).collect();
    check_members(scope, &names, &rules);
    if scope.findings.errors() > errors {
        return None;
    }
    let gates = names.into_iter().zip(rules);
    gates.map(|(name, rule)| Some(Gate { name, rule: rule? })).collect()
}

/// Where a gate stands in the file.
fn at(name: &str) -> String {
    dotted(&["gates", name])
}

/// One gate's table in three: what every gate has, its test, and the limits beside them.
struct Parts<'t> {
    head: GateFile,
    test: Option<Value<'t>>,
    limits: Value<'t>,
    is_read: bool,
}

fn parts<'t>(scope: &mut Scope<'_, 't>, at: &str, whole: &Value<'t>) -> Option<Parts<'t>> {
    let Some(table) = whole.get_ref().as_table() else {
        let given = whole.get_ref().type_str();
        let message = format!("`{at}` must be a table, not {given}");
        scope.raise(Issue::new(rule::WRONG_TYPE, at, message));
        return None;
    };
    let (mut head, mut limits) = (Table::new(), Table::new());
    for (key, value) in table {
        let is_head = HEAD.contains(&key.get_ref().as_ref());
        let part = if is_head { &mut head } else { &mut limits };
        part.insert(key.clone(), value.clone());
    }
    let test = head.get("test").cloned();
    let spanned = |table| Spanned::new(whole.span(), DeValue::Table(table));
    let mut reader = Reader::new(scope.findings);
    let parse = |value: ValueDeserializer<'t>| GateFile::deserialize(value);
    let read = reader.read(&spanned(head), at, &[], parse);
    let dropped = reader.into_dropped();
    let is_read = dropped.is_empty();
    scope.dropped.extend(dropped);
    Some(Parts { head: read.unwrap_or_default(), test, limits: spanned(limits), is_read })
}

/// The rule of one gate; none if it breaks one.
fn one(scope: &mut Scope<'_, '_>, name: &str, names: &[String]) -> Option<Rule> {
    let at = at(name);
    let entry = document::find(scope.root, ["gates", name])?;
    let parts = parts(scope, &at, entry.value)?;
    if parts.head.all.is_some() || parts.head.any.is_some() {
        return several(scope, &at, &parts, names);
    }
    let Some(metric) = parts.head.metric else {
        if parts.is_read {
            let message = format!("`{at}` needs `metric`");
            let all: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
            let issue = Issue::new(rule::MISSING_KEY, &at, message);
            scope.raise(issue.help(suggestion("", &all, "metrics")));
        }
        return None;
    };
    check_control(scope, &at, &parts.head);
    let whose = parts.head.scope.unwrap_or(metric.default_scope());
    let (test, place) = test(scope, &at, &parts, metric)?;
    for problem in test.check(metric, whose) {
        let path = match problem.field.as_str() {
            "" => format!("{at}.metric"),
            "scope" => format!("{at}.scope"),
            field => format!("{place}.{field}"),
        };
        let issue = Issue::new(rule::GATE_FIELDS, &path, problem.message);
        scope.raise(issue.help(problem.help));
    }
    let control = control(&parts.head, test.needs());
    Some(Rule::Test(Watch { metric, scope: whose, control, test }))
}

/// The test of a gate, and where its fields stand.
fn test(
    scope: &mut Scope<'_, '_>,
    at: &str,
    parts: &Parts<'_>,
    metric: Metric,
) -> Option<(Arc<dyn Test>, String)> {
    let limits = parts.limits.get_ref().as_table();
    let has = |key: &str| limits.is_some_and(|limits| limits.contains_key(key));
    let Some(test) = &parts.test else {
        if let Some(key) = ["max", "min"].into_iter().find(|&key| has("max_increase") && has(key)) {
            let message = format!("a gate with `max_increase` has no `{key}` beside it");
            let issue = Issue::new(rule::GATE_FIELDS, &format!("{at}.{key}"), message);
            let issue = issue.because(&format!("{at}.max_increase"), "against the old version");
            scope.raise(issue.help("write two gates, and a third of `all` of them"));
            return None;
        }
        let is_bare = limits.is_none_or(Table::is_empty);
        let kind = if has("max_increase") {
            "increase"
        } else if is_bare && metric == Metric::BurnRate {
            "burn-rate"
        } else {
            "threshold"
        };
        let further: Vec<&str> = HEAD.iter().copied().chain(["max_increase"]).collect();
        let test = parse(scope, kind_called(kind)?, &parts.limits, at, &further)?;
        return Some((test, at.to_owned()));
    };
    if let Some(key) = limits.and_then(|limits| limits.keys().next()) {
        let key = key.get_ref();
        let message = format!("a gate with a `test` has no `{key}` beside it");
        let issue = Issue::new(rule::GATE_FIELDS, &format!("{at}.{key}"), message);
        let issue = issue.because(&format!("{at}.test"), "the test");
        scope.raise(issue.help(format!("drop one of the two, or write `{key}` inside the test")));
        return None;
    }
    let place = format!("{at}.test");
    let Some(table) = test.get_ref().as_table() else {
        let given = test.get_ref().type_str();
        let message = format!("`{place}` must be a table, not {given}");
        let issue = Issue::new(rule::WRONG_TYPE, &place, message);
        scope.raise(issue.help("write `test = { kind = \"anytime\" }`"));
        return None;
    };
    let kind = kind_of(scope, &place, table, metric)?;
    let mut rest = table.clone();
    rest.remove("kind");
    let rest = Spanned::new(test.span(), DeValue::Table(rest));
    Some((parse(scope, kind, &rest, &place, &["kind"])?, place))
}

fn kind_called(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// Which kind the test is of: what it says, or what its metric is usually tested by.
fn kind_of(
    scope: &mut Scope<'_, '_>,
    place: &str,
    table: &Table<'_>,
    metric: Metric,
) -> Option<&'static Kind> {
    let path = format!("{place}.kind");
    let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    let Some(written) = table.get("kind") else {
        let usual = match metric {
            Metric::ErrorRate | Metric::Availability => "anytime",
            Metric::LatencyP95 | Metric::LatencyP99 => "mann-whitney",
            Metric::BurnRate => "burn-rate",
            Metric::ReadyFraction | Metric::CrashCount => {
                let message = format!("`{place}` needs `kind`");
                let issue = Issue::new(rule::MISSING_KEY, place, message);
                scope.raise(issue.help(suggestion("", &names, "kinds")));
                return None;
            }
        };
        return kind_called(usual);
    };
    let Some(name) = written.get_ref().as_str() else {
        let message = format!("`{path}` must be a string, not {}", written.get_ref().type_str());
        scope.raise(Issue::new(rule::WRONG_TYPE, &path, message));
        return None;
    };
    let found = kind_called(name);
    if found.is_none() {
        let message = format!("there is no kind of test called `{name}`");
        let issue = Issue::new(rule::GATE_KIND, &path, message);
        scope.raise(issue.help(suggestion(name, &names, "kinds")));
    }
    found
}

fn parse(
    scope: &mut Scope<'_, '_>,
    kind: &Kind,
    table: &Value<'_>,
    at: &str,
    further: &[&str],
) -> Option<Arc<dyn Test>> {
    let mut reader = Reader::new(scope.findings);
    let test = reader.read(table, at, further, kind.parse);
    let dropped = reader.into_dropped();
    let is_whole = dropped.is_empty();
    scope.dropped.extend(dropped);
    test.filter(|_| is_whole)
}

fn control(head: &GateFile, needs: Needs) -> Control {
    let own = if needs.patience { None } else { Control::default().inconclusive_limit };
    Control {
        interval: head.interval,
        window: if needs.everything { Span::All } else { head.window },
        initial_delay: head.initial_delay,
        count: head.count.into_iter().chain(needs.looks).min(),
        failure_limit: head.failure_limit,
        consecutive: head.consecutive,
        inconclusive_limit: head.inconclusive_limit.or(own),
        min_samples: head.min_samples,
        scrape: head.scrape,
        lag: head.lag,
        on_no_data: head.on_no_data,
        analysis_run: head.analysis_run,
    }
}

/// Whether a gate could ever see anything.
fn check_control(scope: &mut Scope<'_, '_>, at: &str, head: &GateFile) {
    for (key, length) in [("interval", head.interval), ("scrape", head.scrape)] {
        if length < SHORTEST {
            let path = format!("{at}.{key}");
            let message = format!("`{path}` must be at least 0.1 s");
            scope.raise(Issue::new(rule::OUT_OF_RANGE, &path, message));
        }
    }
    check_analysis(scope, at, head);
    for (key, count) in [("count", head.count), ("consecutive", Some(head.consecutive))] {
        if count == Some(0) {
            let path = format!("{at}.{key}");
            let message = format!("`{path}` must be at least 1, not `0`");
            scope.raise(Issue::new(rule::OUT_OF_RANGE, &path, message));
        }
    }
    let Span::Last(window) = head.window else { return };
    if window < head.scrape {
        let message = format!("the window ({window}) is shorter than a scrape ({})", head.scrape);
        let path = [format!("{at}.window"), format!("{at}.scrape")];
        let written = if scope.is_written(&path[0]) { &path[0] } else { &path[1] };
        let issue = Issue::new(rule::GATE_WINDOW, written, message);
        let issue = issue.because(&path[1], "from one scrape to the next");
        scope.raise(issue.help("widen `window`, or scrape more often"));
    } else if window.saturating_sub(head.scrape) < head.lag {
        let message = format!("nothing of the window ({window}) has arrived when it is looked at");
        let issue = Issue::new(rule::GATE_WINDOW, &format!("{at}.lag"), message);
        let issue = issue.because(&format!("{at}.window"), "looks back so far");
        scope.raise(issue.help("let `window` be at least `lag` and `scrape` together"));
    }
}

/// What only an AnalysisRun knows, and what it refuses.
fn check_analysis(scope: &mut Scope<'_, '_>, at: &str, head: &GateFile) {
    let path = format!("{at}.analysis_run");
    // What a manifest measures comes with the rules of an AnalysisRun.
    if let (Some(name), None) = (&head.argo, head.analysis_run) {
        let message = format!("no strategy's manifest has a metric `{name}`");
        let issue = Issue::new(rule::ARGO_METRIC, &format!("{at}.argo"), message);
        scope.raise(issue.help("write `TEMPLATE/METRIC` as its AnalysisTemplate has them"));
    }
    let Some(run) = head.analysis_run else {
        if head.on_no_data == OnNoData::Error {
            let message = "only an AnalysisRun knows errors";
            let issue = Issue::new(rule::GATE_FIELDS, &format!("{at}.on_no_data"), message);
            scope.raise(issue.help("write `analysis_run = {}`, or `\"inconclusive\"`"));
        }
        return;
    };
    let Some(successes) = run.successes else { return };
    let needed = successes.saturating_add(head.failure_limit);
    if successes == 0 {
        let field = format!("{path}.consecutive_success");
        let message = format!("`{field}` must be at least 1, not `0`");
        scope.raise(Issue::new(rule::OUT_OF_RANGE, &field, message));
    } else if let Some(count) = head.count.filter(|count| *count < needed) {
        let message = format!("{count} looks leave no room for {successes} successes in a row");
        let issue = Issue::new(rule::GATE_FIELDS, &format!("{at}.count"), message);
        let issue = issue.because(&path, "and the failures that are allowed");
        scope.raise(issue.help(format!("write `count = {needed}` or more")));
    }
}

/// A gate that is made of others.
fn several(
    scope: &mut Scope<'_, '_>,
    at: &str,
    parts: &Parts<'_>,
    names: &[String],
) -> Option<Rule> {
    let (together, key, members) = match (&parts.head.all, &parts.head.any) {
        (Some(_), Some(_)) => {
            let issue = Issue::new(
                rule::GATE_FIELDS,
                &format!("{at}.any"),
                "a gate is either all of several or any of them",
            );
            let issue = issue.because(&format!("{at}.all"), "all of these");
            scope.raise(issue.help("give each its own gate"));
            return None;
        }
        (Some(members), None) => (Together::All, "all", members),
        (None, members) => (Together::Any, "any", members.as_ref()?),
    };
    check_alone(scope, at, key);
    let path = format!("{at}.{key}");
    if members.is_empty() {
        let issue = Issue::new(rule::GATE_FIELDS, &path, format!("`{path}` names no gate"));
        scope.raise(issue.help("name the gates that it is made of"));
    }
    let numbers: Vec<usize> = members
        .iter()
        .enumerate()
        .filter_map(|(index, member)| number(scope, &format!("{path}.{index}"), member, names))
        .collect();
    (numbers.len() == members.len()).then_some(Rule::Several(together, numbers))
}

/// A gate that is made of others has nothing else.
fn check_alone(scope: &mut Scope<'_, '_>, at: &str, key: &str) {
    let Some(entry) = document::find_dotted(scope.root, at) else { return };
    let Some(table) = entry.value.get_ref().as_table() else { return };
    let others = table.keys().map(|key| key.get_ref().to_string());
    for other in others.filter(|other| other != key).collect::<Vec<_>>() {
        let message = format!("a gate with `{key}` has no `{other}` of its own");
        let issue = Issue::new(rule::GATE_FIELDS, &format!("{at}.{other}"), message);
        let issue = issue.because(&format!("{at}.{key}"), "made of other gates");
        scope.raise(issue.help("write it in the gates that it is made of"));
    }
}

/// The number of the gate called `name`; reports if there is none.
pub(super) fn number(
    scope: &mut Scope<'_, '_>,
    path: &str,
    name: &str,
    names: &[String],
) -> Option<usize> {
    let found = names.iter().position(|known| known == name);
    if found.is_none() {
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let message = format!("there is no gate called `{name}`");
        let help = if known.is_empty() {
            format!("add `[gates.{name}]` with its `metric`")
        } else {
            suggestion(name, &known, "gates")
        };
        scope.raise(Issue::new(rule::GATE_NAME, path, message).help(help));
    }
    found
}

/// What gates are made of must be tests: nothing nests, so nothing goes in a circle.
fn check_members(scope: &mut Scope<'_, '_>, names: &[String], rules: &[Option<Rule>]) {
    for (name, gate) in names.iter().zip(rules) {
        let Some(Rule::Several(together, members)) = gate else { continue };
        let key = if *together == Together::All { "all" } else { "any" };
        for (index, &member) in members.iter().enumerate() {
            if let Some(Some(Rule::Several(..))) = rules.get(member) {
                let path = format!("{}.{key}.{index}", at(name));
                let message = format!("`{}` is itself made of others", names[member]);
                let issue = Issue::new(rule::GATE_NAME, &path, message);
                scope.raise(issue.help("name the gates that it is made of"));
            }
        }
    }
}

/// The numbers of the gates over a whole rollout.
pub(super) fn guards(
    scope: &mut Scope<'_, '_>,
    at: &str,
    written: &[String],
    gates: Option<&[Gate]>,
) -> Vec<usize> {
    let names = names(scope.root);
    let number = |(index, name): (usize, &String)| {
        number(scope, &format!("{at}.gates.{index}"), name, &names)
    };
    let numbers: Vec<usize> = written.iter().enumerate().filter_map(number).collect();
    if gates.is_some() { numbers } else { Vec::new() }
}

/// Whether the gates that a strategy asks for are there, and have the time to look.
pub(super) fn check_uses(
    scope: &mut Scope<'_, '_>,
    at: &str,
    uses: &[GateUse],
    gates: Option<&[Gate]>,
) {
    let names = names(scope.root);
    for one in uses {
        let path = format!("{at}.{}", one.field);
        let Some(number) = number(scope, &path, &one.name, &names) else { continue };
        let (Some(gates), Some(time)) = (gates, one.time) else { continue };
        let first = first_look(gates, number);
        if first > time {
            let (name, time_field) = (&one.name, format!("{at}.{}", one.time_field));
            let message =
                format!("gate `{name}` has no time to look: its first look is at {first}");
            let issue = Issue::new(rule::GATE_WINDOW, &path, message);
            let issue = issue.because(&time_field, "over by then");
            let help = format!("let `{}` last {first} at least", one.time_field);
            scope.raise(issue.help(help));
        }
    }
}

/// When the last of a gate's parts looks first, from its beginning.
fn first_look(gates: &[Gate], number: usize) -> SimDuration {
    match &gates[number].rule {
        Rule::Test(watch) => watch.control.look_at(SimTime::ZERO, 1).since(SimTime::ZERO),
        Rule::Several(_, members) => {
            let looks = members.iter().map(|&member| first_look(gates, member));
            looks.max().unwrap_or(SimDuration::ZERO)
        }
    }
}

/// Warns of gates that nothing asks for.
pub(super) fn check_idle(scope: &mut Scope<'_, '_>, gates: &[Gate]) {
    for gate in gates {
        let is_named = ["strategies", "gates"].iter().any(|tables| {
            let entry = document::find(scope.root, [tables]);
            entry.is_some_and(|entry| names_in_array(entry.value.get_ref(), &gate.name))
        });
        if !is_named {
            let why = "no strategy asks for it";
            let help = format!("write `gates = [\"{}\"]` in a strategy or a step", gate.name);
            check::without_effect(scope, &at(&gate.name), None, why, &help);
        }
    }
}

/// Whether a name stands in an array of names anywhere within a value.
fn names_in_array(value: &DeValue<'_>, name: &str) -> bool {
    match value {
        DeValue::Table(table) => table.values().any(|one| names_in_array(one.get_ref(), name)),
        DeValue::Array(items) => items.iter().any(|item| {
            item.get_ref().as_str() == Some(name) || names_in_array(item.get_ref(), name)
        }),
        _ => false,
    }
}
