//! Does a policy hold? Its requirements decided by simulating, each with its confidence.
//!
//! A requirement about a statistic holds if a one-sided bound of the statistic lies on the right
//! side of its limit, and is broken if the opposite bound lies on the wrong side; else there are
//! more runs, up to a cap, and then it is undecided. Means are bounded by Student's t, quantiles by
//! order statistics, shares of runs by the exact binomial bounds. The probability of error that the
//! policy allows (1 - confidence) is shared by all bounds that could be wrong: by Bonferroni's
//! inequality, equally over requirements, their limits, strategies and comparisons, and over the
//! moments at which the growing sample is looked at. So with the policy's confidence every verdict
//! is right, as far as means of so many runs are about normal: what happens in one run of a hundred
//! is not seen by a mean of ten, and needs `breaches` or a percentile.
//!
//! The smallest and the largest value (`min`, `max`) are statements about the runs that were
//! simulated, and have no confidence.

mod compare;
mod evidence;
pub mod fix;
pub mod knob;
mod looks;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use self::evidence::Evidence;
pub use self::looks::Look;

use super::lab::{Lab, Stopped, Wanted};
use super::{Estimate, RunResult};
use crate::measure::{Better, METRICS, Metric, Metrics};
use crate::scenario::policy::{
    At, MOST_REPLICATIONS, Material, Policy, Requirement, Side, Statistic,
};
use crate::sim::Plan;
use crate::stats::math;

/// What is worse than this share of a limit matters, where the policy does not say; see [`scale`].
const MATERIAL: f64 = 0.05;

/// What is said of a requirement or a comparison, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// The runs cannot tell.
    Undecided,
    /// No run has the metric.
    Unmeasured,
    /// It does not hold.
    Broken,
}

/// A variant that has to follow the policy.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What it is called, in the lab and in tables.
    pub name: &'a str,
    /// Its strategy's name.
    pub strategy: &'a str,
    /// How it is simulated.
    pub plan: &'a Plan,
    /// What it is compared with, if with anything.
    pub against: Option<Against<'a>>,
}

/// Another version to compare with.
#[derive(Clone, Copy, Debug)]
pub enum Against<'a> {
    /// One that is simulated too, on the same random numbers.
    Plan {
        /// What the lab calls it.
        name: &'a str,
        /// How it is simulated.
        plan: &'a Plan,
    },
    /// Stored runs on the same random numbers, by replication.
    Runs(&'a [Metrics]),
    /// What is known of stored runs, by the metric's name.
    Estimates(&'a BTreeMap<String, Estimate>),
}

/// What is found out about a subject.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The requirement with this number holds.
    Requirement(usize),
    /// A metric is not worse than in the other version.
    NoWorse(Comparison),
    /// No more runs than in the other version lie beyond the limits of the requirement with this
    /// number.
    NoMoreBreaches(usize),
}

/// A metric to compare, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The metric.
    pub metric: &'static Metric,
    /// Its better side.
    pub better: Better,
    /// From when on a difference matters.
    pub material: Material,
    /// Where that is written.
    pub place: At,
    /// The number of the requirement that it comes from; none if it is asked for by itself.
    pub requirement: Option<usize>,
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
    /// How many runs, or pairs of runs, that is from.
    pub runs: u32,
}

/// A policy and the order in which it is decided.
#[derive(Clone, Debug)]
pub struct Protocol<'a> {
    policy: &'a Policy,
    looks: Vec<Look>,
    /// Probability of error of each bound, all looks together.
    alpha: f64,
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
        let asked = subjects.iter().map(|subject| subject.plan.simulation.replications);
        let asked = asked.max().unwrap_or(1);
        let most = policy.max_replications.unwrap_or(MOST_REPLICATIONS.max(asked));
        let bounds: usize = subjects
            .iter()
            .flat_map(|subject| claims(policy, subject))
            .map(|claim| bounds(policy, &claim))
            .sum();
        let alpha = (1.0 - policy.confidence) / bounds.max(1) as f64;
        Self { policy, looks: looks::looks(asked, most), alpha }
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
        let requirements = self.policy.requirements.iter().enumerate();
        requirements
            .filter_map(|(number, requirement)| {
                let needed = needed(requirement).filter(|needed| *needed > last.runs)?;
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
            subjects.iter().map(|subject| Trial::new(self.policy, *subject)).collect();
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

/// What has to be found out about a subject.
fn claims(policy: &Policy, subject: &Subject<'_>) -> Vec<Claim> {
    let asked: Vec<usize> = (0..policy.requirements.len())
        .filter(|&number| policy.requirements[number].is_asked_of(subject.strategy))
        .collect();
    let mut claims: Vec<Claim> = asked.iter().map(|&number| Claim::Requirement(number)).collect();
    let Some(against) = subject.against else { return claims };
    claims.extend(comparisons(policy, &asked).into_iter().map(Claim::NoWorse));
    if !matches!(against, Against::Estimates(_)) {
        let is_about_runs =
            |number: &usize| policy.requirements[*number].statistic != Statistic::Mean;
        claims.extend(asked.into_iter().filter(is_about_runs).map(Claim::NoMoreBreaches));
    }
    claims
}

/// The metrics to compare: those that the policy names, and of those that it requires something of
/// each on the side of its limit.
fn comparisons(policy: &Policy, asked: &[usize]) -> Vec<Comparison> {
    let named = policy.regressions.iter().filter_map(|regression| {
        let (metric, better) = (regression.metric, regression.metric.better()?);
        let (material, place) = (regression.material, regression.place);
        Some(Comparison { metric, better, material, place, requirement: None })
    });
    let mut all: Vec<Comparison> = named.collect();
    let named = all.len();
    for &number in asked {
        let requirement = &policy.requirements[number];
        for side in Side::BOTH {
            let Some(limit) = requirement.limit(side) else { continue };
            let better = if side == Side::Min { Better::Higher } else { Better::Lower };
            let is_known = all.iter().enumerate().any(|(index, known)| {
                known.metric == requirement.metric && (index < named || known.better == better)
            });
            if !is_known {
                all.push(Comparison {
                    metric: requirement.metric,
                    better,
                    material: Material::Amount(MATERIAL * scale(requirement, side, limit)),
                    place: requirement.place,
                    requirement: Some(number),
                });
            }
        }
    }
    all
}

/// What a change is large or small beside: the limit, or of a share of which there may be no less
/// than the limit, what may be missing of the whole.
fn scale(requirement: &Requirement, side: Side, limit: f64) -> f64 {
    if requirement.metric.is_share() && side == Side::Min { 1.0 - limit } else { limit.abs() }
}

/// How many bounds of a claim could be wrong.
fn bounds(policy: &Policy, claim: &Claim) -> usize {
    match claim {
        Claim::Requirement(number) => {
            let requirement = &policy.requirements[*number];
            match requirement.statistic {
                Statistic::Min | Statistic::Max => 0,
                Statistic::Breaches(_) => 1,
                Statistic::Mean | Statistic::Quantile(_) => {
                    Side::BOTH.iter().filter(|side| requirement.limit(**side).is_some()).count()
                }
            }
        }
        Claim::NoWorse(_) | Claim::NoMoreBreaches(_) => 1,
    }
}

/// A subject under way.
#[derive(Debug)]
struct Trial<'a> {
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
struct Found {
    verdict: Verdict,
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
    fn new(policy: &Policy, subject: Subject<'a>) -> Self {
        let claims = claims(policy, &subject).into_iter();
        let open = claims.map(|claim| Item { claim, found: None, wants_more: true }).collect();
        Self { subject, open }
    }

    fn wants_more(&self) -> bool {
        self.open.iter().any(|item| item.wants_more)
    }

    fn wanted(&self, replications: u32) -> Vec<Wanted<'a>> {
        let Subject { name, plan, .. } = self.subject;
        let mut wanted = vec![Wanted { name, plan, replications }];
        if let Some(Against::Plan { name, plan }) = self.subject.against {
            wanted.push(Wanted { name, plan, replications });
        }
        wanted
    }

    /// Looks at the runs that there are.
    fn look(&mut self, policy: &Policy, lab: &Lab<'_>, alpha: f64) {
        let subject = self.subject;
        for item in self.open.iter_mut().filter(|item| item.is_open()) {
            item.found = judge(policy, &item.claim, &subject, lab, alpha);
            let is_decided = item
                .found
                .is_some_and(|found| matches!(found.verdict, Verdict::Holds | Verdict::Broken));
            item.wants_more = match &item.claim {
                // What no run has by now is not worth all the runs there may be.
                _ if item.found.is_none() || is_decided => false,
                Claim::Requirement(number) => !is_about_these_runs(&policy.requirements[*number]),
                Claim::NoWorse(_) => !is_exhausted(&subject, lab),
                Claim::NoMoreBreaches(_) => false,
            };
        }
    }

    /// The last word on every claim.
    fn settle(self, policy: &Policy, lab: &Lab<'_>) -> Vec<Finding> {
        let subject = self.subject;
        let settled = self.open.into_iter().map(|item| {
            let mut found = item.found;
            if let Claim::Requirement(number) = item.claim
                && is_about_these_runs(&policy.requirements[number])
            {
                found = judge(policy, &item.claim, &subject, lab, 1.0);
            }
            if let (Claim::NoMoreBreaches(_), Some(found)) = (&item.claim, &mut found)
                && found.verdict == Verdict::Undecided
            {
                found.verdict = Verdict::Holds;
            }
            Finding {
                subject: subject.name.to_owned(),
                strategy: subject.strategy.to_owned(),
                verdict: found.map_or(Verdict::Unmeasured, |found| found.verdict),
                evidence: found.map(|found| found.evidence),
                means: found.and_then(|found| found.means),
                runs: found.map_or(0, |found| found.runs),
                claim: item.claim,
            }
        });
        settled.collect()
    }
}

/// Whether a requirement is about nothing but the runs that were simulated.
const fn is_about_these_runs(requirement: &Requirement) -> bool {
    matches!(requirement.statistic, Statistic::Min | Statistic::Max)
}

/// Whether the other version has no more runs to pair with.
fn is_exhausted(subject: &Subject<'_>, lab: &Lab<'_>) -> bool {
    match subject.against {
        Some(Against::Runs(runs)) => lab.runs(subject.name).len() >= runs.len(),
        _ => false,
    }
}

/// What the runs that there are say about a claim; none if none of them has the metric.
fn judge(
    policy: &Policy,
    claim: &Claim,
    subject: &Subject<'_>,
    lab: &Lab<'_>,
    alpha: f64,
) -> Option<Found> {
    let runs = lab.runs(subject.name);
    match claim {
        Claim::Requirement(number) => {
            let requirement = &policy.requirements[*number];
            let sample = sample(runs, requirement.metric);
            let evidence = evidence::of(requirement, &sample, alpha)?;
            let verdict = evidence.verdict(evidence::limits(requirement));
            Some(Found { verdict, evidence, means: None, runs: count(sample.len()) })
        }
        Claim::NoWorse(asked) => {
            if let Some(Against::Estimates(estimates)) = subject.against {
                let sample = sample(runs, asked.metric);
                let old = estimates.get(asked.metric.name)?;
                let compared = compare::unpaired(asked, &sample, old, alpha)?;
                return Some(Found::of(compared, sample.len()));
            }
            let pairs = pairs(subject, lab, asked.metric);
            Some(Found::of(compare::paired(asked, &pairs, alpha)?, pairs.len()))
        }
        Claim::NoMoreBreaches(number) => {
            let requirement = &policy.requirements[*number];
            let pairs = pairs(subject, lab, requirement.metric);
            Some(Found::of(compare::breaches(requirement, &pairs, alpha)?, pairs.len()))
        }
    }
}

impl Found {
    fn of(compared: compare::Compared, runs: usize) -> Self {
        let compare::Compared { new, old, difference, verdict } = compared;
        Self { verdict, evidence: difference, means: Some([new, old]), runs: count(runs) }
    }
}

fn count(runs: usize) -> u32 {
    u32::try_from(runs).unwrap_or(u32::MAX)
}

/// The position of a metric in [`METRICS`].
fn position(metric: &Metric) -> Option<usize> {
    METRICS.iter().position(|known| known == metric)
}

/// The values of a metric in the runs that have it.
fn sample(runs: &[RunResult], metric: &Metric) -> Vec<f64> {
    let Some(index) = position(metric) else { return Vec::new() };
    runs.iter().filter_map(|run| run.metrics.values()[index]).collect()
}

/// The values of a metric in both versions, new and old, in the replications in which both have
/// it.
fn pairs(subject: &Subject<'_>, lab: &Lab<'_>, metric: &Metric) -> Vec<(f64, f64)> {
    let Some(index) = position(metric) else { return Vec::new() };
    let value = |metrics: &Metrics| metrics.values()[index];
    let old: Vec<Option<f64>> = match subject.against {
        Some(Against::Plan { name, .. }) => {
            lab.runs(name).iter().map(|run| value(&run.metrics)).collect()
        }
        Some(Against::Runs(runs)) => runs.iter().map(value).collect(),
        Some(Against::Estimates(_)) | None => Vec::new(),
    };
    let new = lab.runs(subject.name).iter().map(|run| value(&run.metrics));
    new.zip(old).filter_map(|(new, old)| new.zip(old)).collect()
}

/// The worst of all verdicts; none if nothing was asked.
#[must_use]
pub fn overall(findings: &[Finding]) -> Option<Verdict> {
    findings.iter().map(|finding| finding.verdict).max()
}
