//! What ended when: requests by the moment at which their outcome was known, tick by tick. This is
//! what an observer of the service can know; the record goes by the moment of sending.

use std::collections::BTreeMap;

use super::histogram::cell_of;
use super::process::FOREVER;
use super::record::CoarseHistogram;
use super::recorder::Count;
use crate::units::{Merge, SimDuration, SimTime, Version};

/// What ended at one version in a tick.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ended {
    /// Requests answered with success in time.
    pub ok: u64,
    /// Requests that failed for good at one of its instances.
    pub failed: u64,
    /// Latency of the successes; empty unless it is kept.
    pub latency: CoarseHistogram,
}

/// What ended in one tick.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tick {
    /// By version; what a third version answers counts as the new one's. While a feature flag
    /// is up: by whether the user sees what is behind it.
    pub versions: [Ended; 2],
    /// Requests that failed without reaching an instance.
    pub unserved: u64,
}

/// Ticks beyond the last that are kept in a row; later ones are kept apart until then.
const MOST_AHEAD: usize = 4096;

/// The ticks of a run. A tick is final once the data plane has been advanced to its end.
#[derive(Clone, Debug)]
pub struct Ticks {
    /// Width, nanoseconds, > 0.
    width: u64,
    /// When the first tick ends, nanoseconds; no later than its width.
    first_end: u64,
    keeps_latency: bool,
    near: Vec<Tick>,
    far: BTreeMap<usize, Tick>,
}

impl Ticks {
    /// Ticks of a width above zero, one of which begins at `anchor`.
    #[must_use]
    pub fn new(width: SimDuration, anchor: SimTime, keeps_latency: bool) -> Self {
        let width = width.as_nanos().max(1);
        let first_end = match anchor.as_nanos() % width {
            0 => width,
            rest => rest,
        };
        Self { width, first_end, keeps_latency, near: Vec::new(), far: BTreeMap::new() }
    }

    /// How many ticks have ended by `now`.
    #[must_use]
    pub const fn ended(&self, now: SimTime) -> usize {
        match now.as_nanos().checked_sub(self.first_end) {
            Some(since) => (since / self.width) as usize + 1,
            None => 0,
        }
    }

    /// When tick `index` begins.
    #[must_use]
    pub const fn begin(&self, index: usize) -> SimTime {
        match index {
            0 => SimTime::ZERO,
            _ => self.end(index - 1),
        }
    }

    /// When tick `index` ends.
    #[must_use]
    pub const fn end(&self, index: usize) -> SimTime {
        SimTime::from_nanos(self.first_end.saturating_add(self.width.saturating_mul(index as u64)))
    }

    /// What ended in tick `index`; none if nothing did.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Tick> {
        self.near.get(index).or_else(|| self.far.get(&index))
    }

    const fn index(&self, at: u64) -> usize {
        match at.checked_sub(self.first_end) {
            Some(since) => (since / self.width) as usize + 1,
            None => 0,
        }
    }

    fn at(&mut self, at: u64) -> &mut Tick {
        let index = self.index(at);
        if index >= self.near.len() + MOST_AHEAD {
            return self.far.entry(index).or_default();
        }
        if index >= self.near.len() {
            self.near.resize(index + 1, Tick::default());
            while let Some(entry) = self.far.first_entry().filter(|entry| *entry.key() <= index) {
                let (index, tick) = entry.remove_entry();
                self.near[index] = tick;
            }
        }
        &mut self.near[index]
    }

    fn ok(&mut self, at: u64, version: Version, latency: u64, count: Count) {
        if at >= FOREVER {
            return;
        }
        let keeps_latency = self.keeps_latency;
        let ended = &mut self.at(at).versions[side(version)];
        ended.ok = ended.ok.wrapping_add(count.step());
        if keeps_latency {
            let by = match count {
                Count::Add => 1,
                Count::TakeBack => u32::MAX,
            };
            ended.latency.add(cell_of(latency), by);
        }
    }

    fn failed(&mut self, at: u64, version: Option<Version>, count: Count) {
        if at >= FOREVER {
            return;
        }
        let tick = self.at(at);
        let failed = match version {
            Some(version) => &mut tick.versions[side(version)].failed,
            None => &mut tick.unserved,
        };
        *failed = failed.wrapping_add(count.step());
    }
}

/// Ticks of every width that somebody observes.
#[derive(Clone, Debug)]
pub struct Scrapes(Vec<Ticks>);

impl Scrapes {
    /// Each of another width.
    #[must_use]
    pub const fn new(ticks: Vec<Ticks>) -> Self {
        Self(ticks)
    }

    /// Those of a width; none if nobody observes them.
    #[must_use]
    pub fn of(&self, width: SimDuration) -> Option<&Ticks> {
        self.0.iter().find(|ticks| ticks.width == width.as_nanos())
    }

    /// Those of the first width.
    #[must_use]
    pub fn first(&self) -> Option<&Ticks> {
        self.0.first()
    }

    /// A success at `at`, `latency` after it was sent.
    pub(super) fn ok(&mut self, at: u64, version: Version, latency: u64, count: Count) {
        for ticks in &mut self.0 {
            ticks.ok(at, version, latency, count);
        }
    }

    /// A failure at `at`, at an instance of a version if it reached any.
    pub(super) fn failed(&mut self, at: u64, version: Option<Version>, count: Count) {
        for ticks in &mut self.0 {
            ticks.failed(at, version, count);
        }
    }
}

const fn side(version: Version) -> usize {
    match version {
        Version::Old => 0,
        Version::New | Version::Third => 1,
    }
}

impl Merge for Tick {
    fn merge(&mut self, other: &Self) {
        for (one, other) in self.versions.iter_mut().zip(&other.versions) {
            one.ok += other.ok;
            one.failed += other.failed;
            one.latency.merge(&other.latency);
        }
        self.unserved += other.unserved;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn ticks(anchor: u64) -> Ticks {
        let anchor = SimTime::from_nanos(anchor);
        Ticks::new(SimDuration::from_secs(1), anchor, true)
    }

    #[test]
    fn one_tick_begins_at_the_anchor() {
        let ticks = ticks(10 * SECOND + 300);
        assert_eq!(ticks.end(0).as_nanos(), 300);
        assert_eq!(ticks.begin(11).as_nanos(), 10 * SECOND + 300);
        for (now, ended) in [(299, 0), (300, 1), (SECOND + 299, 1), (10 * SECOND + 300, 11)] {
            assert_eq!(ticks.ended(SimTime::from_nanos(now)), ended, "{now}");
        }
        assert_eq!((ticks.index(299), ticks.index(300)), (0, 1));
    }

    #[test]
    fn what_ends_far_ahead_is_found_and_taken_back() {
        let mut ticks = ticks(0);
        for at in [5 * SECOND, 9_000 * SECOND, 5 * SECOND + 1] {
            ticks.ok(at, Version::New, SECOND, Count::Add);
            ticks.failed(at, None, Count::Add);
        }
        assert_eq!(ticks.near.len(), 6);
        let ok = |ticks: &Ticks, index| ticks.get(index).map(|tick| tick.versions[1].ok);
        assert_eq!((ok(&ticks, 5), ok(&ticks, 9_000)), (Some(2), Some(1)));
        ticks.failed(4_000 * SECOND, Some(Version::Old), Count::Add);
        ticks.failed(8_000 * SECOND, Some(Version::Old), Count::Add);
        assert_eq!((ticks.near.len(), ticks.far.len()), (8_001, 1));
        ticks.ok(9_000 * SECOND, Version::New, SECOND, Count::TakeBack);
        ticks.failed(9_000 * SECOND, None, Count::TakeBack);
        assert_eq!((ticks.near.len(), ticks.far.len()), (9_001, 0));
        assert_eq!(ok(&ticks, 9_000), Some(0));
        assert_eq!(ticks.get(9_000).map(|tick| tick.unserved), Some(0));
        ticks.ok(FOREVER, Version::New, SECOND, Count::Add);
        assert_eq!(ticks.get(20_000), None);
    }
}
