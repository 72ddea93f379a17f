//! Which candidates are beaten by none, with several objectives? The Pareto front, by paired
//! comparison on common random numbers.

use super::race::{Race, Standing, looks, mean};
use super::{INDIFFERENCE, Method, TuneError};
use crate::stats::interval::{self, Interval};
use crate::stats::{paired, pareto};

/// The reference of the hypervolume lies so much of the range beyond the worst, so that the ends
/// of the front count.
const BEYOND: f64 = 0.1;

/// How good a front is as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypervolume {
    /// For each objective a value that is worse than that of any candidate in the pilot, fixed
    /// since then.
    pub reference: Vec<f64>,
    /// Volume between the front and the reference, as a share of that between the best value of
    /// each objective in the pilot and the reference.
    pub share: f64,
}

/// The box in which the volume is measured, as losses.
pub(super) struct Frame {
    ideal: Vec<f64>,
    reference: Vec<f64>,
}

impl Race<'_, '_> {
    /// The losses of a candidate over its first runs.
    pub(super) fn losses(&self, candidate: usize, runs: usize) -> Vec<f64> {
        let objectives = self.question.objectives.iter();
        objectives
            .map(|objective| {
                let sample = self.pool.losses(candidate, objective);
                mean(&sample[..runs.min(sample.len())])
            })
            .collect()
    }

    /// The box between the best and the worst of the pilot.
    pub(super) fn frame(&self) -> Frame {
        let pilot = self.question.pilot as usize;
        let points: Vec<Vec<f64>> =
            self.open().into_iter().map(|one| self.losses(one, pilot)).collect();
        let along = |axis: usize| points.iter().map(move |point| point[axis]);
        let axes = 0..self.question.objectives.len();
        let ideal: Vec<f64> =
            axes.clone().map(|axis| along(axis).fold(f64::INFINITY, f64::min)).collect();
        let worst = axes.map(|axis| along(axis).fold(f64::NEG_INFINITY, f64::max));
        let reference =
            worst.zip(&ideal).map(|(worst, best)| worst + BEYOND * (worst - best)).collect();
        Frame { ideal, reference }
    }

    /// Gives runs to those that may be on the front until it is clear who is, or the runs are
    /// spent; with a probability of at most `alpha` anyone is dropped wrongly.
    pub(super) fn compromise(&mut self, alpha: f64) -> Result<Method, TuneError> {
        let systems = self.contenders().len();
        let looks = looks(self.question.pilot, self.question.most);
        // Where some may fall, any that began may meet any other.
        let rivals = if self.may_fall() { self.field } else { systems };
        let pairs = rivals * rivals.saturating_sub(1).max(1);
        let fallen = self.fallen;
        let comparisons = (looks.len() * pairs * self.question.objectives.len()).max(1);
        let tail = alpha / comparisons as f64;
        let mut is_reached = false;
        for look in looks {
            let alive = self.contenders();
            if !self.can_afford(&alive, look) {
                break;
            }
            self.extend(&alive, look)?;
            if self.fallen > fallen {
                break;
            }
            self.drop_beaten(tail);
            is_reached = self.is_clear(tail);
            if is_reached {
                break;
            }
        }
        Ok(Method::Front { alpha, systems, is_reached })
    }

    fn drop_beaten(&mut self, tail: f64) {
        let alive = self.contenders();
        let is_beaten = |&&one: &&usize| {
            alive.iter().any(|&other| other != one && self.beats(other, one, tail))
        };
        let beaten: Vec<usize> = alive.iter().filter(is_beaten).copied().collect();
        for candidate in beaten {
            self.standing[candidate] = Standing::Beaten;
        }
    }

    /// Whether every difference that is left is either certain or known well enough.
    fn is_clear(&self, tail: f64) -> bool {
        let alive = self.contenders();
        let is_known = |one: usize, other: usize, axis: usize| {
            let interval = self.difference((one, other), axis, 1.0 - 2.0 * tail);
            interval.is_some_and(|Interval { low, high, .. }| {
                low > 0.0 || high < 0.0 || (high - low) / 2.0 <= self.zones[axis]
            })
        };
        alive.iter().enumerate().all(|(number, &one)| {
            alive[..number].iter().all(|&other| {
                (0..self.question.objectives.len()).all(|axis| is_known(one, other, axis))
            })
        })
    }

    /// By how much the loss of the first is larger than that of the second, with an interval of
    /// this confidence.
    pub(super) fn difference(
        &self,
        (one, other): (usize, usize),
        axis: usize,
        confidence: f64,
    ) -> Option<Interval> {
        let objective = &self.question.objectives[axis];
        let (one, other) = (self.pool.losses(one, objective), self.pool.losses(other, objective));
        interval::mean_at(&paired::differences(&one, &other), confidence)
    }

    /// Those of the survivors that no other dominates, and the position of the knee among them.
    pub(super) fn front(&self) -> (Vec<usize>, Option<usize>) {
        let alive = self.contenders();
        // The same runs of each, so that chance favours none.
        let runs = alive.iter().map(|&one| self.pool.count(one)).min().unwrap_or(0) as usize;
        let points: Vec<Vec<f64>> = alive.iter().map(|&one| self.losses(one, runs)).collect();
        let positions = pareto::front(&points);
        let front: Vec<usize> = positions.into_iter().map(|position| alive[position]).collect();
        let samples = |&one: &usize| -> Vec<Vec<f64>> {
            let objectives = self.question.objectives.iter();
            objectives.map(|one_of| self.pool.losses(one, one_of)[..runs].to_vec()).collect()
        };
        let members: Vec<Vec<Vec<f64>>> = front.iter().map(samples).collect();
        let least = INDIFFERENCE * self.question.objectives.len() as f64;
        let knee = pareto::knee(&members, self.question.confidence, least);
        let knee = knee.map(|position| front[position]);
        (front, knee)
    }

    /// How much of the box the front reaches; none where an objective is the same for all.
    pub(super) fn hypervolume(&self, front: &[usize], frame: &Frame) -> Option<Hypervolume> {
        let sides = || frame.reference.iter().zip(&frame.ideal).map(|(to, from)| to - from);
        if front.is_empty() || sides().any(|side| side <= 0.0 || !side.is_finite()) {
            return None;
        }
        let points: Vec<Vec<f64>> = front.iter().map(|&one| self.losses(one, usize::MAX)).collect();
        let volume = pareto::hypervolume(&points, &frame.reference);
        let whole: f64 = sides().product();
        // Losses are their own opposites.
        let values = frame.reference.iter().zip(&self.question.objectives);
        let reference = values.map(|(&loss, objective)| objective.loss(loss)).collect();
        Some(Hypervolume { reference, share: volume / whole })
    }
}
