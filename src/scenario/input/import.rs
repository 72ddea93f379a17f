//! A manifest in the place of a strategy's fields: what it says goes in where the scenario itself
//! says nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::manifest::{Imported, Problem};
use crate::scenario::diagnostic::source::{Shown, Sources, Span, Texts};
use crate::scenario::diagnostic::{Diagnostic, Findings};
use crate::scenario::document::path::dotted;
use crate::scenario::document::{self, Table, moved_table};
use crate::scenario::input;
use crate::scenario::rule;

/// Reads the text of a manifest at a path; the last argument names one object of several.
pub(crate) type Importer = fn(&str, &str, Option<&str>) -> Result<Imported, Vec<Problem>>;

/// What a manifest says, as parts of a document.
#[derive(Debug)]
pub(crate) struct Carried<'t> {
    strategy: Table<'t>,
    scenario: Table<'t>,
}

/// Manifests relative to a folder; each is read once.
#[derive(Debug)]
pub(crate) struct Manifests<'t> {
    folder: PathBuf,
    importer: Importer,
    texts: &'t Texts,
    known: BTreeMap<(PathBuf, Option<String>, usize), Option<Rc<Carried<'t>>>>,
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
        let Some((manifest, place)) = text("manifest") else {
            if let Some((_, span)) = object {
                let message = format!("`{at}.object` names an object of no manifest");
                let diagnostic = Diagnostic::new(rule::MANIFEST_KIND, message).at(span, "");
                findings.add(diagnostic.help("add `manifest = \"deployment.yaml\"`"));
            }
            return Carry::NoManifest;
        };
        let object = object.map(|(object, _)| object);
        let Some(carried) = self.read(&manifest, object, &place, findings, sources) else {
            return Carry::Failed;
        };
        let written_kind = text("kind");
        let Some(strategy) = strategy_table(root, name) else { return Carry::Failed };
        let kind = carried.strategy.get("kind").and_then(|kind| kind.get_ref().as_str());
        if let (Some((written, span)), Some(kind)) = (written_kind, kind)
            && written != kind
        {
            let message = format!("`{manifest}` is of kind `{kind}`, not `{written}`");
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
        manifest: &str,
        object: Option<String>,
        place: &Span,
        findings: &mut Findings,
        sources: &mut Sources,
    ) -> Option<Rc<Carried<'t>>> {
        let path = self.folder.join(manifest);
        let key = (path.clone(), object.clone(), place.start);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let carried = match self.import(&path, object.as_deref(), place, sources) {
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
        path: &Path,
        object: Option<&str>,
        place: &Span,
        sources: &mut Sources,
    ) -> Result<(Carried<'t>, Vec<String>), Vec<Diagnostic>> {
        let text = input::read_text(path, input::MOST_TEXT)
            .map_err(|diagnostic| vec![diagnostic.at(place.clone(), "")])?;
        let shown = path.display().to_string();
        let imported = (self.importer)(&text, &shown, object)
            .map_err(|problems| in_manifest(problems, &shown, text, place, sources))?;
        let carried = Carried {
            strategy: self.borrowed(&imported.strategy, place, sources),
            scenario: self.borrowed(&imported.scenario, place, sources),
        };
        Ok((carried, imported.notes))
    }

    /// The same table with every place standing for `place`.
    fn borrowed(&self, table: &toml::Table, place: &Span, sources: &mut Sources) -> Table<'t> {
        let text = self.texts.keep(toml::to_string(table).unwrap_or_default());
        let start = sources.add(Shown::Behind { length: text.len(), place: place.clone() });
        let (parsed, _) = DeTable::parse_recoverable(text);
        moved_table(parsed.into_inner(), start)
    }
}

fn in_manifest(
    problems: Vec<Problem>,
    path: &str,
    text: String,
    place: &Span,
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    let offsets: Vec<usize> =
        problems.iter().map(|problem| offset(&text, problem.line, problem.column)).collect();
    let start = sources.add(Shown::File { path: path.to_owned(), text, first_line: 1 });
    problems
        .into_iter()
        .zip(offsets)
        .map(|(problem, offset)| {
            let at = start + offset;
            let diagnostic = Diagnostic::new(rule::MANIFEST, problem.message)
                .at(at..at + 1, "")
                .because(place.clone(), "read here");
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
    let strategies = as_table(root.get_mut("strategies")?)?;
    as_table(strategies.get_mut(name)?)
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
