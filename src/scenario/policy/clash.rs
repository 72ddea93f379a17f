//! Requirements that no strategy can meet together.

use super::{Requirement, Statistic};

/// The first two requirements that contradict each other, by number: what the first asks at least
/// is more than what the second allows at most, whatever the runs are.
pub(super) fn find(requirements: &[Requirement]) -> Option<(usize, usize)> {
    let numbers = 0..requirements.len();
    let pairs = numbers.clone().flat_map(|low| numbers.clone().map(move |high| (low, high)));
    pairs.filter(|(low, high)| low != high).find(|&(low, high)| {
        let (low, high) = (&requirements[low], &requirements[high]);
        low.metric == high.metric && share_a_strategy(low, high) && is_above(low, high)
    })
}

fn share_a_strategy(one: &Requirement, two: &Requirement) -> bool {
    match (&one.strategies, &two.strategies) {
        (Some(names), _) => names.iter().any(|name| two.is_asked_of(name)),
        (None, Some(names)) => !names.is_empty(),
        (None, None) => true,
    }
}

/// Whether what `low` asks at least is more than `high` allows at most, of statistics of which the
/// first is never above the second.
fn is_above(low: &Requirement, high: &Requirement) -> bool {
    let (Some(min), Some(max)) = (low.min, high.max) else { return false };
    min > max && never_exceeds(low.statistic, high.statistic)
}

/// Whether the first statistic of a sample is never above the second.
fn never_exceeds(low: Statistic, high: Statistic) -> bool {
    use Statistic::{Breaches, Max, Mean, Min, Quantile};
    match (low, high) {
        (Min, Breaches(_)) | (Breaches(_), Max) => true,
        // All but some of the runs are above the one limit, and all but some below the other.
        (Breaches(one), Breaches(two)) => one + two < 1.0,
        (Breaches(share), Quantile(q)) | (Quantile(q), Breaches(share)) => match low {
            // The quantile from which all but that share lie on is at least the limit.
            Breaches(_) => share <= q,
            _ => q <= 1.0 - share,
        },
        (Min, _) | (_, Max) | (Mean, Mean) => true,
        (Quantile(low), Quantile(high)) => low <= high,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::METRICS;
    use crate::scenario::policy::At;

    fn asked(statistic: Statistic, min: Option<f64>, max: Option<f64>) -> Requirement {
        let place = At::default();
        Requirement { metric: &METRICS[0], statistic, min, max, strategies: None, place }
    }

    #[test]
    fn statistics_in_order() {
        use Statistic::{Breaches, Max, Mean, Min, Quantile};
        for (low, high, expected) in [
            (Mean, Mean, true),
            (Min, Mean, true),
            (Mean, Max, true),
            (Mean, Quantile(0.95), false),
            (Quantile(0.05), Quantile(0.95), true),
            (Quantile(0.95), Quantile(0.05), false),
            (Max, Min, false),
            (Max, Max, true),
            (Breaches(0.01), Quantile(0.05), true),
            (Breaches(0.10), Quantile(0.05), false),
            (Quantile(0.95), Breaches(0.01), true),
            (Breaches(0.1), Breaches(0.1), true),
            (Breaches(0.6), Breaches(0.6), false),
        ] {
            let both = [asked(low, Some(2.0), None), asked(high, None, Some(1.0))];
            let expected = expected.then_some((0, 1));
            assert_eq!(find(&both), expected, "{low} {high}");
            let other_way = find(&[both[1].clone(), both[0].clone()]);
            assert_eq!(other_way, expected.map(|_| (1, 0)), "{low} {high}");
            let fits = [asked(low, Some(1.0), None), asked(high, None, Some(1.0))];
            assert_eq!(find(&fits), None);
        }
    }

    #[test]
    fn requirements_of_different_strategies_do_not_clash() {
        let mut both =
            [asked(Statistic::Mean, Some(2.0), None), asked(Statistic::Mean, None, Some(1.0))];
        both[0].strategies = Some(vec!["a".into()]);
        assert_eq!(find(&both), Some((0, 1)));
        both[1].strategies = Some(vec!["b".into()]);
        assert_eq!(find(&both), None);
    }
}
