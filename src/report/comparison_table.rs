//! The table of differences: a row per variant, a column per metric, and what the pairing brought.

use anstyle::{AnsiColor, Style};

use super::columns::{self, Cell};
use super::number;
use crate::experiment::compare::{Comparison, Verdict};
use crate::measure::{METRICS, MetricKind, position};

const DIM: Style = AnsiColor::BrightBlack.on_default();

/// The table, with lines above it that say how to read it; none where nothing could be compared:
/// fewer than two variants, or fewer than two runs of each. It holds ANSI colours.
#[must_use]
pub fn render(comparisons: &[Comparison]) -> Option<String> {
    let base = &comparisons.first()?.a;
    let mut metrics: Vec<&str> = Vec::new();
    let mut variants: Vec<&str> = Vec::new();
    for comparison in comparisons {
        if !metrics.contains(&comparison.metric.as_str()) {
            metrics.push(&comparison.metric);
        }
        // They stand variant by variant.
        if variants.last() != Some(&comparison.b.as_str()) {
            variants.push(&comparison.b);
        }
    }
    let mut rows = Vec::with_capacity(variants.len());
    let mut rest = comparisons;
    for variant in variants {
        let count = rest.iter().take_while(|comparison| comparison.b == variant).count();
        let (own, others) = rest.split_at(count);
        rest = others;
        rows.push(row(variant, own, &metrics));
    }
    let titles: Vec<&str> = std::iter::once("variant").chain(metrics).collect();
    Some(caption(base, comparisons) + &columns::lay_out(&titles, &rows) + &pairing(comparisons))
}

fn caption(base: &str, comparisons: &[Comparison]) -> String {
    format!(
        "Differences from {base}, pair by pair on the same random numbers, \u{b1} half of their \
         95% interval.\n(=): tied, the data cannot separate them; the chance that any other \
         verdict is wrong is at most\n5% over all {} (Holm).\n\n",
        comparisons.len()
    )
}

fn row(variant: &str, own: &[Comparison], metrics: &[&str]) -> Vec<Cell> {
    let name = Cell::Word { text: variant.to_owned(), style: Style::new() };
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

/// What the common random numbers were worth.
fn pairing(comparisons: &[Comparison]) -> String {
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    // Where a side, or the difference, does not vary there is nothing to gain.
    let both = comparisons.iter().filter_map(|one| one.gain.zip(one.correlation));
    let (gains, correlations): (Vec<f64>, Vec<f64>) = both.unzip();
    let (Some(gain), Some(correlation)) = (middle(gains), middle(correlations)) else {
        return String::new();
    };
    if gain <= 1.0 {
        return format!(
            "\n{DIM}The common random numbers did not help (median correlation {}).{DIM:#}\n",
            number::significant(correlation, 2)
        );
    }
    format!(
        "\n{DIM}Without common random numbers it would have taken {} times as many runs (median; \
         correlation {}).{DIM:#}\n",
        number::significant(gain, 2),
        number::significant(correlation, 2)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::compare::{Family, Question};
    use crate::experiment::fixture;

    fn table(names: &[&str], metrics: &[&str], replications: u32) -> Option<String> {
        let metrics: Vec<String> = metrics.iter().map(|&name| name.to_owned()).collect();
        let question = Question::new(names[0], &metrics);
        let mut family = Family::new(question.clone());
        for variant in fixture::results(names, replications).variants {
            family.add(&variant.name, question.values(variant.runs.iter().map(|run| &run.metrics)));
        }
        Some(anstream::adapter::strip_str(&render(&family.finish())?).to_string())
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
    fn nothing_to_compare_has_no_table() {
        assert_eq!(table(&["surge"], &[], 5), None);
        assert_eq!(table(&["surge", "recreate"], &[], 1), None);
    }
}
