//! Diagnostics as text, in the form of the Rust compiler's. The one file that knows
//! `annotate-snippets`.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use super::diagnostic::{Diagnostic, Label, Place};
use super::rule::Severity;
use super::source::{Shown, Sources};

/// Whether escape sequences for colours are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Text only.
    Plain,
    /// With colours.
    Colour,
}

/// Longest line that is shown whole, in columns.
const WIDTH: usize = 140;
/// Longest line that is shown at all, in bytes.
const LONGEST_LINE: usize = 4000;

/// Every diagnostic with its lines, an empty line between two, and a line break at the end.
pub(super) fn render(diagnostics: &[Diagnostic], sources: &Sources, paint: Paint) -> String {
    let renderer = match paint {
        Paint::Plain => Renderer::plain(),
        Paint::Colour => Renderer::styled(),
    };
    let renderer = renderer.term_width(WIDTH);
    let texts: Vec<String> = diagnostics
        .iter()
        .map(|diagnostic| renderer.render(&[group(diagnostic, sources)]) + "\n")
        .collect();
    texts.join("\n")
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let level = match diagnostic.rule.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.rule.code);
    let mut group = Group::with_title(title);
    match &diagnostic.place {
        Place::File(path) => group = group.element(Origin::path(path.as_str())),
        Place::At(label) => {
            for snippet in snippets(label, &diagnostic.because, sources) {
                group = group.element(snippet);
            }
        }
        Place::Nowhere => {}
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

/// One snippet for each text that the labels are in; that of the primary label first.
fn snippets<'a>(
    primary: &'a Label,
    because: &'a [Label],
    sources: &'a Sources,
) -> Vec<Element<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    let kinds =
        std::iter::once(AnnotationKind::Primary).chain(std::iter::repeat(AnnotationKind::Context));
    for (label, kind) in std::iter::once(primary).chain(because).zip(kinds) {
        let Some(found) = sources.locate(&label.span) else { continue };
        let mark = Mark { kind, range: found.range, text: words(label, found.is_behind) };
        match parts.iter_mut().find(|part| part.number == found.number) {
            Some(part) => part.marks.push(mark),
            None => {
                parts.push(Part { number: found.number, shown: found.shown, marks: vec![mark] });
            }
        }
    }
    parts.into_iter().map(Part::into_element).collect()
}

fn words(label: &Label, is_behind: bool) -> &str {
    if label.text.is_empty() && is_behind { "read from this manifest" } else { &label.text }
}

/// The marks in one text.
struct Part<'a> {
    number: usize,
    shown: &'a Shown,
    marks: Vec<Mark<'a>>,
}

struct Mark<'a> {
    kind: AnnotationKind,
    range: Range<usize>,
    text: &'a str,
}

impl<'a> Part<'a> {
    fn into_element(self) -> Element<'a> {
        let (text, path, first_line) = match self.shown {
            Shown::File { path, text, first_line } => (text.as_str(), path.as_str(), *first_line),
            Shown::CommandLine(text) => (text.as_str(), "command line", 1),
            Shown::Behind { .. } => ("", "", 1),
        };
        // Only the lines that matter: a file may be long, and is looked through for each error.
        let start = self.marks.iter().map(|mark| mark.range.start).min().unwrap_or(0);
        let end = self.marks.iter().map(|mark| mark.range.end).max().unwrap_or(0);
        let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let to = text[end..].find('\n').map_or(text.len(), |at| end + at);
        let line = first_line + text[..from].matches('\n').count();
        let lines = &text[from..to];
        if lines.lines().any(|line| line.len() > LONGEST_LINE) {
            let column = text[from..start].chars().count() + 1;
            return Origin::path(path).line(line).char_column(column).into();
        }
        let marks = self.marks.into_iter().map(|mark| {
            let range = mark.range.start - from..mark.range.end - from;
            let annotation = mark.kind.span(range);
            if mark.text.is_empty() { annotation } else { annotation.label(mark.text) }
        });
        Snippet::source(lines)
            .path(path)
            .line_start(line)
            .line_numbering(matches!(self.shown, Shown::File { .. }))
            .annotations(marks)
            .into()
    }
}
