//! Does a policy hold? Its requirements decided by simulating, each with its confidence.
//!
//! A requirement about a statistic holds if a one-sided bound of the statistic lies on the right
//! side of its limit, and is broken if the opposite bound lies on the wrong side; else there are
//! more runs, up to a cap, and then it is undecided. Means are bounded by Student's t, quantiles by
//! order statistics, shares of runs by the exact binomial bounds; what is said of releases of
//! several sorts together is in `mixed.rs`. The probability of error that the
//! policy allows (1 - confidence) is shared by all bounds that could be wrong: by Bonferroni's
//! inequality, equally over requirements, their limits, strategies and comparisons, and over the
//! moments at which the growing sample is looked at. So with the policy's confidence every verdict
//! is right, as far as means of so many runs are about normal: what happens in one run of a hundred
//! is not seen by a mean of ten, and needs `breaches` or a percentile.
//!
//! That no more runs than in another version lie beyond a limit is broken where it is surely so.
//! While there are more of them and chance may be the reason, there are more runs; if it may still
//! be in the end, an excess of 5 points of the runs or more is undecided and a smaller one holds:
//! no more, but for chance.
//!
//! A metric that no run has is looked for in as many runs as there may be, for what is rare comes
//! late.
//!
//! Failures of no requests are not measured: a policy does not hold because nothing was tried.
//!
//! The smallest and the largest value (`min`, `max`) are statements about the runs that were
//! simulated, and have no confidence.

mod alone;
mod claim;
mod compare;
mod evidence;
pub mod fix;
pub mod knob;
mod looks;
mod mixed;
mod subject;
#[cfg(test)]
mod tests;
mod trial;

use std::collections::BTreeSet;

pub use self::alone::Alone;
pub use self::claim::{Claim, Comparison, compared};
pub use self::compare::Stored;
pub use self::evidence::Evidence;
pub use self::looks::Look;
pub use self::subject::{Against, Subject, SubjectPart};

use self::claim::{bounds, claims};
use self::trial::Trial;
use super::lab::{Lab, Stopped, Wanted};
use crate::scenario::policy::{MOST_REPLICATIONS, Policy, Requirement, Side};
use crate::stats::math;

/// What is said of a requirement or a comparison, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// The runs cannot tell.
    Undecided,
    /// No run has the metric, or has any of what it counts.
    Unmeasured,
    /// It does not hold.
    Broken,
}

/// What was found out.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The subject's name.
    pub subject: String,
    /// The subject's strategy.
    pub strategy: String,
    /// What was asked.
    pub claim: Claim,
    /// The answer.
    pub verdict: Verdict,
    /// The statistic with its bounds, or of a comparison the difference, new less old; none
    /// where nothing was measured.
    pub evidence: Option<Evidence>,
    /// Of a comparison the means or shares, new and old.
    pub means: Option<[f64; 2]>,
    /// How many runs, or pairs of runs, that is from; where nothing was measured, how many runs
    /// there were.
    pub runs: u32,
    /// Where nothing was measured because no run has any of what the metric counts: which metric
    /// says how many there are, `requests` or `sessions`.
    pub lacks: Option<&'static str>,
}

/// A policy and the order in which it is decided.
#[derive(Clone, Debug)]
pub struct Protocol<'a> {
    policy: &'a Policy,
    looks: Vec<Look>,
    /// Probability of error of each bound, all looks together.
    alpha: f64,
    /// The requirements that are asked of one of the subjects, by number.
    asked: BTreeSet<usize>,
}

/// A requirement that so few runs could only break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFew {
    /// Its number.
    pub requirement: usize,
    /// How many runs it takes at least.
    pub needed: u32,
    /// How many there are at most.
    pub most: u32,
}

/// What the values of a metric say about one requirement by itself; each bound errs with a
/// probability of `alpha` at most. None without values, or where there are too few for an estimate.
#[must_use]
pub fn weigh(requirement: &Requirement, sample: &[f64], alpha: f64) -> Option<(Evidence, Verdict)> {
    let evidence = evidence::of(requirement, sample, alpha)?;
    Some((evidence, evidence.verdict(evidence::limits(requirement))))
}

impl<'a> Protocol<'a> {
    /// How `policy` is decided for these subjects.
    #[must_use]
    pub fn new(policy: &'a Policy, subjects: &[Subject<'_>]) -> Self {
        let parts = subjects.iter().flat_map(|subject| &subject.parts);
        let asked = parts.map(|part| part.plan.simulation.replications).max().unwrap_or(1);
        let most = policy.max_replications.unwrap_or(MOST_REPLICATIONS.max(asked));
        let looks = looks::looks(asked, most);
        let claims: Vec<Claim> =
            subjects.iter().flat_map(|subject| claims(policy, subject)).collect();
        let bounds: usize = claims.iter().map(|claim| bounds(policy, claim)).sum();
        let alpha = (1.0 - policy.confidence) / bounds.max(1) as f64;
        let number = |claim: &Claim| match claim {
            Claim::Requirement(number) => Some(*number),
            Claim::NoWorse(_) | Claim::NoMoreBreaches(_) => None,
        };
        let asked = claims.iter().filter_map(number).collect();
        Self { policy, looks, alpha, asked }
    }

    /// The moments at which the sample is looked at.
    #[must_use]
    pub fn looks(&self) -> &[Look] {
        &self.looks
    }

    /// The requirements that cannot hold even if no run breaches them.
    #[must_use]
    pub fn too_few(&self) -> Vec<TooFew> {
        let Some(last) = self.looks.last() else { return Vec::new() };
        let needed = |requirement: &Requirement| {
            let sides = Side::BOTH.into_iter();
            let allowed = sides.filter_map(|side| requirement.allowed_breaches(side));
            let alpha = self.alpha * last.share;
            let runs = allowed.map(|allowed| math::ln(alpha) / math::ln_1p(-allowed) - 1e-9);
            runs.reduce(f64::max).map(|runs| runs.ceil() as u32)
        };
        self.asked
            .iter()
            .filter_map(|&number| {
                let needed = needed(&self.policy.requirements[number])
                    .filter(|needed| *needed > last.runs)?;
                Some(TooFew { requirement: number, needed, most: last.runs })
            })
            .collect()
    }

    /// Simulates until everything is decided, or there are as many runs as there may be. What is
    /// found comes in the order of the subjects and, for each, of the policy.
    ///
    /// # Errors
    /// If the lab was stopped.
    pub fn run(
        &self,
        lab: &mut Lab<'_>,
        subjects: &[Subject<'_>],
    ) -> Result<Vec<Finding>, Stopped> {
        let mut trials: Vec<Trial<'_>> =
            subjects.iter().map(|subject| Trial::new(self.policy, subject.clone())).collect();
        for (number, look) in self.looks.iter().enumerate() {
            let open = |trial: &&Trial<'_>| number == 0 || trial.wants_more();
            let mut wanted: Vec<Wanted<'_>> =
                trials.iter().filter(open).flat_map(|trial| trial.wanted(look.runs)).collect();
            // Several subjects may be compared with the same version.
            let mut names = BTreeSet::new();
            wanted.retain(|wanted| names.insert(wanted.name));
            if wanted.is_empty() {
                break;
            }
            lab.extend(&wanted)?;
            for trial in trials.iter_mut().filter(|trial| number == 0 || trial.wants_more()) {
                trial.look(self.policy, lab, self.alpha * look.share);
            }
        }
        Ok(trials.into_iter().flat_map(|trial| trial.settle(self.policy, lab)).collect())
    }
}

/// The worst of all verdicts; none if nothing was asked.
#[must_use]
pub fn overall(findings: &[Finding]) -> Option<Verdict> {
    findings.iter().map(|finding| finding.verdict).max()
}
