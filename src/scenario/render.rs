//! Diagnostics as text, in the form of the Rust compiler's. The one file that knows
//! `annotate-snippets`.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::diagnostic::{Diagnostic, Label, Place, Severity};
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
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
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
) -> Vec<Snippet<'a, Annotation<'a>>> {
    let mut parts: Vec<(usize, Snippet<'a, Annotation<'a>>)> = Vec::new();
    let kinds =
        std::iter::once(AnnotationKind::Primary).chain(std::iter::repeat(AnnotationKind::Context));
    for (label, kind) in std::iter::once(primary).chain(because).zip(kinds) {
        let Some((number, shown, range)) = sources.locate(&label.span) else { continue };
        let mut mark = kind.span(range);
        if !label.text.is_empty() {
            mark = mark.label(label.text.as_str());
        }
        let position = parts.iter().position(|(source, _)| *source == number);
        let snippet = match position {
            Some(position) => parts.remove(position).1,
            None => empty_snippet(shown),
        };
        let position = position.unwrap_or(parts.len());
        parts.insert(position, (number, snippet.annotation(mark)));
    }
    parts.into_iter().map(|(_, snippet)| snippet).collect()
}

fn empty_snippet(shown: &Shown) -> Snippet<'_, Annotation<'_>> {
    match shown {
        Shown::File { path, text, first_line } => {
            Snippet::source(text.as_str()).path(path.as_str()).line_start(*first_line)
        }
        Shown::CommandLine(text) => {
            Snippet::source(text.as_str()).path("command line").line_numbering(false)
        }
        Shown::Behind { .. } => Snippet::source(""),
    }
}
