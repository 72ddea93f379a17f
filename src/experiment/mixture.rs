//! What does a strategy do to releases of several sorts, weighted by how often each comes?
//!
//! Every sort of release is a stratum with all replications (W. G. Cochran, *Sampling Techniques*,
//! ch. 5): a rare bad release is seen as often as the others, and the variance between the sorts
//! falls away. Replication k of all strata runs on the same random numbers, so they are not
//! independent: their weighted sum is taken replication by replication, and the interval is that
//! of the mean of these sums, which takes whatever correlation there is into account. For shares
//! of replications the ends of Wilson's intervals are weighted instead, which holds under any
//! correlation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Method, Pooled, RunResult, pairs};
use crate::measure::{Asked, METRICS, Metrics};
use crate::scenario::Mixture;
use crate::sim::{Outcome, Pairing};
use crate::stats::interval;

/// What a mixture of releases does to one metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MixedEstimate {
    /// Mean over releases.
    pub mean: f64,
    /// Its 95% interval; none for a single replication.
    pub ci95: Option<[f64; 2]>,
    /// Replications of each stratum, or pairs of them, that were taken together.
    pub n: u32,
    /// How the interval was found.
    pub method: Method,
}

/// What a strategy does to releases of several sorts.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixed {
    /// Its name.
    pub name: String,
    /// The variants and how often the sort of release of each comes.
    pub parts: Vec<(String, f64)>,
    /// How often each outcome comes; those that no replication had are left out.
    pub outcomes: Vec<(Outcome, Pooled)>,
    /// By position in [`METRICS`]; none for a metric that some replication does not define.
    pub estimates: Vec<Option<MixedEstimate>>,
    /// The weighted sums of the strata by replication, or by pair of them: what they are compared
    /// by.
    pub runs: Vec<Metrics>,
}

/// Mixtures that grow by one variant at a time. The runs of a variant are kept only until the
/// mixtures that it is a part of are complete.
#[derive(Clone, Debug, Default)]
pub struct Mixing {
    open: Vec<Mixture>,
    runs: BTreeMap<String, Vec<RunResult>>,
    pairing: Pairing,
}

impl Mixing {
    /// Of these mixtures.
    #[must_use]
    pub fn new(mixtures: &[Mixture]) -> Self {
        Self { open: mixtures.to_vec(), ..Self::default() }
    }

    /// The next variant, whose runs have this to do with each other, which is the same for all;
    /// the mixtures that are complete with it.
    pub fn add(&mut self, variant: &str, runs: Vec<RunResult>, pairing: Pairing) -> Vec<Mixed> {
        self.pairing = pairing;
        self.runs.insert(variant.to_owned(), runs);
        let is_complete =
            |mixture: &Mixture| mixture.parts.iter().all(|(name, _)| self.runs.contains_key(name));
        let (complete, open) = self.open.drain(..).partition(is_complete);
        self.open = open;
        let complete: Vec<Mixture> = complete;
        let mixed = complete.iter().map(|mixture| self.mix(mixture)).collect();
        let is_needed = |name: &String| {
            self.open.iter().any(|mixture| mixture.parts.iter().any(|(part, _)| part == name))
        };
        self.runs.retain(|name, _| is_needed(name));
        mixed
    }

    fn mix(&self, mixture: &Mixture) -> Mixed {
        let strata: Vec<Stratum<'_>> = mixture
            .parts
            .iter()
            .map(|(name, share)| Stratum {
                share: *share,
                runs: self.runs.get(name).map_or(&[], Vec::as_slice),
            })
            .collect();
        let runs = pairs::of_metrics(sums(&strata), self.pairing);
        let estimates = (0..METRICS.len()).map(|metric| estimate(&strata, &runs, metric)).collect();
        let (name, parts) = (mixture.name.clone(), mixture.parts.clone());
        Mixed { name, parts, outcomes: outcomes(&strata), estimates, runs }
    }
}

struct Stratum<'a> {
    share: f64,
    runs: &'a [RunResult],
}

impl Stratum<'_> {
    /// The share of the runs for which `is`, with Wilson's interval.
    fn share_of(&self, is: impl Fn(&RunResult) -> bool) -> Option<Pooled> {
        let count = self.runs.iter().filter(|run| is(run)).count();
        Pooled::of_runs(u32::try_from(count).ok()?, u32::try_from(self.runs.len()).ok()?)
    }
}

/// The weighted sum of each metric over the strata in each replication that all of them have;
/// none where one of them does not define it.
fn sums(strata: &[Stratum<'_>]) -> Vec<Metrics> {
    let count = strata.iter().map(|stratum| stratum.runs.len()).min().unwrap_or(0);
    let sum = |replication: usize, metric: usize| {
        strata.iter().try_fold(0.0, |sum, stratum| {
            let value = stratum.runs[replication].metrics.values()[metric]?;
            Some(sum + stratum.share * value)
        })
    };
    (0..count)
        .map(|run| Metrics::new((0..METRICS.len()).map(|metric| sum(run, metric)).collect()))
        .collect()
}

fn estimate(strata: &[Stratum<'_>], sums: &[Metrics], metric: usize) -> Option<MixedEstimate> {
    let sample: Option<Vec<f64>> = sums.iter().map(|run| run.values()[metric]).collect();
    let sample = sample.filter(|sample| !sample.is_empty())?;
    let n = u32::try_from(sample.len()).unwrap_or(u32::MAX);
    if METRICS[metric].asked == Asked::Probability {
        let is_one =
            |run: &RunResult| run.metrics.values()[metric].is_some_and(|value| value > 0.5);
        let Pooled { value, ci95, method } = weighted(strata, is_one)?;
        return Some(MixedEstimate { mean: value, ci95, n, method });
    }
    let mean = sample.iter().sum::<f64>() / sample.len() as f64;
    let ci95 = interval::mean_t(&sample).map(|interval| [interval.low, interval.high]);
    Some(MixedEstimate { mean, ci95, n, method: Method::StudentT })
}

/// The share of releases for which `is`.
fn weighted(strata: &[Stratum<'_>], is: impl Fn(&RunResult) -> bool) -> Option<Pooled> {
    let (mut value, mut ends) = (0.0, [0.0, 0.0]);
    for stratum in strata {
        let found = stratum.share_of(&is)?;
        let [low, high] = found.ci95?;
        value += stratum.share * found.value;
        ends = [ends[0] + stratum.share * low, ends[1] + stratum.share * high];
    }
    Some(Pooled { value, ci95: Some(ends), method: Method::Wilson })
}

fn outcomes(strata: &[Stratum<'_>]) -> Vec<(Outcome, Pooled)> {
    Outcome::ALL
        .into_iter()
        .filter_map(|outcome| Some((outcome, weighted(strata, |run| run.outcome == outcome)?)))
        .filter(|(_, share)| share.value > 0.0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::position;

    const PAIRING: Pairing = Pairing::Independent;

    fn run(outcome: Outcome, values: &[(&str, f64)]) -> RunResult {
        let mut all = vec![None; METRICS.len()];
        for (name, value) in values {
            all[position(name).expect("a metric")] = Some(*value);
        }
        RunResult { outcome, metrics: Metrics::new(all) }
    }

    fn good(duration: f64) -> RunResult {
        run(Outcome::Completed, &[("duration_s", duration), ("rolled_back", 0.0)])
    }

    fn bad(duration: f64) -> RunResult {
        let values = [("duration_s", duration), ("rolled_back", 1.0), ("rollback_s", 9.0)];
        run(Outcome::RolledBack, &values)
    }

    fn mixture() -> Mixture {
        let parts = [("x release=good", 0.9), ("x release=bad", 0.1)];
        Mixture { name: "x".into(), parts: parts.map(|(name, share)| (name.into(), share)).into() }
    }

    fn mixed(good: Vec<RunResult>, bad: Vec<RunResult>) -> Mixed {
        let mut mixing = Mixing::new(&[mixture()]);
        assert!(mixing.add("x release=good", good, PAIRING).is_empty());
        assert!(mixing.add("another", Vec::new(), PAIRING).is_empty());
        let mut mixed = mixing.add("x release=bad", bad, PAIRING);
        assert_eq!(mixed.len(), 1);
        assert!(mixing.runs.is_empty() && mixing.open.is_empty());
        mixed.remove(0)
    }

    fn of<'a>(mixed: &'a Mixed, name: &str) -> Option<&'a MixedEstimate> {
        mixed.estimates[position(name).expect("a metric")].as_ref()
    }

    /// 0.9 x (100, 110, 120) + 0.1 x (20, 30, 10): 92, 102 and 109 on average 101;
    /// `scipy.stats.t.interval(0.95, 2, loc=101, scale=scipy.stats.sem([92, 102, 109]))`.
    #[test]
    fn sums_are_taken_replication_by_replication() {
        let mixed =
            mixed([100.0, 110.0, 120.0].map(good).into(), [20.0, 30.0, 10.0].map(bad).into());
        let duration = of(&mixed, "duration_s").expect("all define it");
        assert_eq!((duration.n, duration.method), (3, Method::StudentT));
        assert!((duration.mean - 101.0).abs() < 1e-12);
        let [low, high] = duration.ci95.expect("three");
        assert!((low - 79.775_518_1).abs() < 1e-6 && (high - 122.224_481_9).abs() < 1e-6, "{low}");
        assert_eq!(of(&mixed, "rollback_s"), None);
    }

    /// Wilson's intervals of 0 and of 20 out of 20: [0, 0.161125] and [0.838875, 1] by SciPy.
    #[test]
    fn shares_are_weighted_end_by_end() {
        let mixed = mixed(vec![good(1.0); 20], vec![bad(1.0); 20]);
        let share = of(&mixed, "rolled_back").expect("all define it");
        assert!((share.mean - 0.1).abs() < 1e-12);
        let [low, high] = share.ci95.expect("an interval");
        assert!((low - 0.083_887_5).abs() < 1e-6 && (high - (0.1 + 0.9 * 0.161_125)).abs() < 1e-6);
        let outcomes: Vec<(Outcome, f64)> =
            mixed.outcomes.iter().map(|(outcome, share)| (*outcome, share.value)).collect();
        assert_eq!(outcomes, [(Outcome::Completed, 0.9), (Outcome::RolledBack, 0.1)]);
    }

    #[test]
    fn only_replications_that_all_strata_have_are_summed() {
        let mixed = mixed(vec![good(10.0); 5], vec![bad(20.0); 3]);
        assert_eq!(mixed.runs.len(), 3);
        assert_eq!(of(&mixed, "duration_s").map(|found| found.n), Some(3));
    }
}
