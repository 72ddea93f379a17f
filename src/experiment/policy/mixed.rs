//! What do the runs of several sorts of releases say about all of them, each weighted by how often
//! it comes?
//!
//! Every sort is a stratum with runs of its own (W. G. Cochran, *Sampling Techniques*, ch. 5): a
//! rare bad release is seen in every replication and counts with its share. Replication k of all
//! strata runs on the same random numbers, so what holds here holds under any dependence between
//! them:
//!
//! - Means are those of the weighted sums, taken replication by replication, bounded by Student's
//!   t. Where a metric is not defined in every run, the mean is over the releases that have it: a
//!   ratio of two weighted sums, linearised.
//! - A share of the runs is the weighted sum of the strata's shares, each with its exact bound; the
//!   probability of error is divided equally among them (Bonferroni).
//! - A quantile is at most x where at least that share of the runs is at or below x. The bounds of
//!   a quantile are the values of the sample up to which, or below which, the bounds of that share
//!   lie on the right side: for one stratum the usual order statistics.
//! - The smallest and the largest value are those of all runs of all strata.
//!
//! A sort of which every run, or none, has a metric is taken to have it always, or never. Of the
//! others the probability to have it is bounded, too, and a share is bounded over all values that
//! the bounds leave.

use super::Verdict;
use super::compare::{self, Compared};
use super::evidence::{self, Evidence};
use crate::scenario::policy::{Requirement, Statistic};

/// What the replications of one sort of release have; none where one does not have it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stratum<T> {
    /// How often this sort comes: above 0, all together 1.
    pub(super) share: f64,
    /// By replication.
    pub(super) runs: Vec<Option<T>>,
}

impl<T: Copy> Stratum<T> {
    fn defined(&self) -> impl Iterator<Item = T> {
        self.runs.iter().copied().flatten()
    }

    /// How many runs have it, and of these how many are so.
    fn count(&self, is: impl Fn(T) -> bool) -> Count {
        let part = self.defined().filter(|value| is(*value)).count();
        let Self { share, runs } = self;
        Count { share: *share, part, of: self.defined().count(), runs: runs.len() }
    }

    fn map<U>(&self, value: impl Fn(T) -> U) -> Stratum<U> {
        let runs = self.runs.iter().map(|run| run.map(&value)).collect();
        Stratum { share: self.share, runs }
    }
}

/// Runs of a stratum.
#[derive(Clone, Copy, Debug)]
struct Count {
    share: f64,
    part: usize,
    /// Those that have the metric.
    of: usize,
    runs: usize,
}

/// The same as [`evidence::of`] of all strata together, with the number of replications, or of
/// runs of a single stratum, that it is from.
pub(super) fn of(
    requirement: &Requirement,
    strata: &[Stratum<f64>],
    alpha: f64,
) -> Option<(Evidence, usize)> {
    if let [only] = strata {
        let sample: Vec<f64> = only.defined().collect();
        return Some((evidence::of(requirement, &sample, alpha)?, sample.len()));
    }
    Some((weighted(requirement, strata, alpha)?, replications(strata)))
}

fn weighted(requirement: &Requirement, strata: &[Stratum<f64>], alpha: f64) -> Option<Evidence> {
    let share_of = |is: &dyn Fn(f64) -> bool| {
        let counts: Vec<Count> = strata.iter().map(|stratum| stratum.count(is)).collect();
        share(&counts, alpha)
    };
    let all = || strata.iter().flat_map(Stratum::defined);
    match requirement.statistic {
        Statistic::Mean if evidence::is_probability(requirement) => share_of(&|value| value == 1.0),
        Statistic::Mean => evidence::of(requirement, &observations(strata), alpha),
        Statistic::Min => all().min_by(f64::total_cmp).map(Evidence::certain),
        Statistic::Max => all().max_by(f64::total_cmp).map(Evidence::certain),
        Statistic::Quantile(q) => quantile(strata, q, alpha),
        Statistic::Breaches(_) => share_of(&|value| evidence::is_breach(requirement, value)),
    }
}

/// How many replications have it in a stratum at least.
fn replications<T>(strata: &[Stratum<T>]) -> usize {
    let has = |run: &usize| strata.iter().any(|stratum| stratum.runs[*run].is_some());
    (0..length(strata)).filter(has).count()
}

/// Replications that all strata have.
fn length<T>(strata: &[Stratum<T>]) -> usize {
    strata.iter().map(|stratum| stratum.runs.len()).min().unwrap_or(0)
}

/// Independent values, one for each replication that has the metric, whose mean is that of the
/// metric over the releases that have it: the weighted means of the strata where all of them have
/// it; else a ratio of two means, linearised at their ratio (Cochran, ch. 2.11 and 6.3).
pub(super) fn observations(strata: &[Stratum<f64>]) -> Vec<f64> {
    let weighted = |run: usize| {
        let values = strata.iter().filter_map(|stratum| Some((stratum.share, stratum.runs[run]?)));
        values
            .fold((0.0, 0.0), |(sum, weight), (share, value)| (sum + share * value, weight + share))
    };
    let sums: Vec<(f64, f64)> =
        (0..length(strata)).map(weighted).filter(|(_, weight)| *weight > 0.0).collect();
    if sums.iter().all(|(_, weight)| *weight == sums[0].1) {
        return sums.iter().map(|(sum, weight)| sum / weight).collect();
    }
    let (sum, weight) = sums.iter().fold((0.0, 0.0), |(s, w), (sum, weight)| (s + sum, w + weight));
    let (ratio, mean_weight) = (sum / weight, weight / sums.len() as f64);
    sums.iter().map(|(sum, weight)| ratio + (sum - ratio * weight) / mean_weight).collect()
}

/// A share of the releases that have the metric.
fn share(counts: &[Count], alpha: f64) -> Option<Evidence> {
    let counts: Vec<Count> = counts.iter().copied().filter(|count| count.of > 0).collect();
    let sum = |runs: fn(&Count) -> usize| -> f64 {
        counts.iter().map(|count| count.share * runs(count) as f64 / count.runs as f64).sum()
    };
    let (part, of) = (sum(|count| count.part), sum(|count| count.of));
    if counts.is_empty() {
        return None;
    }
    let strata = counts.len() as f64;
    let is_certain = counts.len() == 1 || counts.iter().all(|count| count.of == count.runs);
    // Half for the shares; the other half for both bounds of the weights.
    let (each, weights) = if is_certain {
        (alpha / strata, 0.0)
    } else {
        (alpha / strata / 2.0, alpha / strata / 4.0)
    };
    let weight = |count: &Count| {
        let has = match is_certain || count.of == count.runs {
            true => Evidence::certain(1.0),
            false => evidence::share(count.of, count.runs, weights),
        };
        [has.low, has.high].map(|has| count.share * has.unwrap_or(1.0))
    };
    let bound = |side: fn(&Evidence) -> Option<f64>, sign: f64| {
        let values: Option<Vec<(f64, [f64; 2])>> = counts
            .iter()
            .map(|count| {
                let value = side(&evidence::share(count.part, count.of, each))?;
                Some((sign * value, weight(count)))
            })
            .collect();
        // Not -0.
        Some(sign * largest_mean(values?) + 0.0)
    };
    let (low, high) = (bound(|share| share.low, -1.0), bound(|share| share.high, 1.0));
    Some(Evidence { measured: part / of, low, high })
}

/// The largest weighted mean of values whose weights lie between two positive bounds: the largest
/// values have their largest weights and the others their smallest.
fn largest_mean(mut values: Vec<(f64, [f64; 2])>) -> f64 {
    values.sort_by(|one, two| two.0.total_cmp(&one.0));
    let mean = |heavy: usize| {
        let weight = |number: usize, [low, high]: [f64; 2]| if number < heavy { high } else { low };
        let terms = values.iter().enumerate();
        let (sum, weights) = terms.fold((0.0, 0.0), |(sum, weights), (number, (value, range))| {
            let weight = weight(number, *range);
            (sum + weight * value, weights + weight)
        });
        sum / weights
    };
    (1..=values.len()).map(mean).fold(f64::NEG_INFINITY, f64::max)
}

/// A quantile of the releases that have the metric.
fn quantile(strata: &[Stratum<f64>], q: f64, alpha: f64) -> Option<Evidence> {
    let mut all: Vec<(f64, f64)> = strata
        .iter()
        .flat_map(|stratum| {
            let weight = stratum.share / stratum.runs.len() as f64;
            stratum.defined().map(move |value| (value, weight))
        })
        .collect();
    all.sort_by(|one, two| one.0.total_cmp(&two.0));
    let whole: f64 = all.iter().map(|(_, weight)| weight).sum();
    let mut below = 0.0;
    let measured = all.iter().find(|(_, weight)| {
        below += weight;
        // Sums of shares may miss the quantile by rounding errors.
        below >= (q - 1e-12) * whole
    })?;
    let share_of = |is: &dyn Fn(f64) -> bool| {
        let counts: Vec<Count> = strata.iter().map(|stratum| stratum.count(is)).collect();
        share(&counts, alpha)
    };
    let is_too_low = |&(x, _): &(f64, f64)| {
        let at_most = share_of(&|value| value <= x).and_then(|share| share.low);
        at_most.is_none_or(|low| low < q)
    };
    let is_low = |&(x, _): &(f64, f64)| {
        let below = share_of(&|value| value < x).and_then(|share| share.high);
        below.is_some_and(|high| high <= q)
    };
    let value = |index: usize| all.get(index).map(|(value, _)| *value);
    Some(Evidence {
        measured: measured.0,
        low: all.partition_point(is_low).checked_sub(1).and_then(value),
        high: value(all.partition_point(is_too_low)),
    })
}

/// The values of pairs, new and old, of all strata together: independent pairs whose means are
/// those over the releases of which both versions have the metric.
pub(super) fn pairs(strata: &[Stratum<(f64, f64)>]) -> Vec<(f64, f64)> {
    let of = |value: fn((f64, f64)) -> f64| {
        let strata: Vec<Stratum<f64>> = strata.iter().map(|stratum| stratum.map(value)).collect();
        observations(&strata)
    };
    of(|pair| pair.0).into_iter().zip(of(|pair| pair.1)).collect()
}

/// Shares of the runs beyond a requirement's limits, new and old, with the number of pairs: worse
/// if there are surely more of them, undecided else. For one stratum that is McNemar's test. For
/// several, the new version has more breaches where the weighted sum of the pairs that only the
/// new one breaches exceeds that of those that only the old one breaches; each share has its exact
/// bound, and the probability of error is divided equally among them. None without pairs.
pub(super) fn breaches(
    requirement: &Requirement,
    strata: &[Stratum<(f64, f64)>],
    alpha: f64,
) -> Option<(Compared, usize)> {
    if let [only] = strata {
        let pairs: Vec<(f64, f64)> = only.defined().collect();
        return Some((compare::breaches(requirement, &pairs, alpha)?, pairs.len()));
    }
    let breach = |value| evidence::is_breach(requirement, value);
    let breaches = strata.iter().map(|one| one.map(|(new, old)| (breach(new), breach(old))));
    let known: Vec<Stratum<(bool, bool)>> =
        breaches.filter(|stratum| stratum.defined().next().is_some()).collect();
    let share = |is: fn((bool, bool)) -> bool| -> f64 {
        let counts = known.iter().map(|stratum| stratum.count(is));
        counts.map(|count| count.share * count.part as f64 / count.runs as f64).sum()
    };
    let whole = share(|_| true);
    let (new, old) = (share(|(new, _)| new) / whole, share(|(_, old)| old) / whole);
    let each = alpha / (2 * known.len()) as f64;
    let bound = |stratum: &Stratum<(bool, bool)>, is: fn((bool, bool)) -> bool| {
        evidence::share(stratum.count(is).part, stratum.runs.len(), each)
    };
    let surely_more: f64 = known
        .iter()
        .map(|stratum| {
            let worse = bound(stratum, |(new, old)| new && !old).low.unwrap_or(0.0);
            let better = bound(stratum, |(new, old)| old && !new).high.unwrap_or(1.0);
            stratum.share * (worse - better)
        })
        .sum();
    let compared = Compared {
        new,
        old,
        difference: Evidence { measured: new - old, low: None, high: None },
        verdict: if surely_more > 0.0 { Verdict::Broken } else { Verdict::Undecided },
    };
    (!known.is_empty()).then(|| (compared, replications(strata)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::METRICS;
    use crate::scenario::policy::At;
    use Statistic::{Breaches, Max, Mean, Min, Quantile};

    fn asked(statistic: Statistic, max: f64) -> Requirement {
        let (place, max) = (At::default(), Some(max));
        Requirement { metric: &METRICS[0], statistic, min: None, max, strategies: None, place }
    }

    fn stratum<T>(share: f64, runs: Vec<Option<T>>) -> Stratum<T> {
        Stratum { share, runs }
    }

    /// So many of the runs are beyond a limit of 1, and so many do not have the metric.
    fn beyond(share: f64, part: usize, undefined: usize, runs: usize) -> Stratum<f64> {
        let value = |run: usize| {
            (run >= undefined).then_some(if run < undefined + part { 2.0 } else { 0.0 })
        };
        stratum(share, (0..runs).map(value).collect())
    }

    fn bounds(found: Option<Evidence>) -> [f64; 3] {
        let found = found.expect("a sample");
        [found.low.expect("a bound"), found.measured, found.high.expect("a bound")]
    }

    fn are_close(found: [f64; 3], expected: [f64; 3]) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }

    /// Values with ties, some of them not defined.
    fn sample(runs: usize, first: usize) -> Vec<Option<f64>> {
        let value = |run: usize| ((run * 7919 + first * 104_729) % 23) as f64;
        (0..runs).map(|run| (run % 6 != first).then_some(value(run))).collect()
    }

    /// What is weighted is, for a single sort, what is not: the formulas meet.
    #[test]
    fn one_sort_is_judged_as_it_would_be_alone() {
        for (runs, first) in [(10, 9), (59, 9), (100, 2), (200, 9), (37, 3)] {
            let one = [stratum(1.0, sample(runs, first))];
            let alone: Vec<f64> = one[0].defined().collect();
            for statistic in [Mean, Min, Max, Breaches(0.1), Quantile(0.05), Quantile(0.9)] {
                for alpha in [0.05, 0.003] {
                    let asked = asked(statistic, 12.0);
                    let expected = evidence::of(&asked, &alone, alpha).expect("a sample");
                    let found = weighted(&asked, &one, alpha).expect("a sample");
                    let (ends, wanted) = ([found.low, found.high], [expected.low, expected.high]);
                    assert_eq!(ends, wanted, "{statistic} {runs}");
                    assert!((found.measured - expected.measured).abs() < 1e-14);
                }
            }
        }
    }

    /// Two sorts that are the same are one, but for the error that they share.
    #[test]
    fn equal_sorts_are_measured_as_one() {
        let two = [stratum(0.3, sample(100, 9)), stratum(0.7, sample(100, 9))];
        let alone: Vec<f64> = two[0].defined().collect();
        for statistic in [Mean, Min, Max, Breaches(0.1), Quantile(0.05), Quantile(0.9)] {
            let asked = asked(statistic, 12.0);
            let both = |alpha| bounds(weighted(&asked, &two, alpha));
            let one = |alpha| bounds(evidence::of(&asked, &alone, alpha));
            // Means have one bound, whatever they are of; the others one for each sort.
            are_close(both(0.05), one(if statistic == Mean { 0.05 } else { 0.025 }));
        }
    }

    /// Each end is the sum of `share * scipy.stats.beta.ppf(0.025, k, n - k + 1)` or
    /// `share * ppf(0.975, k + 1, n - k)`, SciPy 1.17.1.
    #[test]
    fn shares_are_sums_of_the_exact_bounds_of_scipy() {
        let strata = [beyond(0.95, 2, 0, 200), beyond(0.05, 180, 0, 200)];
        let found = weighted(&asked(Breaches(0.1), 1.0), &strata, 0.05);
        are_close(bounds(found), [0.04364204216966144, 0.0545, 0.08076396666467449]);
        // A sort that never has the metric does not count.
        let never = [strata[0].clone(), stratum(0.05, vec![None; 200])];
        let found = weighted(&asked(Breaches(0.1), 1.0), &never, 0.05);
        let alone = weighted(&asked(Breaches(0.1), 1.0), &[beyond(1.0, 2, 0, 200)], 0.05);
        are_close(bounds(found), bounds(alone));
    }

    /// Ten of the fifty good runs do not have the metric: at most a hundredth and a quarter of
    /// error for each share, half as much for each end of how many have it; of all weights between,
    /// the worst. By SciPy's beta distribution as above.
    #[test]
    fn what_some_runs_have_is_weighted_by_how_many_have_it() {
        let strata = [beyond(0.9, 1, 10, 50), beyond(0.1, 45, 0, 50)];
        let found = weighted(&asked(Breaches(0.1), 1.0), &strata, 0.05);
        are_close(bounds(found), [0.08270043339837929, 0.13170731707317074, 0.27341320018466975]);
    }

    #[test]
    fn the_largest_mean_is_that_of_some_corner() {
        let values = vec![(0.3, [0.2, 0.5]), (0.9, [0.01, 0.04]), (0.1, [0.3, 0.4])];
        let corner = |bits: usize| {
            let terms = values.iter().enumerate();
            let (sum, all) = terms.fold((0.0, 0.0), |(sum, all), (number, (value, range))| {
                let weight = range[bits >> number & 1];
                (sum + weight * value, all + weight)
            });
            sum / all
        };
        let best = (0..8).map(corner).fold(f64::NEG_INFINITY, f64::max);
        assert!((largest_mean(values.clone()) - best).abs() < 1e-15);
    }

    /// 0.9 x 10 + 0.1 x (20, 30); then a run that only the rare sort has: (2 + 12) / (0.1 + 1).
    #[test]
    fn means_are_over_the_releases_that_have_the_metric() {
        let mean = |first| {
            let good = stratum(0.9, vec![first, Some(10.0)]);
            let strata = [good, stratum(0.1, vec![Some(20.0), Some(30.0)])];
            bounds(weighted(&asked(Mean, 1.0), &strata, 0.05))[1]
        };
        assert!((mean(Some(10.0)) - 11.5).abs() < 1e-12);
        assert!((mean(None) - 14.0 / 1.1).abs() < 1e-12);
        let none = [stratum(0.5, vec![None; 3]), stratum(0.5, vec![None; 3])];
        assert_eq!(of(&asked(Mean, 1.0), &none, 0.05), None);
        assert_eq!(of(&asked(Quantile(0.5), 1.0), &none, 0.05), None);
        assert_eq!(of(&asked(Max, 1.0), &none, 0.05), None);
    }

    /// A quantile is within a limit just if the share of the runs beyond it is.
    #[test]
    fn bounds_of_quantiles_are_those_of_shares() {
        let strata = [stratum(0.8, sample(90, 4)), stratum(0.2, sample(90, 9))];
        for q in [0.5, 0.9] {
            let [low, measured, high] = bounds(weighted(&asked(Quantile(q), 0.0), &strata, 0.05));
            assert!(low < measured && measured < high);
            for limit in 0..23 {
                let limit = f64::from(limit);
                let counts: Vec<Count> =
                    strata.iter().map(|one| one.count(|value| value <= limit)).collect();
                let [low_share, share, _] = bounds(super::share(&counts, 0.05));
                assert_eq!(high <= limit, low_share >= q, "{q} {limit}");
                assert_eq!(measured <= limit, share >= q, "{q} {limit}");
                let counts: Vec<Count> =
                    strata.iter().map(|one| one.count(|value| value < limit)).collect();
                let is_above = bounds(super::share(&counts, 0.05))[2] <= q;
                assert_eq!(low >= limit, is_above, "{q} {limit}");
            }
        }
    }

    #[test]
    fn the_extremes_are_those_of_all_sorts() {
        let strata = [beyond(0.9, 0, 0, 10), stratum(0.1, vec![Some(7.0); 10])];
        for (statistic, expected) in [(Min, 0.0), (Max, 7.0)] {
            let found = weighted(&asked(statistic, 1.0), &strata, 0.05);
            assert_eq!(found, Some(Evidence::certain(expected)));
        }
    }

    /// With 0 of 200 either way in the good runs, it takes 103 of the bad ones to be sure:
    /// 0.05 (ppf(0.0125, 103, 98) - ppf(0.9875, 1, 200)) > 0.95 ppf(0.9875, 1, 200), SciPy 1.17.1.
    #[test]
    fn more_breaches_of_rare_releases_are_more_breaches() {
        let verdict = |good: (f64, f64), worse: usize| {
            let mut bad = vec![Some((2.0, 0.0)); worse];
            bad.resize(200, Some((2.0, 2.0)));
            let strata = [stratum(0.95, vec![Some(good); 200]), stratum(0.05, bad)];
            breaches(&asked(Breaches(0.1), 1.0), &strata, 0.05).expect("pairs").0.verdict
        };
        assert_eq!(verdict((0.0, 0.0), 103), Verdict::Broken);
        assert_eq!(verdict((0.0, 0.0), 102), Verdict::Undecided);
        // What gets worse with the few does no harm if it gets better with the many.
        assert_eq!(verdict((0.0, 2.0), 200), Verdict::Undecided);
        let one = [stratum(1.0, vec![Some((2.0, 0.0)); 5])];
        let (found, pairs) = breaches(&asked(Breaches(0.1), 1.0), &one, 0.05).expect("pairs");
        assert_eq!((found.verdict, pairs), (Verdict::Broken, 5), "McNemar's test");
    }
}
