//! The candidates of a search and their runs.

use std::collections::BTreeSet;

use super::goal::Objective;
use super::space::{Point, Space};
use crate::experiment::RunResult;
use crate::experiment::lab::{Lab, Stopped, Wanted};
use crate::measure::{METRICS, Metric};
use crate::scenario::{Report, Variant};
use crate::sim::Outcome;

/// Makes the plan of a point from path and value of each axis, or says why the scenario's own
/// rules refuse it.
pub type Build<'a> = &'a dyn Fn(&[(&str, &str)]) -> Result<Variant, Report>;

/// A point that the scenario's rules refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Path and value of each axis.
    pub values: Vec<(String, String)>,
    /// The first rule that it breaks, in words.
    pub reason: String,
}

/// The points looked at so far.
pub(super) struct Pool<'a, 'l> {
    pub(super) space: &'a Space,
    build: Build<'a>,
    lab: &'a mut Lab<'l>,
    seen: BTreeSet<Point>,
    pub(super) points: Vec<Point>,
    pub(super) variants: Vec<Variant>,
    pub(super) refused: Vec<Refused>,
    /// All that is wrong with the first point refused.
    pub(super) first_refusal: Option<Report>,
}

impl<'a, 'l> Pool<'a, 'l> {
    pub(super) fn new(space: &'a Space, build: Build<'a>, lab: &'a mut Lab<'l>) -> Self {
        Self {
            space,
            build,
            lab,
            seen: BTreeSet::new(),
            points: Vec::new(),
            variants: Vec::new(),
            refused: Vec::new(),
            first_refusal: None,
        }
    }

    /// Makes candidates of the points not seen yet; how many there were.
    pub(super) fn visit(&mut self, points: impl IntoIterator<Item = Point>) -> usize {
        let before = self.seen.len();
        for point in points {
            if !self.seen.insert(point.clone()) {
                continue;
            }
            let values: Vec<(&str, &str)> = self.space.values(&point).collect();
            match (self.build)(&values) {
                Ok(variant) => {
                    self.variants.push(variant);
                    self.points.push(point);
                }
                Err(report) => {
                    let owned = |&(path, value): &(&str, &str)| (path.to_owned(), value.to_owned());
                    let values = values.iter().map(owned).collect();
                    self.refused.push(Refused { values, reason: reason(&report) });
                    self.first_refusal.get_or_insert(report);
                }
            }
        }
        self.seen.len() - before
    }

    /// How many candidates there are.
    pub(super) fn len(&self) -> usize {
        self.variants.len()
    }

    /// Simulates until each of these candidates has so many runs.
    pub(super) fn extend(&mut self, wanted: &[(usize, u32)]) -> Result<(), Stopped> {
        let wanted: Vec<Wanted<'_>> = wanted
            .iter()
            .map(|&(candidate, replications)| {
                let Variant { name, plan, .. } = &self.variants[candidate];
                Wanted { name, plan, replications }
            })
            .collect();
        self.lab.extend(&wanted)
    }

    /// The runs of a candidate.
    pub(super) fn runs(&self, candidate: usize) -> &[RunResult] {
        self.lab.runs(&self.variants[candidate].name)
    }

    /// How many it has.
    pub(super) fn count(&self, candidate: usize) -> u32 {
        u32::try_from(self.runs(candidate).len()).unwrap_or(u32::MAX)
    }

    /// How many all have together.
    pub(super) fn total(&self) -> usize {
        (0..self.len()).map(|candidate| self.runs(candidate).len()).sum()
    }

    /// A metric in the runs that define it.
    pub(super) fn sample(&self, candidate: usize, metric: &Metric) -> Vec<f64> {
        self.values(candidate, metric).flatten().collect()
    }

    /// An objective in each run, less being better; beyond all bounds where a run does not define
    /// it.
    pub(super) fn losses(&self, candidate: usize, objective: &Objective) -> Vec<f64> {
        let values = self.values(candidate, objective.metric);
        values.map(|value| value.map_or(f64::INFINITY, |value| objective.loss(value))).collect()
    }

    /// A metric in each run; it is looked up once, for a search asks often.
    fn values(&self, candidate: usize, metric: &Metric) -> impl Iterator<Item = Option<f64>> {
        let index = METRICS.iter().position(|one| one.name == metric.name);
        let of = move |run: &RunResult| run.metrics.values().get(index?).copied().flatten();
        self.runs(candidate).iter().map(of)
    }

    /// Share of a candidate's runs that completed.
    pub(super) fn completed(&self, candidate: usize) -> f64 {
        let runs = self.runs(candidate);
        let done = runs.iter().filter(|run| run.outcome == Outcome::Completed).count();
        done as f64 / runs.len().max(1) as f64
    }
}

/// What the first error of a report says.
fn reason(report: &Report) -> String {
    let error = report.diagnostics.iter().find(|one| one.is_error());
    error.map_or_else(|| "refused".to_owned(), |error| error.message.clone())
}
