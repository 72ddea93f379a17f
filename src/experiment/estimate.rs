//! What a sample of runs says about one metric.

use serde::{Deserialize, Serialize};

use crate::stats::interval;
use crate::stats::quantile::type1;

/// Mean, interval, extremes and quantiles of one metric over the replications that define it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Arithmetic mean.
    pub mean: f64,
    /// The 95% interval of the mean by Student's t; none for a single value.
    pub ci95: Option<[f64; 2]>,
    /// Smallest value.
    pub min: f64,
    /// 5th percentile, a value of the sample like all quantiles here.
    pub p05: f64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Largest value.
    pub max: f64,
    /// Values in the sample.
    pub n: u32,
}

impl Estimate {
    /// From a sample of finite values; none if it is empty.
    #[must_use]
    pub fn of(sample: &[f64]) -> Option<Self> {
        let mut sorted = sample.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            mean: sample.iter().sum::<f64>() / sample.len() as f64,
            ci95: interval::mean_t(sample).map(|interval| [interval.low, interval.high]),
            min: *sorted.first()?,
            p05: type1(&sorted, 0.05)?,
            p50: type1(&sorted, 0.5)?,
            p95: type1(&sorted, 0.95)?,
            max: *sorted.last()?,
            n: u32::try_from(sample.len()).unwrap_or(u32::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sample: &[f64], mean: f64, ci95: Option<[f64; 2]>) {
        let estimate = Estimate::of(sample).expect("a sample");
        assert!((estimate.mean - mean).abs() <= 1e-12 * mean.abs(), "{estimate:?}");
        match (estimate.ci95, ci95) {
            (Some(found), Some(wanted)) => {
                for (found, wanted) in found.into_iter().zip(wanted) {
                    assert!((found - wanted).abs() <= 1e-8 * wanted.abs(), "{estimate:?}");
                }
            }
            (found, wanted) => assert_eq!(found, wanted),
        }
    }

    /// Intervals by `scipy.stats.t.interval(0.95, n - 1, loc=mean, scale=scipy.stats.sem(x))`.
    #[test]
    fn means_and_intervals_are_those_of_scipy() {
        check(&[7.0], 7.0, None);
        check(&[1.0, 2.0], 1.5, Some([-4.853102368087347, 7.853102368087347]));
        check(
            &[312.0, 298.5, 305.25, 320.0, 301.75],
            307.5,
            Some([296.8255705206765, 318.1744294793235]),
        );
        let tenths: Vec<f64> = (0..30).map(|number| f64::from(number) / 10.0).collect();
        check(&tenths, 1.45, Some([1.1212753267540267, 1.7787246732459732]));
        check(&[4.0, 4.0, 4.0], 4.0, Some([4.0, 4.0]));
    }

    #[test]
    fn quantiles_are_values_of_the_sample() {
        let sample: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        let estimate = Estimate::of(&sample).expect("a sample");
        let found = [estimate.min, estimate.p05, estimate.p50, estimate.p95, estimate.max];
        assert_eq!(found, [1.0, 1.0, 5.0, 10.0, 10.0]);
        let sample: Vec<f64> = (1..=40).map(f64::from).collect();
        let estimate = Estimate::of(&sample).expect("a sample");
        assert_eq!([estimate.p05, estimate.p50, estimate.p95], [2.0, 20.0, 38.0]);
        assert_eq!(Estimate::of(&[]), None);
    }
}
