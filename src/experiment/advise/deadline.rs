//! How soon may a rollout be given up that does not get on, without giving up healthy ones?
//!
//! Each healthy rollout has a longest time without progress; the deadline has to be longer than
//! that of nearly all of them. How many get through is known for any deadline from runs that end
//! when it passes, so the order statistics of those times are found by halving.

use super::{Advice, Targets, first_that_holds, steps_in, times};
use crate::experiment::lab::{Lab, Stopped, Wanted};
use crate::sim::{Outcome, Plan};
use crate::stats::binomial::Binomial;
use crate::strategy::OnFailure;
use crate::traffic::RateCurve;
use crate::units::{Ratio, SimDuration};

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The shortest deadline that the share asked for is sure to meet: the interval's upper end.
    pub deadline: SimDuration,
    /// Estimate of the shortest deadline that this share meets: a value of the sample.
    pub quantile: SimDuration,
    /// Lower end of the interval.
    pub low: SimDuration,
    /// Whether even the shortest deadline is met: it does not matter here.
    pub matters: Matters,
    /// What the file says.
    pub written: SimDuration,
    /// How many rollouts met what the file says.
    pub met: u32,
    /// Rollouts.
    pub runs: u32,
    /// Whether requests were simulated.
    pub requests: Requests,
}

/// Whether the deadline can make a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matters {
    /// It can.
    Yes,
    /// The shortest was met by all.
    No,
}

/// Whether requests are simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    /// They are, for a gate looks at them.
    Simulated,
    /// They are not: starts take as long without.
    LeftOut,
}

/// Searches for the shortest deadline that healthy rollouts meet.
///
/// # Errors
/// If the runs cannot be had.
pub fn shortest(
    lab: &mut Lab<'_>,
    plan: &Plan,
    targets: &Targets,
) -> Result<Advice<Deadline>, Stopped> {
    let Some([low, middle, high]) = ranks(targets.met, targets.healthy, targets.confidence) else {
        let needed = enough(targets.met, targets.confidence);
        return Ok(Advice::TooFew { runs: targets.healthy, needed });
    };
    let requests = if plan.gates.is_empty() { Requests::LeftOut } else { Requests::Simulated };
    let healthy = healthy(plan, requests);
    let mut met = |deadline: SimDuration| -> Result<u32, Stopped> {
        let mut plan = healthy.clone();
        plan.readiness.deadline = deadline;
        let name = format!("deadline {}ns", deadline.as_nanos());
        lab.extend(&[Wanted { name: &name, plan: &plan, replications: targets.healthy }])?;
        let done = lab.runs(&name).iter().filter(|run| run.outcome == Outcome::Completed);
        Ok(u32::try_from(done.count()).unwrap_or(u32::MAX))
    };
    let written = plan.readiness.deadline;
    let longest = plan.simulation.max_time;
    let met_now = met(written)?;
    let mut most = steps_in(written, targets.step).clamp(1, steps_in(longest, targets.step).max(1));
    while met(times(targets.step, most))? < high {
        if times(targets.step, most) >= longest {
            return Ok(Advice::NotApplicable(format!(
                "even without a deadline only {} of {} healthy rollouts complete",
                met(longest)?,
                targets.healthy
            )));
        }
        most = most.saturating_mul(2).min(steps_in(longest, targets.step).max(most + 1));
    }
    let mut first = |rank: u32| {
        let found = first_that_holds(1, most + 1, |count| {
            Ok::<bool, Stopped>(met(times(targets.step, count))? >= rank)
        })?;
        // The longest tried is met by enough.
        Ok::<u32, Stopped>(found.unwrap_or(most))
    };
    let [low, middle, high] = [first(low)?, first(middle)?, first(high)?];
    Ok(Advice::Found(Deadline {
        deadline: times(targets.step, high),
        quantile: times(targets.step, middle),
        low: times(targets.step, low),
        matters: if high == 1 { Matters::No } else { Matters::Yes },
        written,
        met: met_now,
        runs: targets.healthy,
        requests,
    }))
}

/// The ranks, from 1, of the order statistics that bound and estimate the `share` quantile of `n`
/// values: the distribution-free interval by the binomial distribution. None if there are too few
/// for an upper bound.
fn ranks(share: f64, n: u32, confidence: f64) -> Option<[u32; 3]> {
    let below = Binomial { trials: u64::from(n), probability: share };
    let tail = (1.0 - confidence) / 2.0;
    let high = below.quantile(1.0 - tail) + 1;
    let low = below.quantile(tail).max(1);
    // What rounding makes of a product that should be whole is no next rank.
    let middle = (f64::from(n) * share - 1e-9).ceil() as u32;
    let rank = |rank: u64| u32::try_from(rank).unwrap_or(u32::MAX);
    (high <= u64::from(n)).then(|| [rank(low), middle.max(1), rank(high)])
}

/// The fewest values that bound the `share` quantile from above.
fn enough(share: f64, confidence: f64) -> u32 {
    (1..u32::MAX).find(|&n| ranks(share, n, confidence).is_some()).unwrap_or(u32::MAX)
}

/// The plan with a release that has no defect but its speed, without faults, and given up when the
/// deadline passes.
fn healthy(plan: &Plan, requests: Requests) -> Plan {
    let mut plan = plan.clone();
    plan.release.startup_failure = Ratio::ZERO;
    plan.release.never_ready = Ratio::ZERO;
    plan.release.crash_after = None;
    plan.data.release.error_rate = Ratio::ZERO;
    plan.data.release.mixed_error_rate = Ratio::ZERO;
    plan.faults.clear();
    plan.operator.clear();
    plan.strategy.on_failure = OnFailure::Abort;
    plan.simulation.settle = SimDuration::ZERO;
    if requests == Requests::LeftOut {
        plan.data.traffic.rate = RateCurve::Constant(0.0);
        plan.budget = None;
        plan.alerts = None;
    }
    plan
}

#[cfg(test)]
mod unit {
    use super::*;

    /// `scipy.stats.binom.ppf` of SciPy 1.17: p99 needs 368 values, p95 72, for 95%; the ranks of
    /// 1000 values for p99 are 983 and 997.
    #[test]
    fn quantiles_need_enough_values() {
        assert_eq!(enough(0.99, 0.95), 368);
        assert_eq!(enough(0.95, 0.95), 72);
        assert_eq!(ranks(0.99, 367, 0.95), None);
        assert_eq!(ranks(0.99, 1000, 0.95), Some([983, 990, 997]));
        assert_eq!(ranks(0.95, 300, 0.95), Some([277, 285, 293]));
    }
}
