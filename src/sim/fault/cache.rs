//! How warm the caches are, and what their origin gets: reckoned every second.

use super::super::event::Event;
use super::super::world::World;
use super::Stage;
use crate::engine::Rank;
use crate::fault::Cache;
use crate::stats::math;
use crate::units::{InstanceId, Ratio, SimDuration};

/// How often ratios are reckoned.
const TICK: SimDuration = SimDuration::from_secs(1);

/// The caches of all processes.
#[derive(Debug)]
pub(super) struct Caches {
    cache: Cache,
    /// Whether the clock of another fault's caches is meant.
    fault: u32,
    of: Vec<OneCache>,
    /// Share of the misses that the origin fails.
    shed: f64,
}

/// The cache of one process.
#[derive(Clone, Copy, Debug)]
struct OneCache {
    /// Successful answers since it was empty; none: it is warm.
    filled: Option<f64>,
    /// Requests that the endpoint had taken at the last look.
    taken: u64,
}

impl Caches {
    /// Share of the requests of an instance that its cache answers.
    fn hits(&self, id: InstanceId) -> f64 {
        let most = self.cache.hit_ratio.as_f64();
        match self.of.get(id.index()).and_then(|one| one.filled) {
            None => most,
            Some(filled) => most * (1.0 - math::exp(-filled / self.cache.warm_after)),
        }
    }

    /// Mean service time over that of a hit.
    pub(super) fn slowness(&self, id: InstanceId) -> f64 {
        let hits = self.hits(id);
        hits + (1.0 - hits) * self.cache.miss_factor
    }

    /// Share of the requests of an instance that the origin fails.
    pub(super) fn errors(&self, id: InstanceId) -> Ratio {
        Ratio::from_f64((1.0 - self.hits(id)) * self.shed).unwrap_or(Ratio::ZERO)
    }

    /// So many requests each were taken since the last look: fills the caches, and reckons what
    /// the origin sheds.
    fn fill(&mut self, taken: &[u64]) {
        let mut misses = 0.0;
        for (index, &now) in taken.iter().enumerate() {
            let id = InstanceId(index as u32);
            let fresh = now.saturating_sub(self.of[index].taken) as f64;
            misses += fresh * (1.0 - self.hits(id));
            let stored = fresh * (1.0 - self.errors(id).as_f64());
            let one = &mut self.of[index];
            one.taken = now;
            one.filled = one.filled.map(|filled| filled + stored);
        }
        let answered = self.cache.origin_capacity * TICK.as_secs_f64();
        self.shed = if misses > answered { 1.0 - answered / misses } else { 0.0 };
    }
}

impl World<'_> {
    /// Caches matter from now on; those of the processes there are, are warm.
    pub(super) fn begin_caches(&mut self, fault: u32, cache: Cache) {
        let taken = self.taken();
        let of = taken.into_iter().map(|taken| OneCache { filled: None, taken }).collect();
        self.faults.caches = Some(Caches { cache, fault, of, shed: 0.0 });
        self.calendar.schedule(self.now + TICK, Rank::Fault, Event::CacheTick(fault));
    }

    fn taken(&self) -> Vec<u64> {
        self.pool.iter().map(|(id, _)| self.plane.taken(id)).collect()
    }

    /// A process starts with an empty cache.
    pub(in crate::sim) fn empty_cache(&mut self, id: InstanceId) {
        if self.faults.caches.is_none() {
            return;
        }
        let taken = self.plane.taken(id);
        let Some(caches) = &mut self.faults.caches else { return };
        let empty = OneCache { filled: Some(0.0), taken };
        if id.index() >= caches.of.len() {
            caches.of.resize(id.index() + 1, empty);
        }
        caches.of[id.index()] = empty;
        self.refresh(id);
    }

    /// A second has passed.
    pub(in crate::sim) fn cache_tick(&mut self, fault: u32) {
        let is_active = matches!(self.faults.stages[fault as usize], Stage::Active { .. });
        let taken = self.taken();
        let Some(caches) = self.faults.caches.as_mut().filter(|one| one.fault == fault) else {
            return;
        };
        if !is_active {
            return;
        }
        let empty = OneCache { filled: Some(0.0), taken: 0 };
        caches.of.resize(taken.len(), empty);
        caches.fill(&taken);
        self.refresh_all();
        self.calendar.schedule(self.now + TICK, Rank::Fault, Event::CacheTick(fault));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1,000 requests in a second at 90% hits are 100 misses; of a cold half, 550, of which an
    /// origin of 200 sheds 350.
    #[test]
    fn an_origin_sheds_what_is_above_its_capacity() {
        let cache = Cache {
            hit_ratio: Ratio::from_billionths(900_000_000),
            warm_after: 1e9,
            origin_capacity: 200.0,
            miss_factor: 1.0,
        };
        let warm = OneCache { filled: None, taken: 0 };
        let mut caches = Caches { cache, fault: 0, of: vec![warm; 2], shed: 0.0 };
        caches.fill(&[500, 500]);
        assert_eq!(caches.shed, 0.0);
        caches.of[1].filled = Some(0.0);
        caches.fill(&[1000, 1000]);
        assert!((caches.shed - 350.0 / 550.0).abs() < 1e-9, "{}", caches.shed);
        let failed = 500.0 * caches.errors(InstanceId(0)).as_f64()
            + 500.0 * caches.errors(InstanceId(1)).as_f64();
        assert!((failed - 350.0).abs() < 0.01, "{failed}");
    }

    /// After n answers it hits 1 - exp(-n / warm_after) of the warm ratio: 63% after `warm_after`.
    #[test]
    fn a_cache_fills_as_it_answers() {
        let cache = Cache {
            hit_ratio: Ratio::ONE,
            warm_after: 100.0,
            origin_capacity: 1e9,
            miss_factor: 3.0,
        };
        let cold = OneCache { filled: Some(0.0), taken: 0 };
        let mut caches = Caches { cache, fault: 0, of: vec![cold], shed: 0.0 };
        assert_eq!(caches.slowness(InstanceId(0)), 3.0);
        caches.fill(&[100]);
        assert!((caches.hits(InstanceId(0)) - 0.632_120_558_8).abs() < 1e-9);
    }
}
