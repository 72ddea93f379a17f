//! The normal distribution: density, probability and quantile.

#![allow(clippy::excessive_precision, reason = "the coefficients stand as they were published")]

use std::f64::consts::{SQRT_2, TAU};

use super::math;

/// Density of the standard normal distribution at `x`.
#[must_use]
pub fn density(x: f64) -> f64 {
    math::exp(-0.5 * x * x) / TAU.sqrt()
}

/// Probability that a standard normal number is at most `x`.
#[must_use]
pub fn probability(x: f64) -> f64 {
    0.5 * math::erfc(-x / SQRT_2)
}

/// The number below which a standard normal number lies with probability `p`, `0 < p < 1`.
///
/// M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied
/// Statistics 37 (1988), routine PPND16: relative accuracy about 1e-16.
#[must_use]
pub fn quantile(p: f64) -> f64 {
    let centred = p - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180_625 - centred * centred;
        return centred * polynomial(&CENTRE.0, r) / polynomial(&CENTRE.1, r);
    }
    let tail = if centred < 0.0 { p } else { 1.0 - p };
    let r = (-math::ln(tail)).sqrt();
    let (shift, (above, below)) = if r <= 5.0 { (1.6, &MIDDLE) } else { (5.0, &FAR) };
    let distance = polynomial(above, r - shift) / polynomial(below, r - shift);
    if centred < 0.0 { -distance } else { distance }
}

/// The polynomial with these coefficients, that of the constant first.
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

/// Numerator and denominator of a rational approximation.
type Rational = ([f64; 8], [f64; 8]);

/// For |p - 1/2| up to 0.425.
const CENTRE: Rational = (
    [
        3.387_132_872_796_366_608,
        133.141_667_891_784_377_45,
        1_971.590_950_306_551_442_7,
        13_731.693_765_509_461_125,
        45_921.953_931_549_871_457,
        67_265.770_927_008_700_853,
        33_430.575_583_588_128_105,
        2_509.080_928_730_122_672_7,
    ],
    [
        1.0,
        42.313_330_701_600_911_252,
        687.187_007_492_057_908_3,
        5_394.196_021_424_751_107_7,
        21_213.794_301_586_595_867,
        39_307.895_800_092_710_61,
        28_729.085_735_721_942_674,
        5_226.495_278_852_854_561,
    ],
);

/// For tails down to exp(-25).
const MIDDLE: Rational = (
    [
        1.423_437_110_749_683_577_34,
        4.630_337_846_156_545_295_9,
        5.769_497_221_460_691_405_5,
        3.647_848_324_763_204_605_04,
        1.270_458_252_452_368_382_58,
        0.241_780_725_177_450_611_77,
        0.022_723_844_989_269_184_583_3,
        7.745_450_142_783_414_076_4e-4,
    ],
    [
        1.0,
        2.053_191_626_637_758_821_87,
        1.676_384_830_183_803_849_4,
        0.689_767_334_985_100_004_55,
        0.148_103_976_427_480_074_59,
        0.015_198_666_563_616_457_196_6,
        5.475_938_084_995_344_946e-4,
        1.050_750_071_644_416_843_24e-9,
    ],
);

/// For smaller tails.
const FAR: Rational = (
    [
        6.657_904_643_501_103_777_2,
        5.463_784_911_164_114_369_9,
        1.784_826_539_917_291_335_8,
        0.296_560_571_828_504_891_23,
        0.026_532_189_526_576_123_093,
        0.001_242_660_947_388_078_438_6,
        2.711_555_568_743_487_578_15e-5,
        2.010_334_399_292_288_132_65e-7,
    ],
    [
        1.0,
        0.599_832_206_555_887_937_69,
        0.136_929_880_922_735_805_31,
        0.014_875_361_290_850_614_852_5,
        7.868_691_311_456_132_591e-4,
        1.846_318_317_510_054_681_8e-5,
        1.421_511_758_316_445_888_7e-7,
        2.044_263_103_389_939_785_64e-15,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles by mpmath 1.3 at 30 digits.
    #[test]
    fn quantiles_match_mpmath() {
        for (p, want) in [
            (0.5, 0.0),
            (0.975, 1.9599639845400538),
            (0.95, 1.6448536269514722),
            (0.925, 1.4395314709384561),
            (0.926, 1.4466320671589787),
            (0.075, -1.439531470938456),
            (0.3, -0.5244005127080408),
            (1e-10, -6.361340902404057),
            (1e-11, -6.706023155495136),
            (1.4e-11, -6.656723091518184),
            (1e-16, -8.222082216130435),
            (1e-100, -21.273453560965326),
            (1e-300, -37.0470962993612),
        ] {
            let got = quantile(p);
            assert!((got - want).abs() <= 1e-15 * want.abs(), "{p}: {got} for {want}");
        }
    }

    #[test]
    fn probability_undoes_quantile() {
        for k in 1..1000 {
            let p = f64::from(k) / 1000.0;
            assert!((probability(quantile(p)) - p).abs() < 1e-15, "{p}");
        }
    }
}
