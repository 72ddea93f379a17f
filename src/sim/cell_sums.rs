//! What comes to a time bin between two looks at it.

use super::run::StateBin;
use crate::units::Merge;

/// How many counts there are of a state.
pub(super) const COUNTS: usize = 8;

/// What has come to a cell since it was last written: integrals over the pieces of time in it.
/// Whole numbers that fit a register are added to for every piece, the wide ones of the cell
/// itself only now and then.
#[derive(Debug, Default)]
pub(super) struct CellSums {
    /// What is counted now, each below 2^32.
    pub(super) counts: [u64; COUNTS],
    /// Instance-nanoseconds of each.
    integrals: [u64; COUNTS],
    /// Nanoseconds.
    covered: u64,
    /// Demand, and capacity by version: requests/s times nanoseconds.
    rates: [f64; 4],
}

/// Nanoseconds in a second.
pub(super) const NANOS: f64 = 1e9;

/// Nanoseconds over which the counts of any fleet add up to less than 2^64.
const SHORT: u64 = 1 << 32;

impl CellSums {
    /// Counts a piece of so many nanoseconds. False if it, or what was counted before, is too long
    /// for that.
    #[inline(always)]
    pub(super) const fn count(&mut self, nanos: u64) -> bool {
        if self.covered + nanos >= SHORT {
            return false;
        }
        self.covered += nanos;
        let mut one = 0;
        while one < COUNTS {
            // Two numbers of 32 bits: what vector instructions multiply.
            self.integrals[one] += (self.counts[one] as u32) as u64 * (nanos as u32) as u64;
            one += 1;
        }
        true
    }

    /// Adds a piece's rates, means over so many nanoseconds.
    #[inline(always)]
    pub(super) fn add(&mut self, nanos: f64, demand: f64, capacity: [f64; 3]) {
        let [old, new, third] = capacity;
        for (sum, rate) in self.rates.iter_mut().zip([demand, old, new, third]) {
            *sum += rate * nanos;
        }
    }

    /// Puts everything into an empty cell, field by field: to read what was just written costs
    /// more than all of that. The instance-nanoseconds of surge, which no cell has a place for.
    #[inline(always)]
    pub(super) fn begin(&self, bin: &mut StateBin) -> u128 {
        let [demand, old, new, third] = self.rates.map(|sum| sum / NANOS);
        bin.demand = demand;
        bin.old_capacity = old;
        bin.new_capacity = new;
        bin.third_capacity = third;
        bin.covered = self.covered;
        let [old_routed, new_routed, old_ready, new_ready, starting, draining, total, surge] =
            self.integrals.map(u128::from);
        bin.routed = [old_routed, new_routed];
        bin.ready = [old_ready, new_ready];
        bin.starting = starting;
        bin.draining = draining;
        bin.total = total;
        surge
    }

    /// Adds everything to a cell. The instance-nanoseconds of surge.
    pub(super) fn add_to(&self, bin: &mut StateBin) -> u128 {
        let mut more = StateBin::default();
        let surge = self.begin(&mut more);
        bin.merge(&more);
        surge
    }

    pub(super) const fn clear(&mut self) {
        (self.integrals, self.covered, self.rates) = ([0; COUNTS], 0, [0.0; 4]);
    }

    /// The counts of a piece that is too long for the integrals, and those of surge.
    pub(super) fn long(&self, nanos: u64) -> (StateBin, u128) {
        let [old_routed, new_routed, old_ready, new_ready, starting, draining, total, surge] =
            self.counts.map(|count| u128::from(count) * u128::from(nanos));
        let (routed, ready) = ([old_routed, new_routed], [old_ready, new_ready]);
        let covered = nanos;
        let bin =
            StateBin { covered, routed, ready, starting, draining, total, ..StateBin::default() };
        (bin, surge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces around the longest that the registers take, and of years.
    #[test]
    fn pieces_of_any_length_add_up_exactly() {
        let counts = [u64::from(u32::MAX), 1, 7, 0, 100_000, 3, 1 << 20, 12];
        let mut sums = CellSums { counts, ..CellSums::default() };
        let (mut bin, mut surge, mut whole) = (StateBin::default(), 0, 0_u128);
        for nanos in [1, SHORT - 2, 1, SHORT - 1, SHORT, 5, 3 * SHORT, 1 << 58, 250_000_000] {
            whole += u128::from(nanos);
            if !sums.count(nanos) {
                surge += sums.add_to(&mut bin);
                sums.clear();
                if !sums.count(nanos) {
                    let (long, of_it) = sums.long(nanos);
                    bin.merge(&long);
                    surge += of_it;
                }
            }
        }
        surge += sums.add_to(&mut bin);
        let expected = counts.map(|count| u128::from(count) * whole);
        let StateBin { covered, routed, ready, starting, draining, total, .. } = bin;
        let found = [routed[0], routed[1], ready[0], ready[1], starting, draining, total, surge];
        assert_eq!((u128::from(covered), found), (whole, expected));
    }
}
