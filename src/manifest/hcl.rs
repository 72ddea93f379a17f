//! How does a text in HCL (Nomad, terraform) become a tree?
//!
//! A block is an item of the list under its name, whether there is one of it or several; its
//! labels are found by [`Field::label`](super::tree::Field::label). What is no literal, such as a
//! variable or a function call, is its own text.

use std::borrow::Cow;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Attribute, Block, Body, Structure};

use super::Problem;
use super::tree::{Duplicate, Entry, LABEL, Node, Place, Tree, Value};

/// Whether a text that is not empty begins as HCL does: with `NAME "LABEL" {`, `NAME {` or
/// `NAME = VALUE`.
pub(super) fn is_hcl(text: &str) -> bool {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        rest = if rest.starts_with('#') || rest.starts_with("//") {
            rest.split_once('\n').map_or("", |(_, rest)| rest)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, rest)| rest)
        } else {
            break;
        };
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let after = rest.trim_start_matches(is_name);
    if after.len() == rest.len() || rest.starts_with('-') {
        return false;
    }
    let after = after.lines().next().unwrap_or_default().trim_start();
    after.starts_with(['{', '"']) || after.starts_with('=') && !after.starts_with("==")
}

/// The one document of `text`.
pub(super) fn document(text: &str, file: usize) -> Result<Tree<'_>, Problem> {
    let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let mut builder = Builder { text, file, lines, nodes: Vec::new(), duplicates: Vec::new() };
    let body: Body = hcl_edit::parser::parse_body(text).map_err(|error| {
        let place = builder.place(error.location().offset());
        place.problem(format!("this is not valid HCL: {}", error.message()), None)
    })?;
    let root = builder.body(&body, &[], Place::start_of(file));
    Ok(Tree { nodes: builder.nodes, root, duplicates: builder.duplicates })
}

struct Builder<'t> {
    text: &'t str,
    file: usize,
    /// Where each line begins, in bytes.
    lines: Vec<usize>,
    nodes: Vec<Node<'t>>,
    duplicates: Vec<Duplicate>,
}

/// The entries of a mapping and, for those that are blocks, their items.
#[derive(Default)]
struct Entries<'t> {
    list: Vec<Entry<'t>>,
    blocks: Vec<(usize, Vec<usize>)>,
}

impl<'t> Builder<'t> {
    fn place(&self, offset: usize) -> Place {
        let line = self.lines.partition_point(|&start| start <= offset).max(1);
        let start = self.lines[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        Place { file: self.file, line, column: before.chars().count() + 1 }
    }

    fn place_of(&self, written: &impl Span) -> Place {
        self.place(written.span().map_or(0, |span| span.start))
    }

    fn add(&mut self, place: Place, value: Value<'t>) -> usize {
        let size = 1 + match &value {
            Value::List(items) => items.iter().map(|&item| self.nodes[item].size).sum(),
            Value::Mapping(entries) => entries.iter().map(|e| self.nodes[e.node].size).sum(),
            Value::Plain(_) | Value::Quoted(_) => 0_u64,
        };
        self.nodes.push(Node::new(place, value, size));
        self.nodes.len() - 1
    }

    /// What is written at `span`.
    fn source(&self, written: &impl Span) -> &'t str {
        written.span().and_then(|span| self.text.get(span)).unwrap_or_default().trim()
    }

    fn body(&mut self, body: &Body, labels: &[&str], place: Place) -> usize {
        let mut entries = Entries::default();
        for (number, label) in labels.iter().enumerate() {
            let node = self.add(place, Value::Quoted(Cow::Owned((*label).to_owned())));
            entries.list.push(Entry { key: format!("{LABEL}{number}").into(), place, node });
        }
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => self.attribute(attribute, &mut entries),
                Structure::Block(block) => self.block(block, &mut entries),
            }
        }
        let Entries { mut list, blocks } = entries;
        for (at, items) in blocks {
            let first = list[at].place;
            list[at].node = self.add(first, Value::List(items));
        }
        self.add(place, Value::Mapping(list))
    }

    fn attribute(&mut self, attribute: &Attribute, entries: &mut Entries<'t>) {
        let node = self.expression(&attribute.value);
        let place = self.place_of(&attribute.key);
        self.name(attribute.key.as_str(), place, node, &mut entries.list);
    }

    fn block(&mut self, block: &Block, entries: &mut Entries<'t>) {
        let place = self.place_of(&block.ident);
        let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
        let item = self.body(&block.body, &labels, place);
        let is_same = |at: usize| *entries.list[at].key == *block.ident.as_str();
        match entries.blocks.iter_mut().find(|(at, _)| is_same(*at)) {
            Some((_, items)) => items.push(item),
            None => {
                entries.blocks.push((entries.list.len(), vec![item]));
                let key = Cow::Owned(block.ident.as_str().to_owned());
                // The list takes the place of the item when it is complete.
                entries.list.push(Entry { key, place, node: item });
            }
        }
    }

    fn name(&mut self, key: &str, place: Place, node: usize, list: &mut Vec<Entry<'t>>) {
        if let Some(first) = list.iter().find(|entry| *entry.key == *key) {
            let first = first.place;
            self.duplicates.push(Duplicate { key: key.to_owned(), first, second: place });
        }
        list.push(Entry { key: Cow::Owned(key.to_owned()), place, node });
    }

    fn expression(&mut self, written: &Expression) -> usize {
        let place = self.place_of(written);
        let value = match written {
            Expression::Null(_) => Value::Plain(Cow::Borrowed("null")),
            Expression::String(text) => Value::Quoted(Cow::Owned(text.value().clone())),
            Expression::StringTemplate(_) => {
                let source = self.source(written);
                Value::Quoted(Cow::Borrowed(source.trim_matches('"')))
            }
            Expression::HeredocTemplate(_) => Value::Quoted(Cow::Borrowed(self.source(written))),
            Expression::Array(items) => {
                Value::List(items.iter().map(|item| self.expression(item)).collect())
            }
            Expression::Object(object) => {
                let mut list = Vec::new();
                for (key, value) in object {
                    let node = self.expression(value.expr());
                    let (name, place) = match key {
                        ObjectKey::Ident(name) => (name.as_str().to_owned(), self.place_of(name)),
                        ObjectKey::Expression(name) => {
                            let text = name.as_str().unwrap_or_else(|| self.source(name));
                            (text.to_owned(), self.place_of(name))
                        }
                    };
                    self.name(&name, place, node, &mut list);
                }
                Value::Mapping(list)
            }
            _ => Value::Plain(Cow::Borrowed(self.source(written))),
        };
        self.add(place, value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Field, Kind};
    use super::*;

    const JOB: &str = "# A job.
variable \"n\" {}
job \"web\" {
  type = \"service\"
  group \"api\" {
    count = 3
    update { max_parallel = var.n }
  }
  group \"db\" {
    text = <<EOF
x = {{ y }}
EOF
    meta = { a = [1, \"b${c}\"], \"d\" = true, e = null }
  }
}
";

    #[test]
    fn blocks_are_lists_and_have_labels() {
        let tree = document(JOB, 2).unwrap();
        let job = tree.root().get("job").unwrap().items().next().unwrap();
        assert_eq!((job.label(0), job.label(1)), (Some("web"), None));
        assert_eq!(job.get("type").map(Field::kind), Some(Kind::Text("service")));
        let groups: Vec<_> = job.get("group").unwrap().items().collect();
        let names: Vec<_> = groups.iter().map(|group| group.label(0)).collect();
        assert_eq!(names, [Some("api"), Some("db")]);
        let count = groups[0].get("count").unwrap();
        assert_eq!(count.kind(), Kind::Integer(3));
        assert_eq!(count.place(), Place { file: 2, line: 6, column: 13 });
        let update = groups[0].get("update").unwrap().items().next().unwrap();
        assert_eq!(update.get("max_parallel").map(Field::kind), Some(Kind::Text("var.n")));
        let meta = groups[1].get("meta").unwrap();
        let items: Vec<_> = meta.get("a").unwrap().items().map(Field::kind).collect();
        assert_eq!(items, [Kind::Integer(1), Kind::Text("b${c}")]);
        assert_eq!(meta.get("d").map(Field::kind), Some(Kind::Bool(true)));
        assert!(meta.get("e").is_none());
    }

    #[test]
    fn what_is_no_hcl_is_told_with_its_place() {
        let problem = document("job \"é\" {\n  count = = 3\n}\n", 1).unwrap_err();
        assert_eq!((problem.file, problem.line, problem.column), (1, 2, 11), "{problem:?}");
        assert!(document(&"a { ".repeat(10_000), 0).is_err());
    }

    #[test]
    fn hcl_is_told_from_yaml_and_json() {
        for (text, expected) in [
            (JOB, true),
            ("/* x */ // y\njob \"a\" {}", true),
            ("update {\n}", true),
            ("a = 1", true),
            ("a: 1", false),
            ("---\na: 1", false),
            ("{\"a\": 1}", false),
            ("# x\n- a", false),
            ("a: {b: 1}", false),
            ("", false),
            ("{{ if x }}", false),
        ] {
            assert_eq!(is_hcl(text), expected, "{text}");
        }
    }
}
