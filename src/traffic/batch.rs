//! Draws many at a time: the integer part of each runs with the stream's state in registers, the
//! floating-point part over a whole array, several numbers an instruction.

use rand::Rng;
use rand::rngs::Xoshiro256PlusPlus;

use crate::stats::math;

/// So many are drawn at once, a power of two.
pub(super) const BATCH: usize = 64;

/// Doubles from here to twice as much are the whole numbers.
const WHOLE: f64 = (1u64 << 52) as f64;
/// Below this, [`round`] is exact.
pub(super) const LARGEST: f64 = WHOLE / 2.0;

/// Fills `values` with what `draw` makes of the next numbers of the stream.
#[inline(always)]
pub(super) fn fill<T>(
    stream: &mut Xoshiro256PlusPlus,
    values: &mut [T],
    mut draw: impl FnMut(u64) -> T,
) {
    // A copy has no address, so that its state stays in registers.
    let mut local = stream.clone();
    for value in values {
        *value = draw(local.next_u64());
    }
    *stream = local;
}

/// Fills `values` with exponential draws of mean 1.
#[inline(always)]
pub(super) fn fill_exponential(stream: &mut Xoshiro256PlusPlus, values: &mut [f64]) {
    fill(stream, values, math::exponential);
}

/// The nearest whole number to a value that is not negative and at most [`LARGEST`], halves
/// upwards: `(value + 0.5).floor()` in operations that every processor has for several numbers at
/// once.
#[inline(always)]
pub(super) fn round(value: f64) -> f64 {
    let value = value + 0.5;
    let near = (value + WHOLE) - WHOLE;
    near - if near > value { 1.0 } else { 0.0 }
}

/// A whole number that [`round`] gave, as an integer.
#[inline(always)]
pub(super) const fn integer(whole: f64) -> u64 {
    (whole + WHOLE).to_bits() - WHOLE.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(value: f64) {
        let want = (value + 0.5) as u64;
        assert_eq!((round(value), integer(round(value))), (want as f64, want), "{value}");
    }

    #[test]
    fn rounding_at_the_edges() {
        for value in [0.0, 0.49999999999999994, 0.5, 1.5, 2.5, LARGEST - 0.5, LARGEST] {
            check(value);
        }
    }

    proptest! {
        #[test]
        fn rounding_is_that_of_conversion(value in 0.0..LARGEST, halves in 0u64..1 << 52) {
            check(value);
            check(halves as f64 / 2.0);
            check(value / LARGEST);
        }
    }
}
