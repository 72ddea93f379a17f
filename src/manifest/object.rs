//! Which of the objects in the files is the one to read?
//!
//! A controller's objects are recognised by what they hold, whatever the file is called: those of
//! Kubernetes by `kind`, all others by the controller's own look at the document.

use std::collections::BTreeMap;

use super::findings::{describe, nearest, quote};
use super::tree::{Field, Kind, Place, Tree};
use super::{CATALOG, Controller, Manifest, Problem, Sign, hcl, parse};

/// Kinds, or names, that one message lists.
const MOST_LISTED: usize = 10;

/// Characters of a kind that is counted.
const MOST_OF_KIND: usize = 60;

/// One object of a manifest.
#[derive(Clone, Copy)]
pub(super) struct Object<'t> {
    /// Who rolls it out; none for what only says something about others.
    pub(super) controller: Option<&'static Controller>,
    /// `apiVersion`, empty if it has none.
    pub(super) api: &'t str,
    /// `kind`, empty if it has none.
    pub(super) kind: &'t str,
    /// `metadata.name`, or what else it is called.
    pub(super) name: Option<&'t str>,
    /// Where its kind stands, or it begins.
    pub(super) place: Place,
    /// All of it.
    pub(super) root: Field<'t>,
    /// The document that it is in: itself, a `List`, a template of many resources.
    pub(super) document: Field<'t>,
    /// Which of the trees it is in.
    pub(super) tree: usize,
}

/// An object that is no Kubernetes object, where a controller sees one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting<'t> {
    /// What it is called; none where such objects have no name.
    pub(super) name: Option<&'t str>,
    /// All of it.
    pub(super) root: Field<'t>,
}

/// What the files hold.
pub(super) struct Files<'t> {
    /// What messages call them.
    names: String,
    /// Whether there are several.
    are_several: bool,
    /// The documents that matter.
    pub(super) trees: Vec<Tree<'t>>,
    /// How many objects there are of each kind.
    kinds: BTreeMap<String, usize>,
}

impl<'t> Files<'t> {
    /// Reads every document and keeps those that may matter.
    pub(super) fn read(manifests: &[Manifest<'t>]) -> Result<Self, Problem> {
        let mut files = Self {
            names: listed(manifests.iter().map(|manifest| file_name(manifest.path))),
            are_several: manifests.len() > 1,
            trees: Vec::new(),
            kinds: BTreeMap::new(),
        };
        for (number, manifest) in manifests.iter().enumerate() {
            if hcl::is_hcl(manifest.text) {
                files.take(hcl::document(manifest.text, number)?)?;
            } else {
                for tree in parse::documents(manifest.text, number) {
                    files.take(tree?)?;
                }
            }
        }
        Ok(files)
    }

    fn take(&mut self, tree: Tree<'t>) -> Result<(), Problem> {
        let root = tree.root();
        let matters = objects_of(root, 0).any(|object| {
            let is_companion = |known: &Controller| known.companions.contains(&object.kind);
            object.controller.is_some() || CATALOG.iter().any(is_companion)
        });
        match root.kind() {
            Kind::Null => return Ok(()),
            Kind::Mapping => {}
            Kind::List if matters => {}
            _ => {
                let message = format!("a manifest is a mapping, not {}", describe(root));
                let help = "it begins with `apiVersion:` and `kind:`";
                return Err(root.place().problem(message, Some(help.into())));
            }
        }
        for object in objects_of(root, 0).filter(|object| object.root.kind() == Kind::Mapping) {
            let kind =
                if object.kind.is_empty() { "an object without `kind`" } else { object.kind };
            *self.kinds.entry(kind.chars().take(MOST_OF_KIND).collect()).or_default() += 1;
        }
        if matters {
            self.trees.push(tree);
        }
        Ok(())
    }

    /// The objects, those of a `List` one by one.
    pub(super) fn objects(&self) -> Vec<Object<'_>> {
        let trees = self.trees.iter().enumerate();
        trees.flat_map(|(at, tree)| objects_of(tree.root(), at)).collect()
    }

    /// The kinds of objects that nobody reads when `chosen` is read, with their numbers.
    pub(super) fn unread_kinds(&self, chosen: &Object<'_>, controller: &Controller) -> String {
        let unread = self.kinds.iter().filter_map(|(kind, count)| {
            let own = usize::from(kind == chosen.kind);
            let is_read = controller.companions.contains(&kind.as_str());
            (!chosen.kind.is_empty() && !is_read && *count > own)
                .then(|| counted(kind, count - own))
        });
        listed(unread)
    }

    /// The problem with files in which no controller's object is.
    pub(super) fn nothing_to_roll_out(&self) -> Problem {
        let understood = listed_all(CATALOG.iter().map(|known| known.title.to_owned()));
        let start = Place::start_of(0);
        let (names, has) = (&self.names, self.has());
        if self.kinds.is_empty() {
            let is = if self.are_several { "are" } else { "is" };
            let help = format!("write a manifest of {understood}");
            return start.problem(format!("{names} {is} empty"), Some(help));
        }
        let holds = listed(self.kinds.iter().map(|(kind, count)| counted(kind, *count)));
        let pronoun = if self.are_several { "they hold" } else { "it holds" };
        let message = format!("{names} {has} nothing to roll out: {pronoun} {holds}");
        let known: Vec<_> = CATALOG.iter().filter_map(|known| known.sign.kind()).collect();
        let beside = self.kinds.keys().find_map(|kind| {
            let reader = CATALOG.iter().find(|known| known.companions.contains(&&**kind))?;
            Some(format!("{kind} is read beside {}: give its file too", reader.title))
        });
        let near = self.kinds.keys().find_map(|kind| nearest(kind, &known));
        let near = near.map(|near| format!("did you mean `kind: {near}`?"));
        let help = match near.or(beside) {
            Some(advice) => format!("understood is {understood}; {advice}"),
            None => format!("understood is {understood}"),
        };
        start.problem(message, Some(help))
    }

    const fn has(&self) -> &'static str {
        if self.are_several { "have" } else { "has" }
    }

    /// The one object to read: the only one of a controller that no other object claims, or the
    /// one that is called `wanted`.
    pub(super) fn choose<'o>(
        &self,
        objects: &'o [Object<'o>],
        wanted: Option<&str>,
    ) -> Result<(&'static Controller, &'o Object<'o>), Problem> {
        let is_wanted = |object: &Object<'_>| wanted.is_none() || object.name == wanted;
        let named: Vec<_> = objects
            .iter()
            .filter_map(|object| Some((object.controller?, object)))
            .filter(|(_, object)| is_wanted(object))
            .collect();
        let is_claimed = |other: &Object<'_>| {
            named.iter().any(|(controller, object)| (controller.claims)(object, other))
        };
        let mut all = named.iter().filter(|(_, object)| !is_claimed(object));
        match (all.next(), all.next()) {
            (Some(&(controller, object)), None) => {
                served(controller, object).map(|()| (controller, object))
            }
            (Some((_, first)), Some((_, second))) => {
                let names = listed(named.iter().map(|(_, object)| name_of(object)));
                let message =
                    format!("{} {} several objects to roll out: {names}", self.names, self.has());
                let help = match wanted {
                    Some(_) => "keep the one to read in a file of its own".into(),
                    None => {
                        let name = first.name.unwrap_or("NAME");
                        format!("name one: `object = \"{name}\"`, or `--object {name}`")
                    }
                };
                Err(second.place.problem(message, Some(help)))
            }
            (None, _) => Err(self.no_such(objects, wanted.unwrap_or_default())),
        }
    }

    fn no_such(&self, objects: &[Object<'_>], wanted: &str) -> Problem {
        let known = || objects.iter().filter(|object| object.controller.is_some());
        let names: Vec<_> = known().filter_map(|object| object.name).collect();
        let help = nearest(wanted, &names).map(|name| format!("did you mean `{name}`?"));
        let list = listed(known().map(name_of));
        let pronoun = if self.are_several { "they have" } else { "it has" };
        let message = format!(
            "{} {} nothing to roll out that is called {}: {pronoun} {list}",
            self.names,
            self.has(),
            quote(wanted)
        );
        let place = known().next().map_or(Place::start_of(0), |object| object.place);
        place.problem(message, help)
    }
}

/// The objects of a document: itself, those of a `List`, or those that controllers see in it.
fn objects_of(root: Field<'_>, tree: usize) -> impl Iterator<Item = Object<'_>> {
    // Google's own resources have a kind as well, such as `compute#instanceGroupManager`.
    let is_kubernetes = word(root, "kind").is_some_and(|kind| !kind.contains('#'));
    let list = (word(root, "kind") == Some("List")).then(|| root.get("items")).flatten();
    let seen: Vec<Object<'_>> = if is_kubernetes {
        let alone = list.is_none().then_some(root);
        let items = alone.into_iter().chain(list.into_iter().flat_map(Field::items));
        items.map(|item| kubernetes(item, root, tree)).collect()
    } else {
        let seen: Vec<_> = CATALOG.iter().flat_map(|known| known.seen_in(root, tree)).collect();
        let nothing = seen.is_empty().then(|| kubernetes(root, root, tree));
        seen.into_iter().chain(nothing).collect()
    };
    seen.into_iter()
}

fn kubernetes<'t>(root: Field<'t>, document: Field<'t>, tree: usize) -> Object<'t> {
    let written = root.get("kind");
    let kind = written.and_then(Field::text).unwrap_or_default();
    let is_of =
        |known: &&Controller| known.sign.kind().is_some_and(|own| own == kind && !kind.is_empty());
    Object {
        controller: CATALOG.iter().find(is_of),
        api: word(root, "apiVersion").unwrap_or_default(),
        kind,
        name: root.get("metadata").and_then(|metadata| word(metadata, "name")),
        place: written.unwrap_or(root).place(),
        root,
        document,
        tree,
    }
}

impl Controller {
    fn seen_in<'t>(&'static self, document: Field<'t>, tree: usize) -> Vec<Object<'t>> {
        let Sign::Content(find) = self.sign else { return Vec::new() };
        let sightings = find(document).into_iter();
        let object = |Sighting { name, root }: Sighting<'t>| Object {
            controller: Some(self),
            api: "",
            kind: "",
            name,
            place: root.place(),
            root,
            document,
            tree,
        };
        sightings.map(object).collect()
    }
}

fn word<'t>(parent: Field<'t>, key: &str) -> Option<&'t str> {
    parent.get(key).and_then(Field::text)
}

fn served(controller: &Controller, object: &Object<'_>) -> Result<(), Problem> {
    let Sign::Kubernetes { api, kind, retired } = controller.sign else { return Ok(()) };
    if object.api == api {
        return Ok(());
    }
    let place = object.root.get("apiVersion").map_or(object.place, Field::place);
    let message = if object.api.is_empty() {
        format!("the {kind} has no `apiVersion`")
    } else if retired.contains(&object.api) {
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

fn counted(kind: &str, count: usize) -> String {
    if count == 1 { kind.to_owned() } else { format!("{kind} ({count})") }
}

/// `a, b and 3 more`.
fn listed(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<_> = names.collect();
    let more = names.len().saturating_sub(MOST_LISTED);
    names.truncate(MOST_LISTED);
    let text = names.join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

fn listed_all(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
