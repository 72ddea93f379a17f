//! Is a metric worse than another version's, by more than matters?

use super::evidence::{self, Evidence};
use super::{Comparison, Verdict};
use crate::experiment::Estimate;
use crate::experiment::mixture::MixedEstimate;
use crate::measure::Better;
use crate::scenario::policy::{Material, Requirement};
use crate::stats::binomial::mcnemar;
use crate::stats::{interval, student};

/// Numbers that were written to a file and read again are the same for all that matters if they
/// differ by no more than this share.
const NOISE: f64 = 1e-12;

/// What is known of the mean of stored runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stored {
    /// The mean.
    pub mean: f64,
    /// Its 95% interval; none of a single run.
    pub ci95: Option<[f64; 2]>,
    /// How many runs it is of.
    pub n: u32,
}

impl From<&Estimate> for Stored {
    fn from(&Estimate { mean, ci95, n, .. }: &Estimate) -> Self {
        Self { mean, ci95, n }
    }
}

impl From<&MixedEstimate> for Stored {
    fn from(&MixedEstimate { mean, ci95, n, .. }: &MixedEstimate) -> Self {
        Self { mean, ci95, n }
    }
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Compared {
    /// Mean of the new version.
    pub(super) new: f64,
    /// Mean of the other.
    pub(super) old: f64,
    /// The difference, new less old, with one-sided bounds.
    pub(super) difference: Evidence,
    /// Whether it is worse by more than matters.
    pub(super) verdict: Verdict,
}

/// Pairs of values on the same random numbers, each new and old: one-sided t bounds of the mean
/// difference. None without pairs.
pub(super) fn paired(asked: &Comparison, pairs: &[(f64, f64)], alpha: f64) -> Option<Compared> {
    if pairs.is_empty() {
        return None;
    }
    let differences: Vec<f64> = pairs.iter().map(|&(new, old)| difference(new, old)).collect();
    let excess: Vec<f64> = differences
        .iter()
        .zip(pairs)
        .map(|(difference, (_, old))| sign(asked.better) * difference - allowed(asked, *old))
        .collect();
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / pairs.len() as f64;
    Some(Compared {
        new: mean(&mut pairs.iter().map(|pair| pair.0)),
        old: mean(&mut pairs.iter().map(|pair| pair.1)),
        difference: bounds(&differences, alpha),
        verdict: bounds(&excess, alpha).verdict([None, Some(0.0)]),
    })
}

/// A sample and an estimate of another one on other random numbers, or of which no more is known:
/// bounds by B. L. Welch's approximation (1947). None without values.
pub(super) fn unpaired(
    asked: &Comparison,
    sample: &[f64],
    old: &Stored,
    alpha: f64,
) -> Option<Compared> {
    let new = sample.iter().sum::<f64>() / sample.len() as f64;
    if sample.is_empty() {
        return None;
    }
    let own = interval::variance(sample).map(|variance| variance / sample.len() as f64);
    let others = variance_of_mean(old);
    let bounds = |mean: f64, weight: f64| {
        let error = own.zip(others).map(|(own, others)| {
            let others = weight * weight * others;
            welch([own, others], [sample.len() as f64, f64::from(old.n)], alpha)
        });
        Evidence {
            measured: mean,
            low: error.map(|error| mean - error),
            high: error.map(|error| mean + error),
        }
    };
    let difference = difference(new, old.mean);
    let excess = sign(asked.better) * difference - allowed(asked, old.mean);
    let weight = match asked.material {
        Material::Amount(_) => 1.0,
        Material::Share(share) => 1.0 + sign(asked.better) * share * old.mean.signum(),
    };
    Some(Compared {
        new,
        old: old.mean,
        difference: bounds(difference, 1.0),
        verdict: bounds(excess, weight).verdict([None, Some(0.0)]),
    })
}

/// Shares of the runs beyond a requirement's limits, in pairs: worse if McNemar's exact test says
/// that there are more, undecided else. None without pairs.
pub(super) fn breaches(
    requirement: &Requirement,
    pairs: &[(f64, f64)],
    alpha: f64,
) -> Option<Compared> {
    let count = |of: &dyn Fn(bool, bool) -> bool| {
        let breach = |value| evidence::is_breach(requirement, value);
        pairs.iter().filter(|&&(new, old)| of(breach(new), breach(old))).count()
    };
    let (new, old) = (count(&|new, _| new), count(&|_, old| old));
    let (only_new, only_old) = (count(&|new, old| new && !old), count(&|new, old| old && !new));
    let share = |count: usize| count as f64 / pairs.len() as f64;
    let is_more = mcnemar(only_old as u64, only_new as u64).greater <= alpha;
    let measured = share(new) - share(old);
    (!pairs.is_empty()).then(|| Compared {
        new: share(new),
        old: share(old),
        difference: Evidence { measured, low: None, high: None },
        verdict: if is_more { Verdict::Broken } else { Verdict::Undecided },
    })
}

/// How much worse than `old` does not matter.
fn allowed(asked: &Comparison, old: f64) -> f64 {
    match asked.material {
        Material::Amount(amount) => amount,
        Material::Share(share) => share * old.abs(),
    }
}

/// 1 where more is worse.
const fn sign(better: Better) -> f64 {
    match better {
        Better::Lower => 1.0,
        Better::Higher => -1.0,
    }
}

fn difference(new: f64, old: f64) -> f64 {
    let difference = new - old;
    if difference.abs() <= NOISE * new.abs().max(old.abs()) { 0.0 } else { difference }
}

fn bounds(values: &[f64], alpha: f64) -> Evidence {
    Evidence {
        measured: values.iter().sum::<f64>() / values.len() as f64,
        low: interval::lower_bound(values, 1.0 - alpha),
        high: interval::upper_bound(values, 1.0 - alpha),
    }
}

/// The variance of an estimate's mean, from its 95% interval; none of a single value.
fn variance_of_mean(estimate: &Stored) -> Option<f64> {
    let [low, high] = estimate.ci95?;
    let freedom = f64::from(estimate.n.checked_sub(1).filter(|freedom| *freedom > 0)?);
    let error = (high - low) / 2.0 / student::quantile(0.025, freedom);
    Some(error * error)
}

/// How far the difference of two means with these variances, of samples of these sizes, may be
/// off on one side.
fn welch(variances: [f64; 2], sizes: [f64; 2], alpha: f64) -> f64 {
    let sum = variances[0] + variances[1];
    if sum <= 0.0 {
        return 0.0;
    }
    let part = |index: usize| variances[index] * variances[index] / (sizes[index] - 1.0);
    let freedom = sum * sum / (part(0) + part(1));
    student::quantile(alpha, freedom) * sum.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::METRICS;
    use crate::scenario::policy::{At, Statistic};

    fn asked(better: Better, material: Material) -> Comparison {
        let place = At::default();
        Comparison { metric: &METRICS[0], better, material, place, requirement: None }
    }

    #[test]
    fn worse_is_worse_by_more_than_matters() {
        let pairs = |by: f64| -> Vec<(f64, f64)> {
            (0..20).map(|k| (100.0 + by + f64::from(k % 3), 100.0 + f64::from(k % 5))).collect()
        };
        let verdict = |better, material, by| {
            paired(&asked(better, material), &pairs(by), 0.05).expect("pairs").verdict
        };
        let amount = Material::Amount(10.0);
        assert_eq!(verdict(Better::Lower, amount, 15.0), Verdict::Broken);
        assert_eq!(verdict(Better::Lower, amount, 5.0), Verdict::Holds);
        assert_eq!(verdict(Better::Lower, amount, 10.9), Verdict::Undecided);
        assert_eq!(verdict(Better::Lower, amount, -50.0), Verdict::Holds);
        assert_eq!(verdict(Better::Higher, amount, -15.0), Verdict::Broken);
        assert_eq!(verdict(Better::Higher, amount, 15.0), Verdict::Holds);
        let share = Material::Share(0.1);
        assert_eq!(verdict(Better::Lower, share, 15.0), Verdict::Broken);
        assert_eq!(verdict(Better::Lower, share, 5.0), Verdict::Holds);
    }

    #[test]
    fn equal_runs_hold_without_tolerance() {
        let pairs = [(0.1 + 0.2, 0.3), (0.7, 0.7)];
        let same = paired(&asked(Better::Lower, Material::Amount(0.0)), &pairs, 0.05);
        assert_eq!(same.expect("pairs").verdict, Verdict::Holds);
    }

    /// `scipy.stats.ttest_ind(x, y, equal_var=False, alternative="less")
    /// .confidence_interval(0.95).high`, SciPy 1.17.1.
    #[test]
    fn unpaired_bounds_are_those_of_scipy() {
        let x = [312.0, 298.5, 305.25, 320.0, 301.75];
        let y = [280.0, 291.0, 300.5, 287.25, 295.0, 270.5, 284.0];
        let old = Stored::from(&Estimate::of(&y).expect("a sample"));
        let found = unpaired(&asked(Better::Lower, Material::Amount(0.0)), &x, &old, 0.05);
        let high = found.expect("a sample").difference.high.expect("a bound");
        assert!((high - 30.40029318057747).abs() < 1e-6, "{high}");
    }

    #[test]
    fn breaches_are_compared_in_pairs() {
        let requirement = Requirement {
            metric: &METRICS[0],
            statistic: Statistic::Breaches(0.1),
            min: None,
            max: Some(1.0),
            strategies: None,
            place: At::default(),
        };
        let verdict = |only_new: usize, only_old: usize| {
            let mut pairs = vec![(2.0, 0.0); only_new];
            pairs.extend(vec![(0.0, 2.0); only_old]);
            pairs.extend(vec![(2.0, 2.0); 20]);
            breaches(&requirement, &pairs, 0.05).expect("pairs").verdict
        };
        // 1/2 to the fifth is the first power below a twentieth.
        assert_eq!(verdict(4, 0), Verdict::Undecided);
        assert_eq!(verdict(5, 0), Verdict::Broken);
        assert_eq!(verdict(0, 5), Verdict::Undecided);
        assert_eq!(verdict(8, 1), Verdict::Broken);
        assert_eq!(verdict(7, 3), Verdict::Undecided);
    }
}
