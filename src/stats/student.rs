//! Student's t distribution: how probable is so large a t, and which t is so improbable? The same
//! bits on every platform, for whole and broken degrees of freedom.

use super::beta::Beta;
use super::{math, normal};

/// From these degrees of freedom on the series of [`expansion`] is good to all digits that matter.
const SERIES_FROM: f64 = 1000.0;
/// Tails thinner than this leave the range of the series.
const SERIES_TAIL: f64 = 1e-9;

/// Probability that a t of `freedom > 0` degrees of freedom exceeds `t`.
#[must_use]
pub fn survival(t: f64, freedom: f64) -> f64 {
    if !t.is_finite() {
        return if t > 0.0 { 0.0 } else { 1.0 };
    }
    let upper = 0.5 * two_sided(t, freedom);
    if t < 0.0 { 1.0 - upper } else { upper }
}

/// Probability that a t of `freedom > 0` degrees of freedom is at least as far from zero as `t`.
#[must_use]
pub fn two_sided(t: f64, freedom: f64) -> f64 {
    if !t.is_finite() {
        return 0.0;
    }
    let square = t * t;
    // Whichever of x and 1 - x is the smaller is computed without cancellation.
    if square > freedom {
        Beta { a: freedom / 2.0, b: 0.5 }.probability(freedom / (freedom + square))
    } else {
        1.0 - Beta { a: 0.5, b: freedom / 2.0 }.probability(square / (freedom + square))
    }
}

/// The t of `freedom > 0` degrees of freedom above which lies the probability `tail`,
/// `0 < tail < 1`.
#[must_use]
pub fn quantile(tail: f64, freedom: f64) -> f64 {
    if tail > 0.5 {
        return -quantile(1.0 - tail, freedom);
    }
    let z = -normal::quantile(tail);
    if z <= 0.0 {
        return 0.0;
    }
    if freedom >= SERIES_FROM && tail >= SERIES_TAIL {
        return expansion(z, freedom);
    }
    newton(z, tail, freedom)
}

/// M. Abramowitz and I. Stegun, *Handbook of Mathematical Functions*, 26.7.5: t from the normal
/// quantile `z`, in powers of 1 / freedom.
fn expansion(z: f64, freedom: f64) -> f64 {
    let s = z * z;
    let first = z * (s + 1.0) / 4.0;
    let second = z * ((5.0 * s + 16.0) * s + 3.0) / 96.0;
    let third = z * (((3.0 * s + 19.0) * s + 17.0) * s - 15.0) / 384.0;
    let fourth = z * ((((79.0 * s + 776.0) * s + 1482.0) * s - 1920.0) * s - 945.0) / 92_160.0;
    z + (first + (second + (third + fourth / freedom) / freedom) / freedom) / freedom
}

/// Newton's method on the logarithms of t and of its survival. The latter is concave in the
/// former, so that after at most one step beyond the root it comes back to it steadily. It begins
/// at the normal quantile, which is the smaller.
fn newton(z: f64, tail: f64, freedom: f64) -> f64 {
    let target = math::ln(tail);
    let constant = -super::beta::ln_beta(freedom / 2.0, 0.5) - 0.5 * math::ln(freedom);
    let mut t = z;
    for _ in 0..100 {
        let above = survival(t, freedom);
        let density = math::exp(constant - 0.5 * (freedom + 1.0) * math::ln_1p(t * t / freedom));
        let step = (math::ln(above) - target) * above / (t * density);
        t *= math::exp(step);
        if step.abs() < 1e-13 {
            break;
        }
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference;

    #[test]
    fn as_scipy_says() {
        reference::check("t_quantile", 1e-10, |row| vec![quantile(row.number(1), row.number(0))]);
        reference::check("t_survival", 1e-9, |row| vec![survival(row.number(1), row.number(0))]);
    }

    #[test]
    fn the_two_sides_mirror_each_other() {
        for freedom in [1.0, 3.5, 40.0, 3000.0] {
            for tail in [0.01, 0.2, 0.49] {
                let t = quantile(tail, freedom);
                assert!((quantile(1.0 - tail, freedom) + t).abs() < 1e-9 * t);
                assert!((survival(-t, freedom) - (1.0 - tail)).abs() < 1e-9, "{freedom} {tail}");
            }
            assert_eq!(quantile(0.5, freedom), 0.0);
        }
        assert_eq!(survival(f64::INFINITY, 3.0), 0.0);
        assert_eq!(survival(f64::NEG_INFINITY, 3.0), 1.0);
    }
}
