//! What did the user ask? From a file to the plans of its variants, or to diagnostics.
//!
//! This room knows the scenario format, its defaults and its rules. It must not know how a run is
//! simulated or shown.

use crate::sim::Plan;

/// A checked scenario: every variant, ready to run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// `name`, or the file's stem.
    pub name: String,
    /// `description`.
    pub description: String,
    /// `simulation.seed` of the file (a sweep may vary it by variant).
    pub seed: u64,
    /// The variants, in the order of the file: by strategy, then by sweep values.
    pub variants: Vec<Variant>,
}

/// A strategy with one value of each sweep.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The strategy's name, then ` key=value` for each sweep that touches it.
    pub name: String,
    /// The strategy's name.
    pub strategy: String,
    /// The swept fields that touch it: full path and value.
    pub parameters: Vec<(String, serde_json::Value)>,
    /// What to simulate.
    pub plan: Plan,
}
