//! What matters most? How strongly each varied field moves the metrics of a rollout.
//!
//! A [`Study`] lays out points in the space of the fields, asks a [`Lab`] for the same replications
//! at each of them, and takes the mean of these as the output of a model. As replication k has the
//! same random numbers everywhere (common random numbers), that model is deterministic, and what
//! moves it is the fields, and whatever else follows from the fields by chance. How much that may
//! be is reckoned from the spread of the paired differences over the replications: an index that
//! a dummy which changes nothing but the random numbers stays below.
//!
//! | file | what it answers |
//! |---|---|
//! | `mod.rs` | what is asked, and what does it cost? |
//! | `design.rs` | which points are looked at? |
//! | `answer.rs` | what did they say? |

mod answer;
mod design;
#[cfg(test)]
mod tests;

pub use answer::{Direction, Field, Influence, Measures, MetricAnswer, Sensitivity, Verdict};

use std::collections::BTreeMap;

use self::design::Design;
use super::RunResult;
use super::lab::{Lab, Stopped, Wanted};
use super::tune::Build;
use super::vary::{Domain, Vary, short_names};
use crate::measure::Metric;
use crate::scenario::{Report, Variant};
use crate::stats::sobol_sequence::MOST_DIMENSIONS;

/// How influence is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Elementary effects along random trajectories.
    Morris {
        /// How many, >= 1; intervals take 2.
        trajectories: u32,
    },
    /// Shares of the variance.
    Sobol {
        /// Rows of the base matrices, a power of two.
        samples: u32,
    },
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The fields and what they may be; at least one.
    pub varied: Vec<Vary>,
    /// The metrics that they may move; at least one.
    pub metrics: Vec<&'static Metric>,
    /// How that is measured.
    pub method: Method,
    /// Runs at each point, >= 1.
    pub replications: u32,
    /// Decides which points are looked at.
    pub seed: u64,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SensitivityError {
    /// The scenario's rules refuse a point.
    #[error("{0}")]
    Refused(String, Box<Report>),
    /// At some point no run defines a metric.
    #[error(
        "no run defines `{metric}` at the point `{point}`; choose another `--metric`, or ranges \
         within which it is defined"
    )]
    Undefined {
        /// The metric.
        metric: &'static str,
        /// The point.
        point: String,
    },
}

/// A point: the value of each field.
#[derive(Clone, Debug, PartialEq)]
struct Point {
    /// Each field's short name and value.
    name: String,
    values: Vec<String>,
}

/// The points that answer a [`Question`].
#[derive(Clone, Debug)]
pub struct Study {
    question: Question,
    names: Vec<String>,
    design: Design,
    points: Vec<Point>,
    /// The point of each row of the design.
    of_row: Vec<usize>,
}

impl Question {
    /// Everything that is wrong with it, in words; nothing if it can be answered.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut found: Vec<String> =
            self.varied.iter().filter_map(|one| self.problem(one)).collect();
        if self.varied.is_empty() {
            found.push(
                "nothing is varied; name a field and its range, such as `--vary \
                 fleet.instances=4..20`"
                    .to_owned(),
            );
        }
        if let Method::Sobol { samples } = self.method {
            if !samples.is_power_of_two() {
                found.push(format!(
                    "{samples} samples are no power of two, which the sequence takes to be even; \
                     write {} or {}",
                    1_u32 << samples.max(1).ilog2(),
                    samples.checked_next_power_of_two().unwrap_or(1 << 31),
                ));
            }
            let most = MOST_DIMENSIONS / 2;
            if self.varied.len() > most {
                found.push(format!(
                    "Sobol's indices can be had of {most} fields, not of {}; screen them with \
                     `--method morris` first",
                    self.varied.len()
                ));
            }
        }
        found
    }

    fn problem(&self, vary: &Vary) -> Option<String> {
        let Vary { path, domain } = vary;
        let ends = domain.ends();
        if domain.count() == Some(1) || ends.iter().all(|end| *end == ends[0]) {
            let only = &ends[0];
            return Some(format!(
                "`--vary {path}`: `{only}` is its only value; give a range whose low end is below \
                 its high end, or several choices"
            ));
        }
        let is_sobol = matches!(self.method, Method::Sobol { .. });
        (is_sobol && !domain.is_ordered()).then(|| {
            format!(
                "`--vary {path}`: Sobol's indices are of ranges, not of choices; use `--method \
                 morris`, or give each choice a study of its own with `--set`"
            )
        })
    }
}

impl Study {
    /// Lays out the points for a question that has no [`Question::problems`]. `strategy` is the
    /// one that is looked at.
    #[must_use]
    pub fn new(question: Question, strategy: &str) -> Self {
        let names = short_names(&question.varied);
        let design = Design::draw(&question);
        let mut numbers: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        let mut points: Vec<Point> = Vec::new();
        let mut of_row = Vec::with_capacity(design.rows.len());
        for row in &design.rows {
            let values: Vec<String> = row.iter().map(|level| level.text.clone()).collect();
            let number = *numbers.entry(values.clone()).or_insert(points.len());
            if number == points.len() {
                let words =
                    names.iter().zip(&values).map(|(name, value)| format!(" {name}={value}"));
                let name = strategy.to_owned() + &words.collect::<String>();
                points.push(Point { name, values });
            }
            of_row.push(number);
        }
        Self { question, names, design, points, of_row }
    }

    /// How many different points there are.
    #[must_use]
    pub fn points(&self) -> usize {
        self.points.len()
    }

    /// How many runs they take.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.points.len() * self.question.replications as usize
    }

    /// What that costs, in words.
    #[must_use]
    pub fn cost(&self) -> String {
        let runs = self.question.replications;
        let noun = if runs == 1 { "run" } else { "runs" };
        format!("{} points of {runs} {noun} each are to be simulated", self.points())
    }

    /// The plan of each point.
    ///
    /// # Errors
    /// If the scenario's rules refuse one.
    pub fn build(&self, build: Build<'_>) -> Result<Vec<Variant>, SensitivityError> {
        self.points.iter().map(|point| self.variant(point, build)).collect()
    }

    fn variant(&self, point: &Point, build: Build<'_>) -> Result<Variant, SensitivityError> {
        let fields = |values: &[String]| -> Result<Variant, Report> {
            let paths = self.question.varied.iter().map(|vary| vary.path.as_str());
            build(&paths.zip(values.iter().map(String::as_str)).collect::<Vec<_>>())
        };
        fields(&point.values).map_err(|report| {
            let culprit = self.question.varied.iter().enumerate().find_map(|(number, vary)| {
                // An end of a range is to blame if another value in its place is allowed.
                let other = [0.5, 1.0, 0.0]
                    .map(|share| vary.domain.nearest(share).text)
                    .into_iter()
                    .find(|other| *other != point.values[number])?;
                let mut values = point.values.clone();
                values[number].clone_from(&other);
                let is_end = vary.domain.ends().contains(&point.values[number]);
                (is_end && fields(&values).is_ok()).then_some((number, other))
            });
            SensitivityError::Refused(self.refusal(point, culprit), Box::new(report))
        })
    }

    fn refusal(&self, point: &Point, culprit: Option<(usize, String)>) -> String {
        let place = format!("the scenario's rules refuse the point `{}`", point.name);
        let Some((number, other)) = culprit else {
            return format!(
                "{place}, as said above; each combination of varied values must be allowed"
            );
        };
        let (name, value) = (&self.names[number], &point.values[number]);
        let what = match self.question.varied[number].domain {
            Domain::Range(_) => "an end of its range",
            Domain::Choices(_) => "one of its choices",
        };
        format!("{place}: `{name}={value}` is {what}, and with `{name}={other}` it is allowed")
    }

    /// Simulates every point, `variants` being those of [`Study::build`]: the runs of each.
    ///
    /// # Errors
    /// If the runs cannot be had.
    pub fn simulate(
        &self,
        variants: &[Variant],
        lab: &mut Lab<'_>,
    ) -> Result<Vec<Vec<RunResult>>, Stopped> {
        let replications = self.question.replications;
        let wanted: Vec<Wanted<'_>> = self
            .points
            .iter()
            .zip(variants)
            .map(|(point, variant)| Wanted { name: &point.name, plan: &variant.plan, replications })
            .collect();
        lab.extend(&wanted)?;
        let runs = |point: &Point| lab.runs(&point.name).iter().take(replications as usize);
        Ok(self.points.iter().map(|point| runs(point).cloned().collect()).collect())
    }

    /// What the fields do, from the runs of [`Study::simulate`].
    ///
    /// # Errors
    /// If a metric is not defined at some point.
    pub fn answer(&self, runs: &[Vec<RunResult>]) -> Result<Sensitivity, SensitivityError> {
        answer::answer(self, runs)
    }
}
