//! Which of a file's objects is the one to read?

use std::collections::BTreeMap;

use super::findings::{describe, nearest, quote};
use super::tree::{Field, Kind, Place, Tree};
use super::{CATALOG, COMPANIONS, Controller, Problem, parse};

/// Kinds, or names, that one message lists.
const MOST_LISTED: usize = 10;

/// Characters of a kind that is counted.
const MOST_OF_KIND: usize = 60;

/// One object of a manifest.
#[derive(Clone, Copy)]
pub(super) struct Object<'t> {
    /// `apiVersion`, empty if it has none.
    pub(super) api: &'t str,
    /// `kind`, empty if it has none.
    pub(super) kind: &'t str,
    /// `metadata.name`.
    pub(super) name: Option<&'t str>,
    /// Where its kind stands, or it begins.
    pub(super) place: Place,
    /// All of it.
    pub(super) root: Field<'t>,
    /// Which of the file's trees it is in.
    pub(super) tree: usize,
}

/// What a file holds.
pub(super) struct File<'t> {
    /// The documents that matter.
    pub(super) trees: Vec<Tree<'t>>,
    /// How many objects there are of each kind.
    kinds: BTreeMap<String, usize>,
}

impl<'t> File<'t> {
    /// Reads every document and keeps those that may matter.
    pub(super) fn read(text: &'t str) -> Result<Self, Problem> {
        let mut file = Self { trees: Vec::new(), kinds: BTreeMap::new() };
        for tree in parse::documents(text) {
            let tree = tree?;
            let root = tree.root();
            match root.kind() {
                Kind::Null => continue,
                Kind::Mapping => {}
                _ => {
                    let message = format!("a manifest is a mapping, not {}", describe(root));
                    let help = "it begins with `apiVersion:` and `kind:`";
                    return Err(root.place().problem(message, Some(help.into())));
                }
            }
            for item in items(root) {
                let kind = word(item, "kind").unwrap_or("an object without `kind`");
                *file.kinds.entry(kind.chars().take(MOST_OF_KIND).collect()).or_default() += 1;
            }
            let matters = |item: Field<'_>| {
                word(item, "kind").is_some_and(|kind| {
                    COMPANIONS.contains(&kind) || CATALOG.iter().any(|known| known.kind == kind)
                })
            };
            if items(root).any(matters) {
                file.trees.push(tree);
            }
        }
        Ok(file)
    }

    /// The objects, those of a `List` one by one.
    pub(super) fn objects(&self) -> Vec<Object<'_>> {
        let trees = self.trees.iter().enumerate();
        trees.flat_map(|(at, tree)| items(tree.root()).map(move |item| object(item, at))).collect()
    }

    /// The problem with a file in which no controller's object is.
    pub(super) fn nothing_to_roll_out(&self, path: &str) -> Problem {
        let understood =
            listed(CATALOG.iter().map(|known| format!("{} {}", known.api, known.kind)));
        if self.kinds.is_empty() {
            let help = format!("write a manifest of {understood}");
            return Place::START.problem(format!("{} is empty", file_name(path)), Some(help));
        }
        let counted = self.kinds.iter().map(|(kind, count)| match count {
            1 => kind.clone(),
            _ => format!("{kind} ({count})"),
        });
        let message =
            format!("{} has nothing to roll out: it holds {}", file_name(path), listed(counted));
        let known: Vec<_> = CATALOG.iter().map(|controller| controller.kind).collect();
        let help = match self.kinds.keys().find_map(|kind| nearest(kind, &known)) {
            Some(near) => format!("understood is {understood}; did you mean `kind: {near}`?"),
            None => format!("understood is {understood}"),
        };
        Place::START.problem(message, Some(help))
    }
}

/// The objects of a document: itself, or those of a `List`.
fn items<'t>(root: Field<'t>) -> impl Iterator<Item = Field<'t>> {
    let list = (word(root, "kind") == Some("List")).then(|| root.get("items")).flatten();
    let alone = list.is_none().then_some(root);
    alone.into_iter().chain(list.into_iter().flat_map(Field::items))
}

fn object(root: Field<'_>, tree: usize) -> Object<'_> {
    let kind = root.get("kind");
    Object {
        api: word(root, "apiVersion").unwrap_or_default(),
        kind: kind.and_then(Field::text).unwrap_or_default(),
        name: root.get("metadata").and_then(|metadata| word(metadata, "name")),
        place: kind.unwrap_or(root).place(),
        root,
        tree,
    }
}

fn word<'t>(parent: Field<'t>, key: &str) -> Option<&'t str> {
    parent.get(key).and_then(Field::text)
}

/// The controller that rolls out such an object.
pub(super) fn controller_of(object: &Object<'_>) -> Option<&'static Controller> {
    CATALOG.iter().find(|controller| controller.kind == object.kind)
}

/// The one object to read: the only one of a controller, or the one that is called `wanted`.
pub(super) fn choose<'o, 't>(
    objects: &'o [Object<'t>],
    path: &str,
    wanted: Option<&str>,
) -> Result<(&'static Controller, &'o Object<'t>), Problem> {
    let all = || {
        let pairs = objects.iter().filter_map(|object| Some((controller_of(object)?, object)));
        pairs.filter(|(_, object)| wanted.is_none() || object.name == wanted)
    };
    let mut chosen = all();
    match (chosen.next(), chosen.next()) {
        (Some((controller, object)), None) => {
            served(controller, object).map(|()| (controller, object))
        }
        (Some((_, first)), Some((_, second))) => {
            let names = listed(all().map(|(_, object)| name_of(object)));
            let message = format!("{} has several objects to roll out: {names}", file_name(path));
            let help = match wanted {
                Some(_) => "keep the one to read in a file of its own".into(),
                None => {
                    format!("name one, for example `object = \"{}\"`", first.name.unwrap_or("NAME"))
                }
            };
            Err(second.place.problem(message, Some(help)))
        }
        (None, _) => Err(no_such(objects, path, wanted.unwrap_or_default())),
    }
}

fn no_such(objects: &[Object<'_>], path: &str, wanted: &str) -> Problem {
    let known = || objects.iter().filter(|object| controller_of(object).is_some());
    let names: Vec<_> = known().filter_map(|object| object.name).collect();
    let help = nearest(wanted, &names).map(|name| format!("did you mean `{name}`?"));
    let list = listed(known().map(name_of));
    let message = format!(
        "{} has nothing to roll out that is called {}: it has {list}",
        file_name(path),
        quote(wanted)
    );
    known().next().map_or(Place::START, |object| object.place).problem(message, help)
}

fn served(controller: &Controller, object: &Object<'_>) -> Result<(), Problem> {
    let Controller { api, kind, .. } = *controller;
    if object.api == api {
        return Ok(());
    }
    let place = object.root.get("apiVersion").map_or(object.place, Field::place);
    let message = if object.api.is_empty() {
        format!("the {kind} has no `apiVersion`")
    } else if controller.retired.contains(&object.api) {
        format!("`{}` no longer serves a {kind}", object.api)
    } else {
        format!("a {kind} of {} is not understood", quote(object.api))
    };
    Err(place.problem(message, Some(format!("write `apiVersion: {api}`"))))
}

fn name_of(object: &Object<'_>) -> String {
    object.name.map_or_else(|| "one without a name".into(), quote)
}

/// The last part of a path, in backticks: messages stand next to the whole path.
fn file_name(path: &str) -> String {
    quote(path.rsplit(['/', '\\']).next().unwrap_or(path))
}

/// `a, b and 3 more`.
fn listed(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<_> = names.collect();
    let more = names.len().saturating_sub(MOST_LISTED);
    names.truncate(MOST_LISTED);
    let text = names.join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}
