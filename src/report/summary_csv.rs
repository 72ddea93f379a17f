//! `summary.csv`: the estimate of every metric of every variant.

use super::number;
use super::table_file::{Heading, Rows, TableFile};
use crate::experiment::{Estimate, VariantResults};
use crate::measure::{METRICS, MetricKind};

/// A row for each variant and metric; a metric that no replication defines has none, and the
/// interval of a single value is empty.
pub(super) const TABLE: TableFile = TableFile { name: "summary.csv", header, rows };

fn header(_: &Heading) -> Vec<&'static str> {
    vec![
        "variant",
        "metric",
        "mean",
        "ci95_low",
        "ci95_high",
        "min",
        "p05",
        "p50",
        "p95",
        "max",
        "n",
    ]
}

fn rows(_: &Heading, variant: &VariantResults, out: &mut Rows) -> csv::Result<()> {
    for (metric, estimate) in METRICS.iter().zip(variant.estimates()) {
        if let Some(estimate) = estimate {
            out.write_field(&variant.name)?;
            out.write_field(metric.name)?;
            out.write_record(fields(metric.kind, &estimate))?;
        }
    }
    Ok(())
}

fn fields(kind: MetricKind, estimate: &Estimate) -> [String; 9] {
    // Quantiles are values of runs and written like them; means are not.
    let value = |value| number::metric(kind, value);
    let [low, high] = match estimate.ci95 {
        Some(interval) => interval.map(number::exact),
        None => [String::new(), String::new()],
    };
    [
        number::exact(estimate.mean),
        low,
        high,
        value(estimate.min),
        value(estimate.p05),
        value(estimate.p50),
        value(estimate.p95),
        value(estimate.max),
        estimate.n.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;

    fn lines(replications: u32) -> Vec<String> {
        let results = fixture::results(&["two-at-a-time"], replications);
        TABLE.text(&results).lines().map(str::to_owned).collect()
    }

    #[test]
    fn one_row_for_each_defined_metric() {
        let lines = lines(2);
        assert_eq!(lines[0], "variant,metric,mean,ci95_low,ci95_high,min,p05,p50,p95,max,n");
        // Six steps of 14 s and of 16 s: 90 ± t(1, 0.975) x 6, with t = 12.70620474 by SciPy.
        assert_eq!(
            lines[1],
            "two-at-a-time,duration_s,90,13.76277156,166.23722844,84,84,84,96,96,2"
        );
        assert!(lines.iter().all(|line| !line.contains("drained_s")));
    }

    #[test]
    fn a_single_run_has_no_interval() {
        assert_eq!(lines(1)[1], "two-at-a-time,duration_s,84,,,84,84,84,84,84,1");
    }
}
