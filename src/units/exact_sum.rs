//! Sums of fractions that do not depend on the order of their terms.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// A sum in whole units of 2^-`BITS`. Each term is rounded once, by half a unit at most; the
/// additions are exact, so that partial sums can be taken anywhere and joined in any order. Beyond
/// ±2^(127 - `BITS`) it saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExactSum<const BITS: u32>(i128);

impl<const BITS: u32> ExactSum<BITS> {
    const UNITS: f64 = {
        assert!(BITS < 127, "one must fit");
        (1_u128 << BITS) as f64
    };

    /// A sum of one finite term.
    #[must_use]
    pub fn of(term: f64) -> Self {
        // Multiplying by a power of two rounds nothing.
        Self((term * Self::UNITS).round() as i128)
    }

    /// The sum, rounded to the nearest number.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0 as f64 / Self::UNITS
    }
}

impl<const BITS: u32> AddAssign for ExactSum<BITS> {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(terms: impl IntoIterator<Item = f64>) -> ExactSum<64> {
        let mut sum = ExactSum::default();
        for term in terms {
            sum += ExactSum::of(term);
        }
        sum
    }

    #[test]
    fn the_order_of_the_terms_does_not_matter() {
        // In floating point 0.1 + 0.2 + 0.3 and 0.3 + 0.2 + 0.1 differ.
        assert_ne!(0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1);
        assert_eq!(sum([0.1, 0.2, 0.3]), sum([0.3, 0.2, 0.1]));
        let terms = || (1..2000).map(|term| f64::from(term).sqrt() * 1e6);
        assert_eq!(sum(terms()), sum(terms().rev()));
        let (mut low, high) = (sum(terms().take(700)), sum(terms().skip(700)));
        low += high;
        assert_eq!(low, sum(terms()));
    }

    #[test]
    fn a_sum_is_as_near_as_a_number_can_be() {
        assert_eq!(sum([0.1]).value(), 0.1);
        assert_eq!(sum([1e12, 1e-3, -1e12]).value(), 1e-3);
        assert_eq!(sum([2.5, 2.5, -1.0]).value(), 4.0);
        assert_eq!(sum([1e30, 1e30]).value(), 9_223_372_036_854_775_808.0);
    }
}
