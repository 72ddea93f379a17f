//! `--set PATH=VALUE`, `--sweep PATH=V1,V2,…`, manifests in the place of others, and the strata of
//! `release_mix`.

pub(crate) mod mix;
pub(crate) mod swap;
pub(crate) mod sweep;

use toml::Spanned;
use toml::de::DeValue;

use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::diagnostic::source::{Shown, Sources, Span, Texts};
use crate::scenario::document::path::{Path, split_at_unquoted};
use crate::scenario::document::{self, Value};
use crate::scenario::rule;

/// What the command line changes in a scenario, in the order typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// What follows each `--set`: `PATH=VALUE`.
    pub sets: Vec<String>,
    /// What follows each `--sweep`: `PATH=V1,V2,…`.
    pub sweeps: Vec<String>,
}

/// A path and what is to be there: one value of a `--set`, or those of a sweep.
#[derive(Clone, Debug)]
pub(crate) struct Override<'t> {
    /// Where.
    pub(crate) path: Path,
    /// What, in order; at least one.
    pub(crate) values: Vec<Value<'t>>,
    /// Place of the whole.
    pub(crate) span: Span,
}

/// Reads what follows `--set`.
///
/// # Errors
///
/// A diagnostic if it is not a path, `=` and a value.
pub(crate) fn set<'t>(
    typed: &str,
    texts: &'t Texts,
    sources: &mut Sources,
) -> Result<Override<'t>, Diagnostic> {
    let (text, start) = shown("--set ", typed, texts, sources);
    let (path, after) = path(text, start, "VALUE")?;
    let span = start..start + text.len();
    let value = value(&text[after..], start + after, span.clone())?;
    Ok(Override { path, values: vec![value], span })
}

/// Reads what follows `--sweep`.
///
/// # Errors
///
/// A diagnostic if it is not a path, `=` and values with commas between.
pub(crate) fn sweep<'t>(
    typed: &str,
    texts: &'t Texts,
    sources: &mut Sources,
) -> Result<Override<'t>, Diagnostic> {
    let (text, start) = shown("--sweep ", typed, texts, sources);
    let (path, after) = path(text, start, "V1,V2")?;
    let span = start..start + text.len();
    let mut values = Vec::new();
    for part in parts(&text[after..]) {
        let from = after + part.start;
        let piece = &text[from..after + part.end];
        if piece.trim().is_empty() {
            return Err(Diagnostic::new(rule::NO_VALUES, "a value of the sweep is missing".into())
                .at(start + from..start + from + piece.len(), "")
                .help("write the values with commas between, such as `1,2,25%`"));
        }
        values.push(value(piece, start + from, span.clone())?);
    }
    Ok(Override { path, values, span })
}

/// Keeps what was typed, and shows it with its option before it.
fn shown<'t>(
    option: &str,
    typed: &str,
    texts: &'t Texts,
    sources: &mut Sources,
) -> (&'t str, usize) {
    let start = sources.add(Shown::CommandLine(format!("{option}{typed}")));
    (texts.keep(typed.to_owned()), start + option.len())
}

/// The path, and where the value begins in the text.
fn path(text: &str, start: usize, value: &str) -> Result<(Path, usize), Diagnostic> {
    let whole = start..start + text.len();
    let error = |message: String, span: Span| {
        let help = format!("write `PATH={value}`, such as `fleet.instances=20`");
        Diagnostic::new(rule::OVERRIDE, message).at(span, "").help(help)
    };
    let Some((before, _)) = split_at_unquoted(text, '=') else {
        return Err(error(format!("`{text}` has no `=`"), whole));
    };
    match Path::parse(before, start) {
        Some(path) => Ok((path, before.len() + 1)),
        None => {
            let span = start..start + before.len();
            Err(error(format!("`{before}` is not the path of a field"), span))
        }
    }
}

/// A value as TOML if it is that, else as a bare string.
fn value(text: &str, start: usize, whole: Span) -> Result<Value<'_>, Diagnostic> {
    let trimmed = text.trim();
    let start = start + (text.len() - text.trim_start().len());
    match DeValue::parse(trimmed) {
        Ok(value) => Ok(document::moved(value, start)),
        Err(error) if trimmed.starts_with(['"', '\'', '[', '{']) => {
            let message = format!("`{trimmed}` is not a value: {}", error.message());
            Err(Diagnostic::new(rule::OVERRIDE, message)
                .at(start..start + trimmed.len(), "")
                .help("quote the whole for the shell: `--set 'PATH={ key = \"value\" }'`"))
        }
        Err(_) => {
            // An empty value has no place of its own.
            let span = if trimmed.is_empty() { whole } else { start..start + trimmed.len() };
            Ok(Spanned::new(span, DeValue::String(trimmed.into())))
        }
    }
}

/// The texts between the commas that are in no quotes and no brackets.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    parts(text).into_iter().map(|range| &text[range]).collect()
}

/// The ranges between the commas that are in no quotes and no brackets.
fn parts(text: &str) -> Vec<Span> {
    let mut ranges = Vec::new();
    let (mut from, mut depth, mut quote) = (0, 0_usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                ranges.push(from..at);
                from = at + 1;
            }
            _ => {}
        }
    }
    ranges.push(from..text.len());
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str, expected: Result<(&str, &[&str]), &str>) {
        let (texts, mut sources) = (Texts::default(), Sources::default());
        let read = sweep(typed, &texts, &mut sources);
        let read = match &read {
            Ok(read) => {
                let values: Vec<String> = read
                    .values
                    .iter()
                    .map(|value| {
                        format!("{} {}", value.get_ref().type_str(), sources.text(&value.span()))
                    })
                    .collect();
                Ok((read.path.to_string(), values))
            }
            Err(diagnostic) => Err(diagnostic.message.clone()),
        };
        let expected = expected
            .map(|(path, values)| {
                (path.to_owned(), values.iter().map(|value| (*value).to_owned()).collect())
            })
            .map_err(str::to_owned);
        assert_eq!(read, expected, "{typed}");
    }

    #[test]
    fn values_are_toml_or_bare_strings() {
        check(
            "a.b=1,25%,90s,\"x,y\",[1,2],{ a = 1, b = 2 },true,1.5, none",
            Ok((
                "a.b",
                &[
                    "integer 1",
                    "string 25%",
                    "string 90s",
                    "string \"x,y\"",
                    "array [1,2]",
                    "table { a = 1, b = 2 }",
                    "boolean true",
                    "float 1.5",
                    "string none",
                ],
            )),
        );
        check("\"a=b\".c=é", Ok(("\"a=b\".c", &["string é"])));
    }

    #[test]
    fn what_is_no_override() {
        check("a.b", Err("`a.b` has no `=`"));
        check("a b=1", Err("`a b` is not the path of a field"));
        check("=1", Err("`` is not the path of a field"));
        check("a=1,,2", Err("a value of the sweep is missing"));
        check("a=", Err("a value of the sweep is missing"));
        check("a=[1", Err("`[1` is not a value: unclosed array, expected `]`"));
    }
}
