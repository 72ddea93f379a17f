//! Does one sample lie above another, and by how much? Ranks, the Mann-Whitney test and the
//! Hodges-Lehmann shift with its interval, as R's `wilcox.test` reckons them asymptotically.

use super::normal;

/// Roots are found to within this, in the unit of the data, as R's `uniroot` is asked to.
const TOLERANCE: f64 = 1e-4;

/// The shift of one sample against another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// Lower end of the confidence interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The Hodges-Lehmann estimate.
    pub estimate: f64,
}

/// Ranks of the values of `x`, then of `y`, in the two together: 1 for the smallest, ties share
/// the mean of their ranks. Also the sum of `t^3 - t` over the ties.
fn ranks(x: impl Iterator<Item = f64>, y: &[f64]) -> (Vec<f64>, f64) {
    let all: Vec<f64> = x.chain(y.iter().copied()).collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&a, &b| all[a].total_cmp(&all[b]));
    let mut ranks = vec![0.0; all.len()];
    let (mut from, mut ties) = (0, 0.0);
    while from < order.len() {
        let value = all[order[from]];
        let mut to = from + 1;
        // Equality, for -0 and 0 are the same value.
        while to < order.len() && all[order[to]] <= value {
            to += 1;
        }
        let rank = (from + 1 + to) as f64 / 2.0;
        for &index in &order[from..to] {
            ranks[index] = rank;
        }
        let count = (to - from) as f64;
        ties += count * count * count - count;
        from = to;
    }
    (ranks, ties)
}

/// The rank-sum statistic of `x - shift` against `y`, standardised, with continuity correction;
/// none when all values are tied.
fn standardised(x: &[f64], y: &[f64], shift: f64) -> Option<f64> {
    let (n, m) = (x.len() as f64, y.len() as f64);
    let (ranks, ties) = ranks(x.iter().map(|value| value - shift), y);
    let sum: f64 = ranks[..x.len()].iter().sum();
    let excess = sum - n * (n + 1.0) / 2.0 - n * m / 2.0;
    let correction = if excess == 0.0 { 0.0 } else { 0.5_f64.copysign(excess) };
    let variance = n * m / 12.0 * (n + m + 1.0 - ties / ((n + m) * (n + m - 1.0)));
    let deviation = variance.sqrt();
    (deviation > 0.0).then(|| (excess - correction) / deviation)
}

/// The two-sided p-value of the Mann-Whitney test with normal approximation, tie and continuity
/// correction; none when all values are tied or a sample is empty.
#[must_use]
pub fn mann_whitney_p(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.is_empty() || y.is_empty() {
        return None;
    }
    let z = standardised(x, y, 0.0)?;
    Some((2.0 * normal::probability(-z.abs())).min(1.0))
}

/// Probability that a value of `x` lies above one of `y`, ties counting half: the common language
/// effect size. None when a sample is empty.
#[must_use]
pub fn common_language(x: &[f64], y: &[f64]) -> Option<f64> {
    let (n, m) = (x.len() as f64, y.len() as f64);
    let (ranks, _) = ranks(x.iter().copied(), y);
    let sum: f64 = ranks[..x.len()].iter().sum();
    let share = (2.0 * sum - n * (n + 1.0)) / (2.0 * n * m);
    share.is_finite().then_some(share)
}

/// The shift of `x` against `y` with its interval at `confidence`, by inverting the test: the
/// shifts at which it is just not significant, and the one at which nothing is left of it. None
/// when a sample is empty or all values are tied at some shift that had to be looked at.
#[must_use]
pub fn shift(x: &[f64], y: &[f64], confidence: f64) -> Option<Shift> {
    let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if x.is_empty() || y.is_empty() {
        return None;
    }
    let range = (least(x) - most(y), most(x) - least(y));
    let z = normal::quantile(f64::midpoint(1.0, confidence));
    let end = |z: f64| {
        let at = |shift| standardised(x, y, shift).map(|value| value - z);
        if at(range.0)? <= 0.0 {
            Some(range.0)
        } else if at(range.1)? >= 0.0 {
            Some(range.1)
        } else {
            root(at, range)
        }
    };
    Some(Shift {
        low: end(z)?,
        high: end(-z)?,
        estimate: root(|shift| standardised(x, y, shift), range)?,
    })
}

/// A zero between `a` and `b`, at which `f` has different signs or is zero, to within
/// [`TOLERANCE`]: R. P. Brent, Algorithms for Minimization without Derivatives (1973), ch. 4.
/// Which of the steps of a step function it ends at depends on every step of the search, so the
/// search is that of R's `zeroin` to the letter.
fn root(f: impl Fn(f64) -> Option<f64>, (a, b): (f64, f64)) -> Option<f64> {
    let (mut a, mut b) = ((a, f(a)?), (b, f(b)?));
    if a.1 == 0.0 {
        return Some(a.0);
    }
    let mut c = a;
    for _ in 0..1000 {
        let before = b.0 - a.0;
        if c.1.abs() < b.1.abs() {
            (a, b, c) = (b, c, b);
        }
        let tolerance = 2.0 * f64::EPSILON * b.0.abs() + TOLERANCE / 2.0;
        let half = (c.0 - b.0) / 2.0;
        if half.abs() <= tolerance || b.1 == 0.0 {
            return Some(b.0);
        }
        let mut step = half;
        if before.abs() >= tolerance && a.1.abs() > b.1.abs() {
            let (p, q) = interpolation(a, b, c);
            let is_inside = p < 0.75 * (c.0 - b.0) * q - (tolerance * q).abs() / 2.0;
            if is_inside && p < (before * q / 2.0).abs() {
                step = p / q;
            }
        }
        if step.abs() < tolerance {
            step = tolerance.copysign(step);
        }
        a = b;
        b.0 += step;
        b.1 = f(b.0)?;
        if (b.1 > 0.0) == (c.1 > 0.0) && (b.1 < 0.0) == (c.1 < 0.0) {
            c = a;
        }
    }
    Some(b.0)
}

/// The next step from `b` as a fraction with `p >= 0`: linear through two points, inverse
/// quadratic through three.
fn interpolation(a: (f64, f64), b: (f64, f64), c: (f64, f64)) -> (f64, f64) {
    let width = c.0 - b.0;
    let ratio = b.1 / a.1;
    let (p, q) = if a.0.to_bits() == c.0.to_bits() {
        (width * ratio, 1.0 - ratio)
    } else {
        let (q, r) = (a.1 / c.1, b.1 / c.1);
        let p = ratio * (width * q * (q - r) - (b.0 - a.0) * (r - 1.0));
        (p, (q - 1.0) * (r - 1.0) * (ratio - 1.0))
    };
    if p > 0.0 { (p, -q) } else { (-p, q) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hollander and Wolfe (1973), p. 69 f., permeability of membranes: the example of R's
    /// `wilcox.test`. The estimates are SciPy's and the medians of differences by hand.
    const AT_TERM: [f64; 10] = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const BEFORE: [f64; 5] = [1.15, 0.88, 0.90, 0.74, 1.21];

    #[test]
    fn membranes() {
        // scipy.stats.mannwhitneyu(x, y, method="asymptotic"): U = 35, p = 0.244623...
        let p = mann_whitney_p(&AT_TERM, &BEFORE).expect("two samples");
        assert!((p - 0.244_623_605_126_983_33).abs() < 1e-12, "{p}");
        let share = common_language(&AT_TERM, &BEFORE).expect("two samples");
        assert!((share - 35.0 / 50.0).abs() < 1e-12);
        let shift = shift(&AT_TERM, &BEFORE, 0.95).expect("two samples");
        let mut differences: Vec<f64> =
            AT_TERM.iter().flat_map(|x| BEFORE.iter().map(move |y| x - y)).collect();
        differences.sort_by(f64::total_cmp);
        let median = f64::midpoint(differences[24], differences[25]);
        assert!((shift.estimate - median).abs() < 1e-2, "{shift:?} {median}");
        assert!(shift.low < 0.0 && shift.high > shift.estimate);
    }

    #[test]
    fn what_cannot_be_ranked_says_so() {
        assert_eq!(shift(&[], &[1.0], 0.98), None);
        assert_eq!(mann_whitney_p(&[1.0, 1.0], &[1.0]), None);
        assert_eq!(common_language(&[], &[1.0]), None);
    }
}
