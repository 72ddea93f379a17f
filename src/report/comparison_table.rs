//! The table of differences: a row per variant, a column per metric, and what the pairing brought.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::columns::{Cell, Layout};
use super::number;
use crate::experiment::compare::{Comparison, Comparisons, Verdict};
use crate::measure::{METRICS, MetricKind, position};

const DIM: Style = AnsiColor::BrightBlack.on_default();

/// Prints the table, with lines above it that say how to read it; nothing where nothing could be
/// compared: fewer than two variants, or fewer than two runs of each. It holds ANSI colours.
///
/// # Errors
/// If it cannot be written, or what is to be shown cannot be read back.
pub fn print(comparisons: &mut Comparisons, out: &mut dyn Write) -> io::Result<()> {
    if comparisons.is_empty() {
        return Ok(());
    }
    let mut metrics: Vec<String> = Vec::new();
    let mut pairing = Pairing::default();
    for comparison in comparisons.all()? {
        let comparison = comparison?;
        pairing.see(&comparison);
        if !metrics.contains(&comparison.metric) {
            metrics.push(comparison.metric);
        }
    }
    let titles: Vec<&str> =
        std::iter::once("variant").chain(metrics.iter().map(String::as_str)).collect();
    let mut layout = Layout::new(&titles);
    by_variant(comparisons, |own| {
        layout.see(&row(own, &metrics));
        Ok(())
    })?;
    write!(out, "{}{}", caption(comparisons.base(), comparisons.len()), layout.header())?;
    by_variant(comparisons, |own| write!(out, "{}", layout.row(&row(own, &metrics))))?;
    write!(out, "{}{}", pairing.line(), left_out(comparisons, &metrics))
}

/// Which of the metrics that were asked for could not be compared at all.
fn left_out(comparisons: &Comparisons, found: &[String]) -> String {
    let is_missing = |name: &&str| !found.iter().any(|known| known == name);
    let missing: Vec<&str> = comparisons.metrics().filter(is_missing).collect();
    if missing.is_empty() {
        return String::new();
    }
    format!("\nNot compared, since fewer than two pairs of runs have it: {}.\n", missing.join(", "))
}

/// Calls `see` with the comparisons of each variant, which stand together.
fn by_variant(
    comparisons: &mut Comparisons,
    mut see: impl FnMut(&[Comparison]) -> io::Result<()>,
) -> io::Result<()> {
    let mut own: Vec<Comparison> = Vec::new();
    for comparison in comparisons.all()? {
        let comparison = comparison?;
        if own.first().is_some_and(|first| first.b != comparison.b) {
            see(&own)?;
            own.clear();
        }
        own.push(comparison);
    }
    if own.is_empty() { Ok(()) } else { see(&own) }
}

fn caption(base: &str, comparisons: usize) -> String {
    format!(
        "Differences from {base}, pair by pair on the same random numbers, \u{b1} half of their \
         95% interval.\n(=): tied, the data cannot separate them; the chance that any other \
         verdict is wrong is at most\n5% over all {comparisons} (Holm).\n\n"
    )
}

fn row(own: &[Comparison], metrics: &[String]) -> Vec<Cell> {
    let variant = own.first().map_or_else(String::new, |first| first.b.clone());
    let name = Cell::Word { text: variant, style: Style::new() };
    let cells = metrics.iter().map(|metric| {
        let found = own.iter().find(|comparison| comparison.metric == *metric);
        found.map_or_else(|| Cell::Number { mean: "-".to_owned(), half: None }, difference)
    });
    std::iter::once(name).chain(cells).collect()
}

fn difference(comparison: &Comparison) -> Cell {
    let kind = position(&comparison.metric).map_or(MetricKind::Amount, |at| METRICS[at].kind);
    let [low, high] = comparison.ci95;
    let half = (high - low) / 2.0;
    let sign = match comparison.difference {
        above if above > 0.0 => "+",
        below if below < 0.0 => "-",
        _ => "",
    };
    let is_tied = comparison.verdict == Verdict::Tied;
    let spread = if half > 0.0 {
        format!(" \u{b1} {}", shown(kind, half, 2).trim_end_matches('%'))
    } else {
        String::new()
    };
    let end = match (is_tied, spread.is_empty()) {
        (true, _) => Some(format!("{spread} (=)")),
        (false, false) => Some(spread),
        (false, true) => None,
    };
    Cell::Number {
        mean: format!("{sign}{}", shown(kind, comparison.difference.abs(), 3)),
        half: end,
    }
}

fn shown(kind: MetricKind, value: f64, digits: usize) -> String {
    match kind {
        MetricKind::Seconds if value.abs() < 9.95 => {
            format!("{} s", number::significant(value, digits))
        }
        MetricKind::Seconds => number::duration(value),
        MetricKind::Ratio => number::percent(value, digits),
        MetricKind::Count | MetricKind::Amount => number::significant(value, digits),
    }
}

/// What the common random numbers were worth: by comparison, the gain and the correlation. Where a
/// side, or the difference, does not vary there is nothing to gain.
#[derive(Default)]
struct Pairing {
    gains: Vec<f64>,
    correlations: Vec<f64>,
}

impl Pairing {
    fn see(&mut self, comparison: &Comparison) {
        if let Some((gain, correlation)) = comparison.gain.zip(comparison.correlation) {
            self.gains.push(gain);
            self.correlations.push(correlation);
        }
    }

    fn line(self) -> String {
        let middle = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied()
        };
        let (Some(gain), Some(correlation)) = (middle(self.gains), middle(self.correlations))
        else {
            return String::new();
        };
        if gain <= 1.0 {
            return format!(
                "\n{DIM}The common random numbers did not help (median correlation \
                 {}).{DIM:#}\n",
                number::significant(correlation, 2)
            );
        }
        format!(
            "\n{DIM}Without common random numbers it would have taken {} times as many runs \
             (median; correlation {}).{DIM:#}\n",
            number::significant(gain, 2),
            number::significant(correlation, 2)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::compare::{Family, Question};
    use crate::experiment::fixture;
    use crate::report::shown;

    fn table(names: &[&str], metrics: &[&str], replications: u32) -> Option<String> {
        let metrics: Vec<String> = metrics.iter().map(|&name| name.to_owned()).collect();
        let question = Question::new(names[0], &metrics);
        let mut family = Family::new(question.clone());
        for variant in fixture::results(names, replications).variants {
            let values = question.values(variant.runs.iter().map(|run| &run.metrics));
            family.add(&variant.name, values).expect("put aside");
        }
        let mut comparisons = family.finish();
        let table = shown::tests::printed(|out| print(&mut comparisons, out));
        (!table.is_empty()).then_some(table)
    }

    #[test]
    fn a_row_for_each_variant_but_the_base() {
        let table = table(&["one-at-a-time", "surge", "recreate"], &["duration_s", "ready_min"], 5);
        assert_eq!(
            table.as_deref(),
            Some(
                "\
Differences from one-at-a-time, pair by pair on the same random numbers, \u{b1} half of their 95% \
                 interval.
(=): tied, the data cannot separate them; the chance that any other verdict is wrong is at most
5% over all 4 (Holm).

variant       duration_s  ready_min
surge         0 s (=)        +8.33%
recreate  -2m 56s \u{b1} 22 s     -91.7%

Without common random numbers it would have taken 1.2 times as many runs (median; correlation 1).
"
            )
        );
    }

    #[test]
    fn what_cannot_gain_is_not_told_to_have_gained_nothing() {
        let always = table(&["one-at-a-time", "surge"], &["duration_s", "ready_min"], 5);
        assert!(always.is_some_and(|table| !table.contains("random numbers did not help")));
    }

    #[test]
    fn a_metric_that_no_run_has_is_not_left_out_in_silence() {
        let table = table(&["one-at-a-time", "surge"], &["duration_s", "page_s"], 5);
        let table = table.expect("durations are compared");
        assert!(table.ends_with("fewer than two pairs of runs have it: page_s.\n"), "{table}");
    }

    #[test]
    fn nothing_to_compare_has_no_table() {
        assert_eq!(table(&["surge"], &[], 5), None);
        assert_eq!(table(&["surge", "recreate"], &[], 1), None);
    }
}
