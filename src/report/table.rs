//! The table on the terminal: a row per variant, what one looks at first.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::columns::{Cell, Layout};
use super::number;
use super::shown::{Line, Shown, Told};
use super::summary_json::{MixtureSummary, VariantSummary};

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

/// Prints the table, with a line above it that says how to read it. It holds ANSI colours; `out`
/// is to strip them where they are not wanted.
///
/// # Errors
/// If it cannot be written, or what is to be shown cannot be read back.
pub fn print(shown: &mut Shown, out: &mut dyn Write) -> io::Result<()> {
    let titles: Vec<&str> =
        ["variant", "outcome"].into_iter().chain(COLUMNS.map(|column| column.title)).collect();
    let mut layout = Layout::new(&titles);
    let (mut runs, mut has_interval) = (0, false);
    for line in shown.lines.variants.records()? {
        let line = line?;
        layout.see(&row(&line));
        runs += u64::from(line.replications);
        has_interval |= has_some_interval(&line);
    }
    for line in shown.lines.mixtures.records()? {
        layout.see(&row(&line?));
    }
    write!(out, "{}{}", caption(shown, runs, has_interval), layout.header())?;
    for line in shown.lines.all()? {
        write!(out, "{}", layout.row(&row(&line?)))?;
    }
    Ok(())
}

fn caption(shown: &Shown, runs: u64, has_interval: bool) -> String {
    let count =
        |number: u64, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    format!(
        "{}: {}, {}, seed {}{}\n\n",
        shown.scenario,
        count(shown.lines.variants.len() as u64, "variant"),
        count(runs, "run"),
        shown.seed,
        if has_interval { "; means \u{b1} half of their 95% interval" } else { "" },
    )
}

fn has_some_interval(line: &Line) -> bool {
    let told = COLUMNS.iter().filter_map(|column| line.metric(column.metric));
    told.into_iter().any(|told| told.ci95.is_some())
}

fn row(line: &Line) -> Vec<Cell> {
    let name = Cell::Word { text: line.name.clone(), style: Style::new() };
    let style = if line.is_completed { Style::new() } else { WARN };
    let outcome = Cell::Word { text: line.outcome.clone(), style };
    let numbers = COLUMNS.iter().map(|column| number(column, line.metric(column.metric)));
    [name, outcome].into_iter().chain(numbers).collect()
}

/// How often each outcome of releases of several sorts comes.
pub(super) fn shares(mixture: &MixtureSummary) -> String {
    let shares = mixture.outcomes.iter();
    let text: Vec<String> = shares
        .map(|(outcome, share)| format!("{} {outcome}", number::percent(share.value, 3)))
        .collect();
    text.join(", ")
}

/// How the runs of a variant ended.
pub(super) fn outcomes(variant: &VariantSummary) -> String {
    match variant.outcomes.len() {
        1 => variant.outcomes.keys().cloned().collect(),
        _ => variant
            .outcomes
            .iter()
            .map(|(name, runs)| format!("{runs} {name}"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// A mean with its interval.
fn number(column: &Column, told: Option<&Told>) -> Cell {
    let Some(&Told { mean, ci95, .. }) = told else {
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
    use crate::experiment::{Results, fixture};
    use crate::report::shown;
    use crate::report::summary_json::Summary;

    fn table(names: &[&str], replications: u32) -> String {
        printed_of(&fixture::results(names, replications))
    }

    fn printed_of(results: &Results) -> String {
        let mut shown = shown::tests::of(&Summary::of(results, ""));
        shown::tests::printed(|out| print(&mut shown, out))
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
        assert!(printed_of(&results).contains("2 completed, 1 stalled"));
    }
}
