//! What did the user ask? From a file to the plans of its variants, or to diagnostics.
//!
//! This room knows the scenario format, its defaults and its rules. It must not know how a run is
//! simulated or shown.
//!
//! A text becomes a tree whose nodes know their places; `--set` and the sweeps act on that tree;
//! each variant's tree is read into plain structs, checked, and resolved into a plan. Every error
//! is found, not the first only.
//!
//! | folder or file | what it answers |
//! |---|---|
//! | `load.rs` | how do the steps follow each other? |
//! | `input/` | what do the files say: texts, CSV columns, manifests? |
//! | `document/` | where in the text is each value, and how is it read with every error? |
//! | `change/` | what do `--set` and the sweeps make of the document? |
//! | `file/` | what can be written, and what holds where nothing is? |
//! | `check/`, `strategies.rs`, `faults.rs`, `gates.rs` | which rules does it break? |
//! | `rule/` | what is each rule, and what would be right? |
//! | `policy/` | what must hold? |
//! | `resolve/`, `common.rs` | what is the plan, and what do plans have in common? |
//! | `world.rs` | are two scenarios the same but for the strategy? |
//! | `diagnostic/` | how is an error shown? |

mod change;
mod check;
mod common;
mod diagnostic;
mod document;
mod faults;
mod file;
mod gates;
mod input;
mod load;
pub mod policy;
mod resolve;
mod rule;
mod strategies;
#[cfg(test)]
mod tests;
mod world;

use std::path::Path;

pub use change::Overrides;
pub use change::mix::GOOD;
pub(crate) use change::pieces;
pub use change::swap::Swap;
pub(crate) use diagnostic::nearest::nearest;
pub use diagnostic::render::Paint;
pub use diagnostic::source::{Sources, Span};
pub use diagnostic::{Diagnostic, Label, Place, Report};
pub use load::Loaded;
pub use rule::{Rule, Severity, explain, rules};
pub use world::{World, differences};

use serde::{Deserialize, Serialize};

use self::policy::Policy;
use crate::manifest::Imported;
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
    /// What it is a scenario of, whatever the strategy.
    pub world: World,
    /// `[policy]`; empty where the file asserts nothing.
    pub policy: Policy,
    /// The variants, in the order of the file: by strategy, then by sweep values, then by sort of
    /// release.
    pub variants: Vec<Variant>,
    /// With `release_mix`: which variants make up what.
    pub mixtures: Vec<Mixture>,
}

impl Scenario {
    /// The names of what can be compared: the mixtures, or the variants where there are none.
    pub fn compared(&self) -> impl Iterator<Item = &str> + Clone {
        let mixtures = self.mixtures.iter().map(|mixture| mixture.name.as_str());
        let alone = self.variants.iter().filter(|_| self.mixtures.is_empty());
        mixtures.chain(alone.map(|variant| variant.name.as_str()))
    }

    /// The same with what each is made of: a variant for each sort of release and how often that
    /// comes, or the variant alone.
    #[must_use]
    pub fn wholes(&self) -> Vec<Whole<'_>> {
        if self.mixtures.is_empty() {
            let alone = self.variants.iter();
            return alone.map(|one| Whole { name: &one.name, parts: vec![(one, 1.0)] }).collect();
        }
        let variant = |name: &str| self.variants.iter().find(|variant| variant.name == name);
        self.mixtures
            .iter()
            .map(|Mixture { name, parts }| {
                let parts = parts.iter().filter_map(|(name, share)| Some((variant(name)?, *share)));
                Whole { name, parts: parts.collect() }
            })
            .collect()
    }

    /// Leaves out the variants of other strategies, and their mixtures.
    pub fn keep_strategy(&mut self, name: &str) {
        self.variants.retain(|variant| variant.strategy == name);
        let Self { variants, mixtures, .. } = self;
        let is_there = |(part, _): &(String, f64)| variants.iter().any(|one| one.name == *part);
        mixtures.retain(|mixture| mixture.parts.iter().all(is_there));
    }
}

/// A strategy with one value of each sweep, with releases of one sort or of several.
#[derive(Clone, Debug)]
pub struct Whole<'a> {
    /// The mixture's name, or the variant's.
    pub name: &'a str,
    /// A variant for each sort of release, and how often that comes: above 0, together 1.
    pub parts: Vec<(&'a Variant, f64)>,
}

/// A strategy with one value of each sweep, over releases of several sorts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mixture {
    /// The strategy's name, then ` key=value` for each sweep that touches it.
    pub name: String,
    /// The names of the variants, one for each sort of release, and how often each sort comes:
    /// above 0, together 1.
    pub parts: Vec<(String, f64)>,
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

const CATALOG: load::Catalog<'static> =
    load::Catalog { kinds: crate::strategy::KINDS, importer: crate::manifest::read };

/// Reads and checks a scenario file, with what the command line changes in it.
///
/// # Errors
///
/// Everything that is wrong with it, each with its place.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Loaded, Report> {
    load::load(path, overrides, CATALOG, None)
}

/// The same with other manifests in the place of those of one of its strategies.
///
/// # Errors
///
/// Everything that is wrong with it, each with its place.
pub fn load_with(path: &Path, overrides: &Overrides, swap: &Swap) -> Result<Loaded, Report> {
    load::load(path, overrides, CATALOG, Some(swap))
}

/// Checks the text of a scenario file. `path` is what diagnostics call it; files that it names are
/// relative to the folder of `path`.
///
/// # Errors
///
/// Everything that is wrong with it, each with its place.
pub fn parse(text: &str, path: &Path, overrides: &Overrides) -> Result<Loaded, Report> {
    load::parse(text.to_owned(), path, overrides, CATALOG)
}

/// Reads manifests that belong together, each a path for messages and a text, as `manifest` of a
/// strategy does; `object` names one of several objects.
///
/// # Errors
///
/// Everything that is wrong with the object to read, each with its place.
pub fn import(manifests: Vec<(String, String)>, object: Option<&str>) -> Result<Imported, Report> {
    input::import::alone(manifests, object, CATALOG.importer)
}

/// The text of a scenario or manifest.
///
/// # Errors
///
/// One diagnostic if it is missing, unreadable, too large or not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Report> {
    input::read_text(path, input::MOST_TEXT)
        .map_err(|diagnostic| Report { diagnostics: vec![diagnostic], ..Report::default() })
}

/// The text on standard input, under the same rules.
///
/// # Errors
///
/// As [`read_text`].
pub fn read_standard_input() -> Result<String, Report> {
    input::text_of(std::io::stdin().lock(), "standard input", input::MOST_TEXT)
        .map_err(|diagnostic| Report { diagnostics: vec![diagnostic], ..Report::default() })
}
