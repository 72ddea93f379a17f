//! Ishigami's function, the usual test of sensitivity analysis: sin x + a sin² y + b z⁴ sin x with
//! a = 7 and b = 0.1, each argument uniform in -π..π (T. Ishigami and T. Homma, "An importance
//! quantification technique in uncertainty analysis for computer models", 1990).

use std::f64::consts::PI;

const A: f64 = 7.0;
const B: f64 = 0.1;

/// Its first-order and total indices, in the order of the arguments.
pub(crate) const INDICES: [(f64, f64); 3] = [(0.3139, 0.5576), (0.4424, 0.4424), (0.0, 0.2437)];

/// The function of where in -π..π each argument stands, from 0 to 1.
pub(crate) fn of_shares(shares: &[f64]) -> f64 {
    let [x, y, z] = [0, 1, 2].map(|number| PI * (2.0 * shares[number] - 1.0));
    let (sine, other) = (libm::sin(x), libm::sin(y));
    sine + A * other * other + B * z * z * z * z * sine
}

/// The indices follow from the variances that the authors give.
#[test]
fn indices_follow_from_the_variances() {
    let p4 = PI * PI * PI * PI;
    let first = (1.0 + B * p4 / 5.0) * (1.0 + B * p4 / 5.0) / 2.0;
    let second = A * A / 8.0;
    let both = B * B * p4 * p4 * (1.0 / 18.0 - 1.0 / 50.0);
    let all = first + second + both;
    let found = [(first, first + both), (second, second), (0.0, both)];
    for ((first, total), wanted) in found.into_iter().zip(INDICES) {
        assert!((first / all - wanted.0).abs() < 5e-5 && (total / all - wanted.1).abs() < 5e-5);
    }
}
