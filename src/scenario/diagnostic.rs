//! What is wrong with a scenario, where, and what would be right.

use std::fmt;

use super::render::{self, Paint};
use super::rule::{Rule, Severity};
use super::source::{Sources, Span};

/// A place, and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is said there; may be empty.
    pub text: String,
}

/// Where a diagnostic is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A whole file, none of whose lines is to be shown.
    File(String),
    /// A place in a text.
    At(Label),
    /// Nowhere in particular.
    Nowhere,
}

/// One error or warning. Texts are lower case without a final period, with backticks round what
/// was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule that is broken.
    pub rule: &'static Rule,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
    /// The other places that make it wrong.
    pub because: Vec<Label>,
    /// What would be right.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A broken rule, nowhere in particular yet.
    #[must_use]
    pub const fn new(rule: &'static Rule, message: String) -> Self {
        Self { rule, message, place: Place::Nowhere, because: Vec::new(), help: Vec::new() }
    }

    /// The same, about a place in a text.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.place = Place::At(Label { span, text: text.into() });
        self
    }

    /// The same, about a whole file.
    #[must_use]
    pub fn in_file(mut self, path: impl Into<String>) -> Self {
        self.place = Place::File(path.into());
        self
    }

    /// The same, with a further place that makes it wrong.
    #[must_use]
    pub fn because(mut self, span: Span, text: impl Into<String>) -> Self {
        self.because.push(Label { span, text: text.into() });
        self
    }

    /// The same, with something that would be right.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Whether the scenario cannot be run because of this.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.rule.severity == Severity::Error
    }
}

/// Diagnostics with the texts that they point into.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order of their places.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts.
    pub sources: Sources,
}

impl Report {
    /// Every diagnostic with its lines, an empty line between two.
    #[must_use]
    pub fn render(&self, paint: Paint) -> String {
        render::render(&self.diagnostics, &self.sources, paint)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Paint::Plain))
    }
}

/// After so many errors no further ones are looked for.
pub(super) const ENOUGH_ERRORS: usize = 100;
/// Longest message, in characters.
const LONGEST_MESSAGE: usize = 400;

/// A message as it can be shown, whatever was typed: without control characters, and not too long.
fn on_one_line(message: &str) -> String {
    let mut shown = String::new();
    for (count, c) in message.chars().enumerate() {
        if count == LONGEST_MESSAGE {
            shown.push('…');
            break;
        }
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// The diagnostics so far; the same one from two variants is kept once.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Diagnostic>,
    errors: usize,
}

impl Findings {
    /// Adds what is not there yet.
    pub(crate) fn add(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.message = on_one_line(&diagnostic.message);
        if !self.list.contains(&diagnostic) {
            self.errors += usize::from(diagnostic.is_error());
            self.list.push(diagnostic);
        }
    }

    /// Whether there are so many that more would help nobody.
    pub(crate) const fn is_full(&self) -> bool {
        self.errors >= ENOUGH_ERRORS
    }

    /// How many errors there are.
    pub(crate) const fn errors(&self) -> usize {
        self.errors
    }

    /// All of them, in the order of their places; those about no place in a text come first.
    pub(crate) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|diagnostic| match &diagnostic.place {
            Place::At(label) => (1, label.span.start),
            Place::File(_) | Place::Nowhere => (0, 0),
        });
        self.list
    }
}
