//! Sweeps: every combination of their values is a variant.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::de::{DeValue, ValueDeserializer};

use super::Override;
use crate::scenario::diagnostic::source::{Sources, Span};
use crate::scenario::diagnostic::{Diagnostic, Findings};
use crate::scenario::document::path::Path;
use crate::scenario::document::read::Reader;
use crate::scenario::document::{self, Table, Value};
use crate::scenario::file::SweepFile;
use crate::scenario::rule;

/// Most variants of a scenario.
pub(crate) const MOST_VARIANTS: usize = 10_000;

/// The sweeps of a document, those of the command line in the place of those over the same path.
/// What is wrong with one is reported, and the others are returned.
pub(crate) fn sweeps<'t>(
    root: &Table<'t>,
    typed: Vec<Override<'t>>,
    sources: &Sources,
    findings: &mut Findings,
) -> Vec<Override<'t>> {
    let mut all = written(root, sources, findings);
    for sweep in typed {
        let names = sweep.path.names();
        match all.iter().position(|other| other.path.names() == names) {
            Some(position) => all[position] = sweep,
            None => all.push(sweep),
        }
    }
    let mut kept: Vec<Override<'t>> = Vec::with_capacity(all.len());
    for sweep in all {
        let clash = cannot_differ(&sweep.path)
            .or_else(|| kept.iter().find_map(|earlier| undoes(&sweep.path, &earlier.path)))
            .or_else(|| says_twice(&sweep));
        match clash {
            Some(diagnostic) => findings.add(diagnostic),
            None => kept.push(sweep),
        }
    }
    kept
}

/// Two sweeps of which one overwrites the other's values.
fn undoes(path: &Path, earlier: &Path) -> Option<Diagnostic> {
    if !path.overlaps(earlier) {
        return None;
    }
    let message = format!("the sweeps over `{earlier}` and `{path}` undo each other");
    Some(
        Diagnostic::new(rule::SWEEPS_CLASH, message)
            .at(path.span(), "")
            .because(earlier.span(), "the other sweep")
            .help("give all values to one sweep, or sweep fields apart from each other"),
    )
}

/// A sweep that has a value twice: two variants would have the same name.
fn says_twice(sweep: &Override<'_>) -> Option<Diagnostic> {
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    for value in &sweep.values {
        let words = in_words(value);
        if let Some(first) = seen.get(&words) {
            let message = format!("the sweep over `{}` has `{words}` twice", sweep.path);
            return Some(
                Diagnostic::new(rule::SWEEPS_CLASH, message)
                    .at(value.span(), "")
                    .because(first.clone(), "first here")
                    .help("give each value of a sweep once"),
            );
        }
        seen.insert(words, value.span());
    }
    None
}

/// What is the same for all variants by its nature.
fn cannot_differ(path: &Path) -> Option<Diagnostic> {
    let names = path.names();
    let message = match names.as_slice() {
        ["format" | "name" | "description" | "policy", ..] => {
            format!("`{path}` is the same for all variants")
        }
        ["sweep", ..] => "a sweep cannot be swept".to_owned(),
        ["release_mix", ..] => "what releases there are is the same for all variants".to_owned(),
        ["strategies"] => "a sweep cannot be over all strategies".to_owned(),
        _ => return None,
    };
    Some(
        Diagnostic::new(rule::SWEEPS_CLASH, message)
            .at(path.span(), "")
            .help("sweep a field that a run depends on, such as `fleet.instances`"),
    )
}

/// The `[[sweep]]` tables.
fn written<'t>(root: &Table<'t>, sources: &Sources, findings: &mut Findings) -> Vec<Override<'t>> {
    let Some(entry) = document::find(root, ["sweep"]) else { return Vec::new() };
    let DeValue::Array(items) = entry.value.get_ref() else {
        let message = "`sweep` must be an array of tables".to_owned();
        let diagnostic = Diagnostic::new(rule::WRONG_TYPE, message).at(entry.value.span(), "");
        findings.add(diagnostic.help("write `[[sweep]]` above its `path` and `values`"));
        return Vec::new();
    };
    let mut all = Vec::new();
    for (index, item) in items.iter().enumerate() {
        all.extend(one(index, item, sources, findings));
    }
    all
}

fn one<'t>(
    index: usize,
    item: &Value<'t>,
    sources: &Sources,
    findings: &mut Findings,
) -> Option<Override<'t>> {
    let parse = |value: ValueDeserializer<'t>| SweepFile::deserialize(value);
    let mut reader = Reader::new(findings);
    let read = reader.read(item, &format!("sweep.{index}"), &[], parse);
    if read.is_none() || !reader.into_dropped().is_empty() {
        return None;
    }
    let table = item.get_ref().as_table()?;
    let (path, values) = (table.get("path")?, table.get("values")?);
    let text = path.get_ref().as_str()?;
    // The names are inside the quotes, and where they are is only known if nothing is escaped.
    let start = path.span().start + 1;
    let is_plain = sources.text(&(start..path.span().end.saturating_sub(1))) == text;
    let Some(parsed) = Path::parse(text, start) else {
        let message = format!("`{text}` is not the path of a field");
        findings.add(
            Diagnostic::new(rule::NO_SUCH_PATH, message)
                .at(path.span(), "")
                .help("write the keys with dots between, such as `fleet.instances`"),
        );
        return None;
    };
    let parsed = if is_plain { parsed } else { parsed.all_at(&path.span()) };
    let items = values.get_ref().as_array()?;
    if items.is_empty() {
        let message = format!("the sweep over `{text}` has no values");
        findings.add(
            Diagnostic::new(rule::NO_VALUES, message)
                .at(values.span(), "")
                .help("a sweep needs at least one value"),
        );
        return None;
    }
    Some(Override { path: parsed, values: items.to_vec(), span: item.span() })
}

/// The one strategy that a path is about; none if it is about all.
pub(crate) fn strategy_of(path: &Path) -> Option<&str> {
    match path.names().as_slice() {
        ["strategies", _, ..] => path.segments().get(1).map(|segment| segment.name.as_str()),
        _ => None,
    }
}

/// One choice of a value for each of some sweeps.
#[derive(Debug)]
pub(crate) struct Choice<'a, 't> {
    /// The sweep and the chosen value, in the order of the sweeps.
    pub(crate) values: Vec<(&'a Path, &'a Value<'t>)>,
    /// How each sweep is called in a variant's name.
    keys: Vec<String>,
}

/// How many combinations the sweeps have, as far as that can be counted.
pub(crate) fn count(sweeps: &[&Override<'_>]) -> usize {
    sweeps.iter().fold(1, |product: usize, sweep| product.saturating_mul(sweep.values.len()))
}

/// What is wrong with sweeps that have more combinations than there may be variants.
pub(crate) fn too_many(sweeps: &[&Override<'_>]) -> Diagnostic {
    let count = count(sweeps);
    let message = format!("the sweeps make more than {MOST_VARIANTS} variants");
    let mut diagnostic = Diagnostic::new(rule::TOO_MANY_VARIANTS, message);
    for (index, sweep) in sweeps.iter().enumerate() {
        let text = format!("{} values", sweep.values.len());
        diagnostic = match index {
            0 => diagnostic.at(sweep.path.span(), text),
            _ => diagnostic.because(sweep.path.span(), text),
        };
    }
    diagnostic.help(format!("together they have {count} combinations for this strategy"))
}

/// Every combination; the first sweep changes slowest.
pub(crate) fn choices<'a, 't>(sweeps: &[&'a Override<'t>]) -> impl Iterator<Item = Choice<'a, 't>> {
    let keys = keys(&sweeps.iter().map(|sweep| &sweep.path).collect::<Vec<_>>());
    (0..count(sweeps)).map(move |number| {
        let mut rest = number;
        let mut values: Vec<(&Path, &Value<'t>)> = Vec::with_capacity(sweeps.len());
        for sweep in sweeps.iter().rev() {
            values.push((&sweep.path, &sweep.values[rest % sweep.values.len()]));
            rest /= sweep.values.len();
        }
        values.reverse();
        Choice { values, keys: keys.clone() }
    })
}

impl Choice<'_, '_> {
    /// The variant's name: the strategy's, then ` key=value` for each sweep.
    pub(crate) fn name(&self, strategy: &str) -> String {
        let mut name = strategy.to_owned();
        for ((_, value), key) in self.values.iter().zip(&self.keys) {
            name.push_str(&format!(" {key}={}", in_words(value)));
        }
        name
    }

    /// Full path and value of each sweep.
    pub(crate) fn parameters(&self) -> Vec<(String, serde_json::Value)> {
        self.values
            .iter()
            .map(|(path, value)| {
                let deserializer = ValueDeserializer::from((*value).clone());
                let value = serde_json::Value::deserialize(deserializer).unwrap_or_default();
                (path.to_string(), value)
            })
            .collect()
    }

    /// Where the last sweep's chosen value is written.
    pub(crate) fn span(&self) -> Option<Span> {
        self.values.last().map(|(_, value)| value.span())
    }
}

/// For each path, as much of its tail as tells it from the others.
fn keys(paths: &[&Path]) -> Vec<String> {
    let tell_apart = |path: &Path, length: usize| {
        let same = paths.iter().filter(|other| other.tail(length) == path.tail(length)).count();
        same == 1
    };
    paths
        .iter()
        .map(|path| {
            let most = path.segments().len();
            let length = (1..most).find(|length| tell_apart(path, *length)).unwrap_or(most);
            path.tail(length)
        })
        .collect()
}

/// A value as it stands in a variant's name: text without its quotes, else TOML on one line.
fn in_words(value: &Value<'_>) -> String {
    match toml::Value::deserialize(ValueDeserializer::from(value.clone())) {
        Ok(toml::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => value.get_ref().type_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_of_the_tail_as_tells_sweeps_apart() {
        for (paths, expected) in [
            (vec!["fleet.instances"], vec!["instances"]),
            (vec!["seed", "simulation.seed"], vec!["seed", "simulation.seed"]),
            (
                vec!["liveness.period", "readiness.period", "readiness.timeout"],
                vec!["liveness.period", "readiness.period", "timeout"],
            ),
            (
                vec!["strategies.a.steps.0.weight", "strategies.a.steps.1.weight"],
                vec!["0.weight", "1.weight"],
            ),
        ] {
            let paths: Vec<Path> =
                paths.iter().map(|path| Path::parse(path, 0).expect("a path")).collect();
            assert_eq!(keys(&paths.iter().collect::<Vec<_>>()), expected);
        }
    }

    #[test]
    fn every_combination_once_the_first_sweep_slowest() {
        let sweep = |path: &str, values: &'static str| Override {
            path: Path::parse(path, 0).expect("a path"),
            values: DeValue::parse(values)
                .expect("an array")
                .get_ref()
                .as_array()
                .expect("an array")
                .to_vec(),
            span: 0..0,
        };
        let sweeps = [sweep("a.x", "[1, \"25%\"]"), sweep("b", "[true, 1.5, { c = [1, 2] }]")];
        let names: Vec<String> =
            choices(&sweeps.iter().collect::<Vec<_>>()).map(|choice| choice.name("s")).collect();
        assert_eq!(
            names,
            [
                "s x=1 b=true",
                "s x=1 b=1.5",
                "s x=1 b={ c = [1, 2] }",
                "s x=25% b=true",
                "s x=25% b=1.5",
                "s x=25% b={ c = [1, 2] }",
            ]
        );
        assert_eq!(choices(&[]).count(), 1);
    }
}
