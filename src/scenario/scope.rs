//! What a rule needs to say where a field is written.

use super::diagnostic::{Diagnostic, Findings};
use super::document::{self, Table};
use super::read::is_within;
use super::rule::Rule;
use super::source::Span;

/// One variant's document, and what has been found in it.
#[derive(Debug)]
pub(super) struct Scope<'a, 't> {
    /// The scenario file, as the user named it.
    pub(super) file: &'a str,
    /// The document.
    pub(super) root: &'a Table<'t>,
    /// Dotted paths that could not be read.
    pub(super) dropped: Vec<String>,
    /// The paths that sweeps give values to.
    pub(super) swept: &'a [String],
    /// What has been found so far.
    pub(super) findings: &'a mut Findings,
}

/// A rule that is broken: where, by what, and what would be right.
#[derive(Debug)]
pub(super) struct Issue {
    diagnostic: Diagnostic,
    path: String,
    label: String,
    because: Vec<(String, String)>,
}

impl Issue {
    /// A broken rule at a dotted path.
    pub(super) fn new(rule: &'static Rule, path: &str, message: impl Into<String>) -> Self {
        Self {
            diagnostic: Diagnostic::new(rule, message.into()),
            path: path.to_owned(),
            label: String::new(),
            because: Vec::new(),
        }
    }

    /// What is said at the place.
    pub(super) fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// A second place, if it is written, and what is said there.
    pub(super) fn because(mut self, path: &str, text: impl Into<String>) -> Self {
        self.because.push((path.to_owned(), text.into()));
        self
    }

    /// What would be right.
    pub(super) fn help(mut self, text: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.help(text);
        self
    }
}

impl Scope<'_, '_> {
    /// Whether a value stands at the dotted path.
    pub(super) fn is_written(&self, path: &str) -> bool {
        document::find_dotted(self.root, path).is_some()
    }

    /// Place of the value at the dotted path, or of the innermost part of the path that is
    /// written; none if nothing of it is.
    pub(super) fn span(&self, path: &str) -> Option<Span> {
        let names: Vec<&str> = path.split('.').collect();
        (1..=names.len())
            .rev()
            .find_map(|count| document::find(self.root, &names[..count]))
            .map(|entry| entry.value.span())
    }

    /// Place of the key at the dotted path, or as [`Scope::span`].
    pub(super) fn key_span(&self, path: &str) -> Option<Span> {
        document::find_dotted(self.root, path).map(|entry| entry.key).or_else(|| self.span(path))
    }

    /// Whether what is at the path, or a part of it, could not be read: then nothing more can be
    /// said about it.
    pub(super) fn is_unreadable(&self, path: &str) -> bool {
        self.dropped.iter().any(|dropped| is_within(dropped, path) || is_within(path, dropped))
    }

    /// Whether a sweep gives a value to what is at the path, or to a part of it.
    pub(super) fn is_swept(&self, path: &str) -> bool {
        self.swept.iter().any(|swept| is_within(swept, path) || is_within(path, swept))
    }

    /// Reports a broken rule, unless what it is about could not be read.
    pub(super) fn raise(&mut self, issue: Issue) {
        let span = self.span(&issue.path);
        self.raise_at(issue, span);
    }

    /// The same at another place than the value's.
    pub(super) fn raise_at(&mut self, issue: Issue, span: Option<Span>) {
        let paths = issue.because.iter().map(|(path, _)| path).chain([&issue.path]);
        if paths.into_iter().any(|path| self.is_unreadable(path)) {
            return;
        }
        let mut diagnostic = match span {
            Some(span) => issue.diagnostic.at(span, issue.label),
            None => issue.diagnostic.in_file(self.file),
        };
        for (path, text) in issue.because {
            if let Some(entry) = document::find_dotted(self.root, &path) {
                diagnostic = diagnostic.because(entry.value.span(), text);
            }
        }
        self.findings.add(diagnostic);
    }
}
