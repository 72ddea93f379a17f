//! The offered rate at a moment, on both sides of a change.

use crate::traffic::RateCurve;
use crate::units::SimTime;

/// Offered requests/s over time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand<'a>(pub(super) &'a RateCurve);

impl<'a> Demand<'a> {
    /// The first moment after `at` at which the curve takes another course.
    pub(super) fn next_change(self, at: SimTime) -> Option<SimTime> {
        match self.0 {
            RateCurve::Constant(_) => None,
            RateCurve::Linear(points) | RateCurve::Steps(points) => {
                let next = points.partition_point(|(time, _)| *time <= at);
                points.get(next).map(|(time, _)| *time)
            }
        }
    }

    /// Whether the rate rises or falls from `at` on.
    pub(super) fn is_sloping(self, at: SimTime) -> bool {
        let RateCurve::Linear(points) = self.0 else { return false };
        let next = points.partition_point(|(time, _)| *time <= at);
        next > 0 && points.get(next).is_some_and(|&(_, rate)| rate != points[next - 1].1)
    }

    /// Requests/s from `at` on.
    pub(super) fn rate_from(self, at: SimTime) -> f64 {
        self.rate(at, |points| points.partition_point(|(time, _)| *time <= at))
    }

    /// Requests/s up to `at`.
    pub(super) fn rate_until(self, at: SimTime) -> f64 {
        self.rate(at, |points| points.partition_point(|(time, _)| *time < at))
    }

    fn rate(self, at: SimTime, next: impl Fn(&[(SimTime, f64)]) -> usize) -> f64 {
        match self.0 {
            RateCurve::Constant(rate) => *rate,
            RateCurve::Steps(points) => points[next(points).max(1) - 1].1,
            RateCurve::Linear(points) => {
                let after = next(points).max(1);
                let (from, rate) = points[after - 1];
                let Some(&(to, last)) = points.get(after) else { return rate };
                let share = at.since(from).as_secs_f64() / to.since(from).as_secs_f64();
                rate + (last - rate) * share
            }
        }
    }

    /// Every moment at which the curve takes another course.
    pub(super) fn changes(self) -> impl Iterator<Item = SimTime> + 'a {
        let points = match self.0 {
            RateCurve::Constant(_) => &[][..],
            RateCurve::Linear(points) | RateCurve::Steps(points) => &points[..],
        };
        points.iter().map(|(time, _)| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimDuration;

    #[test]
    fn rates_before_and_after_a_change() {
        let at = |seconds| SimTime::ZERO + SimDuration::from_secs(seconds);
        let steps = RateCurve::Steps(vec![(at(0), 1.0), (at(10), 3.0)].into());
        assert_eq!(
            (Demand(&steps).rate_until(at(10)), Demand(&steps).rate_from(at(10))),
            (1.0, 3.0)
        );
        let linear = RateCurve::Linear(vec![(at(0), 1.0), (at(10), 3.0)].into());
        assert_eq!(
            (Demand(&linear).rate_from(at(5)), Demand(&linear).rate_from(at(99))),
            (2.0, 3.0)
        );
        assert_eq!(Demand(&linear).next_change(at(0)), Some(at(10)));
        assert_eq!(Demand(&linear).next_change(at(10)), None);
    }
}
