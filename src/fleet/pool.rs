//! All instances, their counts, and who goes first.

use super::idset::IdSet;
use super::instance::{Instance, State};
use crate::units::{InstanceId, Version, ZoneId};

/// How many instances of one version there are, terminating ones excepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All that exist and were not told to stop.
    pub active: u32,
    /// Of those, ready.
    pub ready: u32,
    /// Of those, available.
    pub available: u32,
}

/// All instances of one run, and counts kept up to date with every change.
#[derive(Clone, Debug)]
pub struct Pool {
    instances: Vec<Instance>,
    desired: [u32; 2],
    counts: [Counts; 2],
    by_zone: Vec<[Counts; 2]>,
    routed: [u32; 2],
    terminating: [u32; 2],
    starting: u32,
    unready: [IdSet; 2],
    ready: [IdSet; 2],
}

impl Pool {
    /// The initial fleet: `size` old instances, spread round-robin over `zones` zones (>= 1).
    #[must_use]
    pub fn new(size: u32, zones: u16) -> Self {
        let mut pool = Self {
            instances: Vec::with_capacity(size as usize * 2),
            desired: [size, 0],
            counts: [Counts::default(); 2],
            by_zone: vec![[Counts::default(); 2]; usize::from(zones)],
            routed: [0; 2],
            terminating: [0; 2],
            starting: 0,
            unready: [IdSet::default(), IdSet::default()],
            ready: [IdSet::default(), IdSet::default()],
        };
        for number in 0..size {
            let zone = ZoneId((number % u32::from(zones)) as u16);
            pool.add(Instance::initial(zone));
        }
        pool
    }

    /// Puts an instance in and gives it the next id.
    pub fn add(&mut self, instance: Instance) -> InstanceId {
        let id = InstanceId(self.instances.len() as u32);
        self.instances.push(instance);
        self.count(id, Counted::of(&instance), Direction::In);
        id
    }

    /// One instance.
    #[must_use]
    pub fn get(&self, id: InstanceId) -> &Instance {
        &self.instances[id.index()]
    }

    /// Changes one instance; the counts follow.
    pub fn change(&mut self, id: InstanceId, change: impl FnOnce(&mut Instance)) {
        let before = Counted::of(&self.instances[id.index()]);
        change(&mut self.instances[id.index()]);
        let after = Counted::of(&self.instances[id.index()]);
        if before != after {
            self.count(id, before, Direction::Out);
            self.count(id, after, Direction::In);
        }
    }

    /// Changes what no count depends on.
    pub fn note(&mut self, id: InstanceId, change: impl FnOnce(&mut Instance)) {
        change(&mut self.instances[id.index()]);
    }

    /// How many instances there have ever been.
    #[must_use]
    pub fn len(&self) -> usize {
        self.instances.len()
    }

    /// Whether there has never been an instance.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.instances.is_empty()
    }

    /// Every instance with its id.
    pub fn iter(&self) -> impl Iterator<Item = (InstanceId, &Instance)> {
        self.instances.iter().enumerate().map(|(index, one)| (InstanceId(index as u32), one))
    }

    /// The desired count of a version.
    #[must_use]
    pub const fn desired(&self, version: Version) -> u32 {
        self.desired[version.index()]
    }

    /// Sets the desired count of a version.
    pub const fn set_desired(&mut self, version: Version, to: u32) {
        self.desired[version.index()] = to;
    }

    /// Counts of a version.
    #[must_use]
    pub const fn counts(&self, version: Version) -> Counts {
        self.counts[version.index()]
    }

    /// Counts of a version in one zone.
    #[must_use]
    pub fn counts_in(&self, zone: ZoneId, version: Version) -> Counts {
        self.by_zone[zone.index()][version.index()]
    }

    /// All that exist but the terminating.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.counts[0].active + self.counts[1].active
    }

    /// Available instances of all versions.
    #[must_use]
    pub const fn available(&self) -> u32 {
        self.counts[0].available + self.counts[1].available
    }

    /// Instances of a version that the balancer sends requests to, terminating ones included.
    #[must_use]
    pub const fn routed(&self, version: Version) -> u32 {
        self.routed[version.index()]
    }

    /// Instances told to stop and not gone yet.
    #[must_use]
    pub const fn terminating(&self) -> u32 {
        self.terminating[0] + self.terminating[1]
    }

    /// Instances of a version told to stop and not gone yet.
    #[must_use]
    pub const fn terminating_of(&self, version: Version) -> u32 {
        self.terminating[version.index()]
    }

    /// Instances launched and neither ready nor terminating.
    #[must_use]
    pub const fn starting(&self) -> u32 {
        self.starting
    }

    /// The instance of `version` that is told to stop first: an unready one before a ready one;
    /// among those, of the new version the newest, of the old the lowest index.
    ///
    /// Kubernetes compares ages by powers of two and takes equals at random
    /// (`ActivePodsWithRanks`); the initial fleet is all of one age, so any order among it is as
    /// right, and this one can be followed by a reader.
    #[must_use]
    pub fn first_to_go(&self, version: Version) -> Option<InstanceId> {
        let index = version.index();
        match version {
            Version::Old => self.unready[index].last().or_else(|| self.ready[index].first()),
            Version::New => self.unready[index].last().or_else(|| self.ready[index].last()),
        }
    }

    /// The same within one zone.
    #[must_use]
    pub fn first_to_go_in(&self, version: Version, zone: ZoneId) -> Option<InstanceId> {
        let index = version.index();
        let is_here = |id: &InstanceId| self.get(*id).zone == zone;
        let unready = self.unready[index].iter().rev().find(is_here);
        unready.or_else(|| match version {
            Version::Old => self.ready[index].iter().find(is_here),
            Version::New => self.ready[index].iter().rev().find(is_here),
        })
    }

    /// The instance of `version` with the highest index.
    #[must_use]
    pub fn highest(&self, version: Version) -> Option<InstanceId> {
        let index = version.index();
        self.unready[index].last().max(self.ready[index].last())
    }

    /// Unready instances of a version, terminating ones excepted.
    #[must_use]
    pub const fn unready(&self, version: Version) -> u32 {
        self.unready[version.index()].len()
    }

    /// The zone that a new instance of `version` goes to: the one with the fewest of it, then the
    /// fewest of all, then the first.
    #[must_use]
    pub fn zone_for(&self, version: Version) -> ZoneId {
        let crowding = |counts: &[Counts; 2]| {
            (counts[version.index()].active, counts[version.other().index()].active)
        };
        let least = (0..self.by_zone.len()).min_by_key(|&zone| crowding(&self.by_zone[zone]));
        ZoneId(least.unwrap_or(0) as u16)
    }

    fn count(&mut self, id: InstanceId, one: Counted, direction: Direction) {
        let version = one.version.index();
        direction.apply(&mut self.routed[version], one.is_routed);
        direction.apply(&mut self.terminating[version], one.is_terminating);
        if !one.is_active {
            return;
        }
        direction.apply(&mut self.starting, one.is_starting);
        for counts in [&mut self.counts[version], &mut self.by_zone[one.zone.index()][version]] {
            direction.apply(&mut counts.active, true);
            direction.apply(&mut counts.ready, one.is_ready);
            direction.apply(&mut counts.available, one.is_available);
        }
        let set = if one.is_ready { &mut self.ready } else { &mut self.unready };
        match direction {
            Direction::In => set[version].insert(id),
            Direction::Out => set[version].remove(id),
        }
    }

    /// Whether every count equals what a recount gives; for tests and debug builds.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        Version::ALL.iter().all(|&version| {
            let all = || self.instances.iter().filter(|one| one.version == version);
            let active = || all().filter(|one| one.state.is_active());
            let counts = Counts {
                active: active().count() as u32,
                ready: active().filter(|one| one.is_ready).count() as u32,
                available: active().filter(|one| one.is_available).count() as u32,
            };
            let terminating = all().filter(|one| one.state.is_terminating()).count() as u32;
            counts == self.counts(version)
                && terminating == self.terminating_of(version)
                && active().all(|one| one.is_ready || !one.is_available)
        })
    }
}

/// What of an instance is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    version: Version,
    zone: ZoneId,
    is_active: bool,
    is_terminating: bool,
    is_starting: bool,
    is_ready: bool,
    is_available: bool,
    is_routed: bool,
}

impl Counted {
    const fn of(one: &Instance) -> Self {
        Self {
            version: one.version,
            zone: one.zone,
            is_active: one.state.is_active(),
            is_terminating: one.state.is_terminating(),
            is_starting: one.state.is_starting(),
            is_ready: one.is_ready,
            is_available: one.is_available,
            is_routed: one.is_routed,
        }
    }
}

/// Whether an instance enters or leaves the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

impl Direction {
    const fn apply(self, count: &mut u32, does_count: bool) {
        match self {
            Self::In => *count += does_count as u32,
            Self::Out => *count -= does_count as u32,
        }
    }
}

/// Whether `state` is one from which an instance told to stop goes at once.
#[must_use]
pub const fn goes_at_once(state: State) -> bool {
    matches!(state, State::Waiting | State::Provisioning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unready_go_first_then_the_newest_of_the_new_and_the_lowest_of_the_old() {
        let mut pool = Pool::new(4, 2);
        assert_eq!(pool.first_to_go(Version::Old), Some(InstanceId(0)));
        assert_eq!(pool.first_to_go_in(Version::Old, ZoneId(1)), Some(InstanceId(1)));
        assert_eq!(pool.highest(Version::Old), Some(InstanceId(3)));
        pool.change(InstanceId(2), |one| {
            one.is_ready = false;
            one.is_available = false;
        });
        assert_eq!(pool.first_to_go(Version::Old), Some(InstanceId(2)));
        for number in 0..2 {
            let zone = pool.zone_for(Version::New);
            assert_eq!(zone, ZoneId(number));
            let id = pool.add(Instance::launched(Version::New, zone, u32::from(number)));
            pool.change(id, |one| {
                one.state = State::Ready;
                one.is_ready = true;
            });
        }
        assert_eq!(pool.first_to_go(Version::New), Some(InstanceId(5)));
        assert_eq!(pool.counts(Version::New), Counts { active: 2, ready: 2, available: 0 });
        assert!(pool.is_consistent());
    }
}
