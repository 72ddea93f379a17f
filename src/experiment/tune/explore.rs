//! Which points are simulated? All of a small space; of a large one a coarse grid, then finer ones
//! round the points that may be best.

use super::TuneError;
use super::race::{Race, Verdict, mean};
use super::space::Point;
use crate::stats::{interval, paired, pareto};

/// Points whose neighbourhood is looked at next, at most.
const MOST_CENTRES: usize = 8;
/// Times that the finest neighbourhood is looked at anew.
const MOST_CLIMBS: usize = 50;
/// Confidence that a point is worse before its neighbourhood is left alone.
const SURE: f64 = 0.95;

impl Race<'_, '_> {
    /// Makes candidates of the space and gives them their pilot runs.
    pub(super) fn explore(&mut self) -> Result<(), TuneError> {
        let space = self.pool.space;
        let mut strides = space.strides(self.question.whole);
        self.visit(space.grid(&strides))?;
        if strides.iter().all(|&stride| stride == 1) {
            return Ok(());
        }
        let mut climbs = 0;
        while climbs < MOST_CLIMBS {
            let is_finest = strides.iter().all(|&stride| stride == 1);
            if is_finest {
                climbs += 1;
            }
            for stride in &mut strides {
                *stride = (*stride / 2).max(1);
            }
            let near: Vec<Point> = self
                .promising()
                .into_iter()
                .flat_map(|centre| space.neighbours(&self.pool.points[centre], &strides))
                .collect();
            if self.visit(near)? == 0 && is_finest {
                break;
            }
        }
        Ok(())
    }

    fn visit(&mut self, points: Vec<Point>) -> Result<usize, TuneError> {
        let pilot = self.question.pilot as usize;
        let runs = self.pool.total() + points.len() * pilot;
        if let Some(budget) = self.question.budget.filter(|&budget| runs > budget) {
            if self.pool.len() == 0 {
                return Err(TuneError::Budget { budget, points: points.len(), pilot });
            }
            // What is left of the budget is for those there are.
            return Ok(0);
        }
        let fresh = self.pool.visit(points);
        if self.pool.len() == 0
            && let Some(report) = self.pool.first_refusal.take()
        {
            return Err(TuneError::AllRefused(Box::new(report), self.pool.refused.len()));
        }
        self.pilot()?;
        Ok(fresh)
    }

    /// Candidates near which the best may lie: those that may be feasible and are not worse for
    /// sure; if none may be feasible, those that miss the constraints by least.
    fn promising(&self) -> Vec<usize> {
        let open = self.open();
        let may_be_feasible: Vec<usize> =
            open.iter().copied().filter(|&one| self.misses(one) <= 0.0).collect();
        if may_be_feasible.is_empty() {
            return first_by(&open, |one| self.misses(one));
        }
        let objectives = &self.question.objectives;
        let losses = |one: usize| -> Vec<f64> {
            objectives.iter().map(|objective| mean(&self.pool.losses(one, objective))).collect()
        };
        if let [objective] = objectives.as_slice() {
            let best = first_by(&may_be_feasible, |one| losses(one)[0]);
            let Some(&first) = best.first() else { return best };
            let sample = self.pool.losses(first, objective);
            let may_be_best = |&one: &usize| {
                let differences = paired::differences(&self.pool.losses(one, objective), &sample);
                interval::lower_bound(&differences, SURE).is_none_or(|low| low <= 0.0)
            };
            return best.into_iter().filter(may_be_best).collect();
        }
        let points: Vec<Vec<f64>> = may_be_feasible.iter().map(|&one| losses(one)).collect();
        let front = pareto::front(&points).into_iter().map(|position| may_be_feasible[position]);
        front.collect()
    }

    /// By how much a candidate's constraints are missed for sure, as shares of their limits.
    fn misses(&self, candidate: usize) -> f64 {
        let missed = self.question.constraints.iter().map(|constraint| {
            let sample = self.pool.sample(candidate, constraint.metric);
            match constraint.judge(&sample, 1.0 - SURE) {
                Verdict::Misses => {
                    let scale = constraint.limit.abs().max(f64::MIN_POSITIVE);
                    let measured = constraint.measured(&sample);
                    measured.map_or(0.0, |measured| constraint.shortfall(measured)) / scale
                }
                Verdict::Meets | Verdict::Unclear => 0.0,
            }
        });
        missed.sum()
    }
}

/// The candidates with the smallest values, the first of equal ones first.
fn first_by(candidates: &[usize], value: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut valued: Vec<(f64, usize)> = candidates.iter().map(|&one| (value(one), one)).collect();
    valued.sort_by(|one, other| one.0.total_cmp(&other.0));
    valued.into_iter().take(MOST_CENTRES).map(|(_, one)| one).collect()
}
