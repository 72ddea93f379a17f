//! What has to be found out about a subject?

use super::subject::{Against, Subject};
use crate::measure::{Better, Metric};
use crate::scenario::policy::{At, Material, Policy, Requirement, Side, Statistic};

/// What is worse than this share of a limit matters, where the policy does not say; see [`scale`].
const MATERIAL: f64 = 0.05;

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

impl Claim {
    /// The metric that it is about, in the policy that it comes from.
    #[must_use]
    pub fn metric(&self, policy: &Policy) -> &'static Metric {
        match self {
            Self::Requirement(number) | Self::NoMoreBreaches(number) => {
                policy.requirements[*number].metric
            }
            Self::NoWorse(asked) => asked.metric,
        }
    }
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

/// What has to be found out about a subject.
pub(super) fn claims(policy: &Policy, subject: &Subject<'_>) -> Vec<Claim> {
    let asked = asked(policy, subject.strategy);
    let mut claims: Vec<Claim> = asked.iter().map(|&number| Claim::Requirement(number)).collect();
    let Some(against) = &subject.against else { return claims };
    claims.extend(comparisons(policy, &asked).into_iter().map(Claim::NoWorse));
    if !matches!(against, Against::Estimates(_)) {
        let is_about_runs =
            |number: &usize| policy.requirements[*number].statistic != Statistic::Mean;
        claims.extend(asked.into_iter().filter(is_about_runs).map(Claim::NoMoreBreaches));
    }
    claims
}

/// The metrics that a strategy is compared by.
#[must_use]
pub fn compared(policy: &Policy, strategy: &str) -> Vec<&'static Metric> {
    let asked = asked(policy, strategy);
    comparisons(policy, &asked).into_iter().map(|comparison| comparison.metric).collect()
}

/// The requirements that are asked of a strategy, by number.
fn asked(policy: &Policy, strategy: &str) -> Vec<usize> {
    let numbers = 0..policy.requirements.len();
    numbers.filter(|&number| policy.requirements[number].is_asked_of(strategy)).collect()
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
pub(super) fn bounds(policy: &Policy, claim: &Claim) -> usize {
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
