//! What a terminal is told of results: a line for each variant, and what they are compared with.
//!
//! There may be many thousands of variants, and the widths of a table are known only after the last
//! of them. So the lines wait on disk, and a table reads them twice.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::summary_json::{MixtureSummary, VariantSummary};
use super::table;
use crate::experiment::compare::Comparisons;
use crate::experiment::spool::Spool;
use crate::measure::HEADLINE;

/// What is told of results.
#[derive(Debug)]
pub struct Shown {
    /// The scenario's name.
    pub(super) scenario: String,
    /// Its seed.
    pub(super) seed: u64,
    /// A line for each variant and mixture.
    pub(super) lines: Lines,
    /// Every variant against the base.
    pub comparisons: Comparisons,
}

/// The variants and, after them, the mixtures.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) variants: Spool<Line>,
    pub(super) mixtures: Spool<Line>,
}

/// What is told of a variant, or of a mixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) name: String,
    /// How its runs ended.
    pub(super) outcome: String,
    pub(super) is_completed: bool,
    /// Of a variant.
    pub(super) replications: u32,
    /// By name: of those that may be told, the metrics that are defined.
    metrics: BTreeMap<String, Told>,
}

/// What is told of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) mean: f64,
    pub(super) ci95: Option<[f64; 2]>,
    /// As [`crate::experiment::Estimate::antithetic_gain`].
    pub(super) antithetic_gain: Option<f64>,
    /// That of [`crate::experiment::Estimate::controlled`].
    pub(super) controlled_gain: Option<f64>,
}

impl Lines {
    /// None yet. They will be in `folder`.
    pub(super) fn within(folder: &Path) -> Self {
        Self { variants: Spool::within(folder), mixtures: Spool::within(folder) }
    }

    /// All of them.
    ///
    /// # Errors
    /// If they cannot be read back.
    pub(super) fn all(&mut self) -> io::Result<impl Iterator<Item = io::Result<Line>> + '_> {
        Ok(self.variants.records()?.chain(self.mixtures.records()?))
    }
}

impl Line {
    /// Of a variant.
    pub(super) fn of(variant: &VariantSummary) -> Self {
        let told = variant.metrics.iter().filter(|(name, _)| is_told(name));
        let told = told.map(|(name, estimate)| {
            let told = Told {
                mean: estimate.mean,
                ci95: estimate.ci95,
                antithetic_gain: estimate.antithetic_gain,
                controlled_gain: estimate.controlled.map(|found| found.gain),
            };
            (name.clone(), told)
        });
        Self {
            name: variant.name.clone(),
            outcome: table::outcomes(variant),
            is_completed: variant.outcomes.keys().all(|name| name == "completed"),
            replications: variant.replications,
            metrics: told.collect(),
        }
    }

    /// Of releases of several sorts together.
    pub(super) fn of_mixture(mixture: &MixtureSummary) -> Self {
        let told = mixture.metrics.iter().filter(|(name, _)| is_told(name));
        let told = told.map(|(name, estimate)| {
            let (mean, ci95) = (estimate.mean, estimate.ci95);
            (name.clone(), Told { mean, ci95, antithetic_gain: None, controlled_gain: None })
        });
        Self {
            name: format!("{} (mix)", mixture.name),
            outcome: table::shares(mixture),
            // How often which outcome comes is told of every mixture, and alarms nobody.
            is_completed: true,
            replications: 0,
            metrics: told.collect(),
        }
    }

    /// What is told of the metric called `name`; none where it is not defined.
    pub(super) fn metric(&self, name: &str) -> Option<&Told> {
        self.metrics.get(name)
    }
}

/// Whether a table may need the metric.
fn is_told(name: &str) -> bool {
    HEADLINE.contains(&name) || name.starts_with("failed")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::experiment::compare::{Family, Question};
    use crate::report::summary_json::Summary;

    /// What is told of a summary, without comparisons.
    pub(in crate::report) fn of(summary: &Summary) -> Shown {
        let mut lines = Lines { variants: Spool::anywhere(), mixtures: Spool::anywhere() };
        for variant in &summary.variants {
            lines.variants.push(&Line::of(variant)).expect("written");
        }
        for mixture in &summary.mixtures {
            lines.mixtures.push(&Line::of_mixture(mixture)).expect("written");
        }
        Shown {
            scenario: summary.scenario.clone(),
            seed: summary.seed,
            lines,
            comparisons: Family::new(Question::new("", &[])).finish(),
        }
    }

    /// What a function prints, without colours.
    pub(in crate::report) fn printed(
        print: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> String {
        let mut out = Vec::new();
        print(&mut out).expect("memory can be written");
        let text = String::from_utf8(out).expect("text");
        anstream::adapter::strip_str(&text).to_string()
    }
}
