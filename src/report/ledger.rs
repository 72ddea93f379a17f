//! The ledger on the terminal: what failed requests are charged to, and when they were sent.

use std::io::{self, Write};

use anstyle::Style;

use super::columns::{Cell, Layout};
use super::number;
use super::shown::{Line, Shown};

/// Charges in the order in which they apply, and phases in the order of a rollout.
const ENTRIES: [(&str, &str); 12] = [
    ("failed_by_drain_race", "drain race"),
    ("failed_by_crash", "crash"),
    ("failed_by_overload", "overload"),
    ("failed_by_cold_start", "cold start"),
    ("failed_by_bad_release", "bad release"),
    ("failed_by_mixed_versions", "mixed versions"),
    ("failed_by_dependency", "dependency"),
    ("failed_by_injected_fault", "injected fault"),
    ("failed_in_rolling_out", "rolling out"),
    ("failed_in_baking", "baking"),
    ("failed_in_rolling_back", "rolling back"),
    ("failed_in_settling", "settling"),
];

/// Prints the table: failed requests of each variant, mean over its runs, by what they are charged
/// to and by the phase in which they were sent; each adds up to `failed`. Entries that are nothing
/// everywhere are left out.
///
/// # Errors
/// If it cannot be written, or what is to be shown cannot be read back.
pub fn print(shown: &mut Shown, out: &mut dyn Write) -> io::Result<()> {
    let mut is_seen = [false; ENTRIES.len()];
    for line in shown.lines.variants.records()? {
        let line = line?;
        for (is_seen, (metric, _)) in is_seen.iter_mut().zip(ENTRIES) {
            *is_seen |= mean(&line, metric) > 0.0;
        }
    }
    let seen = ENTRIES.into_iter().zip(is_seen).filter_map(|(entry, is)| is.then_some(entry));
    let (metrics, names): (Vec<&str>, Vec<&str>) = seen.unzip();
    let titles: Vec<&str> = ["variant", "failed"].into_iter().chain(names).collect();
    let mut layout = Layout::new(&titles);
    for line in shown.lines.variants.records()? {
        layout.see(&row(&line?, &metrics));
    }
    let caption = "Failed requests a run, charged to the first cause that applies, and by the \
                   phase in which they were sent\n\n";
    write!(out, "{caption}{}", layout.header())?;
    for line in shown.lines.variants.records()? {
        write!(out, "{}", layout.row(&row(&line?, &metrics)))?;
    }
    Ok(())
}

fn mean(line: &Line, metric: &str) -> f64 {
    line.metric(metric).map_or(0.0, |told| told.mean)
}

fn row(line: &Line, metrics: &[&str]) -> Vec<Cell> {
    let name = Cell::Word { text: line.name.clone(), style: Style::new() };
    let numbers = ["failed"]
        .iter()
        .chain(metrics)
        .map(|metric| Cell::Number { mean: number::thousands(mean(line, metric)), half: None });
    [name].into_iter().chain(numbers).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;
    use crate::report::shown;
    use crate::report::summary_json::Summary;

    #[test]
    fn only_what_there_is() {
        let mut summary = Summary::of(&fixture::results(&["surge"], 2), "");
        let metrics = &mut summary.variants[0].metrics;
        for (metric, _) in ENTRIES {
            metrics.remove(metric);
        }
        let mut failed = metrics["failed"];
        failed.mean = 1_200.0;
        metrics.insert("failed".into(), failed);
        metrics.insert("failed_by_overload".into(), failed);
        metrics.insert("failed_in_rolling_out".into(), failed);
        let mut shown = shown::tests::of(&summary);
        let table = shown::tests::printed(|out| print(&mut shown, out));
        let lines: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>().len(), 5, "{table}");
        assert!(lines[0].ends_with("failed  overload  rolling out"), "{table}");
        assert!(lines[1].starts_with("surge"), "{table}");
    }
}
