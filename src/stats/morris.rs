//! Which factors matter? Morris's elementary effects: few runs, no assumption about the model.
//!
//! M. D. Morris, "Factorial sampling plans for preliminary computational experiments",
//! Technometrics 33 (1991); the mean of the absolute effects is that of F. Campolongo, J. Cariboni
//! and A. Saltelli, "An effective screening design for sensitivity analysis of large models",
//! Environmental Modelling & Software 22 (2007).

use super::interval;

/// Levels of an ordered factor: p = 4 and a step of p / (2 (p - 1)) = 2/3 of the range, with which
/// every level is as probable as any other.
pub const LEVELS: u32 = 4;
/// A step goes so many levels up or down.
const STEP: u32 = LEVELS / 2;

/// What levels a factor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// [`LEVELS`] of them at equal distances, from the low end of a range to the high one.
    Ordered,
    /// So many choices, two at least, none of which lies between others.
    Choices(u32),
}

/// One walk through the space of the factors, each of which moves once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trajectory {
    /// The level of each factor at the beginning.
    pub start: Vec<u32>,
    /// Which factor moves, and to which level, in order.
    pub moves: Vec<(usize, u32)>,
}

impl Trajectory {
    /// A random walk; `below(n)` draws a whole number below `n`, uniformly.
    pub fn draw(factors: &[Factor], below: &mut impl FnMut(u32) -> u32) -> Self {
        let mut start = Vec::with_capacity(factors.len());
        let mut moves: Vec<(usize, u32)> = Vec::with_capacity(factors.len());
        for (number, factor) in factors.iter().enumerate() {
            let (from, to) = match *factor {
                Factor::Ordered => {
                    let from = below(LEVELS);
                    (from, if from < STEP { from + STEP } else { from - STEP })
                }
                Factor::Choices(count) => {
                    let from = below(count);
                    (from, (from + 1 + below(count - 1)) % count)
                }
            };
            start.push(from);
            moves.push((number, to));
        }
        // R. Durstenfeld's shuffle.
        for last in (1..moves.len()).rev() {
            moves.swap(last, below(last as u32 + 1) as usize);
        }
        Self { start, moves }
    }

    /// The points on the way, the start first: one more than there are moves.
    #[must_use]
    pub fn points(&self) -> Vec<Vec<u32>> {
        let mut points = vec![self.start.clone()];
        let mut here = self.start.clone();
        for &(factor, level) in &self.moves {
            here[factor] = level;
            points.push(here.clone());
        }
        points
    }
}

/// What the elementary effects of one factor say together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effects {
    /// Mean of the absolute effects: how much it matters.
    pub mu_star: f64,
    /// Its 95% interval by Student's t over the trajectories, not below 0; none of one effect.
    pub mu_star_ci95: Option<[f64; 2]>,
    /// Mean of the effects: which way, and near 0 if now one way and now the other.
    pub mu: f64,
    /// Its 95% interval in the same way.
    pub mu_ci95: Option<[f64; 2]>,
    /// Standard deviation of the effects: how much they depend on the other factors and on where
    /// in its range the factor stands; 0 of one effect.
    pub sigma: f64,
}

impl Effects {
    /// From the elementary effects of one factor, one of each trajectory; none without effects.
    #[must_use]
    pub fn of(effects: &[f64]) -> Option<Self> {
        if effects.is_empty() {
            return None;
        }
        let absolute: Vec<f64> = effects.iter().map(|effect| effect.abs()).collect();
        let ends = |values: &[f64]| interval::mean_t(values).map(|mean| [mean.low, mean.high]);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        Some(Self {
            mu_star: mean(&absolute),
            mu_star_ci95: ends(&absolute).map(|[low, high]| [low.max(0.0), high]),
            mu: mean(effects),
            mu_ci95: ends(effects),
            sigma: interval::variance(effects).map_or(0.0, f64::sqrt),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Seed};
    use crate::stats::ishigami;
    use rand::Rng;

    /// The elementary effects of every factor over `count` trajectories of a model of ordered
    /// factors in 0..1.
    fn effects(
        model: impl Fn(&[f64]) -> f64,
        factors: usize,
        count: usize,
        seed: u64,
    ) -> Vec<Vec<f64>> {
        let mut stream = Seed { seed, replication: 0 }.stream(Purpose::Design);
        let mut below = |most: u32| (stream.next_u64() % u64::from(most)) as u32;
        let mut found = vec![Vec::new(); factors];
        for _ in 0..count {
            let way = Trajectory::draw(&vec![Factor::Ordered; factors], &mut below);
            let shares: Vec<Vec<f64>> = way
                .points()
                .iter()
                .map(|point| {
                    point.iter().map(|&level| f64::from(level) / f64::from(LEVELS - 1)).collect()
                })
                .collect();
            for (two, &(factor, _)) in shares.windows(2).zip(&way.moves) {
                let by = two[1][factor] - two[0][factor];
                found[factor].push((model(&two[1]) - model(&two[0])) / by);
            }
        }
        found
    }

    /// The mean absolute effect over every step that there is on the grid.
    fn exact_mu_star(model: impl Fn(&[f64]) -> f64, factors: usize) -> Vec<f64> {
        let share = |level: u32| f64::from(level) / f64::from(LEVELS - 1);
        let points = LEVELS.pow(factors as u32);
        (0..factors)
            .map(|factor| {
                let (mut sum, mut count) = (0.0, 0);
                for point in 0..points {
                    let level = |one: usize| point / LEVELS.pow(one as u32) % LEVELS;
                    if level(factor) >= STEP {
                        continue;
                    }
                    let at: Vec<f64> = (0..factors).map(|one| share(level(one))).collect();
                    let mut there = at.clone();
                    there[factor] = share(level(factor) + STEP);
                    sum += ((model(&there) - model(&at)) / (there[factor] - at[factor])).abs();
                    count += 1;
                }
                sum / f64::from(count)
            })
            .collect()
    }

    #[test]
    fn of_a_linear_model_the_coefficients_come_out() {
        let coefficients = [3.0, -40.0, 0.0, 0.25];
        let linear = |x: &[f64]| x.iter().zip(coefficients).map(|(x, c)| x * c).sum();
        for (own, coefficient) in effects(linear, 4, 10, 1).iter().zip(coefficients) {
            let found = Effects::of(own).expect("ten effects");
            assert!((found.mu_star - coefficient.abs()).abs() < 1e-13, "{found:?}");
            assert!((found.mu - coefficient).abs() < 1e-13, "{found:?}");
            assert!(found.sigma < 1e-13, "{found:?}");
        }
    }

    #[test]
    fn an_effect_that_depends_on_another_factor_has_a_sigma() {
        // The effect of the first is the second, and the other way round: 0, 1/3, 2/3 or 1.
        let product = |x: &[f64]| x[0] * x[1];
        for own in effects(product, 2, 4000, 2) {
            let found = Effects::of(&own).expect("effects");
            assert!((found.mu_star - 0.5).abs() < 0.02, "{found:?}");
            // The deviation of a uniform choice of these four.
            assert!((found.sigma - (5.0_f64 / 36.0).sqrt()).abs() < 0.01, "{found:?}");
        }
    }

    /// An effect up as often as down has no mean, and matters all the same.
    #[test]
    fn effects_of_both_signs_do_not_cancel_out() {
        let found = Effects::of(&[2.0, -2.0, 2.0, -2.0]).expect("effects");
        assert_eq!((found.mu_star, found.mu), (2.0, 0.0));
        assert_eq!(found.mu_star_ci95, Some([2.0, 2.0]));
        let one = Effects::of(&[-3.0]).expect("an effect");
        assert_eq!((one.mu_star, one.mu_star_ci95, one.sigma), (3.0, None, 0.0));
        assert_eq!(Effects::of(&[]), None);
    }

    /// Of 1000 experiments of 20 trajectories the interval holds the exact value, found by taking
    /// every step of the grid, in about 95%.
    #[test]
    fn intervals_cover_what_all_steps_give() {
        let exact = exact_mu_star(ishigami::of_shares, 3);
        let mut covered = [0; 3];
        for seed in 0..1000 {
            for (factor, own) in effects(ishigami::of_shares, 3, 20, seed).iter().enumerate() {
                let [low, high] = Effects::of(own).and_then(|e| e.mu_star_ci95).expect("effects");
                // The second factor's effect is the same at every step but for rounding.
                let is_held = low - 1e-9 <= exact[factor] && exact[factor] <= high + 1e-9;
                covered[factor] += u32::from(is_held);
            }
        }
        assert!(covered.iter().all(|&count| count >= 930), "{covered:?}");
        assert!(covered[0] <= 975, "{covered:?}");
    }

    #[test]
    fn every_level_and_every_choice_comes_as_often() {
        let mut stream = Seed { seed: 3, replication: 0 }.stream(Purpose::Design);
        let mut below = |most: u32| (stream.next_u64() % u64::from(most)) as u32;
        let factors = [Factor::Ordered, Factor::Choices(3), Factor::Choices(2)];
        let (mut levels, mut changes, mut first) = ([0; 4], [[0_i32; 3]; 3], [0; 3]);
        for _ in 0..6000 {
            let way = Trajectory::draw(&factors, &mut below);
            let points = way.points();
            assert_eq!(points.len(), 4);
            for (two, &(factor, _)) in points.windows(2).zip(&way.moves) {
                let differ = (0..3).filter(|&one| two[0][one] != two[1][one]);
                assert_eq!(differ.collect::<Vec<_>>(), [factor], "one factor moves at a time");
            }
            levels[points[0][0] as usize] += 1;
            changes[points[0][1] as usize][points[3][1] as usize] += 1;
            first[way.moves[0].0] += 1;
        }
        // Binomial deviations: of 1/4 33, of 1/6 29, of 1/3 37.
        assert!(levels.iter().all(|count: &i32| (count - 1500).abs() < 140), "{levels:?}");
        assert!(first.iter().all(|count: &i32| (count - 2000).abs() < 150), "{first:?}");
        for (from, row) in changes.iter().enumerate() {
            for (to, count) in row.iter().enumerate() {
                let wanted = if from == to { 0 } else { 1000 };
                assert!((count - wanted).abs() < 120, "{changes:?}");
            }
        }
    }
}
