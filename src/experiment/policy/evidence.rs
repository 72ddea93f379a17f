//! What does a sample say about a requirement, and how sure is that?

use crate::measure::Asked;
use crate::scenario::policy::{Requirement, Side, Statistic};
use crate::stats::binomial::Binomial;
use crate::stats::interval;
use crate::stats::quantile::type1;

use super::Verdict;

/// A statistic of a sample with its one-sided bounds, each right with the confidence asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// The statistic in the sample.
    pub measured: f64,
    /// What it is not below; none if the sample is too small to say.
    pub low: Option<f64>,
    /// What it is not above; none if the sample is too small to say.
    pub high: Option<f64>,
}

impl Evidence {
    /// What is so and not otherwise.
    pub(super) const fn certain(value: f64) -> Self {
        Self { measured: value, low: Some(value), high: Some(value) }
    }

    /// The same of what cannot be less than nothing or more than the whole.
    fn within_the_whole(self) -> Self {
        let clamp = |bound: Option<f64>| bound.map(|bound| bound.clamp(0.0, 1.0));
        Self { low: clamp(self.low), high: clamp(self.high), ..self }
    }

    /// Whether it lies between the limits for all that is known.
    pub(super) fn verdict(&self, [min, max]: [Option<f64>; 2]) -> Verdict {
        let is_below = |bound: Option<f64>, limit| bound.is_some_and(|bound| bound < limit);
        let is_above = |bound: Option<f64>, limit| bound.is_some_and(|bound| bound > limit);
        let is_broken = min.is_some_and(|limit| is_below(self.high, limit))
            || max.is_some_and(|limit| is_above(self.low, limit));
        let holds = min.is_none_or(|limit| self.low.is_some_and(|low| low >= limit))
            && max.is_none_or(|limit| self.high.is_some_and(|high| high <= limit));
        match (is_broken, holds) {
            (true, _) => Verdict::Broken,
            (false, true) => Verdict::Holds,
            (false, false) => Verdict::Undecided,
        }
    }
}

/// What the values of a metric say about a requirement; each bound errs with probability `alpha`
/// at most. None without values.
pub(super) fn of(requirement: &Requirement, sample: &[f64], alpha: f64) -> Option<Evidence> {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (&first, &last) = (sorted.first()?, sorted.last()?);
    Some(match requirement.statistic {
        Statistic::Mean if is_probability(requirement) => {
            share(sorted.iter().filter(|value| **value == 1.0).count(), sorted.len(), alpha)
        }
        Statistic::Mean if requirement.metric.is_share() => mean(sample, alpha).within_the_whole(),
        Statistic::Mean => mean(sample, alpha),
        Statistic::Min => Evidence::certain(first),
        Statistic::Max => Evidence::certain(last),
        Statistic::Quantile(q) => quantile(&sorted, q, alpha)?,
        Statistic::Breaches(_) => {
            let breaches = sample.iter().filter(|value| is_breach(requirement, **value)).count();
            share(breaches, sample.len(), alpha)
        }
    })
}

/// The limits that the statistic of a requirement has to lie between.
pub(super) fn limits(requirement: &Requirement) -> [Option<f64>; 2] {
    match requirement.statistic {
        Statistic::Breaches(share) => [None, Some(share)],
        _ => Side::BOTH.map(|side| requirement.limit(side)),
    }
}

/// Whether the mean is a probability: that of what happens or does not.
pub(super) fn is_probability(requirement: &Requirement) -> bool {
    requirement.metric.asked == Asked::Probability
}

/// Whether a run with this value lies beyond the limits.
pub(super) fn is_breach(requirement: &Requirement, value: f64) -> bool {
    requirement.min.is_some_and(|min| value < min) || requirement.max.is_some_and(|max| value > max)
}

/// By Student's t.
fn mean(sample: &[f64], alpha: f64) -> Evidence {
    Evidence {
        measured: sample.iter().sum::<f64>() / sample.len() as f64,
        low: interval::lower_bound(sample, 1.0 - alpha),
        high: interval::upper_bound(sample, 1.0 - alpha),
    }
}

/// By order statistics: at least so many of the sample lie at or below the quantile, or above it,
/// but for a probability of `alpha`.
fn quantile(sorted: &[f64], q: f64, alpha: f64) -> Option<Evidence> {
    let below = Binomial { trials: sorted.len() as u64, probability: q };
    // Number u, from 1, is the smallest that is not below the quantile but with that probability.
    let upper = below.quantile(1.0 - alpha) as usize;
    let first = below.quantile(alpha);
    let lower = if below.at_most(first) <= alpha { first + 1 } else { first };
    Some(Evidence {
        measured: type1(sorted, q)?,
        low: (lower as usize).checked_sub(1).and_then(|index| sorted.get(index)).copied(),
        high: sorted.get(upper).copied(),
    })
}

/// By the exact bounds of C. J. Clopper and E. S. Pearson (1934). Wilson's are closer on average
/// but err more often than `alpha` where a share is small: 268 runs without a breach would show 1%
/// with 95% confidence, which takes 299.
pub(super) fn share(part: usize, of: usize, alpha: f64) -> Evidence {
    let (part, of) = (part as u64, of as u64);
    let at_most = |part: u64, probability| Binomial { trials: of, probability }.at_most(part);
    let high = if part == of { 1.0 } else { root(|p| at_most(part, p) > alpha) };
    let low = match part.checked_sub(1) {
        None => 0.0,
        Some(less) => root(|p| 1.0 - at_most(less, p) <= alpha),
    };
    Evidence { measured: part as f64 / of as f64, low: Some(low), high: Some(high) }
}

/// The probability up to which something is so that is so for 0 and not for 1.
fn root(is_below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if is_below(middle) { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::METRICS;
    use crate::scenario::policy::At;

    fn requirement(statistic: Statistic, min: Option<f64>, max: Option<f64>) -> Requirement {
        let place = At::default();
        Requirement { metric: &METRICS[0], statistic, min, max, strategies: None, place }
    }

    fn check(statistic: Statistic, max: f64, sample: &[f64], alpha: f64, expected: Verdict) {
        let requirement = requirement(statistic, None, Some(max));
        let evidence = of(&requirement, sample, alpha).expect("a sample");
        assert_eq!(evidence.verdict(limits(&requirement)), expected, "{evidence:?}");
    }

    fn counting(count: u32) -> Vec<f64> {
        (1..=count).map(f64::from).collect()
    }

    #[test]
    fn fifty_nine_runs_bound_a_95th_percentile() {
        let statistic = Statistic::Quantile(0.95);
        check(statistic, 59.0, &counting(59), 0.05, Verdict::Holds);
        check(statistic, 58.0, &counting(58), 0.05, Verdict::Undecided);
        check(statistic, 58.0, &counting(59), 0.05, Verdict::Undecided);
        check(statistic, 10.0, &counting(59), 0.05, Verdict::Broken);
    }

    #[test]
    fn two_hundred_and_ninety_nine_runs_bound_one_breach_in_a_hundred() {
        let statistic = Statistic::Breaches(0.01);
        check(statistic, 1.0, &vec![1.0; 299], 0.05, Verdict::Holds);
        check(statistic, 1.0, &vec![1.0; 298], 0.05, Verdict::Undecided);
        let mut some = vec![1.0; 296];
        some.extend([2.0; 3]);
        check(statistic, 1.0, &some, 0.05, Verdict::Undecided);
        some.extend([2.0; 7]);
        check(statistic, 1.0, &some, 0.05, Verdict::Broken);
    }

    /// `scipy.stats.beta.ppf(0.05, k, n - k + 1)` and `ppf(0.95, k + 1, n - k)`, SciPy 1.17.1.
    #[test]
    fn exact_bounds_of_shares_are_those_of_scipy() {
        for (part, of, low, high) in [
            (0, 299, 0.0, 0.009969146792899269),
            (5, 100, 0.019905563662171832, 0.1022533776432745),
            (100, 100, 0.9704869503929601, 1.0),
        ] {
            let found = share(part, of, 0.05);
            for (found, expected) in [(found.low, low), (found.high, high)] {
                let found = found.expect("a bound");
                assert!((found - expected).abs() < 1e-9, "{part}/{of}: {found} {expected}");
            }
        }
    }

    /// The ranks of `scipy.stats.binom.ppf`, as `tests/data/estimates.csv` has them for two-sided
    /// intervals of twice the error.
    #[test]
    fn bounds_of_quantiles_are_order_statistics() {
        for (q, count, low, high) in
            [(0.5, 30, 10.0, 21.0), (0.9, 100, 84.0, 96.0), (0.95, 300, 277.0, 293.0)]
        {
            let found = quantile(&counting(count), q, 0.025).expect("a sample");
            assert_eq!((found.low, found.high), (Some(low), Some(high)), "{q} {count}");
        }
    }

    #[test]
    fn both_limits_must_hold() {
        let both = requirement(Statistic::Mean, Some(1.0), Some(3.0));
        let verdict =
            |sample: &[f64]| of(&both, sample, 0.05).expect("a sample").verdict(limits(&both));
        assert_eq!(verdict(&[2.0, 2.1, 1.9]), Verdict::Holds);
        assert_eq!(verdict(&[4.0, 4.1, 3.9]), Verdict::Broken);
        assert_eq!(verdict(&[0.0, 4.0]), Verdict::Undecided);
        assert_eq!(verdict(&[2.0]), Verdict::Undecided);
        assert_eq!(of(&both, &[], 0.05), None);
    }

    #[test]
    fn yes_and_no_are_counted() {
        // Ten runs without a rollback do not show that fewer than 1% are rolled back.
        let metric = METRICS.iter().find(|metric| metric.name == "rolled_back").expect("a metric");
        let asked = Requirement { metric, ..requirement(Statistic::Mean, None, Some(0.01)) };
        let verdict =
            |sample: &[f64]| of(&asked, sample, 0.05).expect("a sample").verdict(limits(&asked));
        assert_eq!(verdict(&[0.0; 10]), Verdict::Undecided);
        assert_eq!(verdict(&[0.0; 300]), Verdict::Holds);
    }
}
