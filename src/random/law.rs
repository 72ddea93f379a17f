//! Distributions of durations, by inversion: one uniform a draw.
//!
//! Every draw is the quantile that its 64 bits select, so a draw never decreases as its bits grow,
//! nor as a parameter that scales or shifts the law grows, and the n-th draw of a stream is the
//! same chance under every law. (Between neighbouring bit patterns, floating-point rounding may
//! cost the laws on `libm` the last nanosecond of that; exponential, uniform and empirical draws
//! keep it exactly.)

use std::sync::Arc;

use super::gamma::Gamma;
use super::unit;
use crate::stats::{math, normal};
use crate::units::SimDuration;

/// A distribution of durations. Cheap to clone.
///
/// The named constructors take what people write and refuse what cannot be; a variant written out
/// by hand must keep the ranges given here.
#[derive(Clone, Debug, PartialEq)]
pub enum Law {
    /// Always this long.
    Constant(SimDuration),
    /// Between `min` and `max`, seconds.
    Uniform {
        /// Shortest, s, >= 0.
        min: f64,
        /// Longest, s, >= `min`.
        max: f64,
    },
    /// Exponential with this mean, seconds.
    Exponential {
        /// Mean, s, >= 0.
        mean: f64,
    },
    /// Normal, truncated at zero: given that it is not negative.
    Normal {
        /// Mean before truncation, s, >= 0.
        mean: f64,
        /// Standard deviation before truncation, s, >= 0.
        sd: f64,
    },
    /// Log-normal: `exp(mu + sigma x N(0,1))` seconds.
    Lognormal {
        /// Logarithm of the median in seconds.
        mu: f64,
        /// Standard deviation of the logarithm, >= 0.
        sigma: f64,
    },
    /// Gamma.
    Gamma(Arc<Gamma>),
    /// Weibull.
    Weibull {
        /// Scale, s, > 0.
        scale: f64,
        /// Shape, > 0.
        shape: f64,
    },
    /// Pareto of the first kind.
    Pareto {
        /// Shortest, s, > 0.
        min: f64,
        /// Tail index, > 0.
        shape: f64,
    },
    /// The samples in rising order, at least one, each as likely.
    Empirical(Arc<[SimDuration]>),
    /// The values in turn, at least one, by the number of the draw; none is "never".
    List(Arc<[Option<SimDuration>]>),
}

impl Law {
    /// The draw that `bits` (64 uniform bits) select. `ordinal` is the number of the draw, which
    /// only [`Law::List`] reads. None is "never".
    #[inline]
    #[must_use]
    pub fn draw(&self, bits: u64, ordinal: u64) -> Option<SimDuration> {
        let seconds = match self {
            Self::Exponential { mean } => mean * math::exponential(bits),
            Self::Constant(value) => return Some(*value),
            Self::Uniform { min, max } => min + (max - min) * unit(bits),
            Self::Empirical(samples) => return Some(sample(samples, bits)),
            Self::List(values) => return values[(ordinal % values.len() as u64) as usize],
            Self::Normal { mean, sd } => truncated_normal(*mean, *sd, bits),
            Self::Lognormal { mu, sigma } => math::exp(mu + sigma * normal::quantile(unit(bits))),
            Self::Gamma(law) => law.quantile(bits),
            Self::Weibull { scale, shape } => scale * math::pow(hazard(bits), 1.0 / shape),
            Self::Pareto { min, shape } => min * math::exp(hazard(bits) / shape),
        };
        Some(SimDuration::from_secs_f64(seconds))
    }

    /// The mean in seconds; infinite where there is none: a Pareto law with a tail index of at
    /// most 1, a list that holds a "never".
    #[must_use]
    pub fn mean_s(&self) -> f64 {
        match self {
            Self::Constant(value) => value.as_secs_f64(),
            Self::Uniform { min, max } => (min + max) / 2.0,
            Self::Exponential { mean } => *mean,
            Self::Normal { mean, sd } if *sd > 0.0 => {
                let bound = mean / sd;
                mean + sd * normal::density(bound) / normal::probability(bound)
            }
            Self::Normal { mean, .. } => *mean,
            Self::Lognormal { mu, sigma } => math::exp(mu + 0.5 * sigma * sigma),
            Self::Gamma(law) => law.mean_s(),
            Self::Weibull { scale, shape } => scale * math::gamma(1.0 + 1.0 / shape),
            Self::Pareto { min, shape } if *shape > 1.0 => min * shape / (shape - 1.0),
            Self::Pareto { .. } => f64::INFINITY,
            Self::Empirical(samples) => mean_of(samples.iter().copied(), samples.len()),
            Self::List(values) if values.contains(&None) => f64::INFINITY,
            Self::List(values) => mean_of(values.iter().flatten().copied(), values.len()),
        }
    }
}

/// `-ln(1 - u)`, accurate in relative terms at both ends.
fn hazard(bits: u64) -> f64 {
    // The complement of the bits is the complement of the uniform, exactly.
    -math::ln(unit(!bits))
}

/// The quantile of a normal law given that it is not negative: from whichever side is the nearer,
/// so that no digits cancel.
fn truncated_normal(mean: f64, sd: f64, bits: u64) -> f64 {
    let cut = normal::probability(-mean / sd);
    let below = cut + (1.0 - cut) * unit(bits);
    let z = if below <= 0.5 {
        normal::quantile(below)
    } else {
        -normal::quantile((1.0 - cut) * unit(!bits))
    };
    (mean + sd * z).max(0.0)
}

/// The sample whose share of the unit interval holds `bits`.
fn sample(samples: &[SimDuration], bits: u64) -> SimDuration {
    samples[((bits as u128 * samples.len() as u128) >> 64) as usize]
}

/// The mean in seconds of `count` values.
fn mean_of(values: impl Iterator<Item = SimDuration>, count: usize) -> f64 {
    let sum: u128 = values.map(|value| u128::from(value.as_nanos())).sum();
    sum as f64 / count as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gamma(shape: f64, scale: f64) -> Law {
        Law::Gamma(Arc::new(Gamma::new(shape, scale)))
    }

    /// Every law, scaled by `scale` seconds, with `shape` as its other parameter.
    fn laws(scale: f64, shape: f64) -> Vec<Law> {
        vec![
            Law::Constant(SimDuration::from_secs_f64(scale)),
            Law::Uniform { min: 0.0, max: scale },
            Law::Exponential { mean: scale },
            Law::Normal { mean: scale, sd: shape },
            Law::Lognormal { mu: math::ln(scale), sigma: shape },
            gamma(shape, scale),
            Law::Weibull { scale, shape },
            Law::Pareto { min: scale, shape },
        ]
    }

    /// One nanosecond, and the last bit of a double for what is too long for it to hold one.
    fn not_below(more: Option<SimDuration>, less: Option<SimDuration>) -> bool {
        let nanos = |draw: Option<SimDuration>| draw.map_or(u64::MAX, SimDuration::as_nanos);
        nanos(more).saturating_add(1 + (nanos(more) >> 50)) >= nanos(less)
    }

    proptest! {
        #[test]
        fn draws_grow_with_their_bits(
            low: u64, gap in 0..64_u32, scale in 1e-3..1e3_f64, shape in 0.02..20.0_f64,
        ) {
            let high = low.saturating_add(1 << gap);
            for law in laws(scale, shape) {
                prop_assert!(not_below(law.draw(high, 0), law.draw(low, 0)), "{:?}", law);
            }
        }

        #[test]
        fn draws_grow_with_the_scale(
            bits: u64, scale in 1e-3..1e3_f64, factor in 1.0..3.0_f64, shape in 0.02..20.0_f64,
        ) {
            for (less, more) in laws(scale, shape).iter().zip(laws(scale * factor, shape)) {
                prop_assert!(not_below(more.draw(bits, 0), less.draw(bits, 0)), "{:?}", less);
            }
        }
    }

    #[test]
    fn exponential_and_empirical_draws_never_decrease() {
        let s = SimDuration::from_secs;
        let samples = Law::empirical(vec![s(3), s(1), s(2)]).expect("there are samples");
        for law in [Law::Exponential { mean: 1e6 }, Law::Uniform { min: 1.0, max: 1e6 }, samples] {
            for edge in (0..=255_u64).map(|cell| cell << 56) {
                let draws = (0..64_u64).map(|k| law.draw(edge.wrapping_add(k << 11), 0));
                let draws: Vec<_> = draws.collect();
                assert!(draws.is_sorted(), "{law:?} {edge}");
            }
        }
    }

    #[test]
    fn a_list_is_taken_in_turn() {
        let one = Some(SimDuration::from_secs(1));
        let law = Law::list(vec![one, None]).expect("there are values");
        let draws: Vec<_> = (0..5).map(|ordinal| law.draw(77, ordinal)).collect();
        assert_eq!(draws, [one, None, one, None, one]);
    }

    #[test]
    fn an_empirical_law_gives_every_sample_its_share() {
        let s = SimDuration::from_secs;
        let law = Law::empirical(vec![s(9), s(1), s(2)]).expect("there are samples");
        let third = u64::MAX / 3;
        let draws = [0, third - 1, third + 1, 2 * third - 1, 2 * third + 2, u64::MAX];
        let want = [s(1), s(1), s(2), s(2), s(9), s(9)].map(Some);
        assert_eq!(draws.map(|bits| law.draw(bits, 0)), want);
    }
}
