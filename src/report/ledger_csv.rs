//! `ledger.csv`: what failed requests are charged to, over time and by phase.

use std::collections::BTreeMap;
use std::io::Read;

use serde::Deserialize;

use super::number;
use super::table_file::{Heading, Rows, TableFile};
use crate::experiment::{TimelineRow, VariantResults};
use crate::traffic::{Charge, Phase};

const HEADER: [&str; 5] = ["variant", "t_s", "cause", "phase", "failed"];

/// A row for each variant, time bin, cause and phase to which anything is charged; `t_s` is
/// where the bin begins, `failed` the mean over the replications that reach it. The rows of a bin
/// add up to `failed` in `timeline.csv`. Bins before the rollout are in no phase of it and left
/// out.
pub(super) const TABLE: TableFile =
    TableFile { name: "ledger.csv", header: |_| HEADER.to_vec(), rows };

fn rows(_: &Heading, variant: &VariantResults, out: &mut Rows) -> csv::Result<()> {
    for row in variant.timeline.iter().filter(|row| row.start_nanos >= 0) {
        for (charge, phase, failed) in entries(row) {
            out.write_field(&variant.name)?;
            out.write_field(number::seconds(row.start_nanos))?;
            out.write_record([charge.name(), phase.name(), &number::exact(failed)])?;
        }
    }
    Ok(())
}

/// What there is in a row.
fn entries(row: &TimelineRow) -> impl Iterator<Item = (Charge, Phase, f64)> + '_ {
    let all = Charge::ALL.into_iter().flat_map(|charge| Phase::ALL.map(|phase| (charge, phase)));
    let with =
        all.map(|(charge, phase)| (charge, phase, row.ledger[charge as usize][phase as usize]));
    with.filter(|&(_, _, failed)| failed > 0.0)
}

/// What charts need of a row.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Entry {
    /// Where the bin begins, seconds from the rollout's start.
    pub t_s: f64,
    /// What the requests are charged to: [`Charge::name`].
    pub cause: String,
    /// Requests that failed, mean over the replications that reach the bin.
    pub failed: f64,
}

/// Reads the rows of the variants called `names` from such a file, in order of time.
///
/// # Errors
/// If it is not such a file, or cannot be read.
pub(super) fn read(source: impl Read, names: &[&str]) -> csv::Result<BTreeMap<String, Vec<Entry>>> {
    super::timeline_csv::rows_of(source, names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;
    use crate::report::timeline_csv;

    #[test]
    fn a_row_for_each_entry() {
        let text = TABLE.text(&fixture::results(&["recreate", "surge"], 1));
        let lines: Vec<&str> = text.lines().collect();
        // Everything is down: 4800 requests a quarter second fail, and 3 more are refused.
        assert_eq!(
            lines[..3],
            [
                "variant,t_s,cause,phase,failed",
                "recreate,0,drain_race,rolling_out,3",
                "recreate,0,overload,rolling_out,4800",
            ]
        );
    }

    #[test]
    fn rows_add_up_to_the_time_line() {
        let names = ["three-at-a-time"];
        let results = fixture::results(&names, 3);
        let entries = read(TABLE.text(&results).as_bytes(), &names).expect("our own file");
        let charged: f64 = entries[names[0]].iter().map(|entry| entry.failed).sum();
        let timeline = &results.variants[0].timeline;
        let after = timeline.iter().filter(|row| row.start_nanos >= 0);
        let failed: f64 = after.map(|row| row.failed).sum();
        assert!(failed > 0.0 && (charged - failed).abs() < 1e-6 * failed, "{charged} {failed}");
        assert!(read(timeline_csv::TABLE.text(&results).as_bytes(), &names).is_err());
    }
}
