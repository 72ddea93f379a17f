//! Shares and probabilities as whole billionths, so that a share of a count rounds exactly.

const ONE: u64 = 1_000_000_000;

/// A number that is not negative, held in billionths: a share, a probability, or (above one) a
/// percentage such as `150%`.
///
/// Decimal input is exact: `10%` of 50 is 5, where `0.1_f64 * 50.0` rounded up would be 6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ratio(u64);

impl Ratio {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The whole.
    pub const ONE: Self = Self(ONE);

    /// `billionths` / 10⁹.
    #[must_use]
    pub const fn from_billionths(billionths: u64) -> Self {
        Self(billionths)
    }

    /// The nearest billionth to `value`; none if it is negative, not finite, or above a billion.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        (0.0..=1e9).contains(&value).then_some(Self((value * ONE as f64 + 0.5) as u64))
    }

    /// Billionths.
    #[must_use]
    pub const fn billionths(self) -> u64 {
        self.0
    }

    /// As a floating-point number, 1.0 being the whole.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        self.0 as f64 / ONE as f64
    }

    /// One less this share; zero above one.
    #[must_use]
    pub const fn complement(self) -> Self {
        Self(ONE.saturating_sub(self.0))
    }

    /// Whether this is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This share of `count`, rounded up.
    #[must_use]
    pub const fn of_rounded_up(self, count: u32) -> u32 {
        match self.0.checked_mul(count as u64) {
            Some(product) => saturate(product.div_ceil(ONE) as u128),
            None => saturate((self.0 as u128 * count as u128).div_ceil(ONE as u128)),
        }
    }

    /// This share of `count`, rounded down.
    #[must_use]
    pub const fn of_rounded_down(self, count: u32) -> u32 {
        match self.0.checked_mul(count as u64) {
            Some(product) => saturate((product / ONE) as u128),
            None => saturate(self.0 as u128 * count as u128 / ONE as u128),
        }
    }

    /// The 64-bit threshold for a uniform draw: `draw < threshold` with this probability (to
    /// 2⁻⁶⁴); above one, always.
    #[must_use]
    pub const fn threshold(self) -> u128 {
        (self.0 as u128) * (1 << 64) / ONE as u128
    }
}

const fn saturate(value: u128) -> u32 {
    if value > u32::MAX as u128 { u32::MAX } else { value as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_counts_round_exactly() {
        for (share, count, down, up) in
            [(0.1, 50, 5, 5), (0.25, 3, 0, 1), (0.25, 10, 2, 3), (1.5, 3, 4, 5), (0.0, 7, 0, 0)]
        {
            let ratio = Ratio::from_f64(share).expect("a share of the table");
            assert_eq!((ratio.of_rounded_down(count), ratio.of_rounded_up(count)), (down, up));
        }
    }

    #[test]
    fn not_a_share() {
        for value in [-0.1, f64::NAN, f64::INFINITY, 2e9] {
            assert_eq!(Ratio::from_f64(value), None);
        }
    }

    #[test]
    fn a_probability_of_one_always_holds() {
        assert!(u128::from(u64::MAX) < Ratio::ONE.threshold());
        assert_eq!(Ratio::ZERO.threshold(), 0);
    }
}
