//! Which candidate is the best, with one objective? Runs go where they tell most.

use super::race::{Race, Standing, mean};
use super::{Method, TuneError};
use crate::stats::interval;
use crate::stats::selection::{KimNelson, Known, allocate, ocba_shares, probability_of_selection};

/// Runs that each survivor is given at a time: decisions are those of one at a time, but many are
/// simulated at once.
const BATCH: u32 = 10;

impl Race<'_, '_> {
    /// Kim and Nelson's procedure among those that meet every constraint.
    pub(super) fn sequential(&mut self, alpha: f64) -> Result<(Option<usize>, Method), TuneError> {
        let systems = self.contenders();
        let objective = &self.question.objectives[0];
        let pilot = self.question.pilot as usize;
        let samples: Vec<Vec<f64>> =
            systems.iter().map(|&one| self.pool.losses(one, objective)).collect();
        let pilots: Vec<&[f64]> = samples.iter().map(|sample| &sample[..pilot]).collect();
        let level = self.level(alpha, systems.len());
        let mut procedure = KimNelson::new(&pilots, self.zones[0], level);
        let fallen = self.fallen;
        while !systems.is_empty() && procedure.selected().is_none() {
            let taken = procedure.taken();
            let next = (taken as u32).saturating_add(BATCH).min(self.question.most);
            if next as usize <= taken {
                break;
            }
            let alive: Vec<usize> =
                procedure.alive().iter().map(|&system| systems[system]).collect();
            self.extend(&alive, next)?;
            if self.fallen > fallen {
                break;
            }
            let samples: Vec<Vec<f64>> =
                systems.iter().map(|&one| self.pool.losses(one, objective)).collect();
            // Decided one run at a time, as if they had come so.
            while procedure.taken() < next as usize && procedure.selected().is_none() {
                let run = procedure.taken();
                procedure.observe(|system| samples[system][run]);
            }
        }
        let is_reached = procedure.selected().is_some();
        let survivors = procedure.alive().iter().map(|&system| systems[system]);
        let best = procedure.selected().map(|system| systems[system]);
        let best = best.or_else(|| self.smallest(survivors.collect()));
        let systems = systems.len();
        Ok((best, Method::KimNelson { alpha, systems, is_reached }))
    }

    /// The part of `alpha` for a selection among so many, when later runs may drop some of them.
    ///
    /// Half is for the set there was at first. Who is left after a fall depends on the runs, so the
    /// other half is shared by all pairs of the field: each pair's comparison goes wrong with the
    /// same small probability whichever of them are left, and however often it begins anew.
    fn level(&self, alpha: f64, systems: usize) -> f64 {
        let rivals = systems.saturating_sub(1).max(1) as f64;
        let pairs = (self.field * self.field.saturating_sub(1)).max(2) as f64 / 2.0;
        match self.fallen {
            _ if !self.may_fall() => alpha,
            0 => alpha / 2.0,
            _ => alpha / 2.0 * rivals / pairs,
        }
    }

    /// The candidate with the smallest mean loss, the first of several.
    fn smallest(&self, candidates: Vec<usize>) -> Option<usize> {
        let objective = &self.question.objectives[0];
        let loss = |&one: &usize| (one, mean(&self.pool.losses(one, objective)));
        let means: Vec<(usize, f64)> = candidates.iter().map(loss).collect();
        means.iter().min_by(|one, other| one.1.total_cmp(&other.1)).map(|&(one, _)| one)
    }

    /// Spends a budget of runs so that the probability of selecting the best becomes largest, and
    /// selects the best of those that meet every constraint.
    pub(super) fn allocated(
        &mut self,
        budget: usize,
        alpha: f64,
    ) -> Result<(Option<usize>, Method), TuneError> {
        loop {
            // Misses were dropped on the pilot; who is unclear stays in the race.
            let systems = self.open();
            let known: Vec<Known> = systems.iter().map(|&one| self.known(one)).collect();
            let left = budget.saturating_sub(self.pool.total());
            let more = left.min(systems.len().max(BATCH as usize));
            if more == 0 || known.iter().all(|one| one.variance <= 0.0) {
                break;
            }
            let taken: Vec<usize> = known.iter().map(|one| one.taken).collect();
            let shares = ocba_shares(&known, self.zones[0]);
            let extra = allocate(&shares, &taken, more);
            let wanted: Vec<(usize, u32)> = systems
                .iter()
                .zip(taken.iter().zip(extra))
                .map(|(&system, (&runs, extra))| (system, (runs + extra) as u32))
                .collect();
            self.extend_each(&wanted)?;
        }
        let open = self.open().len().max(1);
        let verdicts = (2 * open * self.question.constraints.len().max(1)) as f64;
        self.judge(alpha / 2.0 / verdicts);
        let systems = self.contenders();
        let known: Vec<Known> = systems.iter().map(|&one| self.known(one)).collect();
        let probability = probability_of_selection(&known);
        let systems_count = systems.len();
        let best = self.smallest(systems);
        Ok((best, Method::Allocation { budget, probability, systems: systems_count }))
    }

    fn known(&self, candidate: usize) -> Known {
        let sample = self.pool.losses(candidate, &self.question.objectives[0]);
        Known {
            mean: mean(&sample),
            variance: interval::variance(&sample).unwrap_or(0.0),
            taken: sample.len(),
        }
    }

    /// Whether a candidate was set aside for what its runs are, not for what they say.
    pub(super) fn is_set_aside(&self, candidate: usize) -> bool {
        matches!(self.standing[candidate], Standing::Incomplete | Standing::Undefined)
    }
}
