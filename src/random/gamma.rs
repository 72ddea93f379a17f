//! The gamma law: a quantile fast enough for a draw a request.
//!
//! The quantile has no closed form. Its logarithm is a smooth function of the normal number z of
//! the same probability, so it is computed once at evenly spaced z and interpolated by cubics that
//! match value and slope. Laws narrow enough for it use the expansion of Cornish and Fisher.

use super::unit;
use crate::stats::{gamma, math, normal};

/// The table spans this many standard deviations either way; 52 bits reach 8.21.
const REACH: f64 = 8.25;
/// From this shape on the expansion is good to 1e-10 even at the ends.
const NARROW: f64 = 4096.0;

/// A gamma distribution of seconds.
///
/// The relative error of a draw is below 1e-9 for shapes from 0.01 on (a standard deviation of ten
/// times the mean); below, it grows as the shape's inverse.
#[derive(Clone, Debug, PartialEq)]
pub struct Gamma {
    shape: f64,
    scale: f64,
    /// Empty for narrow laws.
    nodes: Box<[Node]>,
}

/// The logarithm of the quantile at one z, and its slope per step of z.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    value: f64,
    slope: f64,
}

impl Gamma {
    /// The law with this shape (finite, at least 1e-4) and scale (s, finite, above zero).
    #[must_use]
    pub fn new(shape: f64, scale: f64) -> Self {
        let steps = steps(shape);
        let nodes = if steps == 0 { [].into() } else { table(shape, steps) };
        Self { shape, scale, nodes }
    }

    /// The shape.
    #[must_use]
    pub const fn shape(&self) -> f64 {
        self.shape
    }

    /// The scale in seconds.
    #[must_use]
    pub const fn scale(&self) -> f64 {
        self.scale
    }

    /// The mean in seconds.
    #[must_use]
    pub fn mean_s(&self) -> f64 {
        self.shape * self.scale
    }

    /// The draw in seconds that 64 uniform bits select.
    #[must_use]
    pub fn quantile(&self, bits: u64) -> f64 {
        let z = normal::quantile(unit(bits));
        if self.nodes.is_empty() {
            return self.scale * expansion(self.shape, z);
        }
        let place = (z + REACH) * ((self.nodes.len() - 1) as f64 / (2.0 * REACH));
        let index = (place as usize).min(self.nodes.len() - 2);
        let (left, right) = (self.nodes[index], self.nodes[index + 1]);
        self.scale * math::exp(cubic(left, right, place - index as f64))
    }
}

/// Steps of the table, as many as 1e-9 asks for (measured); 0: no table.
fn steps(shape: f64) -> usize {
    match shape {
        NARROW.. => 0,
        20.0.. => 256,
        1.0.. => 512,
        _ => 2048,
    }
}

/// The quantiles of the law with scale 1 at `steps + 1` places.
fn table(shape: f64, steps: usize) -> Box<[Node]> {
    let step = 2.0 * REACH / steps as f64;
    let node = |index| {
        let z = index as f64 * step - REACH;
        let value = gamma::ln_quantile(shape, normal::probability(z), normal::probability(-z));
        Node { value, slope: step * normal::density(z) / gamma::ln_density(shape, value) }
    };
    (0..=steps).map(node).collect()
}

/// The cubic through two nodes with their slopes, at `t` of the way.
fn cubic(left: Node, right: Node, t: f64) -> f64 {
    let rise = right.value - left.value;
    let bend = left.slope + right.slope - 2.0 * rise;
    left.value + t * (left.slope + t * (rise - left.slope - bend + t * bend))
}

/// The quantile of scale 1 at the normal number `z` by the expansion of Cornish and Fisher in
/// powers of the inverse root of the shape, up to the third (Goldberg and Levine, "Approximate
/// formulas for the percentage points and normalization of t and chi squared", 1946).
fn expansion(shape: f64, z: f64) -> f64 {
    let root = shape.sqrt();
    let square = z * z;
    let second = (square - 1.0) / 3.0;
    let third = z * (square - 7.0) / 36.0;
    let fourth = -((3.0 * square + 7.0) * square - 16.0) / 810.0;
    let fifth = z * ((9.0 * square + 256.0) * square - 433.0) / 38_880.0;
    shape + root * z + second + (third + (fourth + fifth / root) / root) / root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_within_a_billionth_of_the_exact_quantile() {
        for shape in [0.01, 0.04, 0.3, 0.999, 1.0, 3.0, 19.0, 20.0, 500.0, 4095.0, 4096.0, 9e4] {
            let law = Gamma::new(shape, 1.0);
            for k in 0..500_u64 {
                let bits = k.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let want = math::exp(gamma::ln_quantile(shape, unit(bits), unit(!bits)));
                let (got, of) = (law.quantile(bits), want.max(1e-9 * shape));
                assert!((got - want).abs() <= 1e-9 * of, "{shape} {bits:x}: {got} for {want}");
            }
        }
    }

    #[test]
    fn a_shape_of_one_is_the_exponential_law() {
        let law = Gamma::new(1.0, 2.0);
        for bits in [0, 1 << 40, 1 << 60, 1 << 63, u64::MAX - (1 << 40), u64::MAX] {
            let want = -2.0 * math::ln(unit(!bits));
            assert!((law.quantile(bits) / want - 1.0).abs() < 1e-9, "{bits:x}");
        }
    }
}
