//! Picks while endpoints come up gradually: by weight, from a sixteenth in equal steps to full.

use super::{ALL, Balancer, FULL_WEIGHT, Holder, SECOND, load_of, scale, scramble};
use crate::traffic::Policy;

impl Balancer {
    #[cold]
    #[inline(never)]
    pub(super) fn pick_while_ramping(
        &mut self,
        pool: usize,
        route: u64,
        now: u64,
        holders: &[impl Holder],
    ) -> Option<u32> {
        let is_up = |since: u64| now >= since.saturating_add(self.slow_start);
        // They came up one after another, so those whose weight is full by now stand first.
        let up = self.ramping.iter().take_while(|&&e| is_up(self.members[e as usize].since));
        let up = up.count();
        for endpoint in self.ramping.drain(..up).collect::<Vec<u32>>() {
            self.members[endpoint as usize].is_ramping = false;
            self.enter_fully(endpoint, load_of(holders, endpoint, now));
        }
        match self.policy {
            Policy::Random => Some(self.draw_weighted(pool, route, now, None)),
            Policy::RoundRobin => self.take_weighted_turn(pool, now),
            Policy::LeastRequests => self.least_weighted(pool, now, holders),
            Policy::PowerOfTwo => {
                let first = self.draw_weighted(pool, route, now, None);
                if self.pools[pool].present == 1 {
                    return Some(first);
                }
                let second = self.draw_weighted(pool, scramble(route ^ 1), now, Some(first));
                let load = |endpoint| load_of(holders, endpoint, now);
                Some(if load(second) < load(first) { second } else { first })
            }
        }
    }

    /// The endpoints of a pool whose weight still rises, with their weights at `now`.
    fn rising(&self, pool: usize, now: u64) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.ramping.iter().filter_map(move |&endpoint| {
            let version = self.members[endpoint as usize].version;
            let is_in = pool == ALL || pool == version.index();
            is_in.then(|| (endpoint, self.weight(endpoint, now)))
        })
    }

    /// Weight at `now`: from a sixteenth in equal steps a second to full.
    pub(super) fn weight(&self, endpoint: u32, now: u64) -> u64 {
        let member = &self.members[endpoint as usize];
        if !member.is_ramping {
            return FULL_WEIGHT;
        }
        let steps = self.slow_start.div_ceil(SECOND).max(1);
        let step = (now.saturating_sub(member.since) / SECOND).min(steps);
        let least = FULL_WEIGHT / 16;
        least + (FULL_WEIGHT - least) * step / steps
    }

    /// An endpoint drawn by weight, never `except`.
    pub(super) fn draw_weighted(
        &self,
        pool: usize,
        route: u64,
        now: u64,
        except: Option<u32>,
    ) -> u32 {
        let list = &self.pools[pool].list;
        let slot = usize::from(pool == ALL);
        let hole = except.filter(|&e| !self.members[e as usize].is_ramping);
        let hole = hole.map(|endpoint| self.members[endpoint as usize].places[slot] as usize);
        let full = (list.len() - usize::from(hole.is_some())) as u64 * FULL_WEIGHT;
        let rising = || self.rising(pool, now).filter(|&(endpoint, _)| Some(endpoint) != except);
        let total = full + rising().map(|(_, weight)| weight).sum::<u64>();
        let mut left = scale(route, total);
        if left < full {
            let index = (left / FULL_WEIGHT) as usize;
            return list[index + usize::from(hole.is_some_and(|hole| index >= hole))];
        }
        left -= full;
        let found = rising().find(|&(_, weight)| {
            let is_here = left < weight;
            left = left.saturating_sub(weight);
            is_here
        });
        found.map_or(except.unwrap_or(0), |(endpoint, _)| endpoint)
    }

    /// The next in a smooth weighted rotation: each is owed its weight a turn, who is owed most is
    /// next and pays the sum of all weights.
    fn take_weighted_turn(&mut self, pool: usize, now: u64) -> Option<u32> {
        let mut credits = std::mem::take(&mut self.pools[pool].credits);
        credits.resize(self.members.len(), 0);
        let mut best: Option<u32> = None;
        let mut total = 0;
        let mut from = 0;
        while let Some(endpoint) = self.pools[pool].turns.at_least(from) {
            let weight = self.weight(endpoint, now) as i64;
            total += weight;
            credits[endpoint as usize] += weight;
            if best.is_none_or(|best| credits[endpoint as usize] > credits[best as usize]) {
                best = Some(endpoint);
            }
            from = endpoint + 1;
        }
        if let Some(best) = best {
            credits[best as usize] -= total;
            self.pools[pool].next_turn = best + 1;
        }
        self.pools[pool].credits = credits;
        best
    }

    /// The endpoint with the least load for its weight, the lowest index on ties.
    pub(super) fn least_weighted(
        &self,
        pool: usize,
        now: u64,
        holders: &[impl Holder],
    ) -> Option<u32> {
        let full = self.least_of(pool).map(|(endpoint, load)| (endpoint, load, FULL_WEIGHT));
        let rising =
            self.rising(pool, now).map(|(e, weight)| (e, load_of(holders, e, now), weight));
        let best = rising.chain(full).min_by(|one, other| {
            let left = u64::from(one.1) * other.2;
            let right = u64::from(other.1) * one.2;
            left.cmp(&right).then(one.0.cmp(&other.0))
        });
        best.map(|(endpoint, _, _)| endpoint)
    }
}
