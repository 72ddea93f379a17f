//! Which points are looked at? Rows of values for each method, drawn from the question's seed.

use rand::Rng;

use super::{Method, Question};
use crate::experiment::vary::{Domain, Level};
use crate::random::{Purpose, Seed};
use crate::stats::morris::{Factor, LEVELS, Trajectory};
use crate::stats::sobol::Outputs;
use crate::stats::sobol_sequence::SobolSequence;

/// The replication whose stream draws the design; the one for the bootstrap is another.
const DRAWING: u64 = 0;
const RESAMPLING: u64 = 1;

/// Rows of one value for each field.
#[derive(Clone, Debug)]
pub(super) struct Design {
    /// Trajectory after trajectory, or the rows of A, those of B, and those of each A_B.
    pub(super) rows: Vec<Vec<Level>>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Trajectories(Vec<Trajectory>),
    Matrices { samples: usize, factors: usize },
}

/// Two rows that differ in one field only, if at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    /// The row before.
    pub(super) from: usize,
    /// The row after.
    pub(super) to: usize,
    /// How much of the field's range lies between, with its sign; 1 between unordered choices.
    pub(super) by: f64,
}

/// Uniform whole numbers below a bound.
pub(super) struct Chance(rand::rngs::Xoshiro256PlusPlus);

impl Chance {
    fn of(seed: u64, replication: u64) -> Self {
        Self(Seed { seed, replication }.stream(Purpose::Design))
    }

    /// For the bootstrap of the metric `number`.
    pub(super) fn of_bootstrap(seed: u64, number: usize) -> Self {
        Self::of(seed, RESAMPLING + number as u64)
    }

    /// Below `most`, by D. Lemire's multiplication (2019).
    pub(super) fn below(&mut self, most: usize) -> usize {
        ((u128::from(self.0.next_u64()) * most as u128) >> 64) as usize
    }
}

impl Design {
    pub(super) fn draw(question: &Question) -> Self {
        let mut chance = Chance::of(question.seed, DRAWING);
        match question.method {
            Method::Morris { trajectories } => Self::walk(question, trajectories, &mut chance),
            Method::Sobol { samples } => Self::sample(question, samples, &mut chance),
        }
    }

    fn walk(question: &Question, count: u32, chance: &mut Chance) -> Self {
        let factors: Vec<Factor> =
            question.varied.iter().map(|vary| factor(&vary.domain)).collect();
        let mut below = |most: u32| chance.below(most as usize) as u32;
        let ways: Vec<Trajectory> =
            (0..count).map(|_| Trajectory::draw(&factors, &mut below)).collect();
        let row = |levels: Vec<u32>| -> Vec<Level> {
            let fields = question.varied.iter().zip(&factors);
            let value = |((vary, factor), level): ((&super::Vary, &Factor), u32)| {
                let last = match factor {
                    Factor::Ordered => LEVELS - 1,
                    Factor::Choices(count) => count - 1,
                };
                vary.domain.nearest(f64::from(level) / f64::from(last))
            };
            fields.zip(levels).map(value).collect()
        };
        let rows = ways.iter().flat_map(Trajectory::points).map(row).collect();
        Self { rows, kind: Kind::Trajectories(ways) }
    }

    fn sample(question: &Question, samples: u32, chance: &mut Chance) -> Self {
        let factors = question.varied.len();
        let shifts = (0..2 * factors).map(|_| chance.0.next_u32()).collect();
        let sequence = SobolSequence::new(shifts);
        let (mut a, mut b): (Vec<Vec<Level>>, Vec<Vec<Level>>) = (Vec::new(), Vec::new());
        for sample in 0..samples {
            let units = sequence.point(sample);
            let row = |units: &[f64]| -> Vec<Level> {
                let fields = question.varied.iter().zip(units);
                fields.map(|(vary, &unit)| vary.domain.uniform(unit)).collect()
            };
            a.push(row(&units[..factors]));
            b.push(row(&units[factors..]));
        }
        let mixed = (0..factors).flat_map(|factor| {
            a.iter().zip(&b).map(move |(a, b)| {
                let mut row = a.clone();
                row[factor].clone_from(&b[factor]);
                row
            })
        });
        let mixed: Vec<Vec<Level>> = mixed.collect();
        let rows = [a, b, mixed].concat();
        Self { rows, kind: Kind::Matrices { samples: samples as usize, factors } }
    }

    /// The steps of a field: along the trajectories, or from each row of A to that of its A_B.
    pub(super) fn steps(&self, field: usize) -> Vec<Step> {
        let step = |from: usize, to: usize| {
            let by = self.rows[to][field].share - self.rows[from][field].share;
            Step { from, to, by }
        };
        let ways = match &self.kind {
            Kind::Trajectories(ways) => ways,
            Kind::Matrices { samples, .. } => {
                return (0..*samples).map(|row| step(row, (2 + field) * samples + row)).collect();
            }
        };
        let mut steps = Vec::with_capacity(ways.len());
        let mut first = 0;
        for way in ways {
            for (number, &(moved, _)) in way.moves.iter().enumerate() {
                if moved == field {
                    steps.push(step(first + number, first + number + 1));
                }
            }
            first += way.moves.len() + 1;
        }
        steps
    }

    /// A model's outputs at the rows, as the matrices have them; none of another design.
    pub(super) fn outputs(&self, of_row: impl Fn(usize) -> f64) -> Option<Outputs> {
        let Kind::Matrices { samples, factors } = self.kind else { return None };
        let block = |number: usize| -> Vec<f64> {
            (number * samples..(number + 1) * samples).map(&of_row).collect()
        };
        let ab = (0..factors).map(|factor| block(2 + factor)).collect();
        Some(Outputs { a: block(0), b: block(1), ab })
    }

    /// The rows that were drawn independently of each other: those of A and B.
    pub(super) fn independent(&self) -> std::ops::Range<usize> {
        match self.kind {
            Kind::Trajectories(_) => 0..self.rows.len(),
            Kind::Matrices { samples, .. } => 0..2 * samples,
        }
    }
}

fn factor(domain: &Domain) -> Factor {
    match domain {
        Domain::Range(_) => Factor::Ordered,
        Domain::Choices(choices) => {
            Factor::Choices(u32::try_from(choices.len()).unwrap_or(u32::MAX))
        }
    }
}
