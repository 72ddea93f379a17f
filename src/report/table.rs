//! The table on the terminal: a row per variant, what one looks at first.

use anstyle::{AnsiColor, Style};

use super::columns::{self, Cell};
use super::number;
use super::summary_json::{MixtureSummary, Summary, VariantSummary};

const WARN: Style = AnsiColor::Yellow.on_default();

/// How a metric is shown: the mean and half the width of its interval.
struct Column {
    title: &'static str,
    metric: &'static str,
    mean: fn(f64) -> String,
    half: fn(f64) -> String,
}

const COLUMNS: [Column; 6] = [
    Column { title: "duration", metric: "duration_s", mean: number::duration, half: half_duration },
    Column { title: "ready min", metric: "ready_min", mean: three_digits, half: two_digits },
    Column { title: "capacity min", metric: "capacity_min", mean: three_digits, half: two_digits },
    Column {
        title: "availability",
        metric: "availability",
        mean: number::availability,
        half: two_digits,
    },
    Column {
        title: "budget spent",
        metric: "error_budget_spent",
        mean: three_digits,
        half: two_digits,
    },
    Column { title: "p95 ratio", metric: "latency_p95_ratio", mean: ratio, half: half_ratio },
];

/// In seconds as far as the mean would be.
fn half_duration(seconds: f64) -> String {
    if seconds < 9.95 {
        format!("{} s", number::significant(seconds, 2))
    } else {
        number::duration(seconds)
    }
}

fn three_digits(share: f64) -> String {
    number::percent(share, 3)
}

fn two_digits(share: f64) -> String {
    number::significant(share * 100.0, 2)
}

fn ratio(value: f64) -> String {
    number::significant(value, 3)
}

fn half_ratio(value: f64) -> String {
    number::significant(value, 2)
}

/// The table, with a line above it that says how to read it. It holds ANSI colours; print it
/// through a stream that strips them where they are not wanted.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let mixtures = summary.mixtures.iter().map(mixture_row);
    let rows: Vec<Vec<Cell>> = summary.variants.iter().map(row).chain(mixtures).collect();
    let titles: Vec<&str> =
        ["variant", "outcome"].into_iter().chain(COLUMNS.map(|column| column.title)).collect();
    caption(summary) + &columns::lay_out(&titles, &rows)
}

fn caption(summary: &Summary) -> String {
    let runs: u64 = summary.variants.iter().map(|variant| u64::from(variant.replications)).sum();
    let count =
        |number: u64, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let has_interval = |variant: &VariantSummary| {
        let estimates = COLUMNS.iter().filter_map(|column| variant.metric(column.metric));
        estimates.into_iter().any(|estimate| estimate.ci95.is_some())
    };
    let has_interval = summary.variants.iter().any(has_interval);
    format!(
        "{}: {}, {}, seed {}{}\n\n",
        summary.scenario,
        count(summary.variants.len() as u64, "variant"),
        count(runs, "run"),
        summary.seed,
        if has_interval { "; means \u{b1} half of their 95% interval" } else { "" },
    )
}

fn row(variant: &VariantSummary) -> Vec<Cell> {
    let name = Cell::Word { text: variant.name.clone(), style: Style::new() };
    let numbers = COLUMNS.iter().map(|column| {
        let estimate = variant.metric(column.metric);
        number(column, estimate.map(|estimate| (estimate.mean, estimate.ci95)))
    });
    [name, outcome(variant)].into_iter().chain(numbers).collect()
}

/// Releases of several sorts together, with how often each outcome comes.
fn mixture_row(mixture: &MixtureSummary) -> Vec<Cell> {
    let name = Cell::Word { text: format!("{} (mix)", mixture.name), style: Style::new() };
    let shares = mixture.outcomes.iter();
    let text: Vec<String> = shares
        .map(|(outcome, share)| format!("{} {outcome}", number::percent(share.value, 3)))
        .collect();
    let outcome = Cell::Word { text: text.join(", "), style: Style::new() };
    let numbers = COLUMNS.iter().map(|column| {
        let estimate = mixture.metrics.get(column.metric);
        number(column, estimate.map(|estimate| (estimate.mean, estimate.ci95)))
    });
    [name, outcome].into_iter().chain(numbers).collect()
}

fn outcome(variant: &VariantSummary) -> Cell {
    let is_completed = variant.outcomes.keys().all(|name| name == "completed");
    let style = if is_completed { Style::new() } else { WARN };
    let text = match variant.outcomes.len() {
        1 => variant.outcomes.keys().cloned().collect(),
        _ => variant
            .outcomes
            .iter()
            .map(|(name, runs)| format!("{runs} {name}"))
            .collect::<Vec<_>>()
            .join(", "),
    };
    Cell::Word { text, style }
}

/// A mean with its interval.
fn number(column: &Column, estimate: Option<(f64, Option<[f64; 2]>)>) -> Cell {
    let Some((mean, ci95)) = estimate else {
        return Cell::Number { mean: "-".to_owned(), half: None };
    };
    let half = ci95
        .filter(|[low, high]| high > low)
        .map(|[low, high]| format!(" \u{b1} {}", (column.half)((high - low) / 2.0)));
    Cell::Number { mean: (column.mean)(mean), half }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;

    fn table(names: &[&str], replications: u32) -> String {
        let summary = Summary::of(&fixture::results(names, replications), "");
        anstream::adapter::strip_str(&render(&summary)).to_string()
    }

    #[test]
    fn a_row_for_each_variant() {
        assert_eq!(
            table(&["one-at-a-time", "recreate"], 3),
            "\
api-gateway: 2 variants, 6 runs, seed 7; means \u{b1} half of their 95% interval

variant        outcome         duration  ready min  capacity min      availability       \
budget spent  p95 ratio
one-at-a-time  completed  3m 12s \u{b1} 60 s      91.7%         91.7%  99.952% \u{b1} 0.0036  \
0.00463% \u{b1} 0.0014       1.08
recreate       completed    16 s \u{b1} 5 s          0%            0%      79% \u{b1} 5.2       \
0.618% \u{b1} 0.19            2
"
        );
    }

    #[test]
    fn a_single_run_has_no_interval() {
        let table = table(&["recreate"], 1);
        assert!(table.starts_with("api-gateway: 1 variant, 1 run, seed 7\n"), "{table}");
        assert!(!table.contains('\u{b1}'));
    }

    #[test]
    fn a_long_name_stands_above_its_row() {
        let name = "rolling rolling.max_unavailable=2 rolling.max_surge=3";
        let table = table(&[name, "surge"], 1);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[3], name);
        assert!(lines[4].starts_with("         completed"), "{table}");
        assert!(lines.iter().all(|line| line.len() <= 100));
    }

    #[test]
    fn other_outcomes_are_counted() {
        let mut results = fixture::results(&["surge"], 3);
        results.variants[0].runs[1].outcome = crate::sim::Outcome::Stalled;
        let summary = Summary::of(&results, "");
        assert!(render(&summary).contains("2 completed, 1 stalled"));
    }
}
