//! An earlier run to compare with: its `summary.json`, and `runs.csv` beside it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use super::runs_csv;
use super::summary_json::{MixtureSummary, Summary};
use crate::experiment::Estimate;
use crate::measure::Metrics;
use crate::scenario::{World, differences};

/// An earlier run.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// What its `summary.json` holds.
    pub summary: Summary,
    /// Every run of each variant, by replication; empty if `runs.csv` is not beside it or is not
    /// that of this summary.
    pub runs: BTreeMap<String, Vec<Metrics>>,
}

/// Why an earlier run cannot be compared with; lower case, without a period.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The summary cannot be read.
    #[error("cannot read it: {0}")]
    Unreadable(String),
    /// It does not say what it is a scenario of.
    #[error("it does not say which scenario it is of; make it again with `rollsim run`")]
    Unknown,
    /// Another version may simulate something else.
    #[error(
        "it was made by rollsim {0} and this is {own}; make it again with `rollsim run`",
        own = env!("CARGO_PKG_VERSION")
    )]
    Version(String),
    /// Not only the strategy differs.
    #[error(
        "it is of another scenario: {} {}", .0.join(", "),
        if .0.len() == 1 { "differs" } else { "differ" }
    )]
    Scenario(Vec<String>),
}

impl Baseline {
    /// Reads an earlier run of the scenario of `world`.
    ///
    /// # Errors
    /// If it cannot be read, or is not of that scenario.
    pub fn read(path: &Path, world: &World) -> Result<Self, BaselineError> {
        let unreadable = |error: &dyn std::fmt::Display| {
            // Where it is in the file says nothing to those who did not write it.
            BaselineError::Unreadable(error.to_string())
        };
        let file = File::open(path).map_err(|error| unreadable(&error))?;
        let summary = Summary::read(BufReader::new(file)).map_err(|error| unreadable(&error))?;
        if summary.world.is_empty() {
            return Err(BaselineError::Unknown);
        }
        if summary.rollsim != env!("CARGO_PKG_VERSION") {
            return Err(BaselineError::Version(summary.rollsim));
        }
        let differing = differences(&summary.world, world);
        if !differing.is_empty() {
            let parts = differing.into_iter().map(|part| format!("`{part}`"));
            return Err(BaselineError::Scenario(parts.collect()));
        }
        let runs = beside(path, &summary.digest).unwrap_or_default();
        Ok(Self { summary, runs })
    }

    /// The runs of a variant; none if only estimates of it are known.
    #[must_use]
    pub fn runs(&self, variant: &str) -> Option<&[Metrics]> {
        self.runs.get(variant).map(Vec::as_slice)
    }

    /// What is known of a variant, by the metric's name; none if it is not in the run.
    #[must_use]
    pub fn estimates(&self, variant: &str) -> Option<&BTreeMap<String, Estimate>> {
        let mut variants = self.summary.variants.iter();
        variants.find(|known| known.name == variant).map(|known| &known.metrics)
    }

    /// What is known of a mixture of releases; none if it is not in the run.
    #[must_use]
    pub fn mixture(&self, name: &str) -> Option<&MixtureSummary> {
        self.summary.mixtures.iter().find(|known| known.name == name)
    }
}

/// The runs in the file beside a summary, if they are those of its digest.
fn beside(summary: &Path, digest: &str) -> Option<BTreeMap<String, Vec<Metrics>>> {
    let bytes = fs::read(summary.with_file_name("runs.csv")).ok()?;
    let is_same = blake3::hash(&bytes).to_hex().as_str() == digest;
    is_same.then(|| runs_csv::read(bytes.as_slice()).ok()).flatten()
}
