//! `[strategies.NAME]`: the fields that every kind has, and which kind reads the rest.

use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use crate::gate::Gate;
use crate::scenario::check;
use crate::scenario::check::room::{self, Subject};
use crate::scenario::check::scope::{Issue, Scope};
use crate::scenario::document::path::{dotted, is_bare};
use crate::scenario::document::read::{Reader, suggestion};
use crate::scenario::document::{self, Table, Value};
use crate::scenario::file::{ActionFile, ManifestsFile, OperatorFile, RollbackFile, ScenarioFile};
use crate::scenario::gates;
use crate::scenario::rule;
use crate::sim::StrategyPlan;
use crate::strategy::{Kind, OnFailure, Parameters};
use crate::units::SimDuration;

/// The fields that every kind has.
pub(super) const COMMON: &[&str] =
    &["kind", "on_failure", "rollback", "rollback_window", "gates", "manifest", "object"];

/// What every kind has, as written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Head {
    /// Which kind; missing where a manifest says it.
    pub(super) kind: Option<String>,
    /// What happens on a failure; missing: the kind's own default.
    pub(super) on_failure: Option<OnFailure>,
    /// The strategy to roll back with, or how much faster; missing: the same.
    pub(super) rollback: Option<RollbackFile>,
    /// How long after its start a rollout is rolled back by itself; missing: at any time.
    pub(super) rollback_window: Option<SimDuration>,
    /// The gates over the whole rollout.
    pub(super) gates: Vec<String>,
    /// Paths of manifests that belong together, relative to the scenario file.
    pub(super) manifest: Option<ManifestsFile>,
    /// Which object of the manifest.
    pub(super) object: Option<String>,
}

/// The names of the strategies, in the order of the file.
pub(super) fn names(root: &Table<'_>) -> Vec<String> {
    let Some(entry) = document::find(root, ["strategies"]) else { return Vec::new() };
    let Some(table) = entry.value.get_ref().as_table() else { return Vec::new() };
    let mut names: Vec<(usize, String)> =
        table.keys().map(|key| (key.span().start, key.get_ref().to_string())).collect();
    names.sort();
    names.into_iter().map(|(_, name)| name).collect()
}

/// Reports names that cannot be those of a strategy.
pub(super) fn check_names(scope: &mut Scope<'_, '_>, names: &[String]) {
    for name in names.iter().filter(|name| !is_bare(name)) {
        let span = document::find(scope.root, ["strategies", name.as_str()]).map(|e| e.key);
        let message = format!("`{name}` cannot be the name of a strategy");
        let issue = Issue::new(rule::STRATEGY_NAME, "strategies", message);
        scope.raise_at(issue.help("use letters, digits, `-` and `_`"), span);
    }
    if names.is_empty() {
        let issue = Issue::new(rule::MISSING_KEY, "strategies", "there is no strategy");
        scope
            .raise(issue.help(
                "add at least one, such as `[strategies.rolling]` with `kind = \"rolling\"`",
            ));
    }
}

/// One strategy's table in two: what every kind has, and the rest.
#[derive(Debug)]
struct Parts<'t> {
    head: Head,
    rest: Value<'t>,
    dropped: Vec<String>,
}

/// Reads strategies of one variant.
#[derive(Debug)]
pub(super) struct Strategies<'a> {
    /// The kinds there are.
    pub(super) kinds: &'a [Kind],
    /// The variant's file.
    pub(super) file: &'a ScenarioFile,
    /// Its gates; none if one of them breaks a rule.
    pub(super) gates: Option<&'a [Gate]>,
}

impl Strategies<'_> {
    /// The plan of the strategy called `name`; none if it breaks a rule.
    pub(super) fn plan(&self, scope: &mut Scope<'_, '_>, name: &str) -> Option<StrategyPlan> {
        let (head, parameters) = self.read(scope, name)?;
        let at = at(name);
        let parameters = self.compose(scope, &at, parameters)?;
        let on_failure = head.on_failure.unwrap_or_else(|| parameters.default_on_failure());
        let on_gate_failure =
            head.on_failure.unwrap_or_else(|| parameters.default_on_gate_failure());
        let guards = gates::guards(scope, &at, &head.gates, self.gates);
        gates::check_uses(scope, &at, &parameters.gates(), self.gates);
        let has_gates = !(head.gates.is_empty() && parameters.gates().is_empty());
        let answer = if has_gates { on_gate_failure } else { on_failure };
        self.check_idle_rollback(scope, &at, answer);
        if !self.is_none(scope, name) {
            self.check_release(scope, &at, parameters.as_ref());
        }
        let mut haste = 1.0;
        let rollback = match &head.rollback {
            None => None,
            Some(RollbackFile::Fast(factor)) => {
                check_fast(scope, &at, *factor, parameters.as_ref());
                haste = *factor;
                None
            }
            Some(RollbackFile::Named(other)) => {
                self.check_rollback(scope, name, other)?;
                let rollback = self.read(scope, other)?.1;
                if rollback.inner().is_some() {
                    let message =
                        format!("`{other}` composes another strategy and cannot roll back");
                    let issue = Issue::new(rule::ROLLBACK_NAME, &format!("{at}.rollback"), message);
                    scope.raise(issue.help("name a strategy that stands by itself"));
                }
                Some(rollback)
            }
        };
        Some(StrategyPlan {
            name: name.to_owned(),
            parameters,
            on_failure,
            on_gate_failure,
            guards: if self.is_none(scope, name) { Vec::new() } else { guards },
            rollback,
            haste,
            rollback_window: head.rollback_window,
        })
    }

    /// Whether a strategy does nothing, so that nothing can guard it.
    fn is_none(&self, scope: &Scope<'_, '_>, name: &str) -> bool {
        kind_of(scope.root, name) == Some("none")
    }

    /// Warns of ways back that nothing takes.
    fn check_idle_rollback(&self, scope: &mut Scope<'_, '_>, at: &str, on_failure: OnFailure) {
        let by_hand = |one: &OperatorFile| one.action == ActionFile::Rollback;
        if on_failure == OnFailure::Rollback {
            return;
        }
        for (key, is_used_by_hand) in [("rollback", true), ("rollback_window", false)] {
            if !(is_used_by_hand && self.file.operator.iter().any(by_hand)) {
                check::without_effect(
                    scope,
                    &format!("{at}.{key}"),
                    Some(&format!("{at}.on_failure")),
                    "nothing makes this strategy roll back",
                    "set `on_failure = \"rollback\"`",
                );
            }
        }
    }

    /// Whether a third version can take over, where one does.
    fn check_release(&self, scope: &mut Scope<'_, '_>, at: &str, parameters: &dyn Parameters) {
        if parameters.can_supersede() {
            return;
        }
        let is_release = |one: &OperatorFile| one.action == ActionFile::Release;
        let by_hand = self.file.operator.iter().position(is_release);
        let by_hand = by_hand.map(|number| format!("operator.{number}.action"));
        for path in by_hand.into_iter().chain(overlapping(scope.root)) {
            let message = "no third version can take over from this strategy";
            let issue = Issue::new(rule::OPERATOR, &path, message);
            let issue = issue.because(&format!("{at}.kind"), "this kind");
            let help = "release over `rolling`, `recreate`, `canary`, `blue-green`, `immutable`, \
                        or one that runs such a strategy as its `inner`";
            scope.raise(issue.help(help));
        }
    }

    /// Parameters with the strategy that they name as `inner`, where they do.
    fn compose(
        &self,
        scope: &mut Scope<'_, '_>,
        at: &str,
        parameters: Arc<dyn Parameters>,
    ) -> Option<Arc<dyn Parameters>> {
        let Some(name) = parameters.inner() else { return Some(parameters) };
        let path = format!("{at}.inner");
        if document::find(scope.root, ["strategies", name]).is_none() {
            let names = names(scope.root);
            let others: Vec<&str> = names.iter().map(String::as_str).collect();
            let message = format!("there is no strategy called `{name}`");
            scope.raise(
                Issue::new(rule::INNER, &path, message).help(suggestion(name, &others, "others")),
            );
            return None;
        }
        let (_, inner) = self.read(scope, name)?;
        if let Some(why) = parameters.check_inner(inner.as_ref()) {
            let issue = Issue::new(rule::INNER, &path, why);
            let kind = format!("{}.kind", self::at(name));
            let help = "see `rollsim explain` with the strategy's kind for those that fit";
            scope.raise(issue.because(&kind, "this kind").help(help));
            return None;
        }
        parameters.with_inner(inner)
    }

    /// The head and the parameters of one strategy.
    fn read(&self, scope: &mut Scope<'_, '_>, name: &str) -> Option<(Head, Arc<dyn Parameters>)> {
        let at = at(name);
        let entry = document::find(scope.root, ["strategies", name])?;
        let Some(table) = entry.value.get_ref().as_table() else {
            let given = entry.value.get_ref().type_str();
            let message = format!("`{at}` must be a table, not {given}");
            scope.raise(Issue::new(rule::WRONG_TYPE, &at, message));
            return None;
        };
        let parts = parts(scope, table, &at, entry.value);
        let kind = self.kind(scope, &at, &parts)?;
        let mut reader = Reader::new(scope.findings);
        let parameters = reader.read(&parts.rest, &at, COMMON, kind.parse);
        let dropped = reader.into_dropped();
        scope.dropped.extend(dropped.iter().chain(&parts.dropped).cloned());
        let parameters = parameters.filter(|_| dropped.is_empty())?;
        if kind.name == "none" {
            for key in ["gates", "on_failure", "rollback"] {
                let path = format!("{at}.{key}");
                let why = "there is no rollout that could fail";
                check::without_effect(scope, &path, None, why, "leave it out");
            }
        }
        self.check(scope, &at, kind, &parts.rest, parameters.as_ref());
        Some((parts.head, parameters))
    }

    fn kind(&self, scope: &mut Scope<'_, '_>, at: &str, parts: &Parts<'_>) -> Option<&Kind> {
        let path = format!("{at}.kind");
        let names: Vec<&str> = self.kinds.iter().map(|kind| kind.name).collect();
        let Some(name) = &parts.head.kind else {
            let is_unsaid = |key| !parts.dropped.contains(&format!("{at}.{key}"));
            if is_unsaid("kind") && is_unsaid("manifest") && parts.head.manifest.is_none() {
                let message = format!("`{at}` needs `kind`");
                let issue = Issue::new(rule::MISSING_KEY, &path, message);
                scope.raise(issue.help(suggestion("", &names, "kinds")));
            }
            return None;
        };
        let found = self.kinds.iter().find(|kind| kind.name == name);
        if found.is_none() {
            let message = format!("there is no kind of strategy called `{name}`");
            let issue = Issue::new(rule::KIND, &path, message);
            scope.raise(issue.help(suggestion(name, &names, "kinds")));
        }
        found
    }

    /// The rules that need several fields, or the fleet.
    fn check(
        &self,
        scope: &mut Scope<'_, '_>,
        at: &str,
        kind: &Kind,
        rest: &Value<'_>,
        parameters: &dyn Parameters,
    ) {
        let known = self.file.fleet.instances.filter(|instances| *instances > 0);
        // Of a fleet that is not known, only what is wrong with every fleet is.
        let problems = parameters.check(known.unwrap_or(check::MOST_INSTANCES));
        for problem in &problems {
            let path = format!("{at}.{}", problem.field);
            let mut issue = Issue::new(rule::PARAMETERS, &path, problem.message.clone())
                .help(problem.help.clone());
            if let Some(other) = &problem.because {
                issue = issue.because(&format!("{at}.{other}"), "together with this");
            }
            scope.raise(issue);
        }
        if problems.is_empty()
            && let Some(desired) = known
        {
            let zones = u16::try_from(self.file.fleet.zones.len()).unwrap_or(u16::MAX);
            for advice in parameters.advise(desired, zones) {
                let path = match advice.field.as_str() {
                    "" => at.to_owned(),
                    field => format!("{at}.{field}"),
                };
                let issue = Issue::new(rule::CONTROLLER, &path, advice.message);
                scope.raise(issue.help(advice.help));
            }
        }
        if problems.is_empty()
            && let Some(desired) = known
            && let Some(capacity) = self.file.startup.surge_capacity
        {
            let subject = Subject { at, kind: kind.name, fields: rest };
            room::check(scope, &subject, capacity, desired);
        }
    }

    /// Whether rolling back with `other` makes sense.
    fn check_rollback(&self, scope: &mut Scope<'_, '_>, name: &str, other: &str) -> Option<()> {
        let path = format!("{}.rollback", at(name));
        let issue = if other == name {
            Issue::new(rule::ROLLBACK_CIRCLE, &path, format!("`{name}` rolls back with itself"))
                .help("leave `rollback` out: the same strategy is the default")
        } else if document::find(scope.root, ["strategies", other]).is_none() {
            let names = names(scope.root);
            let others: Vec<&str> =
                names.iter().map(String::as_str).filter(|known| *known != name).collect();
            let message = format!("there is no strategy called `{other}`");
            let issue = Issue::new(rule::ROLLBACK_NAME, &path, message);
            issue.help(suggestion(other, &others, "others"))
        } else if let Some(circle) = circle(scope.root, name) {
            let message = format!("the rollbacks go in a circle: {circle}");
            Issue::new(rule::ROLLBACK_CIRCLE, &path, message)
                .because(&format!("{}.rollback", at(other)), "and back again")
                .help("a rollback is not rolled back: leave one of them out")
        } else if kind_of(scope.root, other) == Some("none") {
            let message = format!("`{other}` does nothing, so it cannot roll back");
            Issue::new(rule::ROLLBACK_NAME, &path, message)
                .because(&format!("{}.kind", at(other)), "no rollout")
                .help("name another strategy, or leave `rollback` out")
        } else {
            return Some(());
        };
        scope.raise(issue);
        None
    }
}

/// Where a fault brings a third version.
fn overlapping(root: &Table<'_>) -> Option<String> {
    let faults = document::find(root, ["faults"])?.value.get_ref().as_array()?;
    let is_one = |fault: &Value<'_>| {
        let kind = fault.get_ref().as_table().and_then(|table| table.get("kind"));
        kind.and_then(|kind| kind.get_ref().as_str()) == Some("overlapping-rollout")
    };
    faults.iter().position(is_one).map(|number| format!("faults.{number}.kind"))
}

fn check_fast(scope: &mut Scope<'_, '_>, at: &str, factor: f64, parameters: &dyn Parameters) {
    let path = format!("{at}.rollback");
    let issue = |message: &str| Issue::new(rule::FAST_ROLLBACK, &path, message);
    if !(factor.is_finite() && factor > 0.0) {
        scope.raise(issue("`fast` must be a finite number above 0").help("write `fast = 2.0`"));
    }
    if !parameters.has_bounds() {
        let issue = issue("this strategy has no bounds to widen");
        scope.raise(issue.because(&format!("{at}.kind"), "this kind").help("drop `rollback`"));
    }
}

fn at(name: &str) -> String {
    dotted(&["strategies", name])
}

fn parts<'t>(
    scope: &mut Scope<'_, 't>,
    table: &Table<'t>,
    at: &str,
    whole: &Value<'t>,
) -> Parts<'t> {
    let (mut head, mut rest) = (Table::new(), Table::new());
    for (key, value) in table {
        let is_head = COMMON.contains(&key.get_ref().as_ref());
        let part = if is_head { &mut head } else { &mut rest };
        part.insert(key.clone(), value.clone());
    }
    let spanned = |table| Spanned::new(whole.span(), DeValue::Table(table));
    let mut reader = Reader::new(scope.findings);
    let parse = |value: ValueDeserializer<'t>| Head::deserialize(value);
    let head = reader.read(&spanned(head), at, &[], parse).unwrap_or_default();
    Parts { head, rest: spanned(rest), dropped: reader.into_dropped() }
}

/// Whether a strategy has this word at this key.
pub(super) fn any_has(root: &Table<'_>, key: &str, word: &str) -> bool {
    names(root).iter().any(|name| field(root, name, key) == Some(word))
}

fn field<'a>(root: &'a Table<'_>, name: &str, key: &str) -> Option<&'a str> {
    document::find(root, ["strategies", name, key])?.value.get_ref().as_str()
}

fn kind_of<'a>(root: &'a Table<'_>, name: &str) -> Option<&'a str> {
    field(root, name, "kind")
}

/// The way from a strategy over its rollbacks to itself, if there is one.
fn circle(root: &Table<'_>, name: &str) -> Option<String> {
    let mut way = vec![name];
    loop {
        let next = field(root, way[way.len() - 1], "rollback")?;
        way.push(next);
        if next == name {
            let way: Vec<String> = way.iter().map(|name| format!("`{name}`")).collect();
            return Some(way.join(", "));
        }
        // A circle further on is that strategy's own.
        if way[..way.len() - 1].contains(&next) {
            return None;
        }
    }
}
