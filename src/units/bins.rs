//! A row of time bins that grows with the run and, where its width is free, coarsens so that it
//! stays short.

use serde::{Deserialize, Serialize};

use super::{SimDuration, SimTime};

/// Width that a row with a free width begins with.
const FINEST: u64 = 250_000_000;
/// More cells than this and a free width doubles.
const MOST_CELLS: usize = 1024;

/// What a bin holds: `Default` is an empty bin.
pub trait Merge: Default {
    /// Adds what `other` holds; associative and commutative up to the type's own arithmetic.
    fn merge(&mut self, other: &Self);
}

/// Bins of equal width with an edge at `origin`, so that no bin holds both sides of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bins<T> {
    origin: SimTime,
    width: u64,
    is_width_free: bool,
    /// Number of the first cell: cell `i` covers `origin + (first + i) x width ..`.
    first: i64,
    cells: Vec<T>,
}

impl<T: Merge> Bins<T> {
    /// An empty row that begins at the simulation's start. Without a width it begins at 250 ms
    /// and doubles whenever there would be more than 1024 cells.
    #[must_use]
    pub fn new(origin: SimTime, width: Option<SimDuration>) -> Self {
        let nanos = width.map_or(FINEST, |width| width.as_nanos().max(1));
        let mut bins = Self {
            origin,
            width: nanos,
            is_width_free: width.is_none(),
            first: -(origin.as_nanos().div_ceil(nanos) as i64),
            cells: Vec::new(),
        };
        while bins.is_width_free && -bins.first > MOST_CELLS as i64 {
            bins.coarsen();
        }
        bins
    }

    /// The moment that every bin edge is a whole number of widths away from.
    #[must_use]
    pub const fn origin(&self) -> SimTime {
        self.origin
    }

    /// The width now.
    #[must_use]
    pub const fn width(&self) -> SimDuration {
        SimDuration::from_nanos(self.width)
    }

    /// The cells so far, in order of time.
    #[must_use]
    pub fn cells(&self) -> &[T] {
        &self.cells
    }

    /// Where cell `index` begins, in nanoseconds from the origin.
    #[must_use]
    pub const fn start_nanos(&self, index: usize) -> i128 {
        (self.first + index as i64) as i128 * self.width as i128
    }

    /// Position of the cell that holds `time`, made if there is none yet. Positions change when
    /// the width does, so use it before the next call.
    pub fn position(&mut self, time: SimTime) -> usize {
        loop {
            let index = (self.number(time) - self.first) as usize;
            if self.is_width_free && index >= MOST_CELLS {
                self.coarsen();
                continue;
            }
            if index >= self.cells.len() {
                self.cells.resize_with(index + 1, T::default);
            }
            return index;
        }
    }

    /// The position that follows `index`, of the cell that holds `time`, without a division; the
    /// cell is there once [`Bins::cell_at_or_next`] has been asked for it. Positions change when
    /// the width does.
    pub fn position_after(&mut self, index: usize, time: SimTime) -> usize {
        let next = index + 1;
        if self.is_width_free && next >= MOST_CELLS { self.position(time) } else { next }
    }

    /// The cell at a position that is there, or is the first that is not and is made then.
    #[inline(always)]
    pub fn cell_at_or_next(&mut self, position: usize) -> &mut T {
        if position == self.cells.len() {
            self.add_cell();
        }
        &mut self.cells[position]
    }

    fn add_cell(&mut self) {
        let len = self.cells.len();
        if self.is_width_free && self.cells.capacity() == len {
            self.cells.reserve_exact(MOST_CELLS.saturating_sub(len).max(1));
        }
        self.cells.resize_with(len + 1, T::default);
    }

    /// For each cell of `finer`, where it lies in this row; cells are made where there are none.
    /// Both rows have the same origin, and this one's width is the other's or some doublings of it.
    pub fn positions_of<U>(&mut self, finer: &Bins<U>) -> impl Iterator<Item = usize> + use<T, U> {
        debug_assert!(self.origin == finer.origin && self.width.is_multiple_of(finer.width));
        let doublings = (self.width / finer.width).trailing_zeros();
        let (first, count) = (self.first, finer.cells.len() as i64);
        let own = move |number: i64| ((number >> doublings) - first) as usize;
        let end = finer.first + count;
        if count > 0 && own(end - 1) >= self.cells.len() {
            self.cells.resize_with(own(end - 1) + 1, T::default);
        }
        (finer.first..end).map(own)
    }

    /// The cell that holds `time`, made if there is none yet.
    pub fn cell(&mut self, time: SimTime) -> &mut T {
        let index = self.position(time);
        &mut self.cells[index]
    }

    /// The cell at `index`, which [`Bins::position`] gave.
    pub fn cell_at(&mut self, index: usize) -> &mut T {
        &mut self.cells[index]
    }

    /// First moment after the cell that holds `time`.
    #[must_use]
    pub fn end_of_cell(&self, time: SimTime) -> SimTime {
        let number = i128::from(self.number(time));
        let end = i128::from(self.origin.as_nanos()) + (number + 1) * i128::from(self.width);
        SimTime::from_nanos(u64::try_from(end).unwrap_or(u64::MAX))
    }

    /// Number of the cell that holds `time`, 0 being the one that begins at the origin.
    fn number(&self, time: SimTime) -> i64 {
        let origin = self.origin.as_nanos();
        match time.as_nanos().checked_sub(origin) {
            Some(after) => (after / self.width) as i64,
            None => -((origin - time.as_nanos()).div_ceil(self.width) as i64),
        }
    }

    /// Doubles the width until it is at least `width`.
    pub fn coarsen_to(&mut self, width: SimDuration) {
        while self.width < width.as_nanos() {
            self.coarsen();
        }
    }

    fn coarsen(&mut self) {
        let old_first = self.first;
        self.first = old_first.div_euclid(2);
        self.width = self.width.saturating_mul(2);
        let mut kept = 0;
        for (number, cell) in (old_first..).zip(0..self.cells.len()) {
            let index = (number.div_euclid(2) - self.first) as usize;
            if index == kept {
                // What stood there has been merged before.
                self.cells.swap(index, cell);
                kept += 1;
            } else {
                let (merged, rest) = self.cells.split_at_mut(cell);
                merged[index].merge(&rest[0]);
            }
        }
        self.cells.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Count(u64);

    impl Merge for Count {
        fn merge(&mut self, other: &Self) {
            self.0 += other.0;
        }
    }

    #[test]
    fn no_bin_holds_both_sides_of_the_origin() {
        let origin = SimTime::from_nanos(2_500_000_001);
        let mut bins: Bins<Count> = Bins::new(origin, Some(SimDuration::from_secs(1)));
        bins.cell(SimTime::ZERO).0 += 1;
        bins.cell(SimTime::from_nanos(2_500_000_000)).0 += 1;
        bins.cell(origin).0 += 1;
        let counts: Vec<u64> = bins.cells().iter().map(|cell| cell.0).collect();
        assert_eq!(counts, [1, 0, 1, 1]);
        assert_eq!(bins.start_nanos(3), 0);
        assert_eq!(bins.end_of_cell(SimTime::ZERO), SimTime::from_nanos(500_000_001));
    }

    #[test]
    fn a_free_width_coarsens_and_loses_nothing() {
        let origin = SimTime::ZERO + SimDuration::from_secs(61);
        let mut bins: Bins<Count> = Bins::new(origin, None);
        for second in 0..5000 {
            bins.cell(SimTime::ZERO + SimDuration::from_secs(second)).0 += 1;
        }
        assert!(bins.cells().len() <= MOST_CELLS);
        assert_eq!(bins.cells().iter().map(|cell| cell.0).sum::<u64>(), 5000);
        assert_eq!(bins.width(), SimDuration::from_secs(8));
        let at_origin = bins.position(origin);
        assert_eq!(bins.start_nanos(at_origin), 0);
    }
}
