//! `runs.csv`: every metric of every run, the raw sample.

use std::collections::BTreeMap;
use std::io::Read;

use super::number;
use super::table_file::{Heading, Rows, TableFile};
use crate::experiment::VariantResults;
use crate::measure::{METRICS, Metrics};

/// A row for each variant and replication; an empty cell is a metric that the run does not define.
pub(super) const TABLE: TableFile = TableFile { name: "runs.csv", header, rows };

fn header(_: &Heading) -> Vec<&'static str> {
    let names = METRICS.iter().map(|metric| metric.name);
    ["variant", "replication", "outcome"].into_iter().chain(names).collect()
}

fn rows(_: &Heading, variant: &VariantResults, out: &mut Rows) -> csv::Result<()> {
    for (replication, run) in variant.runs.iter().enumerate() {
        out.write_field(&variant.name)?;
        out.write_field(replication.to_string())?;
        out.write_field(run.outcome.name())?;
        for (metric, value) in METRICS.iter().zip(run.metrics.values()) {
            let text = value.map(|value| number::metric(metric.kind, value));
            out.write_field(text.unwrap_or_default())?;
        }
        out.write_record(None::<&[u8]>)?;
    }
    Ok(())
}

/// Reads such a file: the runs of each variant, by replication. Metrics that this version
/// does not know are left out, those that the file does not have are not defined.
///
/// # Errors
/// In words, if it is not such a file.
pub(super) fn read(source: impl Read) -> Result<BTreeMap<String, Vec<Metrics>>, String> {
    let mut csv = csv::Reader::from_reader(source);
    let head = csv.headers().map_err(|error| error.to_string())?.clone();
    if head.iter().take(3).ne(["variant", "replication", "outcome"]) {
        return Err("its header is not that of `runs.csv`".to_owned());
    }
    let column = |name: &str| head.iter().position(|title| title == name);
    let columns: Vec<Option<usize>> = METRICS.iter().map(|metric| column(metric.name)).collect();
    let mut runs: BTreeMap<String, Vec<Metrics>> = BTreeMap::new();
    for row in csv.records() {
        let row = row.map_err(|error| error.to_string())?;
        let known = runs.entry(row[0].to_owned()).or_default();
        if row[1].parse() != Ok(known.len()) {
            return Err(format!("replication {} of `{}` is out of order", &row[1], &row[0]));
        }
        let value = |column: &Option<usize>| {
            let text = column.map_or("", |column| &row[column]);
            let number = || text.parse().ok().filter(|value: &f64| value.is_finite());
            match text {
                "" => Ok(None),
                text => number().map(Some).ok_or_else(|| format!("`{text}` is not a number")),
            }
        };
        known.push(Metrics::new(columns.iter().map(value).collect::<Result<_, String>>()?));
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;

    #[test]
    fn what_was_written_can_be_read() {
        let results = fixture::results(&["two-at-a-time", "recreate"], 3);
        let text = TABLE.text(&results);
        let runs = read(text.as_bytes()).expect("our own file");
        for variant in &results.variants {
            let read = &runs[&variant.name];
            assert_eq!(read.len(), variant.runs.len());
            for (read, run) in read.iter().zip(&variant.runs) {
                for (read, value) in read.values().iter().zip(run.metrics.values()) {
                    assert_eq!(read.is_some(), value.is_some());
                    let (read, value) = (read.unwrap_or(0.0), value.unwrap_or(0.0));
                    assert!((read - value).abs() <= 1e-9 * value.abs().max(1.0));
                }
            }
        }
        for (from, to, wanted) in [
            ("variant,", "name,", "its header is not that of `runs.csv`"),
            ("recreate,1", "recreate,2", "replication 2 of `recreate` is out of order"),
            ("completed,8", "completed,x8", "is not a number"),
        ] {
            let error = read(text.replacen(from, to, 1).as_bytes()).expect_err(wanted);
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn one_row_for_each_run() {
        let results = fixture::results(&["two-at-a-time"], 2);
        let text = TABLE.text(&results);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "variant,replication,outcome,duration_s,drained_s,requests,ok,failed,failed_error,\
             failed_overloaded,failed_refused,failed_no_endpoint,failed_timeout,failed_aborted,\
             attempts,availability,error_rate_baseline,error_rate,error_rate_delta,\
             error_budget_spent,failed_by_drain_race,failed_by_crash,failed_by_overload,\
             failed_by_cold_start,failed_by_bad_release,failed_by_mixed_versions,\
             failed_by_dependency,failed_by_injected_fault,failed_in_rolling_out,\
             failed_in_baking,failed_in_rolling_back,failed_in_settling,burn_rate_max,ready_min,\
             capacity_min,headroom_min,capacity_deficit_s,latency_p50_s,latency_p95_s,\
             latency_p99_s,latency_p95_baseline_s,latency_p95_ratio,slow_fraction,mixed_s,\
             exposed_requests,exposed_failures,steps,failed_steps,rolled_back,detect_s,\
             rollback_s,canary_divergence,surge_instance_s,cost,sessions,sessions_lost,\
             migration_error_rate,synthetic_success_rate,page_s"
        );
        assert_eq!(
            lines[1],
            "two-at-a-time,0,completed,84,,2764800,2763792,1008,0,0,1008,0,0,0,0,\
             0.999635416666667,,,,0.0000202546296296296,1008,0,0,0,0,0,0,0,0,0,0,0,,\
             0.833333333333333,0.833333333333333,,,,,,,1.16666666666667,,,0,0,0,0,0,,,,,,0,0,,,"
        );
        assert_eq!(lines.len(), 3);
        assert!(lines[2].starts_with("two-at-a-time,1,completed,96,"));
    }
}
