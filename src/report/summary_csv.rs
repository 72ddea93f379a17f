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
        "method",
        "p05_ci95_low",
        "p05_ci95_high",
        "p50_ci95_low",
        "p50_ci95_high",
        "p95_ci95_low",
        "p95_ci95_high",
        "ratio",
        "ratio_ci95_low",
        "ratio_ci95_high",
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

fn fields(kind: MetricKind, estimate: &Estimate) -> Vec<String> {
    // Quantiles are values of runs and written like them; means are not.
    let value = |value| number::metric(kind, value);
    let ends = |interval: Option<[f64; 2]>, write: &dyn Fn(f64) -> String| {
        interval.map_or([String::new(), String::new()], |interval| interval.map(write))
    };
    let [low, high] = ends(estimate.ci95, &number::exact);
    let mut fields = vec![
        number::exact(estimate.mean),
        low,
        high,
        value(estimate.min),
        value(estimate.p05),
        value(estimate.p50),
        value(estimate.p95),
        value(estimate.max),
        estimate.n.to_string(),
        estimate.method.name().to_owned(),
    ];
    for interval in [estimate.p05_ci95, estimate.p50_ci95, estimate.p95_ci95] {
        fields.extend(ends(interval, &value));
    }
    fields.push(estimate.ratio.map_or_else(String::new, |ratio| number::exact(ratio.value)));
    fields.extend(ends(estimate.ratio.and_then(|ratio| ratio.ci95), &number::exact));
    fields
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
        assert_eq!(
            lines[0],
            "variant,metric,mean,ci95_low,ci95_high,min,p05,p50,p95,max,n,method,p05_ci95_low,\
             p05_ci95_high,p50_ci95_low,p50_ci95_high,p95_ci95_low,p95_ci95_high,ratio,\
             ratio_ci95_low,ratio_ci95_high"
        );
        // Six steps of 14 s and of 16 s: 90 ± t(1, 0.975) x 6, with t = 12.70620474 by SciPy.
        assert_eq!(
            lines[1],
            "two-at-a-time,duration_s,90,13.76277156,166.23722844,84,84,84,96,96,2,student-t,\
             ,,,,,,,,"
        );
        assert!(lines.iter().all(|line| !line.contains("drained_s")));
    }

    /// Ten runs enclose the median with the second and the ninth, by `scipy.stats.binom.ppf`.
    #[test]
    fn quantiles_and_shares_have_intervals() {
        let lines = lines(10);
        let cells: Vec<&str> = lines[1].split(',').collect();
        assert_eq!(cells[11..], ["student-t", "", "", "84", "108", "", "", "", "", ""]);
        let availability = lines.iter().find(|line| line.contains(",availability,"));
        let cells: Vec<&str> = availability.expect("a row").split(',').collect();
        assert_eq!(cells.len(), 21);
        let ratio: Vec<f64> = cells[18..].iter().filter_map(|cell| cell.parse().ok()).collect();
        assert!(ratio[1] < ratio[0] && ratio[0] < ratio[2], "{cells:?}");
    }

    #[test]
    fn a_single_run_has_no_interval() {
        assert_eq!(
            lines(1)[1],
            "two-at-a-time,duration_s,84,,,84,84,84,84,84,1,student-t,,,,,,,,,"
        );
    }
}
