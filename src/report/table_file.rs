//! The tables of a result folder: each has a header and some rows for every variant, which are made
//! by themselves, so that variants can be written one after another.

use crate::experiment::compare::Question;
use crate::experiment::{Results, VariantResults};
use crate::scenario::{Mixture, Scenario, World};
use crate::sim::OperatorAction;

/// What is known of results before the first of them is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Heading {
    /// The scenario's name.
    pub scenario: String,
    /// Its seed.
    pub seed: u64,
    /// Whether a third version may come: it has columns of its own.
    pub has_third: bool,
    /// Hashes of the parts of the scenario but the strategies.
    pub world: World,
    /// What the variants are compared with.
    pub compare: Question,
    /// Which variants make up what.
    pub mixtures: Vec<Mixture>,
}

impl Heading {
    /// Of what will be simulated.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let releases = |action: &OperatorAction| *action == OperatorAction::Release;
        let has_third = scenario
            .variants
            .iter()
            .any(|variant| variant.plan.operator.iter().any(|step| releases(&step.action)));
        let first = scenario.compared().next().unwrap_or_default();
        Self {
            scenario: scenario.name.clone(),
            seed: scenario.seed,
            world: scenario.world.clone(),
            has_third,
            compare: Question::new(first, &[]),
            mixtures: scenario.mixtures.clone(),
        }
    }

    /// Of what was simulated.
    #[must_use]
    pub fn of_results(results: &Results) -> Self {
        let has_third = results.variants.iter().any(|variant| variant.story.events.has_third());
        let first = results.variants.first().map_or("", |variant| variant.name.as_str());
        Self {
            scenario: results.scenario.clone(),
            seed: results.seed,
            world: World::new(),
            has_third,
            compare: Question::new(first, &[]),
            mixtures: Vec::new(),
        }
    }
}

/// Rows in memory.
pub(super) type Rows = csv::Writer<Vec<u8>>;

/// A table of a result folder.
#[derive(Clone, Copy, Debug)]
pub(super) struct TableFile {
    /// The file's name.
    pub(super) name: &'static str,
    /// The names of the columns.
    pub(super) header: fn(&Heading) -> Vec<&'static str>,
    /// Adds the rows of a variant.
    pub(super) rows: fn(&Heading, &VariantResults, &mut Rows) -> csv::Result<()>,
}

impl TableFile {
    /// The first line.
    pub(super) fn header_text(&self, heading: &Heading) -> Vec<u8> {
        in_memory(|out| out.write_record((self.header)(heading)))
    }

    /// The lines of a variant.
    pub(super) fn rows_text(&self, heading: &Heading, variant: &VariantResults) -> Vec<u8> {
        in_memory(|out| (self.rows)(heading, variant, out))
    }

    /// The whole file.
    #[cfg(test)]
    pub(super) fn text(&self, results: &Results) -> String {
        let heading = Heading::of_results(results);
        let mut text = self.header_text(&heading);
        for variant in &results.variants {
            text.extend(self.rows_text(&heading, variant));
        }
        String::from_utf8(text).expect("text")
    }
}

fn in_memory(write: impl FnOnce(&mut Rows) -> csv::Result<()>) -> Vec<u8> {
    let mut out = csv::Writer::from_writer(Vec::new());
    write(&mut out).expect("memory can be written, and rows are as long as the header");
    out.into_inner().expect("memory can be written")
}
