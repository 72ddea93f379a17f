//! Columns of numbers from CSV files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::random::Law;
use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::diagnostic::nearest::nearest;
use crate::scenario::diagnostic::source::{Shown, Sources, Span};
use crate::scenario::input;
use crate::scenario::rule;
use crate::units::{SimDuration, SimTime};

/// Longest time in a file, seconds: ten years of 365 days.
const LONGEST_SECONDS: f64 = 10.0 * 365.0 * 86_400.0;
/// Most characters of a line that are kept to be shown.
const LONGEST_LINE: usize = 500;

/// CSV files relative to a folder; each is read once for each choice of columns.
#[derive(Debug)]
pub(crate) struct Tables {
    folder: PathBuf,
    samples: BTreeMap<[String; 2], Result<Law, Diagnostic>>,
    steps: BTreeMap<[String; 3], Result<Steps, Diagnostic>>,
    hashes: BTreeMap<String, blake3::Hash>,
}

/// Times from zero and the rate from each on.
pub(crate) type Steps = Arc<[(SimTime, f64)]>;

impl Tables {
    /// Files relative to `folder`.
    pub(crate) const fn new(folder: PathBuf) -> Self {
        Self { folder, samples: BTreeMap::new(), steps: BTreeMap::new(), hashes: BTreeMap::new() }
    }

    /// The files that were read, as they are named, with the hashes of their texts.
    pub(crate) const fn read_so_far(&self) -> &BTreeMap<String, blake3::Hash> {
        &self.hashes
    }

    /// The durations in a column, in seconds, each as likely.
    ///
    /// # Errors
    ///
    /// A diagnostic at the CSV's line, or at `asked` (where the file is named) if it cannot be
    /// read.
    pub(crate) fn samples(
        &mut self,
        [file, column]: [&str; 2],
        asked: &Span,
        sources: &mut Sources,
    ) -> Result<Law, Diagnostic> {
        let key = [file, column].map(str::to_owned);
        if !self.samples.contains_key(&key) {
            let mut samples = Vec::new();
            let read = self.read(file, &[column], sources, &mut |numbers| {
                if numbers[0] > LONGEST_SECONDS {
                    return Err(format!("{} s is longer than ten years", numbers[0]));
                }
                samples.push(SimDuration::from_secs_f64(numbers[0]));
                Ok(())
            });
            let law = read.map(|()| {
                samples.sort_unstable();
                Law::Empirical(samples.into())
            });
            self.samples.insert(key.clone(), law);
        }
        self.samples[&key].clone().map_err(|error| about(error, asked))
    }

    /// A column of rates as steps in time; the first time of the other column, in seconds, is
    /// zero.
    ///
    /// # Errors
    ///
    /// As [`Tables::samples`].
    pub(crate) fn steps(
        &mut self,
        [file, time, rate]: [&str; 3],
        asked: &Span,
        sources: &mut Sources,
    ) -> Result<Steps, Diagnostic> {
        let key = [file, time, rate].map(str::to_owned);
        if !self.steps.contains_key(&key) {
            let mut steps: Vec<(SimTime, f64)> = Vec::new();
            let mut origin = None;
            let read = self.read(file, &[time, rate], sources, &mut |numbers| {
                let seconds = numbers[0] - *origin.get_or_insert(numbers[0]);
                let at = SimTime::ZERO + SimDuration::from_secs_f64(seconds);
                if steps.last().is_some_and(|(before, _)| at <= *before) {
                    return Err(format!("the times in column `{time}` must rise from row to row"));
                }
                if seconds > LONGEST_SECONDS {
                    return Err("the trace is longer than ten years".to_owned());
                }
                steps.push((at, numbers[1]));
                Ok(())
            });
            self.steps.insert(key.clone(), read.map(|()| steps.into()));
        }
        self.steps[&key].clone().map_err(|error| about(error, asked))
    }

    /// Calls `see` with the numbers of each row in the named columns.
    fn read(
        &mut self,
        file: &str,
        columns: &[&str],
        sources: &mut Sources,
        see: &mut See<'_>,
    ) -> Result<(), Diagnostic> {
        let path = self.folder.join(file);
        let text = input::read_text(&path, input::MOST_CSV)?;
        self.hashes.insert(file.to_owned(), blake3::hash(text.as_bytes()));
        parse(&text, columns, see).map_err(|fault| fault.into_diagnostic(&path, &text, sources))
    }
}

/// What has no place of its own is shown where the file is asked for.
fn about(error: Diagnostic, asked: &Span) -> Diagnostic {
    match error.place {
        crate::scenario::diagnostic::Place::At(_) => error.because(asked.clone(), "read here"),
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

/// Told of a row: its numbers in the columns asked for, finite and not negative.
type See<'a> = dyn FnMut(&[f64]) -> Result<(), String> + 'a;

fn parse(text: &str, columns: &[&str], see: &mut See<'_>) -> Result<(), Fault> {
    let fault = |line: u64, message: String| Fault { line, message, help: None };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| in_csv(text, &error))?.clone();
    let positions =
        columns.iter().map(|name| position(&header, name)).collect::<Result<Vec<_>, _>>()?;
    let mut record = csv::StringRecord::new();
    let mut numbers = Vec::with_capacity(columns.len());
    let mut is_empty = true;
    while reader.read_record(&mut record).map_err(|error| in_csv(text, &error))? {
        let line = || record.position().map_or(1, |position| line_of(text, position));
        numbers.clear();
        for (position, name) in positions.iter().zip(columns) {
            let field = record.get(*position).unwrap_or_default();
            numbers.push(number(field, name).map_err(|message| fault(line(), message))?);
        }
        see(&numbers).map_err(|message| fault(line(), message))?;
        is_empty = false;
    }
    if is_empty {
        return Err(fault(1, "there are no rows below the header".into()));
    }
    Ok(())
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
        let mut rows: Vec<Vec<f64>> = Vec::new();
        let read = parse(text, columns, &mut |row| {
            rows.push(row.to_vec());
            Ok(())
        });
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        let read = match &read {
            Ok(()) => Ok(rows),
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
