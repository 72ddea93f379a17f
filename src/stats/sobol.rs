//! How much of the variance is whose? Sobol's indices.
//!
//! Of the variance of a model's output when all factors are random, the *first-order* index of a
//! factor is the share that goes away on average when that factor is known, and its *total* index
//! the share that stays when all others are known. Interactions make the total the larger one.
//!
//! The estimators are those of A. Saltelli et al., "Variance based sensitivity analysis of model
//! output", Computer Physics Communications 181 (2010), for the first order, and of M. J. W.
//! Jansen, "Analysis of variance designs for model output", Computer Physics Communications 117
//! (1999), for the total. Two independent matrices A and B have a row for each sample; A_B of a
//! factor is A with that factor's column from B.

use super::quantile::type1;

/// Resamples of a bootstrap.
pub const RESAMPLES: usize = 1000;

/// A model's outputs, by sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// At the rows of A.
    pub a: Vec<f64>,
    /// At those of B.
    pub b: Vec<f64>,
    /// At those of A_B of each factor.
    pub ab: Vec<Vec<f64>>,
}

/// An index with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Index {
    /// The estimate, which may lie below 0 or above 1 by chance.
    pub value: f64,
    /// The 95% interval of the bootstrap over the samples (percentiles).
    pub ci95: [f64; 2],
}

/// The indices of one factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Indices {
    /// Alone.
    pub first: Index,
    /// With all its interactions.
    pub total: Index,
}

/// The indices of each factor, in order. All are 0 where the output does not vary at all.
/// `below(n)` draws a whole number below `n`, uniformly, for the bootstrap.
///
/// # Panics
/// If there are no samples, or not as many everywhere.
pub fn indices(outputs: &Outputs, below: &mut impl FnMut(usize) -> usize) -> Vec<Indices> {
    let samples = outputs.a.len();
    assert!(samples > 0 && outputs.b.len() == samples, "each sample has its rows");
    assert!(outputs.ab.iter().all(|column| column.len() == samples), "each sample has its rows");
    let estimates = estimate(outputs, 0..samples);
    let mut resampled: Vec<[Vec<f64>; 2]> =
        outputs.ab.iter().map(|_| [0, 1].map(|_| Vec::with_capacity(RESAMPLES))).collect();
    let mut drawn = vec![0; samples];
    for _ in 0..RESAMPLES {
        drawn.fill_with(|| below(samples));
        for (own, pair) in resampled.iter_mut().zip(estimate(outputs, drawn.iter().copied())) {
            own[0].push(pair[0]);
            own[1].push(pair[1]);
        }
    }
    let index = |value: f64, mut of: Vec<f64>| {
        of.sort_by(f64::total_cmp);
        Index { value, ci95: [0.025, 0.975].map(|q| type1(&of, q).unwrap_or(value)) }
    };
    estimates
        .into_iter()
        .zip(resampled)
        .map(|([first, total], [firsts, totals])| Indices {
            first: index(first, firsts),
            total: index(total, totals),
        })
        .collect()
}

/// The variance of the output over the rows of A and B together.
#[must_use]
pub fn variance(outputs: &Outputs) -> f64 {
    moments(outputs, 0..outputs.a.len()).1
}

/// Mean and variance over some rows of A and B.
fn moments(outputs: &Outputs, rows: impl Iterator<Item = usize> + Clone) -> (f64, f64) {
    let both = || rows.clone().flat_map(|row| [outputs.a[row], outputs.b[row]]);
    let count = both().count() as f64;
    let mean = both().sum::<f64>() / count;
    let squares: f64 = both().map(|value| (value - mean) * (value - mean)).sum();
    (mean, squares / count)
}

/// First-order and total index of each factor from some rows.
fn estimate(outputs: &Outputs, rows: impl Iterator<Item = usize> + Clone) -> Vec<[f64; 2]> {
    let (mean, variance) = moments(outputs, rows.clone());
    let pair = |column: &Vec<f64>| {
        let (mut first, mut total, mut count) = (0.0, 0.0, 0.0);
        for row in rows.clone() {
            let change = column[row] - outputs.a[row];
            // That the mean is taken off changes no expectation and makes the spread smaller.
            first += (outputs.b[row] - mean) * change;
            total += change * change;
            count += 1.0;
        }
        [first / count / variance, total / (2.0 * count) / variance]
    };
    if variance > 0.0 {
        outputs.ab.iter().map(pair).collect()
    } else {
        vec![[0.0; 2]; outputs.ab.len()]
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;
    use crate::random::{Purpose, Seed, unit};
    use crate::stats::ishigami;
    use crate::stats::sobol_sequence::SobolSequence;

    /// How the rows of A and B are chosen.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Rows {
        /// From Sobol's sequence with a random shift.
        Even,
        /// By chance alone.
        Random,
    }

    /// Outputs of a model of `factors` factors in 0..1, and chance for a bootstrap.
    fn outputs(
        model: impl Fn(&[f64]) -> f64,
        factors: usize,
        samples: u32,
        (rows, seed): (Rows, u64),
    ) -> (Outputs, impl FnMut(usize) -> usize) {
        let mut stream = Seed { seed, replication: 0 }.stream(Purpose::Design);
        let shifts = (0..2 * factors).map(|_| stream.next_u32()).collect();
        let sequence = SobolSequence::new(shifts);
        let mut found = Outputs { a: Vec::new(), b: Vec::new(), ab: vec![Vec::new(); factors] };
        for sample in 0..samples {
            let row: Vec<f64> = match rows {
                Rows::Even => sequence.point(sample),
                Rows::Random => (0..2 * factors).map(|_| unit(stream.next_u64())).collect(),
            };
            let (a, b) = row.split_at(factors);
            found.a.push(model(a));
            found.b.push(model(b));
            for factor in 0..factors {
                let mut mixed = a.to_vec();
                mixed[factor] = b[factor];
                found.ab[factor].push(model(&mixed));
            }
        }
        (found, move |most| (stream.next_u64() % most as u64) as usize)
    }

    #[test]
    fn ishigami_comes_out() {
        for seed in 0..20 {
            let (found, mut below) = outputs(ishigami::of_shares, 3, 4096, (Rows::Even, seed));
            for (index, (first, total)) in
                indices(&found, &mut below).into_iter().zip(ishigami::INDICES)
            {
                for (index, wanted) in [(index.first, first), (index.total, total)] {
                    assert!((index.value - wanted).abs() < 0.01, "{seed}: {index:?} {wanted}");
                    let [low, high] = index.ci95;
                    assert!(low <= wanted && wanted <= high, "{seed}: {index:?} {wanted}");
                }
            }
        }
    }

    /// Of 200 experiments whose rows are chance alone the interval holds the true index in about
    /// 95%: 2.5 deviations of a binomial count are 8.
    #[test]
    fn bootstrap_intervals_cover_the_truth() {
        let mut covered = [[0; 2]; 3];
        for seed in 0..200 {
            let (found, mut below) = outputs(ishigami::of_shares, 3, 256, (Rows::Random, seed));
            let found = indices(&found, &mut below);
            for ((index, (first, total)), count) in
                found.into_iter().zip(ishigami::INDICES).zip(&mut covered)
            {
                let pairs = [(index.first, first), (index.total, total)];
                for ((index, wanted), count) in pairs.into_iter().zip(count) {
                    let [low, high] = index.ci95;
                    *count += u32::from(low <= wanted && wanted <= high);
                }
            }
        }
        assert!(
            covered.as_flattened().iter().all(|count| (182..=198).contains(count)),
            "{covered:?}"
        );
    }

    /// The definition, by two loops: the variance of the mean given the factor, and the mean of
    /// the variance given all the others.
    fn by_two_loops(model: impl Fn(&[f64]) -> f64, factors: usize, factor: usize) -> [f64; 2] {
        const CELLS: u32 = 24;
        let middle = |cell: u32| (f64::from(cell) + 0.5) / f64::from(CELLS);
        let others = CELLS.pow(factors as u32 - 1);
        let value = |own: u32, mut other: u32| {
            let mut at = vec![0.0; factors];
            for (number, place) in at.iter_mut().enumerate() {
                *place = if number == factor {
                    middle(own)
                } else {
                    let cell = other % CELLS;
                    other /= CELLS;
                    middle(cell)
                };
            }
            model(&at)
        };
        let spread = |values: Vec<f64>| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
            (mean, squares / values.len() as f64)
        };
        let all = (0..CELLS).flat_map(|own| (0..others).map(move |other| (own, other)));
        let whole = spread(all.map(|(own, other)| value(own, other)).collect()).1;
        let given = |own| spread((0..others).map(|other| value(own, other)).collect()).0;
        let left = |other| spread((0..CELLS).map(|own| value(own, other)).collect()).1;
        let first = spread((0..CELLS).map(given).collect()).1;
        let total = (0..others).map(left).sum::<f64>() / f64::from(others);
        [first / whole, total / whole]
    }

    #[test]
    fn estimates_agree_with_the_definition() {
        // A product, a step, a square and a factor that is not there.
        let model = |x: &[f64]| {
            x[0] * x[1] + f64::from(u8::from(x[1] > 0.5)) + 3.0 * (x[2] - 0.5) * (x[2] - 0.5)
        };
        let (found, mut below) = outputs(model, 4, 8192, (Rows::Even, 5));
        for (factor, found) in indices(&found, &mut below).into_iter().enumerate() {
            let [first, total] = by_two_loops(model, 4, factor);
            assert!((found.first.value - first).abs() < 0.005, "{factor}: {found:?} {first}");
            assert!((found.total.value - total).abs() < 0.005, "{factor}: {found:?} {total}");
        }
    }

    #[test]
    fn what_is_not_there_has_no_index() {
        let (found, mut below) = outputs(|x| x[0], 2, 64, (Rows::Even, 1));
        let nothing = Index { value: 0.0, ci95: [0.0, 0.0] };
        assert_eq!(indices(&found, &mut below)[1], Indices { first: nothing, total: nothing });
        let (flat, mut below) = outputs(|_| 7.0, 2, 64, (Rows::Even, 1));
        assert_eq!(variance(&flat), 0.0);
        assert_eq!(indices(&flat, &mut below), [Indices { first: nothing, total: nothing }; 2]);
    }
}
