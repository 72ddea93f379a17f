//! Reading files: the only place below the command line that does.

pub(crate) mod import;
pub(crate) mod table;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::rule;

/// Largest scenario file or manifest, bytes.
pub(crate) const MOST_TEXT: u64 = 8 << 20;
/// Largest CSV file, bytes.
pub(crate) const MOST_CSV: u64 = 256 << 20;

/// The text of a file of at most `most` bytes.
///
/// # Errors
///
/// A diagnostic without a place if it is missing, unreadable, a directory, too large or not UTF-8.
pub(crate) fn read_text(path: &Path, most: u64) -> Result<String, Diagnostic> {
    let shown = path.display().to_string();
    let mut file = File::open(path).map_err(|error| unreadable(&shown, why(&error)))?;
    match file.metadata() {
        Ok(about) if about.is_dir() => Err(unreadable(&shown, "it is a directory")),
        Ok(about) if about.len() > most => Err(too_large(&shown, most)),
        Ok(_) => text_of(&mut file, &shown, most),
        Err(error) => Err(unreadable(&shown, why(&error))),
    }
}

/// The text that `source`, called `shown`, holds: at most `most` bytes.
///
/// # Errors
///
/// A diagnostic without a place if it cannot be read, is too large or not UTF-8.
pub(crate) fn text_of(source: impl Read, shown: &str, most: u64) -> Result<String, Diagnostic> {
    let mut bytes = Vec::new();
    // Pipes and devices have no length: they are cut off where they become too long.
    let read = source.take(most + 1).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(shown, why(&error)))?;
    if bytes.len() as u64 > most {
        return Err(too_large(shown, most));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        let message = format!("`{shown}` is not UTF-8 text: line {line} has a byte that is not");
        Diagnostic::new(rule::NOT_UTF8, message).in_file(shown).help("save it as UTF-8")
    })
}

fn unreadable(shown: &str, why: &str) -> Diagnostic {
    let message = format!("cannot read `{shown}`: {why}");
    Diagnostic::new(rule::UNREADABLE, message).in_file(shown)
}

fn too_large(shown: &str, most: u64) -> Diagnostic {
    let message = format!("`{shown}` is larger than {} MiB", most >> 20);
    Diagnostic::new(rule::TOO_LARGE, message).in_file(shown)
}

fn why(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file",
        ErrorKind::PermissionDenied => "permission denied",
        ErrorKind::IsADirectory => "it is a directory",
        ErrorKind::NotADirectory => "a part of its path is not a directory",
        _ => "the system refuses",
    }
}
