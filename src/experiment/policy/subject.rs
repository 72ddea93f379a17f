//! Who has to follow a policy, and what is it compared with?

use std::collections::BTreeMap;

use super::compare::Stored;
use super::mixed::Stratum;
use crate::experiment::RunResult;
use crate::experiment::lab::{Lab, Wanted};
use crate::measure::{METRICS, Metric, Metrics};
use crate::sim::Plan;

/// A strategy that has to follow the policy, with releases of one sort or of several.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// What it is called in tables.
    pub name: &'a str,
    /// Its strategy's name.
    pub strategy: &'a str,
    /// One part for each sort of release; not empty. What is asked is asked of them together.
    pub parts: Vec<SubjectPart<'a>>,
    /// What it is compared with, if with anything.
    pub against: Option<Against<'a>>,
}

/// A strategy with releases of one sort.
#[derive(Clone, Copy, Debug)]
pub struct SubjectPart<'a> {
    /// What it is called, in the lab and in tables.
    pub name: &'a str,
    /// How often this sort of release comes: above 0, all parts together 1.
    pub share: f64,
    /// How it is simulated.
    pub plan: &'a Plan,
}

/// Another version to compare with.
#[derive(Clone, Debug)]
pub enum Against<'a> {
    /// One that is simulated too, on the same random numbers: for each part what the lab calls it
    /// and how it is simulated.
    Plans(Vec<(&'a str, &'a Plan)>),
    /// Stored runs on the same random numbers, for each part by replication.
    Runs(Vec<&'a [Metrics]>),
    /// What is known of stored runs, of all parts together, by the metric's name.
    Estimates(BTreeMap<&'a str, Stored>),
}

impl<'a> Subject<'a> {
    /// The runs that it takes to know so many of each part, and of what it is compared with.
    pub(super) fn wanted(&self, replications: u32) -> Vec<Wanted<'a>> {
        let own = self.parts.iter().map(|part| (part.name, part.plan));
        let old: &[(&str, &Plan)] = match &self.against {
            Some(Against::Plans(plans)) => plans,
            _ => &[],
        };
        let all = own.chain(old.iter().copied());
        all.map(|(name, plan)| Wanted { name, plan, replications }).collect()
    }

    /// Whether it is of several sorts of releases.
    #[must_use]
    pub fn is_mixed(&self) -> bool {
        self.parts.len() > 1
    }

    /// Whether the other version has no more runs to pair with.
    pub(super) fn is_exhausted(&self, lab: &Lab<'_>) -> bool {
        let Some(Against::Runs(old)) = &self.against else { return false };
        let is_short =
            |(part, old): (&SubjectPart<'_>, &&[Metrics])| lab.runs(part.name).len() >= old.len();
        self.parts.iter().zip(old).any(is_short)
    }

    /// Whether the other version may have a metric, for all that is known of it.
    pub(super) fn is_known_to_other(&self, metric: &Metric) -> bool {
        match &self.against {
            Some(Against::Runs(old)) => {
                old.iter().copied().flatten().any(|run| of(run, metric).is_some())
            }
            Some(Against::Estimates(known)) => known.contains_key(metric.name),
            Some(Against::Plans(_)) | None => true,
        }
    }

    /// How many runs each of its parts has at least.
    pub(super) fn runs(&self, lab: &Lab<'_>) -> u32 {
        let runs = self.parts.iter().map(|part| lab.runs(part.name).len()).min().unwrap_or(0);
        u32::try_from(runs).unwrap_or(u32::MAX)
    }

    /// What a metric counts something of, such as `requests`, if no run has any.
    pub(super) fn lacks(&self, lab: &Lab<'_>, metric: &Metric) -> Option<&'static str> {
        let counted = metric.counted_of()?;
        let has = |run: &RunResult| run.metrics.get(counted).is_some_and(|count| count > 0.0);
        let mut runs = self.parts.iter().flat_map(|part| lab.runs(part.name));
        (!runs.any(has)).then_some(counted)
    }

    /// The values of a metric by part and replication.
    pub(super) fn values(&self, lab: &Lab<'_>, metric: &Metric) -> Vec<Stratum<f64>> {
        let of_part = |part: &SubjectPart<'_>| {
            let runs = lab.runs(part.name).iter();
            Stratum { share: part.share, runs: runs.map(|run| value(run, metric)).collect() }
        };
        self.parts.iter().map(of_part).collect()
    }

    /// The values of a metric in both versions, new and old, by part and replication; none where
    /// one of the versions does not have it.
    pub(super) fn pairs(&self, lab: &Lab<'_>, metric: &Metric) -> Vec<Stratum<(f64, f64)>> {
        let old = |number: usize| -> Vec<Option<f64>> {
            match &self.against {
                Some(Against::Plans(plans)) => {
                    let runs = plans.get(number).map_or(&[][..], |(name, _)| lab.runs(name));
                    runs.iter().map(|run| value(run, metric)).collect()
                }
                Some(Against::Runs(runs)) => {
                    let runs = runs.get(number).copied().unwrap_or_default();
                    runs.iter().map(|run| of(run, metric)).collect()
                }
                Some(Against::Estimates(_)) | None => Vec::new(),
            }
        };
        let news = self.values(lab, metric).into_iter().enumerate();
        let paired = news.map(|(number, Stratum { share, runs })| {
            let runs = runs.into_iter().zip(old(number)).map(|(new, old)| new.zip(old));
            Stratum { share, runs: runs.collect() }
        });
        paired.collect()
    }
}

fn value(run: &RunResult, metric: &Metric) -> Option<f64> {
    of(&run.metrics, metric)
}

/// None where the run does not define it, or has nothing of what it counts: of no requests none
/// fails, which does not show that none would.
fn of(metrics: &Metrics, metric: &Metric) -> Option<f64> {
    let counted = metric.counted_of();
    if counted.is_some_and(|counted| metrics.get(counted).is_none_or(|count| count <= 0.0)) {
        return None;
    }
    let index = METRICS.iter().position(|known| known == metric)?;
    metrics.values()[index]
}
