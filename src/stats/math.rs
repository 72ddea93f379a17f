//! The only transcendental functions of the project: the same bits on every platform.
//!
//! The methods of `f64` call the platform's own library, whose last bit differs between systems
//! and processors. These are either `libm`, compiled from the same source everywhere, or integer
//! arithmetic.

/// Natural logarithm of a positive number.
#[must_use]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// `ln(1 + x)`, accurate near zero, for `x > -1`.
#[must_use]
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// e to the power of `x`.
#[must_use]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// `exp(x) - 1`, accurate near zero.
#[must_use]
pub fn exp_m1(x: f64) -> f64 {
    libm::expm1(x)
}

/// `base` to the power of `exponent`.
#[must_use]
pub fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// The gamma function of a positive number; infinite above 171.6.
#[must_use]
pub fn gamma(x: f64) -> f64 {
    libm::tgamma(x)
}

/// Logarithm of the gamma function of a positive number.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// The complementary error function, accurate in relative terms into the tail.
#[must_use]
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// Fractional bits of the fixed-point numbers behind [`exponential`]: its largest value,
/// 64 ln 2 = 44.4, still fits into 63 bits.
const FRACTION: u32 = 57;
/// ln 2 in units of 2^-64, rounded.
const LN_2_64: u128 = 0xb172_17f7_d1cf_79ac;
/// ln 2 in units of 2^-[`FRACTION`].
const LN_2: u64 = (LN_2_64 >> (64 - FRACTION)) as u64;
/// Cells of the table, a power of two.
const CELLS: usize = 1 << CELL_BITS;
const CELL_BITS: u32 = 8;

/// The `bits`-quantile of the exponential distribution with mean 1: `-ln(1 - u)` for the uniform
/// `u = bits / 2^64`, by integer arithmetic.
///
/// It never decreases as `bits` grows. The absolute error is below 1.0e-9 and the relative one
/// below 3e-7 from 1e-3 on; the values range from 1.1e-10 to 64 ln 2 = 44.36. The logarithm of the
/// mantissa is a parabola in each of 256 cells, through both ends and the middle, so that the
/// pieces meet.
#[inline(always)]
#[must_use]
pub fn exponential(bits: u64) -> f64 {
    // The largest `bits` would be infinitely far out; it shares the value of its neighbour.
    let survival = (!bits).max(1);
    let exponent = survival.ilog2();
    // The leading one goes to the lowest place, where it does not matter.
    let mantissa = survival.rotate_right(exponent);
    let cell = &TABLE[(mantissa >> (64 - CELL_BITS)) as usize];
    // 32 bits of the place within the cell: a step of it outweighs the rounding of the products,
    // which is what keeps the function from decreasing. They stand in the upper half of a word, so
    // that each product's upper word is what is wanted.
    let place = (mantissa << CELL_BITS) & UPPER_HALF;
    let squared = upper_word(place, place) & UPPER_HALF;
    let down = upper_word(cell.slope, place);
    let up = upper_word(cell.curve, squared);
    let fixed = (63 - exponent) as u64 * LN_2 + cell.start + up - down;
    fixed as i64 as f64 * (1.0 / (1u64 << FRACTION) as f64)
}

const UPPER_HALF: u64 = u64::MAX << 32;

/// The upper word of a product.
#[inline(always)]
const fn upper_word(one: u64, other: u64) -> u64 {
    ((one as u128 * other as u128) >> 64) as u64
}

/// One piece of `ln 2 - ln(1 + f)`: `start - slope x t + curve x t^2`, `t` running from 0 to 1
/// over the cell.
struct Cell {
    start: u64,
    slope: u64,
    curve: u64,
}

static TABLE: [Cell; CELLS] = table();

const fn table() -> [Cell; CELLS] {
    let mut cells = [const { Cell { start: 0, slope: 0, curve: 0 } }; CELLS];
    let mut index = 0;
    while index < CELLS {
        let start = LN_2 - ln_of_mantissa(2 * index);
        let middle = LN_2 - ln_of_mantissa(2 * index + 1);
        let end = if index + 1 == CELLS { 0 } else { LN_2 - ln_of_mantissa(2 * index + 2) };
        let curve = 2 * (start + end) - 4 * middle;
        cells[index] = Cell { start, slope: start - end + curve, curve };
        index += 1;
    }
    cells
}

/// `ln(1 + half_cells / (2 CELLS))` in units of 2^-[`FRACTION`], `half_cells < 2 CELLS`: the
/// binary digits of the base-2 logarithm by repeated squaring, times ln 2.
const fn ln_of_mantissa(half_cells: usize) -> u64 {
    let mut x = ((2 * CELLS + half_cells) as u128) << (63 - CELL_BITS - 1);
    let mut digits: u128 = 0;
    let mut count = 0;
    while count < 60 {
        x = (x * x) >> 63;
        digits <<= 1;
        if x >> 64 != 0 {
            digits |= 1;
            x >>= 1;
        }
        count += 1;
    }
    ((digits * LN_2_64) >> (64 + 60 - FRACTION)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, by `libm`: for large `bits` through the exact complement.
    fn exact(bits: u64) -> f64 {
        let survival = !bits;
        if survival > 1 << 63 {
            -ln_1p(-(bits as f64) / two_to_64())
        } else {
            -ln(survival as f64 / two_to_64())
        }
    }

    fn two_to_64() -> f64 {
        (1u128 << 64) as f64
    }

    fn probes() -> impl Iterator<Item = u64> {
        let near = |centre: u64| (0..200).map(move |k| centre.wrapping_add(k).wrapping_sub(100));
        let edges = (0..64).flat_map(move |bit| near(1 << bit).chain(near(!(1 << bit))));
        let cells = (0..=255u64).flat_map(move |cell| near(cell << 56).chain(near(!(cell << 40))));
        let golden = (1..200_000u64).map(|k| k.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        edges.chain(cells).chain(golden)
    }

    #[test]
    fn the_exponential_is_within_its_error_bound_everywhere() {
        for bits in probes().filter(|&bits| bits < u64::MAX - 1) {
            let (got, want) = (exponential(bits), exact(bits));
            assert!((got - want).abs() < 1.0e-9, "{bits}: {got} for {want}");
            assert!(want < 1e-3 || (got / want - 1.0).abs() < 3e-7, "{bits}: {got} for {want}");
        }
    }

    #[test]
    fn the_exponential_never_decreases() {
        let mut all: Vec<u64> = probes().collect();
        all.sort_unstable();
        for pair in all.windows(2) {
            assert!(exponential(pair[0]) <= exponential(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn the_ends_of_the_exponential_are_finite_and_positive() {
        assert!(exponential(0) > 0.0 && exponential(0) < 2e-10);
        assert!((exponential(u64::MAX) - 64.0 * ln(2.0)).abs() < 1e-12);
    }
}
