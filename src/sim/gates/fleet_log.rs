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
    /// When scrapes began to fail, succeeded again, failed, …
    outages: Vec<SimTime>,
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

    /// Scrapes fail from `now` on, or succeed again.
    pub(super) fn set_dark(&mut self, is_dark: bool, now: SimTime) {
        if is_dark == self.outages.len().is_multiple_of(2) {
            self.outages.push(now);
        }
    }

    /// Whether a scrape at `at` fails.
    pub(super) fn is_dark(&self, at: SimTime) -> bool {
        !self.outages.partition_point(|turn| *turn <= at).is_multiple_of(2)
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
    fn scrapes_fail_in_an_outage() {
        let at = SimTime::from_nanos;
        let mut log = FleetLog::default();
        for (is_dark, moment) in [(false, 5), (true, 10), (true, 15), (false, 20), (true, 30)] {
            log.set_dark(is_dark, at(moment));
        }
        let dark: Vec<u64> = (0..40).filter(|&moment| log.is_dark(at(moment))).collect();
        assert_eq!(dark, (10..20).chain(30..40).collect::<Vec<_>>());
    }

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
    }
}
