//! What a sample of runs says about one metric.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Mean, interval, extremes and quantiles of one metric over the replications that define it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Arithmetic mean.
    pub mean: f64,
    /// The 95% interval of the mean, mean ± t(n-1, 0.975) s / √n; none for a single value.
    pub ci95: Option<[f64; 2]>,
    /// Smallest value.
    pub min: f64,
    /// 5th percentile: the order statistic x(⌈0.05 n⌉), as all quantiles here (type 1 of Hyndman
    /// and Fan, *Sample Quantiles in Statistical Packages*, 1996).
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
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let mean = sample.iter().sum::<f64>() / sample.len() as f64;
        Some(Self {
            mean,
            ci95: interval(sample, mean),
            min,
            p05: order_statistic(&sorted, 5),
            p50: order_statistic(&sorted, 50),
            p95: order_statistic(&sorted, 95),
            max,
            n: u32::try_from(sample.len()).unwrap_or(u32::MAX),
        })
    }
}

/// x(⌈n percent / 100⌉) of a sorted sample that is not empty.
fn order_statistic(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1]
}

/// Beyond so many degrees of freedom the normal quantile is used: it differs by 0.012%, and the
/// inverse of Student's t loses digits there.
const NORMAL_FROM: usize = 10_000;
const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;

fn interval(sample: &[f64], mean: f64) -> Option<[f64; 2]> {
    let freedom = sample.len().checked_sub(1).filter(|&freedom| freedom > 0)?;
    let squares: f64 = sample.iter().map(|value| (value - mean) * (value - mean)).sum();
    let quantile = if freedom >= NORMAL_FROM {
        NORMAL_QUANTILE
    } else {
        StudentsT::new(0.0, 1.0, freedom as f64).ok()?.inverse_cdf(0.975)
    };
    let half = quantile * (squares / freedom as f64 / sample.len() as f64).sqrt();
    Some([mean - half, mean + half])
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
                    assert!((found - wanted).abs() <= 1e-9 * wanted.abs(), "{estimate:?}");
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
