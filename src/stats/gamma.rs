//! The gamma distribution with scale 1: the logarithm of its quantile and the density of the
//! logarithm, from the incomplete gamma function.

use std::f64::consts::TAU;

use super::math;

/// From here on Stirling's series gives the gamma function to all digits.
const STIRLING_FROM: f64 = 20.0;
/// Newton's method stops at steps below this; it converges quadratically, so what is left is
/// rounding.
const SMALL_STEP: f64 = 1e-11;

/// Logarithm of the number below which a gamma number of scale 1 lies with probability `lower`
/// and above which with probability `upper = 1 - lower`, both above zero; `shape > 0`.
///
/// Newton's method in the logarithm y of the number. Probability and survival are log-concave in
/// y, so that it converges from one side without a bracket: from below on the logarithm of the
/// probability, from above on that of the survival.
#[must_use]
pub fn ln_quantile(shape: f64, lower: f64, upper: f64) -> f64 {
    if lower <= 0.5 {
        // P(x) <= x^a / gamma(a + 1), so this is below.
        let start = (math::ln(lower) + math::ln_gamma(shape + 1.0)) / shape;
        return newton(start, math::ln(lower), |y| ln_probability(shape, y));
    }
    let target = math::ln(upper);
    let mut start = math::ln(shape.max(1.0));
    while ln_survival(shape, start).0 > target {
        start += 1.0;
    }
    newton(start, target, |y| ln_survival(shape, y))
}

/// Density of the logarithm of a gamma number, at `y`.
#[must_use]
pub fn ln_density(shape: f64, y: f64) -> f64 {
    shape * math::exp(ln_weight(shape, y))
}

/// The `y` at which `function`, given with its derivative, is `target`.
fn newton(start: f64, target: f64, function: impl Fn(f64) -> (f64, f64)) -> f64 {
    let mut y = start;
    for _ in 0..200 {
        let (value, slope) = function(y);
        let step = (target - value) / slope;
        y += step;
        if step.abs() <= SMALL_STEP {
            break;
        }
    }
    y
}

/// Logarithm of the probability of at most `e^y`, and its derivative by `y`.
fn ln_probability(shape: f64, y: f64) -> (f64, f64) {
    let series = lower_series(shape, math::exp(y));
    (ln_weight(shape, y) + math::ln(series), shape / series)
}

/// Logarithm of the probability of more than `e^y`, and its derivative by `y`.
fn ln_survival(shape: f64, y: f64) -> (f64, f64) {
    let x = math::exp(y);
    if x < shape + 1.0 {
        let (below, slope) = ln_probability(shape, y);
        let above = -math::exp_m1(below);
        return (math::ln(above), -slope * (1.0 - above) / above);
    }
    let fraction = upper_fraction(shape, x);
    (ln_weight(shape, y) + math::ln(shape * fraction), -1.0 / fraction)
}

/// `ln(x^a e^-x / gamma(a + 1))` at `x = e^y`, without the cancellation of its terms where a is
/// large.
fn ln_weight(shape: f64, y: f64) -> f64 {
    let x = math::exp(y);
    if shape < STIRLING_FROM {
        return shape * y - x - math::ln_gamma(shape + 1.0);
    }
    let distance = (x - shape) / shape;
    let inverse = 1.0 / shape;
    let square = inverse * inverse;
    let stirling =
        inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    shape * (math::ln_1p(distance) - distance) - 0.5 * math::ln(TAU * shape) - stirling
}

/// `1 + x/(a+1) + x^2/((a+1)(a+2)) + ...`; times the weight it is the probability of at most `x`.
fn lower_series(shape: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut divisor) = (1.0, 1.0, shape);
    while term > sum * 1e-17 {
        divisor += 1.0;
        term *= x / divisor;
        sum += term;
    }
    sum
}

/// Legendre's continued fraction, for `x > a + 1`; times the weight and the shape it is the
/// probability of more than `x`. Evaluated by Lentz's method; some hundred terms do for any shape
/// up to 10^4.
fn upper_fraction(shape: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - shape;
    let mut c = f64::MAX;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for k in 1..100_000 {
        let k = f64::from(k);
        let a = k * (shape - k);
        b += 2.0;
        d = 1.0 / (a * d + b);
        c = b + a / c;
        fraction *= c * d;
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    fraction
}
