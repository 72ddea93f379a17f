//! How far may a mean be off? Student's t interval over independent replications.

use std::sync::OnceLock;

use super::student;

/// Probability left out on each side of a 95% interval.
const TAIL: f64 = 0.025;
/// Probability left out on each side of a 99% interval.
const TAIL_99: f64 = 0.005;

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

impl Interval {
    /// Half its width.
    #[must_use]
    pub fn half_width(self) -> f64 {
        (self.high - self.low) / 2.0
    }
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

/// The same with the interval of this confidence, in (0, 1).
#[must_use]
pub fn mean_at(values: &[f64], confidence: f64) -> Option<Interval> {
    mean_with(values, (1.0 - confidence) / 2.0)
}

/// What the mean of independent `values` is not below, with this confidence in (0, 1); none for
/// fewer than two values.
#[must_use]
pub fn lower_bound(values: &[f64], confidence: f64) -> Option<f64> {
    mean_with(values, 1.0 - confidence).map(|interval| interval.low)
}

/// What the mean of independent `values` is not above, with this confidence in (0, 1); none for
/// fewer than two values.
#[must_use]
pub fn upper_bound(values: &[f64], confidence: f64) -> Option<f64> {
    mean_with(values, 1.0 - confidence).map(|interval| interval.high)
}

/// The sample variance, with n - 1 below the line; none for fewer than two values. That of equal
/// values is exactly zero.
#[must_use]
pub fn variance(values: &[f64]) -> Option<f64> {
    let (first, others) = values.split_first().filter(|(_, others)| !others.is_empty())?;
    if others.iter().all(|value| value == first) {
        return Some(0.0);
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    Some(squares / (count - 1.0))
}

fn mean_with(values: &[f64], tail: f64) -> Option<Interval> {
    let count = values.len() as f64;
    let standard_error = (variance(values)? / count).sqrt();
    let mean = values.iter().sum::<f64>() / count;
    let half = t_quantile(values.len() - 1, tail) * standard_error;
    Some(Interval { mean, low: mean - half, high: mean + half })
}

/// Degrees of freedom whose quantile is remembered: a summary asks for the same few thousands of
/// times.
const REMEMBERED: usize = 1024;

/// The quantile of Student's t with `freedom >= 1` degrees of freedom above which `tail` lies, to
/// eight decimals: files must not move where a better algorithm changes the last digits.
fn t_quantile(freedom: usize, tail: f64) -> f64 {
    static TAIL_95: [OnceLock<f64>; REMEMBERED] = [const { OnceLock::new() }; REMEMBERED];
    let rounded = || (student::quantile(tail, freedom as f64) * 1e8).round() / 1e8;
    match TAIL_95.get(freedom) {
        Some(known) if tail.to_bits() == TAIL.to_bits() => *known.get_or_init(rounded),
        _ => rounded(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference;

    /// `scipy.stats.t.ppf(0.975, df)`, SciPy 1.17.1.
    const SCIPY: &str = include_str!("../../tests/data/t.csv");

    #[test]
    fn t_quantiles_match_scipy() {
        let rows = SCIPY.lines().skip_while(|line| !line.starts_with("df,")).skip(1);
        let mut checked = 0;
        for row in rows {
            let (freedom, want) = row.split_once(',').expect("two columns");
            let freedom: usize = freedom.parse().expect("a whole number");
            let want: f64 = want.parse().expect("a number");
            assert!((t_quantile(freedom, TAIL) - want).abs() < 6e-9, "{freedom}");
            checked += 1;
        }
        assert!(checked > 20, "{checked}");
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
        // Their mean is not exactly any of them.
        assert_eq!(mean_t(&[5.0 / 6.0; 20]).map(Interval::half_width), Some(0.0));
    }

    #[test]
    fn bounds_at_any_confidence_are_those_of_scipy() {
        reference::check("mean_bounds", 1e-7, |row| {
            let (values, confidence) = (row.sample(0), row.number(1));
            let two_sided = mean_at(&values, confidence).expect("two values");
            let low = lower_bound(&values, confidence).expect("two values");
            let high = upper_bound(&values, confidence).expect("two values");
            vec![two_sided.low, two_sided.high, low, high]
        });
        assert_eq!(lower_bound(&[1.0], 0.95), None);
    }
}
