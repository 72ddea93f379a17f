//! Log-linear histograms of latencies in nanoseconds: every octave is cut into the same number of
//! equal cells, so that a count costs one increment and a quantile is off by half a cell at most.

use serde::{Deserialize, Serialize};

use crate::units::{Merge, SimDuration};

/// Cells of an octave as a power of two: 128.
const FINE: u32 = 7;
/// How many fine cells make a coarse one, as a power of two: 16 coarse cells an octave.
const COARSER: u32 = 3;

/// Cell of a latency. Below 128 ns every nanosecond has its own; above, the cell of the leading
/// eight bits.
#[inline]
pub(super) const fn cell_of(nanos: u64) -> usize {
    let shift = 63 - FINE - (nanos | 1 << FINE).leading_zeros();
    ((shift as usize) << FINE) + (nanos >> shift) as usize
}

/// First latency of a fine cell; above the last cell, the largest there is.
const fn start_of(cell: usize) -> u64 {
    if cell < 1 << FINE {
        return cell as u64;
    }
    let shift = (cell >> FINE) as u32 - 1;
    let leading = (cell & ((1 << FINE) - 1)) as u64 + (1 << FINE);
    if shift > 63 - FINE { u64::MAX } else { leading << shift }
}

/// 128 cells an octave: a quantile is within 0.4% of the exact one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// The low half of each count: small, so that what is used of it stays in the nearest cache.
    cells: Vec<u32>,
    /// The high half; empty while all are zero.
    carries: Vec<u32>,
}

/// 16 cells an octave, for time bins: a quantile is within 3.2% of the exact one. A cell counts to
/// 4 294 967 295.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CoarseHistogram {
    /// Number of the first cell that is stored.
    first: u32,
    cells: Vec<u32>,
}

impl Histogram {
    /// Adds one to a cell that [`cell_of`] gave.
    #[inline(always)]
    pub(super) fn add(&mut self, cell: usize) {
        match self.cells.get_mut(cell) {
            Some(count) if *count < u32::MAX => *count += 1,
            _ => self.add_beyond(cell),
        }
    }

    /// Takes one away from a cell to which one was added.
    pub(super) fn take_back(&mut self, cell: usize) {
        if self.cells[cell] == 0 {
            self.carries[cell] -= 1;
        }
        self.cells[cell] = self.cells[cell].wrapping_sub(1);
    }

    #[cold]
    #[inline(never)]
    fn add_beyond(&mut self, cell: usize) {
        if cell >= self.cells.len() {
            self.cells.resize((cell + 1).next_multiple_of(1 << FINE), 0);
        }
        self.set(cell, self.get(cell) + 1);
    }

    fn get(&self, cell: usize) -> u64 {
        let carries = self.carries.get(cell).copied().unwrap_or(0);
        u64::from(carries) << 32 | u64::from(self.cells[cell])
    }

    fn set(&mut self, cell: usize, count: u64) {
        self.cells[cell] = count as u32;
        let carries = (count >> 32) as u32;
        if carries > 0 && cell >= self.carries.len() {
            self.carries.resize(cell + 1, 0);
        }
        if let Some(old) = self.carries.get_mut(cell) {
            *old = carries;
        }
    }

    fn counts(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.cells.len()).map(|cell| self.get(cell))
    }

    /// Drops the empty cells at the end, so that equal counts are equal histograms.
    pub(super) fn trim(&mut self) {
        let carried = self.carries.iter().rposition(|&count| count != 0).map_or(0, |last| last + 1);
        self.carries.truncate(carried);
        let used = self.cells.iter().rposition(|&count| count != 0).map_or(0, |last| last + 1);
        self.cells.truncate(used.max(carried));
    }

    /// How many latencies it holds.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts().sum()
    }

    /// The `share`-quantile (`share` in 0..=1): the middle of the cell that holds the smallest
    /// latency with at least this share at or below it; none when empty.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<SimDuration> {
        let cell = position(self.counts(), self.count(), share)?;
        Some(middle(cell, cell + 1))
    }

    /// How many latencies lie in cells that end above `threshold`: those above it, and those of
    /// its own cell.
    #[must_use]
    pub fn count_from(&self, threshold: SimDuration) -> u64 {
        self.counts().skip(cell_of(threshold.as_nanos())).sum()
    }
}

impl CoarseHistogram {
    /// No latency.
    pub const EMPTY: Self = Self { first: 0, cells: Vec::new() };

    /// Adds a latency.
    pub fn record(&mut self, latency: SimDuration) {
        self.add(cell_of(latency.as_nanos()), 1);
    }

    /// Adds `by` (modulo 2³²) to the coarse cell of a cell that [`cell_of`] gave.
    #[inline]
    pub(super) fn add(&mut self, cell: usize, by: u32) {
        let coarse = (cell >> COARSER) as u32;
        match self.cells.get_mut(coarse.wrapping_sub(self.first) as usize) {
            Some(count) => *count = count.wrapping_add(by),
            None => *self.make_room(coarse) = by,
        }
    }

    /// The cell, made if there is none yet.
    #[cold]
    fn make_room(&mut self, coarse: u32) -> &mut u32 {
        if self.cells.is_empty() {
            self.first = coarse;
        } else if coarse < self.first {
            let missing = (self.first - coarse) as usize;
            self.cells.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = coarse;
        }
        let index = (coarse - self.first) as usize;
        if index >= self.cells.len() {
            self.cells.resize(index + 1, 0);
        }
        &mut self.cells[index]
    }

    /// Drops the empty cells at both ends, so that equal counts are equal histograms.
    pub(super) fn trim(&mut self) {
        let used = self.cells.iter().rposition(|&count| count != 0).map_or(0, |last| last + 1);
        self.cells.truncate(used);
        let empty = self.cells.iter().take_while(|&&count| count == 0).count();
        self.cells.drain(..empty);
        self.first = if used == 0 { 0 } else { self.first + empty as u32 };
    }

    /// How many latencies it holds.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.cells.iter().map(|&count| u64::from(count)).sum()
    }

    /// The `share`-quantile, as [`Histogram::quantile`]; none when empty.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<SimDuration> {
        let counts = self.cells.iter().map(|&count| u64::from(count));
        let coarse = position(counts, self.count(), share)? + self.first as usize;
        Some(middle(coarse << COARSER, (coarse + 1) << COARSER))
    }
}

impl Merge for Histogram {
    fn merge(&mut self, other: &Self) {
        if self.cells.len() < other.cells.len() {
            self.cells.resize(other.cells.len(), 0);
        }
        for (cell, more) in other.counts().enumerate().filter(|&(_, more)| more > 0) {
            self.set(cell, self.get(cell) + more);
        }
    }
}

impl Merge for CoarseHistogram {
    fn merge(&mut self, other: &Self) {
        let Some(last) = other.cells.len().checked_sub(1) else { return };
        // Room for both ends first, so that the rest finds its cells.
        for coarse in [other.first, other.first + last as u32] {
            if (coarse.wrapping_sub(self.first) as usize) >= self.cells.len() {
                let _ = self.make_room(coarse);
            }
        }
        let offset = (other.first - self.first) as usize;
        for (sum, more) in self.cells[offset..].iter_mut().zip(&other.cells) {
            *sum = sum.saturating_add(*more);
        }
    }
}

/// Position of the cell that holds the `share`-quantile of `total` counts; none when empty.
fn position(counts: impl Iterator<Item = u64>, total: u64, share: f64) -> Option<usize> {
    let rank = ((share * total as f64).ceil() as u64).clamp(1, total.max(1));
    let mut seen = 0;
    counts.enumerate().find_map(|(index, count)| {
        seen += count;
        (seen >= rank).then_some(index)
    })
}

/// Half way from the start of fine cell `from` to that of `to`.
const fn middle(from: usize, to: usize) -> SimDuration {
    let (start, end) = (start_of(from), start_of(to));
    SimDuration::from_nanos(start + (end - start) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fine(latencies: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for &nanos in latencies {
            histogram.add(cell_of(nanos));
        }
        histogram
    }

    fn coarse(latencies: &[u64]) -> CoarseHistogram {
        let mut histogram = CoarseHistogram::default();
        for &nanos in latencies {
            histogram.add(cell_of(nanos), 1);
        }
        histogram
    }

    #[test]
    fn cells_follow_one_another_without_gap_or_overlap() {
        let last = cell_of(u64::MAX);
        for cell in 0..=last {
            assert_eq!(cell_of(start_of(cell)), cell);
            assert_eq!(cell_of(start_of(cell + 1).wrapping_sub(1)), cell);
        }
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(fine(&[]).quantile(0.5), None);
        assert_eq!(coarse(&[]).quantile(0.5), None);
    }

    #[test]
    fn a_count_goes_beyond_32_bits_and_back() {
        let mut histogram = Histogram::default();
        histogram.add(9);
        histogram.set(9, u64::from(u32::MAX) - 1);
        let before = histogram.clone();
        for _ in 0..5 {
            histogram.add(9);
        }
        assert_eq!(histogram.count(), (1 << 32) + 3);
        let mut twice = histogram.clone();
        twice.merge(&histogram);
        assert_eq!(twice.count(), (1 << 33) + 6);
        for _ in 0..5 {
            histogram.take_back(9);
        }
        histogram.trim();
        assert_eq!(histogram.count(), before.count());
        assert!(histogram.carries.is_empty());
    }

    /// Latencies over the whole range, each octave as likely.
    fn latencies() -> impl Strategy<Value = Vec<u64>> {
        prop::collection::vec((0u32..64, any::<u64>()).prop_map(|(s, v)| v >> s), 1..200)
    }

    proptest! {
        #[test]
        fn a_quantile_is_half_a_cell_from_the_order_statistic(
            mut sample in latencies(), share in 0.0f64..=1.0,
        ) {
            let near_fine = fine(&sample).quantile(share).expect("not empty").as_nanos();
            let near_coarse = coarse(&sample).quantile(share).expect("not empty").as_nanos();
            sample.sort_unstable();
            let rank = ((share * sample.len() as f64).ceil() as usize).clamp(1, sample.len());
            let exact = sample[rank - 1];
            prop_assert!(near_fine.abs_diff(exact) as f64 <= exact as f64 / 256.0 + 0.5);
            prop_assert!(near_coarse.abs_diff(exact) as f64 <= exact as f64 / 32.0 + 4.0);
        }

        #[test]
        fn merging_is_recording_together(left in latencies(), right in latencies()) {
            let together: Vec<u64> = left.iter().chain(&right).copied().collect();
            let (mut merged, mut whole) = (fine(&left), fine(&together));
            merged.merge(&fine(&right));
            merged.trim();
            whole.trim();
            prop_assert_eq!(merged, whole);
            let mut merged = coarse(&left);
            merged.merge(&coarse(&right));
            prop_assert_eq!(merged, coarse(&together));
        }

        #[test]
        fn taking_back_leaves_no_trace(kept in latencies(), undone in latencies()) {
            let together: Vec<u64> = kept.iter().chain(&undone).copied().collect();
            let (mut narrow, mut wide) = (fine(&together), coarse(&together));
            for &nanos in &undone {
                narrow.take_back(cell_of(nanos));
                wide.add(cell_of(nanos), u32::MAX);
            }
            let (mut only, mut only_wide) = (fine(&kept), coarse(&kept));
            for histogram in [&mut narrow, &mut only] {
                histogram.trim();
            }
            for histogram in [&mut wide, &mut only_wide] {
                histogram.trim();
            }
            prop_assert_eq!(narrow, only);
            prop_assert_eq!(wide, only_wide);
        }
    }
}
