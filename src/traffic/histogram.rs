//! Log-linear histograms of latencies in nanoseconds.

use crate::units::{Merge, SimDuration};

/// 128 cells an octave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    cells: Vec<u64>,
}

/// 16 cells an octave, for time bins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CoarseHistogram {
    cells: Vec<u64>,
}

impl Histogram {
    /// The `share`-quantile; none when empty.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<SimDuration> {
        let _ = share;
        let _ = &self.cells;
        None
    }
}

impl CoarseHistogram {
    /// The `share`-quantile; none when empty.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<SimDuration> {
        let _ = share;
        None
    }
}

impl Merge for Histogram {
    fn merge(&mut self, other: &Self) {
        let _ = (&mut self.cells, &other.cells);
    }
}

impl Merge for CoarseHistogram {
    fn merge(&mut self, other: &Self) {
        let _ = (&mut self.cells, &other.cells);
    }
}
