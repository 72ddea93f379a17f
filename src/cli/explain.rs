//! `rollsim explain`: what a name or a code means.

use std::io::{self, Write};

use super::exit::{BadInput, Exit};
use crate::measure::{Asked, HEADLINE, METRICS, MetricKind};
use crate::{fault, gate, scenario, strategy};

/// Explain a strategy, a fault, a gate's test, a metric or the code of an error
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A name that `rollsim list` shows, or a code such as R012
    name: String,
}

impl Arguments {
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        let text = explanation(&self.name).ok_or_else(|| BadInput(unknown(&self.name, names())))?;
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()?;
        Ok(Exit::Done)
    }
}

fn explanation(name: &str) -> Option<String> {
    kind(name).or_else(|| metric(name)).or_else(|| rule(name))
}

/// Every name that can be explained but the codes of rules, which say nothing by themselves.
fn names() -> impl Iterator<Item = &'static str> {
    let kinds = strategy::KINDS.iter().map(|kind| kind.name);
    let kinds = kinds.chain(gate::KINDS.iter().map(|kind| kind.name));
    let kinds = kinds.chain(fault::KINDS.iter().map(|kind| kind.name));
    kinds.chain(METRICS.iter().map(|metric| metric.name))
}

fn unknown(name: &str, names: impl Iterator<Item = &'static str>) -> String {
    match scenario::nearest(name, names) {
        Some(near) => format!("nothing is called `{name}`; did you mean `{near}`?"),
        None => format!(
            "nothing is called `{name}`; `rollsim list` shows every strategy, fault, gate and \
             metric, and an error shows its code"
        ),
    }
}

fn rule(code: &str) -> Option<String> {
    scenario::explain(code).map(|rule| rule.to_string().trim_end().to_owned())
}

fn kind(name: &str) -> Option<String> {
    let strategies = strategy::KINDS.iter().map(|kind| (kind.name, kind.source));
    let gates = gate::KINDS.iter().map(|kind| (kind.name, kind.source));
    let faults = fault::KINDS.iter().map(|kind| (kind.name, kind.source));
    let mut kinds = strategies.chain(gates).chain(faults);
    let (_, source) = kinds.find(|(known, _)| *known == name)?;
    Some(module_documentation(source))
}

fn metric(name: &str) -> Option<String> {
    let metric = METRICS.iter().find(|metric| metric.name == name)?;
    let unit = match metric.kind {
        MetricKind::Count => "a count; 0 where nothing of it happened",
        MetricKind::Seconds => "seconds; empty where the run does not define it",
        MetricKind::Ratio => "a ratio, 1 being the whole; empty where the run does not define it",
        MetricKind::Amount => "an amount; empty where the run does not define it",
    };
    let over_runs = match metric.asked {
        Asked::Mean => "its mean, with an interval by Student's t".to_owned(),
        Asked::Probability => "a probability, with Wilson's interval".to_owned(),
        Asked::ShareOf(whole) => format!(
            "its mean, with an interval by Student's t, and as `ratio` the share of the `{whole}` \
             of all runs together, with a jackknifed one"
        ),
    };
    let headline = if HEADLINE.contains(&metric.name) {
        " One of the headline metrics, which `--precision` and `--compare` are about."
    } else {
        ""
    };
    Some(format!(
        "{}: {}\n\nIn files: {unit}.\nOver many runs: {over_runs}.{headline}",
        metric.name, metric.summary
    ))
}

/// The lines of a source file's `//!` comment.
fn module_documentation(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_explained() {
        assert_eq!(
            explanation("headroom_min").as_deref(),
            Some(
                "headroom_min: lowest capacity / demand\n\n\
                 In files: a ratio, 1 being the whole; empty where the run does not define it.\n\
                 Over many runs: its mean, with an interval by Student's t."
            )
        );
        assert_eq!(explanation("nonsense"), None);
        let mistyped = unknown("capacity-mim", names());
        assert_eq!(mistyped, "nothing is called `capacity-mim`; did you mean `capacity_min`?");
    }

    #[test]
    fn every_rule_is_explained() {
        for rule in scenario::rules() {
            let text = explanation(rule.code).expect("a rule");
            assert!(text.starts_with(&format!("{}: {}\n", rule.code, rule.title)), "{text}");
        }
    }

    #[test]
    fn a_strategy_is_explained_by_its_own_file() {
        let source = "//! Old ones go.\n//!\n//!     then new ones\n\nuse x;\n//! not this\n";
        assert_eq!(module_documentation(source), "Old ones go.\n\n    then new ones");
    }
}
