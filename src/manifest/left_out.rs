//! Which fields of an object did nobody ask for? They are told, so that nothing is dropped in
//! silence.

use std::collections::BTreeSet;

use super::findings::quote;
use super::tree::{Field, Kind, LABEL};

/// Paths that are told one by one.
const MOST_TOLD: usize = 100;

/// The paths of fields that no reader asked for, such as `spec.template.spec.containers[].image`,
/// in the order of the text; what is inside of such a field is not told separately.
pub(super) fn fields(root: Field<'_>) -> Vec<String> {
    let mut told = BTreeSet::new();
    let mut list = Vec::new();
    let mut open = vec![(String::new(), root)];
    while let Some((path, field)) = open.pop() {
        if !field.is_seen() && field.kind() != Kind::Null && !path.is_empty() {
            if told.insert(path.clone()) {
                list.push(path);
            }
            continue;
        }
        let mut inner: Vec<_> = field
            .entries()
            .filter(|(key, ..)| !key.starts_with(LABEL))
            .map(|(key, _, value)| (joined(&path, key), value))
            .chain(field.raw_items().map(|item| (format!("{path}[]"), item)))
            .collect();
        inner.reverse();
        open.append(&mut inner);
    }
    let more = list.len().saturating_sub(MOST_TOLD);
    list.truncate(MOST_TOLD);
    if more > 0 {
        list.push(format!("{more} more fields"));
    }
    list
}

fn joined(path: &str, key: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let key = match key.chars().all(is_word) {
        true if key.len() < 60 => key.to_owned(),
        _ => quote(key),
    };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::super::parse::documents;
    use super::*;

    #[test]
    fn what_nobody_asked_for_is_told_once_by_its_path() {
        let text = "a: {b: 1, c: {d: 2}}\nlist:\n- {x: 1, \"y.z\": 2}\n- {x: 1, w: 3}\nnone: ~\n";
        let tree = documents(text, 0).next().unwrap().unwrap();
        let root = tree.root();
        root.find(&["a", "b"]);
        assert_eq!(root.get("list").unwrap().items().filter_map(|item| item.get("x")).count(), 2);
        assert_eq!(fields(root), ["a.c", "list[].`y.z`", "list[].w"]);
        root.get("a").unwrap().see_all();
        assert_eq!(fields(root), ["list[].`y.z`", "list[].w"]);
    }
}
