//! A manifest in the place of a strategy's fields: what it says goes in where the scenario itself
//! says nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::manifest::{Imported, Manifest, Measurement, Problem};
use crate::scenario::diagnostic::source::{Shown, Sources, Span, Texts};
use crate::scenario::diagnostic::{Diagnostic, Findings, Report};
use crate::scenario::document::path::dotted;
use crate::scenario::document::{self, Table, moved_table};
use crate::scenario::file::ManifestsFile;
use crate::scenario::input;
use crate::scenario::rule;

/// Reads manifests that belong together; the last argument names one object of several.
pub(crate) type Importer = fn(&[Manifest<'_>], Option<&str>) -> Result<Imported, Vec<Problem>>;

/// What a manifest says, as parts of a document.
#[derive(Debug)]
pub(crate) struct Carried<'t> {
    strategy: Table<'t>,
    scenario: Table<'t>,
    measurements: Vec<Measurement>,
}

/// What a gate judges by, of which its own wins as a whole.
const LIMITS: [&str; 6] = ["max", "min", "fail_max", "fail_min", "max_increase", "test"];

/// Gates by the measurements that they stand for.
type Gates = BTreeMap<String, Vec<String>>;

/// Files, the object of theirs that is named, and where a strategy names them.
type Named = (Vec<PathBuf>, Option<String>, usize);

/// Manifests relative to a folder; each is read once.
#[derive(Debug)]
pub(crate) struct Manifests<'t> {
    folder: PathBuf,
    importer: Importer,
    texts: &'t Texts,
    known: BTreeMap<Named, Option<Rc<Carried<'t>>>>,
}

/// Whether a manifest said what a strategy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carry {
    /// The strategy names none.
    NoManifest,
    /// It did, and the document has it now.
    Carried,
    /// It could not be read, which has been reported.
    Failed,
}

/// How much of a manifest is carried into a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What it says of the strategy.
    Strategy,
    /// What it says of the fleet, its probes and its shutdown too.
    Whole,
}

impl<'t> Manifests<'t> {
    /// Manifests relative to `folder`, read by `importer`.
    pub(crate) const fn new(folder: PathBuf, importer: Importer, texts: &'t Texts) -> Self {
        Self { folder, importer, texts, known: BTreeMap::new() }
    }

    /// Puts what the manifest of the strategy called `name` says of that strategy into the
    /// document, and as much of the rest as `extent` says.
    pub(crate) fn carry(
        &mut self,
        root: &mut Table<'t>,
        name: &str,
        extent: Extent,
        (findings, sources): (&mut Findings, &mut Sources),
    ) -> Carry {
        let at = dotted(&["strategies", name]);
        let text = |key: &str| {
            let entry = document::find(root, ["strategies", name, key])?;
            Some((entry.value.get_ref().as_str()?.to_owned(), entry.value.span()))
        };
        let object = text("object");
        let Some((manifests, place)) = named(root, name) else {
            if let Some((_, span)) = object {
                let message = format!("`{at}.object` names an object of no manifest");
                let diagnostic = Diagnostic::new(rule::MANIFEST_KIND, message).at(span, "");
                findings.add(diagnostic.help("add `manifest = \"deployment.yaml\"`"));
            }
            return Carry::NoManifest;
        };
        let object = object.map(|(object, _)| object);
        let gates = gates_for_measurements(root);
        let files = (&manifests[..], object);
        let Some(carried) = self.read(files, &place, &gates, (findings, sources)) else {
            return Carry::Failed;
        };
        let written_kind = text("kind");
        self.fill_gates(root, &gates, (&carried, &place), sources);
        let Some(strategy) = strategy_table(root, name) else { return Carry::Failed };
        let kind = carried.strategy.get("kind").and_then(|kind| kind.get_ref().as_str());
        if let (Some((written, span)), Some(kind)) = (written_kind, kind)
            && written != kind
        {
            let manifests = manifests.join("`, `");
            let message = format!("`{manifests}` is of kind `{kind}`, not `{written}`");
            let diagnostic = Diagnostic::new(rule::MANIFEST_KIND, message).at(span, "");
            findings.add(diagnostic.because(place, "").help("leave `kind` out"));
            return Carry::Failed;
        }
        fill(strategy, &carried.strategy);
        if extent == Extent::Whole {
            fill_tables(root, &carried.scenario);
        }
        Carry::Carried
    }

    fn read(
        &mut self,
        (manifests, object): (&[String], Option<String>),
        place: &Span,
        gates: &Gates,
        (findings, sources): (&mut Findings, &mut Sources),
    ) -> Option<Rc<Carried<'t>>> {
        let paths: Vec<PathBuf> = manifests.iter().map(|path| self.folder.join(path)).collect();
        let key = (paths.clone(), object.clone(), place.start);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let read = (&paths[..], object.as_deref());
        let carried = match self.import(read, place, gates, sources) {
            Ok((carried, notes)) => {
                for note in notes {
                    let diagnostic = Diagnostic::new(rule::MANIFEST_NOTE, note);
                    findings.add(diagnostic.at(place.clone(), "in this manifest"));
                }
                Some(Rc::new(carried))
            }
            Err(diagnostics) => {
                diagnostics.into_iter().for_each(|diagnostic| findings.add(diagnostic));
                None
            }
        };
        self.known.insert(key, carried.clone());
        carried
    }

    fn import(
        &self,
        (paths, object): (&[PathBuf], Option<&str>),
        place: &Span,
        gates: &Gates,
        sources: &mut Sources,
    ) -> Result<(Carried<'t>, Vec<String>), Vec<Diagnostic>> {
        let mut texts = Vec::new();
        for path in paths {
            let text = input::read_text(path, input::MOST_TEXT)
                .map_err(|diagnostic| vec![diagnostic.at(place.clone(), "")])?;
            texts.push((path.display().to_string(), text));
        }
        let imported = (self.importer)(&shown(&texts), object)
            .map_err(|problems| in_manifests(problems, texts, Some(place), sources))?
            .with_gates(gates);
        let carried = Carried {
            strategy: self.borrowed(&imported.strategy, place, sources),
            scenario: self.borrowed(&imported.scenario, place, sources),
            measurements: imported.measurements,
        };
        Ok((carried, imported.notes))
    }

    /// Gives the gates that stand for measurements what their manifest says, where they say
    /// nothing themselves.
    fn fill_gates(
        &self,
        root: &mut Table<'t>,
        gates: &Gates,
        (carried, place): (&Carried<'t>, &Span),
        sources: &mut Sources,
    ) {
        for one in &carried.measurements {
            for name in gates.get(&one.name).into_iter().flatten() {
                let Some(gate) = table_in(root, "gates", name) else { continue };
                let metric = gate.get("metric").and_then(|metric| metric.get_ref().as_str());
                let mut with = one.gate_on(metric.unwrap_or_default());
                if LIMITS.iter().any(|key| gate.contains_key(*key)) {
                    with.retain(|key, _| {
                        LIMITS.iter().all(|limit| key != *limit) && key != "strict"
                    });
                }
                let with = self.borrowed(&with, place, sources);
                fill(gate, &with);
            }
        }
    }

    /// The same table with every place standing for `place`.
    fn borrowed(&self, table: &toml::Table, place: &Span, sources: &mut Sources) -> Table<'t> {
        let text = self.texts.keep(toml::to_string(table).unwrap_or_default());
        let start = sources.add(Shown::Behind { length: text.len(), place: place.clone() });
        let (parsed, _) = DeTable::parse_recoverable(text);
        moved_table(parsed.into_inner(), start)
    }
}

/// Reads manifests, each a path and a text, for themselves.
///
/// # Errors
///
/// What is wrong with them.
pub(crate) fn alone(
    texts: Vec<(String, String)>,
    object: Option<&str>,
    importer: Importer,
) -> Result<Imported, Report> {
    let imported = importer(&shown(&texts), object).map_err(|problems| {
        let mut sources = Sources::default();
        let diagnostics = in_manifests(problems, texts, None, &mut sources);
        Report { diagnostics, sources }
    })?;
    Ok(imported.with_gates(&Gates::new()))
}

fn shown(texts: &[(String, String)]) -> Vec<Manifest<'_>> {
    texts.iter().map(|(path, text)| Manifest { path, text }).collect()
}

/// The paths that a strategy gives as its `manifest`, one or several, and where; none if they are
/// of another type, which is reported where the strategy is read.
fn named(root: &Table<'_>, name: &str) -> Option<(Vec<String>, Span)> {
    let entry = document::find(root, ["strategies", name, "manifest"])?;
    let value = ValueDeserializer::from(entry.value.clone());
    let ManifestsFile(paths) = ManifestsFile::deserialize(value).ok()?;
    Some((paths, entry.value.span()))
}

fn in_manifests(
    problems: Vec<Problem>,
    texts: Vec<(String, String)>,
    place: Option<&Span>,
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    let offsets: Vec<usize> = problems
        .iter()
        .map(|problem| {
            let text = texts.get(problem.file).map_or("", |(_, text)| text.as_str());
            offset(text, problem.line, problem.column)
        })
        .collect();
    let starts: Vec<usize> = texts
        .into_iter()
        .map(|(path, text)| sources.add(Shown::File { path, text, first_line: 1 }))
        .collect();
    problems
        .into_iter()
        .zip(offsets)
        .map(|(problem, offset)| {
            let at = starts.get(problem.file).copied().unwrap_or_default() + offset;
            let mut diagnostic =
                Diagnostic::new(rule::MANIFEST, problem.message).at(at..at + 1, "");
            if let Some(place) = place {
                diagnostic = diagnostic.because(place.clone(), "read here");
            }
            match problem.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            }
        })
        .collect()
}

/// Where a line and a column (in characters, both from 1) are in a text.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let mut start = 0;
    for part in text.split_inclusive('\n').take(line.saturating_sub(1)) {
        start += part.len();
    }
    let rest = text[start..].lines().next().unwrap_or_default();
    start + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
}

fn strategy_table<'a, 't>(root: &'a mut Table<'t>, name: &str) -> Option<&'a mut Table<'t>> {
    table_in(root, "strategies", name)
}

fn table_in<'a, 't>(root: &'a mut Table<'t>, key: &str, name: &str) -> Option<&'a mut Table<'t>> {
    let tables = as_table(root.get_mut(key)?)?;
    as_table(tables.get_mut(name)?)
}

/// The names of gates by those of the measurements that they stand for.
fn gates_for_measurements(root: &Table<'_>) -> Gates {
    let mut gates = Gates::new();
    let tables = root.get("gates").and_then(|gates| gates.get_ref().as_table());
    for (name, gate) in tables.into_iter().flatten() {
        let gate = gate.get_ref().as_table();
        let argo = gate.and_then(|gate| gate.get("argo"));
        if let Some(measurement) = argo.and_then(|argo| argo.get_ref().as_str()) {
            gates.entry(measurement.to_owned()).or_default().push(name.get_ref().to_string());
        }
    }
    gates
}

fn as_table<'a, 't>(value: &'a mut Spanned<DeValue<'t>>) -> Option<&'a mut Table<'t>> {
    match value.get_mut() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

/// Adds the keys that are not there.
fn fill<'t>(table: &mut Table<'t>, with: &Table<'t>) {
    for (key, value) in with {
        if !table.contains_key(key.get_ref().as_ref()) {
            table.insert(key.clone(), value.clone());
        }
    }
}

/// The same one level down: a table that is there gets the keys that it has not.
fn fill_tables<'t>(root: &mut Table<'t>, with: &Table<'t>) {
    for (key, value) in with {
        match (root.get_mut(key.get_ref().as_ref()).map(Spanned::get_mut), value.get_ref()) {
            (Some(DeValue::Table(table)), DeValue::Table(with)) => fill(table, with),
            (Some(_), _) => {}
            (None, _) => drop(root.insert(key.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_places() {
        let text = "añb\ncd\n";
        for (line, column, expected) in
            [(1, 1, 0), (1, 3, 3), (2, 1, 5), (2, 9, 7), (9, 1, 8), (0, 0, 0)]
        {
            assert_eq!(offset(text, line, column), expected, "{line}:{column}");
        }
    }
}
