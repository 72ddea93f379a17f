//! What can be asked of a run.

use std::collections::BTreeMap;

use crate::experiment::Measured;
use crate::sim::{EventRow, Plan, Run};
use crate::stats::{math, normal};
use crate::units::{InstanceId, Version};

/// A number that a run defines.
#[derive(Clone, Copy, Debug)]
pub enum Quantity {
    /// A metric, by its name.
    Metric(&'static str),
    /// The first metric over the second.
    Quotient(&'static str, &'static str),
    /// Share of the requests that failed of those sent between two moments, seconds from the
    /// rollout's start.
    FailedShare(f64, f64),
    /// Mean time that a request waits for a slot, seconds: what its latency is above the mean
    /// service time.
    Wait,
    /// When the n-th event of this name from the start on happened, seconds from then; counted from
    /// one.
    At(&'static str, usize),
    /// How many events of this name there were.
    Events(&'static str),
    /// How many events of this name there were at the very start.
    AtStart(&'static str),
    /// The highest of a count from the start on.
    Most(Instances),
    /// The lowest of a count from the start on.
    Least(Instances),
    /// Most new instances at once that got ready no longer ago than so many seconds.
    Young(f64),
    /// This quantile of the times that boots took, seconds.
    Boot(f64),
    /// Largest distance between the distribution of the times that boots took and the log-normal
    /// law with this mean and this standard deviation of the logarithm (Kolmogorov-Smirnov).
    BootDistance(f64, f64),
}

/// Which instances are counted.
#[derive(Clone, Copy, Debug)]
pub enum Instances {
    /// Those available.
    Available,
    /// All that exist, terminating ones included.
    Existing,
    /// Those that were not told to stop.
    Active,
}

impl Quantity {
    /// Whether it is read from the events, which only the first run keeps.
    #[must_use]
    pub const fn is_of_events(self) -> bool {
        !matches!(self, Self::Metric(_) | Self::Quotient(..) | Self::FailedShare(..) | Self::Wait)
    }

    /// Its value; none where the run does not define it.
    #[must_use]
    pub fn of(self, plan: &Plan, measured: &Measured) -> Option<f64> {
        let Measured { run, metrics } = measured;
        match self {
            Self::Metric(name) => metrics.get(name),
            Self::Quotient(above, below) => quotient(metrics.get(above)?, metrics.get(below)?),
            Self::FailedShare(from, to) => failed_share(run, from, to),
            Self::Wait => {
                let tally = &run.traffic.window;
                let mean = quotient(tally.latency_sum_nanos as f64 / 1e9, tally.ok as f64)?;
                Some(mean - plan.data.instance.service_time.mean_s())
            }
            Self::At(name, number) => {
                let is_one = |row: &EventRow| row.event == name && row.at >= run.start;
                let row = run.events.iter().filter(is_one).nth(number.checked_sub(1)?)?;
                Some(seconds(run, &row))
            }
            Self::Events(name) => {
                Some(run.events.iter().filter(|row| row.event == name).count() as f64)
            }
            Self::AtStart(name) => {
                let is_one = |row: &EventRow| row.event == name && row.at == run.start;
                Some(run.events.iter().filter(is_one).count() as f64)
            }
            Self::Most(which) => which.over(run).max().map(f64::from),
            Self::Least(which) => which.over(run).min().map(f64::from),
            Self::Young(age) => Some(young(run, age)),
            Self::Boot(share) => {
                let boots = boots(run);
                boots.get((share * boots.len() as f64) as usize).copied()
            }
            Self::BootDistance(mu, sigma) => distance(&boots(run), mu, sigma),
        }
    }
}

impl Instances {
    /// After each event from the start on.
    fn over(self, run: &Run) -> impl Iterator<Item = u32> {
        let rows = run.events.iter().filter(|row| row.at >= run.start);
        rows.map(move |row| match self {
            Self::Available => row.available.iter().sum(),
            Self::Existing => row.total + row.terminating,
            Self::Active => row.total,
        })
    }
}

fn quotient(above: f64, below: f64) -> Option<f64> {
    (below > 0.0).then(|| above / below)
}

/// From the rollout's start to the event.
fn seconds(run: &Run, row: &EventRow) -> f64 {
    row.at.nanos_from(run.start) as f64 / 1e9
}

fn failed_share(run: &Run, from: f64, to: f64) -> Option<f64> {
    let bins = &run.traffic.bins;
    let (mut requests, mut failed) = (0, 0);
    for (index, bin) in bins.cells().iter().enumerate() {
        let start = bins.start_nanos(index) as f64 / 1e9;
        if start >= from && start + bins.width().as_secs_f64() <= to {
            requests += bin.requests;
            failed += bin.failed_cause.iter().sum::<u64>();
        }
    }
    quotient(failed as f64, requests as f64)
}

fn young(run: &Run, age: f64) -> f64 {
    let is_one = |row: &EventRow| row.event == "ready" && row.version == Some(Version::New);
    let ready: Vec<f64> = run.events.iter().filter(is_one).map(|row| seconds(run, &row)).collect();
    let at_once = |&now: &f64| ready.iter().filter(|&&at| at <= now && now < at + age).count();
    ready.iter().map(at_once).max().unwrap_or(0) as f64
}

/// The times from launch to boot of the instances launched from the start on, in rising order.
fn boots(run: &Run) -> Vec<f64> {
    let mut launched: BTreeMap<InstanceId, f64> = BTreeMap::new();
    let mut boots = Vec::new();
    for row in run.events.iter().filter(|row| row.at >= run.start) {
        let Some(id) = row.instance else { continue };
        if row.event == "launched" {
            launched.insert(id, seconds(run, &row));
        } else if row.event == "booted"
            && let Some(from) = launched.remove(&id)
        {
            boots.push(seconds(run, &row) - from);
        }
    }
    boots.sort_by(f64::total_cmp);
    boots
}

fn distance(sorted: &[f64], mu: f64, sigma: f64) -> Option<f64> {
    let count = sorted.len() as f64;
    let distances = sorted.iter().enumerate().map(|(below, &value)| {
        let law = normal::probability((math::ln(value) - mu) / sigma);
        (law - below as f64 / count).abs().max((law - (below + 1) as f64 / count).abs())
    });
    distances.reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distance of the quantiles at the middles of n equal parts is half a part.
    #[test]
    fn the_distance_of_a_perfect_sample() {
        let (mu, sigma) = (0.3, 1.3);
        let quantile =
            |at: usize| math::exp(mu + sigma * normal::quantile((at as f64 + 0.5) / 50.0));
        let sample: Vec<f64> = (0..50).map(quantile).collect();
        let found = distance(&sample, mu, sigma).expect("a sample");
        assert!((found - 0.01).abs() < 1e-9, "{found}");
        let moved = distance(&sample, mu + sigma, sigma).expect("a sample");
        // The largest distance between two normal laws a standard deviation apart is 2 P(0.5) - 1.
        assert!((moved - 0.382_925).abs() < 0.011, "{moved}");
        assert_eq!(distance(&[], mu, sigma), None);
    }
}
