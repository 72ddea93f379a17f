//! What a sample of runs says about one metric.

use serde::{Deserialize, Serialize};

use super::{RunResult, pairs};
use crate::measure::{Asked, METRICS, position};
use crate::sim::Pairing;
use crate::stats::control::controlled;
use crate::stats::interval::Interval;
use crate::stats::proportion::{self, Share};
use crate::stats::quantile::{interval_ranks, type1};
use crate::stats::{interval, ratio};

/// A control whose correlation is less sure than this is not used: of all metrics, few would seem
/// to have to do with it by chance.
const CONTROL_LEVEL: f64 = 0.001;
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
    /// The mean with the luck that the runs had with their starts taken out; none where that has
    /// nothing to do with the metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controlled: Option<Adjusted>,
    /// How many times as many independent runs the same interval would have taken, where runs are
    /// antithetic pairs and that helped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub antithetic_gain: Option<f64>,
}

/// A mean with a control variate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adjusted {
    /// The estimate.
    pub mean: f64,
    /// Its 95% interval.
    pub ci95: [f64; 2],
    /// How many times as many runs the same interval would have taken without the control.
    pub gain: f64,
}

/// The runs of one variant, in the order of the replications from 0, and what they have to do with
/// each other.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The runs.
    pub runs: &'a [RunResult],
    /// What is independent.
    pub pairing: Pairing,
    /// By how much the work of each run's starts was above what is expected; empty where that is
    /// unknown.
    pub luck: &'a [f64],
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
            ..Self::default()
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
pub(super) fn of_sample(sample: Sample<'_>) -> Vec<Option<Estimate>> {
    // Most metrics are defined by all runs and so have the ranks of the metric before.
    let mut known: Option<(usize, Ranks)> = None;
    let mut ranks = |n: usize| match known {
        Some((of, ranks)) if of == n => ranks,
        _ => known.insert((n, QUANTILES.map(|q| interval_ranks(n, q, CONFIDENCE)))).1,
    };
    (0..METRICS.len())
        .map(|metric| {
            let values = sample.values(metric);
            let defined: Vec<f64> = values.iter().copied().flatten().collect();
            let estimate = Estimate::with_ranks(&defined, ranks(defined.len()))?;
            Some(sample.as_asked(estimate, &values, metric))
        })
        .collect()
}

impl Sample<'_> {
    /// The estimate of the metric at this position of [`METRICS`]; none if no run defines it.
    pub(super) fn estimate(self, metric: usize) -> Option<Estimate> {
        let values = self.values(metric);
        let defined: Vec<f64> = values.iter().copied().flatten().collect();
        Some(self.as_asked(Estimate::of(&defined)?, &values, metric))
    }

    fn values(self, metric: usize) -> Vec<Option<f64>> {
        self.runs.iter().map(|run| run.metrics.values()[metric]).collect()
    }

    /// Adds what only this metric's meaning and this sample allow.
    fn as_asked(self, mut estimate: Estimate, values: &[Option<f64>], metric: usize) -> Estimate {
        match METRICS[metric].asked {
            Asked::Mean => {}
            Asked::Probability => {
                let ones = (estimate.mean * f64::from(estimate.n)).round() as u32;
                let share = Pooled::of_runs(ones, estimate.n);
                estimate.ci95 = share.and_then(|share| share.ci95);
                estimate.method = Method::Wilson;
            }
            Asked::ShareOf(whole) => estimate.ratio = self.pooled(values, whole),
        }
        match self.pairing {
            Pairing::Independent => estimate.controlled = self.controlled(values),
            Pairing::Antithetic => of_pairs(&mut estimate, values),
        }
        estimate
    }

    /// The share of the metric called `whole` of all runs together.
    fn pooled(self, values: &[Option<f64>], whole: &str) -> Option<Pooled> {
        let whole = self.values(position(whole)?);
        let part: Vec<Option<f64>> =
            values.iter().zip(&whole).map(|(value, whole)| Some((*value)? * (*whole)?)).collect();
        let whole: Vec<Option<f64>> =
            whole.iter().zip(values).map(|(whole, value)| value.and(*whole)).collect();
        let of = |values: &[Option<f64>]| pairs::of_values(values, self.pairing);
        Pooled::of_sums(&of(&part), &of(&whole))
    }

    /// The mean without luck, where all runs define the metric and it has to do with it beyond
    /// doubt.
    fn controlled(self, values: &[Option<f64>]) -> Option<Adjusted> {
        let values: Option<Vec<f64>> = values.iter().copied().collect();
        let values = values.filter(|values| values.len() == self.luck.len())?;
        let found = controlled(&values, self.luck, 0.0, CONFIDENCE)?;
        let Interval { mean, low, high } = found.mean;
        (found.p < CONTROL_LEVEL && found.gain > 1.0 && found.gain.is_finite())
            .then_some(Adjusted { mean, ci95: [low, high], gain: found.gain })
    }
}

/// Takes into account that only pairs are independent of each other: the interval is that of the
/// mean of their means, and order statistics enclose no quantile.
fn of_pairs(estimate: &mut Estimate, values: &[Option<f64>]) {
    let pairs = pairs::of_values(values, Pairing::Antithetic);
    estimate.method = Method::StudentT;
    estimate.ci95 = interval::mean_t(&pairs).map(|interval| [interval.low, interval.high]);
    (estimate.p05_ci95, estimate.p50_ci95, estimate.p95_ci95) = (None, None, None);
    let runs: Vec<f64> = values.iter().copied().flatten().collect();
    let gain = interval::variance(&runs)
        .zip(interval::variance(&pairs))
        .map(|(of_runs, of_pairs)| of_runs / 2.0 / of_pairs);
    estimate.antithetic_gain = gain.filter(|gain| *gain > 1.0 && gain.is_finite());
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
        let sample = Sample { runs, pairing: Pairing::Independent, luck: &[] };
        let metric = position(name).expect("a metric");
        let estimate = of_sample(sample)[metric];
        assert_eq!(estimate, sample.estimate(metric));
        estimate
    }

    /// Durations with much luck and little else.
    #[test]
    fn luck_with_the_starts_is_taken_out() {
        let luck = [-3.0, 1.0, 2.0, -1.0, 4.0, -2.0, 0.5, 3.0];
        let rest = [0.1, -0.1, 0.2, 0.0, -0.2, 0.1, 0.0, -0.1];
        let values: Vec<[(&str, f64); 2]> = luck
            .iter()
            .zip(rest)
            .map(|(luck, rest)| [("duration_s", 100.0 + 2.0 * luck + rest), ("cost", rest)])
            .collect();
        let runs = runs(&values.iter().map(|run| run.as_slice()).collect::<Vec<_>>());
        let sample = Sample { runs: &runs, pairing: Pairing::Independent, luck: &luck };
        let of = |name: &str| sample.estimate(position(name).expect("a metric")).expect("defined");
        let duration = of("duration_s");
        let found = duration.controlled.expect("it has to do with it");
        assert!((found.mean - 100.0).abs() < 0.15, "{found:?}");
        assert!(duration.mean > 101.0 && found.gain > 100.0, "{duration:?}");
        assert_eq!(of("cost").controlled, None);
    }

    /// Pairs about 100, of which one is as much above as the other is below, but for a little.
    #[test]
    fn pairs_are_one_observation_each() {
        let values = [103.0, 97.5, 92.0, 107.5, 101.0, 99.0, 110.0, 89.5];
        let values = values.map(|value| [("duration_s", value), ("rolled_back", 1.0)]);
        let runs = runs(&values.each_ref().map(|run| run.as_slice()));
        let sample = Sample { runs: &runs, pairing: Pairing::Antithetic, luck: &[1.0; 8] };
        let of = |name: &str| sample.estimate(position(name).expect("a metric")).expect("defined");
        let duration = of("duration_s");
        let pairs = Estimate::of(&[100.25, 99.75, 100.0, 99.75]).expect("four");
        assert_eq!((duration.mean, duration.ci95), (pairs.mean, pairs.ci95));
        assert_eq!((duration.n, duration.p50_ci95, duration.controlled), (8, None, None));
        assert!(duration.antithetic_gain.is_some_and(|gain| gain > 100.0));
        assert_eq!(of("rolled_back").method, Method::StudentT);
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
