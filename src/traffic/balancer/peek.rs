//! Where a request would go, without its going there: for synthetic checks.

use super::{ALL, Balancer, Holder, Side, draw_one, draw_two, scale, scramble};
use crate::traffic::Policy;

impl Balancer {
    /// The endpoint that [`Balancer::pick`] would give; nobody's turn is taken. While endpoints
    /// come up gradually, rotations and pairs are drawn by weight instead.
    pub(in crate::traffic) fn peek(
        &self,
        side: Side,
        route: u64,
        now: u64,
        holders: &[impl Holder],
    ) -> Option<u32> {
        let (pool, route) = match side {
            Side::All => (ALL, route),
            Side::Only(version) => (self.pool_of(version), scramble(route)),
        };
        if self.pools[pool].present == 0 {
            return None;
        }
        let is_gradual = !self.ramping.is_empty();
        match self.policy {
            Policy::LeastRequests if is_gradual => self.least_weighted(pool, now, holders),
            Policy::LeastRequests => self.least_of(pool).map(|(endpoint, _)| endpoint),
            Policy::RoundRobin if is_gradual => self.peek_by_weight(pool, route, now),
            _ if is_gradual => Some(self.draw_weighted(pool, route, now, None)),
            Policy::RoundRobin => {
                let pool = &self.pools[pool];
                pool.turns.next_in_turn(pool.next_turn)
            }
            Policy::Random => Some(draw_one(&self.pools[pool].list, route)),
            Policy::PowerOfTwo => Some(draw_two(&self.pools[pool].list, route, now, holders)),
        }
    }
    /// One of those that take turns, drawn by weight.
    fn peek_by_weight(&self, pool: usize, route: u64, now: u64) -> Option<u32> {
        let turns = &self.pools[pool].turns;
        let all = || {
            std::iter::successors(turns.at_least(0), |last| turns.at_least(last + 1))
                .map(|endpoint| (endpoint, self.weight(endpoint, now)))
        };
        let mut left = scale(route, all().map(|(_, weight)| weight).sum());
        let mut found = all().skip_while(|&(_, weight)| {
            let is_before = left >= weight;
            left = left.saturating_sub(weight);
            is_before
        });
        found.next().map(|(endpoint, _)| endpoint)
    }
}
