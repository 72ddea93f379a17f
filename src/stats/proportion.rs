//! How far may a share be off, and do two shares differ? Counts of failures out of trials.
//!
//! Every function takes `failed <= of`; a share of nothing is taken to be unknown, so intervals
//! of nothing are the whole range and tests of nothing find nothing.

use super::{math, normal};

/// Failures out of trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// How many failed, at most `of`.
    pub failed: u64,
    /// Out of how many.
    pub of: u64,
}

impl Share {
    /// The share itself, in 0..=1; 0 of nothing.
    #[must_use]
    pub fn value(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.failed as f64 / self.of as f64 }
    }

    const fn passed(self) -> u64 {
        self.of - self.failed
    }
}

/// Wilson's score interval (E. B. Wilson, 1927) with `z` standard errors on either side.
#[must_use]
pub fn wilson(share: Share, z: f64) -> (f64, f64) {
    if share.of == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (share.of as f64, share.value());
    let square = z * z / n;
    let centre = (p + square / 2.0) / (1.0 + square);
    let half = z * (p * (1.0 - p) / n + square / (4.0 * n)).sqrt() / (1.0 + square);
    // At the ends the formula is exact but for rounding.
    let low = if share.failed == 0 { 0.0 } else { centre - half };
    let high = if share.failed == share.of { 1.0 } else { centre + half };
    (low, high)
}

/// Wilson's two-sided interval of this confidence, in (0, 1).
#[must_use]
pub fn wilson_at(share: Share, confidence: f64) -> (f64, f64) {
    wilson(share, normal::quantile(f64::midpoint(1.0, confidence)))
}

/// What the probability is not below, with this confidence in (0, 1), by Wilson's score.
#[must_use]
pub fn wilson_lower(share: Share, confidence: f64) -> f64 {
    wilson(share, normal::quantile(confidence)).0
}

/// What the probability is not above, with this confidence in (0, 1), by Wilson's score.
#[must_use]
pub fn wilson_upper(share: Share, confidence: f64) -> f64 {
    wilson(share, normal::quantile(confidence)).1
}

/// Interval of `new - old` with `z` standard errors on either side: R. G. Newcombe's hybrid score
/// method without continuity correction (Statistics in Medicine 17, 1998, method 10).
#[must_use]
pub fn newcombe(new: Share, old: Share, z: f64) -> (f64, f64) {
    let (p, q) = (new.value(), old.value());
    let ((new_low, new_high), (old_low, old_high)) = (wilson(new, z), wilson(old, z));
    if new.of == 0 || old.of == 0 {
        return (new_low - old_high, new_high - old_low);
    }
    let root = |a: f64, b: f64| (a * a + b * b).sqrt();
    (p - q - root(p - new_low, old_high - q), p - q + root(new_high - p, q - old_low))
}

/// The pooled two-proportion statistic: how many standard errors `new` lies above `old` if both
/// are the same. None where nothing varies: no trials on a side, no failure at all, or only
/// failures.
#[must_use]
pub fn pooled_z(new: Share, old: Share) -> Option<f64> {
    let (n, m) = (new.of as f64, old.of as f64);
    if new.of == 0 || old.of == 0 {
        return None;
    }
    let pooled = (new.failed + old.failed) as f64 / (n + m);
    let error = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    let z = (new.value() - old.value()) / error;
    z.is_finite().then_some(z)
}

/// Whether the normal approximation may serve: at least five failures and five successes are
/// expected on both sides if both are the same.
#[must_use]
pub fn is_enough_for_z(new: Share, old: Share) -> bool {
    let failed = u128::from(new.failed + old.failed);
    let passed = u128::from(new.passed() + old.passed());
    let all = u128::from(new.of + old.of);
    let fewest = u128::from(new.of.min(old.of));
    fewest * failed.min(passed) >= 5 * all && all > 0
}

/// Fisher's exact test, one-sided: the probability that `new` has at least as many of all the
/// failures as it has, if each is as likely to be any request's. 1 where nothing is known.
#[must_use]
pub fn fisher(new: Share, old: Share) -> f64 {
    let failed = new.failed + old.failed;
    let least = failed.saturating_sub(old.of);
    let most = failed.min(new.of);
    if new.failed <= least {
        return 1.0;
    }
    let mode = (u128::from(failed) * u128::from(new.of) / u128::from(new.of + old.of)) as u64;
    if new.failed > mode {
        return hypergeometric(new.failed, most, new, old, Walk::Up).min(1.0);
    }
    // Below the mode the other tail is the smaller sum.
    let below = hypergeometric(new.failed - 1, least, new, old, Walk::Down);
    (1.0 - below).clamp(0.0, 1.0)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    Up,
    Down,
}

/// Sum of the hypergeometric probabilities from `from` to `to`, of which `from` is the largest.
fn hypergeometric(from: u64, to: u64, new: Share, old: Share, walk: Walk) -> f64 {
    let (n, m, k) = (new.of as f64, old.of as f64, (new.failed + old.failed) as f64);
    let x = from as f64;
    let first = math::exp(ln_choose(n, x) + ln_choose(m, k - x) - ln_choose(n + m, k));
    let (mut term, mut sum, mut at) = (first, first, from);
    while at != to && term > sum * 1e-17 {
        let x = at as f64;
        match walk {
            Walk::Up => {
                term *= (n - x) * (k - x) / ((x + 1.0) * (m - k + x + 1.0));
                at += 1;
            }
            Walk::Down => {
                term *= x * (m - k + x) / ((n - x + 1.0) * (k - x + 1.0));
                at -= 1;
            }
        }
        sum += term;
    }
    sum
}

fn ln_choose(n: f64, k: f64) -> f64 {
    math::ln_gamma(n + 1.0) - math::ln_gamma(k + 1.0) - math::ln_gamma(n - k + 1.0)
}

/// Requests of the new version that a one-sided two-proportion test at level `alpha` needs to
/// find an increase from `old` to `new` with probability `power`, the old version having `ratio`
/// times as many; `old < new`, all probabilities in (0, 1).
#[must_use]
pub fn sample_size((old, new): (f64, f64), alpha: f64, power: f64, ratio: f64) -> f64 {
    let mean = (new + ratio * old) / (1.0 + ratio);
    let null = (mean * (1.0 - mean) * (1.0 + 1.0 / ratio)).sqrt();
    let other = (new * (1.0 - new) + old * (1.0 - old) / ratio).sqrt();
    let root = normal::quantile(1.0 - alpha) * null + normal::quantile(power) * other;
    (root / (new - old)) * (root / (new - old))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference;

    const fn share(failed: u64, of: u64) -> Share {
        Share { failed, of }
    }

    /// SciPy 1.17: see the head of the file.
    const SCIPY: &str = include_str!("../../tests/data/tests.csv");

    fn rows(kind: &str) -> Vec<Vec<f64>> {
        let rows = SCIPY.lines().filter_map(|line| line.strip_prefix(kind)?.strip_prefix(','));
        rows.map(|row| row.split(',').map(|cell| cell.parse().expect("a number")).collect())
            .collect()
    }

    fn shares(row: &[f64]) -> (Share, Share) {
        (share(row[0] as u64, row[1] as u64), share(row[2] as u64, row[3] as u64))
    }

    fn check(kind: &str, tolerance: f64, ours: impl Fn(&[f64]) -> Vec<f64>) {
        let rows = rows(kind);
        assert!(rows.len() >= 20, "{kind}: {}", rows.len());
        for row in rows {
            let ours = ours(&row);
            for (ours, want) in ours.iter().zip(&row[row.len() - ours.len()..]) {
                let error = (ours - want).abs() / want.abs().max(1e-3);
                assert!(error < tolerance, "{kind} {row:?}: {ours} for {want}");
            }
        }
    }

    #[test]
    fn as_scipy_says() {
        check("fisher", 1e-8, |row| {
            let (new, old) = shares(row);
            vec![fisher(new, old)]
        });
        check("pooled_z", 1e-10, |row| {
            let (new, old) = shares(row);
            vec![pooled_z(new, old).expect("something varies")]
        });
        check("wilson", 1e-9, |row| {
            let (low, high) = wilson(share(row[0] as u64, row[1] as u64), row[2]);
            vec![low, high]
        });
        check("newcombe", 1e-9, |row| {
            let (new, old) = shares(row);
            let (low, high) = newcombe(new, old, row[4]);
            vec![low, high]
        });
    }

    #[test]
    fn one_sided_bounds_are_those_of_scipy() {
        reference::check("wilson_bounds", 1e-9, |row| {
            let (share, confidence) = (share(row.whole(0), row.whole(1)), row.number(2));
            let two_sided = wilson_at(share, 2.0 * confidence - 1.0);
            let bounds = (wilson_lower(share, confidence), wilson_upper(share, confidence));
            assert!((two_sided.0 - bounds.0).abs() + (two_sided.1 - bounds.1).abs() < 1e-12);
            vec![bounds.0, bounds.1]
        });
    }

    /// Published worked example: Newcombe (1998), table II (a): 56/70 against 48/80, method 10.
    #[test]
    fn newcombe_of_the_paper() {
        let (low, high) = newcombe(share(56, 70), share(48, 80), 1.959_963_985);
        assert!((low - 0.0524).abs() < 5e-5 && (high - 0.3339).abs() < 5e-5, "{low} {high}");
    }

    /// The intervals of the textbook formula: none of 100, 5 of 1000, 95 of 100.
    #[test]
    fn wilson_at_the_edges() {
        for (failed, of, low, high) in
            [(0, 100, 0.0, 0.0370), (5, 1000, 0.00214, 0.01165), (95, 100, 0.888, 0.978)]
        {
            let (l, h) = wilson(share(failed, of), 1.959_963_985);
            assert!((l - low).abs() < 5e-4 && (h - high).abs() < 5e-5 + 5e-4, "{l} {h}");
        }
        assert_eq!(wilson(share(0, 0), 1.96), (0.0, 1.0));
    }

    /// Sizes for an 80% chance at a one-sided 5%, with as many, 9 and 99 times as many old
    /// requests.
    #[test]
    fn how_many_requests_a_regression_needs() {
        for ((old, new), sizes) in [
            ((0.001, 0.01), [834.0, 315.0, 237.0]),
            ((0.001, 0.005), [2311.0, 975.0, 794.0]),
            ((0.001, 0.002), [18_519.0, 9_237.0, 8_138.0]),
            ((0.01, 0.02), [1826.0, 912.0, 804.0]),
            ((0.01, 0.05), [224.0, 95.0, 78.0]),
            ((0.0001, 0.001), [8391.0, 3167.0, 2377.0]),
        ] {
            for (ratio, size) in [1.0, 9.0, 99.0].into_iter().zip(sizes) {
                let got = sample_size((old, new), 0.05, 0.8, ratio).ceil();
                assert!((got - size).abs() <= 1.0, "{old} {new} {ratio}: {got} for {size}");
            }
        }
    }

    #[test]
    fn nothing_finds_nothing() {
        let none = share(0, 0);
        assert_eq!(pooled_z(none, share(3, 10)), None);
        assert_eq!(pooled_z(share(0, 10), share(0, 10)), None);
        assert_eq!(pooled_z(share(10, 10), share(10, 10)), None);
        assert!((fisher(none, share(3, 10)) - 1.0).abs() < 1e-12);
        assert!((fisher(share(0, 10), none) - 1.0).abs() < 1e-12);
        assert!(!is_enough_for_z(none, none));
        assert!(is_enough_for_z(share(9, 100), share(1, 100)));
        assert!(!is_enough_for_z(share(9, 100), share(0, 100)));
    }
}
