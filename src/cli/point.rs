//! Which scenario? A file and what is typed to change it, and the same at a point of a space of its
//! fields.

use std::path::PathBuf;

use crate::scenario::{self, Overrides, Report, Variant};

/// A scenario file and what is changed in it.
#[derive(Debug, clap::Args)]
pub(super) struct Changed {
    /// The scenario, a TOML file
    pub(super) file: PathBuf,
    /// Set any field of the file, such as traffic.rate=24000
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Sweep a field, each value a variant, or give one that the file sweeps other values
    #[arg(long, value_name = "PATH=V1,V2")]
    sweep: Vec<String>,
    /// Root of all chance, instead of the file's simulation.seed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl Changed {
    /// What is changed.
    pub(super) fn overrides(&self) -> Overrides {
        let seed = self.seed.map(|seed| format!("simulation.seed={seed}"));
        Overrides {
            sets: self.set.iter().cloned().chain(seed).collect(),
            sweeps: self.sweep.clone(),
        }
    }

    /// That with the paths and values of a point: as sweeps of one value they replace the file's
    /// own and give the variant its name.
    pub(super) fn overrides_at(&self, values: &[(&str, &str)]) -> Overrides {
        let mut all = self.overrides();
        all.sweeps.extend(values.iter().map(|(path, value)| format!("{path}={value}")));
        all
    }

    /// The first variant of a strategy of the file at a point.
    pub(super) fn variant_at(
        &self,
        strategy: &str,
        values: &[(&str, &str)],
    ) -> Result<Variant, Report> {
        let loaded = scenario::load(&self.file, &self.overrides_at(values))?;
        let mut variants = loaded.scenario.variants.into_iter();
        // The file has this strategy, and no value of a field takes it away.
        variants.find(|one| one.strategy == strategy).ok_or_else(Report::default)
    }
}
