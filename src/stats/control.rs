//! A mean with the help of something whose mean is known.

use super::interval::{self, Interval};
use super::paired::covariance;
use super::student;

/// A mean that was estimated with a control variate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controlled {
    /// The estimate with its interval.
    pub mean: Interval,
    /// By how much the output goes up with the control.
    pub slope: f64,
    /// Variance of the plain mean over that of this one; below 1 it did not help.
    pub gain: f64,
    /// Two-sided p value of "the control has nothing to do with it", by the t test of the slope.
    pub p: f64,
}

/// The mean of `values`, given that the mean of `control` is known to be `expected`: the intercept
/// of the least-squares line of the one on the distance of the other from what is expected (S. S.
/// Lavenberg and P. D. Welch, "A perspective on the use of control variables to increase the
/// efficiency of Monte Carlo simulations", 1981), with its interval by Student's t with n - 2
/// degrees of freedom. None for fewer than four pairs, or where a side does not vary.
#[must_use]
pub fn controlled(
    values: &[f64],
    control: &[f64],
    expected: f64,
    confidence: f64,
) -> Option<Controlled> {
    let runs = values.len().min(control.len());
    let (values, control) = (&values[..runs], &control[..runs]);
    let (var_values, var_control) = (interval::variance(values)?, interval::variance(control)?);
    if runs < 4 || var_values <= 0.0 || var_control <= 0.0 {
        return None;
    }
    let count = runs as f64;
    let mean_of = |sample: &[f64]| sample.iter().sum::<f64>() / count;
    let covariance = covariance(values, control);
    let slope = covariance / var_control;
    let off = mean_of(control) - expected;
    let mean = mean_of(values) - slope * off;
    let left = (var_values - slope * covariance).max(0.0) * (count - 1.0) / (count - 2.0);
    let variance = left * (1.0 / count + off * off / (var_control * (count - 1.0)));
    let half = student::quantile((1.0 - confidence) / 2.0, count - 2.0) * variance.sqrt();
    Some(Controlled {
        mean: Interval { mean, low: mean - half, high: mean + half },
        slope,
        p: slope_p(slope, left, var_control * (count - 1.0), count - 2.0),
        gain: if variance > 0.0 { var_values / count / variance } else { f64::INFINITY },
    })
}

/// The t test of a slope, given the variance that is left and the control's sum of squares.
fn slope_p(slope: f64, left: f64, squares: f64, freedom: f64) -> f64 {
    if left > 0.0 { student::two_sided(slope / (left / squares).sqrt(), freedom) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference;

    #[test]
    fn as_statsmodels_says() {
        reference::check("control", 1e-7, |row| {
            let (values, control) = (row.sample(0), row.sample(1));
            let Controlled { mean, slope, gain, p } =
                controlled(&values, &control, row.number(2), 0.95).expect("both vary");
            vec![mean.mean, mean.low, mean.high, slope, gain, p]
        });
    }

    #[test]
    fn what_does_not_vary_controls_nothing() {
        let values = [1.0, 2.0, 4.0, 3.0];
        assert_eq!(controlled(&values, &[5.0; 4], 5.0, 0.95), None);
        assert_eq!(controlled(&[5.0; 4], &values, 5.0, 0.95), None);
        assert_eq!(controlled(&values[..3], &[1.0, 2.0, 3.0], 2.0, 0.95), None);
    }
}
