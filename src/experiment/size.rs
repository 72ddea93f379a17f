//! How many requests an experiment will send, known before it begins.

use crate::scenario::Scenario;
use crate::sim::{Plan, Run, mean_rate};
use crate::traffic::RateCurve;
use crate::units::{SimDuration, SimTime};

/// Expected number of requests of all runs. Each variant's first replication is run without
/// traffic by `simulate` to learn how long the rollout takes, unless even runs that last until
/// `max_time` would stay below `limit` together: then none, as where `simulate` is interrupted.
#[must_use]
pub fn expected_requests(
    scenario: &Scenario,
    limit: f64,
    simulate: impl Fn(&Plan, u32) -> Option<Run>,
) -> Option<f64> {
    let sum_over_variants = |window: &dyn Fn(&Plan) -> Option<SimDuration>| {
        let mut sum = 0.0;
        for variant in &scenario.variants {
            let plan = &variant.plan;
            let end = SimTime::ZERO + plan.simulation.warmup + window(plan)?;
            let runs = f64::from(plan.simulation.replications);
            sum += runs * requests_until(&mean_rate(plan), end);
        }
        Some(sum)
    };
    let most = sum_over_variants(&|plan| Some(plan.simulation.max_time + plan.simulation.settle))?;
    if most <= limit {
        return None;
    }
    sum_over_variants(&|plan| {
        let mut idle = plan.clone();
        idle.data.traffic.rate = RateCurve::Constant(0.0);
        Some(simulate(&idle, 0)?.window)
    })
}

/// Integral of the offered rate from the simulation's start to `end`.
fn requests_until(rate: &RateCurve, end: SimTime) -> f64 {
    let seconds = |from: SimTime, to: SimTime| to.since(from).as_secs_f64();
    let points = match rate {
        RateCurve::Constant(rate) => return rate * seconds(SimTime::ZERO, end),
        RateCurve::Linear(points) | RateCurve::Steps(points) => points,
    };
    let is_linear = matches!(rate, RateCurve::Linear(_));
    let mut sum = 0.0;
    for (index, &(from, rate)) in points.iter().enumerate() {
        if from >= end {
            break;
        }
        let Some(&(to, next)) = points.get(index + 1) else {
            sum += rate * seconds(from, end);
            break;
        };
        let slope = if is_linear { (next - rate) / seconds(from, to) } else { 0.0 };
        let length = seconds(from, to.min(end));
        sum += length * (rate + slope * length / 2.0);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;
    use crate::sim::Detail;
    use crate::units::Ratio;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(seconds)
    }

    #[test]
    fn the_rate_is_integrated_piece_by_piece() {
        let points = vec![(at(0), 10.0), (at(10), 30.0), (at(20), 0.0)];
        for (rate, end, requests) in [
            (RateCurve::Constant(5.0), 30, 150.0),
            (RateCurve::Linear(points.clone().into()), 5, 75.0),
            (RateCurve::Linear(points.clone().into()), 15, 200.0 + 112.5),
            (RateCurve::Linear(points.clone().into()), 90, 350.0),
            (RateCurve::Steps(points.clone().into()), 15, 250.0),
            (RateCurve::Steps(points.into()), 90, 400.0),
        ] {
            assert_eq!(requests_until(&rate, at(end)), requests, "{rate:?} until {end} s");
        }
    }

    /// A spike of three times the rate in every second run doubles it on average.
    #[test]
    fn spikes_count() {
        use crate::fault::{Begin, Effect, FaultPlan, Place};
        let mut scenario = fixture::scenario(&["recreate"], 10);
        scenario.variants[0].plan.faults.push(FaultPlan {
            kind: "traffic-spike",
            effects: vec![Effect::Demand(3.0)],
            place: Place { version: None, zones: None, share: Ratio::ONE },
            begin: Begin::START,
            duration: Some(SimDuration::from_secs(30)),
            probability: Ratio::from_billionths(500_000_000),
        });
        let simulate = |plan: &Plan, replication| {
            Some(fixture::simulate(plan, replication, Detail::Series).run)
        };
        // 134 s, of which 30 s count twice.
        let expected = expected_requests(&scenario, 0.0, simulate);
        assert_eq!(expected, Some(10.0 * 164.0 * 19_200.0));
    }

    #[test]
    fn only_what_might_be_long_is_looked_at() {
        let scenario = fixture::scenario(&["recreate"], 10);
        let simulate = |plan: &Plan, replication| {
            assert_eq!(plan.data.traffic.rate, RateCurve::Constant(0.0));
            Some(fixture::simulate(plan, replication, Detail::Series).run)
        };
        // At most 60 s + 86 400 s + 60 s, of which 60 s + 14 s + 60 s are simulated.
        let most = 10.0 * 86_520.0 * 19_200.0;
        assert_eq!(expected_requests(&scenario, most, simulate), None);
        let expected = expected_requests(&scenario, most - 1.0, simulate);
        assert_eq!(expected, Some(10.0 * 134.0 * 19_200.0));
        assert_eq!(expected_requests(&scenario, 0.0, |_, _| None), None);
    }
}
