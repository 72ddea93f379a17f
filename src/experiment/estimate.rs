//! What a sample of runs says about one metric.

use serde::{Deserialize, Serialize};

use super::RunResult;
use crate::measure::{Asked, METRICS, position};
use crate::stats::proportion::{self, Share};
use crate::stats::quantile::{interval_ranks, type1};
use crate::stats::{interval, ratio};

/// The confidence of every interval here.
const CONFIDENCE: f64 = 0.95;
/// The quantiles that are estimated.
const QUANTILES: [f64; 3] = [0.05, 0.5, 0.95];

/// How an interval was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Student's t over the replications.
    #[default]
    StudentT,
    /// Wilson's score of a number of replications out of all.
    Wilson,
    /// The jackknife over the replications, and Student's t over its pseudo-values.
    Jackknife,
}

impl Method {
    /// The name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StudentT => "student-t",
            Self::Wilson => "wilson",
            Self::Jackknife => "jackknife",
        }
    }
}

/// Mean, interval, extremes and quantiles of one metric over the replications that define it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Arithmetic mean.
    pub mean: f64,
    /// The 95% interval of the mean: by Student's t, none for a single value; of a metric that is
    /// 0 or 1 by Wilson's score.
    pub ci95: Option<[f64; 2]>,
    /// Smallest value.
    pub min: f64,
    /// 5th percentile, a value of the sample like all quantiles here.
    pub p05: f64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// Largest value.
    pub max: f64,
    /// Values in the sample.
    pub n: u32,
    /// How `ci95` was found.
    #[serde(default)]
    pub method: Method,
    /// What encloses the population's 5th percentile with at least 95% confidence: two values of
    /// the sample; none where there are not enough replications.
    #[serde(default)]
    pub p05_ci95: Option<[f64; 2]>,
    /// The same of the median.
    #[serde(default)]
    pub p50_ci95: Option<[f64; 2]>,
    /// The same of the 95th percentile.
    #[serde(default)]
    pub p95_ci95: Option<[f64; 2]>,
    /// The share of all replications together, where the metric is a share of another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Pooled>,
}

/// A share with its interval: of all replications together, or of a number of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pooled {
    /// The share.
    pub value: f64,
    /// Its 95% interval; none where there are not enough replications.
    pub ci95: Option<[f64; 2]>,
    /// How the interval was found.
    pub method: Method,
}

impl Estimate {
    /// From a sample of finite values; none if it is empty.
    #[must_use]
    pub fn of(sample: &[f64]) -> Option<Self> {
        let ranks = QUANTILES.map(|q| interval_ranks(sample.len(), q, CONFIDENCE));
        Self::with_ranks(sample, ranks)
    }

    fn with_ranks(sample: &[f64], ranks: Ranks) -> Option<Self> {
        let mut sorted = sample.to_vec();
        sorted.sort_by(f64::total_cmp);
        let [p05_ci95, p50_ci95, p95_ci95] = ranks
            .map(|ranks| ranks.map(|(low, high)| [low, high].map(|rank: usize| sorted[rank - 1])));
        Some(Self {
            mean: sample.iter().sum::<f64>() / sample.len() as f64,
            ci95: interval::mean_t(sample).map(|interval| [interval.low, interval.high]),
            min: *sorted.first()?,
            p05: type1(&sorted, 0.05)?,
            p50: type1(&sorted, 0.5)?,
            p95: type1(&sorted, 0.95)?,
            max: *sorted.last()?,
            n: u32::try_from(sample.len()).unwrap_or(u32::MAX),
            method: Method::StudentT,
            p05_ci95,
            p50_ci95,
            p95_ci95,
            ratio: None,
        })
    }

    /// Half the width of the 95% interval; none where there is none.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        self.ci95.map(|[low, high]| (high - low) / 2.0)
    }
}

impl Pooled {
    /// So many replications of `of`, by Wilson's score; none of none.
    #[must_use]
    pub fn of_runs(runs: u32, of: u32) -> Option<Self> {
        let share = Share { failed: u64::from(runs), of: u64::from(of) };
        let (low, high) = proportion::wilson_at(share, CONFIDENCE);
        let found = Self { value: share.value(), ci95: Some([low, high]), method: Method::Wilson };
        (of > 0).then_some(found)
    }

    /// The sum of `part` over the sum of `whole`, by the jackknife; none where the latter is zero.
    /// A share stays within 0 and 1, and so does its interval.
    fn of_sums(part: &[f64], whole: &[f64]) -> Option<Self> {
        let value = part.iter().sum::<f64>() / whole.iter().sum::<f64>();
        let found = ratio::jackknife(part, whole, CONFIDENCE);
        let ci95 = found.map(|found| [found.low.clamp(0.0, 1.0), found.high.clamp(0.0, 1.0)]);
        value.is_finite().then_some(Self { value, ci95, method: Method::Jackknife })
    }
}

/// Ranks of the values that enclose each of [`QUANTILES`].
type Ranks = [Option<(usize, usize)>; 3];

/// The estimate of each of [`METRICS`] by what is asked of it; none for a metric that no run
/// defines.
#[must_use]
pub(super) fn of_runs(runs: &[RunResult]) -> Vec<Option<Estimate>> {
    // Most metrics are defined by all runs and so have the ranks of the metric before.
    let mut known: Option<(usize, Ranks)> = None;
    let mut ranks = |n: usize| match known {
        Some((of, ranks)) if of == n => ranks,
        _ => known.insert((n, QUANTILES.map(|q| interval_ranks(n, q, CONFIDENCE)))).1,
    };
    (0..METRICS.len())
        .map(|metric| {
            let sample = sample(runs.iter(), metric);
            let estimate = Estimate::with_ranks(&sample, ranks(sample.len()))?;
            Some(as_asked(estimate, metric, runs.iter()))
        })
        .collect()
}

/// The estimate of the metric at this position of [`METRICS`] by what is asked of it; none if no
/// run defines it.
pub(super) fn of_metric<'a>(
    runs: impl Iterator<Item = &'a RunResult> + Clone,
    metric: usize,
) -> Option<Estimate> {
    Some(as_asked(Estimate::of(&sample(runs.clone(), metric))?, metric, runs))
}

/// The values of the metric at this position of [`METRICS`] in the runs that define it.
#[must_use]
pub(super) fn sample<'a>(runs: impl Iterator<Item = &'a RunResult>, metric: usize) -> Vec<f64> {
    runs.filter_map(|run| run.metrics.values()[metric]).collect()
}

/// Adds what only this metric's meaning allows.
fn as_asked<'a>(
    estimate: Estimate,
    metric: usize,
    runs: impl Iterator<Item = &'a RunResult>,
) -> Estimate {
    match METRICS[metric].asked {
        Asked::Mean => estimate,
        Asked::Probability => {
            let ones = (estimate.mean * f64::from(estimate.n)).round() as u32;
            let share = Pooled::of_runs(ones, estimate.n);
            let ci95 = share.and_then(|share| share.ci95);
            Estimate { ci95, method: Method::Wilson, ..estimate }
        }
        Asked::ShareOf(whole) => {
            let Some(whole) = position(whole) else { return estimate };
            let values = runs.map(|run| run.metrics.values());
            let (part, whole): (Vec<f64>, Vec<f64>) = values
                .filter_map(|values| Some((values[metric]? * values[whole]?, values[whole]?)))
                .unzip();
            Estimate { ratio: Pooled::of_sums(&part, &whole), ..estimate }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sample: &[f64], mean: f64, ci95: Option<[f64; 2]>) {
        let estimate = Estimate::of(sample).expect("a sample");
        assert!((estimate.mean - mean).abs() <= 1e-12 * mean.abs(), "{estimate:?}");
        match (estimate.ci95, ci95) {
            (Some(found), Some(wanted)) => {
                for (found, wanted) in found.into_iter().zip(wanted) {
                    assert!((found - wanted).abs() <= 1e-8 * wanted.abs(), "{estimate:?}");
                }
            }
            (found, wanted) => assert_eq!(found, wanted),
        }
    }

    /// Intervals by `scipy.stats.t.interval(0.95, n - 1, loc=mean, scale=scipy.stats.sem(x))`.
    #[test]
    fn means_and_intervals_are_those_of_scipy() {
        check(&[7.0], 7.0, None);
        check(&[1.0, 2.0], 1.5, Some([-4.853102368087347, 7.853102368087347]));
        check(
            &[312.0, 298.5, 305.25, 320.0, 301.75],
            307.5,
            Some([296.8255705206765, 318.1744294793235]),
        );
        let tenths: Vec<f64> = (0..30).map(|number| f64::from(number) / 10.0).collect();
        check(&tenths, 1.45, Some([1.1212753267540267, 1.7787246732459732]));
        check(&[4.0, 4.0, 4.0], 4.0, Some([4.0, 4.0]));
    }

    #[test]
    fn quantiles_are_values_of_the_sample() {
        let sample: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        let estimate = Estimate::of(&sample).expect("a sample");
        let found = [estimate.min, estimate.p05, estimate.p50, estimate.p95, estimate.max];
        assert_eq!(found, [1.0, 1.0, 5.0, 10.0, 10.0]);
        let sample: Vec<f64> = (1..=40).map(f64::from).collect();
        let estimate = Estimate::of(&sample).expect("a sample");
        assert_eq!([estimate.p05, estimate.p50, estimate.p95], [2.0, 20.0, 38.0]);
        assert_eq!(Estimate::of(&[]), None);
    }

    /// Ranks by `scipy.stats.binom.ppf`: 10 and 21 of 30 enclose the median; 30 values enclose no
    /// 5th or 95th percentile, 300 do, with 277 and 293.
    #[test]
    fn quantiles_have_intervals_where_there_are_enough_runs() {
        let sample = |count: u32| -> Vec<f64> { (1..=count).map(f64::from).collect() };
        let few = Estimate::of(&sample(30)).expect("a sample");
        assert_eq!((few.p05_ci95, few.p95_ci95), (None, None));
        assert_eq!(few.p50_ci95, Some([10.0, 21.0]));
        let many = Estimate::of(&sample(300)).expect("a sample");
        assert_eq!(many.p95_ci95, Some([277.0, 293.0]));
        assert_eq!(many.p05_ci95, Some([8.0, 24.0]));
    }

    fn runs(values: &[&[(&str, f64)]]) -> Vec<RunResult> {
        let run = |values: &&[(&str, f64)]| {
            let mut all = vec![None; METRICS.len()];
            for (name, value) in *values {
                all[position(name).expect("a metric")] = Some(*value);
            }
            let metrics = crate::measure::Metrics::new(all);
            RunResult { outcome: crate::sim::Outcome::Completed, metrics }
        };
        values.iter().map(run).collect()
    }

    fn named(runs: &[RunResult], name: &str) -> Option<Estimate> {
        of_runs(runs)[position(name).expect("a metric")]
    }

    /// `scipy.stats.binomtest(1, 4).proportion_ci(method="wilson")`.
    #[test]
    fn probabilities_have_wilsons_interval() {
        let values = [0.0, 1.0, 0.0, 0.0].map(|value| [("rolled_back", value)]);
        let runs = runs(&values.each_ref().map(|run| run.as_slice()));
        let estimate = named(&runs, "rolled_back").expect("defined");
        let [low, high] = estimate.ci95.expect("an interval");
        assert_eq!((estimate.mean, estimate.method), (0.25, Method::Wilson));
        assert!((low - 0.045_587_260_8).abs() < 1e-8 && (high - 0.699_358_157_4).abs() < 1e-8);
    }

    #[test]
    fn shares_are_also_pooled_over_the_runs() {
        let runs = runs(&[
            &[("availability", 0.5), ("requests", 100.0)],
            &[("availability", 1.0), ("requests", 300.0)],
            &[("requests", 1000.0)],
        ]);
        let estimate = named(&runs, "availability").expect("defined");
        assert_eq!((estimate.mean, estimate.n), (0.75, 2));
        let ratio = estimate.ratio.expect("a share of the requests");
        assert_eq!((ratio.value, ratio.method), (0.875, Method::Jackknife));
        assert_eq!(named(&runs, "requests").expect("defined").ratio, None);
        assert_eq!(named(&runs, "duration_s"), None);
    }
}
