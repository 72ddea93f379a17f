//! A scenario at a point of a space of its fields, for the verbs that vary some of them.

use std::path::Path;

use crate::scenario::{self, Overrides, Report, Variant};

/// A scenario file and what was typed to change it everywhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Varied<'a> {
    pub(super) file: &'a Path,
    pub(super) sets: &'a [String],
    pub(super) sweeps: &'a [String],
    pub(super) seed: Option<u64>,
}

impl Varied<'_> {
    /// The changes with those of a point, the paths and values of its fields: as sweeps of one
    /// value they replace the file's own and give the variant its name.
    pub(super) fn overrides(&self, values: &[(&str, &str)]) -> Overrides {
        let seed = self.seed.map(|seed| format!("simulation.seed={seed}"));
        let varied = values.iter().map(|(path, value)| format!("{path}={value}"));
        Overrides {
            sets: self.sets.iter().cloned().chain(seed).collect(),
            sweeps: self.sweeps.iter().cloned().chain(varied).collect(),
        }
    }

    /// The first variant of a strategy of the file at a point.
    pub(super) fn variant(
        &self,
        strategy: &str,
        values: &[(&str, &str)],
    ) -> Result<Variant, Report> {
        let loaded = scenario::load(self.file, &self.overrides(values))?;
        let mut variants = loaded.scenario.variants.into_iter();
        // The file has this strategy, and no value of a field takes it away.
        variants.find(|one| one.strategy == strategy).ok_or_else(Report::default)
    }
}
