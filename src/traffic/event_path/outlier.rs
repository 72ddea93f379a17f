//! Passive ejection: an endpoint that fails too often in a row is left out for a while.

use std::collections::VecDeque;

use crate::traffic::OutlierPlan;

/// Failures in a row, and who is left out until when.
#[derive(Clone, Debug)]
pub(super) struct Outliers {
    plan: OutlierPlan,
    /// Failures in a row, by endpoint.
    streaks: Vec<u32>,
    /// Those left out, in the order in which they return.
    out: VecDeque<(u64, u32)>,
}

impl Outliers {
    pub(super) const fn new(plan: OutlierPlan) -> Self {
        Self { plan, streaks: Vec::new(), out: VecDeque::new() }
    }

    /// Forgets what is known of an endpoint.
    pub(super) fn reset(&mut self, endpoint: u32) {
        if endpoint as usize >= self.streaks.len() {
            self.streaks.resize(endpoint as usize + 1, 0);
        }
        self.streaks[endpoint as usize] = 0;
        self.out.retain(|&(_, other)| other != endpoint);
    }

    pub(super) fn succeed(&mut self, endpoint: u32) {
        self.streaks[endpoint as usize] = 0;
    }

    /// Counts a failure of an endpoint at `now`; whether it is to be left out from now on, being
    /// one of `known` that the balancer knows.
    pub(super) fn fail(&mut self, endpoint: u32, known: u32, now: u64) -> bool {
        let streak = &mut self.streaks[endpoint as usize];
        *streak = streak.saturating_add(1);
        let room = self.plan.max_ejected.of_rounded_down(known).max(1);
        let is_out = || self.out.iter().any(|&(_, other)| other == endpoint);
        if *streak < self.plan.errors || self.out.len() >= room as usize || is_out() {
            return false;
        }
        self.out.push_back((now.saturating_add(self.plan.eject.as_nanos()), endpoint));
        true
    }

    /// When the next one returns, ns; the end of time if none does.
    pub(super) fn next_return(&self) -> u64 {
        self.out.front().map_or(u64::MAX, |&(at, _)| at)
    }

    /// Lets the next one return.
    pub(super) fn take_return(&mut self) -> Option<u32> {
        self.out.pop_front().map(|(_, endpoint)| endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Ratio, SimDuration};

    fn outliers(share: f64) -> Outliers {
        let mut outliers = Outliers::new(OutlierPlan {
            errors: 2,
            eject: SimDuration::from_nanos(10),
            max_ejected: Ratio::from_f64(share).expect("a share"),
        });
        (0..10).for_each(|endpoint| outliers.reset(endpoint));
        outliers
    }

    #[test]
    fn failures_in_a_row_eject_and_one_more_does_again() {
        let mut outliers = outliers(0.5);
        assert!(!outliers.fail(3, 10, 0));
        outliers.succeed(3);
        assert!(!outliers.fail(3, 10, 1));
        assert!(outliers.fail(3, 10, 2));
        assert!(!outliers.fail(3, 10, 3), "already out");
        assert_eq!(outliers.next_return(), 12);
        assert_eq!(outliers.take_return(), Some(3));
        assert!(outliers.fail(3, 10, 13), "no success since");
    }

    #[test]
    fn at_most_a_share_is_out_but_always_one() {
        let mut outliers = outliers(0.25);
        let ejected = (0..10).filter(|&e| outliers.fail(e, 10, 0) || outliers.fail(e, 10, 0));
        assert_eq!(ejected.count(), 2);
        let mut few = super::tests::outliers(0.1);
        assert!(few.fail(0, 3, 0) || few.fail(0, 3, 0));
        assert!(!(few.fail(1, 3, 0) || few.fail(1, 3, 0)));
    }
}
