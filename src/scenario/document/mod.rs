//! The parsed document as a tree whose every node knows its place.

pub(crate) mod path;
pub(crate) mod read;
pub(crate) mod syntax;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use self::path::Path;
use crate::scenario::diagnostic::source::Span;

/// A value with its place.
pub(crate) type Value<'t> = Spanned<DeValue<'t>>;
/// Keys and values with their places, in the order of the keys.
pub(crate) type Table<'t> = DeTable<'t>;

/// A value and the place of its key; an element of an array is its own key.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a, 't> {
    /// Place of the key.
    pub(crate) key: Span,
    /// The value.
    pub(crate) value: &'a Value<'t>,
}

/// What is at the end of the path; none if a part of it is missing.
pub(crate) fn find<'a, 't>(
    table: &'a Table<'t>,
    path: impl IntoIterator<Item = impl AsRef<str>>,
) -> Option<Entry<'a, 't>> {
    let mut path = path.into_iter();
    let mut entry = entry_of(table, path.next()?.as_ref())?;
    for name in path {
        entry = match entry.value.get_ref() {
            DeValue::Table(inner) => entry_of(inner, name.as_ref())?,
            DeValue::Array(items) => {
                let value = items.get(name.as_ref().parse::<usize>().ok()?)?;
                Entry { key: value.span(), value }
            }
            _ => return None,
        };
    }
    Some(entry)
}

/// The same for a path with dots between plain names.
pub(crate) fn find_dotted<'a, 't>(table: &'a Table<'t>, path: &str) -> Option<Entry<'a, 't>> {
    find(table, path.split('.'))
}

fn entry_of<'a, 't>(table: &'a Table<'t>, name: &str) -> Option<Entry<'a, 't>> {
    let (key, value) = table.get_key_value(name)?;
    Some(Entry { key: key.span(), value })
}

/// Why a value cannot be put at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// Segment `at` names no element of an array of this length.
    Element { at: usize, length: usize },
    /// What is at the first `at` segments is not a table but this.
    NotATable { at: usize, found: &'static str },
}

/// Puts a value at the end of the path; tables on the way that are missing are made by `missing`,
/// which is told the names so far.
pub(crate) fn insert<'t>(
    table: &mut Table<'t>,
    path: &Path,
    value: Value<'t>,
    missing: &dyn Fn(&[&str]) -> DeValue<'t>,
) -> Result<(), Obstacle> {
    let names = path.names();
    let mut here = Slot::Table(table);
    for (at, segment) in path.segments().iter().enumerate() {
        let is_last = at + 1 == names.len();
        let next = match here {
            Slot::Table(table) => {
                let name = segment.name.as_str();
                if is_last {
                    // Taken out first, for `insert` would keep the old key with its place.
                    table.remove(name);
                    table.insert(Spanned::new(segment.span.clone(), name.to_owned().into()), value);
                    return Ok(());
                }
                if !table.contains_key(name) {
                    let made = placed(missing(&names[..=at]), &segment.span);
                    let key = Spanned::new(segment.span.clone(), name.to_owned().into());
                    table.insert(key, made);
                }
                table.get_mut(name)
            }
            Slot::Array(items) => {
                let length = items.len();
                let element = segment.name.parse::<usize>().ok().and_then(|i| items.get_mut(i));
                let Some(element) = element else { return Err(Obstacle::Element { at, length }) };
                if is_last {
                    *element = value;
                    return Ok(());
                }
                Some(element)
            }
        };
        let Some(next) = next else { break };
        here = match next.get_mut() {
            DeValue::Table(inner) => Slot::Table(inner),
            DeValue::Array(items) => Slot::Array(items),
            other => return Err(Obstacle::NotATable { at: at + 1, found: other.type_str() }),
        };
    }
    Ok(())
}

enum Slot<'a, 't> {
    Table(&'a mut Table<'t>),
    Array(&'a mut DeArray<'t>),
}

/// The same value with all its places `by` bytes later.
pub(crate) fn moved(value: Value<'_>, by: usize) -> Value<'_> {
    at_other_places(value, &|span| later(&span, by))
}

/// The same table with all its places `by` bytes later.
pub(crate) fn moved_table(table: Table<'_>, by: usize) -> Table<'_> {
    table_at_other_places(table, &|span| later(&span, by))
}

/// A value whose every part is at one place.
fn placed<'t>(value: DeValue<'t>, at: &Span) -> Value<'t> {
    at_other_places(Spanned::new(at.clone(), value), &|_| at.clone())
}

const fn later(span: &Span, by: usize) -> Span {
    span.start + by..span.end + by
}

fn at_other_places<'t>(value: Value<'t>, place: &dyn Fn(Span) -> Span) -> Value<'t> {
    let span = place(value.span());
    let inner = match value.into_inner() {
        DeValue::Array(items) => {
            DeValue::Array(items.into_iter().map(|item| at_other_places(item, place)).collect())
        }
        DeValue::Table(table) => DeValue::Table(table_at_other_places(table, place)),
        other => other,
    };
    Spanned::new(span, inner)
}

fn table_at_other_places<'t>(table: Table<'t>, place: &dyn Fn(Span) -> Span) -> Table<'t> {
    table
        .into_iter()
        .map(|(key, value)| {
            let span = place(key.span());
            (Spanned::new(span, key.into_inner()), at_other_places(value, place))
        })
        .collect()
}

/// A node found by its place: the names and indices that lead to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hit {
    /// From the root; empty for the root itself.
    pub(crate) steps: Vec<String>,
    /// Whether the place was that of the node's key.
    pub(crate) is_key: bool,
}

/// The innermost node that is exactly at `span`.
pub(crate) fn locate(root: &Value<'_>, span: &Span) -> Option<Hit> {
    let mut found = None;
    let mut steps = Vec::new();
    visit(root, &mut steps, &mut |key, value, steps| {
        if value == span || key == Some(span) {
            found = Some(Hit { steps: steps.to_vec(), is_key: value != span });
        }
    });
    found
}

/// Told of a node: the place of its key, its own, and the steps to it.
type See<'a> = dyn FnMut(Option<&Span>, &Span, &[String]) + 'a;

/// Calls `see` with each node's key place, its own, and the steps to it, outer ones first.
fn visit(node: &Value<'_>, steps: &mut Vec<String>, see: &mut See<'_>) {
    if steps.is_empty() {
        see(None, &node.span(), steps);
    }
    match node.get_ref() {
        DeValue::Table(table) => {
            for (key, value) in table {
                steps.push(key.get_ref().to_string());
                see(Some(&key.span()), &value.span(), steps);
                visit(value, steps, see);
                steps.pop();
            }
        }
        DeValue::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                steps.push(index.to_string());
                see(None, &value.span(), steps);
                visit(value, steps, see);
                steps.pop();
            }
        }
        _ => {}
    }
}

/// Number of nodes, at least 1.
pub(crate) fn size(root: &Value<'_>) -> usize {
    1 + match root.get_ref() {
        DeValue::Table(table) => table.values().map(size).sum(),
        DeValue::Array(items) => items.iter().map(size).sum(),
        _ => 0,
    }
}

/// Takes out what the steps lead to.
pub(crate) fn remove(root: &mut Value<'_>, steps: &[String]) {
    let Some((last, way)) = steps.split_last() else { return };
    let mut here = root.get_mut();
    for step in way {
        let next = match here {
            DeValue::Table(table) => table.get_mut(step.as_str()),
            DeValue::Array(items) => step.parse::<usize>().ok().and_then(|i| items.get_mut(i)),
            _ => None,
        };
        let Some(next) = next else { return };
        here = next.get_mut();
    }
    match here {
        DeValue::Table(table) => {
            table.remove(last.as_str());
        }
        DeValue::Array(items) => {
            let index = last.parse::<usize>().ok();
            let all = std::mem::replace(items, DeArray::new()).into_iter().enumerate();
            *items = all.filter(|(i, _)| Some(*i) != index).map(|(_, value)| value).collect();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a = 1\nb = { c = [1, { d = 2 }] }\n[e]\n";

    fn parsed() -> Value<'static> {
        let table = DeTable::parse(TEXT).expect("the text is TOML");
        Spanned::new(0..TEXT.len(), DeValue::Table(table.into_inner()))
    }

    fn put(text: &str) -> Result<String, Obstacle> {
        let mut root = parsed();
        let path = Path::parse(text, 100).expect("a path");
        let value = Spanned::new(200..201, DeValue::Boolean(true));
        let DeValue::Table(table) = root.get_mut() else { panic!("the root is a table") };
        insert(table, &path, value, &|_| DeValue::Table(Table::new()))?;
        let found = find(table, path.names()).map(|entry| (entry.key, entry.value.span()));
        Ok(format!("{found:?}"))
    }

    #[test]
    fn values_are_put_where_the_path_leads() {
        for (path, expected) in [
            ("a", Ok("Some((100..101, 200..201))")),
            ("b.c.1.d", Ok("Some((106..107, 200..201))")),
            ("b.c.0", Ok("Some((200..201, 200..201))")),
            ("e.f.g", Ok("Some((104..105, 200..201))")),
            ("b.c.2", Err(Obstacle::Element { at: 2, length: 2 })),
            ("b.c.x", Err(Obstacle::Element { at: 2, length: 2 })),
            ("a.x", Err(Obstacle::NotATable { at: 1, found: "integer" })),
        ] {
            assert_eq!(put(path), expected.map(str::to_owned), "{path}");
        }
    }

    #[test]
    fn nodes_are_found_by_place_and_removed() {
        let mut root = parsed();
        let at = TEXT.find("2 }").expect("it is there");
        let hit = locate(&root, &(at..at + 1)).expect("the value of d");
        assert_eq!(
            hit,
            Hit { steps: ["b", "c", "1", "d"].map(String::from).into(), is_key: false }
        );
        let at = TEXT.find('d').expect("it is there");
        assert!(locate(&root, &(at..at + 1)).is_some_and(|hit| hit.is_key));
        remove(&mut root, &hit.steps);
        remove(&mut root, &["b".into(), "c".into(), "0".into()]);
        let left = root.get_ref().get("b").and_then(|b| b.get_ref().get("c")).map(|c| {
            c.get_ref().as_array().map(|items| (items.len(), items[0].get_ref().is_table()))
        });
        assert_eq!(left, Some(Some((1, true))));
    }

    #[test]
    fn moving_keeps_the_shape() {
        let root = moved(parsed(), 1000);
        let DeValue::Table(table) = root.get_ref() else { panic!("the root is a table") };
        let entry = find_dotted(table, "b.c.1.d").expect("it is there");
        assert_eq!(entry.key.start, 1000 + TEXT.find('d').expect("it is there"));
    }
}
