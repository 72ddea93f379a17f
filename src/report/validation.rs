//! Published against simulated, on the terminal: a row for each claim.

use anstyle::{AnsiColor, Style};

use super::columns::{self, Cell};
use super::number;
use crate::experiment::validation::{Expected, Finding, Tolerance, Unit};

const HOLDS: Style = AnsiColor::Green.on_default();
const BROKEN: Style = AnsiColor::Red.on_default().bold();
const TITLES: [&str; 7] =
    ["case", "source", "compared", "published", "simulated", "tolerance", "verdict"];

/// The table, with a line below it that counts. It holds ANSI colours; print it through a stream
/// that strips them where they are not wanted.
#[must_use]
pub fn render(findings: &[Finding]) -> String {
    let rows: Vec<Vec<Cell>> = findings.iter().map(row).collect();
    let broken = findings.iter().filter(|finding| !finding.holds).count();
    let table = columns::lay_out(&TITLES, &rows);
    let total = findings.len();
    let verdict = match broken {
        0 if total == 1 => "the claim holds".to_owned(),
        0 => format!("all {total} claims hold"),
        1 => format!("1 of {total} claims does not hold"),
        _ => format!("{broken} of {total} claims do not hold"),
    };
    format!("{table}\n{verdict}\n")
}

fn row(finding: &Finding) -> Vec<Cell> {
    let Finding { case, claim, simulated, other, holds } = finding;
    let unit = claim.unit;
    let show =
        |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| shown(unit, value));
    let (published, tolerance) = match claim.expected {
        Expected::Value(value, tolerance) => (shown(unit, value), said(unit, tolerance)),
        Expected::AtLeast(least) => (format!(">= {}", shown(unit, least)), "bound".to_owned()),
        Expected::AtMost(most) => (format!("<= {}", shown(unit, most)), "bound".to_owned()),
        Expected::MoreThan(_) => (format!("> {}", show(*other)), "ordering".to_owned()),
    };
    let (verdict, style) = if *holds { ("holds", HOLDS) } else { ("BROKEN", BROKEN) };
    vec![
        word(case.id),
        word(case.source),
        word(claim.what),
        Cell::Number { mean: published, half: None },
        Cell::Number { mean: show(*simulated), half: None },
        Cell::Number { mean: tolerance, half: None },
        Cell::Word { text: verdict.to_owned(), style },
    ]
}

fn word(text: &str) -> Cell {
    Cell::Word { text: text.to_owned(), style: Style::new() }
}

fn shown(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Seconds => format!("{} s", number::significant(value, 4)),
        Unit::Share => number::percent(value, 4),
        Unit::Count if value >= 1e6 => number::thousands(value),
        Unit::Count => number::significant(value, 6),
        Unit::Ratio => number::significant(value, 4),
    }
}

fn said(unit: Unit, tolerance: Tolerance) -> String {
    match tolerance {
        Tolerance::Exact => "exact".to_owned(),
        Tolerance::Share(share) => format!("\u{b1} {}", number::percent(share, 3)),
        Tolerance::Units(units) => format!("\u{b1} {}", shown(unit, units)),
        Tolerance::Interval99 => "99% CI".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::validation::cases;

    #[test]
    fn a_row_for_each_claim_and_a_count() {
        let case = *cases().iter().find(|case| case.id == "V13").expect("a case");
        let claim = &case.claims[0];
        let finding = |simulated, holds| Finding { case, claim, simulated, other: None, holds };
        let render =
            |findings: &[Finding]| anstream::adapter::strip_str(&render(findings)).to_string();
        let found = 3_673_800.0;
        assert_eq!(
            render(&[finding(Some(found), true)]),
            "case  source                 compared                   published  simulated  \
             tolerance  verdict\n\
             V13   crates.io, 2023-07-20  requests failed in 13 min       3.7M      3.67M       \
             \u{b1} 1%  holds\n\
             \nthe claim holds\n"
        );
        let table = render(&[finding(None, false), finding(Some(found), true)]);
        assert!(table.contains("  -  "), "{table}");
        assert!(table.ends_with("BROKEN\n") || table.contains("BROKEN"), "{table}");
        assert!(table.ends_with("\n1 of 2 claims does not hold\n"), "{table}");
    }
}
