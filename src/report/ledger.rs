//! The ledger on the terminal: what failed requests are charged to, and when they were sent.

use anstyle::Style;

use super::columns::{self, Cell};
use super::number;
use super::summary_json::{Summary, VariantSummary};

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

/// The table: failed requests of each variant, mean over its runs, by what they are charged to and
/// by the phase in which they were sent; each adds up to `failed`. Entries that are nothing
/// everywhere are left out.
#[must_use]
pub fn render(summary: &Summary) -> String {
    let mean = |variant: &VariantSummary, metric| {
        variant.metric(metric).map_or(0.0, |estimate| estimate.mean)
    };
    let is_seen = |metric| summary.variants.iter().any(|variant| mean(variant, metric) > 0.0);
    let seen: Vec<_> = ENTRIES.into_iter().filter(|&(metric, _)| is_seen(metric)).collect();
    let titles: Vec<&str> =
        ["variant", "failed"].into_iter().chain(seen.iter().map(|&(_, title)| title)).collect();
    let rows: Vec<Vec<Cell>> = summary
        .variants
        .iter()
        .map(|variant| {
            let name = Cell::Word { text: variant.name.clone(), style: Style::new() };
            let metrics = ["failed"].into_iter().chain(seen.iter().map(|&(metric, _)| metric));
            let numbers = metrics.map(|metric| Cell::Number {
                mean: number::thousands(mean(variant, metric)),
                half: None,
            });
            [name].into_iter().chain(numbers).collect()
        })
        .collect();
    let caption = "Failed requests a run, charged to the first cause that applies, and by the \
                   phase in which they were sent\n\n";
    caption.to_owned() + &columns::lay_out(&titles, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;

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
        let table = anstream::adapter::strip_str(&render(&summary)).to_string();
        let lines: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>().len(), 5, "{table}");
        assert!(lines[0].ends_with("failed  overload  rolling out"), "{table}");
        assert!(lines[1].starts_with("surge"), "{table}");
    }
}
