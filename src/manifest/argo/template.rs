//! What an AnalysisTemplate or a ClusterAnalysisTemplate measures, and when it has passed.
//!
//! `pkg/apis/rollouts/v1alpha1/analysis_types.go` has the fields, `utils/analysis/helpers.go` and
//! `pkg/apis/rollouts/validation/validation_references.go` what is refused.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::super::Object;
use super::super::bound::MOST_INT32;
use super::super::findings::{Findings, Known, describe, quote};
use super::super::measurement::Measurement;
use super::super::tree::{Field, Kind, Place};
use super::super::write::{self, NANOS_PER_SECOND};
use super::analysis::Runs;
use super::condition::{self, Comparison, Side};
use super::duration;

const SPEC_FIELDS: &[&str] = &["metrics", "args", "dryRun", "measurementRetention", "templates"];

const METRIC_FIELDS: &[&str] = &[
    "name",
    "interval",
    "initialDelay",
    "count",
    "successCondition",
    "failureCondition",
    "failureLimit",
    "inconclusiveLimit",
    "consecutiveErrorLimit",
    "consecutiveSuccessLimit",
    "provider",
];

/// Values of arguments, by name.
pub(super) struct Arguments<'t>(BTreeMap<&'t str, &'t str>);

impl<'t> Arguments<'t> {
    pub(super) fn of(parent: Field<'t>) -> Self {
        let args = parent.get("args").into_iter().flat_map(Field::items);
        let value = |arg: Field<'t>| Some((arg.get("name")?.text()?, arg.get("value")?.text()?));
        Self(args.filter_map(value).collect())
    }

    /// The text with the values of arguments in their places.
    fn fill(&self, text: &str, defaults: &Arguments<'_>) -> String {
        let mut text = text.to_owned();
        for (name, value) in self.0.iter().chain(&defaults.0) {
            for place in [format!("{{{{args.{name}}}}}"), format!("{{{{ args.{name} }}}}")] {
                text = text.replace(&place, value);
            }
        }
        text
    }
}

/// The metrics that only tell.
pub(super) fn dry_runs(parent: Field<'_>, found: &mut Findings) -> Vec<String> {
    let runs = found.mappings(parent, "dryRun").into_iter();
    let names: Vec<_> = runs.filter_map(|run| found.word(run, "metricName")).collect();
    names.into_iter().map(|name| name.value.to_owned()).collect()
}

/// What one metric's fields are read with.
struct Reader<'a> {
    arguments: &'a Arguments<'a>,
    defaults: &'a Arguments<'a>,
}

/// The measurements of a template.
pub(super) fn read(
    object: &Object<'_>,
    arguments: &Arguments<'_>,
    (runs, dry): (Runs, &[String]),
    found: &mut Findings,
) -> Vec<Measurement> {
    let template = object.name.unwrap_or_default();
    let Some(spec) = found.mapping(object.root, "spec") else { return Vec::new() };
    found.strangers(spec, "spec", Known::All(SPEC_FIELDS));
    if let Some(inner) = spec.get("templates") {
        inner.see_all();
        found.note(format!("templates inside of {} are not read", quote(template)));
    }
    let defaults = Arguments::of(spec);
    let dry: Vec<String> = dry.iter().cloned().chain(dry_runs(spec, found)).collect();
    let reader = Reader { arguments, defaults: &defaults };
    let mut all = Vec::new();
    for metric in found.mappings(spec, "metrics") {
        found.strangers(metric, "a metric", Known::All(METRIC_FIELDS));
        if let Some(provider) = metric.get("provider") {
            provider.see_all();
        }
        let Some(name) = found.word(metric, "name") else {
            found.problem(metric.place(), "the metric has no `name`".into(), None);
            continue;
        };
        let is_dry = dry.iter().any(|one| matches(one, name.value));
        let name = format!("{template}/{}", name.value);
        all.push(reader.metric(metric, &name, (runs, is_dry), found));
    }
    all
}

/// A dry run names metrics by a regular expression, of which `.*` and plain names are understood.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix(".*") {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

/// A number of a metric, and where it stands.
type Number = Option<(i64, Place)>;

impl Reader<'_> {
    /// The whole number at `key`, which may be an argument's value.
    fn whole(&self, metric: Field<'_>, key: &str, least: i64, found: &mut Findings) -> Number {
        let field = metric.get(key)?;
        let text = match field.kind() {
            Kind::Text(text) => self.arguments.fill(text, self.defaults),
            Kind::Integer(_) => {
                return found.whole(metric, key, least..=MOST_INT32).map(|n| (n.value, n.place));
            }
            _ => String::new(),
        };
        match text.parse::<i64>() {
            Ok(number) if number >= least => Some((number, field.place())),
            _ if text.contains("{{") => {
                found.note(format!(
                    "{key} {} of a metric is not known: its default holds",
                    quote(&text)
                ));
                None
            }
            _ => {
                let message = format!("`{key}` must be a whole number, not {}", describe(field));
                found.problem(field.place(), message, None);
                None
            }
        }
    }

    /// The duration at `key`, nanoseconds.
    fn time(&self, metric: Field<'_>, key: &str, found: &mut Findings) -> Option<u64> {
        let field = metric.get(key)?;
        let text = match field.kind() {
            Kind::Text(text) => self.arguments.fill(text, self.defaults),
            _ => String::new(),
        };
        let nanos = duration::nanos(&text);
        if nanos.is_none() {
            let message = format!("`{key}` must be a duration, not {}", describe(field));
            found.problem(field.place(), message, Some("write for example `30s` or `5m`"));
        }
        nanos
    }

    fn metric(
        &self,
        metric: Field<'_>,
        name: &str,
        (runs, is_dry): (Runs, bool),
        found: &mut Findings,
    ) -> Measurement {
        let interval = self.time(metric, "interval", found);
        let delay = self.time(metric, "initialDelay", found).unwrap_or(0);
        let written = self.whole(metric, "count", 0, found);
        let count = match written.map(|(count, _)| count) {
            Some(0) | None => interval.is_none().then_some(1),
            count => count,
        };
        self.refuse(metric, (interval, count), runs, found);
        let limits = Limits {
            failures: self.whole(metric, "failureLimit", -1, found).map_or(0, |(limit, _)| limit),
            lost: self.whole(metric, "inconclusiveLimit", 0, found).map_or(0, |(limit, _)| limit),
            errors: self.whole(metric, "consecutiveErrorLimit", 0, found).map(|(limit, _)| limit),
            successes: self
                .whole(metric, "consecutiveSuccessLimit", 0, found)
                .map(|(limit, _)| limit)
                .filter(|limit| *limit > 0),
        };
        limits.refuse(count, written.map(|(_, place)| place), found);
        let interval = interval.unwrap_or(10 * NANOS_PER_SECOND).max(NANOS_PER_SECOND / 10);
        let mut gate = Table::from_iter([
            ("interval".into(), write::duration(interval)),
            ("on_no_data".into(), Value::String("error".into())),
            ("failure_limit".into(), Value::Integer(limits.failures.max(0))),
            ("inconclusive_limit".into(), Value::Integer(limits.lost)),
            ("analysis_run".into(), Value::Table(limits.run(is_dry))),
        ]);
        if delay > 0 {
            gate.insert("initial_delay".into(), write::duration(delay));
        }
        if let Some(count) = count {
            gate.insert("count".into(), Value::Integer(count));
        }
        let limits = self.conditions(metric, name, &mut gate, found);
        let time = count.map(|count| delay + interval * (count as u64 - 1));
        Measurement { name: name.to_owned(), gate, limits, time }
    }

    /// What Argo refuses of the rhythm.
    fn refuse(
        &self,
        metric: Field<'_>,
        (interval, count): (Option<u64>, Option<i64>),
        runs: Runs,
        found: &mut Findings,
    ) {
        if interval.is_none() && count.is_some_and(|count| count > 1) {
            let message = "a metric with a `count` above 1 needs an `interval`".into();
            found.problem(metric.place(), message, Some("write for example `interval: 1m`"));
        }
        if count.is_none() && runs == Runs::Once {
            let message = "the metric goes on for ever, which only an analysis in the background \
                           may";
            found.problem(metric.place(), message.into(), Some("give it a `count`"));
        }
    }

    /// The limits that its conditions come to.
    fn conditions(
        &self,
        metric: Field<'_>,
        name: &str,
        gate: &mut Table,
        found: &mut Findings,
    ) -> Vec<(&'static str, f64)> {
        let mut read = |key: &str| {
            let written = found.word(metric, key)?;
            let text = self.arguments.fill(written.value, self.defaults);
            let parsed = condition::parse(&text);
            if parsed.is_none() && !text.trim().is_empty() {
                found.note(format!(
                    "the {key} {} of `{name}` is not understood: the gate that stands for it needs \
                     a limit of its own",
                    quote(&text)
                ));
            }
            parsed
        };
        let (success, failure) = (read("successCondition"), read("failureCondition"));
        let is_whole = |key: &str, parsed: Option<Comparison>| {
            parsed.is_some() || metric.get(key).is_none_or(|field| field.kind() == Kind::Null)
        };
        if !is_whole("successCondition", success) || !is_whole("failureCondition", failure) {
            return Vec::new();
        }
        limits(success, failure, gate)
    }
}

/// Success that is only above a number fails below it; failure that is only above one passes below
/// it. With both, nobody can tell what is neither.
fn limits(
    success: Option<Comparison>,
    failure: Option<Comparison>,
    gate: &mut Table,
) -> Vec<(&'static str, f64)> {
    let passing = |one: Comparison| match one.side {
        Side::Above => ("min", one.number),
        Side::Below => ("max", one.number),
    };
    let failing = |one: Comparison, [above, below]: [&'static str; 2]| match one.side {
        Side::Above => (above, one.number),
        Side::Below => (below, one.number),
    };
    let is_strict = match (success, failure) {
        (Some(success), _) => !success.is_inclusive,
        (None, Some(failure)) => failure.is_inclusive,
        (None, None) => false,
    };
    if is_strict {
        gate.insert("strict".into(), Value::Boolean(true));
    }
    match (success, failure) {
        (Some(success), Some(failure)) => {
            vec![passing(success), failing(failure, ["fail_max", "fail_min"])]
        }
        (Some(success), None) => vec![passing(success)],
        (None, Some(failure)) => vec![failing(failure, ["max", "min"])],
        (None, None) => Vec::new(),
    }
}

/// How much a metric takes before it is decided.
struct Limits {
    failures: i64,
    lost: i64,
    errors: Option<i64>,
    successes: Option<i64>,
}

impl Limits {
    fn refuse(&self, count: Option<i64>, place: Option<Place>, found: &mut Findings) {
        let needed = self.failures.max(0) + self.successes.unwrap_or(0);
        if let (Some(count), Some(place)) = (count, place)
            && count < needed
        {
            let message = format!(
                "`count` is {count}, below `failureLimit` and `consecutiveSuccessLimit` together"
            );
            found.problem(place, message, Some(&format!("write `count: {needed}` or more")));
        }
    }

    fn run(&self, is_dry: bool) -> Table {
        let mut run = Table::new();
        for (key, number) in [("error_limit", self.errors), ("consecutive_success", self.successes)]
        {
            if let Some(number) = number {
                run.insert(key.into(), Value::Integer(number));
            }
        }
        for (key, is_set) in [("ignore_failures", self.failures < 0), ("dry_run", is_dry)] {
            if is_set {
                run.insert(key.into(), Value::Boolean(true));
            }
        }
        run
    }
}
