//! The fleet as a scrape sees it: what was ready, desired and had crashed at any moment so far.

use crate::units::{SimTime, Version};

/// The state of the fleet from a moment on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Ready instances: old ones, and those of the versions that come.
    pub(super) ready: [u32; 2],
    /// Desired ones.
    pub(super) desired: [u32; 2],
    /// Processes that have died by themselves so far.
    pub(super) crashes: [u32; 2],
    /// Desired count of the fleet.
    pub(super) fleet: u32,
}

/// Every change so far.
#[derive(Debug, Default)]
pub(super) struct FleetLog {
    changes: Vec<(SimTime, Counts)>,
    crashes: [u32; 2],
    /// When so many outages of the metrics began or ended.
    outages: Vec<(SimTime, u32)>,
}

impl FleetLog {
    /// A process has died by itself.
    pub(super) const fn crash(&mut self, version: Version) {
        self.crashes[side(version)] += 1;
    }

    /// The fleet is like this from `now` on; the crashes are those that it was told of.
    pub(super) fn note(&mut self, now: SimTime, counts: Counts) {
        let counts = Counts { crashes: self.crashes, ..counts };
        match self.changes.last_mut() {
            Some((_, last)) if *last == counts => {}
            Some((at, last)) if *at == now => *last = counts,
            _ => self.changes.push((now, counts)),
        }
    }

    /// From `now` on so many outages keep metrics from arriving.
    pub(super) fn note_outages(&mut self, now: SimTime, outages: u32) {
        self.outages.push((now, outages));
    }

    /// Whether a scrape taken at `at` is lost.
    pub(super) fn is_lost(&self, at: SimTime) -> bool {
        let later = self.outages.partition_point(|(time, _)| *time <= at);
        later.checked_sub(1).is_some_and(|index| self.outages[index].1 > 0)
    }

    /// The fleet just before `at`.
    pub(super) fn before(&self, at: SimTime) -> Counts {
        let later = self.changes.partition_point(|(time, _)| *time < at);
        later.checked_sub(1).map_or(Counts::default(), |index| self.changes[index].1)
    }
}

/// Old, or one of those that come.
pub(super) const fn side(version: Version) -> usize {
    match version {
        Version::Old => 0,
        Version::New | Version::Third => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_sees_what_was_before_it() {
        let at = SimTime::from_nanos;
        let counts = |ready| Counts { ready: [ready, 0], ..Counts::default() };
        let mut log = FleetLog::default();
        log.note(at(0), counts(5));
        log.note(at(10), counts(5));
        log.crash(Version::New);
        log.note(at(20), counts(4));
        log.note(at(20), counts(3));
        assert_eq!(log.changes.len(), 2);
        assert_eq!(log.before(at(0)), Counts::default());
        assert_eq!((log.before(at(20)).ready[0], log.before(at(20)).crashes[1]), (5, 0));
        assert_eq!((log.before(at(21)).ready[0], log.before(at(21)).crashes[1]), (3, 1));
        log.note_outages(at(30), 1);
        log.note_outages(at(40), 0);
        assert_eq!([29, 30, 39, 40].map(|time| log.is_lost(at(time))), [false, true, true, false]);
    }
}
