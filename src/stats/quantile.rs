//! Which value is exceeded that often? Sample quantiles without interpolation, and
//! how far they may be off.

use super::binomial::Binomial;

/// The `q`-quantile of values in rising order: the smallest whose share of values at or below it
/// is at least `q`, that is number ⌈n q⌉ (type 1 of R. J. Hyndman and Y. Fan, "Sample quantiles in
/// statistical packages", 1996). `q` is clamped to 0..=1. None without values.
#[must_use]
pub fn type1(sorted: &[f64], q: f64) -> Option<f64> {
    // The product may exceed a whole number by a rounding error (100 x 0.07); no `q` that people
    // write comes within a billionth of one otherwise.
    let rank = (sorted.len() as f64 * q.clamp(0.0, 1.0) - 1e-9).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

/// Which values of a sample of `n`, counted from 1 in rising order, enclose the population's
/// `q`-quantile with at least this confidence, whatever the distribution: the ranks l and u such
/// that a binomial number of `n` trials of probability `q` lies in l..u, and below or above with
/// at most half of the rest each (W. J. Conover, *Practical Nonparametric Statistics*, ch. 3.2).
/// None where a rank would lie outside the sample: there are not enough values. `q` and
/// `confidence` are in (0, 1).
#[must_use]
pub fn interval_ranks(n: usize, q: f64, confidence: f64) -> Option<(usize, usize)> {
    let below = Binomial { trials: n as u64, probability: q };
    let tail = (1.0 - confidence) / 2.0;
    let low = below.quantile(tail) as usize;
    let high = below.quantile(1.0 - tail) as usize + 1;
    (low >= 1 && high <= n).then_some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference;

    /// `numpy.quantile(range(1, n + 1), q, method="inverted_cdf")`.
    #[test]
    fn ranks_match_numpy() {
        let check = |count: u32, q: f64, want: f64| {
            let sorted: Vec<f64> = (1..=count).map(f64::from).collect();
            assert_eq!(type1(&sorted, q), Some(want), "{count} {q}");
        };
        for (count, q, want) in [
            (10, 0.0, 1.0),
            (10, 0.05, 1.0),
            (10, 0.5, 5.0),
            (10, 0.95, 10.0),
            (10, 1.0, 10.0),
            (20, 0.05, 1.0),
            (20, 0.95, 19.0),
            (21, 0.05, 2.0),
            (21, 0.5, 11.0),
            (1000, 0.99, 990.0),
            (1, 0.5, 1.0),
        ] {
            check(count, q, want);
        }
        // Here the product in floating point is above 7.
        check(100, 0.07, 7.0);
    }

    #[test]
    fn ranks_of_intervals_match_scipy() {
        for row in reference::rows("order") {
            let (n, q, confidence) = (row.whole(0) as usize, row.number(1), row.number(2));
            let want = (row.whole(3) as usize, row.whole(4) as usize);
            let got = interval_ranks(n, q, confidence);
            assert_eq!(got.unwrap_or((0, 0)), want, "{n} {q} {confidence}");
        }
    }

    /// Sizes from which on there is an interval: 0.95^72 < 0.025 and 0.99^368 < 0.025.
    #[test]
    fn few_values_do_not_enclose_an_outer_quantile() {
        for (q, least) in [(0.5, 6), (0.95, 72), (0.05, 72), (0.99, 368)] {
            assert_eq!(interval_ranks(least - 1, q, 0.95), None, "{q}");
            assert!(interval_ranks(least, q, 0.95).is_some(), "{q}");
        }
        assert_eq!(interval_ranks(0, 0.5, 0.95), None);
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(type1(&[], 0.5), None);
    }
}
