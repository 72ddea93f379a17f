//! What may be concluded while looking again and again? Tests whose error rates hold under
//! repeated looks.

use super::beta::ln_beta;
use super::{math, normal};

/// Wald's sequential probability ratio test between two known failure rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sprt {
    /// Failure rate of a good version, in (0, 1).
    pub good: f64,
    /// Failure rate of a bad one, above `good` and below 1.
    pub bad: f64,
    /// Probability of rejecting a good one, in (0, 1).
    pub alpha: f64,
    /// Probability of accepting a bad one, in (0, 1).
    pub beta: f64,
}

impl Sprt {
    /// Logarithm of the likelihood ratio of bad to good after so many failures out of `of`.
    #[must_use]
    pub fn ln_ratio(&self, failed: u64, of: u64) -> f64 {
        let (failure, success) = self.increments();
        failed as f64 * failure + of.saturating_sub(failed) as f64 * success
    }

    /// The logarithms at or below which it accepts and at or above which it rejects.
    #[must_use]
    pub fn bounds(&self) -> (f64, f64) {
        let accept = math::ln(self.beta / (1.0 - self.alpha));
        (accept, math::ln((1.0 - self.beta) / self.alpha))
    }

    /// Requests it takes on average (Wald's approximation, which neglects the overshoot) to decide
    /// on a good version, and on a bad one.
    #[must_use]
    pub fn expected_size(&self) -> (f64, f64) {
        let (failure, success) = self.increments();
        let (accept, reject) = self.bounds();
        let drift = |rate: f64| rate * failure + (1.0 - rate) * success;
        let end = |rejected: f64| (1.0 - rejected) * accept + rejected * reject;
        (end(self.alpha) / drift(self.good), end(1.0 - self.beta) / drift(self.bad))
    }

    fn increments(&self) -> (f64, f64) {
        let failure = math::ln(self.bad / self.good);
        (failure, math::ln_1p(-self.bad) - math::ln_1p(-self.good))
    }
}

/// Logarithm of the evidence that the new version fails more or less often than its share of the
/// requests explains (M. Lindon and A. Malek, "Anytime-valid inference for multinomial count
/// data", 2022): the beta mixture, of weight `weight` round the share, over the probability that
/// a failure is the new version's.
///
/// `new` and `old` are counts of failures, `share` (in (0, 1)) the share of requests that the new
/// version has. Under equal rates its exponential exceeds 1/alpha ever, at any number of looks,
/// with probability alpha at most.
#[must_use]
pub fn ln_evidence(new: u64, old: u64, share: f64, weight: f64) -> f64 {
    let (a, b) = (weight * share, weight * (1.0 - share));
    let (x, y) = (new as f64, old as f64);
    ln_beta(a + x, b + y) - ln_beta(a, b) - x * math::ln(share) - y * math::ln_1p(-share)
}

/// How a group-sequential test spends its error rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spending {
    /// Almost nothing early (Lan and DeMets' form of O'Brien and Fleming's boundary).
    OBrienFleming,
    /// Evenly (their form of Pocock's).
    Pocock,
}

impl Spending {
    /// What of `alpha` is spent when the fraction `t` (in 0..=1) of the information is in.
    #[must_use]
    pub fn spent(self, alpha: f64, t: f64) -> f64 {
        if t <= 0.0 {
            return 0.0;
        }
        if t >= 1.0 {
            return alpha;
        }
        match self {
            Self::OBrienFleming => {
                2.0 * normal::probability(-normal::quantile(1.0 - alpha / 2.0) / t.sqrt())
            }
            Self::Pocock => alpha * math::ln_1p((std::f64::consts::E - 1.0) * t),
        }
    }

    /// The upper boundaries of a one-sided test at the looks with these information fractions,
    /// rising and in (0, 1]: reject at the first whose statistic (standard normal without an
    /// effect) is above its boundary.
    ///
    /// P. Armitage, C. K. McPherson and B. C. Rowe's recursion (1969): the density of the sum
    /// among the paths that have not crossed, carried from look to look on a grid.
    #[must_use]
    pub fn boundaries(self, alpha: f64, fractions: &[f64]) -> Vec<f64> {
        let mut boundaries = Vec::new();
        let mut density = Density::new();
        let mut before = 0.0;
        for &t in fractions {
            let spent = self.spent(alpha, t);
            density.advance(t);
            let boundary = density.cut(spent - before);
            boundaries.push(boundary / t.sqrt());
            before = spent;
        }
        boundaries
    }
}

/// Points of the grid.
const POINTS: usize = 801;
/// How many deviations the grid reaches below zero.
const REACH: f64 = 8.0;

/// Density of the sum at information `t` among the paths that have not crossed: on equal steps
/// from `low` to `high`.
struct Density {
    t: f64,
    low: f64,
    high: f64,
    values: Vec<f64>,
}

impl Density {
    /// Before any look: all at zero.
    const fn new() -> Self {
        Self { t: 0.0, low: 0.0, high: 0.0, values: Vec::new() }
    }

    /// Carries it on to information `t`; the grid now goes up to where nothing is left.
    fn advance(&mut self, t: f64) {
        let deviation = (t - self.t).max(0.0).sqrt();
        let (low, high) =
            (-REACH * t.sqrt(), (self.high + REACH * deviation).min(REACH * t.sqrt()));
        let step = (high - low) / (POINTS - 1) as f64;
        let at = |index: usize| low + step * index as f64;
        let values = (0..POINTS)
            .map(|index| {
                if self.values.is_empty() {
                    return normal::density(at(index) / deviation) / deviation;
                }
                let from = |k: usize| self.low + self.step() * k as f64;
                let kernel = |k| normal::density((at(index) - from(k)) / deviation) / deviation;
                simpson(self.values.iter().enumerate().map(|(k, value)| value * kernel(k)))
                    * self.step()
            })
            .collect();
        *self = Self { t, low, high, values };
    }

    fn step(&self) -> f64 {
        (self.high - self.low) / (POINTS - 1) as f64
    }

    /// Where the part above has the probability `spent`; cuts that part off.
    fn cut(&mut self, spent: f64) -> f64 {
        let step = self.step();
        let (mut above, mut index) = (0.0, POINTS - 1);
        // Panels of two steps from the top, until one holds the boundary.
        while index >= 2 {
            let part = (self.values[index] + 4.0 * self.values[index - 1] + self.values[index - 2])
                * step
                / 3.0;
            if above + part >= spent {
                break;
            }
            above += part;
            index -= 2;
        }
        let boundary = self.within(index, spent - above);
        self.regrid(boundary);
        boundary
    }

    /// The point in the panel that ends at `index` above which it holds `rest`.
    fn within(&self, index: usize, rest: f64) -> f64 {
        let step = self.step();
        let top = self.low + step * index as f64;
        let [c, b, a] = [0, 1, 2].map(|back| self.values[index.saturating_sub(back)]);
        // The parabola through the three, by distance from the top in steps.
        let (slope, curve) = ((4.0 * b - a - 3.0 * c) / 2.0, (a - 2.0 * b + c) / 2.0);
        let area = |x: f64| step * (c * x + slope * x * x / 2.0 + curve * x * x * x / 3.0);
        let (mut low, mut high) = (0.0, 2.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if area(middle) < rest { low = middle } else { high = middle }
        }
        top - step * low
    }

    /// The same density on a grid that ends at `high`: each value by the cubic through the four
    /// nearest points of its logarithm's neighbourhood.
    fn regrid(&mut self, high: f64) {
        let (low, old) = (self.low, self.step());
        let step = (high - low) / (POINTS - 1) as f64;
        let values = (0..POINTS).map(|index| self.cubic(step * index as f64 / old)).collect();
        *self = Self { t: self.t, low, high, values };
    }

    /// The value at a place counted in steps of the grid.
    fn cubic(&self, place: f64) -> f64 {
        let first = (place as usize).saturating_sub(1).min(POINTS - 4);
        let x = place - first as f64;
        let [a, b, c, d] = [0, 1, 2, 3].map(|k| self.values[first + k]);
        -a * (x - 1.0) * (x - 2.0) * (x - 3.0) / 6.0 + b * x * (x - 2.0) * (x - 3.0) / 2.0
            - c * x * (x - 1.0) * (x - 3.0) / 2.0
            + d * x * (x - 1.0) * (x - 2.0) / 6.0
    }
}

/// Simpson's sum over an odd number of points, a step apart of one.
fn simpson(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let last = values.len() - 1;
    let weight = |index: usize| match index {
        0 => 1.0,
        index if index == last => 1.0,
        index if index % 2 == 1 => 4.0,
        _ => 2.0,
    };
    values.enumerate().map(|(index, value)| weight(index) * value).sum::<f64>() / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::E;

    /// Wald's formulas, good against bad at 5% and 20%.
    #[test]
    fn how_many_requests_the_ratio_test_takes() {
        for (good, bad, sizes) in [
            (0.001, 0.01, (199.0, 135.0)),
            (0.001, 0.005, (559.0, 470.0)),
            (0.001, 0.002, (4365.0, 4928.0)),
        ] {
            let test = Sprt { good, bad, alpha: 0.05, beta: 0.2 };
            let (if_good, if_bad) = test.expected_size();
            assert!((if_good - sizes.0).abs() < 1.0, "{if_good}");
            assert!((if_bad - sizes.1).abs() < 1.0, "{if_bad}");
        }
    }

    #[test]
    fn evidence_is_the_beta_mixture() {
        // Direct product: with one failure, E[p] / share = 1 on either side.
        assert!(ln_evidence(1, 0, 0.05, 10.0).abs() < 1e-12);
        assert!(ln_evidence(0, 1, 0.05, 10.0).abs() < 1e-12);
        // Two failures of the new version: a (a + 1) / (w (w + 1)) / share^2 with a = 0.5, w = 10.
        let two = 0.5 * 1.5 / (10.0 * 11.0) / (0.05 * 0.05);
        assert!((ln_evidence(2, 0, 0.05, 10.0) - math::ln(two)).abs() < 1e-12);
    }

    /// Cumulative error at five equal looks.
    #[test]
    fn what_is_spent() {
        let at = |spending: Spending| {
            [0.2, 0.4, 0.6, 0.8, 1.0].map(|t| (spending.spent(0.05, t) * 1e5).round() / 1e5)
        };
        let close = |got: [f64; 5], want: [f64; 5], tolerance: f64| {
            for (got, want) in got.into_iter().zip(want) {
                assert!((got - want).abs() <= tolerance, "{got} for {want}");
            }
        };
        close(at(Spending::OBrienFleming), [0.00001, 0.0019, 0.0114, 0.0284, 0.05], 9e-5);
        close(at(Spending::Pocock), [0.0148, 0.0262, 0.0354, 0.0432, 0.05], 5e-5 + 1e-12);
        assert!(
            (0.05 * math::ln(1.0 + (E - 1.0) * 0.2) - Spending::Pocock.spent(0.05, 0.2)).abs()
                < 1e-15
        );
    }

    /// Boundaries of Lan and DeMets' functions at five equal looks, one-sided 2.5%: Reboussin,
    /// DeMets, Kim and Lan (2000), tables of the program `ld98`; gsDesign gives the same.
    #[test]
    fn published_boundaries() {
        let fractions = [0.2, 0.4, 0.6, 0.8, 1.0];
        // The published two-sided boundaries spend half of the two-sided function on each side.
        let got = Spending::Pocock.boundaries(0.025, &fractions);
        for (got, want) in got.iter().zip([2.4380, 2.4268, 2.4101, 2.3966, 2.3859]) {
            assert!((got - want).abs() < 2e-3, "{got} for {want}");
        }
        // gsDesign(k = 5, test.type = 1, alpha = 0.025, sfu = sfLDOF).
        let got = Spending::OBrienFleming.boundaries(0.025, &fractions);
        for (got, want) in got.iter().zip([4.8769, 3.3569, 2.6803, 2.2898, 2.0310]) {
            assert!((got - want).abs() < 2e-3, "{got} for {want}");
        }
    }

    /// One look is the plain test.
    #[test]
    fn one_look_is_the_plain_test() {
        let boundary = Spending::Pocock.boundaries(0.05, &[1.0])[0];
        assert!((boundary - normal::quantile(0.95)).abs() < 1e-6, "{boundary}");
    }
}
