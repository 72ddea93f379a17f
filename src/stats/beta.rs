//! What is known of a share after some counts? The beta distribution and what Bayes' rule makes
//! of it.

use super::math;

/// Logarithm of the beta function of two positive numbers.
#[must_use]
pub fn ln_beta(a: f64, b: f64) -> f64 {
    math::ln_gamma(a) + math::ln_gamma(b) - math::ln_gamma(a + b)
}

/// A beta distribution, both parameters positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beta {
    /// Weight of what failed.
    pub a: f64,
    /// Weight of what passed.
    pub b: f64,
}

impl Beta {
    /// Probability of at most `x`: the regularised incomplete beta function, by the continued
    /// fraction of Lentz's method.
    #[must_use]
    pub fn probability(self, x: f64) -> f64 {
        if x <= 0.0 {
            return 0.0;
        }
        if x >= 1.0 {
            return 1.0;
        }
        let Self { a, b } = self;
        let weight = math::exp(a * math::ln(x) + b * math::ln_1p(-x) - ln_beta(a, b));
        // The fraction converges fast on the near side of the mean; the other is its complement.
        if x < (a + 1.0) / (a + b + 2.0) {
            (weight * fraction(a, b, x) / a).clamp(0.0, 1.0)
        } else {
            (1.0 - weight * fraction(b, a, 1.0 - x) / b).clamp(0.0, 1.0)
        }
    }

    /// Mean.
    #[must_use]
    pub fn mean(self) -> f64 {
        self.a / (self.a + self.b)
    }

    fn deviation(self) -> f64 {
        let sum = self.a + self.b;
        (self.a * self.b / (sum * sum * (sum + 1.0))).sqrt()
    }

    fn density(self, x: f64) -> f64 {
        let Self { a, b } = self;
        math::exp((a - 1.0) * math::ln(x) + (b - 1.0) * math::ln_1p(-x) - ln_beta(a, b))
    }

    /// Probability that a number of `self` exceeds one of `other` by more than `margin`.
    ///
    /// The integral of `other`'s density times `self`'s survival, by Gauss's rule with five points
    /// on pieces of a tenth of a deviation within twelve deviations of `other`'s mean, where all
    /// but a trillionth of it lies; the pieces are made equal so that the probabilities add up.
    #[must_use]
    pub fn exceeds(self, other: Self, margin: f64) -> f64 {
        let (mean, deviation) = (other.mean(), other.deviation());
        let from = (mean - 12.0 * deviation).max(0.0);
        let to = (mean + 30.0 * deviation).min(1.0);
        let pieces = 420;
        let half = (to - from) / (2.0 * f64::from(pieces));
        let (mut sum, mut total) = (0.0, 0.0);
        for piece in 0..pieces {
            let centre = from + half * f64::from(2 * piece + 1);
            for (place, weight) in GAUSS {
                let x = centre + half * place;
                let mass = weight * half * other.density(x);
                if mass > 0.0 && mass.is_finite() {
                    total += mass;
                    sum += mass * (1.0 - self.probability(x + margin));
                }
            }
        }
        if total > 0.0 { (sum / total).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// Places and weights of Gauss's rule with five points on -1..1.
const GAUSS: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];

fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let bounded = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / bounded(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for k in 1..100_000 {
        let k = f64::from(k);
        let even = k * (b - k) * x / ((a + 2.0 * k - 1.0) * (a + 2.0 * k));
        let odd = -(a + k) * (a + b + k) * x / ((a + 2.0 * k) * (a + 2.0 * k + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / bounded(1.0 + term * d);
            c = bounded(1.0 + term / c);
            change = c * d;
            result *= change;
        }
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy 1.17: see the head of the file.
    const SCIPY: &str = include_str!("../../tests/data/tests.csv");

    fn check(kind: &str, tolerance: f64, ours: impl Fn(&[f64]) -> f64) {
        let mut count = 0;
        let rows = SCIPY.lines().filter_map(|line| line.strip_prefix(kind)?.strip_prefix(','));
        for row in rows {
            let row: Vec<f64> =
                row.split(',').map(|cell| cell.parse().expect("a number")).collect();
            let (want, got) = (row[row.len() - 1], ours(&row));
            assert!((got - want).abs() < tolerance, "{kind} {row:?}: {got}");
            count += 1;
        }
        assert!(count >= 20, "{kind}: {count}");
    }

    #[test]
    fn as_scipy_says() {
        check("beta", 1e-9, |row| Beta { a: row[0], b: row[1] }.probability(row[2]));
        check("beta_exceeds", 1e-6, |row| {
            let (new, old) = (Beta { a: row[0], b: row[1] }, Beta { a: row[2], b: row[3] });
            new.exceeds(old, row[4])
        });
    }
}
