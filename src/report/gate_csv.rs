//! `gate.csv`: what each gate does to each size of defect at each rate.

use std::io::Write;

use super::number;
use crate::experiment::Estimate;
use crate::experiment::workbench::{Characteristic, Probability};

const HEAD: [&str; 5] = ["gate", "strategy", "rate", "effect", "runs"];
const PROBABILITIES: [&str; 3] = ["caught", "passed", "undecided"];
const ESTIMATES: [&str; 3] = ["decision_s", "caught_s", "exposed"];
const OF_ESTIMATE: [&str; 6] = ["mean", "ci95_low", "ci95_high", "p05", "p50", "p95"];

/// Writes a row for each case. `rate` is empty where the traffic is the file's own and not
/// constant, an estimate where no run defines it, an interval where only one run does.
///
/// # Errors
/// If `out` cannot be written.
pub fn render(rows: &[Characteristic], out: impl Write) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let mut head: Vec<String> = HEAD.map(str::to_owned).to_vec();
    for name in PROBABILITIES {
        head.extend(["", "_low", "_high"].map(|end| format!("{name}{end}")));
    }
    for name in ESTIMATES {
        head.extend(OF_ESTIMATE.map(|of| format!("{name}_{of}")));
    }
    csv.write_record(&head)?;
    for row in rows {
        let mut fields = vec![
            row.gate.clone(),
            row.strategy.clone(),
            row.rate.map_or_else(String::new, number::exact),
            number::exact(row.effect),
            row.runs.to_string(),
        ];
        for one in [row.caught, row.passed, row.undecided] {
            fields.extend(probability(one));
        }
        for one in [&row.decision_s, &row.caught_s, &row.exposed] {
            fields.extend(estimate(one.as_ref()));
        }
        csv.write_record(&fields)?;
    }
    csv.flush()?;
    Ok(())
}

fn probability(one: Probability) -> [String; 3] {
    [one.share, one.ci95[0], one.ci95[1]].map(number::exact)
}

fn estimate(one: Option<&Estimate>) -> [String; 6] {
    let Some(one) = one else { return Default::default() };
    let [low, high] = one.ci95.map_or_else(Default::default, |ends| ends.map(number::exact));
    let [p05, p50, p95] = [one.p05, one.p50, one.p95].map(number::exact);
    [number::exact(one.mean), low, high, p05, p50, p95]
}
