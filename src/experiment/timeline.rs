//! State and rates over time: the mean over a variant's replications, bin by bin.

use serde::{Deserialize, Serialize};

use crate::measure::error_budget;
use crate::sim::{Plan, Run, StateBin};
use crate::traffic::{Ledger, TrafficBin};
use crate::units::{Bins, ExactSum, Merge, SimDuration, SimTime, Version};

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

/// Requests and rates over time: what a run has of them is rounded to 5e-20.
type Amount = ExactSum<64>;
/// Shares of an error budget, which may be very small.
type Spent = ExactSum<90>;

/// What some replications add up to in one bin; whole numbers all, so that parts of a sample add
/// up to the same whole however it was divided.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct BinSum {
    covered: u128,
    demand: Amount,
    capacity: Amount,
    routed: [u128; 2],
    ready: [u128; 2],
    starting: u128,
    draining: u128,
    total: u128,
    traffic: TrafficBin,
    /// Shares of their error budgets that the bin's failures were.
    spent: Spent,
}

impl BinSum {
    fn add_states(&mut self, bin: &StateBin) {
        self.covered += u128::from(bin.covered);
        self.demand += Amount::of(bin.demand);
        self.capacity += Amount::of(bin.old_capacity + bin.new_capacity + bin.third_capacity);
        for version in Version::ALL.map(Version::index) {
            self.routed[version] += bin.routed[version];
            self.ready[version] += bin.ready[version];
        }
        self.starting += bin.starting;
        self.draining += bin.draining;
        self.total += bin.total;
    }
}

impl Merge for BinSum {
    fn merge(&mut self, other: &Self) {
        self.covered += other.covered;
        self.demand += other.demand;
        self.capacity += other.capacity;
        for version in Version::ALL.map(Version::index) {
            self.routed[version] += other.routed[version];
            self.ready[version] += other.ready[version];
        }
        self.starting += other.starting;
        self.draining += other.draining;
        self.total += other.total;
        self.traffic.merge(&other.traffic);
        self.spent += other.spent;
    }
}

/// The sum of some replications of a variant. Sums of disjoint replications can be merged in any
/// order, with one result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Timeline {
    bins: Option<Bins<BinSum>>,
    /// When each replication ended.
    ends: Vec<SimTime>,
    allowed: f64,
}

impl Timeline {
    /// Adds a replication. Runs of different lengths may have bins of different widths: all take
    /// the widest.
    pub(super) fn add(&mut self, plan: &Plan, run: &Run) {
        let budget = error_budget(plan, run);
        let Run { start, states, traffic, .. } = run;
        let sums = self.bins.get_or_insert_with(|| Bins::new(*start, plan.simulation.bin));
        sums.coarsen_to(states.width().max(traffic.bins.width()));
        for (position, state) in sums.positions_of(states).zip(states.cells()) {
            sums.cell_at(position).add_states(state);
        }
        let positions = sums.positions_of(&traffic.bins);
        for (index, (position, requests)) in positions.zip(traffic.bins.cells()).enumerate() {
            // Most bins of a run without traffic; the rest of such a bin is empty too.
            if requests.requests == 0 {
                continue;
            }
            let sum = sums.cell_at(position);
            sum.traffic.merge(requests);
            if let Some(budget) = budget.filter(|_| traffic.bins.start_nanos(index) >= 0) {
                sum.spent += Spent::of(failed(requests) as f64 / budget);
            }
        }
        self.ends.push(*start + run.window);
        self.allowed = plan.slo.availability.complement().as_f64();
    }

    /// Adds other replications of the same variant.
    pub(super) fn merge(&mut self, other: Self) {
        let Some(more) = other.bins else { return };
        self.ends.extend(other.ends);
        self.allowed = other.allowed;
        let Some(sums) = &mut self.bins else {
            self.bins = Some(more);
            return;
        };
        sums.coarsen_to(more.width());
        for (position, sum) in sums.positions_of(&more).zip(more.cells()) {
            sums.cell_at(position).merge(sum);
        }
    }

    /// The rows, in order of time.
    pub(super) fn rows(mut self) -> Vec<TimelineRow> {
        let Some(bins) = self.bins else { return Vec::new() };
        self.ends.sort_unstable();
        let mut spent = Spent::default();
        let mut rows = Vec::with_capacity(bins.cells().len());
        for (index, sum) in bins.cells().iter().enumerate() {
            spent += sum.spent;
            if sum.covered > 0 {
                let start_nanos = bins.start_nanos(index);
                // Replications begin together and end apart.
                let start = moment(&bins, start_nanos);
                let reaching = self.ends.len() - self.ends.partition_point(|&end| end <= start);
                let spent = spent.value() / self.ends.len() as f64;
                rows.push(row(sum, start_nanos, reaching as f64, (spent, self.allowed)));
            }
        }
        rows
    }
}

/// So many nanoseconds from the bins' origin. The first bin may begin before the simulation does.
fn moment(bins: &Bins<BinSum>, start_nanos: i128) -> SimTime {
    let nanos = i128::from(bins.origin().as_nanos()) + start_nanos;
    SimTime::from_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
}

fn failed(bin: &TrafficBin) -> u64 {
    bin.failed_cause.iter().sum()
}

fn row(
    sum: &BinSum,
    start_nanos: i128,
    replications: f64,
    (spent, allowed): (f64, f64),
) -> TimelineRow {
    let traffic = &sum.traffic;
    let covered = sum.covered as f64;
    let seconds = covered / 1e9;
    let mean = |nanos: u128| nanos as f64 / covered;
    let requests = traffic.requests as f64;
    let answered: u64 = traffic.answered.iter().sum();
    let new_answered = traffic.answered[Version::New.index()];
    TimelineRow {
        start_nanos,
        demand_rps: sum.demand.value() / seconds,
        capacity_rps: sum.capacity.value() / seconds,
        routed: sum.routed.map(mean),
        ready: sum.ready.map(mean),
        starting: mean(sum.starting),
        draining: mean(sum.draining),
        total: mean(sum.total),
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
            timeline.add(plan, &fixture::simulate(plan, replication, Detail::Series).run);
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
    fn however_it_is_divided_the_whole_is_the_same() {
        let scenario = fixture::scenario(&["three-at-a-time"], 1);
        let plan = &scenario.variants[0].plan;
        let runs: Vec<Run> = (0..6)
            .map(|replication| {
                let mut run = fixture::simulate(plan, replication, Detail::Series).run;
                let width = SimDuration::from_millis(250 << (replication % 3));
                run.states.coarsen_to(width);
                run.traffic.bins.coarsen_to(width);
                run
            })
            .collect();
        let sum = |numbers: &[usize]| {
            let mut timeline = Timeline::default();
            for &number in numbers {
                timeline.add(plan, &runs[number]);
            }
            timeline
        };
        let whole = sum(&[0, 1, 2, 3, 4, 5]).rows();
        assert!(whole.len() > 20);
        for parts in [&[&[5, 3][..], &[0, 4, 2], &[1]], &[&[][..], &[2, 0, 1], &[3, 5, 4]]] {
            let mut timeline = Timeline::default();
            for part in parts {
                timeline.merge(sum(part));
            }
            assert_eq!(timeline.rows(), whole, "{parts:?}");
        }
    }

    #[test]
    fn runs_of_different_widths_take_the_widest() {
        let scenario = fixture::scenario(&["three-at-a-time"], 1);
        let plan = &scenario.variants[0].plan;
        let mut timeline = Timeline::default();
        let fine = fixture::simulate(plan, 0, Detail::Series).run;
        let mut coarse = fine.clone();
        coarse.states.coarsen_to(SimDuration::from_secs(1));
        for run in [&fine, &coarse, &fine] {
            timeline.add(plan, run);
        }
        let rows = timeline.rows();
        assert_eq!(rows[1].start_nanos - rows[0].start_nanos, 1_000_000_000);
        assert_eq!(at(&rows, 20).requests, 19_200.0);
        assert_eq!(at(&rows, 20).failed, 4.0 * 303.0);
    }
}
