//! From `[policy]` to requirements, or to what is wrong with them.

use serde::Deserialize;
use toml::de::ValueDeserializer;

use super::{At, Material, Policy, Regression, Requirement, Side, Statistic, clash};
use crate::measure::{METRICS, Metric, MetricKind};
use crate::scenario::check::scope::{Issue, Scope};
use crate::scenario::diagnostic::source::{Found, Shown, Sources};
use crate::scenario::document;
use crate::scenario::document::read::{Reader, suggestion};
use crate::scenario::file::{LimitFile, RegressionFile, RequireFile, RequirementsFile};
use crate::scenario::rule;
use crate::stats::math;

/// What is worse than this share of a limit matters, where nothing else is written.
const MATERIAL: f64 = 0.05;

/// The policy of a file; empty where there is none. What is wrong with it is reported.
pub(crate) fn read(scope: &mut Scope<'_, '_>, sources: &Sources, strategies: &[String]) -> Policy {
    let Some(entry) = document::find(scope.root, ["policy"]) else { return Policy::empty() };
    if !entry.value.get_ref().is_table() {
        if !entry.value.get_ref().is_array() {
            let given = entry.value.get_ref().type_str();
            let message = format!("`policy` must be a table, not {given}");
            scope.raise(Issue::new(rule::WRONG_TYPE, "policy", message));
        }
        return Policy::empty();
    }
    let mut reader = Reader::new(scope.findings);
    let parse = |value: ValueDeserializer<'_>| RequirementsFile::deserialize(value);
    let file = reader.read(entry.value, "policy", &[], parse);
    let dropped = reader.into_dropped();
    let is_whole = dropped.is_empty();
    scope.dropped.extend(dropped);
    // What was left out shifts the numbers of the rest.
    let Some(file) = file.filter(|_| is_whole) else { return Policy::empty() };
    head(scope, &file);
    let mut policy = Policy {
        confidence: file.confidence,
        max_replications: file.max_replications,
        ..Policy::empty()
    };
    for (number, written) in file.require.iter().enumerate() {
        let at = format!("policy.require.{number}");
        let place = place(scope, sources, &at);
        policy.requirements.extend(requirement(scope, &at, written, strategies, place));
    }
    if policy.requirements.len() == file.require.len() {
        contradictions(scope, &policy.requirements);
    }
    for (number, written) in file.regression.iter().enumerate() {
        let at = format!("policy.regression.{number}");
        let place = place(scope, sources, &at);
        policy.regressions.extend(regression(scope, &at, written, place));
    }
    twice(scope, &file.regression);
    few_runs(scope, &policy);
    policy
}

fn head(scope: &mut Scope<'_, '_>, file: &RequirementsFile) {
    if !(file.confidence > 0.5 && file.confidence < 1.0) {
        let message =
            format!("`policy.confidence` must be above 0.5 and below 1, not `{}`", file.confidence);
        scope.raise(Issue::new(rule::OUT_OF_RANGE, "policy.confidence", message));
    }
    if file.max_replications == Some(0) {
        let message = "`policy.max_replications` must be at least 1, not `0`";
        scope.raise(Issue::new(rule::OUT_OF_RANGE, "policy.max_replications", message));
    }
}

/// The line of the file where a table's metric stands.
fn place(scope: &Scope<'_, '_>, sources: &Sources, at: &str) -> At {
    let line = scope.span(&format!("{at}.metric")).and_then(|span| {
        let Found { shown: Shown::File { path, text, first_line }, range, .. } =
            sources.locate(&span)?
        else {
            return None;
        };
        (path == scope.file).then(|| first_line + text[..range.start].matches('\n').count())
    });
    At(line)
}

fn requirement(
    scope: &mut Scope<'_, '_>,
    at: &str,
    written: &RequireFile,
    strategies: &[String],
    place: At,
) -> Option<Requirement> {
    let errors = scope.findings.errors();
    let metric = metric(scope, at, &written.metric);
    let statistic = statistic(scope, at, written);
    names(scope, at, written, strategies);
    let mut limit = |key: &str, value: Option<LimitFile>| {
        let value = value?;
        metric.and_then(|metric| limit_of(scope, &format!("{at}.{key}"), metric, value))
    };
    let (min, max) = (limit("min", written.min), limit("max", written.max));
    if written.min.is_none() && written.max.is_none() {
        let message = format!("`{at}` has no limit");
        let issue = Issue::new(rule::POLICY_LIMIT, at, message);
        scope.raise(issue.help("write `min`, `max` or both"));
    }
    if let (Some(low), Some(high)) = (min, max)
        && low > high
    {
        let message = "no value is at least `min` and at most `max`";
        let issue = Issue::new(rule::POLICY_CLASH, &format!("{at}.min"), message);
        let issue = issue.because(&format!("{at}.max"), "below it");
        scope.raise(issue.help("let `min` be the smaller one"));
    }
    if scope.findings.errors() > errors {
        return None;
    }
    let strategies = written.strategies.clone();
    Some(Requirement { metric: metric?, statistic: statistic?, min, max, strategies, place })
}

fn metric(scope: &mut Scope<'_, '_>, at: &str, name: &str) -> Option<&'static Metric> {
    let found = METRICS.iter().find(|metric| metric.name == name);
    if found.is_none() {
        let names: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
        let message = format!("there is no metric called `{name}`");
        let issue = Issue::new(rule::POLICY_METRIC, &format!("{at}.metric"), message);
        let near = crate::scenario::nearest(name, names.iter().copied());
        let help = match near {
            Some(_) => suggestion(name, &names, "metrics"),
            None => "`rollsim list metrics` shows them all".to_owned(),
        };
        scope.raise(issue.help(help));
    }
    found
}

/// A limit in the metric's own unit.
fn limit_of(
    scope: &mut Scope<'_, '_>,
    path: &str,
    metric: &Metric,
    written: LimitFile,
) -> Option<f64> {
    let value = match (metric.kind, written) {
        (_, LimitFile::Number(number)) => number,
        (MetricKind::Ratio, LimitFile::Percent(share)) => share,
        (MetricKind::Seconds, LimitFile::Duration(length)) => length.as_secs_f64(),
        (kind, _) => {
            let wanted = match kind {
                MetricKind::Ratio if metric.is_share() => "a share such as \"85%\" or 0.85",
                MetricKind::Seconds => "a duration such as \"90s\"",
                MetricKind::Ratio => "a number or a percentage such as \"85%\"",
                MetricKind::Count | MetricKind::Amount => "a number",
            };
            let message = format!("`{}` is compared with {wanted}", metric.name);
            let issue = Issue::new(rule::POLICY_LIMIT, path, message);
            scope.raise(match written {
                LimitFile::Quoted(_) => issue.label("a number in quotes, without a unit"),
                _ => issue,
            });
            return None;
        }
    };
    if metric.is_share() && !(0.0..=1.0).contains(&value) {
        let message = format!("`{}` lies between 0 and 1, and `{value}` does not", metric.name);
        let issue = Issue::new(rule::POLICY_LIMIT, path, message);
        let help = if value > 1.0 && value <= 100.0 {
            format!("if it is a percentage, write `\"{value}%\"`")
        } else {
            "write a share such as 0.85 or \"85%\"".to_owned()
        };
        scope.raise(issue.help(help));
        return None;
    }
    Some(value)
}

fn statistic(scope: &mut Scope<'_, '_>, at: &str, written: &RequireFile) -> Option<Statistic> {
    let wrong = |path: &str, message: String| {
        Issue::new(rule::POLICY_STATISTIC, &format!("{at}.{path}"), message)
    };
    match (&written.statistic, written.breaches) {
        (None, None) => Some(Statistic::Mean),
        (Some(_), Some(_)) => {
            let message = "`breaches` counts runs, so no `statistic` of theirs is compared";
            let issue = wrong("breaches", message.to_owned());
            let issue = issue.because(&format!("{at}.statistic"), "the statistic");
            scope.raise(issue.help("leave one of them out"));
            None
        }
        (None, Some(share)) => {
            let share = share.as_f64();
            if share > 0.0 && share < 1.0 {
                return Some(Statistic::Breaches(share));
            }
            let message = format!("`breaches` must be above 0 and below 1, not `{share}`");
            let help = "runs never show that something cannot happen; `statistic = \"max\"` or \
                        `\"min\"` asks it of the runs that were simulated";
            scope.raise(wrong("breaches", message).help(help));
            None
        }
        (Some(word), None) => {
            let found = named(word);
            if found.is_none() {
                let message = format!("`{word}` is not a statistic");
                let help = "write `mean`, `min`, `max` or a percentile from `p0.1` to `p99.9`";
                scope.raise(wrong("statistic", message).help(help));
            }
            found
        }
    }
}

fn named(word: &str) -> Option<Statistic> {
    match word {
        "mean" => Some(Statistic::Mean),
        "min" => Some(Statistic::Min),
        "max" => Some(Statistic::Max),
        _ => {
            let number = word.strip_prefix('p')?;
            let is_plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
            let percent: f64 = number.parse().ok().filter(|_| is_plain)?;
            (0.1..=99.9).contains(&percent).then_some(Statistic::Quantile(percent / 100.0))
        }
    }
}

fn names(scope: &mut Scope<'_, '_>, at: &str, written: &RequireFile, strategies: &[String]) {
    let Some(names) = &written.strategies else { return };
    if names.is_empty() {
        let path = format!("{at}.strategies");
        let issue = Issue::new(rule::POLICY_STRATEGY, &path, "it is asked of no strategy");
        scope.raise(issue.help("name those that must meet it, or leave `strategies` out for all"));
    }
    let known: Vec<&str> = strategies.iter().map(String::as_str).collect();
    for (number, name) in names.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            let path = format!("{at}.strategies.{number}");
            let message = format!("there is no strategy called `{name}`");
            let issue = Issue::new(rule::POLICY_STRATEGY, &path, message);
            scope.raise(issue.help(suggestion(name, &known, "strategies")));
        }
    }
}

fn contradictions(scope: &mut Scope<'_, '_>, requirements: &[Requirement]) {
    let Some((low, high)) = clash::find(requirements) else { return };
    let name = requirements[low].metric.name;
    let message = format!("two requirements on `{name}` contradict each other");
    let [low, high] =
        [(low, "min"), (high, "max")].map(|(number, key)| format!("policy.require.{number}.{key}"));
    let issue = Issue::new(rule::POLICY_CLASH, &low, message).label("at least this");
    let issue = issue.because(&high, "and at most this");
    scope.raise(issue.help("no strategy can meet both; change one of the limits"));
}

fn regression(
    scope: &mut Scope<'_, '_>,
    at: &str,
    written: &RegressionFile,
    place: At,
) -> Option<Regression> {
    let metric = metric(scope, at, &written.metric)?;
    let wrong = |key: &str, message: String| -> Issue {
        Issue::new(rule::POLICY_REGRESSION, &format!("{at}.{key}"), message)
    };
    if metric.better().is_none() {
        let message = format!("more of `{}` is neither better nor worse", metric.name);
        let help = "name a metric such as `duration_s` or `capacity_min`, or ask a limit of it in \
                    `[[policy.require]]`";
        scope.raise(wrong("metric", message).help(help));
        return None;
    }
    let material = match (metric.kind, written.material) {
        (_, None) => Material::Share(MATERIAL),
        (_, Some(LimitFile::Percent(share))) => Material::Share(share),
        (_, Some(LimitFile::Number(number))) => Material::Amount(number),
        (MetricKind::Seconds, Some(LimitFile::Duration(length))) => {
            Material::Amount(length.as_secs_f64())
        }
        (_, Some(written @ (LimitFile::Duration(_) | LimitFile::Quoted(_)))) => {
            let message = match written {
                LimitFile::Quoted(number) => format!("`{number}` in quotes has no unit"),
                _ => format!("`{}` is not a time", metric.name),
            };
            let help = "write a number, or a percentage of what it is compared with";
            scope.raise(wrong("material", message).help(help));
            return None;
        }
    };
    let (Material::Amount(size) | Material::Share(size)) = material;
    if size < 0.0 {
        let message = "what matters is an amount of at least 0";
        scope.raise(wrong("material", message.to_owned()).help("write how much worse is too much"));
        return None;
    }
    Some(Regression { metric, material, place })
}

/// Reports a metric whose regression is described twice.
fn twice(scope: &mut Scope<'_, '_>, written: &[RegressionFile]) {
    for (two, later) in written.iter().enumerate() {
        let same = |earlier: &RegressionFile| earlier.metric == later.metric;
        if let Some(one) = written[..two].iter().position(same) {
            let message = format!("`{}` is there twice", later.metric);
            let path = format!("policy.regression.{two}.metric");
            let issue = Issue::new(rule::POLICY_REGRESSION, &path, message);
            let issue = issue.because(&format!("policy.regression.{one}.metric"), "first here");
            scope.raise(issue.help("keep one of them"));
        }
    }
}

/// Reports shares that so few runs cannot show, however they come out.
fn few_runs(scope: &mut Scope<'_, '_>, policy: &Policy) {
    let Some(most) = policy.max_replications.filter(|most| *most > 0) else { return };
    for (number, requirement) in policy.requirements.iter().enumerate() {
        let Some(needed) = least_runs(requirement, 1.0 - policy.confidence) else { continue };
        if needed > f64::from(most) {
            let key = match requirement.statistic {
                Statistic::Breaches(_) => "breaches",
                _ => "statistic",
            };
            let message =
                format!("{most} runs cannot show this: by itself it takes {needed} at least");
            let path = format!("policy.require.{number}.{key}");
            let issue = Issue::new(rule::POLICY_RUNS, &path, message);
            let issue = issue.because("policy.max_replications", "the most there are");
            scope.raise(issue.help("raise `max_replications`, or ask for less"));
        }
    }
}

/// So many runs, none of them a breach, show with this probability of error that a requirement
/// about a share of the runs holds; none if it is about none.
fn least_runs(requirement: &Requirement, alpha: f64) -> Option<f64> {
    let allowed = Side::BOTH.into_iter().filter_map(|side| requirement.allowed_breaches(side));
    let strictest = allowed.reduce(f64::min)?;
    Some((math::ln(alpha) / math::ln_1p(-strictest) - 1e-9).ceil())
}
