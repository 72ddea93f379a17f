//! The gamma law: its quantile function.

use super::unit;
use crate::stats::{gamma, math};

/// A gamma distribution of seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Gamma {
    shape: f64,
    scale: f64,
}

impl Gamma {
    /// The law with this shape and scale (s), both finite and above zero.
    #[must_use]
    pub fn new(shape: f64, scale: f64) -> Self {
        Self { shape, scale }
    }

    /// The mean in seconds.
    #[must_use]
    pub fn mean_s(&self) -> f64 {
        self.shape * self.scale
    }

    /// The draw in seconds that 64 uniform bits select.
    #[must_use]
    pub fn quantile(&self, bits: u64) -> f64 {
        math::exp(gamma::ln_quantile(self.shape, unit(bits), unit(!bits))) * self.scale
    }
}
