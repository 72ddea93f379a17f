//! What a client does after a failed attempt: whether it tries again, and when.

use super::RetryPlan;
use super::process::FOREVER;
use crate::random::{Key, Purpose, Seed, unit};
use crate::stats::math;
use crate::units::{Ratio, SimDuration};

const SECOND: u64 = 1_000_000_000;
/// The budget looks back this many buckets of a second.
const BUCKETS: usize = 10;

/// All clients together.
#[derive(Clone, Debug)]
pub(super) struct Client {
    plan: RetryPlan,
    jitter: Key,
    budget: Option<Budget>,
}

/// Requests and retries of the last ten seconds.
#[derive(Clone, Debug)]
struct Budget {
    share: Ratio,
    /// Requests and retries, by second modulo [`BUCKETS`].
    buckets: [[u64; 2]; BUCKETS],
    sums: [u64; 2],
    /// Number of the latest second.
    second: u64,
}

impl Client {
    pub(super) fn new(plan: &RetryPlan, seed: Seed) -> Self {
        let budget = plan.budget.map(|share| Budget {
            share,
            buckets: [[0; 2]; BUCKETS],
            sums: [0; 2],
            second: 0,
        });
        Self { plan: plan.clone(), jitter: seed.key(Purpose::RetryJitter), budget }
    }

    /// A logical request is sent.
    #[inline]
    pub(super) fn send(&mut self, now: u64) {
        if let Some(budget) = &mut self.budget {
            budget.count(now, 0);
        }
    }

    /// When the client tries request `number` again, whose attempt `tried` (0: the first) failed
    /// at `now`; none if it gives up. The retry counts against the budget.
    pub(super) fn retry_at(&mut self, number: u64, tried: u32, now: u64) -> Option<u64> {
        if tried >= self.plan.attempts {
            return None;
        }
        let growth = math::pow(self.plan.multiplier, f64::from(tried));
        let spread = 2.0 * unit(self.jitter.draw(number, u64::from(tried))) - 1.0;
        let wait = self.plan.backoff.scaled(growth * (1.0 + self.plan.jitter * spread));
        let at = now.checked_add(SimDuration::as_nanos(wait)).filter(|&at| at < FOREVER)?;
        if let Some(budget) = &mut self.budget {
            if !budget.is_left(now) {
                return None;
            }
            budget.count(now, 1);
        }
        Some(at)
    }
}

impl Budget {
    fn is_left(&mut self, now: u64) -> bool {
        self.roll(now);
        let [requests, retries] = self.sums.map(u128::from);
        let whole = u128::from(Ratio::ONE.billionths());
        (retries + 1) * whole <= requests * u128::from(self.share.billionths())
    }

    fn count(&mut self, now: u64, kind: usize) {
        self.roll(now);
        self.buckets[self.second as usize % BUCKETS][kind] += 1;
        self.sums[kind] += 1;
    }

    /// Forgets the seconds that are too long ago.
    fn roll(&mut self, now: u64) {
        let second = now / SECOND;
        let passed = second.saturating_sub(self.second);
        for step in 1..=passed.min(BUCKETS as u64) {
            let old = &mut self.buckets[(self.second + step) as usize % BUCKETS];
            for (sum, count) in self.sums.iter_mut().zip(std::mem::take(old)) {
                *sum -= count;
            }
        }
        self.second = self.second.max(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(jitter: f64, budget: Option<f64>) -> Client {
        let plan = RetryPlan {
            attempts: 3,
            backoff: SimDuration::from_millis(100),
            multiplier: 2.0,
            jitter,
            budget: budget.and_then(Ratio::from_f64),
        };
        Client::new(&plan, Seed { seed: 1, replication: 0 })
    }

    #[test]
    fn waits_grow_geometrically_and_end_with_the_attempts() {
        let mut client = client(0.0, None);
        let waits: Vec<_> = (0..4).map(|tried| client.retry_at(9, tried, 1_000)).collect();
        let after = |millis: u64| Some(1_000 + millis * 1_000_000);
        assert_eq!(waits, [after(100), after(200), after(400), None]);
    }

    #[test]
    fn jitter_spreads_uniformly_around_the_wait() {
        let mut client = client(0.5, None);
        let waits: Vec<f64> = (0..10_000)
            .filter_map(|number| client.retry_at(number, 0, 0))
            .map(|at| at as f64 / 1e8)
            .collect();
        assert!(waits.iter().all(|wait| (0.5..=1.5).contains(wait)));
        let mean = waits.iter().sum::<f64>() / waits.len() as f64;
        // The standard error is 1 / sqrt(12 x 10 000) = 0.0029.
        assert!((mean - 1.0).abs() < 0.012, "{mean}");
    }

    #[test]
    fn the_budget_is_a_share_of_the_last_ten_seconds() {
        let mut client = client(0.0, Some(0.2));
        for millis in 0..50 {
            client.send(millis * 10_000_000);
        }
        let retries = |client: &mut Client, now| {
            (0..100).filter(|&number| client.retry_at(number, 0, now).is_some()).count()
        };
        assert_eq!(retries(&mut client, SECOND / 2), 10, "20% of 50");
        assert_eq!(retries(&mut client, 9 * SECOND), 0, "spent");
        assert_eq!(retries(&mut client, 10 * SECOND), 0, "no requests in the last ten seconds");
        for _ in 0..5 {
            client.send(30 * SECOND);
        }
        assert_eq!(retries(&mut client, 31 * SECOND), 1, "20% of 5");
    }
}
