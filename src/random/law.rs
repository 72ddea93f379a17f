//! Distributions of durations, by inversion: one uniform a draw.

use std::sync::Arc;

use super::unit;
use crate::stats::math;
use crate::units::SimDuration;

/// A distribution of durations.
#[derive(Clone, Debug, PartialEq)]
pub enum Law {
    /// Always this long.
    Constant(SimDuration),
    /// Between `min` and `max`, seconds.
    Uniform {
        /// Shortest, s.
        min: f64,
        /// Longest, s.
        max: f64,
    },
    /// Exponential with this mean, seconds.
    Exponential {
        /// Mean, s.
        mean: f64,
    },
    /// Normal, truncated at zero: negative draws count as zero.
    Normal {
        /// Mean before truncation, s.
        mean: f64,
        /// Standard deviation before truncation, s.
        sd: f64,
    },
    /// Log-normal: `exp(mu + sigma x N(0,1))` seconds.
    Lognormal {
        /// Logarithm of the median in seconds.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Gamma.
    Gamma {
        /// Shape, > 0.
        shape: f64,
        /// Scale, s.
        scale: f64,
    },
    /// Weibull.
    Weibull {
        /// Scale, s.
        scale: f64,
        /// Shape, > 0.
        shape: f64,
    },
    /// Pareto of the first kind.
    Pareto {
        /// Shortest, s.
        min: f64,
        /// Tail index, > 0.
        shape: f64,
    },
    /// The sorted samples, each as likely.
    Empirical(Arc<[SimDuration]>),
    /// The values in turn, by the number of the draw; none is "never".
    List(Arc<[Option<SimDuration>]>),
}

impl Law {
    /// The draw that `bits` (64 uniform bits) select. `ordinal` is the number of the draw, which
    /// only [`Law::List`] reads. None is "never".
    #[must_use]
    pub fn draw(&self, bits: u64, ordinal: u64) -> Option<SimDuration> {
        let seconds = match self {
            Self::Constant(value) => return Some(*value),
            Self::List(values) => return values[(ordinal % values.len() as u64) as usize],
            Self::Exponential { mean } => -mean * math::ln(unit(bits)),
            Self::Uniform { min, max } => min + (max - min) * unit(bits),
            _ => self.mean_s(),
        };
        Some(SimDuration::from_secs_f64(seconds))
    }

    /// The mean in seconds; infinite where there is none.
    #[must_use]
    pub fn mean_s(&self) -> f64 {
        match self {
            Self::Constant(value) => value.as_secs_f64(),
            Self::Exponential { mean } => *mean,
            Self::Uniform { min, max } => (min + max) / 2.0,
            _ => 0.0,
        }
    }
}
