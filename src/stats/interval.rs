//! How far may a mean be off? Student's t interval over independent replications.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::normal;

/// Probability left out on each side of a 95% interval.
const TAIL: f64 = 0.025;
/// Probability left out on each side of a 99% interval.
const TAIL_99: f64 = 0.005;
/// From these degrees of freedom on the normal quantile serves: it is within 0.013% by then, and
/// `statrs` begins to drift soon after.
const NORMAL_FROM: usize = 10_000;

/// A mean with its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The sample mean.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The mean of independent `values` and its 95% confidence interval by Student's t with n - 1
/// degrees of freedom: mean ± t s / √n. None for fewer than two values, which say nothing of
/// their spread.
#[must_use]
pub fn mean_t(values: &[f64]) -> Option<Interval> {
    mean_with(values, TAIL)
}

/// The same with the 99% interval.
#[must_use]
pub fn mean_t99(values: &[f64]) -> Option<Interval> {
    mean_with(values, TAIL_99)
}

fn mean_with(values: &[f64], tail: f64) -> Option<Interval> {
    if values.len() < 2 {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let standard_error = (squares / (count - 1.0) / count).sqrt();
    let half = t_quantile(values.len() - 1, tail) * standard_error;
    Some(Interval { mean, low: mean - half, high: mean + half })
}

/// The quantile of Student's t with `freedom >= 1` degrees of freedom above which `tail` lies, to
/// eight decimals: `statrs` calls the platform's logarithm, and the last digits of that differ
/// between platforms.
fn t_quantile(freedom: usize, tail: f64) -> f64 {
    let exact = if freedom < NORMAL_FROM {
        StudentsT::new(0.0, 1.0, freedom as f64)
            .expect("scale and degrees of freedom are positive")
            .inverse_cdf(1.0 - tail)
    } else {
        normal::quantile(1.0 - tail)
    };
    (exact * 1e8).round() / 1e8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.t.ppf(0.975, df)`, SciPy 1.17.1.
    const SCIPY: &str = include_str!("../../tests/data/t.csv");

    #[test]
    fn t_quantiles_match_scipy_below_the_switch() {
        let rows = SCIPY.lines().skip_while(|line| !line.starts_with("df,")).skip(1);
        let mut checked = 0;
        for row in rows {
            let (freedom, want) = row.split_once(',').expect("two columns");
            let freedom: usize = freedom.parse().expect("a whole number");
            let want: f64 = want.parse().expect("a number");
            let tolerance = if freedom < NORMAL_FROM { 6e-9 } else { 3e-4 };
            assert!((t_quantile(freedom, TAIL) - want).abs() < tolerance, "{freedom}");
            checked += 1;
        }
        assert!(checked > 20, "{checked}");
    }

    #[test]
    fn no_quantile_lies_on_an_edge_of_rounding() {
        for freedom in 1..NORMAL_FROM {
            let exact =
                StudentsT::new(0.0, 1.0, freedom as f64).expect("positive").inverse_cdf(1.0 - TAIL);
            let fraction = (exact * 1e8).fract();
            assert!((fraction - 0.5).abs() > 1e-5, "{freedom}: {exact}");
        }
    }

    #[test]
    fn the_interval_of_a_textbook_sample() {
        // Law, Simulation Modeling and Analysis, ch. 4: ten observations, 90% there; the 95%
        // interval by scipy.stats.t.interval.
        let values = [1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09];
        let interval = mean_t(&values).expect("ten values");
        assert!((interval.mean - 1.343).abs() < 1e-12);
        assert!((interval.low - 1.050216886955339).abs() < 1e-8, "{interval:?}");
        assert!((interval.high - 1.635783113044661).abs() < 1e-8, "{interval:?}");
    }

    #[test]
    fn one_value_has_no_interval_and_equal_values_have_none_to_spare() {
        assert_eq!(mean_t(&[]), None);
        assert_eq!(mean_t(&[1.0]), None);
        assert_eq!(mean_t(&[2.0, 2.0]), Some(Interval { mean: 2.0, low: 2.0, high: 2.0 }));
    }
}
