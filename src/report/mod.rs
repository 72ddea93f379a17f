//! How is it shown? One file per format, all of them from the same results.
//!
//! [`write()`] makes a result folder. Charts are drawn from the files just written, so that redoing
//! them later gives the same bytes. This room knows formats, numbers on screens and pictures. It
//! must not know how results came about, and prints nothing itself.

pub mod advice;
pub mod baseline;
pub mod chart;
pub mod check;
mod columns;
pub mod comparison_table;
mod digits;
mod events_csv;
pub mod folder;
pub mod gate_csv;
pub mod gate_table;
pub mod ledger;
mod ledger_csv;
pub mod number;
mod runs_csv;
pub mod sensitivity_csv;
pub mod sensitivity_json;
pub mod sensitivity_table;
pub mod shown;
mod summary_csv;
pub mod summary_json;
pub mod table;
mod table_file;
mod timeline_csv;
pub mod tune;
pub mod validation;
pub mod variance_note;
mod writer;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

pub use chart::Format;
use folder::{Folder, FolderError};
use shown::Shown;
use summary_json::Charted;
pub use table_file::Heading;
pub use writer::{VariantRows, Writer};

use crate::experiment::sensitivity::Sensitivity;
use crate::experiment::tune::Answer;
use crate::experiment::workbench::Characteristic;
use crate::experiment::{Results, Unsettled};

/// Why a report cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The folder cannot be used or written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file of a result folder is missing or not what a run writes.
    #[error("cannot read `{name}`: {reason}")]
    Unreadable {
        /// Which file.
        name: String,
        /// Why.
        reason: String,
    },
    /// A chart cannot be drawn.
    #[error(transparent)]
    Chart(#[from] chart::ChartError),
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    /// The names of the files, in order.
    pub names: Vec<&'static str>,
    /// BLAKE3 of `runs.csv`, hexadecimal.
    pub digest: String,
    /// What of it is told on a terminal.
    pub shown: Shown,
    /// The first variant whose baseline is not that of a settled fleet.
    pub unsettled: Option<(String, Unsettled)>,
    /// How many more variants are like that.
    pub more_unsettled: usize,
}

/// Fills `folder` with every file of `results` and puts it in its place.
///
/// # Errors
/// If something cannot be written; the old folder then stays as it was.
pub fn write(
    results: &Results,
    folder: Folder,
    formats: &[Format],
) -> Result<Written, ReportError> {
    let heading = Heading::of_results(results);
    let mut writer = Writer::new(heading.clone(), folder)?;
    for variant in &results.variants {
        writer.append(VariantRows::of(&heading, variant.clone()))?;
    }
    writer.finish(formats)
}

/// Fills `folder` with what the gate workbench found and puts it in its place; the names of the
/// files.
///
/// # Errors
/// If something cannot be written; the old folder then stays as it was.
pub fn write_gates(
    scenario: &str,
    rows: &[Characteristic],
    mut folder: Folder,
    formats: &[Format],
) -> Result<Vec<&'static str>, ReportError> {
    folder.write("gate.csv", |out| gate_csv::render(rows, out))?;
    for &format in formats {
        let name = match format {
            Format::Svg => "gate.svg",
            Format::Png => "gate.png",
        };
        let content = chart::render_power(scenario, rows, format)?;
        folder.write(name, |out| out.write_all(&content))?;
    }
    let names = folder.names().to_vec();
    folder.commit()?;
    Ok(names)
}

/// Fills `folder` with what a search found and puts it in its place; the names of the files.
///
/// # Errors
/// If something cannot be written; the old folder then stays as it was.
pub fn write_search(
    scenario: &str,
    answer: &Answer,
    mut folder: Folder,
    formats: &[Format],
) -> Result<Vec<&'static str>, ReportError> {
    folder.write("tune.csv", |out| tune::csv::render(answer, out))?;
    for &format in formats {
        let name = match format {
            Format::Svg => "tune.svg",
            Format::Png => "tune.png",
        };
        let content = chart::render_search(scenario, answer, format)?;
        folder.write(name, |out| out.write_all(&content))?;
    }
    let names = folder.names().to_vec();
    folder.commit()?;
    Ok(names)
}

/// Fills `folder` with what a sensitivity study of `strategy` found and puts it in its place; the
/// names of the files.
///
/// # Errors
/// If something cannot be written; the old folder then stays as it was.
pub fn write_sensitivity(
    (scenario, strategy): (&str, &str),
    found: &Sensitivity,
    mut folder: Folder,
    formats: &[Format],
) -> Result<Vec<&'static str>, ReportError> {
    folder.write("sensitivity.csv", |out| sensitivity_csv::render(found, out))?;
    for &format in formats {
        let name = match format {
            Format::Svg => "sensitivity.svg",
            Format::Png => "sensitivity.png",
        };
        let content = chart::render_tornado(scenario, strategy, found, format)?;
        folder.write(name, |out| out.write_all(&content))?;
    }
    let names = folder.names().to_vec();
    folder.commit()?;
    Ok(names)
}

/// Draws the charts of an existing result folder again; the names of the files.
///
/// # Errors
/// If a file that they need is missing or not what a run writes, or a chart cannot be written.
pub fn redraw(folder: &Path, formats: &[Format]) -> Result<Vec<&'static str>, ReportError> {
    let charts = chart::render_all(&read(folder)?, formats)?;
    for (name, content) in &charts {
        folder::replace(folder, name, content)?;
    }
    Ok(charts.into_iter().map(|(name, _)| name).collect())
}

/// What charts need of a result folder.
fn read(folder: &Path) -> Result<chart::Input, ReportError> {
    let charted = Charted::read(open(folder, "summary.json")?)
        .map_err(|error| unreadable("summary.json", error))?;
    with_series(folder, chart::Input::new(&charted.scenario, charted.variants))
}

/// With what charts need besides the summary.
fn with_series(folder: &Path, mut input: chart::Input) -> Result<chart::Input, ReportError> {
    let names: Vec<&str> = input.shown().iter().map(|variant| variant.name.as_str()).collect();
    let moments = timeline_csv::read(open(folder, "timeline.csv")?, &names)
        .map_err(|error| unreadable("timeline.csv", error))?;
    let ledger = ledger_csv::read(open(folder, "ledger.csv")?, &names)
        .map_err(|error| unreadable("ledger.csv", error))?;
    (input.moments, input.ledger) = (moments, ledger);
    Ok(input)
}

fn open(folder: &Path, name: &str) -> Result<BufReader<File>, ReportError> {
    File::open(folder.join(name)).map(BufReader::new).map_err(|error| unreadable(name, error))
}

fn unreadable(name: &str, reason: impl std::fmt::Display) -> ReportError {
    ReportError::Unreadable { name: name.to_owned(), reason: reason.to_string() }
}
