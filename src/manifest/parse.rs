//! How does a YAML text become documents, whatever the text?
//!
//! A parser's events are put together into one [`Tree`] per document. Nothing here recurses, and
//! aliases are indices, so neither a bomb of aliases nor deep nesting can take more memory or stack
//! than the text's own size warrants. What aliases would expand to is counted all the same and
//! refused beyond [`MOST_VALUES`], because readers walk that expansion.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::Problem;
use super::tree::{Duplicate, Entry, Node, Place, Tree, Value};

/// Values one file may hold, those its aliases and merge keys repeat included.
const MOST_VALUES: usize = 1_000_000;

/// Collections inside one another; real manifests stay below twenty.
const DEEPEST: usize = 100;

/// Lines before that of an error that may be its cause.
const CAUSE_LINES: usize = 2;

/// The documents of `text`, one by one, so that those not wanted can be dropped at once. It ends
/// with the first problem.
pub(super) fn documents(text: &str) -> Documents<'_> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let parser = Parser::new_from_str_with_options(text, options);
    Documents { parser, text, spent: 0, ended: false }
}

/// See [`documents`].
pub(super) struct Documents<'t> {
    parser: Parser<'t, StrInput<'t>>,
    text: &'t str,
    /// Values so far, merged ones included.
    spent: usize,
    ended: bool,
}

impl<'t> Iterator for Documents<'t> {
    type Item = Result<Tree<'t>, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let document = self.read().transpose();
        self.ended = !matches!(document, Some(Ok(_)));
        document
    }
}

impl<'t> Documents<'t> {
    fn read(&mut self) -> Result<Option<Tree<'t>>, Problem> {
        let mut builder = Builder { spent: self.spent, ..Builder::default() };
        while let Some(event) = self.parser.next_event() {
            let (event, span) = event.map_err(|error| syntax(self.text, &error))?;
            if matches!(event, Event::DocumentEnd) {
                self.spent = builder.spent;
                return Ok(builder.finish());
            }
            builder.take(event, place_of(&span.start)).map_err(|stop| stop.problem(self.text))?;
        }
        Ok(None)
    }
}

/// Why a document cannot be had.
enum Stop {
    KeyIsCollection(Place),
    MergeOfScalar(Place),
    AliasOfItself(Place),
    TooLarge(Place),
}

impl Stop {
    fn problem(self, text: &str) -> Problem {
        match self {
            Self::KeyIsCollection(place) => template(text, place)
                .unwrap_or_else(|| place.problem("a list or a mapping cannot be a key", None)),
            Self::MergeOfScalar(place) => {
                place.problem("a merge key (`<<`) needs a mapping, or a list of mappings", None)
            }
            Self::AliasOfItself(place) => {
                place.problem("this alias stands inside of what it repeats", None)
            }
            Self::TooLarge(place) => place.problem(
                format!("the file holds more than {MOST_VALUES} values, its aliases expanded"),
                Some("keep the one object in a file of its own".into()),
            ),
        }
    }
}

/// A collection whose end has not been read.
struct Open<'t> {
    node: usize,
    held: Held<'t>,
}

enum Held<'t> {
    List(Vec<usize>),
    Mapping { entries: Vec<Entry<'t>>, merged: Vec<usize>, key: Option<Key<'t>> },
}

enum Key<'t> {
    Named(Cow<'t, str>, Place),
    Merge,
}

#[derive(Default)]
struct Builder<'t> {
    nodes: Vec<Node<'t>>,
    open: Vec<Open<'t>>,
    anchors: BTreeMap<usize, usize>,
    root: Option<usize>,
    duplicates: Vec<Duplicate>,
    spent: usize,
}

impl<'t> Builder<'t> {
    fn finish(self) -> Option<Tree<'t>> {
        Some(Tree { nodes: self.nodes, root: self.root?, duplicates: self.duplicates })
    }

    fn take(&mut self, event: Event<'t>, place: Place) -> Result<(), Stop> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(text, style, tag.as_deref());
                let node = self.add(place, value, 1, anchor)?;
                self.attach(node, place)
            }
            Event::Alias(anchor) => {
                // The parser refuses an alias without an anchor, so only one still open is missing.
                let closed = |node: &usize| self.nodes[*node].size > 0;
                let node = self.anchors.get(&anchor).copied().filter(closed);
                self.spend(place, 1)?;
                self.attach(node.ok_or(Stop::AliasOfItself(place))?, place)
            }
            Event::SequenceStart(_, anchor, _) => self.begin(place, anchor, Held::List(vec![])),
            Event::MappingStart(_, anchor, _) => {
                let (entries, merged) = (vec![], vec![]);
                self.begin(place, anchor, Held::Mapping { entries, merged, key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            _ => Ok(()),
        }
    }

    fn spend(&mut self, place: Place, values: usize) -> Result<(), Stop> {
        self.spent = self.spent.saturating_add(values);
        if self.spent > MOST_VALUES { Err(Stop::TooLarge(place)) } else { Ok(()) }
    }

    fn add(
        &mut self,
        place: Place,
        value: Value<'t>,
        size: u64,
        anchor: usize,
    ) -> Result<usize, Stop> {
        self.spend(place, 1)?;
        let node = self.nodes.len();
        self.nodes.push(Node { place, value, size });
        if anchor > 0 {
            self.anchors.insert(anchor, node);
        }
        Ok(node)
    }

    fn begin(&mut self, place: Place, anchor: usize, held: Held<'t>) -> Result<(), Stop> {
        if matches!(self.open.last(), Some(Open { held: Held::Mapping { key: None, .. }, .. })) {
            return Err(Stop::KeyIsCollection(place));
        }
        let node = self.add(place, Value::List(vec![]), 0, anchor)?;
        self.open.push(Open { node, held });
        Ok(())
    }

    /// Puts a value that is complete where it belongs: it is a key, a value, an item, or the root.
    fn attach(&mut self, node: usize, place: Place) -> Result<(), Stop> {
        let Some(Open { held, .. }) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match held {
            Held::List(items) => items.push(node),
            Held::Mapping { entries, merged, key } => match key.take() {
                Some(Key::Named(name, place)) => entries.push(Entry { key: name, place, node }),
                Some(Key::Merge) => merged.push(node),
                None => {
                    *key = Some(match &self.nodes[node].value {
                        Value::Plain(text) if text == "<<" => Key::Merge,
                        Value::Plain(text) | Value::Quoted(text) => Key::Named(text.clone(), place),
                        _ => return Err(Stop::KeyIsCollection(place)),
                    });
                }
            },
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stop> {
        let Some(Open { node, held }) = self.open.pop() else { return Ok(()) };
        let place = self.nodes[node].place;
        let value = match held {
            Held::List(items) => Value::List(items),
            Held::Mapping { entries, merged, .. } => {
                Value::Mapping(self.merge(entries, &merged, place)?)
            }
        };
        let size_of = |child: usize| self.nodes[child].size;
        let inside = match &value {
            Value::List(items) => items.iter().map(|&item| size_of(item)).sum::<u64>(),
            Value::Mapping(entries) => entries.iter().map(|entry| size_of(entry.node)).sum(),
            Value::Plain(_) | Value::Quoted(_) => 0,
        };
        // Children are at most MOST_VALUES each and in number: their sum cannot overflow.
        if inside >= MOST_VALUES as u64 {
            return Err(Stop::TooLarge(place));
        }
        self.nodes[node].value = value;
        self.nodes[node].size = inside + 1;
        self.attach(node, place)
    }

    /// Adds the entries that merge keys bring and `entries` does not have; the earlier merge wins.
    fn merge(
        &mut self,
        mut entries: Vec<Entry<'t>>,
        merged: &[usize],
        place: Place,
    ) -> Result<Vec<Entry<'t>>, Stop> {
        let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
        for Entry { key, place, .. } in &entries {
            if let Some(&first) = seen.get(&**key) {
                self.duplicates.push(Duplicate { key: key.to_string(), first, second: *place });
            } else {
                seen.insert(key, *place);
            }
        }
        let mut brought = Vec::new();
        for &node in merged {
            let sources = match &self.nodes[node].value {
                Value::List(items) => items.as_slice(),
                _ => std::slice::from_ref(&node),
            };
            for &source in sources {
                let Value::Mapping(more) = &self.nodes[source].value else {
                    return Err(Stop::MergeOfScalar(self.nodes[source].place));
                };
                for entry in more {
                    if !seen.contains_key(&*entry.key) {
                        seen.insert(&entry.key, entry.place);
                        brought.push(entry.clone());
                    }
                }
                if self.spent + brought.len() > MOST_VALUES {
                    return Err(Stop::TooLarge(place));
                }
            }
        }
        drop(seen);
        self.spend(place, brought.len())?;
        entries.append(&mut brought);
        Ok(entries)
    }
}

fn place_of(marker: &Marker) -> Place {
    Place { line: marker.line(), column: marker.col() + 1 }
}

fn scalar<'t>(text: Cow<'t, str>, style: ScalarStyle, tag: Option<&Tag>) -> Value<'t> {
    let quoted = match tag {
        Some(tag) if tag.is_yaml_core_schema_tag("str") || tag.parts() == ("", "!") => true,
        Some(tag) if tag.is_yaml_core_schema() => false,
        _ => style != ScalarStyle::Plain,
    };
    if quoted { Value::Quoted(text) } else { Value::Plain(text) }
}

fn syntax(text: &str, error: &ScanError) -> Problem {
    let place = place_of(error.marker());
    template(text, place).or_else(|| tab(text, place)).unwrap_or_else(|| {
        let help = text.contains("{{").then(|| RENDER_FIRST.into());
        place.problem(format!("this is not valid YAML: {}", error.info()), help)
    })
}

const RENDER_FIRST: &str =
    "if this is a template, render it first, for example with `helm template`";

fn suspects(text: &str, place: Place) -> impl Iterator<Item = (usize, &str)> {
    let first = place.line.saturating_sub(CAUSE_LINES + 1);
    text.lines().enumerate().skip(first).take(place.line - first).map(|(at, line)| (at + 1, line))
}

/// The problem, where an action of a Go template is what the parser stumbled over.
fn template(text: &str, place: Place) -> Option<Problem> {
    let (line, column) = suspects(text, place).find_map(|(number, line)| {
        let at = line.find("{{")?;
        let before = line[..at].trim_end();
        let outside = before.is_empty() || before.ends_with([':', '-']);
        outside.then(|| (number, line[..at].chars().count() + 1))
    })?;
    let message = "this is a template, not yet a manifest";
    let help = "render it first, for example with `helm template`";
    Some(Place { line, column }.problem(message, Some(help.into())))
}

fn tab(text: &str, place: Place) -> Option<Problem> {
    let (line, column) = suspects(text, place).find_map(|(number, line)| {
        let indentation = line.split(|c| c != ' ' && c != '\t').next()?;
        Some((number, indentation.find('\t')? + 1))
    })?;
    let help = "indent with spaces";
    Some(Place { line, column }.problem("a tab in the indentation", Some(help.into())))
}
