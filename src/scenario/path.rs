//! Dotted paths such as `strategies.rolling.max_unavailable`.

use std::fmt;

use toml::de::{DeTable, DeValue};

use super::source::Span;

/// A path to a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    segments: Vec<Segment>,
}

/// One name or index of a path, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// A key of a table or an index of an array.
    pub(super) name: String,
    /// Its place.
    pub(super) span: Span,
}

impl Path {
    /// Reads a dotted path with TOML's rules for keys, quoted ones included. `start` is the place
    /// of its first byte. None if it is not a path.
    pub(super) fn parse(text: &str, start: usize) -> Option<Self> {
        if text.contains(['\n', '\r', '#']) {
            return None;
        }
        let line = format!("{text}=0");
        let mut table = DeTable::parse(&line).ok()?.into_inner();
        let mut segments = Vec::new();
        loop {
            let (key, value) = table.into_iter().next()?;
            let span = key.span();
            let name = key.into_inner().into_owned();
            segments.push(Segment { name, span: start + span.start..start + span.end });
            match value.into_inner() {
                DeValue::Table(inner) => table = inner,
                // Whatever follows a `=` inside the path would have been the value.
                DeValue::Integer(_) if !has_equals_sign(text) => return Some(Self { segments }),
                _ => return None,
            }
        }
    }

    /// The same path with every segment at one place.
    pub(super) fn all_at(mut self, span: &Span) -> Self {
        for segment in &mut self.segments {
            segment.span = span.clone();
        }
        self
    }

    /// At least one.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The names of the segments.
    pub(super) fn names(&self) -> Vec<&str> {
        self.segments.iter().map(|segment| segment.name.as_str()).collect()
    }

    /// From the first segment to the last.
    pub(super) fn span(&self) -> Span {
        let start = self.segments.first().map_or(0, |segment| segment.span.start);
        start..self.segments.last().map_or(start, |segment| segment.span.end)
    }

    /// The last `count` segments as text.
    pub(super) fn tail(&self, count: usize) -> String {
        dotted(&self.names()[self.segments.len().saturating_sub(count)..])
    }

    /// Whether one of the two leads through the other's end, or they are the same.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.segments.iter().zip(&other.segments).all(|(a, b)| a.name == b.name)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tail(self.segments.len()))
    }
}

/// Names with dots between, quoted where TOML wants it.
pub(super) fn dotted(names: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quoted(name.as_ref())).collect();
    quoted.join(".")
}

/// Whether a name can be a key without quotes.
pub(super) fn is_bare(name: &str) -> bool {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.chars().all(is_bare)
}

fn quoted(name: &str) -> String {
    if is_bare(name) { name.to_owned() } else { format!("{name:?}") }
}

fn has_equals_sign(text: &str) -> bool {
    split_at_unquoted(text, '=').is_some()
}

/// The parts before and after the first `sign` that is in no quotes.
pub(super) fn split_at_unquoted(text: &str, sign: char) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == sign => return Some((&text[..at], &text[at + c.len_utf8()..])),
            None => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_as_people_write_them() {
        for (text, expected) in [
            ("fleet.instances", Some("fleet.instances")),
            (
                "strategies.one-at-a-time.steps.1.weight",
                Some("strategies.one-at-a-time.steps.1.weight"),
            ),
            ("a . \"b c\".'d'", Some("a.\"b c\".d")),
            ("seed", Some("seed")),
            ("\"a=b\".c", Some("\"a=b\".c")),
            ("", None),
            ("a..b", None),
            ("a.", None),
            (".a", None),
            ("a b", None),
            ("a=1\nb", None),
            ("a=1 #", None),
            ("a = { b", None),
            ("[a]", None),
        ] {
            let path = Path::parse(text, 0).map(|path| path.to_string());
            assert_eq!(path.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn segments_know_their_places() {
        let path = Path::parse("a.bc", 10).expect("a path");
        assert_eq!(path.segments()[1].span, 12..14);
        assert_eq!(path.span(), 10..14);
    }

    #[test]
    fn overlapping_paths() {
        let path = |text| Path::parse(text, 0).expect("a path");
        assert!(path("a.b").overlaps(&path("a")));
        assert!(path("a.b").overlaps(&path("a.b")));
        assert!(!path("a.b").overlaps(&path("a.c.b")));
    }
}
