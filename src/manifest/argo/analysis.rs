//! Which templates does an analysis run, and which measurements are in them?

use toml::Value;

use super::super::Object;
use super::super::findings::{Findings, Known, quote};
use super::super::measurement::Measurement;
use super::super::tree::Field;
use super::template::{self, Arguments};

const FIELDS: &[&str] =
    &["templates", "args", "startingStep", "dryRun", "measurementRetention", "analysisRunMetadata"];

/// How long an analysis may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    /// Until its measurements are done.
    Once,
    /// Beside the steps.
    Background,
}

/// The templates of all files, and what was taken from them so far.
pub(super) struct Templates<'t> {
    objects: &'t [Object<'t>],
    measurements: Vec<Measurement>,
}

impl<'t> Templates<'t> {
    pub(super) const fn new(objects: &'t [Object<'t>]) -> Self {
        Self { objects, measurements: Vec::new() }
    }

    pub(super) fn into_measurements(self) -> Vec<Measurement> {
        self.measurements
    }

    /// The names of the measurements that an analysis takes.
    pub(super) fn run(
        &mut self,
        analysis: Field<'_>,
        runs: Runs,
        found: &mut Findings,
    ) -> Vec<Value> {
        found.strangers(analysis, "an analysis", Known::All(FIELDS));
        let arguments = Arguments::of(analysis);
        let dry = template::dry_runs(analysis, found);
        let mut names = Vec::new();
        for reference in found.mappings(analysis, "templates") {
            let Some(name) = found.word(reference, "templateName") else { continue };
            let is_cluster = found.is_true(reference, "clusterScope");
            let kind = if is_cluster { "ClusterAnalysisTemplate" } else { "AnalysisTemplate" };
            let is_it = |one: &&Object<'_>| one.kind == kind && one.name == Some(name.value);
            let Some(object) = self.objects.iter().find(is_it) else {
                found.note(format!(
                    "the {kind} {} is not among the files: it passes at once",
                    quote(name.value)
                ));
                continue;
            };
            let taken = template::read(object, &arguments, (runs, &dry), found);
            names.extend(taken.iter().map(|one| Value::String(one.name.clone())));
            for one in taken {
                if self.measurements.iter().all(|known| known.name != one.name) {
                    self.measurements.push(one);
                }
            }
        }
        names
    }
}
