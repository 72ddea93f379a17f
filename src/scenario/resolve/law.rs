//! Distributions: from what is written to a law of chance.

use std::sync::Arc;

use crate::random::{Law, LawError};
use crate::scenario::check::scope::{Issue, Scope};
use crate::scenario::diagnostic::source::Sources;
use crate::scenario::file::{Dist, LawFile, LawTable, OrNever};
use crate::scenario::input::table::Tables;
use crate::scenario::rule;
use crate::units::SimDuration;

/// Whether a field may take its values in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lists {
    /// No: its draws have no order of their own.
    Refused,
    /// Durations in turn.
    Durations,
    /// Durations in turn, and `never`.
    DurationsAndNever,
}

/// Turns distributions into laws.
#[derive(Debug)]
pub(crate) struct LawReader<'a> {
    /// Files of samples.
    pub(crate) tables: &'a mut Tables,
    /// Where their lines are shown from.
    pub(crate) sources: &'a mut Sources,
}

impl LawReader<'_> {
    /// The law of the distribution at the dotted path `at`; none if it breaks a rule.
    pub(crate) fn law(
        &mut self,
        scope: &mut Scope<'_, '_>,
        at: &str,
        written: &LawFile,
        lists: Lists,
    ) -> Option<Law> {
        let table = match written {
            LawFile::Constant(length) => return Some(Law::Constant(*length)),
            LawFile::Table(table) => table,
        };
        let Some(dist) = table.dist else {
            scope.raise(
                Issue::new(rule::LAW_FIELDS, at, format!("`{at}` needs `dist`"))
                    .label("which distribution is not said")
                    .help("add `dist = \"exponential\"` or another kind"),
            );
            return None;
        };
        has_its_fields(scope, at, table, dist)
            .then(|| self.of_kind(scope, at, table, dist, lists))
            .flatten()
    }

    fn of_kind(
        &mut self,
        scope: &mut Scope<'_, '_>,
        at: &str,
        table: &LawTable,
        dist: Dist,
        lists: Lists,
    ) -> Option<Law> {
        match dist {
            Dist::Empirical => self.empirical(scope, at, table),
            Dist::List => list(scope, at, table.values.as_deref()?, lists),
            _ => match continuous(table, dist)? {
                Ok(law) => Some(law),
                Err(error) => {
                    scope.raise(impossible(at, error));
                    None
                }
            },
        }
    }

    fn empirical(&mut self, scope: &mut Scope<'_, '_>, at: &str, table: &LawTable) -> Option<Law> {
        let file = table.file.as_deref()?;
        let column = table.column.as_deref().unwrap_or("seconds");
        let asked = scope.span(&format!("{at}.file"))?;
        let law = self.tables.samples([file, column], &asked, self.sources);
        law.map_err(|diagnostic| scope.findings.add(diagnostic)).ok()
    }
}

fn list(scope: &mut Scope<'_, '_>, at: &str, values: &[OrNever], lists: Lists) -> Option<Law> {
    let path = format!("{at}.values");
    let issue = if lists == Lists::Refused {
        Issue::new(rule::LIST_PLACE, at, format!("`{at}` cannot be a list"))
            .label("its draws have no order of their own")
            .help("use `dist = \"empirical\"` with a file, or another distribution")
    } else if values.is_empty() {
        Issue::new(rule::LAW_VALUES, &path, format!("`{path}` needs at least one value"))
    } else if lists == Lists::Durations && values.iter().any(|value| value.0.is_none()) {
        Issue::new(rule::LIST_PLACE, &path, format!("`{at}` cannot be `never`"))
            .help("only `startup.boot` can: it boots and never passes its probe")
    } else {
        let values: Vec<Option<SimDuration>> = values.iter().map(|value| value.0).collect();
        return Some(Law::List(Arc::from(values)));
    };
    scope.raise(issue);
    None
}

/// The fields that a kind takes, one set for each way of writing it; the first is the usual one.
const fn ways(dist: Dist) -> &'static [&'static [&'static str]] {
    match dist {
        Dist::Uniform => &[&["min", "max"]],
        Dist::Exponential => &[&["mean"]],
        Dist::Normal | Dist::Gamma => &[&["mean", "sd"]],
        Dist::Lognormal => &[&["median", "p95"], &["mean", "sd"]],
        Dist::Weibull => &[&["scale", "shape"]],
        Dist::Pareto => &[&["min", "shape"]],
        Dist::Empirical => &[&["file", "column"], &["file"]],
        Dist::List => &[&["values"]],
    }
}

const fn name(dist: Dist) -> &'static str {
    match dist {
        Dist::Uniform => "uniform",
        Dist::Exponential => "exponential",
        Dist::Normal => "normal",
        Dist::Lognormal => "lognormal",
        Dist::Gamma => "gamma",
        Dist::Weibull => "weibull",
        Dist::Pareto => "pareto",
        Dist::Empirical => "empirical",
        Dist::List => "list",
    }
}

/// Whether the table has exactly the fields of one way of writing its kind; reports it if not.
fn has_its_fields(scope: &mut Scope<'_, '_>, at: &str, table: &LawTable, dist: Dist) -> bool {
    let written = written_fields(table);
    if ways(dist)
        .iter()
        .any(|way| way.len() == written.len() && way.iter().all(|field| written.contains(field)))
    {
        return true;
    }
    let ways_in_words: Vec<String> = ways(dist).iter().map(|way| in_words(way)).collect();
    let takes = format!("`{}` takes {}", name(dist), ways_in_words.join(", or "));
    // The way that shares most with what is written is what was meant.
    let meant = ways(dist)
        .iter()
        .rev()
        .max_by_key(|way| way.iter().filter(|field| written.contains(*field)).count())
        .copied()
        .unwrap_or_default();
    for field in &written {
        if !meant.contains(field) {
            let path = format!("{at}.{field}");
            let message = format!("`{field}` does not belong to `dist = \"{}\"`", name(dist));
            let span = scope.key_span(&path);
            scope.raise_at(Issue::new(rule::LAW_FIELDS, &path, message).help(takes.clone()), span);
        }
    }
    let missing: Vec<&str> =
        meant.iter().copied().filter(|field| !written.contains(field)).collect();
    if !missing.is_empty() {
        let message = format!("`{at}` needs {}", in_words(&missing));
        let issue = Issue::new(rule::LAW_FIELDS, at, message).help(takes);
        // A field that could not be read is no missing field.
        if !missing.iter().any(|field| scope.is_unreadable(&format!("{at}.{field}"))) {
            scope.raise(issue);
        }
    }
    false
}

fn in_words(fields: &[&str]) -> String {
    let quoted: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
    quoted.join(" and ")
}

fn written_fields(table: &LawTable) -> Vec<&'static str> {
    let all = [
        ("min", table.min.is_some()),
        ("max", table.max.is_some()),
        ("mean", table.mean.is_some()),
        ("sd", table.sd.is_some()),
        ("median", table.median.is_some()),
        ("p95", table.p95.is_some()),
        ("scale", table.scale.is_some()),
        ("shape", table.shape.is_some()),
        ("file", table.file.is_some()),
        ("column", table.column.is_some()),
        ("values", table.values.is_some()),
    ];
    all.into_iter().filter(|(_, is_written)| *is_written).map(|(field, _)| field).collect()
}

/// The law of a continuous kind whose fields are all there; none for the other kinds.
fn continuous(table: &LawTable, dist: Dist) -> Option<Result<Law, LawError>> {
    Some(match dist {
        Dist::Uniform => Law::uniform(table.min?, table.max?),
        Dist::Exponential => Ok(Law::exponential(table.mean?)),
        Dist::Normal => Ok(Law::normal(table.mean?, table.sd?)),
        Dist::Lognormal => match (table.median, table.p95) {
            (Some(median), Some(p95)) => Law::lognormal_from_median_p95(median, p95),
            _ => Law::lognormal_from_mean_sd(table.mean?, table.sd?),
        },
        Dist::Gamma => Law::gamma_from_mean_sd(table.mean?, table.sd?),
        Dist::Weibull => Law::weibull(table.scale?, table.shape?),
        Dist::Pareto => Law::pareto(table.min?, table.shape?),
        Dist::Empirical | Dist::List => return None,
    })
}

fn impossible(at: &str, error: LawError) -> Issue {
    let path = format!("{at}.{}", error.field);
    let help = match error.field {
        "p95" => "raise `p95`; for a constant, write the duration alone",
        "sd" => "lower `sd`, or use `dist = \"pareto\"` for a heavy tail",
        "shape" => "a shape of 1 is the usual start",
        "min" if error.because.is_some() => "exchange the two",
        _ => "for no time at all, write `\"0s\"`",
    };
    let issue = Issue::new(rule::LAW_VALUES, &path, format!("`{path}`: {}", error.message));
    let issue = issue.help(help);
    match error.because {
        Some(other) => issue.because(&format!("{at}.{other}"), "together with this"),
        None => issue,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_way_to_be_written() {
        let all = [
            Dist::Uniform,
            Dist::Exponential,
            Dist::Normal,
            Dist::Lognormal,
            Dist::Gamma,
            Dist::Weibull,
            Dist::Pareto,
        ];
        let one = Some(SimDuration::from_secs(1));
        let two = Some(SimDuration::from_secs(2));
        for dist in all {
            for way in ways(dist) {
                let has = |field| way.contains(&field);
                let table = LawTable {
                    dist: Some(dist),
                    min: one.filter(|_| has("min")),
                    max: two.filter(|_| has("max")),
                    mean: one.filter(|_| has("mean")),
                    sd: two.filter(|_| has("sd")),
                    median: one.filter(|_| has("median")),
                    p95: two.filter(|_| has("p95")),
                    scale: one.filter(|_| has("scale")),
                    shape: Some(1.5).filter(|_| has("shape")),
                    ..LawTable::default()
                };
                assert_eq!(written_fields(&table).len(), way.len(), "{dist:?} {way:?}");
                assert!(matches!(continuous(&table, dist), Some(Ok(_))), "{dist:?} {way:?}");
            }
        }
    }
}
