//! What did the points say? The indices of every field for every metric.

use serde::Serialize;

use super::design::{Chance, Step};
use super::{Domain, Method, SensitivityError, Study};
use crate::experiment::RunResult;
use crate::measure::{METRICS, Metric};
use crate::sim::Outcome;
use crate::stats::interval::{self, Interval};
use crate::stats::morris::Effects;
use crate::stats::sobol::{self, Indices};

/// Of the effects' absolute mean, the mean with its sign is at least so much where they all point
/// one way, or nearly so.
const ONE_WAY: f64 = 0.9;
/// A correlation further from 0 than this has a direction.
const CORRELATED: f64 = 0.1;

/// What a study found.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensitivity {
    /// How influence was measured.
    pub method: Method,
    /// Different points simulated.
    pub points: usize,
    /// Runs at each of them, on the same random numbers everywhere.
    pub replications: u32,
    /// How many runs ended in each way, in the order of [`Outcome::ALL`], those alone that there
    /// were.
    pub outcomes: Vec<(Outcome, usize)>,
    /// The fields, in the order asked.
    pub fields: Vec<Field>,
    /// One for each metric, in the order asked.
    pub metrics: Vec<MetricAnswer>,
}

/// A varied field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its full path.
    pub path: String,
    /// As much of the path as tells it from the others.
    pub name: String,
    /// Both ends of its range, or its choices.
    pub values: Vec<String>,
    /// Whether these are the ends of a range.
    pub is_range: bool,
}

/// What the fields do to one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricAnswer {
    /// The metric.
    pub metric: &'static Metric,
    /// Lowest mean of the runs at any point.
    pub min: f64,
    /// Mean over the points (those drawn independently of each other).
    pub mean: f64,
    /// Highest mean of the runs at any point.
    pub max: f64,
    /// Standard deviation over those points.
    pub deviation: f64,
    /// One for each field, in the order asked.
    pub fields: Vec<Influence>,
}

/// What one field does to one metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Influence {
    /// The indices.
    pub measures: Measures,
    /// The mu* or total index that may come about by chance alone: a dummy that changes nothing but
    /// the random numbers stays below it in 95% of cases at least. None where one run at each point
    /// does not tell.
    pub chance: Option<f64>,
    /// Which way it moves the metric.
    pub direction: Direction,
    /// Whether it matters.
    pub verdict: Verdict,
}

/// The indices of one field, by method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measures {
    /// Elementary effects, scaled to the field's whole range, in the metric's unit.
    Morris(Effects),
    /// Shares of the metric's variance.
    Sobol(Indices),
}

/// Which way a field moves a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The more of it (or the later choice of two), the more of the metric.
    Rises,
    /// The other way round.
    Falls,
    /// Now one, now the other.
    Mixed,
    /// It does not move it, or it is a choice of more than two.
    None,
}

/// Whether a field matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its index is larger than what may come about by chance alone.
    Matters,
    /// It may have come about by chance alone.
    WithinChance,
    /// The metric did not move once.
    NoEffect,
    /// What may come about by chance alone is not known.
    Unknown,
}

impl Direction {
    /// What files call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rises => "rises",
            Self::Falls => "falls",
            Self::Mixed => "mixed",
            Self::None => "none",
        }
    }
}

impl Verdict {
    /// What files call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Matters => "matters",
            Self::WithinChance => "within-chance",
            Self::NoEffect => "no-effect",
            Self::Unknown => "unknown",
        }
    }
}

impl Influence {
    /// Whether the field is a choice of more than two, whose effects have no sign.
    #[must_use]
    pub fn is_unordered(&self) -> bool {
        self.direction == Direction::None && self.verdict != Verdict::NoEffect
    }

    /// The number that fields are ranked by: mu* or the total index.
    #[must_use]
    pub const fn size(&self) -> f64 {
        match self.measures {
            Measures::Morris(effects) => effects.mu_star,
            Measures::Sobol(indices) => indices.total.value,
        }
    }

    /// Its 95% interval.
    #[must_use]
    pub const fn ci95(&self) -> Option<[f64; 2]> {
        match self.measures {
            Measures::Morris(effects) => effects.mu_star_ci95,
            Measures::Sobol(indices) => Some(indices.total.ci95),
        }
    }
}

impl MetricAnswer {
    /// The numbers of the fields, the one that matters most first.
    #[must_use]
    pub fn ranked(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.fields.len()).collect();
        order.sort_by(|&one, &other| self.fields[other].size().total_cmp(&self.fields[one].size()));
        order
    }
}

/// A metric at one point.
#[derive(Clone, Debug, PartialEq)]
struct Output {
    mean: f64,
    /// By replication; none where a run does not define it.
    runs: Vec<Option<f64>>,
}

impl Output {
    /// Half of the 95% interval of the difference between two points, by Student's t over the
    /// replications that define both; none of fewer than two.
    fn may_differ(&self, other: &Self) -> Option<f64> {
        let pairs = self.runs.iter().zip(&other.runs);
        let differences: Vec<f64> =
            pairs.filter_map(|(one, other)| Some((*other)? - (*one)?)).collect();
        interval::mean_t(&differences).map(Interval::half_width)
    }
}

/// `runs` are those of each point of `study`.
pub(super) fn answer(
    study: &Study,
    runs: &[Vec<RunResult>],
) -> Result<Sensitivity, SensitivityError> {
    let metrics = study.question.metrics.iter().enumerate();
    let metrics = metrics.map(|(number, metric)| {
        Ok(influence(study, (number, metric), &outputs(study, metric, runs)?))
    });
    let count =
        |outcome: Outcome| runs.iter().flatten().filter(|run| run.outcome == outcome).count();
    let fields = study.question.varied.iter().zip(&study.names).map(|(vary, name)| Field {
        path: vary.path.clone(),
        name: name.clone(),
        values: vary.domain.ends(),
        is_range: vary.domain.is_ordered(),
    });
    Ok(Sensitivity {
        method: study.question.method,
        points: study.points.len(),
        replications: study.question.replications,
        outcomes: Outcome::ALL
            .into_iter()
            .map(|outcome| (outcome, count(outcome)))
            .filter(|&(_, count)| count > 0)
            .collect(),
        fields: fields.collect(),
        metrics: metrics.collect::<Result<_, SensitivityError>>()?,
    })
}

/// The metric at each point, over those of its runs that define it.
fn outputs(
    study: &Study,
    metric: &'static Metric,
    runs: &[Vec<RunResult>],
) -> Result<Vec<Output>, SensitivityError> {
    let index = METRICS.iter().position(|one| one.name == metric.name).unwrap_or(0);
    let output = |(point, runs): (&super::Point, &Vec<RunResult>)| {
        let runs: Vec<Option<f64>> = runs.iter().map(|run| run.metrics.values()[index]).collect();
        let sample: Vec<f64> = runs.iter().copied().flatten().collect();
        if sample.is_empty() {
            let point = point.name.clone();
            return Err(SensitivityError::Undefined { metric: metric.name, point });
        }
        let mean = sample.iter().sum::<f64>() / sample.len() as f64;
        Ok(Output { mean, runs })
    };
    study.points.iter().zip(runs).map(output).collect()
}

fn influence(
    study: &Study,
    (number, metric): (usize, &'static Metric),
    outputs: &[Output],
) -> MetricAnswer {
    let at = |row: usize| &outputs[study.of_row[row]];
    let fields = match study.question.method {
        Method::Morris { .. } => (0..study.names.len())
            .filter_map(|field| {
                let is_ranked = match &study.question.varied[field].domain {
                    Domain::Range(_) => true,
                    Domain::Choices(choices) => choices.len() == 2,
                };
                elementary(&study.design.steps(field), is_ranked, at)
            })
            .collect(),
        Method::Sobol { .. } => shares(study, number, at),
    };
    let independent: Vec<f64> = study.design.independent().map(|row| at(row).mean).collect();
    let mean = independent.iter().sum::<f64>() / independent.len() as f64;
    let ends = |pick: fn(f64, f64) -> f64, from: f64| {
        outputs.iter().fold(from, |end, output| pick(end, output.mean))
    };
    MetricAnswer {
        metric,
        min: ends(f64::min, f64::INFINITY),
        mean,
        max: ends(f64::max, f64::NEG_INFINITY),
        deviation: interval::variance(&independent).map_or(0.0, f64::sqrt),
        fields,
    }
}

/// Morris's measures of a field from its steps. `is_ranked`: its values have an order.
fn elementary<'a>(
    steps: &[Step],
    is_ranked: bool,
    at: impl Fn(usize) -> &'a Output,
) -> Option<Influence> {
    let by = |step: &Step| if is_ranked { step.by } else { 1.0 };
    let effect = |step: &Step| (at(step.to).mean - at(step.from).mean) / by(step);
    let effects: Vec<f64> = steps.iter().map(effect).collect();
    let found = Effects::of(&effects)?;
    let may_be = |step: &Step| Some(at(step.from).may_differ(at(step.to))? / by(step).abs());
    let chance = mean(steps.iter().filter_map(may_be));
    let direction = if !is_ranked || found.mu_star == 0.0 {
        Direction::None
    } else if found.mu >= ONE_WAY * found.mu_star {
        Direction::Rises
    } else if found.mu <= -ONE_WAY * found.mu_star {
        Direction::Falls
    } else {
        Direction::Mixed
    };
    let verdict = verdict(found.mu_star, chance);
    Some(Influence { measures: Measures::Morris(found), chance, direction, verdict })
}

/// Sobol's indices of every field.
fn shares<'a>(study: &Study, number: usize, at: impl Fn(usize) -> &'a Output) -> Vec<Influence> {
    let Some(outputs) = study.design.outputs(|row| at(row).mean) else { return Vec::new() };
    let mut chance = Chance::of_bootstrap(study.question.seed, number);
    let indices = sobol::indices(&outputs, &mut |most| chance.below(most));
    let rows = study.design.independent();
    let variance = sobol::variance(&outputs);
    let influence = |(field, indices): (usize, Indices)| {
        // Jansen's estimator, of the differences that there may be by chance.
        let squares = study.design.steps(field).into_iter().filter_map(|step| {
            let may_be = at(step.from).may_differ(at(step.to))?;
            Some(may_be * may_be / 2.0)
        });
        let chance = mean(squares).map(|half| if variance > 0.0 { half / variance } else { 0.0 });
        let total = indices.total.value;
        let pairs = rows.clone().map(|row| (study.design.rows[row][field].share, at(row).mean));
        let direction = match correlation(&pairs.collect::<Vec<_>>()) {
            _ if total == 0.0 => Direction::None,
            strong if strong > CORRELATED => Direction::Rises,
            strong if strong < -CORRELATED => Direction::Falls,
            _ => Direction::Mixed,
        };
        let verdict = verdict(total, chance);
        Influence { measures: Measures::Sobol(indices), chance, direction, verdict }
    };
    indices.into_iter().enumerate().map(influence).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Pearson's; 0 where one of the two does not vary.
fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let count = pairs.len() as f64;
    let (x, y) = pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    let (x, y) = (x / count, y / count);
    let [xx, yy, xy] = pairs.iter().fold([0.0; 3], |[xx, yy, xy], pair| {
        let (dx, dy) = (pair.0 - x, pair.1 - y);
        [xx + dx * dx, yy + dy * dy, xy + dx * dy]
    });
    if xx > 0.0 && yy > 0.0 { xy / (xx * yy).sqrt() } else { 0.0 }
}

fn verdict(size: f64, chance: Option<f64>) -> Verdict {
    match chance {
        _ if size == 0.0 => Verdict::NoEffect,
        None => Verdict::Unknown,
        Some(chance) if size > chance => Verdict::Matters,
        Some(_) => Verdict::WithinChance,
    }
}
