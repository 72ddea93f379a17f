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
    "p95",
    "exposed",
];

/// The table, with lines above it that say how to read it. It holds ANSI colours; print it through
/// a stream that strips them where they are not wanted.
#[must_use]
pub fn render(scenario: &str, seed: u64, rows: &[Characteristic]) -> String {
    let cells: Vec<Vec<Cell>> = rows.iter().map(row).collect();
    let runs = rows.first().map_or(0, |row| row.runs);
    format!(
        "{scenario}: {} cases of {runs} runs, seed {seed}; 95% intervals of probabilities, means \
         \u{b1} half of theirs\n{}\n{}",
        rows.len(),
        stands(rows),
        columns::lay_out(&TITLES, &cells)
    )
}

/// In which strategy each gate stands: those of different ones cannot be compared as such.
fn stands(rows: &[Characteristic]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for row in rows {
        let line = format!("  {} alone in {}\n", row.gate, row.strategy);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.concat()
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
    let half = Some(format!(" {low}-{high}"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_each_case() {
        let never = Probability { share: 0.0, ci95: [0.0, 0.0876] };
        let case = |effect: f64, caught: Probability| Characteristic {
            gate: "limit".into(),
            strategy: "canary".into(),
            rate: Some(1500.0),
            effect,
            runs: 40,
            caught,
            passed: never,
            undecided: never,
            decision_s: Estimate::of(&[30.0, 60.0, 90.0]),
            caught_s: None,
            exposed: None,
        };
        let often = Probability { share: 0.525, ci95: [0.3752, 0.6706] };
        let table = render("case", 7, &[case(0.0, never), case(0.5, often)]);
        let table = anstream::adapter::strip_str(&table).to_string();
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[0].starts_with("case: 2 cases of 40 runs, seed 7; "), "{table}");
        assert_eq!(lines[1], "  limit alone in canary");
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        // 60 s and 30 t(2, 0.975) / sqrt(3), with t = 4.30265273 by SciPy.
        assert_eq!(
            words(lines[4]),
            "limit 1.5k good 0% 0-8.8 0% 0-8.8 0% 0-8.8 60 s \u{b1} 75 s 90 s -"
        );
        assert!(words(lines[5]).starts_with("limit 1.5k 0.5x 52.5% 37.5-67.1 0%"), "{table}");
    }
}
