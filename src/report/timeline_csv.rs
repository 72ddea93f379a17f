//! `timeline.csv`: state and rates over time.

use std::collections::BTreeMap;
use std::io::Read;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::number;
use super::table_file::{Rows, TableFile};
use crate::experiment::TimelineRow;

const HEADER: [&str; 17] = [
    "variant",
    "t_s",
    "demand_rps",
    "capacity_rps",
    "old_routed",
    "new_routed",
    "old_ready",
    "new_ready",
    "starting",
    "draining",
    "total",
    "requests",
    "failed",
    "error_budget_spent",
    "burn_rate",
    "latency_p95_s",
    "new_share",
];

/// A row for each variant and time bin; `t_s` is where the bin begins.
pub(super) const TABLE: TableFile = TableFile {
    name: "timeline.csv",
    header: |_| HEADER.to_vec(),
    rows: |_, variant, out| {
        variant.timeline.iter().try_for_each(|row| add(&variant.name, row, out))
    },
};

fn add(variant: &str, row: &TimelineRow, out: &mut Rows) -> csv::Result<()> {
    out.write_field(variant)?;
    out.write_field(number::seconds(row.start_nanos))?;
    out.write_record(fields(row))
}

fn fields(row: &TimelineRow) -> [String; 15] {
    let optional = |value: Option<f64>| value.map(number::exact).unwrap_or_default();
    [
        number::exact(row.demand_rps),
        number::exact(row.capacity_rps),
        number::exact(row.routed[0]),
        number::exact(row.routed[1]),
        number::exact(row.ready[0]),
        number::exact(row.ready[1]),
        number::exact(row.starting),
        number::exact(row.draining),
        number::exact(row.total),
        number::exact(row.requests),
        number::exact(row.failed),
        number::exact(row.error_budget_spent),
        optional(row.burn_rate),
        optional(row.latency_p95_s),
        optional(row.new_share),
    ]
}

/// What charts need of a row.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Moment {
    /// Where the bin begins, seconds from the rollout's start.
    pub t_s: f64,
    /// Offered requests/s.
    pub demand_rps: f64,
    /// Requests/s that the routed instances can serve.
    pub capacity_rps: f64,
    /// Old instances routed to.
    pub old_routed: f64,
    /// New instances routed to.
    pub new_routed: f64,
    /// Requests sent in the bin.
    pub requests: f64,
    /// Share of the error budget spent so far.
    pub error_budget_spent: f64,
    /// Failed share over the share that may fail; none without requests.
    pub burn_rate: Option<f64>,
}

/// Reads the rows of the variants called `names` from such a file.
///
/// # Errors
/// If it is not such a file, or cannot be read.
pub(super) fn read(
    source: impl Read,
    names: &[&str],
) -> csv::Result<BTreeMap<String, Vec<Moment>>> {
    rows_of(source, names)
}

/// The rows of the variants called `names`, whose name is the first column.
pub(super) fn rows_of<R: DeserializeOwned>(
    source: impl Read,
    names: &[&str],
) -> csv::Result<BTreeMap<String, Vec<R>>> {
    let mut rows: BTreeMap<String, Vec<R>> =
        names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
    let mut csv = csv::Reader::from_reader(source);
    let header = csv.headers()?.clone();
    for record in csv.records() {
        let record = record?;
        if let Some(known) = record.get(0).and_then(|variant| rows.get_mut(variant)) {
            known.push(record.deserialize(Some(&header))?);
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;

    fn text() -> String {
        let results = fixture::results(&["recreate", "surge"], 1);
        TABLE.text(&results)
    }

    #[test]
    fn one_row_for_each_bin() {
        let text = text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "variant,t_s,demand_rps,capacity_rps,old_routed,new_routed,old_ready,new_ready,\
             starting,draining,total,requests,failed,error_budget_spent,burn_rate,\
             latency_p95_s,new_share"
        );
        assert_eq!(lines[1], "recreate,-60,19200,24000,12,0,12,0,0,0,12,4800,0,0,0,,0");
        let rollout = lines.iter().find(|line| line.starts_with("recreate,0,")).expect("a row");
        // Everything is down: 4800 requests a quarter second fail, and 3 more are refused.
        assert_eq!(
            *rollout,
            "recreate,0,19200,0,0,0,0,0,12,0,12,4800,4803,0.0000965108989197531,1000.625,,"
        );
    }

    #[test]
    fn charts_read_what_was_written() {
        let moments = read(text().as_bytes(), &["surge"]).expect("our own file");
        assert_eq!(moments.len(), 1);
        let first = moments["surge"][0];
        assert_eq!((first.t_s, first.capacity_rps, first.burn_rate), (-60.0, 24_000.0, Some(0.0)));
        assert!(read("variant,t_s\nsurge,x\n".as_bytes(), &["surge"]).is_err());
    }
}
