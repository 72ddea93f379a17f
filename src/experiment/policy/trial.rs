//! What is known of each claim about a subject as its runs grow in number?

use super::claim::{Claim, claims};
use super::compare::{self, Compared};
use super::evidence::{self, Evidence};
use super::mixed;
use super::subject::{Against, Subject};
use super::{Finding, Verdict};
use crate::experiment::lab::{Lab, Wanted};
use crate::scenario::policy::{Policy, Requirement, Statistic};

/// An excess of runs beyond a limit, new share less old, that matters: at the end, what is smaller
/// and not sure counts as chance, and the rest as undecided.
const MATERIAL_EXCESS: f64 = 0.05;
/// By so much a difference of two shares may miss what it stands for.
const ROUNDING: f64 = 1e-12;

/// A subject under way.
#[derive(Debug)]
pub(super) struct Trial<'a> {
    subject: Subject<'a>,
    open: Vec<Item>,
}

/// A claim under way.
#[derive(Debug)]
struct Item {
    claim: Claim,
    found: Option<Found>,
    /// Whether further runs could still decide it.
    wants_more: bool,
}

/// What is known of a claim.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) verdict: Verdict,
    evidence: Evidence,
    means: Option<[f64; 2]>,
    runs: u32,
}

impl Item {
    /// Whether runs that are there anyway may decide it.
    fn is_open(&self) -> bool {
        self.found.is_none_or(|found| found.verdict == Verdict::Undecided)
    }
}

impl<'a> Trial<'a> {
    pub(super) fn new(policy: &Policy, subject: Subject<'a>) -> Self {
        let claims = claims(policy, &subject).into_iter();
        let open = claims.map(|claim| Item { claim, found: None, wants_more: true }).collect();
        Self { subject, open }
    }

    pub(super) fn wants_more(&self) -> bool {
        self.open.iter().any(|item| item.wants_more)
    }

    pub(super) fn wanted(&self, replications: u32) -> Vec<Wanted<'a>> {
        self.subject.wanted(replications)
    }

    /// Looks at the runs that there are.
    pub(super) fn look(&mut self, policy: &Policy, lab: &Lab<'_>, alpha: f64) {
        let subject = &self.subject;
        for item in self.open.iter_mut().filter(|item| item.is_open()) {
            item.found = judge(policy, &item.claim, subject, lab, alpha);
            item.wants_more = is_worth_more(policy, item, subject, lab);
        }
    }

    /// The last word on every claim.
    pub(super) fn settle(self, policy: &Policy, lab: &Lab<'_>) -> Vec<Finding> {
        let subject = &self.subject;
        let settled = self.open.into_iter().map(|item| {
            let mut found = item.found;
            if let Claim::Requirement(number) = item.claim
                && is_about_these_runs(&policy.requirements[number])
            {
                found = judge(policy, &item.claim, subject, lab, 1.0);
            }
            if let (Claim::NoMoreBreaches(_), Some(found)) = (&item.claim, &mut found)
                && found.verdict == Verdict::Undecided
                && found.evidence.measured < MATERIAL_EXCESS - ROUNDING
            {
                found.verdict = Verdict::Holds;
            }
            Finding {
                subject: subject.name.to_owned(),
                strategy: subject.strategy.to_owned(),
                verdict: found.map_or(Verdict::Unmeasured, |found| found.verdict),
                evidence: found.map(|found| found.evidence),
                means: found.and_then(|found| found.means),
                lacks: match found {
                    None => subject.lacks(lab, item.claim.metric(policy)),
                    Some(_) => None,
                },
                runs: found.map_or_else(|| subject.runs(lab), |found| found.runs),
                claim: item.claim,
            }
        });
        settled.collect()
    }
}

/// Whether further runs could decide a claim. What no run has yet may be rare.
fn is_worth_more(policy: &Policy, item: &Item, subject: &Subject<'_>, lab: &Lab<'_>) -> bool {
    let can_pair = |metric| subject.is_known_to_other(metric) && !subject.is_exhausted(lab);
    let may_decide = match &item.claim {
        Claim::Requirement(number) => {
            item.found.is_none() || !is_about_these_runs(&policy.requirements[*number])
        }
        Claim::NoWorse(_) => can_pair(item.claim.metric(policy)),
        Claim::NoMoreBreaches(_) => {
            let is_suspect = item.found.is_none_or(|found| found.evidence.measured > 0.0);
            is_suspect && can_pair(item.claim.metric(policy))
        }
    };
    item.is_open() && may_decide
}

/// Whether a requirement is about nothing but the runs that were simulated.
const fn is_about_these_runs(requirement: &Requirement) -> bool {
    matches!(requirement.statistic, Statistic::Min | Statistic::Max)
}

/// What the runs that there are say about a claim; none if none of them has the metric.
pub(super) fn judge(
    policy: &Policy,
    claim: &Claim,
    subject: &Subject<'_>,
    lab: &Lab<'_>,
    alpha: f64,
) -> Option<Found> {
    match claim {
        Claim::Requirement(number) => {
            let requirement = &policy.requirements[*number];
            let values = subject.values(lab, requirement.metric);
            let (evidence, runs) = mixed::of(requirement, &values, alpha)?;
            let verdict = evidence.verdict(evidence::limits(requirement));
            Some(Found { verdict, evidence, means: None, runs: count(runs) })
        }
        Claim::NoWorse(asked) => {
            if let Some(Against::Estimates(estimates)) = &subject.against {
                let sample = mixed::observations(&subject.values(lab, asked.metric));
                let old = estimates.get(asked.metric.name)?;
                let compared = compare::unpaired(asked, &sample, old, alpha)?;
                return Some(Found::of(compared, sample.len()));
            }
            let pairs = mixed::pairs(&subject.pairs(lab, asked.metric));
            Some(Found::of(compare::paired(asked, &pairs, alpha)?, pairs.len()))
        }
        Claim::NoMoreBreaches(number) => {
            let requirement = &policy.requirements[*number];
            let pairs = subject.pairs(lab, requirement.metric);
            let (compared, runs) = mixed::breaches(requirement, &pairs, alpha)?;
            Some(Found::of(compared, runs))
        }
    }
}

impl Found {
    fn of(compared: Compared, runs: usize) -> Self {
        let Compared { new, old, difference, verdict } = compared;
        Self { verdict, evidence: difference, means: Some([new, old]), runs: count(runs) }
    }
}

fn count(runs: usize) -> u32 {
    u32::try_from(runs).unwrap_or(u32::MAX)
}
