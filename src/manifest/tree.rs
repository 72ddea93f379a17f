//! What does a document hold, and where was each value written?
//!
//! A [`Tree`] is an arena: an alias is one index whatever it stands for, so it costs nothing to
//! hold. A [`Field`] is a value of it and the way to those inside.

use std::borrow::Cow;
use std::cell::Cell;

use super::Problem;

/// Where something was written: the number of the file, line and column, both from 1, the column in
/// characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    /// The beginning of a file.
    pub(super) const fn start_of(file: usize) -> Self {
        Self { file, line: 1, column: 1 }
    }

    /// The problem `message` here.
    pub(super) fn problem(self, message: impl Into<String>, help: Option<String>) -> Problem {
        let Self { file, line, column } = self;
        Problem { file, line, column, message: message.into(), help }
    }
}

/// One document.
#[derive(Debug)]
pub(super) struct Tree<'t> {
    pub(super) nodes: Vec<Node<'t>>,
    pub(super) root: usize,
    /// Keys written twice in one mapping, with both places.
    pub(super) duplicates: Vec<Duplicate>,
}

/// A key written twice.
#[derive(Debug)]
pub(super) struct Duplicate {
    pub(super) key: String,
    pub(super) first: Place,
    pub(super) second: Place,
}

#[derive(Debug)]
pub(super) struct Node<'t> {
    pub(super) place: Place,
    pub(super) value: Value<'t>,
    /// Values in it, itself and what its aliases repeat included; 0 while it is being read.
    pub(super) size: u64,
    /// Whether a reader asked for it: what nobody asked for is told as left out.
    seen: Cell<bool>,
}

impl<'t> Node<'t> {
    /// A value that nobody has asked for.
    pub(super) const fn new(place: Place, value: Value<'t>, size: u64) -> Self {
        Self { place, value, size, seen: Cell::new(false) }
    }
}

#[derive(Debug)]
pub(super) enum Value<'t> {
    /// Without quotes: a number, a word, or nothing.
    Plain(Cow<'t, str>),
    /// A string whatever it looks like.
    Quoted(Cow<'t, str>),
    List(Vec<usize>),
    Mapping(Vec<Entry<'t>>),
}

#[derive(Clone, Debug)]
pub(super) struct Entry<'t> {
    pub(super) key: Cow<'t, str>,
    pub(super) place: Place,
    pub(super) node: usize,
}

/// What the keys begin with under which the labels of an HCL block stand.
pub(super) const LABEL: &str = "#";

/// A value of a document and the way to those inside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'t> {
    tree: &'t Tree<'t>,
    node: usize,
}

/// What a value is, by the YAML core schema.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind<'t> {
    /// Nothing, `~` or `null`.
    Null,
    /// `true`, `false`, and what YAML 1.1 also read so (`yes`, `off`, ...).
    Bool(bool),
    /// Decimal digits with an optional sign, within 64 bits.
    Integer(i64),
    /// Any other number.
    Number(&'t str),
    /// Words, or anything in quotes.
    Text(&'t str),
    List,
    Mapping,
}

impl<'t> Tree<'t> {
    /// The document's one value.
    pub(super) const fn root(&'t self) -> Field<'t> {
        Field { tree: self, node: self.root }
    }
}

impl<'t> Field<'t> {
    fn at(self, node: usize) -> Self {
        Self { tree: self.tree, node }
    }

    /// The same, told as asked for.
    fn seen(self) -> Self {
        self.tree.nodes[self.node].seen.set(true);
        self
    }

    /// Whether a reader asked for it.
    pub(super) fn is_seen(self) -> bool {
        self.tree.nodes[self.node].seen.get()
    }

    /// Tells it, and all that is in it, as asked for: what it says is told in another way.
    pub(super) fn see_all(self) {
        let mut open = vec![self];
        while let Some(field) = open.pop() {
            open.extend(
                field.entries().map(|(_, _, inner)| inner).filter(|inner| !inner.is_seen()),
            );
            open.extend(field.raw_items().filter(|inner| !inner.is_seen()));
            field.seen();
        }
    }

    fn value(self) -> &'t Value<'t> {
        &self.tree.nodes[self.node].value
    }

    /// Where it was written; for what an alias repeats, where the original is.
    pub(super) fn place(self) -> Place {
        self.tree.nodes[self.node].place
    }

    /// What it is.
    pub(super) fn kind(self) -> Kind<'t> {
        match self.value() {
            Value::Plain(text) => plain(text),
            Value::Quoted(text) => Kind::Text(text),
            Value::List(_) => Kind::List,
            Value::Mapping(_) => Kind::Mapping,
        }
    }

    /// The text of a scalar as written, without quotes.
    pub(super) fn text(self) -> Option<&'t str> {
        match self.value() {
            Value::Plain(text) | Value::Quoted(text) => Some(text),
            Value::List(_) | Value::Mapping(_) => None,
        }
    }

    /// The value of `key`; none where this is no mapping, or lacks it, or it is null.
    pub(super) fn get(self, key: &str) -> Option<Self> {
        let (_, _, field) = self.entries().find(|(name, _, _)| *name == key)?;
        field.seen();
        (field.kind() != Kind::Null).then_some(field)
    }

    /// The value at the end of a path of keys.
    pub(super) fn find(self, path: &[&str]) -> Option<Self> {
        path.iter().try_fold(self, |field, key| field.get(key))
    }

    /// The label of an HCL block, counted from 0: `service` and `main` of
    /// `resource "service" "main" {}`.
    pub(super) fn label(self, number: usize) -> Option<&'t str> {
        let key = format!("{LABEL}{number}");
        self.get(&key).and_then(Field::text)
    }

    /// Keys with their places and values; none where this is no mapping.
    pub(super) fn entries(self) -> impl Iterator<Item = (&'t str, Place, Self)> {
        let entries: &[Entry<'t>] = match self.value() {
            Value::Mapping(entries) => entries,
            _ => &[],
        };
        entries.iter().map(move |entry| (&*entry.key, entry.place, self.at(entry.node)))
    }

    /// The items; none where this is no list.
    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        self.raw_items().map(Self::seen)
    }

    /// The items, not told as asked for.
    pub(super) fn raw_items(self) -> impl Iterator<Item = Self> {
        let items: &[usize] = match self.value() {
            Value::List(items) => items,
            _ => &[],
        };
        items.iter().map(move |&node| self.at(node))
    }
}

fn plain(text: &str) -> Kind<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return Kind::Bool(true);
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Kind::Bool(false);
        }
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // A leading zero makes YAML 1.1, which Kubernetes' tools read, take the rest as octal.
        let octal = digits.len() > 1 && digits.starts_with('0');
        let decimal = text.parse().ok().filter(|_| !octal);
        return decimal.map_or(Kind::Number(text), Kind::Integer);
    }
    // Rust also parses `inf` and `nan`, which YAML spells otherwise.
    let number = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    if number && text.parse::<f64>().is_ok() { Kind::Number(text) } else { Kind::Text(text) }
}

#[cfg(test)]
mod tests {
    use super::super::parse::documents;
    use super::*;

    #[test]
    fn scalars_are_what_kubernetes_takes_them_for() {
        for (text, expected) in [
            ("3", Kind::Integer(3)),
            ("-3", Kind::Integer(-3)),
            ("+3", Kind::Integer(3)),
            ("\"3\"", Kind::Text("3")),
            ("!!str 3", Kind::Text("3")),
            ("! 3", Kind::Text("3")),
            ("!!int \"3\"", Kind::Integer(3)),
            ("99999999999999999999", Kind::Number("99999999999999999999")),
            ("010", Kind::Number("010")),
            ("0", Kind::Integer(0)),
            ("1e3", Kind::Number("1e3")),
            ("1.5", Kind::Number("1.5")),
            ("25%", Kind::Text("25%")),
            ("1_000", Kind::Text("1_000")),
            ("-", Kind::List),
            ("~", Kind::Null),
            ("", Kind::Null),
            ("''", Kind::Text("")),
            ("off", Kind::Bool(false)),
            ("{}", Kind::Mapping),
            ("|-\n  3", Kind::Text("3")),
            ("0%", Kind::Text("0%")),
            ("+", Kind::Text("+")),
            ("inf", Kind::Text("inf")),
        ] {
            let text = format!("---\n{text}\n");
            let tree = documents(&text, 0).next().unwrap().unwrap();
            assert_eq!(tree.root().kind(), expected, "{text}");
        }
    }

    #[test]
    fn places_count_from_one_in_characters() {
        let text = "é: [ü, {k: v}]\nlist:\n  - x\n";
        let tree = documents(text, 0).next().unwrap().unwrap();
        let at = |field: Field<'_>| (field.place().line, field.place().column);
        let list = tree.root().get("é").unwrap();
        assert_eq!(at(list), (1, 4));
        assert_eq!(list.items().map(at).collect::<Vec<_>>(), [(1, 5), (1, 8)]);
        assert_eq!(tree.root().get("list").unwrap().items().map(at).next(), Some((3, 5)));
        let keys: Vec<_> = tree.root().entries().map(|(key, place, _)| (key, place.line)).collect();
        assert_eq!(keys, [("é", 1), ("list", 2)]);
    }
}
