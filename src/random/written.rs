//! Laws from what people write: means, medians and percentiles instead of a textbook's parameters.

use std::sync::Arc;

use super::gamma::Gamma;
use super::law::Law;
use crate::stats::{math, normal};
use crate::units::SimDuration;

/// Parameters that no law has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LawError {
    /// The parameter at fault.
    pub field: &'static str,
    /// A second parameter that makes it wrong.
    pub because: Option<&'static str>,
    /// What is wrong: lower case, no period.
    pub message: &'static str,
}

impl LawError {
    const fn of(field: &'static str, message: &'static str) -> Self {
        Self { field, because: None, message }
    }
}

impl Law {
    /// Evenly spread between `min` and `max`.
    ///
    /// # Errors
    /// If `min` is above `max`.
    pub fn uniform(min: SimDuration, max: SimDuration) -> Result<Self, LawError> {
        if min > max {
            let message = "`min` is above `max`";
            return Err(LawError { field: "min", because: Some("max"), message });
        }
        Ok(Self::Uniform { min: min.as_secs_f64(), max: max.as_secs_f64() })
    }

    /// Exponential with this mean.
    #[must_use]
    pub const fn exponential(mean: SimDuration) -> Self {
        Self::Exponential { mean: mean.as_secs_f64() }
    }

    /// Normal with this mean and standard deviation, truncated at zero (which raises the mean).
    #[must_use]
    pub const fn normal(mean: SimDuration, sd: SimDuration) -> Self {
        if sd.is_zero() {
            return Self::Constant(mean);
        }
        Self::Normal { mean: mean.as_secs_f64(), sd: sd.as_secs_f64() }
    }

    /// Log-normal with this median and 95th percentile.
    ///
    /// # Errors
    /// If the median is zero or the percentile not above it.
    pub fn lognormal_from_median_p95(
        median: SimDuration,
        p95: SimDuration,
    ) -> Result<Self, LawError> {
        if median.is_zero() {
            return Err(LawError::of("median", "the median of a log-normal law is above zero"));
        }
        if p95 <= median {
            let message = "the 95th percentile is not above the median";
            return Err(LawError { field: "p95", because: Some("median"), message });
        }
        let mu = math::ln(median.as_secs_f64());
        let sigma = (math::ln(p95.as_secs_f64()) - mu) / normal::quantile(0.95);
        Ok(Self::Lognormal { mu, sigma })
    }

    /// Log-normal with this mean and standard deviation.
    ///
    /// # Errors
    /// If the mean is zero.
    pub fn lognormal_from_mean_sd(mean: SimDuration, sd: SimDuration) -> Result<Self, LawError> {
        if mean.is_zero() {
            return Err(LawError::of("mean", "the mean of a log-normal law is above zero"));
        }
        if sd.is_zero() {
            return Ok(Self::Constant(mean));
        }
        let variation = sd.as_secs_f64() / mean.as_secs_f64();
        let variance = math::ln_1p(variation * variation);
        let mu = math::ln(mean.as_secs_f64()) - 0.5 * variance;
        Ok(Self::Lognormal { mu, sigma: variance.sqrt() })
    }

    /// Gamma with this mean and standard deviation.
    ///
    /// # Errors
    /// If the mean is zero, or the standard deviation above a hundred times the mean: nearly every
    /// draw would be zero.
    pub fn gamma_from_mean_sd(mean: SimDuration, sd: SimDuration) -> Result<Self, LawError> {
        if mean.is_zero() {
            return Err(LawError::of("mean", "the mean of a gamma law is above zero"));
        }
        if sd.is_zero() {
            return Ok(Self::Constant(mean));
        }
        let (mean, sd) = (mean.as_secs_f64(), sd.as_secs_f64());
        if sd > 100.0 * mean {
            let message = "the standard deviation is more than a hundred times the mean";
            return Err(LawError { field: "sd", because: Some("mean"), message });
        }
        let shape = (mean / sd) * (mean / sd);
        Ok(Self::Gamma(Arc::new(Gamma::new(shape, mean / shape))))
    }

    /// Weibull with this scale (its 63.2nd percentile) and shape.
    ///
    /// # Errors
    /// If the scale is zero, or the shape not finite and positive.
    pub fn weibull(scale: SimDuration, shape: f64) -> Result<Self, LawError> {
        if scale.is_zero() {
            return Err(LawError::of("scale", "the scale of a Weibull law is above zero"));
        }
        let shape = checked_shape(shape)?;
        Ok(Self::Weibull { scale: scale.as_secs_f64(), shape })
    }

    /// Pareto with this shortest value and tail index.
    ///
    /// # Errors
    /// If the shortest value is zero, or the tail index not finite and positive.
    pub fn pareto(min: SimDuration, shape: f64) -> Result<Self, LawError> {
        if min.is_zero() {
            return Err(LawError::of("min", "the minimum of a Pareto law is above zero"));
        }
        let shape = checked_shape(shape)?;
        Ok(Self::Pareto { min: min.as_secs_f64(), shape })
    }

    /// Each of the samples as likely; their order does not matter.
    ///
    /// # Errors
    /// If there is none.
    pub fn empirical(mut samples: Vec<SimDuration>) -> Result<Self, LawError> {
        if samples.is_empty() {
            return Err(LawError::of("file", "there is no sample to draw from"));
        }
        samples.sort_unstable();
        Ok(Self::Empirical(samples.into()))
    }

    /// The values in turn, from the first again after the last; none is "never".
    ///
    /// # Errors
    /// If there is none.
    pub fn list(values: Vec<Option<SimDuration>>) -> Result<Self, LawError> {
        if values.is_empty() {
            return Err(LawError::of("values", "there is no value to take"));
        }
        Ok(Self::List(values.into()))
    }
}

fn checked_shape(shape: f64) -> Result<f64, LawError> {
    if shape.is_finite() && shape > 0.0 {
        return Ok(shape);
    }
    Err(LawError::of("shape", "the shape is finite and above zero"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_parameters_name_the_field_at_fault() {
        let s = SimDuration::from_secs;
        let field = |law: Result<Law, LawError>| law.err().map(|error| error.field);
        assert_eq!(field(Law::uniform(s(2), s(1))), Some("min"));
        assert_eq!(field(Law::lognormal_from_median_p95(s(0), s(1))), Some("median"));
        assert_eq!(field(Law::lognormal_from_median_p95(s(1), s(1))), Some("p95"));
        assert_eq!(field(Law::lognormal_from_mean_sd(s(0), s(1))), Some("mean"));
        assert_eq!(field(Law::gamma_from_mean_sd(s(0), s(1))), Some("mean"));
        assert_eq!(field(Law::gamma_from_mean_sd(s(1), s(101))), Some("sd"));
        assert_eq!(field(Law::weibull(s(0), 1.0)), Some("scale"));
        assert_eq!(field(Law::pareto(s(0), 1.0)), Some("min"));
        for shape in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(field(Law::weibull(s(1), shape)), Some("shape"), "{shape}");
            assert_eq!(field(Law::pareto(s(1), shape)), Some("shape"), "{shape}");
        }
        assert_eq!(field(Law::empirical(vec![])), Some("file"));
        assert_eq!(field(Law::list(vec![])), Some("values"));
    }

    #[test]
    fn no_spread_is_a_constant() {
        let (one, none) = (SimDuration::from_secs(1), SimDuration::ZERO);
        assert_eq!(Law::normal(one, none), Law::Constant(one));
        assert_eq!(Law::lognormal_from_mean_sd(one, none), Ok(Law::Constant(one)));
        assert_eq!(Law::gamma_from_mean_sd(one, none), Ok(Law::Constant(one)));
    }
}
