//! The texts that a scenario comes from, and places in them.
//!
//! All texts (the file, each `--set` and `--sweep`, a manifest, a line of a CSV file) are laid end
//! to end, so that a place is one range of bytes, whichever text it is in.

use std::cell::OnceCell;
use std::ops::Range;

/// A range of bytes in the texts laid end to end.
pub type Span = Range<usize>;

/// Every text that a diagnostic may point into.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    list: Vec<Source>,
    end: usize,
}

#[derive(Clone, Debug)]
struct Source {
    start: usize,
    shown: Shown,
}

/// A place found in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    /// Number of the text.
    pub(crate) number: usize,
    /// The text.
    pub(crate) shown: &'a Shown,
    /// The place within it; both ends are those of characters.
    pub(crate) range: Span,
    /// Whether the place stands for one that is not shown.
    pub(crate) is_behind: bool,
}

/// The first end of a character from `at` on.
fn boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

/// How a text is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A file, or some lines of one.
    File {
        /// As the user named it.
        path: String,
        /// The text.
        text: String,
        /// Number of its first line, from 1.
        first_line: usize,
    },
    /// What was typed on the command line.
    CommandLine(String),
    /// Not shown itself: every place in it stands for this one.
    Behind {
        /// Length of the text.
        length: usize,
        /// What is shown instead.
        place: Span,
    },
}

impl Shown {
    const fn len(&self) -> usize {
        match self {
            Self::File { text, .. } | Self::CommandLine(text) => text.len(),
            Self::Behind { length, .. } => *length,
        }
    }
}

impl Sources {
    /// Adds a text; its first byte is at the returned offset.
    pub(crate) fn add(&mut self, shown: Shown) -> usize {
        let start = self.end;
        // One more than the length, so that the place after the last byte belongs to it.
        self.end += shown.len() + 1;
        self.list.push(Source { start, shown });
        start
    }

    /// The text that `span` is in. None where there is no text at all.
    pub(crate) fn locate(&self, span: &Span) -> Option<Found<'_>> {
        let number = self.list.partition_point(|source| source.start <= span.start);
        let source = self.list.get(number.checked_sub(1)?)?;
        let text = match &source.shown {
            Shown::File { text, .. } | Shown::CommandLine(text) => text,
            Shown::Behind { place, .. } => {
                // What is behind a place was added after it, so this ends.
                return self.locate(place).map(|found| Found { is_behind: true, ..found });
            }
        };
        let start = boundary(text, span.start - source.start);
        let end = boundary(text, span.end.saturating_sub(source.start)).max(start);
        let range = start..end;
        Some(Found { number: number - 1, shown: &source.shown, range, is_behind: false })
    }

    /// What is written at `span`; empty where there is nothing.
    pub(crate) fn text(&self, span: &Span) -> &str {
        match self.locate(span).map(|found| (found.shown, found.range)) {
            Some((Shown::File { text, .. } | Shown::CommandLine(text), range)) => &text[range],
            _ => "",
        }
    }
}

/// Texts that live as long as this, whatever is added after them: a parsed document borrows from
/// them.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    next: OnceCell<Box<(String, Self)>>,
}

impl Texts {
    /// Keeps a text.
    pub(crate) fn keep(&self, text: String) -> &str {
        let mut last = self;
        while let Some(link) = last.next.get() {
            last = &link.1;
        }
        &last.next.get_or_init(|| Box::new((text, Self::default()))).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Shown {
        Shown::File { path: path.into(), text: text.into(), first_line: 1 }
    }

    #[test]
    fn a_place_is_found_in_its_text() {
        let mut sources = Sources::default();
        let first = sources.add(file("a.toml", "abc"));
        let second = sources.add(Shown::CommandLine("--set a=1".into()));
        let behind = sources.add(Shown::Behind { length: 100, place: first + 1..first + 2 });
        assert_eq!(sources.text(&(second + 6..second + 7)), "a");
        assert_eq!(sources.text(&(behind + 40..behind + 50)), "b");
        let end_of_first = sources.locate(&(first + 3..first + 3));
        assert_eq!(end_of_first.map(|found| (found.number, found.range)), Some((0, 3..3)));
        assert!(Sources::default().locate(&(0..1)).is_none());
    }

    #[test]
    fn texts_stay_where_they_are() {
        let texts = Texts::default();
        let kept: Vec<&str> = ["a", "b", "c"].map(|text| texts.keep(text.into())).to_vec();
        assert_eq!(kept, ["a", "b", "c"]);
    }
}
