//! How does a YAML text become documents, whatever the text?
//!
//! A parser's events are put together into one [`Tree`] per document. Nothing here recurses, and
//! aliases are indices, so neither a bomb of aliases nor deep nesting can take more memory or stack
//! than the text's own size warrants. What aliases would expand to is counted all the same and
//! refused beyond [`MOST_VALUES`], because readers walk that expansion.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{ErrorKind, Event, Marker, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::Problem;
use super::tree::{Duplicate, Entry, Node, Place, Tree, Value};

/// Values one file may hold, those its aliases and merge keys repeat included.
const MOST_VALUES: usize = 500_000;

/// Collections inside one another; real manifests stay below twenty.
const DEEPEST: usize = 100;

/// The documents of `text`, one by one, so that those not wanted can be dropped at once. It ends
/// with the first problem.
pub(super) fn documents(text: &str, file: usize) -> Documents<'_> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let parser = Parser::new_from_str_with_options(text, options);
    Documents { parser, text, file, spent: 0, ended: false }
}

/// See [`documents`].
pub(super) struct Documents<'t> {
    parser: Parser<'t, StrInput<'t>>,
    text: &'t str,
    /// Its number among the files that are read together.
    file: usize,
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
            let (event, span) = event.map_err(|error| syntax(self.text, self.file, &error))?;
            if matches!(event, Event::DocumentEnd) {
                self.spent = builder.spent;
                return Ok(builder.finish());
            }
            let place = place_of(&span.start, self.file);
            builder.take(event, place).map_err(|stop| stop.problem(self.text))?;
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
    function: Option<&'static str>,
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
                if self.wants_key() && anchor == 0 {
                    // Nothing can refer to it, so it need not be a node.
                    return self.name(key_of(&value, place), place);
                }
                let node = self.add(place, value, 1, anchor)?;
                let node = self.called(function_of(tag.as_deref()), node, place)?;
                self.attach(node, place)
            }
            Event::Alias(anchor) => {
                // The parser refuses an alias without an anchor, so only one still open is missing.
                let closed = |node: &usize| self.nodes[*node].size > 0;
                let node = self.anchors.get(&anchor).copied().filter(closed);
                self.spend(place, 1)?;
                self.attach(node.ok_or(Stop::AliasOfItself(place))?, place)
            }
            Event::SequenceStart(_, anchor, tag) => {
                let function = function_of(tag.as_deref());
                self.begin(place, anchor, function, Held::List(vec![]))
            }
            Event::MappingStart(_, anchor, tag) => {
                let held = Held::Mapping { entries: vec![], merged: vec![], key: None };
                self.begin(place, anchor, function_of(tag.as_deref()), held)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            _ => Ok(()),
        }
    }

    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { held: Held::Mapping { key: None, .. }, .. }))
    }

    fn name(&mut self, name: Option<Key<'t>>, place: Place) -> Result<(), Stop> {
        if name.is_none() {
            return Err(Stop::KeyIsCollection(place));
        }
        if let Some(Open { held: Held::Mapping { key, .. }, .. }) = self.open.last_mut() {
            *key = name;
        }
        Ok(())
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
        self.nodes.push(Node::new(place, value, size));
        if anchor > 0 {
            self.anchors.insert(anchor, node);
        }
        Ok(node)
    }

    fn begin(
        &mut self,
        place: Place,
        anchor: usize,
        function: Option<&'static str>,
        held: Held<'t>,
    ) -> Result<(), Stop> {
        if self.wants_key() {
            return Err(Stop::KeyIsCollection(place));
        }
        let node = self.add(place, Value::List(vec![]), 0, anchor)?;
        self.open.push(Open { node, function, held });
        Ok(())
    }

    /// A value in the long form of a function that its tag calls: `!Ref Count` is `{Ref: Count}`.
    fn called(
        &mut self,
        function: Option<&'static str>,
        node: usize,
        place: Place,
    ) -> Result<usize, Stop> {
        let Some(key) = function else { return Ok(node) };
        let size = self.nodes[node].size + 1;
        let entries = vec![Entry { key: Cow::Borrowed(key), place, node }];
        self.add(place, Value::Mapping(entries), size, 0)
    }

    /// Puts a value that is complete where it belongs: it is a key, a value, an item, or the root.
    fn attach(&mut self, node: usize, place: Place) -> Result<(), Stop> {
        if self.wants_key() {
            return self.name(key_of(&self.nodes[node].value, place), place);
        }
        match self.open.last_mut().map(|open| &mut open.held) {
            None => self.root = Some(node),
            Some(Held::List(items)) => items.push(node),
            Some(Held::Mapping { entries, merged, key }) => match key.take() {
                Some(Key::Named(key, place)) => entries.push(Entry { key, place, node }),
                Some(Key::Merge) => merged.push(node),
                None => {}
            },
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stop> {
        let Some(Open { node, function, held }) = self.open.pop() else { return Ok(()) };
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
        let node = self.called(function, node, place)?;
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
        let (mut brought, mut looked_at) = (Vec::new(), 0);
        let sources = merged.iter().flat_map(|node| match &self.nodes[*node].value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        });
        for &source in sources {
            let Value::Mapping(more) = &self.nodes[source].value else {
                return Err(Stop::MergeOfScalar(self.nodes[source].place));
            };
            // What is looked at counts, brought or not: it is what takes the time.
            looked_at += more.len();
            if self.spent + looked_at > MOST_VALUES {
                return Err(Stop::TooLarge(place));
            }
            for entry in more {
                if !seen.contains_key(&*entry.key) {
                    seen.insert(&entry.key, entry.place);
                    brought.push(entry.clone());
                }
            }
        }
        drop(seen);
        self.spend(place, looked_at)?;
        entries.append(&mut brought);
        Ok(entries)
    }
}

fn key_of<'t>(value: &Value<'t>, place: Place) -> Option<Key<'t>> {
    match value {
        Value::Plain(text) if text == "<<" => Some(Key::Merge),
        Value::Plain(text) | Value::Quoted(text) => Some(Key::Named(text.clone(), place)),
        Value::List(_) | Value::Mapping(_) => None,
    }
}

fn place_of(marker: &Marker, file: usize) -> Place {
    Place { file, line: marker.line(), column: marker.col() + 1 }
}

/// The long names of CloudFormation's functions, which its YAML writes as tags.
const FUNCTIONS: [&str; 19] = [
    "Ref",
    "Condition",
    "Fn::And",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Not",
    "Fn::Or",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
];

fn function_of(tag: Option<&Tag>) -> Option<&'static str> {
    let ("!", name) = tag?.parts() else { return None };
    FUNCTIONS.into_iter().find(|function| function.strip_prefix("Fn::").unwrap_or(function) == name)
}

fn scalar<'t>(text: Cow<'t, str>, style: ScalarStyle, tag: Option<&Tag>) -> Value<'t> {
    let quoted = match tag {
        Some(tag) if tag.is_yaml_core_schema_tag("str") || tag.parts() == ("", "!") => true,
        Some(tag) if tag.is_yaml_core_schema() => false,
        _ => style != ScalarStyle::Plain,
    };
    if quoted { Value::Quoted(text) } else { Value::Plain(text) }
}

fn syntax(text: &str, file: usize, error: &ScanError) -> Problem {
    let place = place_of(error.marker(), file);
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return place.problem(format!("nested more than {DEEPEST} deep"), None);
    }
    template(text, place).or_else(|| tab(text, place)).unwrap_or_else(|| {
        let help = text.contains("{{").then(|| RENDER_FIRST.into());
        let language = if text.trim_start().starts_with('{') { "JSON or YAML" } else { "YAML" };
        place.problem(format!("this is not valid {language}: {}", error.info()), help)
    })
}

const RENDER_FIRST: &str =
    "if this is a template, render it first, for example with `helm template`";

/// The problem, where an action of a Go template is what the parser stumbled over.
fn template(text: &str, place: Place) -> Option<Problem> {
    let line = text.lines().nth(place.line.saturating_sub(1))?;
    let at = line.find("{{")?;
    let before = line[..at].trim_end();
    if !before.is_empty() && !before.ends_with([':', '-', '[', ',']) {
        return None;
    }
    let column = line[..at].chars().count() + 1;
    let help = "render it first, for example with `helm template`";
    let message = "this is a template, not yet a manifest";
    Some(Place { column, ..place }.problem(message, Some(help.into())))
}

/// The problem, where a tab is what indents that line or, as parsers look ahead, the next one.
fn tab(text: &str, place: Place) -> Option<Problem> {
    let mut lines = text.lines().enumerate().skip(place.line.saturating_sub(1)).take(2);
    let (line, column) = lines.find_map(|(at, line)| {
        let indentation = line.split(|c| c != ' ' && c != '\t').next()?;
        Some((at + 1, indentation.find('\t')? + 1))
    })?;
    let help = "indent with spaces";
    Some(Place { line, column, ..place }.problem("a tab in the indentation", Some(help.into())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::super::tree::{Field, Kind};
    use super::*;

    fn json(field: Field<'_>) -> Json {
        match field.kind() {
            Kind::Null => Json::Null,
            Kind::Bool(value) => value.into(),
            Kind::Integer(value) => value.into(),
            Kind::Number(text) => serde_json::from_str(text).unwrap(),
            Kind::Text(text) => text.into(),
            Kind::List => field.items().map(json).collect(),
            Kind::Mapping => {
                field.entries().map(|(key, _, value)| (key.to_owned(), json(value))).collect()
            }
        }
    }

    fn one(text: &str) -> Json {
        json(documents(text, 0).next().unwrap().unwrap().root())
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<String>().prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
                prop::collection::btree_map("[ -~]{0,8}", inner, 0..6)
                    .prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]
        #[test]
        fn json_is_read_as_a_json_parser_reads_it(value in any_json()) {
            prop_assert_eq!(one(&value.to_string()), value.clone());
            prop_assert_eq!(one(&format!("{value:#}")), value);
        }
    }

    #[test]
    fn merge_keys_add_what_is_not_there() {
        let text = "
base: &base {a: 1, b: 2}
more: &more {b: 3, c: 4}
one: {<<: *base, a: 9}
both: {<<: [*base, *more]}
late:
  c: 0
  <<: *more
  ? &key d
  : 5
  *key : 6
quoted: {\"<<\": 7}
";
        // The alias as a key repeats `d`, so it is written twice; the first counts.
        let expected = serde_json::json!({
            "base": {"a": 1, "b": 2},
            "more": {"b": 3, "c": 4},
            "one": {"a": 9, "b": 2},
            "both": {"a": 1, "b": 2, "c": 4},
            "late": {"c": 0, "b": 3, "d": 6},
            "quoted": {"<<": 7},
        });
        assert_eq!(one(text), expected);
        let tree = documents(text, 0).next().unwrap().unwrap();
        let twice: Vec<_> = tree.duplicates.iter().map(|twice| &*twice.key).collect();
        assert_eq!(twice, ["d"]);
    }

    fn check(text: &str, expected: &str) {
        let problem = documents(text, 0).find_map(Result::err).unwrap();
        let Problem { line, column, message, help, .. } = problem;
        let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
        assert_eq!(format!("{line}:{column}: {message}{help}"), expected, "{text:.200}");
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_cause() {
        let render = "(render it first, for example with `helm template`)";
        check("a: 1\n\tb: 2\n", "2:1: a tab in the indentation (indent with spaces)");
        check("a:\n  b: 1\n \t c: 2\n", "3:2: a tab in the indentation (indent with spaces)");
        check(
            "{{- if .Values.on }}\na: 1\n{{- end }}\n",
            &format!("1:1: this is a template, not yet a manifest {render}"),
        );
        check(
            "a:\n  name: {{ include \"x\" . }}\n",
            &format!("2:9: this is a template, not yet a manifest {render}"),
        );
        check("{[1]: 2}", "1:2: a list or a mapping cannot be a key");
        check("a: *b\n", "1:4: this is not valid YAML: while parsing node, found unknown anchor");
        check("a: &a [*a]\n", "1:8: this alias stands inside of what it repeats");
        check("a: {<<: 1}\n", "1:9: a merge key (`<<`) needs a mapping, or a list of mappings");
        check(&"[".repeat(200), "1:101: nested more than 100 deep");
    }

    #[test]
    fn templates_inside_of_strings_are_not_templates() {
        let text =
            "rules: |\n  {{ range .Alerts }}\n  x: {{ .Labels }}\n  {{ end }}\nb: '{{ x }}'\n";
        assert_eq!(one(text).as_object().map(|map| map.len()), Some(2));
        check(
            &format!("{text}c: [1\n"),
            "6:4: this is not valid YAML: unclosed bracket '[' \
             (if this is a template, render it first, for example with `helm template`)",
        );
    }

    #[test]
    fn aliases_that_explode_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        let mut merges = String::from("m0: &m0 {k0: 1}\n");
        for level in 1..60 {
            let inner = format!("*a{}, ", level - 1).repeat(10);
            bomb += &format!("a{level}: &a{level} [{inner}]\n");
            merges += &format!(
                "m{level}: &m{level} {{k{level}: 1, <<: [{}]}}\n",
                format!("*m{}, ", level - 1).repeat(10)
            );
        }
        let most = "the file holds more than 500000 values, its aliases expanded \
                    (keep the one object in a file of its own)";
        check(&bomb, &format!("6:9: {most}"));
        // What merges bring is counted once, so these do not explode.
        assert_eq!(one(&merges)["m59"].as_object().map(|map| map.len()), Some(60));
        let wide = format!(
            "m: &m {{{}}}\nn: {{<<: [{}]}}\n",
            (0..1000).map(|key| format!("k{key}: 1, ")).collect::<String>(),
            "*m, ".repeat(1000)
        );
        check(&wide, &format!("2:9: {most}"));
        // A chain is deep but small.
        let mut chain = String::from("- &a0 [x]\n");
        for level in 1..900 {
            chain += &format!("- &a{level} [*a{}]\n", level - 1);
        }
        assert_eq!(documents(&chain, 0).filter(Result::is_ok).count(), 1);
    }

    #[test]
    fn a_file_of_a_million_values_is_refused() {
        let text = "[".to_owned() + &"1,".repeat(500_001) + "]";
        check(
            &text,
            "1:1000000: the file holds more than 500000 values, its aliases expanded \
             (keep the one object in a file of its own)",
        );
    }
}
