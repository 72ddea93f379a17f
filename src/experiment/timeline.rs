//! State and rates over time: the mean over a variant's replications, bin by bin.

use crate::measure::error_budget;
use crate::sim::{Plan, Run, StateBin};
use crate::traffic::{Ledger, TrafficBin};
use crate::units::{Bins, Merge, SimDuration, SimTime, Version};

/// One row of `timeline.csv`: means over the replications that reach the bin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimelineRow {
    /// Where the bin begins, nanoseconds from the rollout's start.
    pub start_nanos: i128,
    /// Offered requests/s.
    pub demand_rps: f64,
    /// Requests/s that the routed instances can serve.
    pub capacity_rps: f64,
    /// Instances routed to, by version.
    pub routed: [f64; 2],
    /// Instances ready, by version.
    pub ready: [f64; 2],
    /// Instances launched and not yet ready.
    pub starting: f64,
    /// Instances told to stop and not yet gone.
    pub draining: f64,
    /// Instances that exist, without the draining.
    pub total: f64,
    /// Requests sent in the bin.
    pub requests: f64,
    /// Of those, failed.
    pub failed: f64,
    /// Those by what they are charged to and by phase.
    pub ledger: Ledger<f64>,
    /// Share of the error budget spent from the rollout's start to the bin's end; a replication
    /// that has ended keeps what it spent.
    pub error_budget_spent: f64,
    /// Failed share of the bin's requests over the share that may fail; none without requests.
    pub burn_rate: Option<f64>,
    /// 95th percentile of the latency of the bin's successes in all replications, seconds; none
    /// without successes.
    pub latency_p95_s: Option<f64>,
    /// Share of the bin's answers that the new version gave; none without answers.
    pub new_share: Option<f64>,
}

/// What the replications folded so far add up to in one bin.
#[derive(Debug, Default)]
struct BinSum {
    /// Replications that reach the bin. They begin together, so those of a later bin reach the
    /// earlier ones too.
    replications: u32,
    states: StateBin,
    traffic: TrafficBin,
    /// Shares of their error budgets that the bin's failures were.
    spent: f64,
}

impl Merge for BinSum {
    fn merge(&mut self, other: &Self) {
        self.replications = self.replications.max(other.replications);
        self.states.merge(&other.states);
        self.traffic.merge(&other.traffic);
        self.spent += other.spent;
    }
}

/// The sum of a variant's replications, folded one by one in their order.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    bins: Option<Bins<BinSum>>,
    replications: u32,
    allowed: f64,
}

impl Timeline {
    /// Adds the next replication. Runs of different lengths may have bins of different widths:
    /// all take the widest.
    pub(super) fn fold(&mut self, plan: &Plan, run: Run) {
        let budget = error_budget(plan, &run);
        let Run { start, mut states, mut traffic, .. } = run;
        let sums = self.bins.get_or_insert_with(|| Bins::new(start, plan.simulation.bin));
        let width = sums.width().max(states.width()).max(traffic.bins.width());
        sums.coarsen_to(width);
        states.coarsen_to(width);
        traffic.bins.coarsen_to(width);
        for (index, state) in states.cells().iter().enumerate() {
            let sum = cell(sums, index);
            sum.replications += u32::from(state.covered > 0);
            sum.states.merge(state);
            if let Some(requests) = traffic.bins.cells().get(index) {
                sum.traffic.merge(requests);
                if states.start_nanos(index) >= 0 {
                    sum.spent += budget.map_or(0.0, |budget| failed(requests) as f64 / budget);
                }
            }
        }
        self.replications += 1;
        self.allowed = plan.slo.availability.complement().as_f64();
    }

    /// The rows, in order of time.
    pub(super) fn rows(self) -> Vec<TimelineRow> {
        let Some(bins) = self.bins else { return Vec::new() };
        let mut spent = 0.0;
        let mut rows = Vec::with_capacity(bins.cells().len());
        for (index, sum) in bins.cells().iter().enumerate() {
            spent += sum.spent;
            if sum.states.covered > 0 {
                let start_nanos = bins.start_nanos(index);
                let spent = spent / f64::from(self.replications);
                rows.push(row(sum, start_nanos, spent, self.allowed));
            }
        }
        rows
    }
}

/// The cell at `index`, made if there is none yet. Rows with one origin and one width number
/// their cells alike.
fn cell(bins: &mut Bins<BinSum>, index: usize) -> &mut BinSum {
    let nanos = i128::from(bins.origin().as_nanos()) + bins.start_nanos(index);
    // The first bin may begin before the simulation does.
    let start = u64::try_from(nanos.max(0)).unwrap_or(u64::MAX);
    bins.cell(SimTime::from_nanos(start))
}

fn failed(bin: &TrafficBin) -> u64 {
    bin.failed_cause.iter().sum()
}

fn row(sum: &BinSum, start_nanos: i128, spent: f64, allowed: f64) -> TimelineRow {
    let BinSum { replications, states, traffic, .. } = sum;
    let covered = states.covered as f64;
    let seconds = covered / 1e9;
    let replications = f64::from(*replications);
    let mean = |nanos: u128| nanos as f64 / covered;
    let by_version = |nanos: [u128; 2]| Version::ALL.map(|version| mean(nanos[version.index()]));
    let requests = traffic.requests as f64;
    let answered: u64 = traffic.answered.iter().sum();
    let new_answered = traffic.answered[Version::New.index()];
    TimelineRow {
        start_nanos,
        demand_rps: states.demand / seconds,
        capacity_rps: (states.old_capacity + states.new_capacity + states.third_capacity) / seconds,
        routed: by_version(states.routed),
        ready: by_version(states.ready),
        starting: mean(states.starting),
        draining: mean(states.draining),
        total: mean(states.total),
        requests: requests / replications,
        failed: failed(traffic) as f64 / replications,
        ledger: traffic.ledger.map(|phases| phases.map(|count| count as f64 / replications)),
        error_budget_spent: spent,
        burn_rate: share(failed(traffic), traffic.requests).map(|share| share / allowed),
        latency_p95_s: traffic.latency.quantile(0.95).map(SimDuration::as_secs_f64),
        new_share: share(new_answered, answered),
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;
    use crate::sim::Detail;

    fn fold(replications: &[u32]) -> Vec<TimelineRow> {
        let scenario = fixture::scenario(&["three-at-a-time"], 1);
        let plan = &scenario.variants[0].plan;
        let mut timeline = Timeline::default();
        for &replication in replications {
            timeline.fold(plan, fixture::simulate(plan, replication, Detail::Series).run);
        }
        timeline.rows()
    }

    fn at(rows: &[TimelineRow], seconds: i128) -> &TimelineRow {
        rows.iter().find(|row| row.start_nanos == seconds * 1_000_000_000).expect("a bin there")
    }

    #[test]
    fn one_run_is_its_own_mean() {
        let rows = fold(&[0]);
        assert_eq!(rows[0].start_nanos, -60_000_000_000);
        let before = at(&rows, -10);
        assert_eq!((before.capacity_rps, before.routed), (24_000.0, [12.0, 0.0]));
        // Three of twelve are down: 18 000 of 19 200 requests/s are served, in 14 s a step.
        let second_step = at(&rows, 20);
        assert_eq!(second_step.capacity_rps, 18_000.0);
        assert_eq!(second_step.routed, [6.0, 3.0]);
        assert_eq!(second_step.failed, 303.0);
        let by_charge = second_step.ledger.map(|phases| phases.iter().sum::<f64>());
        assert_eq!(by_charge, [3.0, 0.0, 300.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let burn = second_step.burn_rate.expect("there are requests");
        assert!((burn - 303.0 / 4800.0 / 0.001).abs() < 1e-9, "{burn}");
        assert_eq!(second_step.new_share, Some(3.0 / 9.0));
    }

    #[test]
    fn the_budget_is_spent_from_the_start_on_and_ends_at_the_metric() {
        let scenario = fixture::scenario(&["three-at-a-time"], 1);
        let plan = &scenario.variants[0].plan;
        let metric: f64 = [0, 1, 2]
            .map(|replication| fixture::simulate(plan, replication, Detail::Series).metrics)
            .iter()
            .filter_map(|metrics| metrics.get("error_budget_spent"))
            .sum::<f64>()
            / 3.0;
        let rows = fold(&[0, 1, 2]);
        assert_eq!(at(&rows, -1).error_budget_spent, 0.0);
        assert!(rows.windows(2).all(|two| two[0].error_budget_spent <= two[1].error_budget_spent));
        let last = rows.last().expect("rows").error_budget_spent;
        assert!((last - metric).abs() < 1e-12, "{last} {metric}");
    }

    #[test]
    fn runs_that_ended_do_not_dilute_the_later_bins() {
        // Replication 0 ends after 4 x 14 s and settles for 60 s more; replication 2 boots 4 s
        // longer a step.
        let rows = fold(&[0, 2]);
        let last = rows.last().expect("rows");
        assert!(last.start_nanos > (4 * 14 + 60) * 1_000_000_000);
        assert_eq!(last.demand_rps, 19_200.0);
        assert_eq!(last.requests, 4800.0);
    }

    #[test]
    fn runs_of_different_widths_take_the_widest() {
        let scenario = fixture::scenario(&["three-at-a-time"], 1);
        let plan = &scenario.variants[0].plan;
        let mut timeline = Timeline::default();
        let fine = fixture::simulate(plan, 0, Detail::Series).run;
        let mut coarse = fine.clone();
        coarse.states.coarsen_to(SimDuration::from_secs(1));
        timeline.fold(plan, fine.clone());
        timeline.fold(plan, coarse);
        timeline.fold(plan, fine);
        let rows = timeline.rows();
        assert_eq!(rows[1].start_nanos - rows[0].start_nanos, 1_000_000_000);
        assert_eq!(at(&rows, 20).requests, 19_200.0);
        assert_eq!(at(&rows, 20).failed, 4.0 * 303.0);
    }
}
