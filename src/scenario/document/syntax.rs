//! What is wrong with a text that is not TOML, in our words.

use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::document::read::shortened;
use crate::scenario::rule;

/// Whether a text that is not TOML begins as YAML or JSON does. One error then says more than one
/// for each of its lines.
pub(crate) fn is_of_another_format(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let Some(first) = lines.find(|line| !line.is_empty() && !line.starts_with('#')) else {
        return false;
    };
    let (key, rest) = first.split_once(':').unwrap_or(("", "x"));
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_./\"".contains(c);
    let is_mapping = !key.is_empty()
        && key.chars().all(is_word)
        && (rest.is_empty() || rest.starts_with(char::is_whitespace));
    first == "---" || first.starts_with('{') || first.starts_with("- ") || is_mapping
}

/// What is wrong with the grammar, in our words where the parser's are terse.
pub(crate) fn syntax(error: &toml::de::Error, text: &str) -> Diagnostic {
    let said = error.message();
    let span = error.span();
    let written = span.clone().and_then(|span| text.get(span)).unwrap_or_default();
    let (message, help) = match said.strip_prefix("string values must be quoted") {
        Some(_) if written.is_empty() => ("a value is missing".to_owned(), None),
        Some(_) => {
            let help = format!("if it is text, write `\"{}\"`", shortened(written));
            ("text must be in quotes".to_owned(), Some(help))
        }
        None => (said.to_owned(), None),
    };
    let mut diagnostic = Diagnostic::new(rule::SYNTAX, format!("not TOML: {message}"));
    diagnostic.help = help.into_iter().collect();
    match span {
        Some(span) => diagnostic.at(span, ""),
        None => diagnostic,
    }
}
