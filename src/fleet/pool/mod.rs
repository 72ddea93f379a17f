//! All instances and their counts.

mod change;
mod order;

pub use self::change::Changed;
use self::change::Open;
use super::division::Division;
use super::idset::IdSet;
use super::instance::{Instance, State};
use super::serving::{Lack, Serving};
use super::tally::{Counted, Counts, Fact, Tally};
use crate::units::{InstanceId, PartId, Version, ZoneId};

/// All instances of one run, and counts kept up to date with every change.
#[derive(Clone, Debug)]
pub struct Pool {
    instances: Vec<Instance>,
    /// What is counted of each.
    facts: Vec<u16>,
    /// The instance whose last changes are not counted yet.
    open: Option<Open>,
    desired: [u32; 3],
    tally: [Tally; 3],
    by_zone: Vec<[Tally; 3]>,
    by_part: Vec<[Tally; 3]>,
    part_sizes: Vec<u32>,
    /// Whether there is more than one zone or part; else none is counted apart.
    is_divided: bool,
    /// Whether any instance has ever warmed up or been slowed while it served: else the sums are
    /// all zero.
    has_sums: bool,
    sums: [Sums; 3],
    sums_by_part: Vec<[Sums; 3]>,
    unready: [IdSet; 3],
    ready: [IdSet; 3],
    /// What has changed since this was last asked.
    changed: Changed,
    /// How many instances are restless, kept once it was asked for.
    restless: Option<u32>,
}

/// What is added up over serving instances beside their number.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// The moments their warm-ups began, nanoseconds.
    warm_from: u128,
    /// What faults take of their speed.
    lack: Lack,
}

const fn serving(tally: &Tally, sums: &Sums) -> Serving {
    Serving {
        count: tally.count(Fact::Serving),
        warming: tally.count(Fact::Warming),
        warm_from_sum: sums.warm_from,
        lack: sums.lack,
    }
}

impl Pool {
    /// The initial fleet: `size` old instances, spread round-robin over `zones` zones (>= 1).
    #[must_use]
    pub fn new(size: u32, zones: u16) -> Self {
        Self::divided(size, zones, &Division::whole())
    }

    /// The same fleet in parts.
    #[must_use]
    pub fn divided(size: u32, zones: u16, division: &Division) -> Self {
        let mut pool = Self {
            instances: Vec::with_capacity(size as usize + size as usize / 4),
            facts: Vec::with_capacity(size as usize),
            open: None,
            desired: [size, 0, 0],
            tally: [Tally::default(); 3],
            by_zone: vec![[Tally::default(); 3]; usize::from(zones)],
            by_part: vec![[Tally::default(); 3]; division.parts.len()],
            part_sizes: Vec::new(),
            is_divided: zones > 1 || division.parts.len() > 1,
            has_sums: false,
            sums: [Sums::default(); 3],
            sums_by_part: vec![[Sums::default(); 3]; division.parts.len()],
            unready: std::array::from_fn(|_| IdSet::default()),
            ready: [IdSet::all_below(size), IdSet::default(), IdSet::default()],
            changed: Changed::ALL,
            restless: None,
        };
        let old = Version::Old.index();
        let facts = Counted::of(&Instance::initial(ZoneId(0))).facts;
        for number in 0..size {
            let zone = ZoneId((number % u32::from(zones)) as u16);
            let part = division.part_of(number, zone);
            pool.instances.push(Instance { part, ordinal: number, ..Instance::initial(zone) });
            if pool.is_divided {
                pool.by_zone[zone.index()][old].turn(0, facts);
                pool.by_part[part.index()][old].turn(0, facts);
            }
        }
        pool.facts.resize(size as usize, facts);
        pool.tally[old].turn_many(facts, size);
        let parts = (0..division.parts.len() as u16).map(PartId);
        pool.part_sizes = parts.map(|part| pool.counts_of(part, Version::Old).active).collect();
        pool
    }

    /// One part of the fleet as if it were all there is, with desired counts of its own: what a
    /// strategy sees that brings over that part.
    #[must_use]
    pub fn part(&self, part: PartId, desired: [u32; 3]) -> Self {
        let tally = *self.in_part(part);
        Self {
            instances: Vec::new(),
            facts: Vec::new(),
            open: None,
            desired,
            tally,
            by_zone: vec![tally],
            by_part: vec![tally],
            part_sizes: vec![desired.iter().sum()],
            is_divided: false,
            has_sums: false,
            sums: [Sums::default(); 3],
            sums_by_part: vec![[Sums::default(); 3]],
            unready: std::array::from_fn(|_| IdSet::default()),
            ready: std::array::from_fn(|_| IdSet::default()),
            changed: Changed::default(),
            restless: None,
        }
    }

    /// The parts in which the fleet is brought over: the initial size of each.
    #[must_use]
    pub fn part_sizes(&self) -> &[u32] {
        &self.part_sizes
    }

    /// Puts an instance in and gives it the next id.
    pub fn add(&mut self, instance: Instance) -> InstanceId {
        self.close();
        let id = InstanceId(self.instances.len() as u32);
        self.instances.push(instance);
        self.facts.push(0);
        self.recount(Open::unborn(id, &instance));
        id
    }

    /// One instance.
    #[must_use]
    pub fn get(&self, id: InstanceId) -> &Instance {
        &self.instances[id.index()]
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
    pub fn iter(&self) -> impl Iterator<Item = (InstanceId, &Instance)> + Clone {
        self.instances.iter().enumerate().map(|(index, one)| (InstanceId(index as u32), one))
    }

    /// The desired counts of all versions together.
    #[must_use]
    pub const fn desired_in_all(&self) -> u32 {
        self.desired[0] + self.desired[1] + self.desired[2]
    }

    /// The desired count of a version.
    #[must_use]
    pub const fn desired(&self, version: Version) -> u32 {
        self.desired[version.index()]
    }

    /// Sets the desired count of a version.
    pub const fn set_desired(&mut self, version: Version, to: u32) {
        self.changed = Changed::ALL;
        self.desired[version.index()] = to;
    }

    /// Counts of a version.
    #[must_use]
    pub const fn counts(&self, version: Version) -> Counts {
        debug_assert!(self.is_closed());
        self.tally[version.index()].counts()
    }

    /// Counts of a version in one zone.
    #[must_use]
    pub fn counts_in(&self, zone: ZoneId, version: Version) -> Counts {
        self.in_zone(zone)[version.index()].counts()
    }

    /// The counts of one zone.
    fn in_zone(&self, zone: ZoneId) -> &[Tally; 3] {
        debug_assert!(self.is_closed());
        if self.is_divided { &self.by_zone[zone.index()] } else { &self.tally }
    }

    /// The counts of one part, likewise.
    fn in_part(&self, part: PartId) -> &[Tally; 3] {
        debug_assert!(self.is_closed());
        if self.is_divided { &self.by_part[part.index()] } else { &self.tally }
    }

    const fn of(&self, fact: Fact, version: Version) -> u32 {
        debug_assert!(self.is_closed());
        self.tally[version.index()].count(fact)
    }

    const fn of_all(&self, fact: Fact) -> u32 {
        debug_assert!(self.is_closed());
        self.tally[0].count(fact) + self.tally[1].count(fact) + self.tally[2].count(fact)
    }

    /// All that exist but the terminating.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.of_all(Fact::Active)
    }

    /// Available instances of all versions.
    #[must_use]
    pub const fn available(&self) -> u32 {
        self.of_all(Fact::Available)
    }

    /// Instances of a version that the balancer sends requests to, terminating ones included.
    #[must_use]
    pub const fn routed(&self, version: Version) -> u32 {
        self.of(Fact::Routed, version)
    }

    /// Instances told to stop and not gone yet.
    #[must_use]
    pub const fn terminating(&self) -> u32 {
        self.of_all(Fact::Terminating)
    }

    /// Instances of a version told to stop and not gone yet.
    #[must_use]
    pub const fn terminating_of(&self, version: Version) -> u32 {
        self.of(Fact::Terminating, version)
    }

    /// Instances launched and neither ready nor terminating.
    #[must_use]
    pub const fn starting(&self) -> u32 {
        self.of_all(Fact::Starting)
    }

    /// Instances of a version that serve what the balancer sends them.
    #[must_use]
    pub const fn serving(&self, version: Version) -> Serving {
        debug_assert!(self.is_closed());
        let index = version.index();
        serving(&self.tally[index], &self.sums[index])
    }

    /// Whether all instances that serve are at full speed, and have been all along.
    #[must_use]
    pub const fn is_at_full_speed(&self) -> bool {
        !self.has_sums
    }

    /// How many instances of a version serve what the balancer sends them.
    #[must_use]
    pub const fn count_serving(&self, version: Version) -> u32 {
        self.of(Fact::Serving, version)
    }

    /// Serving instances of a version that the platform calls ready.
    #[must_use]
    pub const fn ready_serving(&self, version: Version) -> u32 {
        self.of(Fact::ReadyServing, version)
    }

    /// Instances of a version in one part of the fleet.
    #[must_use]
    pub fn counts_of(&self, part: PartId, version: Version) -> Counts {
        self.in_part(part)[version.index()].counts()
    }

    /// Instances of a version in one part that serve, how many of them the platform calls ready,
    /// and how many of the version there the balancer sends requests to.
    #[must_use]
    pub fn serving_of(&self, part: PartId, version: Version) -> (Serving, u32, u32) {
        let index = version.index();
        let tally = &self.in_part(part)[index];
        let serving = serving(tally, &self.sums_by_part[part.index()][index]);
        (serving, tally.count(Fact::ReadyServing), tally.count(Fact::Routed))
    }

    /// Whether the state of some instance will change without anybody's doing. From the first time
    /// that this is asked it is kept count of.
    #[must_use]
    pub fn is_restless(&mut self) -> bool {
        self.close();
        let instances = &self.instances;
        let count = || instances.iter().filter(|one| one.is_restless()).count() as u32;
        *self.restless.get_or_insert_with(count) > 0
    }

    /// Unready instances of a version, terminating ones excepted.
    #[must_use]
    pub const fn unready(&self, version: Version) -> u32 {
        let counts = self.counts(version);
        counts.active - counts.ready
    }

    /// The zone that a new instance of `version` goes to: the one with the fewest of it, then the
    /// fewest of all, then the first.
    #[must_use]
    pub fn zone_for(&self, version: Version) -> ZoneId {
        let all = (0..self.by_zone.len() as u16).map(ZoneId);
        self.zone_among(version, all).unwrap_or(ZoneId(0))
    }

    /// The same among some zones; none of none.
    pub fn zone_among(
        &self,
        version: Version,
        zones: impl Iterator<Item = ZoneId>,
    ) -> Option<ZoneId> {
        let crowding = |tally: &[Tally; 3]| {
            let all = tally.iter().map(|one| one.count(Fact::Active)).sum::<u32>();
            (tally[version.index()].count(Fact::Active), all)
        };
        zones.min_by_key(|zone| crowding(self.in_zone(*zone)))
    }

    /// Whether every count equals what a recount gives; for tests and debug builds.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        Version::EVERY.iter().all(|&version| {
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
