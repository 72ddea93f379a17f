//! From a file to a checked scenario, or to everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::{Mixture, Scenario, Variant};
use crate::scenario::change::mix::{self, Stratum};
use crate::scenario::change::swap::Swap;
use crate::scenario::change::sweep::{self, Choice, MOST_VARIANTS};
use crate::scenario::change::{self, Override, Overrides};
use crate::scenario::check;
use crate::scenario::check::scope::Scope;
use crate::scenario::common::Common;
use crate::scenario::diagnostic::source::{Shown, Sources, Texts};
use crate::scenario::diagnostic::{Diagnostic, ENOUGH_ERRORS, Findings, Place, Report};
use crate::scenario::document::path::{Path as FieldPath, dotted};
use crate::scenario::document::read::{Reader, suggestion};
use crate::scenario::document::syntax::{is_of_another_format, syntax};
use crate::scenario::document::{self, Obstacle, Table, Value};
use crate::scenario::faults;
use crate::scenario::file::{self, ScenarioFile};
use crate::scenario::gates;
use crate::scenario::input;
use crate::scenario::input::import::{Carry, Extent, Importer, Manifests};
use crate::scenario::input::table::Tables;
use crate::scenario::policy::{self, Policy};
use crate::scenario::resolve;
use crate::scenario::resolve::law::LawReader;
use crate::scenario::rule;
use crate::scenario::strategies::{self, Strategies};
use crate::scenario::world;
use crate::sim::Plan;
use crate::strategy::Kind;

/// A scenario that can be run.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its variants.
    pub scenario: Scenario,
    /// The document of each strategy's first variant, with what its manifest says, by the
    /// strategy's name.
    pub documents: BTreeMap<String, serde_json::Value>,
    /// The strategy that took another manifest, if one did.
    pub swapped: Option<String>,
    /// What is allowed but probably not meant; may be empty.
    pub warnings: Report,
}

/// What a scenario may name: the kinds of strategies, and who reads manifests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Catalog<'a> {
    pub(super) kinds: &'a [Kind],
    pub(super) importer: Importer,
}

/// Reads and checks a scenario file, with another manifest in the place of a strategy's own where
/// one is given.
pub(super) fn load(
    path: &Path,
    overrides: &Overrides,
    catalog: Catalog<'_>,
    swap: Option<&Swap>,
) -> Result<Loaded, Report> {
    match input::read_text(path, input::MOST_TEXT) {
        Ok(text) => parse_with(text, path, overrides, (catalog, swap)),
        Err(diagnostic) => {
            Err(Report { diagnostics: vec![diagnostic], sources: Sources::default() })
        }
    }
}

/// Checks the text of a scenario file; the files that it names are relative to `path`'s folder.
pub(super) fn parse(
    text: String,
    path: &Path,
    overrides: &Overrides,
    catalog: Catalog<'_>,
) -> Result<Loaded, Report> {
    parse_with(text, path, overrides, (catalog, None))
}

fn parse_with(
    text: String,
    path: &Path,
    overrides: &Overrides,
    (catalog, swap): (Catalog<'_>, Option<&Swap>),
) -> Result<Loaded, Report> {
    let texts = Texts::default();
    let mut session = Session::new(path, catalog, &texts);
    let shown = session.shown.clone();
    session.sources.add(Shown::File { path: shown, text: text.clone(), first_line: 1 });
    let kept = texts.keep(text);
    let (root, errors) = DeTable::parse_recoverable(kept);
    if !errors.is_empty() {
        session.report_syntax(&errors, kept);
        return Err(session.into_report());
    }
    let mut root = root.into_inner();
    let sets = session.apply_sets(&mut root, overrides);
    let swapped = swap.and_then(|swap| session.swap(&mut root, swap));
    let written = root.clone();
    let strata = mix::strata(&mut root, &mut session.findings);
    let sweeps = session.sweeps(&mut root, overrides);
    session.check_idle_sets(&sets, &sweeps);
    let name = session.name(&root, path);
    let policy = session.policy(&root);
    let (variants, mixtures) = session.variants(&root, &sweeps, &strata);
    if session.findings.errors() > 0 {
        return Err(session.into_report());
    }
    let seed = document::find(&root, ["simulation", "seed"])
        .and_then(|seed| u64::deserialize(ValueDeserializer::from(seed.value.clone())).ok())
        .unwrap_or(file::SimulationFile::default().seed);
    let scenario = Scenario {
        name,
        description: text_of(&root, "description").unwrap_or_default(),
        seed,
        world: world::identity((&written, seed), &sweeps, session.tables.read_so_far()),
        policy,
        variants,
        mixtures,
    };
    let documents = std::mem::take(&mut session.documents);
    Ok(Loaded { scenario, documents, swapped, warnings: session.into_report() })
}

fn text_of(root: &Table<'_>, key: &str) -> Option<String> {
    document::find(root, [key])?.value.get_ref().as_str().map(str::to_owned)
}

/// Reading one scenario.
struct Session<'t, 'c> {
    /// The file, as the user named it.
    shown: String,
    /// The paths of all sweeps.
    swept: Vec<String>,
    texts: &'t Texts,
    sources: Sources,
    findings: Findings,
    tables: Tables,
    manifests: Manifests<'t>,
    common: Common,
    kinds: &'c [Kind],
    /// Documents as [`Loaded::documents`].
    documents: BTreeMap<String, serde_json::Value>,
}

impl<'t, 'c> Session<'t, 'c> {
    fn new(path: &Path, catalog: Catalog<'c>, texts: &'t Texts) -> Self {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self {
            shown: path.display().to_string(),
            swept: Vec::new(),
            texts,
            sources: Sources::default(),
            findings: Findings::default(),
            tables: Tables::new(folder.clone()),
            manifests: Manifests::new(folder, catalog.importer, texts),
            common: Common::default(),
            kinds: catalog.kinds,
            documents: BTreeMap::new(),
        }
    }

    fn into_report(self) -> Report {
        Report { diagnostics: self.findings.into_sorted(), sources: self.sources }
    }

    /// Reports what is wrong with the grammar: of several errors in one line the first, for the
    /// others follow from it; but always what is never closed.
    fn report_syntax(&mut self, errors: &[toml::de::Error], text: &str) {
        if is_of_another_format(text) {
            let message = "this is not TOML; it looks like YAML or JSON".to_owned();
            let manifest = Path::new(&self.shown).file_name().unwrap_or_default();
            let help = format!(
                "a scenario is a TOML file; a manifest is named by one of its strategies: \
                 `manifest = \"{}\"`",
                manifest.to_string_lossy()
            );
            let diagnostic = Diagnostic::new(rule::SYNTAX, message).in_file(&self.shown);
            self.findings.add(diagnostic.help(help));
            return;
        }
        let mut lines = BTreeSet::new();
        let mut errors: Vec<_> = errors.iter().take(ENOUGH_ERRORS).collect();
        errors.sort_by_key(|error| error.span().map(|span| span.start));
        for error in errors {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| before.matches('\n').count());
            if lines.insert(line) || error.message().starts_with("unclosed") {
                let diagnostic = syntax(error, text);
                let is_placed = diagnostic.place != Place::Nowhere;
                let shown = self.shown.clone();
                self.findings.add(if is_placed { diagnostic } else { diagnostic.in_file(shown) });
            }
        }
    }

    /// Applies every `--set`, and returns those that could be.
    fn apply_sets(&mut self, root: &mut Table<'t>, overrides: &Overrides) -> Vec<Override<'t>> {
        let mut applied = Vec::new();
        for typed in &overrides.sets {
            let done = change::set(typed, self.texts, &mut self.sources).and_then(|set| {
                for value in &set.values {
                    put(root, &set.path, value.clone())?;
                }
                Ok(set)
            });
            match done {
                Ok(set) => applied.push(set),
                Err(diagnostic) => self.findings.add(diagnostic),
            }
        }
        applied
    }

    /// The sweeps of the file and of the command line; the file's are taken out of the document.
    fn sweeps(&mut self, root: &mut Table<'t>, overrides: &Overrides) -> Vec<Override<'t>> {
        let mut typed = Vec::new();
        for text in &overrides.sweeps {
            match change::sweep(text, self.texts, &mut self.sources) {
                Ok(sweep) => typed.push(sweep),
                Err(diagnostic) => self.findings.add(diagnostic),
            }
        }
        let sweeps = sweep::sweeps(root, typed, &self.sources, &mut self.findings);
        root.remove("sweep");
        let names = strategies::names(root);
        for sweep in &sweeps {
            if let Some(name) = sweep::strategy_of(&sweep.path)
                && !names.iter().any(|known| known == name)
            {
                self.findings.add(no_such_strategy(&sweep.path, name, &names));
            }
        }
        sweeps
    }

    /// Warns of a `--set` whose value a sweep replaces.
    fn check_idle_sets(&mut self, sets: &[Override<'t>], sweeps: &[Override<'t>]) {
        for set in sets {
            let covers = |sweep: &&Override<'t>| {
                sweep.path.overlaps(&set.path)
                    && sweep.path.segments().len() <= set.path.segments().len()
            };
            if let Some(sweep) = sweeps.iter().find(covers) {
                let message =
                    format!("`--set {}` has no effect: a sweep gives the values", set.path);
                self.findings.add(
                    Diagnostic::new(rule::NO_EFFECT, message)
                        .at(set.span.clone(), "")
                        .because(sweep.path.span(), "the sweep")
                        .help(format!("replace the sweep: `--sweep {}=VALUE`", set.path)),
                );
            }
        }
    }

    /// The scenario's name: as written, or the file's stem with what a name cannot hold replaced.
    fn name(&mut self, root: &Table<'_>, path: &Path) -> String {
        if let Some(name) = text_of(root, "name") {
            return name;
        }
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
        let stem = stem.unwrap_or_default();
        let fit = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        let name: String = stem.chars().map(fit).take(100).collect();
        let name = name.trim_matches('-').to_owned();
        if name.is_empty() {
            let message = "the file's name gives the scenario none".to_owned();
            self.findings.add(
                Diagnostic::new(rule::NAME, message)
                    .in_file(&self.shown)
                    .help("add `name = \"my-scenario\"`"),
            );
        }
        name
    }

    /// Gives a strategy another manifest; its name.
    fn swap(&mut self, root: &mut Table<'t>, swap: &Swap) -> Option<String> {
        let swapped = swap.apply(root, self.texts, &mut self.sources);
        swapped.map_err(|diagnostic| self.findings.add(diagnostic)).ok()
    }

    /// What the file asserts.
    fn policy(&mut self, root: &Table<'t>) -> Policy {
        let names = strategies::names(root);
        let mut scope = Scope {
            file: &self.shown,
            root,
            dropped: Vec::new(),
            swept: &[],
            findings: &mut self.findings,
        };
        policy::read(&mut scope, &self.sources, &names)
    }

    /// Every variant that follows the rules, and which of them are one with several releases.
    fn variants(
        &mut self,
        root: &Table<'t>,
        sweeps: &[Override<'t>],
        strata: &[Stratum<'t>],
    ) -> (Vec<Variant>, Vec<Mixture>) {
        self.swept = sweeps.iter().map(|sweep| sweep.path.to_string()).collect();
        let names = strategies::names(root);
        if names.is_empty() {
            self.variant(root.clone(), None);
        }
        let (mut variants, mut mixtures): (Vec<Variant>, _) = (Vec::new(), Vec::new());
        let mut called = BTreeSet::new();
        for name in &names {
            let touching: Vec<&Override<'t>> = sweeps
                .iter()
                .filter(|sweep| sweep::strategy_of(&sweep.path).is_none_or(|only| only == name))
                .collect();
            let more = sweep::count(&touching).saturating_mul(strata.len().max(1));
            if variants.len().saturating_add(more) > MOST_VARIANTS {
                self.findings.add(sweep::too_many(&touching));
                // One of them shows what else is wrong.
                self.variant(root.clone(), Some(name));
                continue;
            }
            for choice in sweep::choices(&touching) {
                let found = self.choice(root, name, &choice, strata);
                for variant in &found {
                    if !called.insert(variant.name.clone()) {
                        self.report_same_name(&variant.name, &choice);
                    }
                }
                if !strata.is_empty() {
                    let names = found.iter().map(|variant| variant.name.clone());
                    let parts = names.zip(strata.iter().map(|stratum| stratum.share)).collect();
                    mixtures.push(Mixture { name: choice.name(name), parts });
                }
                variants.extend(found);
            }
        }
        (variants, mixtures)
    }

    /// Reports two variants of one name; texts with ` key=` inside could make such.
    fn report_same_name(&mut self, name: &str, choice: &Choice<'_, 't>) {
        if let Some(span) = choice.span() {
            let message = format!("two variants would be called `{name}`");
            let diagnostic = Diagnostic::new(rule::SWEEPS_CLASH, message).at(span, "");
            self.findings.add(diagnostic.help("write the swept texts in another way"));
        }
    }

    /// The variant of a choice of values, or one for each sort of release.
    fn choice(
        &mut self,
        root: &Table<'t>,
        name: &str,
        choice: &Choice<'_, 't>,
        strata: &[Stratum<'t>],
    ) -> Vec<Variant> {
        let mut document = root.clone();
        for (path, value) in &choice.values {
            if let Err(diagnostic) = put(&mut document, path, (*value).clone()) {
                self.findings.add(diagnostic);
                return Vec::new();
            }
        }
        if strata.is_empty() {
            let plan = self.variant_unless_full(document, name);
            let variant = |plan| Variant {
                name: choice.name(name),
                strategy: name.to_owned(),
                parameters: choice.parameters(),
                plan,
            };
            return plan.map(variant).into_iter().collect();
        }
        let mut found = Vec::with_capacity(strata.len());
        for stratum in strata {
            let mut document = document.clone();
            stratum.apply(&mut document);
            let Some(plan) = self.variant_unless_full(document, name) else { break };
            let mut parameters = choice.parameters();
            parameters.push(("release".to_owned(), stratum.name.as_str().into()));
            let strategy = name.to_owned();
            let name = format!("{} release={}", choice.name(name), stratum.name);
            found.push(Variant { name, strategy, parameters, plan });
        }
        found
    }

    /// The same as [`Self::variant`], unless enough is wrong already.
    fn variant_unless_full(&mut self, root: Table<'t>, name: &str) -> Option<Plan> {
        if self.findings.is_full() { None } else { self.variant(root, Some(name)) }
    }

    /// The plan of one strategy with one document; none if a rule is broken.
    fn variant(&mut self, mut root: Table<'t>, name: Option<&str>) -> Option<Plan> {
        let names = strategies::names(&root);
        let mut dropped = Vec::new();
        for other in &names {
            let is_own = Some(other.as_str()) == name;
            let extent = if is_own { Extent::Whole } else { Extent::Strategy };
            let places = (&mut self.findings, &mut self.sources);
            if self.manifests.carry(&mut root, other, extent, places) == Carry::Failed {
                dropped.push(dotted(&["strategies", other]));
                if is_own {
                    // It would have said this as well.
                    dropped.push("fleet.instances".to_owned());
                }
            }
        }
        let whole = Spanned::new(0..0, DeValue::Table(root.clone()));
        if let Some(name) = name.filter(|name| !self.documents.contains_key(*name)) {
            self.documents.insert(name.to_owned(), world::json(&whole));
        }
        let mut scope = Scope {
            file: &self.shown,
            root: &root,
            dropped,
            swept: &self.swept,
            findings: &mut self.findings,
        };
        check::check_tables(&mut scope);
        strategies::check_names(&mut scope, &names);
        let mut reader = Reader::new(scope.findings);
        let parse = |value: ValueDeserializer<'t>| ScenarioFile::deserialize(value);
        let file = reader.read(&whole, "", &[], parse);
        let unread = reader.into_dropped();
        scope.dropped.extend(unread);
        let file = file?;
        check::check(&mut scope, &file);
        let mut laws = LawReader { tables: &mut self.tables, sources: &mut self.sources };
        let resolved = resolve::resolve(&mut scope, &mut laws, &file);
        let gates = gates::read(&mut scope);
        gates::check_idle(&mut scope, gates.as_deref().unwrap_or_default());
        let strategies = Strategies { kinds: self.kinds, file: &file, gates: gates.as_deref() };
        let strategy = name.and_then(|name| strategies.plan(&mut scope, name));
        let faults = faults::plans(&mut scope, &file);
        let is_read = scope.dropped.is_empty();
        if !is_read {
            return None;
        }
        let mut plan = resolved?.into_plan(&file, faults, gates?, strategy?)?;
        self.common.share(&mut plan);
        Some(plan)
    }
}

/// Puts a value at a path of the document.
fn put<'t>(root: &mut Table<'t>, path: &FieldPath, value: Value<'t>) -> Result<(), Diagnostic> {
    if let Some(name) = sweep::strategy_of(path) {
        let names = strategies::names(root);
        // A whole table may add a strategy; a single field cannot.
        let is_new_table = path.segments().len() == 2 && value.get_ref().is_table();
        if !is_new_table && !names.iter().any(|known| known == name) {
            return Err(no_such_strategy(path, name, &names));
        }
    }
    let missing = |names: &[&str]| match file::default_table(names).map(DeValue::parse) {
        Some(Ok(table)) => table.into_inner(),
        _ => DeValue::Table(Table::new()),
    };
    document::insert(root, path, value, &missing).map_err(|obstacle| {
        let segments = path.segments();
        match obstacle {
            Obstacle::Element { at, length } => {
                let (array, element) = (dotted(&path.names()[..at]), &segments[at]);
                let message = format!("`{array}` has no element `{}`", element.name);
                let help = match length {
                    0 => format!("`{array}` is empty"),
                    _ => format!("its elements are numbered from 0 to {}", length - 1),
                };
                Diagnostic::new(rule::NO_SUCH_PATH, message).at(element.span.clone(), "").help(help)
            }
            Obstacle::NotATable { at, found } => {
                let (whole, inner) = (dotted(&path.names()[..at]), &segments[at]);
                let article = if found == "integer" { "an" } else { "a" };
                let message =
                    format!("`{whole}` is {article} {found} here and has no `{}`", inner.name);
                Diagnostic::new(rule::NO_SUCH_PATH, message)
                    .at(inner.span.clone(), "")
                    .help(format!("give `{whole}` as a whole"))
            }
        }
    })
}

fn no_such_strategy(path: &FieldPath, name: &str, names: &[String]) -> Diagnostic {
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let span = path.segments().get(1).map_or_else(|| path.span(), |segment| segment.span.clone());
    Diagnostic::new(rule::NO_SUCH_PATH, format!("there is no strategy called `{name}`"))
        .at(span, "")
        .help(suggestion(name, &known, "strategies"))
}
