//! Sums of fractions that do not depend on the order of their terms.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// A sum in whole units of 2^-`BITS`. Each term is rounded once, by half a unit at most; the
/// additions are exact, so that partial sums can be taken anywhere and joined in any order. Beyond
/// ±2^(127 - `BITS`) it saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExactSum<const BITS: u32>(i128);

/// Of a float's fraction.
const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;
/// What a float's exponent is biased by.
const EXPONENT_OF_ONE: i32 = f64::MAX_EXP - 1;

impl<const BITS: u32> ExactSum<BITS> {
    const UNITS: f64 = {
        assert!(BITS < 127, "one must fit");
        (1_u128 << BITS) as f64
    };

    /// A sum of one finite term.
    #[must_use]
    pub const fn of(term: f64) -> Self {
        // By hand, since without instructions for it every conversion and rounding is a call.
        let exponent = ((term.to_bits() >> MANTISSA_BITS) & 0x7ff) as i32;
        let fraction = term.to_bits() & ((1 << MANTISSA_BITS) - 1);
        if exponent == 0 {
            // Below every half unit.
            return Self(0);
        }
        let mantissa = (fraction | 1 << MANTISSA_BITS) as i128;
        let shift = exponent - EXPONENT_OF_ONE - MANTISSA_BITS as i32 + BITS as i32;
        let units = if shift > 126 - MANTISSA_BITS as i32 {
            i128::MAX
        } else if shift >= 0 {
            mantissa << shift
        } else if shift >= -(MANTISSA_BITS as i32) - 1 {
            (mantissa + (1 << (-shift - 1))) >> -shift
        } else {
            0
        };
        Self(if term.is_sign_negative() { -units } else { units })
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn a_term_is_rounded_to_the_nearest_unit(bits in any::<u64>(), near in -1e3..1e3) {
            let term = f64::from_bits(bits);
            // Multiplying by a power of two rounds nothing, and a cast saturates.
            let units = (1_u128 << 64) as f64;
            let twin = |term: f64| (term * units).round() as i128;
            for term in [term, near, near * 1e-19, near / units] {
                if term.is_finite() {
                    let found = ExactSum::<64>::of(term).0;
                    prop_assert!(found == twin(term) || found.unsigned_abs() >= i128::MAX as u128);
                }
            }
            prop_assert_eq!(ExactSum::<64>::of(1e300).0, i128::MAX);
        }
    }
}
