//! Points that fill a cube more evenly than chance does: Sobol's sequence.
//!
//! I. M. Sobol', "On the distribution of points in a cube and the approximate evaluation of
//! integrals" (1967), in the order of I. A. Antonov and V. M. Saleev (1979), with the direction
//! numbers of S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional
//! projections", SIAM Journal on Scientific Computing 30 (2008).

/// Most dimensions.
pub const MOST_DIMENSIONS: usize = DIRECTIONS.len() + 1;
/// Bits of a coordinate, and so the logarithm of how many points there are.
const BITS: usize = 32;

/// For each dimension but the first, the inner coefficients of a primitive polynomial over two
/// elements, as bits, and its initial numbers, as many as its degree.
#[rustfmt::skip]
const DIRECTIONS: [(u32, &[u32]); 63] = [
    (0, &[1]),
    (1, &[1, 3]),
    (1, &[1, 3, 1]),
    (2, &[1, 1, 1]),
    (1, &[1, 1, 3, 3]),
    (4, &[1, 3, 5, 13]),
    (2, &[1, 1, 5, 5, 17]),
    (4, &[1, 1, 5, 5, 5]),
    (7, &[1, 1, 7, 11, 19]),
    (11, &[1, 1, 5, 1, 1]),
    (13, &[1, 1, 1, 3, 11]),
    (14, &[1, 3, 5, 5, 31]),
    (1, &[1, 3, 3, 9, 7, 49]),
    (13, &[1, 1, 1, 15, 21, 21]),
    (16, &[1, 3, 1, 13, 27, 49]),
    (19, &[1, 1, 1, 15, 7, 5]),
    (22, &[1, 3, 1, 15, 13, 25]),
    (25, &[1, 1, 5, 5, 19, 61]),
    (1, &[1, 3, 7, 11, 23, 15, 103]),
    (4, &[1, 3, 7, 13, 13, 15, 69]),
    (7, &[1, 1, 3, 13, 7, 35, 63]),
    (8, &[1, 3, 5, 9, 1, 25, 53]),
    (14, &[1, 3, 1, 13, 9, 35, 107]),
    (19, &[1, 3, 1, 5, 27, 61, 31]),
    (21, &[1, 1, 5, 11, 19, 41, 61]),
    (28, &[1, 3, 5, 3, 3, 13, 69]),
    (31, &[1, 1, 7, 13, 1, 19, 1]),
    (32, &[1, 3, 7, 5, 13, 19, 59]),
    (37, &[1, 1, 3, 9, 25, 29, 41]),
    (41, &[1, 3, 5, 13, 23, 1, 55]),
    (42, &[1, 3, 7, 3, 13, 59, 17]),
    (50, &[1, 3, 1, 3, 5, 53, 69]),
    (55, &[1, 1, 5, 5, 23, 33, 13]),
    (56, &[1, 1, 7, 7, 1, 61, 123]),
    (59, &[1, 1, 7, 9, 13, 61, 49]),
    (62, &[1, 3, 3, 5, 3, 55, 33]),
    (14, &[1, 3, 1, 15, 31, 13, 49, 245]),
    (21, &[1, 3, 5, 15, 31, 59, 63, 97]),
    (22, &[1, 3, 1, 11, 11, 11, 77, 249]),
    (38, &[1, 3, 1, 11, 27, 43, 71, 9]),
    (47, &[1, 1, 7, 15, 21, 11, 81, 45]),
    (49, &[1, 3, 7, 3, 25, 31, 65, 79]),
    (50, &[1, 3, 1, 1, 19, 11, 3, 205]),
    (52, &[1, 1, 5, 9, 19, 21, 29, 157]),
    (56, &[1, 3, 7, 11, 1, 33, 89, 185]),
    (67, &[1, 3, 3, 3, 15, 9, 79, 71]),
    (70, &[1, 3, 7, 11, 15, 39, 119, 27]),
    (84, &[1, 1, 3, 1, 11, 31, 97, 225]),
    (97, &[1, 1, 1, 3, 23, 43, 57, 177]),
    (103, &[1, 3, 7, 7, 17, 17, 37, 71]),
    (115, &[1, 3, 1, 5, 27, 63, 123, 213]),
    (122, &[1, 1, 3, 5, 11, 43, 53, 133]),
    (8, &[1, 3, 5, 5, 29, 17, 47, 173, 479]),
    (13, &[1, 3, 3, 11, 3, 1, 109, 9, 69]),
    (16, &[1, 1, 1, 5, 17, 39, 23, 5, 343]),
    (22, &[1, 3, 1, 5, 25, 15, 31, 103, 499]),
    (25, &[1, 1, 1, 11, 11, 17, 63, 105, 183]),
    (44, &[1, 1, 5, 11, 9, 29, 97, 231, 363]),
    (47, &[1, 1, 5, 15, 19, 45, 41, 7, 383]),
    (52, &[1, 3, 7, 7, 31, 19, 83, 137, 221]),
    (55, &[1, 1, 1, 3, 23, 15, 111, 223, 83]),
    (59, &[1, 1, 5, 13, 31, 15, 55, 25, 161]),
    (62, &[1, 1, 3, 13, 25, 47, 39, 87, 257]),
];

/// Sobol's sequence, each coordinate moved by a fixed pattern of bits (a digital shift), which
/// keeps its evenness and makes every point uniform where the patterns are drawn at random.
#[derive(Clone, Debug)]
pub struct SobolSequence {
    directions: Vec<[u32; BITS]>,
    shifts: Vec<u32>,
}

impl SobolSequence {
    /// With one dimension for each shift, [`MOST_DIMENSIONS`] at most.
    ///
    /// # Panics
    /// With more dimensions than that.
    #[must_use]
    pub fn new(shifts: Vec<u32>) -> Self {
        assert!(shifts.len() <= MOST_DIMENSIONS, "there are no direction numbers for so many");
        Self { directions: (0..shifts.len()).map(directions).collect(), shifts }
    }

    /// Coordinates of point `number`, each strictly between 0 and 1.
    #[must_use]
    pub fn point(&self, number: u32) -> Vec<f64> {
        let unit = |word: u32| (f64::from(word) + 0.5) / 4_294_967_296.0;
        self.words(number).map(unit).collect()
    }

    fn words(&self, number: u32) -> impl Iterator<Item = u32> {
        // Neighbours differ in one bit of their Gray codes.
        let code = number ^ (number >> 1);
        self.directions.iter().zip(&self.shifts).map(move |(directions, shift)| {
            let bits = directions.iter().enumerate().filter(|(bit, _)| code >> bit & 1 == 1);
            bits.fold(*shift, |word, (_, direction)| word ^ direction)
        })
    }
}

/// The direction numbers of one dimension, as words whose highest bit is a half.
fn directions(dimension: usize) -> [u32; BITS] {
    let mut words = [0_u32; BITS];
    let Some(before) = dimension.checked_sub(1) else {
        for (bit, word) in words.iter_mut().enumerate() {
            *word = 1 << (BITS - 1 - bit);
        }
        return words;
    };
    let (coefficients, initial) = DIRECTIONS[before];
    let degree = initial.len();
    for bit in 0..BITS {
        words[bit] = match initial.get(bit) {
            Some(number) => number << (BITS - 1 - bit),
            None => {
                let oldest = words[bit - degree];
                let inner = (1..degree)
                    .filter(|place| coefficients >> (degree - 1 - place) & 1 == 1)
                    .fold(0, |word, place| word ^ words[bit - place]);
                inner ^ oldest ^ (oldest >> degree)
            }
        };
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first points by SciPy, in 64ths.
    const SCIPY: &str = include_str!("../../tests/data/sobol.csv");

    #[test]
    fn points_are_those_of_scipy() {
        let sequence = SobolSequence::new(vec![0; MOST_DIMENSIONS]);
        let rows: Vec<&str> = SCIPY.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(rows.len(), 64);
        for (row, number) in rows.into_iter().zip(0..) {
            let wanted: Vec<u32> =
                row.split(',').map(|value| value.parse().expect("a number")).collect();
            let found: Vec<u32> = sequence.words(number).map(|word| word >> (BITS - 6)).collect();
            assert_eq!(found, wanted, "point {number}");
        }
    }

    #[test]
    fn of_a_power_of_two_each_slice_has_one_whatever_the_shift() {
        let sequence = SobolSequence::new(vec![0x1234_5678, 0xffff_ffff, 0, 0xdead_beef]);
        for dimension in 0..4 {
            let mut slices: Vec<usize> = (0..256)
                .map(|number| (sequence.point(number)[dimension] * 256.0) as usize)
                .collect();
            slices.sort_unstable();
            assert_eq!(slices, (0..256).collect::<Vec<_>>(), "{dimension}");
        }
    }
}
