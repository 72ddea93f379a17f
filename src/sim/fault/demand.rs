//! What arrives under spikes of traffic: the offered rate with every spike in it.

use super::super::plan::Plan;
use super::{happening, known_begin};
use crate::fault::Effect;
use crate::random::Seed;
use crate::traffic::RateCurve;
use crate::units::SimTime;

/// From when until when the rate is multiplied by how much.
type Spike = (SimTime, SimTime, f64);

/// The plan with the spikes of a run in its rate; none if there are none.
pub(in crate::sim) fn with_spikes(plan: &Plan, seed: Seed) -> Option<Plan> {
    if plan.faults.is_empty() {
        return None;
    }
    let happens = happening(plan, seed);
    let spikes = spikes(plan, |number, factor| happens[number].then_some(factor));
    if spikes.is_empty() {
        return None;
    }
    let mut spiked = plan.clone();
    spiked.data.traffic.rate = under(&plan.data.traffic.rate, &spikes);
    Some(spiked)
}

/// The offered rate that runs have on average: each spike with its factor where it happens. They
/// happen independently of each other, so the mean of the product is the product of the means.
#[must_use]
pub fn mean_rate(plan: &Plan) -> RateCurve {
    let mean = |number: usize, factor: f64| {
        let probability = plan.faults[number].probability.as_f64();
        Some(1.0 + probability * (factor - 1.0))
    };
    under(&plan.data.traffic.rate, &spikes(plan, mean))
}

/// The spikes of a plan, their factors as `seen`, by the number of the fault; none: it is none.
fn spikes(plan: &Plan, seen: impl Fn(usize, f64) -> Option<f64>) -> Vec<Spike> {
    let start = SimTime::ZERO + plan.simulation.warmup;
    let mut spikes: Vec<Spike> = Vec::new();
    for (number, fault) in plan.faults.iter().enumerate() {
        let Some(from) = known_begin(fault, start) else { continue };
        let to = fault.duration.map_or(SimTime::MAX, |duration| from + duration);
        let factors = fault.effects.iter().filter_map(|effect| match effect {
            Effect::Demand(factor) => seen(number, *factor),
            _ => None,
        });
        spikes.extend(factors.filter(|_| from < to).map(|factor| (from, to, factor)));
    }
    spikes
}

fn under(rate: &RateCurve, spikes: &[Spike]) -> RateCurve {
    spikes.iter().fold(rate.clone(), |rate, spike| multiplied(&rate, *spike))
}

/// A rate curve that is `factor` times as high between two moments.
fn multiplied(rate: &RateCurve, (from, to, factor): Spike) -> RateCurve {
    match rate {
        RateCurve::Constant(rate) => {
            let steps = vec![(SimTime::ZERO, *rate)];
            RateCurve::Steps(multiplied_steps(&steps, from, to, factor).into())
        }
        RateCurve::Steps(points) => {
            RateCurve::Steps(multiplied_steps(points, from, to, factor).into())
        }
        RateCurve::Linear(points) => {
            RateCurve::Linear(multiplied_line(points, from, to, factor).into())
        }
    }
}

fn multiplied_steps(
    points: &[(SimTime, f64)],
    from: SimTime,
    to: SimTime,
    factor: f64,
) -> Vec<(SimTime, f64)> {
    let mut times: Vec<SimTime> = points.iter().map(|(time, _)| *time).collect();
    times.extend([from, to].into_iter().filter(|&time| time < SimTime::MAX));
    times.sort_unstable();
    times.dedup();
    let rate_at = |at: SimTime| points[points.partition_point(|(t, _)| *t <= at).max(1) - 1].1;
    let is_in = |at: SimTime| from <= at && at < to;
    times.iter().map(|&at| (at, rate_at(at) * if is_in(at) { factor } else { 1.0 })).collect()
}

/// A line with jumps: two points at the moments at which the factor comes and goes.
fn multiplied_line(
    points: &[(SimTime, f64)],
    from: SimTime,
    to: SimTime,
    factor: f64,
) -> Vec<(SimTime, f64)> {
    let mut line = Vec::with_capacity(points.len() + 4);
    line.extend(points.iter().filter(|(time, _)| *time < from));
    if from > SimTime::ZERO {
        line.push((from, before(points, from)));
    }
    line.push((from, after(points, from) * factor));
    let within = points.iter().filter(|(time, _)| from < *time && *time < to);
    line.extend(within.map(|(time, rate)| (*time, rate * factor)));
    if to < SimTime::MAX {
        line.extend([(to, before(points, to) * factor), (to, after(points, to))]);
        line.extend(points.iter().filter(|(time, _)| *time > to));
    }
    line
}

/// The rate of a line up to a moment.
fn before(points: &[(SimTime, f64)], at: SimTime) -> f64 {
    interpolated(points, at, points.partition_point(|(time, _)| *time < at))
}

/// The rate of a line from a moment on.
fn after(points: &[(SimTime, f64)], at: SimTime) -> f64 {
    interpolated(points, at, points.partition_point(|(time, _)| *time <= at))
}

fn interpolated(points: &[(SimTime, f64)], at: SimTime, next: usize) -> f64 {
    let after = next.max(1);
    let (from, rate) = points[after - 1];
    let Some(&(to, last)) = points.get(after) else { return rate };
    rate + (last - rate) * at.since(from).as_secs_f64() / to.since(from).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::demand::Demand;
    use crate::units::SimDuration;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(seconds)
    }

    /// Rates just before and from each moment on.
    fn check(rate: RateCurve, spikes: &[Spike], expected: &[(u64, f64, f64)]) {
        let spiked = spikes.iter().fold(rate, |rate, spike| multiplied(&rate, *spike));
        for &(seconds, until, from) in expected {
            let demand = Demand(&spiked);
            let found = (demand.rate_until(at(seconds)), demand.rate_from(at(seconds)));
            assert_eq!(found, (until, from), "{spiked:?} at {seconds}");
        }
    }

    #[test]
    fn a_spike_multiplies_what_arrives_meanwhile() {
        let spike = (at(10), at(20), 3.0);
        check(
            RateCurve::Constant(2.0),
            &[spike],
            &[(5, 2.0, 2.0), (10, 2.0, 6.0), (15, 6.0, 6.0), (20, 6.0, 2.0), (30, 2.0, 2.0)],
        );
        let steps = RateCurve::Steps(vec![(at(0), 1.0), (at(15), 4.0)].into());
        check(steps, &[spike], &[(10, 1.0, 3.0), (15, 3.0, 12.0), (20, 12.0, 4.0)]);
        let line = RateCurve::Linear(vec![(at(0), 0.0), (at(40), 40.0)].into());
        check(
            line,
            &[spike],
            &[
                (5, 5.0, 5.0),
                (10, 10.0, 30.0),
                (15, 45.0, 45.0),
                (20, 60.0, 20.0),
                (30, 30.0, 30.0),
            ],
        );
    }

    #[test]
    fn spikes_multiply_each_other() {
        check(
            RateCurve::Constant(1.0),
            &[(at(0), SimTime::MAX, 2.0), (at(10), at(20), 3.0)],
            &[(5, 2.0, 2.0), (15, 6.0, 6.0), (25, 2.0, 2.0)],
        );
        let line = RateCurve::Linear(vec![(at(0), 1.0), (at(100), 1.0)].into());
        check(
            line,
            &[(at(0), at(50), 2.0), (at(10), at(20), 3.0)],
            &[(5, 2.0, 2.0), (10, 2.0, 6.0), (20, 6.0, 2.0), (50, 2.0, 1.0)],
        );
    }
}
