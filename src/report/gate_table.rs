//! The gate workbench on the terminal: a row for each gate, rate and size of defect.

use anstyle::Style;

use super::columns::{self, Cell};
use super::number;
use crate::experiment::Estimate;
use crate::experiment::workbench::{Characteristic, Probability};

const TITLES: [&str; 9] = [
    "gate",
    "requests/s",
    "release",
    "rolled back",
    "let through",
    "no verdict",
    "decided after",
    "95% within",
    "requests exposed",
];

/// The table, with lines above it that say how to read it. It holds ANSI colours; print it through
/// a stream that strips them where they are not wanted.
#[must_use]
pub fn render(scenario: &str, seed: u64, rows: &[Characteristic]) -> String {
    let cells: Vec<Vec<Cell>> = rows.iter().map(row).collect();
    let runs = rows.first().map_or(0, |row| row.runs);
    format!(
        "{scenario}: {} cases of {runs} runs, seed {seed}; probabilities with their 95% intervals, \
         means \u{b1} half of theirs\n\n{}",
        rows.len(),
        columns::lay_out(&TITLES, &cells)
    )
}

fn row(one: &Characteristic) -> Vec<Cell> {
    let word = |text: String| Cell::Word { text, style: Style::new() };
    let seconds = |value: f64| number::duration(value);
    let tail = one.decision_s.map_or_else(|| "-".to_owned(), |all| seconds(all.p95));
    vec![
        word(one.gate.clone()),
        plain(rate(one.rate)),
        word(release(one.effect)),
        probability(one.caught),
        probability(one.passed),
        probability(one.undecided),
        mean(one.decision_s.as_ref(), seconds),
        plain(tail),
        mean(one.exposed.as_ref(), number::thousands),
    ]
}

/// A rate of requests in words.
#[must_use]
pub fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "as written".to_owned(), number::thousands)
}

/// A size of the defect in words.
#[must_use]
pub fn release(effect: f64) -> String {
    if effect == 0.0 { "good".to_owned() } else { format!("{}x", number::significant(effect, 4)) }
}

const fn plain(mean: String) -> Cell {
    Cell::Number { mean, half: None }
}

fn probability(one: Probability) -> Cell {
    let [low, high] = one.ci95.map(|end| number::significant((end * 1000.0).round() / 10.0, 3));
    let half = Some(format!(" ({low} to {high})"));
    Cell::Number { mean: number::percent(one.share, 3), half }
}

fn mean(estimate: Option<&Estimate>, say: impl Fn(f64) -> String) -> Cell {
    let Some(estimate) = estimate else { return plain("-".to_owned()) };
    let half = estimate
        .ci95
        .filter(|[low, high]| high > low)
        .map(|[low, high]| format!(" \u{b1} {}", say((high - low) / 2.0)));
    Cell::Number { mean: say(estimate.mean), half }
}
