//! Which value is exceeded that often? Sample quantiles without interpolation.

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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn nothing_has_no_quantile() {
        assert_eq!(type1(&[], 0.5), None);
    }
}
