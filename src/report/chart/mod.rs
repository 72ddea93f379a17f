//! The three charts of a result folder.

use std::collections::BTreeMap;

use super::summary_json::Summary;
use super::timeline_csv::Moment;

/// Variants that are drawn; of more, the first.
pub const MOST_PANELS: usize = 24;

/// What the charts are drawn from.
#[derive(Clone, Debug)]
pub struct Input {
    /// What stands in `summary.json`.
    pub summary: Summary,
    /// The rows of `timeline.csv` of the variants that are drawn.
    pub moments: BTreeMap<String, Vec<Moment>>,
}

/// A kind of picture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines and text.
    Svg,
    /// Pixels.
    Png,
}

/// A chart could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("a chart cannot be drawn: {0}")]
pub struct ChartError(String);

/// Every chart in every one of `formats`: names and contents.
///
/// # Errors
/// If one cannot be drawn.
pub fn render_all(
    _input: &Input,
    _formats: &[Format],
) -> Result<Vec<(&'static str, Vec<u8>)>, ChartError> {
    Ok(Vec::new())
}
