//! Is the baseline window stationary, or does the fleet still settle in it?
//!
//! The baseline is measured in the second half of what comes before the rollout. MSER-5 on the
//! mean over the replications says how much of a series to leave out: half or more, and the
//! baseline is not what a settled fleet does. That alone would also tell of what chance does, so
//! the replications, which are independent, must agree that the last quarter differs from the
//! third: by a paired t test, and by so much that it matters. MSER-5 looks for a beginning that is
//! unlike the rest and needs fifty bins; of what gets worse towards the end, or of fewer bins, the
//! t test tells alone, and must be the surer.

use serde::{Deserialize, Serialize};

use super::TimelineRow;
use crate::sim::Run;
use crate::stats::paired::paired;
use crate::stats::warmup::{Truncation, mser5};
use crate::traffic::{CoarseHistogram, TrafficBin};
use crate::units::{Bins, Merge, SimDuration};

/// p values below this are no chance where MSER-5 says the same.
const LEVEL: f64 = 0.01;
/// p values below this are no chance, whatever else is known.
const LEVEL_ALONE: f64 = 1e-4;
/// A latency that changes by less than this share of itself does not matter: twice the width of
/// the cells in which latencies are counted over time.
const LATENCY_MATTERS: f64 = 0.08;
/// A failed share that changes by less than this does not matter.
const FAILED_MATTERS: f64 = 0.001;
/// Offered rates that change by more than this share are meant to, and with them all else.
const SAME_DEMAND: f64 = 0.02;

/// What one run did in the two halves of its baseline window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Halves {
    /// 95th percentile of the latency of successes, seconds; none without successes.
    latency: [Option<f64>; 2],
    /// Failed share of the requests; none without requests.
    failed: [Option<f64>; 2],
}

/// A series that has not settled before the rollout starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unsettled {
    /// What it is a series of.
    pub what: Series,
    /// Its mean in the first half of the baseline window and in the second.
    pub halves: [f64; 2],
    /// How much of the time before the rollout MSER-5 would leave out, in 0.5..=1; none where it
    /// would leave out less, or cannot tell.
    pub share_dropped: Option<f64>,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// 95th percentile of the latency of successes, seconds.
    Latency,
    /// Failed share of the requests.
    Failed,
}

impl std::fmt::Display for Unsettled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [before, after] = self.halves;
        match self.what {
            Series::Latency => write!(
                f,
                "its 95th percentile of the latency goes from {:.3} ms to {:.3} ms",
                before * 1e3,
                after * 1e3
            ),
            Series::Failed => write!(
                f,
                "its failed share goes from {:.3}% to {:.3}%",
                before * 100.0,
                after * 100.0
            ),
        }
    }
}

impl Halves {
    /// Of a run; none if nothing comes before the rollout.
    pub(super) fn of(run: &Run) -> Option<Self> {
        let before = i128::from(run.start.as_nanos());
        if before == 0 {
            return None;
        }
        let of = |from: i128, to: i128| sum_of(&run.traffic.bins, from, to);
        let halves = [of(-before / 2, -before / 4), of(-before / 4, 0)];
        let latency = |half: &Half| half.latency.quantile(0.95).map(SimDuration::as_secs_f64);
        let failed =
            |half: &Half| (half.requests > 0).then(|| half.failed as f64 / half.requests as f64);
        Some(Self {
            latency: halves.each_ref().map(latency),
            failed: halves.each_ref().map(failed),
        })
    }
}

#[derive(Default)]
struct Half {
    requests: u64,
    failed: u64,
    latency: CoarseHistogram,
}

/// The bins that begin within `from..to`, nanoseconds from the rollout's start.
fn sum_of(bins: &Bins<TrafficBin>, from: i128, to: i128) -> Half {
    let mut sum = Half::default();
    for (index, bin) in bins.cells().iter().enumerate() {
        if (from..to).contains(&bins.start_nanos(index)) {
            sum.requests += bin.requests;
            sum.failed += bin.failed_cause.iter().sum::<u64>();
            sum.latency.merge(&bin.latency);
        }
    }
    sum
}

/// What has not settled, given the rows of the time line and what each replication did; none where
/// all has, where the offered rate is meant to change, or where the replications are too few to
/// tell.
pub(super) fn unsettled(rows: &[TimelineRow], halves: &[Halves]) -> Option<Unsettled> {
    let before: Vec<&TimelineRow> = rows.iter().take_while(|row| row.start_nanos < 0).collect();
    let demands = || before.iter().map(|row| row.demand_rps);
    let (least, most) =
        (demands().fold(f64::INFINITY, f64::min), demands().fold(0.0_f64, f64::max));
    if most - least > SAME_DEMAND * most {
        return None;
    }
    let latency: Vec<f64> = before.iter().filter_map(|row| row.latency_p95_s).collect();
    let failed: Vec<f64> = before
        .iter()
        .filter(|row| row.requests > 0.0)
        .map(|row| row.failed / row.requests)
        .collect();
    // A bin without requests leaves a gap; series with many gaps have another time.
    let is_whole = |series: &[f64]| 10 * series.len() >= 9 * before.len();
    let found = [
        (Series::Latency, latency, halves.iter().map(|run| run.latency).collect::<Vec<_>>()),
        (Series::Failed, failed, halves.iter().map(|run| run.failed).collect::<Vec<_>>()),
    ];
    found
        .into_iter()
        .filter(|(_, series, _)| is_whole(series))
        .find_map(|(what, series, halves)| drift(what, &series, &halves))
}

fn drift(what: Series, series: &[f64], halves: &[[Option<f64>; 2]]) -> Option<Unsettled> {
    let truncation = mser5(series).filter(|truncation| !truncation.is_accepted());
    let both = halves.iter().filter_map(|[before, after]| Some(((*before)?, (*after)?)));
    let (before, after): (Vec<f64>, Vec<f64>) = both.unzip();
    let found = paired(&after, &before, 0.95)?;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let means = [mean(&before), mean(&after)];
    let matters = match what {
        Series::Latency => LATENCY_MATTERS * means[0].max(means[1]),
        Series::Failed => FAILED_MATTERS,
    };
    let level = if truncation.is_some() { LEVEL } else { LEVEL_ALONE };
    let share = |cut: Truncation| cut.dropped as f64 / cut.batches as f64;
    (found.p < level && found.difference.mean.abs() > matters).then_some(Unsettled {
        what,
        halves: means,
        share_dropped: truncation.map(share),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Seed, unit};

    const BINS: u64 = 60;

    /// The time line and the halves of replications whose latency (milliseconds) and failed share
    /// in each second are as given, by replication and second.
    fn look(runs: u64, value: impl Fn(u64, u64) -> (f64, f64)) -> Option<Unsettled> {
        let mean = |sum: f64, count: u64| sum / count as f64;
        let rows: Vec<TimelineRow> = (0..BINS)
            .map(|second| {
                let values = (0..runs).map(|run| value(run, second));
                let (latency, failed) = values.fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
                TimelineRow {
                    start_nanos: (i128::from(second) - i128::from(BINS)) * 1_000_000_000,
                    demand_rps: 100.0,
                    requests: 100.0,
                    failed: 100.0 * mean(failed, runs),
                    latency_p95_s: Some(mean(latency, runs) / 1e3),
                    ..TimelineRow::default()
                }
            })
            .collect();
        let half = |run: u64, from: u64, to: u64| {
            let values = (from..to).map(|second| value(run, second));
            let (latency, failed) = values.fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
            (Some(mean(latency, to - from) / 1e3), Some(mean(failed, to - from)))
        };
        let halves: Vec<Halves> = (0..runs)
            .map(|run| {
                let (before, after) = (half(run, 30, 45), half(run, 45, 60));
                Halves { latency: [before.0, after.0], failed: [before.1, after.1] }
            })
            .collect();
        unsettled(&rows, &halves)
    }

    fn noise(run: u64, second: u64) -> f64 {
        unit(Seed { seed: 5, replication: run }.key(Purpose::Boot).draw(second, 0)) - 0.5
    }

    #[test]
    fn a_growing_latency_is_not_settled() {
        let found = look(10, |run, second| (10.0 + second as f64 + 5.0 * noise(run, second), 0.0));
        let found = found.expect("it grows");
        assert_eq!(found.what, Series::Latency);
        assert!(found.share_dropped.is_some_and(|share| share >= 0.5), "{found:?}");
        assert!((found.halves[1] - found.halves[0] - 0.015).abs() < 0.001, "{found:?}");
    }

    #[test]
    fn a_growing_failed_share_is_not_settled() {
        let grown = |second: u64| second.saturating_sub(10) as f64 / 100.0;
        let found = look(5, |run, second| (10.0, grown(second) * (1.0 + 0.1 * noise(run, second))));
        assert_eq!(found.expect("it grows").what, Series::Failed);
    }

    /// MSER-5, which looks for a beginning to leave out, finds nothing here.
    #[test]
    fn what_gets_worse_at_the_end_is_not_settled() {
        let late = |second: u64| if second < 50 { 0.0 } else { 0.5 };
        let found = look(10, |run, second| (10.0, late(second) * (1.0 + 0.1 * noise(run, second))));
        let found = found.expect("it fails in the end");
        assert_eq!((found.what, found.share_dropped), (Series::Failed, None));
    }

    #[test]
    fn what_settles_in_the_first_half_is_fine() {
        let early = |second| if second < 20 { 30.0 } else { 10.0 };
        assert_eq!(look(10, |run, second| (early(second) + noise(run, second), 0.0)), None);
    }

    /// Two thousand experiments of noise about a level: of five replications each, some of them
    /// with another level than the others.
    #[test]
    fn noise_is_no_alarm() {
        let alarms = (0..2000).filter(|experiment| {
            let found = look(5, |run, second| {
                let run = experiment * 5 + run;
                (20.0 + 5.0 * noise(run, 99) + 10.0 * noise(run, second), 0.0)
            });
            found.is_some()
        });
        assert!(alarms.count() <= 2);
    }

    #[test]
    fn a_rate_that_is_meant_to_change_is_left_alone() {
        let mut rows: Vec<TimelineRow> = Vec::new();
        for second in 0..60_u32 {
            rows.push(TimelineRow {
                start_nanos: (i128::from(second) - 60) * 1_000_000_000,
                demand_rps: f64::from(100 + second),
                requests: 100.0,
                latency_p95_s: Some(f64::from(second)),
                ..TimelineRow::default()
            });
        }
        let run = |k: u32| Halves {
            latency: [Some(37.0 + f64::from(k) / 9.0), Some(52.0)],
            failed: [None, None],
        };
        let halves: Vec<Halves> = (0..5).map(run).collect();
        assert_eq!(unsettled(&rows, &halves), None);
        for row in &mut rows {
            row.demand_rps = 100.0;
        }
        assert!(unsettled(&rows, &halves).is_some());
    }
}
