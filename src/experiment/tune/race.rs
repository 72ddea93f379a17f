//! Who is still in the race? The state of a search, and the screening of its candidates.

use super::goal::{Constraint, Objective, Zone};
use super::pool::Pool;
use super::{Question, TuneError};
use crate::stats::pareto::dominates_surely;
use crate::stats::{interval, paired};

/// Where a candidate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// In the race.
    Open,
    /// Too few of its pilot runs completed.
    Incomplete,
    /// A run of it does not define an objective.
    Undefined,
    /// It misses a constraint.
    Infeasible,
    /// Another is better for sure.
    Beaten,
}

/// What is known of one constraint for one candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The mean is on the right side of the limit.
    Meets,
    /// It is on the wrong side.
    Misses,
    /// The runs cannot tell.
    Unclear,
}

/// A search under way.
pub(super) struct Race<'a, 'l> {
    pub(super) question: &'a Question,
    pub(super) pool: Pool<'a, 'l>,
    pub(super) standing: Vec<Standing>,
    /// For each candidate its verdict on each constraint.
    pub(super) verdicts: Vec<Vec<Verdict>>,
    /// How much of each objective does not matter, in its unit; set after the pilot.
    pub(super) zones: Vec<f64>,
    /// How many were open after the pilot.
    pub(super) field: usize,
    /// How many met every constraint until a later run broke one.
    pub(super) fallen: usize,
}

/// The numbers of runs after which a candidate is looked at: from `pilot` by halves of themselves
/// up to `most`.
pub(super) fn looks(pilot: u32, most: u32) -> Vec<u32> {
    let mut looks = vec![pilot.min(most)];
    while let Some(&last) = looks.last().filter(|&&last| last < most) {
        looks.push((last + last.div_ceil(2)).min(most));
    }
    looks
}

impl<'a, 'l> Race<'a, 'l> {
    pub(super) fn new(question: &'a Question, pool: Pool<'a, 'l>) -> Self {
        let (standing, verdicts, zones) = (Vec::new(), Vec::new(), Vec::new());
        Self { question, pool, standing, verdicts, zones, field: 0, fallen: 0 }
    }

    /// Those still in the race, in order.
    pub(super) fn open(&self) -> Vec<usize> {
        (0..self.pool.len())
            .filter(|&candidate| self.standing[candidate] == Standing::Open)
            .collect()
    }

    /// Those in the race that meet every constraint.
    pub(super) fn contenders(&self) -> Vec<usize> {
        let meets = |&candidate: &usize| {
            self.verdicts[candidate].iter().all(|&verdict| verdict == Verdict::Meets)
        };
        self.open().into_iter().filter(meets).collect()
    }

    /// Gives every candidate its pilot runs and sets aside those that cannot be compared.
    pub(super) fn pilot(&mut self) -> Result<(), TuneError> {
        let first = self.standing.len();
        let wanted: Vec<(usize, u32)> =
            (first..self.pool.len()).map(|candidate| (candidate, self.question.pilot)).collect();
        self.pool.extend(&wanted)?;
        let unclear = vec![Verdict::Unclear; self.question.constraints.len()];
        for candidate in first..self.pool.len() {
            let is_complete = self.pool.completed(candidate) >= self.question.completed;
            self.standing.push(if is_complete { Standing::Open } else { Standing::Incomplete });
            self.verdicts.push(unclear.clone());
        }
        self.set_aside();
        Ok(())
    }

    /// Simulates until each of these has so many runs.
    pub(super) fn extend(&mut self, candidates: &[usize], runs: u32) -> Result<(), TuneError> {
        let wanted: Vec<(usize, u32)> =
            candidates.iter().map(|&candidate| (candidate, runs)).collect();
        self.extend_each(&wanted)
    }

    /// Simulates until each has the runs named with it.
    pub(super) fn extend_each(&mut self, wanted: &[(usize, u32)]) -> Result<(), TuneError> {
        self.pool.extend(wanted)?;
        self.set_aside();
        self.hold_to_all_runs();
        Ok(())
    }

    /// Drops who broke a limit on the greatest or least of the runs after it had met it.
    fn hold_to_all_runs(&mut self) {
        let question = self.question;
        let limits =
            || question.constraints.iter().enumerate().filter(|(_, one)| one.is_of_the_runs());
        for candidate in self.open() {
            let did_meet_all =
                self.verdicts[candidate].iter().all(|&verdict| verdict == Verdict::Meets);
            for (number, limit) in limits() {
                let sample = self.pool.sample(candidate, limit.metric);
                if limit.judge(&sample, 0.5) == Verdict::Misses {
                    self.verdicts[candidate][number] = Verdict::Misses;
                    self.standing[candidate] = Standing::Infeasible;
                }
            }
            if did_meet_all && self.standing[candidate] == Standing::Infeasible {
                self.fallen += 1;
            }
        }
    }

    /// Whether a candidate that meets every constraint may yet break one.
    pub(super) fn may_fall(&self) -> bool {
        self.question.constraints.iter().any(Constraint::is_of_the_runs)
    }

    /// Brings back who was beaten: by one, perhaps, that has fallen since.
    pub(super) fn reopen(&mut self) {
        for standing in &mut self.standing {
            if *standing == Standing::Beaten {
                *standing = Standing::Open;
            }
        }
    }

    /// Whether the budget, if there is one, allows each of these so many runs.
    pub(super) fn can_afford(&self, candidates: &[usize], runs: u32) -> bool {
        let more = |&candidate: &usize| runs.saturating_sub(self.pool.count(candidate)) as usize;
        let whole = self.pool.total() + candidates.iter().map(more).sum::<usize>();
        self.question.budget.is_none_or(|budget| whole <= budget)
    }

    fn set_aside(&mut self) {
        for candidate in self.open() {
            let is_undefined = |objective: &Objective| {
                self.pool.losses(candidate, objective).contains(&f64::INFINITY)
            };
            if self.question.objectives.iter().any(is_undefined) {
                self.standing[candidate] = Standing::Undefined;
            }
        }
    }

    /// Those in the race whose runs so far are on the right side of every limit; all, if there are
    /// none.
    fn feasible_so_far(&self) -> Vec<usize> {
        let is_met = |&one: &usize| {
            let mut constraints = self.question.constraints.iter();
            constraints.all(|limit| limit.is_met_by(&self.pool.sample(one, limit.metric)))
        };
        let feasible: Vec<usize> = self.open().into_iter().filter(is_met).collect();
        if feasible.is_empty() { self.open() } else { feasible }
    }

    /// Fixes what does not matter: as asked, or a share of the best pilot mean among those that
    /// meet the constraints so far. Where that is nothing, and with several objectives where that
    /// is more, the same share of how far the means lie apart; several are traded among all.
    pub(super) fn set_zones(&mut self) {
        self.field = self.open().len();
        let is_one = self.question.objectives.len() == 1;
        let open = if is_one { self.feasible_so_far() } else { self.open() };
        let zone = |(objective, asked): (&Objective, &Zone)| {
            let share = match *asked {
                Zone::Amount(amount) => return amount,
                Zone::Share(share) => share,
            };
            let means: Vec<f64> =
                open.iter().map(|&one| mean(&self.pool.losses(one, objective))).collect();
            let best = means.iter().copied().fold(f64::INFINITY, f64::min);
            let worst = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // Where one thing is traded for another, a share of what there is to trade counts too.
            let range = worst - best;
            let size = if self.question.objectives.len() > 1 { range } else { 0.0 };
            let sizes = [best.abs().max(size), range];
            // With all the same nothing can be told apart, whatever the zone.
            let size = sizes.into_iter().find(|&size| size > 0.0 && size.is_finite());
            share * size.unwrap_or(1.0)
        };
        let Question { objectives, zones, .. } = self.question;
        self.zones = objectives.iter().zip(zones).map(zone).collect();
    }

    /// Judges the constraints, with a probability of at most `alpha` that any verdict is wrong.
    /// Who is unclear gets more runs, as far as they may go, unless one that meets them all is
    /// better for sure.
    pub(super) fn screen(&mut self, alpha: f64) -> Result<(), TuneError> {
        // As many as there were, so that nothing is counted twice when the race is opened again.
        let open = self.field;
        let count = self.question.constraints.len();
        if count == 0 || open == 0 {
            return Ok(());
        }
        let looks = match self.question.budget {
            // The rest of a budget is not for this.
            Some(_) => vec![self.question.pilot],
            None => looks(self.question.pilot, self.question.most),
        };
        // Half of alpha for the verdicts, half for being beaten; one more look at the very end.
        let each = alpha / 2.0 / ((looks.len() + 1) * open) as f64;
        let axes = self.question.objectives.len();
        for (number, _) in looks.iter().enumerate() {
            self.judge(each / count as f64);
            let contenders = self.contenders();
            let mut unclear = self.open();
            unclear.retain(|candidate| !contenders.contains(candidate));
            for &candidate in &unclear {
                let tail = each / (open * axes) as f64;
                if contenders.iter().any(|&other| self.beats(other, candidate, tail)) {
                    self.standing[candidate] = Standing::Beaten;
                }
            }
            unclear.retain(|&candidate| self.standing[candidate] == Standing::Open);
            match looks.get(number + 1) {
                Some(&next) if !unclear.is_empty() => self.extend(&unclear, next)?,
                _ => break,
            }
        }
        Ok(())
    }

    /// The verdicts that are still open, each wrong with a probability of at most `tail`.
    pub(super) fn judge(&mut self, tail: f64) {
        for candidate in self.open() {
            for (number, constraint) in self.question.constraints.iter().enumerate() {
                if self.verdicts[candidate][number] == Verdict::Unclear {
                    let sample = self.pool.sample(candidate, constraint.metric);
                    self.verdicts[candidate][number] = constraint.judge(&sample, tail);
                }
            }
            if self.verdicts[candidate].contains(&Verdict::Misses) {
                self.standing[candidate] = Standing::Infeasible;
            }
        }
    }

    /// Whether `one` is nowhere worse than `other` by more than what does not matter and somewhere
    /// better by more than that; each of the bounds is wrong with a probability of at most `tail`.
    pub(super) fn beats(&self, one: usize, other: usize, tail: f64) -> bool {
        let differences: Vec<Vec<f64>> = self
            .question
            .objectives
            .iter()
            .map(|objective| {
                let losses = |candidate| self.pool.losses(candidate, objective);
                paired::differences(&losses(one), &losses(other))
            })
            .collect();
        // A bound lies above its mean: most pairs need no quantile to be told apart.
        let means: Vec<f64> = differences.iter().map(|sample| mean(sample)).collect();
        if !dominates_surely(&means, &self.zones) {
            return false;
        }
        let upper = |sample: &Vec<f64>| interval::upper_bound(sample, 1.0 - tail);
        let upper: Option<Vec<f64>> = differences.iter().map(upper).collect();
        upper.is_some_and(|upper| dominates_surely(&upper, &self.zones))
    }
}

/// The mean; of nothing, what no mean is better than.
pub(super) fn mean(sample: &[f64]) -> f64 {
    if sample.is_empty() {
        return f64::INFINITY;
    }
    sample.iter().sum::<f64>() / sample.len() as f64
}

#[cfg(test)]
mod tests {
    use super::super::goal::Constraint;
    use super::*;

    #[test]
    fn looks_grow_to_the_cap() {
        assert_eq!(looks(10, 60), [10, 15, 23, 35, 53, 60]);
        assert_eq!(looks(10, 10), [10]);
        assert_eq!(looks(10, 5), [5]);
    }

    fn check(typed: &str, sample: &[f64], verdict: Verdict) {
        let constraint = Constraint::read(typed).expect("a constraint");
        assert_eq!(constraint.judge(sample, 0.01), verdict, "{typed} {sample:?}");
    }

    #[test]
    fn verdicts_need_certainty() {
        // t(3, 0.99) = 4.5407 by SciPy, deviation 0.011547: 0.95 +- 0.0262.
        let sample = [0.94, 0.94, 0.96, 0.96];
        check("capacity_min>=92%", &sample, Verdict::Meets);
        check("capacity_min>=93%", &sample, Verdict::Unclear);
        check("capacity_min>=97%", &sample, Verdict::Unclear);
        check("capacity_min>=98%", &sample, Verdict::Misses);
        check("capacity_min<=98%", &sample, Verdict::Meets);
        check("capacity_min<=92%", &sample, Verdict::Misses);
        check("capacity_min>=95%", &[0.95], Verdict::Unclear);
        check("capacity_min>=95%", &[0.95, 0.95], Verdict::Meets);
        check("failed<=0", &[0.0, 0.0, 0.0], Verdict::Meets);
        check("failed<=0", &[1.0, 1.0], Verdict::Misses);
        // Eleven twelfths, as nearly as they can be summed.
        check("capacity_min>=0.91666666666666666", &[11.0 / 12.0; 3], Verdict::Meets);
    }
}
