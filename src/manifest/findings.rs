//! What is wrong with a manifest, what is worth saying, and how its fields are read.
//!
//! Fields are read through [`Findings`], which collects every problem: a reader goes on after one
//! with a stand-in value, and the whole is discarded at the end.

use std::ops::RangeInclusive;

use super::Problem;
use super::tree::{Field, Kind, LABEL, Place};

/// Problems, or notes, beyond which the rest is not told.
const MOST_TOLD: usize = 50;

/// Characters of a manifest's own text that a message repeats.
const MOST_QUOTED: usize = 40;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    problems: Vec<Problem>,
    notes: Vec<String>,
}

/// A value and where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// The fields of a mapping.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known {
    /// These and no other.
    All(&'static [&'static str]),
    /// Those read here; Kubernetes knows more.
    Read(&'static [&'static str]),
}

/// Where fields belong that are often written in another place.
const HOMES: [(&str, &str); 13] = [
    ("replicas", "spec"),
    ("minReadySeconds", "spec"),
    ("progressDeadlineSeconds", "spec"),
    ("strategy", "spec"),
    ("rollingUpdate", "spec.strategy"),
    ("maxSurge", "spec.strategy.rollingUpdate"),
    ("maxUnavailable", "spec.strategy.rollingUpdate"),
    ("terminationGracePeriodSeconds", "spec.template.spec"),
    ("readinessProbe", "a container"),
    ("livenessProbe", "a container"),
    ("startupProbe", "a container"),
    ("lifecycle", "a container"),
    ("preStop", "a container's lifecycle"),
];

impl Findings {
    /// Something that Kubernetes would refuse or that cannot be read.
    pub(super) fn problem(&mut self, place: Place, message: String, help: Option<&str>) {
        self.problems.push(place.problem(message, help.map(Into::into)));
    }

    /// Something that the simulation leaves out, or that may surprise; once.
    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) && self.notes.len() < MOST_TOLD {
            self.notes.push(note);
        }
    }

    /// The notes if nothing is wrong, else the problems in the order of the text.
    pub(super) fn finish(mut self) -> Result<Vec<String>, Vec<Problem>> {
        if self.problems.is_empty() {
            return Ok(self.notes);
        }
        self.problems.sort_by_key(|problem| (problem.file, problem.line, problem.column));
        self.problems.dedup();
        self.problems.truncate(MOST_TOLD);
        Err(self.problems)
    }

    fn wrong_type(&mut self, field: Field<'_>, key: &str, wanted: &str) {
        let help = match field.kind() {
            Kind::Text(text) if ["{{", "${", "$("].iter().any(|open| text.contains(open)) => {
                Some("fill in the template first".into())
            }
            Kind::Mapping if field.entries().any(|(name, ..)| name.starts_with('{')) => {
                Some("fill in the template first".into())
            }
            Kind::Text(text) if wanted == WHOLE && text.parse::<i64>().is_ok() => {
                Some(format!("write `{key}: {text}`, without quotes"))
            }
            _ => None,
        };
        let message = format!("`{key}` must be {wanted}, not {}", describe(field));
        self.problem(field.place(), message, help.as_deref());
    }

    /// The mapping at `key`; none where it is absent or something else.
    pub(super) fn mapping<'t>(&mut self, parent: Field<'t>, key: &str) -> Option<Field<'t>> {
        let field = parent.get(key)?;
        if field.kind() == Kind::Mapping {
            return Some(field);
        }
        self.wrong_type(field, key, "a mapping");
        None
    }

    /// The mappings in the list at `key`; empty where it is absent.
    pub(super) fn mappings<'t>(&mut self, parent: Field<'t>, key: &str) -> Vec<Field<'t>> {
        let items = self.list(parent, key);
        let (mappings, others): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| item.kind() == Kind::Mapping);
        for item in others {
            self.wrong_type(item, key, "a list of mappings");
        }
        mappings
    }

    /// The items of the list at `key`; empty where it is absent.
    pub(super) fn list<'t>(&mut self, parent: Field<'t>, key: &str) -> Vec<Field<'t>> {
        let Some(field) = parent.get(key) else { return vec![] };
        if field.kind() != Kind::List {
            self.wrong_type(field, key, "a list");
        }
        field.items().collect()
    }

    /// The string at `key`.
    pub(super) fn word<'t>(&mut self, parent: Field<'t>, key: &str) -> Option<Written<&'t str>> {
        let field = parent.get(key)?;
        if let Kind::Text(value) = field.kind() {
            return Some(Written { value, place: field.place() });
        }
        self.wrong_type(field, key, "a string");
        None
    }

    /// Whether `key` is true; absent is false.
    pub(super) fn is_true(&mut self, parent: Field<'_>, key: &str) -> bool {
        match parent.get(key).map(|field| (field, field.kind())) {
            Some((_, Kind::Bool(value))) => value,
            Some((field, _)) => {
                self.wrong_type(field, key, "`true` or `false`");
                false
            }
            None => false,
        }
    }

    /// The whole number at `key`, within `range`.
    pub(super) fn whole(
        &mut self,
        parent: Field<'_>,
        key: &str,
        range: RangeInclusive<i64>,
    ) -> Option<Written<i64>> {
        let field = parent.get(key)?;
        let place = field.place();
        let Kind::Integer(value) = field.kind() else {
            self.wrong_type(field, key, WHOLE);
            return None;
        };
        if value < 0 && *range.start() == 0 {
            let message = format!("`{key}` is {value}, and must not be negative");
            self.problem(place, message, None);
        } else if !range.contains(&value) {
            let (least, most) = range.into_inner();
            let message = format!("`{key}` is {value}, outside of {least} to {most}");
            self.problem(place, message, None);
        } else {
            return Some(Written { value, place });
        }
        None
    }

    /// Notes the keys of `parent`, called `title`, that mean nothing there: misspelt, or written in
    /// the wrong place.
    pub(super) fn strangers(&mut self, parent: Field<'_>, title: &str, known: Known) {
        let (Known::All(names) | Known::Read(names)) = known;
        let mut told = 0;
        for (key, _, field) in parent.entries() {
            if names.contains(&key) || key.starts_with(LABEL) {
                continue;
            }
            let home = HOMES.iter().find(|(name, _)| *name == key);
            let advice = match (nearest(key, names), home, known) {
                (Some(name), ..) => format!("; did you mean `{name}`?"),
                (None, Some((_, home)), _) => format!("; it belongs in {home}"),
                (None, None, Known::All(_)) => String::new(),
                (None, None, Known::Read(_)) => continue,
            };
            field.see_all();
            self.note(format!("{} means nothing in {title} and is ignored{advice}", quote(key)));
            told += 1;
            if told == MOST_TOLD {
                return;
            }
        }
    }
}

const WHOLE: &str = "a whole number";

/// The one of `names` that `word` may be a misspelling of.
pub(super) fn nearest<'n>(word: &str, names: &[&'n str]) -> Option<&'n str> {
    let folded = word.to_ascii_lowercase();
    let close = |name: &&&str| {
        let most = if name.len() < 5 { 1 } else { 2 };
        // The distance is at least the difference in length: huge keys are not compared at all.
        name.len().abs_diff(word.len()) <= most
            && strsim::osa_distance(&folded, &name.to_ascii_lowercase()) <= most
    };
    names.iter().find(close).copied()
}

/// A piece of the manifest's text in backticks, on one line and shortened.
pub(super) fn quote(text: &str) -> String {
    let short: String = text.chars().take(MOST_QUOTED).collect();
    let more = if short.len() < text.len() { "..." } else { "" };
    let line: String = short.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("`{line}{more}`")
}

/// What a value is, for a message.
pub(super) fn describe(field: Field<'_>) -> String {
    match field.kind() {
        Kind::Null => "nothing".into(),
        Kind::Bool(value) => format!("`{value}`"),
        Kind::Integer(value) => format!("the number {value}"),
        Kind::Number(text) => format!("the number {}", quote(text)),
        Kind::Text(text) => format!("the string {}", quote(text)),
        Kind::List => "a list".into(),
        Kind::Mapping => "a mapping".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_one_that_could_have_been_meant() {
        let names = ["maxSurge", "maxUnavailable", "type"];
        for (word, expected) in [
            ("maxSurges", Some("maxSurge")),
            ("maxsurge", Some("maxSurge")),
            ("max_surge", Some("maxSurge")),
            ("maxUnavailible", Some("maxUnavailable")),
            ("tpye", Some("type")),
            ("typos", None),
            ("minReady", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &names), expected, "{word}");
        }
    }

    #[test]
    fn what_a_manifest_says_stays_on_one_short_line() {
        assert_eq!(quote("a\nb"), "`a b`");
        assert_eq!(quote(&"é".repeat(50)), format!("`{}...`", "é".repeat(40)));
    }

    #[test]
    fn problems_are_told_in_order_and_notes_once() {
        let mut found = Findings::default();
        found.note("twice".into());
        found.note("twice".into());
        assert_eq!(found.finish(), Ok(vec!["twice".to_owned()]));
        let mut found = Findings::default();
        for line in (1..100).rev() {
            found.problem(Place { file: 0, line, column: 1 }, "wrong".into(), None);
        }
        let lines: Vec<_> = found.finish().unwrap_err().iter().map(|p| p.line).collect();
        assert_eq!(lines, (1..=50).collect::<Vec<_>>());
    }
}
