//! Columns of numbers from CSV files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::diagnostic::Diagnostic;
use super::input;
use super::nearest::nearest;
use super::rule;
use super::source::{Shown, Sources, Span};

/// Most characters of a line that are kept to be shown.
const LONGEST_LINE: usize = 500;

/// CSV files relative to a folder; each text is read once.
#[derive(Debug)]
pub(super) struct Tables {
    folder: PathBuf,
    texts: BTreeMap<PathBuf, Result<Arc<str>, Diagnostic>>,
    columns: BTreeMap<(PathBuf, Vec<String>), Result<Rows, Diagnostic>>,
}

/// The wanted columns, row by row; one `Vec` for each row.
pub(super) type Rows = Arc<[Row]>;

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// Its line in the file, from 1.
    pub(super) line: u64,
    /// Its numbers, in the order in which the columns were asked for; finite, not negative.
    pub(super) numbers: Vec<f64>,
}

impl Tables {
    /// Files relative to `folder`.
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder, texts: BTreeMap::new(), columns: BTreeMap::new() }
    }

    /// The numbers of the named columns of `file`.
    ///
    /// # Errors
    ///
    /// A diagnostic at the CSV's line, or at `asked` (where the file is named) if there is no such
    /// file.
    pub(super) fn read(
        &mut self,
        file: &str,
        columns: &[&str],
        asked: &Span,
        sources: &mut Sources,
    ) -> Result<Rows, Diagnostic> {
        let path = self.folder.join(file);
        let names: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
        let key = (path.clone(), names);
        if let Some(known) = self.columns.get(&key) {
            return known.clone().map_err(|error| about(error, asked));
        }
        let text = self
            .texts
            .entry(path.clone())
            .or_insert_with(|| input::read_text(&path, input::MOST_CSV).map(Arc::from))
            .clone();
        let rows = text.and_then(|text| {
            parse(&text, columns).map_err(|fault| fault.into_diagnostic(&path, &text, sources))
        });
        self.columns.insert(key, rows.clone());
        rows.map_err(|error| about(error, asked))
    }

    /// A diagnostic at a line of a file that has been read.
    pub(super) fn at_line(
        &self,
        file: &str,
        line: u64,
        message: String,
        sources: &mut Sources,
    ) -> Diagnostic {
        let path = self.folder.join(file);
        let text = match self.texts.get(&path) {
            Some(Ok(text)) => text.as_ref(),
            _ => "",
        };
        Fault { line, message, help: None }.into_diagnostic(&path, text, sources)
    }
}

/// What has no place of its own is shown where the file is asked for.
fn about(error: Diagnostic, asked: &Span) -> Diagnostic {
    match error.place {
        super::diagnostic::Place::At(_) => error.because(asked.clone(), "read here"),
        _ => error.at(asked.clone(), ""),
    }
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    line: u64,
    message: String,
    help: Option<String>,
}

impl Fault {
    fn into_diagnostic(self, path: &Path, text: &str, sources: &mut Sources) -> Diagnostic {
        let number = usize::try_from(self.line).unwrap_or(1).max(1);
        let line = text.lines().nth(number - 1).unwrap_or_default();
        // A line may be as long as the file.
        let line: String = line.chars().take(LONGEST_LINE).collect();
        let length = line.len();
        let start = sources.add(Shown::File {
            path: path.display().to_string(),
            text: line,
            first_line: number,
        });
        let diagnostic = Diagnostic::new(rule::CSV, self.message).at(start..start + length, "");
        match self.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }
}

fn parse(text: &str, columns: &[&str]) -> Result<Rows, Fault> {
    let fault = |line: u64, message: String| Fault { line, message, help: None };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| in_csv(text, &error))?.clone();
    let positions =
        columns.iter().map(|name| position(&header, name)).collect::<Result<Vec<_>, _>>()?;
    let mut rows = Vec::new();
    for record in reader.into_records() {
        let record = record.map_err(|error| in_csv(text, &error))?;
        let line = record.position().map_or(1, |position| line_of(text, position));
        let numbers = positions
            .iter()
            .zip(columns)
            .map(|(position, name)| number(record.get(*position).unwrap_or_default(), name))
            .collect::<Result<Vec<f64>, String>>()
            .map_err(|message| fault(line, message))?;
        rows.push(Row { line, numbers });
    }
    if rows.is_empty() {
        return Err(fault(1, "there are no rows below the header".into()));
    }
    Ok(rows.into())
}

/// The line that a record is on: its position is where the one before ended, empty lines or not.
fn line_of(text: &str, position: &csv::Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let empty = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
    position.line() + empty.filter(|byte| **byte == b'\n').count() as u64
}

fn position(header: &csv::StringRecord, name: &str) -> Result<usize, Fault> {
    header.iter().position(|column| column == name).ok_or_else(|| {
        let help = match nearest(name, header) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let names: Vec<String> = header.iter().map(|name| format!("`{name}`")).collect();
                format!("the first line names the columns: {}", names.join(", "))
            }
        };
        Fault { line: 1, message: format!("there is no column `{name}`"), help: Some(help) }
    })
}

fn number(text: &str, column: &str) -> Result<f64, String> {
    let value: f64 =
        text.parse().map_err(|_| format!("`{text}` in column `{column}` is not a number"))?;
    if !value.is_finite() {
        return Err(format!("`{text}` in column `{column}` is not finite"));
    }
    if value < 0.0 {
        return Err(format!("`{text}` in column `{column}` is negative"));
    }
    Ok(value)
}

fn in_csv(text: &str, error: &csv::Error) -> Fault {
    let line = error.position().map_or(1, |position| line_of(text, position));
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the line has {len} fields and the header {expected_len}")
        }
        _ => "the line is not CSV".to_owned(),
    };
    Fault { line, message, help: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, columns: &[&str], expected: Result<&[&[f64]], (u64, &str)>) {
        let read = parse(text, columns);
        let read = match &read {
            Ok(rows) => Ok(rows.iter().map(|row| row.numbers.as_slice()).collect::<Vec<_>>()),
            Err(fault) => Err((fault.line, fault.message.as_str())),
        };
        assert_eq!(read, expected.map(<[&[f64]]>::to_vec), "{text}");
    }

    #[test]
    fn columns_are_read_by_name() {
        check("a,b,c\n1,2,3\n4,5,6\n", &["c", "a"], Ok(&[&[3.0, 1.0], &[6.0, 4.0]]));
        check(" a ,\"b\"\r\n 1 , 2.5e1\r\n", &["b"], Ok(&[&[25.0]]));
    }

    #[test]
    fn faults_name_their_line() {
        for (text, expected) in [
            ("", (1, "there is no column `a`")),
            ("b\n1\n", (1, "there is no column `a`")),
            ("a\n", (1, "there are no rows below the header")),
            ("a\n1\n\nx\n", (4, "`x` in column `a` is not a number")),
            ("a\n1\ninf\n", (3, "`inf` in column `a` is not finite")),
            ("a\n1\nNaN\n", (3, "`NaN` in column `a` is not finite")),
            ("a\n-1\n", (2, "`-1` in column `a` is negative")),
            ("a,b\n1,2\n3\n", (3, "the line has 1 fields and the header 2")),
            ("a,b\n1,2\n,3\n", (3, "`` in column `a` is not a number")),
        ] {
            check(text, &["a"], Err(expected));
        }
    }
}
