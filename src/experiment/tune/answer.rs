//! What did the search find? Every candidate with its status, and the one to choose.

use super::compromise::{Frame, Hypervolume};
use super::goal::{Constraint, Objective};
use super::pool::Refused;
use super::race::{Race, Standing, Verdict};
use super::{Axis, Method};
use crate::experiment::Estimate;
use crate::measure::Metric;
use crate::stats::interval::Interval;

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The best, or with several objectives: no other is better in all.
    Front,
    /// The runs cannot tell it from the best or from the front.
    Tied,
    /// Another is better for sure.
    Dominated,
    /// It may or may not meet a constraint: the runs cannot tell.
    Unclear,
    /// It misses a constraint.
    Infeasible,
    /// Too few of its runs completed.
    Incomplete,
    /// A run of it does not define an objective.
    Undefined,
}

impl Status {
    /// What files call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Tied => "tied",
            Self::Dominated => "dominated",
            Self::Unclear => "unclear",
            Self::Infeasible => "infeasible",
            Self::Incomplete => "incomplete",
            Self::Undefined => "undefined",
        }
    }
}

/// One candidate and what its runs say.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Its name as a variant.
    pub name: String,
    /// The value of each axis, as a scenario writes it.
    pub values: Vec<String>,
    /// How many runs it has.
    pub runs: u32,
    /// Share of them that completed.
    pub completed: f64,
    /// What became of it.
    pub status: Status,
    /// Each objective; none where no run defines it.
    pub objectives: Vec<Option<Estimate>>,
    /// The metric of each constraint; none where no run defines it.
    pub constraints: Vec<Option<Estimate>>,
    /// The statistic that each constraint limits; none where there is none.
    pub measured: Vec<Option<f64>>,
    /// What was concluded of each constraint.
    pub verdicts: Vec<Verdict>,
    /// By how much each objective is larger than that of the recommended one, on the same random
    /// numbers, with the 95% interval; none where either does not define it.
    pub differences: Vec<Option<[f64; 3]>>,
}

/// Why nothing can be recommended.
#[derive(Clone, Debug, PartialEq)]
pub enum Nothing {
    /// No candidate completes as often as asked.
    Incomplete,
    /// No candidate's runs define this metric.
    Undefined(&'static Metric),
    /// No candidate meets this constraint (or, where each can be met alone, meets it together with
    /// the others).
    Misses {
        /// The constraint, by number.
        constraint: usize,
        /// The candidate that comes nearest.
        nearest: usize,
        /// By how much its mean misses the limit.
        shortfall: f64,
        /// Whether some candidate meets it that misses another one.
        alone: bool,
    },
    /// Some candidates may meet every constraint: the runs cannot tell.
    Unclear(Vec<usize>),
}

/// What the search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What was varied.
    pub axes: Vec<Axis>,
    /// What was to be small, or large.
    pub objectives: Vec<Objective>,
    /// How much of each does not matter, in its unit.
    pub zones: Vec<f64>,
    /// What had to hold.
    pub constraints: Vec<Constraint>,
    /// Confidence of the whole.
    pub confidence: f64,
    /// Points of the search space.
    pub points: usize,
    /// Every candidate that was simulated.
    pub candidates: Vec<Judged>,
    /// Points that the scenario's rules refuse.
    pub refused: Vec<Refused>,
    /// The candidate to choose, or why there is none.
    pub recommended: Result<usize, Nothing>,
    /// The knee of the front, if it has one for sure; otherwise the best of the front in the first
    /// objective is recommended.
    pub knee: Option<usize>,
    /// How the best was found, and what that promises.
    pub method: Method,
    /// How good the front is.
    pub hypervolume: Option<Hypervolume>,
    /// Runs simulated.
    pub runs: usize,
}

impl Race<'_, '_> {
    /// Puts together what was found. `best` is the one selected among those with one objective.
    pub(super) fn answer(self, best: Option<usize>, method: Method, frame: &Frame) -> Answer {
        let (front, knee) = match method {
            Method::Front { .. } => self.front(),
            _ => (best.into_iter().collect(), None),
        };
        let first = |&one: &usize, &other: &usize| {
            let of = |candidate| self.losses(candidate, usize::MAX).first().copied();
            of(one).unwrap_or(f64::INFINITY).total_cmp(&of(other).unwrap_or(f64::INFINITY))
        };
        let chosen = knee.or_else(|| front.iter().copied().min_by(first));
        let candidates = (0..self.pool.len()).map(|one| self.judged(one, chosen, &front)).collect();
        let hypervolume = match method {
            Method::Front { .. } => self.hypervolume(&front, frame),
            _ => None,
        };
        Answer {
            axes: self.pool.space.axes().to_vec(),
            objectives: self.question.objectives.clone(),
            zones: self.zones.clone(),
            constraints: self.question.constraints.clone(),
            confidence: self.question.confidence,
            points: self.pool.space.points(),
            candidates,
            recommended: chosen.ok_or_else(|| self.nothing()),
            knee,
            method,
            hypervolume,
            runs: self.pool.total(),
            refused: self.pool.refused,
        }
    }

    fn judged(&self, candidate: usize, chosen: Option<usize>, front: &[usize]) -> Judged {
        let estimate = |metric| Estimate::of(&self.pool.sample(candidate, metric));
        let differences = (0..self.question.objectives.len()).map(|axis| {
            let interval = self.difference((candidate, chosen?), axis, 0.95)?;
            let Interval { mean, low, high } = interval;
            let sign = self.question.objectives[axis].loss(1.0);
            let ends = if sign > 0.0 { [mean, low, high] } else { [-mean, -high, -low] };
            ends.iter().all(|end| end.is_finite()).then_some(ends)
        });
        let values = self.pool.space.values(&self.pool.points[candidate]);
        Judged {
            name: self.pool.variants[candidate].name.clone(),
            values: values.map(|(_, value)| value.to_owned()).collect(),
            runs: self.pool.count(candidate),
            completed: self.pool.completed(candidate),
            status: self.status(candidate, chosen, front),
            objectives: self
                .question
                .objectives
                .iter()
                .map(|objective| estimate(objective.metric))
                .collect(),
            constraints: self
                .question
                .constraints
                .iter()
                .map(|constraint| estimate(constraint.metric))
                .collect(),
            measured: self
                .question
                .constraints
                .iter()
                .map(|one| one.measured(&self.pool.sample(candidate, one.metric)))
                .collect(),
            verdicts: self.verdicts[candidate].clone(),
            differences: differences.collect(),
        }
    }

    fn status(&self, candidate: usize, chosen: Option<usize>, front: &[usize]) -> Status {
        let is_unclear = self.verdicts[candidate].contains(&Verdict::Unclear);
        match self.standing[candidate] {
            Standing::Incomplete => Status::Incomplete,
            Standing::Undefined => Status::Undefined,
            Standing::Infeasible => Status::Infeasible,
            Standing::Beaten => Status::Dominated,
            Standing::Open if is_unclear => Status::Unclear,
            Standing::Open if front.contains(&candidate) => Status::Front,
            Standing::Open if self.question.objectives.len() > 1 => Status::Tied,
            Standing::Open => match chosen {
                Some(best) if !self.is_tied(candidate, best) => Status::Dominated,
                _ => Status::Tied,
            },
        }
    }

    /// Whether the runs cannot tell a candidate from the best, jointly for all of them, or it is
    /// within the indifference zone for sure.
    fn is_tied(&self, candidate: usize, best: usize) -> bool {
        let rivals = self.contenders().len().saturating_sub(1).max(1);
        let confidence = 1.0 - (1.0 - self.question.confidence) / rivals as f64;
        let interval = self.difference((candidate, best), 0, confidence);
        interval.is_none_or(|Interval { low, high, .. }| low <= 0.0 || high <= self.zones[0])
    }

    /// Why there is nothing to recommend.
    fn nothing(&self) -> Nothing {
        let all: Vec<usize> = (0..self.pool.len()).collect();
        let judged: Vec<usize> =
            all.iter().copied().filter(|&one| !self.is_set_aside(one)).collect();
        if judged.is_empty() {
            let mut undefined = self.question.objectives.iter().filter(|objective| {
                all.iter().any(|&one| self.pool.losses(one, objective).contains(&f64::INFINITY))
            });
            let is_defined_by_some = |&one: &usize| self.standing[one] == Standing::Incomplete;
            return match undefined.next() {
                Some(objective) if !all.iter().any(is_defined_by_some) => {
                    Nothing::Undefined(objective.metric)
                }
                _ => Nothing::Incomplete,
            };
        }
        let constraints = &self.question.constraints;
        let undefined = constraints.iter().find(|constraint| {
            judged.iter().all(|&one| self.pool.sample(one, constraint.metric).is_empty())
        });
        if let Some(constraint) = undefined {
            return Nothing::Undefined(constraint.metric);
        }
        let unclear: Vec<usize> =
            judged.iter().copied().filter(|&one| self.standing[one] == Standing::Open).collect();
        if !unclear.is_empty() {
            return Nothing::Unclear(unclear);
        }
        self.culprit(&judged)
    }

    /// The constraint that is to blame: one that all miss, or else the one that comes nearest to
    /// being met by a candidate that meets all others.
    fn culprit(&self, judged: &[usize]) -> Nothing {
        let constraints = &self.question.constraints;
        let shortfall = |candidate: usize, number: usize| {
            let constraint = &constraints[number];
            let sample = self.pool.sample(candidate, constraint.metric);
            let measured = constraint.measured(&sample);
            measured.map_or(f64::INFINITY, |measured| constraint.shortfall(measured))
        };
        let misses =
            |candidate: usize, number: usize| self.verdicts[candidate][number] == Verdict::Misses;
        let nearest = |among: &[usize], number: usize| {
            let valued = among.iter().map(|&one| (shortfall(one, number), one));
            valued.min_by(|one, other| one.0.total_cmp(&other.0))
        };
        let mut found: Option<(f64, Nothing)> = None;
        for number in 0..constraints.len() {
            let is_missed_by_all = judged.iter().all(|&one| misses(one, number));
            let meets_others = |one: usize| {
                (0..constraints.len()).all(|other| other == number || !misses(one, other))
            };
            let among: Vec<usize> = if is_missed_by_all {
                judged.to_vec()
            } else {
                judged.iter().copied().filter(|&one| meets_others(one)).collect()
            };
            let Some((missed, candidate)) = nearest(&among, number) else { continue };
            let scale = constraints[number].limit.abs().max(f64::MIN_POSITIVE);
            // What all miss is to blame before what only some do.
            let rank = if is_missed_by_all { -1.0 } else { missed / scale };
            if found.as_ref().is_none_or(|(known, _)| rank < *known) {
                let alone = !is_missed_by_all;
                let one = Nothing::Misses {
                    constraint: number,
                    nearest: candidate,
                    shortfall: missed,
                    alone,
                };
                found = Some((rank, one));
            }
        }
        // Each misses several: the first constraint, and who comes nearest to it.
        let fallback = || {
            let (shortfall, nearest) = nearest(judged, 0).unwrap_or((f64::INFINITY, 0));
            Nothing::Misses { constraint: 0, nearest, shortfall, alone: true }
        };
        found.map_or_else(fallback, |(_, one)| one)
    }
}
