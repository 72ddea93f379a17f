//! What counts as one observation: a run, or an antithetic pair of runs.

use super::RunResult;
use crate::measure::{METRICS, Metrics};
use crate::sim::Pairing;

/// The independent observations among the values of runs in the order of the replications, from
/// 0: those that are defined, or the means of the pairs of which both are.
pub(super) fn of_values(values: &[Option<f64>], pairing: Pairing) -> Vec<f64> {
    match pairing {
        Pairing::Independent => values.iter().copied().flatten().collect(),
        Pairing::Antithetic => values.chunks_exact(2).filter_map(mean_of_both).collect(),
    }
}

/// The same of every metric of some runs.
pub(super) fn of_metrics(runs: Vec<Metrics>, pairing: Pairing) -> Vec<Metrics> {
    if pairing == Pairing::Independent {
        return runs;
    }
    let mean = |pair: &[Metrics], metric: usize| {
        let values = [&pair[0], &pair[1]].map(|run| run.values()[metric]);
        mean_of_both(&values)
    };
    let pairs = runs.chunks_exact(2);
    pairs
        .map(|pair| Metrics::new((0..METRICS.len()).map(|metric| mean(pair, metric)).collect()))
        .collect()
}

/// The same of the metrics of some results.
pub(super) fn of_runs(runs: &[RunResult], pairing: Pairing) -> Vec<Metrics> {
    of_metrics(runs.iter().map(|run| run.metrics.clone()).collect(), pairing)
}

fn mean_of_both(pair: &[Option<f64>]) -> Option<f64> {
    Some(f64::midpoint(pair[0]?, pair[1]?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_one_observation() {
        let values = [Some(1.0), Some(3.0), None, Some(4.0), Some(5.0), Some(5.0), Some(9.0)];
        assert_eq!(of_values(&values, Pairing::Independent), [1.0, 3.0, 4.0, 5.0, 5.0, 9.0]);
        assert_eq!(of_values(&values, Pairing::Antithetic), [2.0, 5.0]);
    }
}
