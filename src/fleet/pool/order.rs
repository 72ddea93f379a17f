//! Who is told to stop first, and in which order instances are looked through.

use super::Pool;
use crate::units::{InstanceId, PartId, Version, ZoneId};

impl Pool {
    /// The instance of `version` that is told to stop first: an unready one before a ready one;
    /// among those, of the new version the newest, of the old the lowest index.
    ///
    /// Kubernetes compares ages by powers of two and takes equals at random
    /// (`ActivePodsWithRanks`); the initial fleet is all of one age, so any order among it is as
    /// right, and this one can be followed by a reader.
    #[must_use]
    pub fn first_to_go(&self, version: Version) -> Option<InstanceId> {
        debug_assert!(self.is_closed());
        let index = version.index();
        match version {
            Version::Old => self.unready[index].last().or_else(|| self.ready[index].first()),
            Version::New | Version::Third => {
                self.unready[index].last().or_else(|| self.ready[index].last())
            }
        }
    }

    /// The same within one zone.
    #[must_use]
    pub fn first_to_go_in(&self, version: Version, zone: ZoneId) -> Option<InstanceId> {
        debug_assert!(self.is_closed());
        let index = version.index();
        let is_here = |id: &InstanceId| self.get(*id).zone == zone;
        let unready = self.unready[index].iter().rev().find(is_here);
        unready.or_else(|| match version {
            Version::Old => self.ready[index].iter().find(is_here),
            Version::New | Version::Third => self.ready[index].iter().rev().find(is_here),
        })
    }

    /// The same within one part of the fleet.
    #[must_use]
    pub fn first_to_go_of(&self, version: Version, part: PartId) -> Option<InstanceId> {
        debug_assert!(self.is_closed());
        let index = version.index();
        let is_here = |id: &InstanceId| self.get(*id).part == part;
        let unready = self.unready[index].iter().rev().find(is_here);
        unready.or_else(|| match version {
            Version::Old => self.ready[index].iter().find(is_here),
            Version::New | Version::Third => self.ready[index].iter().rev().find(is_here),
        })
    }

    /// Unready instances of `version` whose process is down, or was: the first restart after a
    /// crash waits for nothing.
    pub fn down(&self, version: Version) -> impl Iterator<Item = InstanceId> + '_ {
        debug_assert!(self.is_closed());
        self.unready[version.index()].iter().filter(|&id| self.get(id).has_failed())
    }

    /// Instances of `version` that are not ready and not told to stop.
    pub fn not_ready(&self, version: Version) -> impl Iterator<Item = InstanceId> + '_ {
        debug_assert!(self.is_closed());
        self.unready[version.index()].iter()
    }

    /// The instance of `version` with the lowest index, terminating ones excepted.
    #[must_use]
    pub fn lowest(&self, version: Version) -> Option<InstanceId> {
        self.in_order(version).next()
    }

    /// The instances of `version`, terminating ones excepted, by their indices.
    pub fn in_order(&self, version: Version) -> impl Iterator<Item = InstanceId> + '_ {
        debug_assert!(self.is_closed());
        let index = version.index();
        let mut unready = self.unready[index].iter().peekable();
        let mut ready = self.ready[index].iter().peekable();
        std::iter::from_fn(move || match (unready.peek(), ready.peek()) {
            (Some(one), Some(other)) if one < other => unready.next(),
            (Some(_), None) => unready.next(),
            _ => ready.next(),
        })
    }

    /// The instance of `version` with this ordinal that was not told to stop; the newest of
    /// several.
    #[must_use]
    pub fn with_ordinal(&self, version: Version, ordinal: u32) -> Option<InstanceId> {
        debug_assert!(self.is_closed());
        let index = version.index();
        let all = self.unready[index].iter().chain(self.ready[index].iter());
        all.filter(|id| self.get(*id).ordinal == ordinal).max()
    }

    /// The instance of `version` with the highest index.
    #[must_use]
    pub fn highest(&self, version: Version) -> Option<InstanceId> {
        debug_assert!(self.is_closed());
        let index = version.index();
        self.unready[index].last().max(self.ready[index].last())
    }
}
