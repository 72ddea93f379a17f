//! Where does a series leave its beginning behind? The truncation rule MSER-5.

/// Values in a batch.
pub const BATCH: usize = 5;
/// The last batches, of which the rule says nothing: the variance of so few is small by chance.
const LEFT: usize = 5;

/// What [`mser5`] says of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// Batches to leave out at the beginning.
    pub dropped: usize,
    /// Batches in the series; values beyond the last whole one are not looked at.
    pub batches: usize,
}

impl Truncation {
    /// Whether what remains may be taken to be stationary: less than half is left out.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        2 * self.dropped < self.batches
    }
}

/// How many batches of five to leave out so that the mean of the rest has the smallest estimated
/// error, S²(d) / (k - d) with the population variance S² of the k - d batch means that remain (K.
/// P. White, "An effective truncation heuristic for bias reduction in simulation output", 1997; K.
/// P. White, M. J. Cobb and S. C. Spratt, 2000). None for fewer than ten batches.
#[must_use]
pub fn mser5(series: &[f64]) -> Option<Truncation> {
    let means = batch_means(series);
    let batches = means.len();
    if batches < 2 * LEFT {
        return None;
    }
    // From the back, so that each sum grows by one batch.
    let (mut sum, mut squares) = (0.0, 0.0);
    let (mut dropped, mut least) = (0, f64::INFINITY);
    // Distances from the mean of the end keep the sums of squares from cancelling.
    let centre = means[batches - LEFT..].iter().sum::<f64>() / LEFT as f64;
    for (index, mean) in means.iter().enumerate().rev() {
        let distance = mean - centre;
        sum += distance;
        squares += distance * distance;
        let count = (batches - index) as f64;
        let error = (squares - sum * sum / count).max(0.0) / (count * count);
        if batches - index >= LEFT && error <= least {
            (dropped, least) = (index, error);
        }
    }
    Some(Truncation { dropped, batches })
}

/// Means of each five values; what is left over at the end is not looked at.
#[must_use]
pub fn batch_means(series: &[f64]) -> Vec<f64> {
    series.chunks_exact(BATCH).map(|batch| batch.iter().sum::<f64>() / BATCH as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference;

    #[test]
    fn as_numpy_says() {
        for row in reference::rows("mser5") {
            let found = mser5(&row.sample(0)).expect("long enough");
            assert_eq!(found.dropped as u64, row.whole(1));
        }
    }

    #[test]
    fn what_does_not_vary_keeps_all() {
        let found = mser5(&[3.0; 60]).expect("long enough");
        assert_eq!(found, Truncation { dropped: 0, batches: 12 });
        assert!(found.is_accepted());
        assert_eq!(mser5(&[3.0; 49]), None);
    }

    #[test]
    fn a_ramp_is_never_accepted() {
        let ramp: Vec<f64> = (0..200).map(f64::from).collect();
        let found = mser5(&ramp).expect("long enough");
        assert!(!found.is_accepted(), "{found:?}");
    }
}
