//! All instances, their counts, and who goes first.

use super::division::Division;
use super::idset::IdSet;
use super::instance::{FULL_SPEED, Instance, State};
use super::serving::{Lack, Serving, Step};
use super::tally::{Counted, Counts, Fact, Tally};
use crate::units::{InstanceId, PartId, Version, ZoneId};

/// All instances of one run, and counts kept up to date with every change.
#[derive(Clone, Debug)]
pub struct Pool {
    instances: Vec<Instance>,
    /// What is counted of each.
    facts: Vec<u16>,
    desired: [u32; 3],
    tally: [Tally; 3],
    by_zone: Vec<[Tally; 3]>,
    by_part: Vec<[Tally; 3]>,
    part_sizes: Vec<u32>,
    sums: [Sums; 3],
    sums_by_part: Vec<[Sums; 3]>,
    unready: [IdSet; 3],
    ready: [IdSet; 3],
    has_changed: bool,
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
            facts: Vec::with_capacity(size as usize + size as usize / 4),
            desired: [size, 0, 0],
            tally: [Tally::default(); 3],
            by_zone: vec![[Tally::default(); 3]; usize::from(zones)],
            by_part: vec![[Tally::default(); 3]; division.parts.len()],
            part_sizes: Vec::new(),
            sums: [Sums::default(); 3],
            sums_by_part: vec![[Sums::default(); 3]; division.parts.len()],
            unready: std::array::from_fn(|_| IdSet::default()),
            ready: [IdSet::all_below(size), IdSet::default(), IdSet::default()],
            has_changed: true,
        };
        let old = Version::Old.index();
        let facts = Counted::of(&Instance::initial(ZoneId(0))).facts;
        for number in 0..size {
            let zone = ZoneId((number % u32::from(zones)) as u16);
            let part = division.part_of(number, zone);
            pool.instances.push(Instance { part, ordinal: number, ..Instance::initial(zone) });
            pool.facts.push(facts);
            pool.tally[old].turn(0, facts);
            pool.by_zone[zone.index()][old].turn(0, facts);
            pool.by_part[part.index()][old].turn(0, facts);
        }
        let size = |part: &[Tally; 3]| part[old].count(Fact::Active);
        pool.part_sizes = pool.by_part.iter().map(size).collect();
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
            desired,
            tally,
            by_zone: vec![tally],
            by_part: vec![tally],
            part_sizes: vec![desired.iter().sum()],
            sums: [Sums::default(); 3],
            sums_by_part: vec![[Sums::default(); 3]],
            unready: std::array::from_fn(|_| IdSet::default()),
            ready: std::array::from_fn(|_| IdSet::default()),
            has_changed: false,
        }
    }

    /// The parts in which the fleet is brought over: the initial size of each.
    #[must_use]
    pub fn part_sizes(&self) -> &[u32] {
        &self.part_sizes
    }

    /// Puts an instance in and gives it the next id.
    pub fn add(&mut self, instance: Instance) -> InstanceId {
        let id = InstanceId(self.instances.len() as u32);
        self.instances.push(instance);
        let after = Counted::of(&instance);
        self.facts.push(after.facts);
        self.count(id, after.absent(), after);
        id
    }

    /// One instance.
    #[must_use]
    pub fn get(&self, id: InstanceId) -> &Instance {
        &self.instances[id.index()]
    }

    /// Changes one instance; the counts follow.
    pub fn change(&mut self, id: InstanceId, change: impl FnOnce(&mut Instance)) {
        let one = &mut self.instances[id.index()];
        let facts = &mut self.facts[id.index()];
        let (before, speed) = (Counted::known(one, *facts), one.speed);
        change(one);
        let (after, speeds) = (Counted::of(one), [speed, one.speed]);
        *facts = after.facts;
        if speeds != [FULL_SPEED; 2] {
            self.count_lack([before, after], speeds);
        }
        if before == after {
            return;
        }
        if (before.version, before.zone, before.part) == (after.version, after.zone, after.part) {
            self.count(id, before, after);
        } else {
            self.count(id, before, before.absent());
            self.count(id, after.absent(), after);
        }
    }

    /// Counts what an instance lacked of its speed before a change, and lacks after it.
    #[cold]
    fn count_lack(&mut self, [before, after]: [Counted; 2], speeds: [u64; 2]) {
        self.has_changed = true;
        for (one, speed, step) in [(before, speeds[0], Step::Out), (after, speeds[1], Step::In)] {
            if one.is(Fact::Serving) {
                let warm_from = one.is(Fact::Warming).then_some(one.warm_from);
                let version = one.version.index();
                self.sums[version].lack.count(speed, warm_from, step);
                let of_part = &mut self.sums_by_part[one.part.index()][version];
                of_part.lack.count(speed, warm_from, step);
            }
        }
    }

    /// Whether any count has changed since this was last asked.
    pub const fn take_change(&mut self) -> bool {
        std::mem::replace(&mut self.has_changed, false)
    }

    /// Lets what no count tells be looked at as a change.
    pub const fn tell_change(&mut self) {
        self.has_changed = true;
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
        self.has_changed = true;
        self.desired[version.index()] = to;
    }

    /// Counts of a version.
    #[must_use]
    pub const fn counts(&self, version: Version) -> Counts {
        self.tally[version.index()].counts()
    }

    /// Counts of a version in one zone.
    #[must_use]
    pub fn counts_in(&self, zone: ZoneId, version: Version) -> Counts {
        self.in_zone(zone)[version.index()].counts()
    }

    /// The counts of one zone; a fleet's only one is not counted apart.
    fn in_zone(&self, zone: ZoneId) -> &[Tally; 3] {
        if self.by_zone.len() == 1 { &self.tally } else { &self.by_zone[zone.index()] }
    }

    /// The counts of one part, likewise.
    fn in_part(&self, part: PartId) -> &[Tally; 3] {
        if self.by_part.len() == 1 { &self.tally } else { &self.by_part[part.index()] }
    }

    const fn of(&self, fact: Fact, version: Version) -> u32 {
        self.tally[version.index()].count(fact)
    }

    const fn of_all(&self, fact: Fact) -> u32 {
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
        let index = version.index();
        serving(&self.tally[index], &self.sums[index])
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

    /// Whether the state of some instance will change without anybody's doing.
    #[must_use]
    pub const fn is_restless(&self) -> bool {
        self.of_all(Fact::Restless) > 0
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
            Version::New | Version::Third => {
                self.unready[index].last().or_else(|| self.ready[index].last())
            }
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
            Version::New | Version::Third => self.ready[index].iter().rev().find(is_here),
        })
    }

    /// The same within one part of the fleet.
    #[must_use]
    pub fn first_to_go_of(&self, version: Version, part: PartId) -> Option<InstanceId> {
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
        self.unready[version.index()].iter().filter(|&id| self.get(id).has_failed())
    }

    /// Instances of `version` that are not ready and not told to stop.
    pub fn not_ready(&self, version: Version) -> impl Iterator<Item = InstanceId> + '_ {
        self.unready[version.index()].iter()
    }

    /// The instance of `version` with the lowest index, terminating ones excepted.
    #[must_use]
    pub fn lowest(&self, version: Version) -> Option<InstanceId> {
        self.in_order(version).next()
    }

    /// The instances of `version`, terminating ones excepted, by their indices.
    pub fn in_order(&self, version: Version) -> impl Iterator<Item = InstanceId> + '_ {
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
        let index = version.index();
        let all = self.unready[index].iter().chain(self.ready[index].iter());
        all.filter(|id| self.get(*id).ordinal == ordinal).max()
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

    /// Counts what has become of an instance that has stayed of its version and in its zone.
    fn count(&mut self, id: InstanceId, before: Counted, after: Counted) {
        self.has_changed = true;
        let version = after.version.index();
        let changed = before.facts ^ after.facts;
        self.tally[version].turn(before.facts, after.facts);
        if self.by_zone.len() > 1 {
            self.by_zone[after.zone.index()][version].turn(before.facts, after.facts);
        }
        if self.by_part.len() > 1 {
            self.by_part[after.part.index()][version].turn(before.facts, after.facts);
        }
        if (before.facts | after.facts) & Fact::Warming.bit() != 0 {
            let warm_from = |one: Counted| if one.is(Fact::Warming) { one.warm_from } else { 0 };
            let of_part = &mut self.sums_by_part[after.part.index()][version];
            for sums in [&mut self.sums[version], of_part] {
                let without = sums.warm_from - u128::from(warm_from(before));
                sums.warm_from = without + u128::from(warm_from(after));
            }
        }
        if changed & (Fact::Active.bit() | Fact::Ready.bit()) != 0 {
            self.list(id, before, after);
        }
    }

    /// Moves an instance that has stayed of its version between the lists of who may be told to
    /// stop.
    fn list(&mut self, id: InstanceId, before: Counted, after: Counted) {
        let version = after.version.index();
        for (one, step) in [(before, IdSet::remove as fn(&mut IdSet, _)), (after, IdSet::insert)] {
            if one.is(Fact::Active) {
                let sets = if one.is(Fact::Ready) { &mut self.ready } else { &mut self.unready };
                step(&mut sets[version], id);
            }
        }
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
