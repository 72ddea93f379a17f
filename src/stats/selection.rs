//! Which of several systems is best? Ranking and selection by simulation: Kim and Nelson's
//! sequential procedure with an indifference zone, and the optimal computing budget allocation.
//!
//! Everywhere the smaller mean is the better one; whoever looks for the largest changes the signs.

use super::{interval, math, normal, paired};

/// The fully sequential procedure KN of S.-H. Kim and B. L. Nelson ("A fully sequential procedure
/// for indifference-zone selection in simulation", ACM TOMACS 11, 2001).
///
/// With normal observations, independent from one replication to the next, it finds the system
/// with the smallest mean with probability `1 - alpha` at least, provided that mean is smaller
/// than every other by the indifference zone or more. Systems may share their random numbers: the
/// variances that count are those of the differences.
#[derive(Clone, Debug)]
pub struct KimNelson {
    indifference: f64,
    /// Variance of the difference of each pair in the pilot, times h² / indifference²: how many
    /// observations it takes until the pair's larger mean is out.
    lengths: Vec<Vec<f64>>,
    sums: Vec<f64>,
    taken: usize,
    alive: Vec<usize>,
}

impl KimNelson {
    /// Begins with a pilot: the same number of observations of each system, 2 at least (10 are
    /// advised), replication by replication. `indifference > 0`, `0 < alpha < 1`.
    #[must_use]
    pub fn new(pilot: &[&[f64]], indifference: f64, alpha: f64) -> Self {
        let taken = pilot.iter().map(|sample| sample.len()).min().unwrap_or(0);
        let freedom = taken.saturating_sub(1).max(1) as f64;
        let rivals = pilot.len().saturating_sub(1).max(1) as f64;
        let eta = 0.5 * (math::pow(2.0 * alpha / rivals, -2.0 / freedom) - 1.0);
        let scale = 2.0 * eta * freedom / (indifference * indifference);
        let lengths = pilot
            .iter()
            .map(|one| pilot.iter().map(|other| scale * variance_of_difference(one, other)))
            .map(Iterator::collect)
            .collect();
        let sums = pilot.iter().map(|sample| sample[..taken].iter().sum()).collect();
        let alive = (0..pilot.len()).collect();
        let mut procedure = Self { indifference, lengths, sums, taken, alive };
        procedure.screen();
        procedure
    }

    /// The systems still in the race, in rising order.
    #[must_use]
    pub fn alive(&self) -> &[usize] {
        &self.alive
    }

    /// Observations taken of each survivor.
    #[must_use]
    pub const fn taken(&self) -> usize {
        self.taken
    }

    /// The selected system; none before the procedure has ended. Of systems with the very same
    /// mean the first is selected.
    #[must_use]
    pub fn selected(&self) -> Option<usize> {
        let first = *self.alive.first()?;
        let is_open = |&one: &usize| self.alive.iter().any(|&other| self.slack(one, other) > 0.0);
        (self.alive.len() == 1 || !self.alive.iter().any(is_open)).then_some(first)
    }

    /// Takes one more observation of each survivor, by its number.
    pub fn observe(&mut self, value: impl Fn(usize) -> f64) {
        for &system in &self.alive {
            self.sums[system] += value(system);
        }
        self.taken += 1;
        self.screen();
    }

    /// Drops each system whose mean is above another's by more than what chance may do so far.
    fn screen(&mut self) {
        let mean = |system: usize| self.sums[system] / self.taken as f64;
        let stays = |&one: &usize| {
            self.alive.iter().all(|&other| mean(one) <= mean(other) + self.slack(one, other))
        };
        self.alive = self.alive.iter().copied().filter(stays).collect();
    }

    /// W of the paper: how far one mean may lie above another's and still stay.
    fn slack(&self, one: usize, other: usize) -> f64 {
        let taken = self.taken as f64;
        (self.indifference / (2.0 * taken) * (self.lengths[one][other] - taken)).max(0.0)
    }
}

/// Sample variance of the differences; 0 of fewer than two pairs.
fn variance_of_difference(one: &[f64], other: &[f64]) -> f64 {
    interval::variance(&paired::differences(one, other)).unwrap_or(0.0)
}

/// What is known of one system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// Mean of its observations.
    pub mean: f64,
    /// Their sample variance.
    pub variance: f64,
    /// How many there are.
    pub taken: usize,
}

/// The system with the smallest mean, the first of several.
fn best(systems: &[Known]) -> Option<usize> {
    (0..systems.len()).min_by(|&one, &other| systems[one].mean.total_cmp(&systems[other].mean))
}

/// The shares of a budget that make the probability of selecting the smallest mean largest, as it
/// grows: the optimal computing budget allocation of C.-H. Chen and L. H. Lee (*Stochastic
/// Simulation Optimization*, 2011). The shares add up to 1.
///
/// With d the distance of a mean from the best one's, N ~ variance / d² for all others, and
/// deviation x sqrt(sum of N² / variance) for the best. Distances below `least` (> 0) count as
/// `least`: what is as good as the best deserves no unlimited effort. Where nothing varies all
/// shares are equal.
#[must_use]
pub fn ocba_shares(systems: &[Known], least: f64) -> Vec<f64> {
    let Some(best) = best(systems) else { return Vec::new() };
    let square = |system: &Known| {
        let distance = (system.mean - systems[best].mean).max(least);
        distance * distance
    };
    let mut weights: Vec<f64> =
        systems.iter().map(|system| system.variance / square(system)).collect();
    let others = systems.iter().enumerate().filter(|&(number, _)| number != best);
    let sum: f64 =
        others.map(|(_, system)| system.variance / (square(system) * square(system))).sum();
    weights[best] = (systems[best].variance * sum).sqrt();
    let whole: f64 = weights.iter().sum();
    if whole > 0.0 {
        weights.iter().map(|weight| weight / whole).collect()
    } else {
        vec![1.0 / systems.len() as f64; systems.len()]
    }
}

/// How `more` observations are to be spread so that the numbers taken come nearest to `shares` of
/// all; they add up to `more`.
#[must_use]
pub fn allocate(shares: &[f64], taken: &[usize], more: usize) -> Vec<usize> {
    let total = (taken.iter().sum::<usize>() + more) as f64;
    let lacks: Vec<f64> = shares
        .iter()
        .zip(taken)
        .map(|(share, &taken)| (share * total - taken as f64).max(0.0))
        .collect();
    let lack: f64 = lacks.iter().sum();
    if lack <= 0.0 {
        return vec![0; shares.len()];
    }
    let exact: Vec<f64> = lacks.iter().map(|own| own / lack * more as f64).collect();
    let mut whole: Vec<usize> = exact.iter().map(|value| value.floor() as usize).collect();
    let mut order: Vec<usize> = (0..exact.len()).collect();
    // What rounding has left over goes to the largest fractions, the first of equal ones first.
    order.sort_by(|&one, &other| exact[other].fract().total_cmp(&exact[one].fract()));
    let rest = more.saturating_sub(whole.iter().sum());
    for &system in order.iter().cycle().take(rest) {
        whole[system] += 1;
    }
    whole
}

/// A lower estimate of the probability that the smallest sample mean is the smallest mean:
/// 1 - the sum over the others of P(its mean is smaller), each by the normal approximation as if
/// samples were independent (Bonferroni's inequality; Chen and Lee call it APCS-B). Not below 0.
#[must_use]
pub fn probability_of_selection(systems: &[Known]) -> f64 {
    let Some(best) = best(systems) else { return 0.0 };
    let square = |system: &Known| system.variance / system.taken.max(1) as f64;
    let wrong = systems.iter().enumerate().filter(|&(number, _)| number != best).map(|(_, one)| {
        let distance = one.mean - systems[best].mean;
        let error = (square(one) + square(&systems[best])).sqrt();
        if error > 0.0 {
            normal::probability(-distance / error)
        } else {
            // Without chance only the very same mean leaves a doubt, and it does no harm.
            0.0
        }
    });
    (1.0 - wrong.sum::<f64>()).max(0.0)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    /// Observations with common part: deviation 1.5, correlation `rho`, the first mean smaller
    /// than the others by 0.5.
    fn observation(rho: f64, chance: &mut Xoshiro256PlusPlus) -> [f64; 5] {
        let mut normal = || -> f64 { StandardNormal.sample(chance) };
        let common = normal();
        [-0.5, 0.0, 0.0, 0.0, 0.0]
            .map(|mean| mean + 1.5 * (rho.sqrt() * common + (1.0 - rho).sqrt() * normal()))
    }

    /// Share of right selections and mean number of observations over 400 experiments with ten
    /// observations of each system first.
    fn experiments(rho: f64) -> (f64, f64) {
        let (mut right, mut observations) = (0, 0);
        for seed in 0..400 {
            let mut chance = Xoshiro256PlusPlus::seed_from_u64(seed);
            let rows: Vec<[f64; 5]> = (0..10).map(|_| observation(rho, &mut chance)).collect();
            let pilot: Vec<Vec<f64>> =
                (0..5).map(|system| rows.iter().map(|row| row[system]).collect()).collect();
            let pilot: Vec<&[f64]> = pilot.iter().map(Vec::as_slice).collect();
            let mut procedure = KimNelson::new(&pilot, 0.5, 0.05);
            observations += 50;
            while procedure.selected().is_none() {
                observations += procedure.alive().len();
                let row = observation(rho, &mut chance);
                procedure.observe(|system| row[system]);
            }
            right += usize::from(procedure.selected() == Some(0));
        }
        (right as f64 / 400.0, observations as f64 / 400.0)
    }

    /// An independent simulation of the same experiment (400 runs in Python) found the best with
    /// 361 and 112 observations on average, in 97.3% and 97.8% of its runs.
    #[test]
    fn the_best_is_found_as_often_as_promised() {
        for (rho, wanted, tolerance) in [(0.0, 361.0, 36.0), (0.7, 112.0, 11.0)] {
            let (right, observations) = experiments(rho);
            assert!(right >= 0.95, "{rho}: {right}");
            assert!((observations - wanted).abs() < tolerance, "{rho}: {observations}");
        }
    }

    #[test]
    fn without_chance_the_pilot_decides() {
        let pilots = [[3.0; 10], [2.0; 10], [2.0; 10], [2.5; 10]];
        let pilots: Vec<&[f64]> = pilots.iter().map(<[f64; 10]>::as_slice).collect();
        let procedure = KimNelson::new(&pilots, 1e-9, 0.05);
        assert_eq!((procedure.alive(), procedure.selected()), (&[1, 2][..], Some(1)));
        let alone = KimNelson::new(&pilots[..1], 1.0, 0.05);
        assert_eq!(alone.selected(), Some(0));
        assert_eq!(KimNelson::new(&[], 1.0, 0.05).selected(), None);
    }

    const fn known(mean: f64, variance: f64, taken: usize) -> Known {
        Known { mean, variance, taken }
    }

    /// Three systems by hand: distances 1 and 2, deviations 1, 1 and 2.
    #[test]
    fn budgets_go_where_the_formula_says() {
        let systems = [known(1.0, 1.0, 10), known(2.0, 1.0, 10), known(3.0, 4.0, 10)];
        // N2 : N3 = (1/1)² : (2/2)² = 1 : 1, and N1 = 1 sqrt(1 / 1 + 1 / 4) of those.
        let best = 1.25_f64.sqrt();
        let wanted = [best, 1.0, 1.0].map(|weight| weight / (best + 2.0));
        let shares = ocba_shares(&systems, 1e-6);
        for (share, wanted) in shares.iter().zip(wanted) {
            assert!((share - wanted).abs() < 1e-12, "{shares:?}");
        }
        assert_eq!(ocba_shares(&[known(1.0, 0.0, 5), known(2.0, 0.0, 5)], 0.1), [0.5, 0.5]);
        // As good as the best counts as being `least` away from it.
        let tied = ocba_shares(&[known(1.0, 1.0, 5), known(1.0, 1.0, 5)], 0.5);
        assert!((tied[0] - 0.5).abs() < 1e-12, "{tied:?}");
        assert!(ocba_shares(&[], 0.1).is_empty());
    }

    #[test]
    fn observations_are_spread_whole() {
        for (shares, taken, more, wanted) in [
            (&[0.5, 0.25, 0.25][..], &[10, 10, 10][..], 10, &[10, 0, 0][..]),
            (&[0.5, 0.25, 0.25], &[0, 0, 0], 10, &[5, 3, 2]),
            (&[1.0, 0.0], &[3, 9], 4, &[4, 0]),
            (&[0.5, 0.5], &[4, 4], 0, &[0, 0]),
        ] {
            assert_eq!(allocate(shares, taken, more), wanted, "{shares:?} {taken:?}");
        }
    }

    /// Two systems a deviation of their difference apart: 1 - Phi(-1) by mpmath.
    #[test]
    fn the_probability_of_selection_is_bonferronis() {
        let two = [known(0.0, 1.0, 2), known(1.0, 1.0, 2)];
        assert!((probability_of_selection(&two) - 0.841_344_746_068_543).abs() < 1e-12);
        let certain = [known(0.0, 0.0, 2), known(0.0, 0.0, 2)];
        assert!((probability_of_selection(&certain) - 1.0).abs() < 1e-12);
        assert!(probability_of_selection(&[known(0.0, 1.0, 1); 9]) < 1e-12);
    }
}
