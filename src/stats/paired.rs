//! By how much do two samples differ that were drawn on the same random numbers?

use super::interval::{self, Interval};
use super::student;

/// The difference of two paired samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// Mean of `x - y` with its two-sided interval by Student's t.
    pub difference: Interval,
    /// Pearson's correlation of the pairs; none where a side does not vary.
    pub correlation: Option<f64>,
    /// How many times as many independent runs the same precision would have taken: (var x + var
    /// y) / var(x - y). None where the differences do not vary.
    pub gain: Option<f64>,
    /// Two-sided p value of "no difference" by the paired t test. Where the differences do not
    /// vary it is 1 if they are all zero and 0 if not.
    pub p: f64,
    /// Pairs.
    pub n: usize,
}

/// Compares the pairs, first with first and so on; what one side has too many is not looked at.
/// None for fewer than two pairs, which say nothing of how differences vary.
///
/// `confidence` is that of the interval, in (0, 1). One-sided bounds of the mean difference are
/// [`interval::lower_bound`] and [`interval::upper_bound`] of [`differences`].
#[must_use]
pub fn paired(x: &[f64], y: &[f64], confidence: f64) -> Option<Paired> {
    let n = x.len().min(y.len());
    let (x, y) = (&x[..n], &y[..n]);
    let differences = differences(x, y);
    let difference = interval::mean_at(&differences, confidence)?;
    let varies = interval::variance(&differences)?;
    let (var_x, var_y) = (interval::variance(x)?, interval::variance(y)?);
    let error = (varies / n as f64).sqrt();
    let p = if error > 0.0 {
        student::two_sided(difference.mean / error, (n - 1) as f64)
    } else {
        f64::from(u8::from(difference.mean == 0.0))
    };
    let correlation = (var_x > 0.0 && var_y > 0.0)
        .then(|| (covariance(x, y) / (var_x.sqrt() * var_y.sqrt())).clamp(-1.0, 1.0));
    let gain = (varies > 0.0).then(|| (var_x + var_y) / varies);
    Some(Paired { difference, correlation, gain, p, n })
}

/// `x - y`, pair by pair.
#[must_use]
pub fn differences(x: &[f64], y: &[f64]) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| x - y).collect()
}

/// Sample covariance of at least two pairs.
pub(super) fn covariance(x: &[f64], y: &[f64]) -> f64 {
    let count = x.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let sum: f64 = x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    sum / (count - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference;

    #[test]
    fn as_scipy_says() {
        reference::check("paired", 1e-7, |row| {
            let Paired { difference, correlation, gain, p, .. } =
                paired(&row.sample(0), &row.sample(1), 0.95).expect("two pairs at least");
            let Interval { mean, low, high } = difference;
            vec![mean, low, high, correlation.expect("varies"), gain.expect("varies"), p]
        });
    }

    fn check(x: &[f64], y: &[f64], p: f64, correlation: Option<f64>) {
        let paired = paired(x, y, 0.95).expect("two pairs");
        assert_eq!((paired.p, paired.correlation, paired.gain), (p, correlation, None));
    }

    #[test]
    fn differences_that_do_not_vary_are_certain() {
        check(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0], 1.0, Some(1.0));
        check(&[2.0, 3.0, 4.0], &[1.0, 2.0, 3.0], 0.0, Some(1.0));
        check(&[5.0, 5.0], &[5.0, 5.0], 1.0, None);
    }

    #[test]
    fn only_pairs_are_looked_at() {
        assert_eq!(paired(&[1.0], &[1.0, 2.0], 0.95), None);
        let three = paired(&[1.0, 5.0, 2.0, 9.0], &[1.0, 2.0, 3.0], 0.95).expect("three pairs");
        assert_eq!((three.n, three.difference.mean), (3, 2.0 / 3.0));
    }
}
