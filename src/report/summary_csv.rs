//! `summary.csv`: the estimate of every metric of every variant.

use std::io::Write;

use super::number;
use crate::experiment::{Estimate, Results};
use crate::measure::{METRICS, MetricKind};

/// Writes a row for each variant and metric; a metric that no replication defines has none, and
/// the interval of a single value is empty.
///
/// # Errors
/// If `out` cannot be written.
pub fn render(results: &Results, out: impl Write) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
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
    ])?;
    for variant in &results.variants {
        for (metric, estimate) in METRICS.iter().zip(variant.estimates()) {
            if let Some(estimate) = estimate {
                csv.write_field(&variant.name)?;
                csv.write_field(metric.name)?;
                csv.write_record(fields(metric.kind, &estimate))?;
            }
        }
    }
    csv.flush()?;
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
        let mut out = Vec::new();
        render(&results, &mut out).expect("memory can be written");
        String::from_utf8(out).expect("text").lines().map(str::to_owned).collect()
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
