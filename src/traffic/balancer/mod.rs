//! Which endpoint a request goes to: the endpoints the balancer knows, the split between versions,
//! and the four policies.
//!
//! Endpoints that come up gradually (`slow_start`) are kept apart in one short list; as long as it
//! is empty, every pick is a few instructions, whatever the size of the fleet.

mod draw;
mod peek;
mod ramp;

use self::draw::{draw_one, draw_two, scale, scramble};
use super::bitset::BitSet;
use super::least::Least;
use super::plane::Split;
use super::{BalancerPlan, Policy};
use crate::units::{Ratio, Version};

/// Weight of an endpoint that is fully up.
const FULL_WEIGHT: u64 = 1 << 16;
const SECOND: u64 = 1_000_000_000;

/// An endpoint, as far as the policies look at it.
pub(super) trait Holder {
    /// How many requests it holds at `now`, in service and waiting.
    fn load(&self, now: u64) -> u32;
}

#[inline(always)]
fn load_of(holders: &[impl Holder], endpoint: u32, now: u64) -> u32 {
    holders[endpoint as usize].load(now)
}

/// Why an endpoint that the balancer knows is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// It failed too often in a row.
    Ejected = 1,
    /// It holds `max_connections` requests.
    Full = 2,
    /// It just refused the request that is to be placed.
    Excluded = 4,
}

/// Among which endpoints a request is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Those of one version; if there are none, those of the other.
    Only(Version),
    /// All.
    All,
}

/// What the balancer remembers of an endpoint.
#[derive(Clone, Copy, Debug)]
struct Member {
    version: Version,
    is_known: bool,
    is_ramping: bool,
    /// Set of [`Absence`]s.
    absent: u8,
    /// When it came up, ns.
    since: u64,
    /// Positions in the lists of its version and of all.
    places: [u32; 2],
}

/// The endpoints that can be picked, of one version or of all.
#[derive(Clone, Debug)]
struct Pool {
    /// How many there are.
    present: u32,
    /// Those of full weight, in no particular order (`random`, `power-of-two`).
    list: Vec<u32>,
    /// All of them (`round-robin`).
    turns: BitSet,
    /// From which index on the next one in turn is sought.
    next_turn: u32,
    /// What each endpoint is owed in the smooth weighted rotation; empty when none ramps.
    credits: Vec<i64>,
}

/// The pool of all endpoints; the others are those of the versions.
const ALL: usize = 2;

/// The balancer.
#[derive(Clone, Debug)]
pub(super) struct Balancer {
    policy: Policy,
    slow_start: u64,
    split: Split,
    /// The split's share as a threshold for 64 bits.
    threshold: u128,
    pools: [Pool; 3],
    /// Tournaments of those of full weight (`least-requests`): of each version while requests are
    /// split between them, of all while they are not.
    least: [Least; 3],
    members: Vec<Member>,
    /// Those that can be picked and whose weight still rises, in the order they came up.
    ramping: Vec<u32>,
    /// Known endpoints, passed over or not.
    known: u32,
    /// Of those, how many are passed over only because they are full, by version.
    full: [u32; 2],
}

impl Balancer {
    pub(super) fn new(plan: &BalancerPlan) -> Self {
        let pool = Pool {
            present: 0,
            list: Vec::new(),
            turns: BitSet::new(),
            next_turn: 0,
            credits: Vec::new(),
        };
        Self {
            policy: plan.policy,
            slow_start: plan.slow_start.as_nanos(),
            split: Split::ByCount,
            threshold: 0,
            pools: [pool.clone(), pool.clone(), pool],
            least: [Least::new(), Least::new(), Least::new()],
            members: Vec::new(),
            ramping: Vec::new(),
            known: 0,
            full: [0; 2],
        }
    }

    /// Makes room for an endpoint that the balancer does not know yet.
    pub(super) fn install(&mut self, endpoint: u32, version: Version) {
        let unknown = Member {
            version,
            is_known: false,
            is_ramping: false,
            absent: 0,
            since: 0,
            places: [0; 2],
        };
        let index = endpoint as usize;
        if index >= self.members.len() {
            self.members.resize(index + 1, unknown);
        }
        self.unroute(endpoint, 0, 0);
        self.members[index] = unknown;
    }

    /// Knows the endpoint, which holds `load` requests, from `now` on. One known from the very
    /// beginning has been up for long.
    pub(super) fn route(&mut self, endpoint: u32, load: u32, now: u64) {
        if self.members[endpoint as usize].is_known {
            return;
        }
        self.known += 1;
        self.update(endpoint, load, now, |member| (member.is_known, member.since) = (true, now));
    }

    /// Forgets the endpoint.
    pub(super) fn unroute(&mut self, endpoint: u32, load: u32, now: u64) {
        if !self.members[endpoint as usize].is_known {
            return;
        }
        self.known -= 1;
        self.update(endpoint, load, now, |member| (member.is_known, member.absent) = (false, 0));
    }

    /// Passes the endpoint over from now on.
    pub(super) fn pass_over(&mut self, endpoint: u32, absence: Absence, load: u32, now: u64) {
        self.update(endpoint, load, now, |member| member.absent |= absence as u8);
    }

    /// No longer passes the endpoint over for this reason.
    pub(super) fn readmit(&mut self, endpoint: u32, absence: Absence, load: u32, now: u64) {
        self.update(endpoint, load, now, |member| member.absent &= !(absence as u8));
    }

    /// Splits requests between the versions from now on; `holders` tell their loads at `now`.
    pub(super) fn set_split(&mut self, split: Split, now: u64, holders: &[impl Holder]) {
        let was_split = self.split != Split::ByCount;
        self.split = split;
        self.threshold = match split {
            Split::ByCount => 0,
            Split::Weighted(share) | Split::Cohort(share) => Ratio::threshold(share),
        };
        if self.policy == Policy::LeastRequests && was_split != (split != Split::ByCount) {
            self.least = [Least::new(), Least::new(), Least::new()];
            for endpoint in 0..self.members.len() as u32 {
                let member = &self.members[endpoint as usize];
                if member.standing() == Standing::Present && !member.is_ramping {
                    self.enter_fully(endpoint, load_of(holders, endpoint, now));
                }
            }
        }
    }

    /// The tournament that an endpoint of the version takes part in.
    #[inline(always)]
    fn tournament_of(&self, version: Version) -> usize {
        if self.split == Split::ByCount { ALL } else { version.index() }
    }

    /// Whether the balancer knows the endpoint.
    pub(super) fn knows(&self, endpoint: u32) -> bool {
        self.members[endpoint as usize].is_known
    }

    /// The version whose side of the split the endpoint is on.
    pub(super) fn side_of(&self, endpoint: u32) -> Version {
        self.members[endpoint as usize].version
    }

    /// How many endpoints it knows.
    pub(super) const fn known(&self) -> u32 {
        self.known
    }

    /// Whether the endpoint is passed over for this reason.
    pub(super) fn is_absent(&self, endpoint: u32, absence: Absence) -> bool {
        self.members[endpoint as usize].absent & absence as u8 != 0
    }

    /// Whether an endpoint of that side would be picked if only it were not full.
    pub(super) fn is_any_full(&self, side: Side) -> bool {
        match side {
            Side::Only(version) if self.pools[version.index()].present == 0 => {
                self.full[version.index()] > 0
                    || (self.full[version.other().index()] > 0
                        && self.pools[version.other().index()].present == 0)
            }
            Side::Only(version) => self.full[version.index()] > 0,
            Side::All => self.full != [0; 2],
        }
    }

    /// Whether any endpoint of the version can be picked, or could if it were not full.
    pub(super) fn serves(&self, version: Version) -> bool {
        self.pools[version.index()].present > 0 || self.full[version.index()] > 0
    }

    /// Among which endpoints a request with this routing number is placed; `user` is the fixed
    /// number of the user it belongs to.
    #[inline]
    pub(super) fn side(&self, route: u64, user: impl FnOnce() -> u64) -> Side {
        let number = match self.split {
            Split::ByCount => return Side::All,
            Split::Weighted(_) => route,
            Split::Cohort(_) => user(),
        };
        let is_new = u128::from(number) < self.threshold;
        Side::Only(if is_new { Version::New } else { Version::Old })
    }

    /// Picks an endpoint by the policy; `holders` tell how many requests each holds at `now`. None
    /// if none can be picked.
    #[inline(always)]
    pub(super) fn pick(
        &mut self,
        side: Side,
        route: u64,
        now: u64,
        holders: &[impl Holder],
    ) -> Option<u32> {
        self.pick_by(self.policy, side, route, now, holders)
    }

    /// As [`Balancer::pick`], with the plan's policy known to the compiler where the caller has
    /// looked at it before.
    #[inline(always)]
    pub(super) fn pick_by(
        &mut self,
        policy: Policy,
        side: Side,
        route: u64,
        now: u64,
        holders: &[impl Holder],
    ) -> Option<u32> {
        match side {
            Side::All => self.pick_from(ALL, policy, route, now, holders),
            Side::Only(version) => self.pick_of_version(version, route, now, holders),
        }
    }

    #[inline(never)]
    fn pick_of_version(
        &mut self,
        version: Version,
        route: u64,
        now: u64,
        holders: &[impl Holder],
    ) -> Option<u32> {
        // The version was chosen by the number itself, so the endpoint needs another.
        self.pick_from(self.pool_of(version), self.policy, scramble(route), now, holders)
    }

    #[inline(always)]
    fn pick_from(
        &mut self,
        pool: usize,
        policy: Policy,
        route: u64,
        now: u64,
        holders: &[impl Holder],
    ) -> Option<u32> {
        if self.pools[pool].present == 0 {
            return None;
        }
        if !self.ramping.is_empty() {
            return self.pick_while_ramping(pool, route, now, holders);
        }
        Some(match policy {
            Policy::Random => draw_one(&self.pools[pool].list, route),
            Policy::RoundRobin => self.pools[pool].take_turn()?,
            Policy::LeastRequests => self.least_of(pool)?.0,
            Policy::PowerOfTwo => draw_two(&self.pools[pool].list, route, now, holders),
        })
    }

    /// As [`Balancer::pick`], passing over `excluded`.
    pub(super) fn pick_other(
        &mut self,
        side: Side,
        route: u64,
        now: u64,
        excluded: &[u32],
        holders: &[impl Holder],
    ) -> Option<u32> {
        for &endpoint in excluded {
            self.pass_over(endpoint, Absence::Excluded, load_of(holders, endpoint, now), now);
        }
        let picked = self.pick(side, route, now, holders);
        for &endpoint in excluded {
            self.readmit(endpoint, Absence::Excluded, load_of(holders, endpoint, now), now);
        }
        picked
    }

    /// The load of an endpoint has changed.
    #[inline(always)]
    pub(super) fn load_changed(&mut self, endpoint: u32, load: u32) {
        if self.policy == Policy::LeastRequests {
            self.rank(endpoint, load);
        }
    }

    #[inline]
    fn rank(&mut self, endpoint: u32, load: u32) {
        let member = &self.members[endpoint as usize];
        if member.is_known && member.absent == 0 && !member.is_ramping {
            let tournament = self.tournament_of(member.version);
            self.least[tournament].set(endpoint, load);
        }
    }

    #[inline]
    fn pool_of(&self, version: Version) -> usize {
        let pool = version.index();
        // A version that is merely full is waited for.
        if self.pools[pool].present == 0 && self.full[pool] == 0 {
            version.other().index()
        } else {
            pool
        }
    }

    /// The least loaded of full weight, with its load.
    #[inline]
    fn least_of(&self, pool: usize) -> Option<(u32, u32)> {
        if self.split == Split::ByCount {
            // Requests that came while there was a split are placed among all as well.
            return self.least[ALL].best();
        }
        if pool != ALL {
            return self.least[pool].best();
        }
        let bests = [self.least[0].best(), self.least[1].best()];
        bests.into_iter().flatten().min_by_key(|&(endpoint, load)| (load, endpoint))
    }

    /// Changes what is remembered of an endpoint, and moves it between the pools accordingly.
    fn update(&mut self, endpoint: u32, load: u32, now: u64, change: impl FnOnce(&mut Member)) {
        let member = &mut self.members[endpoint as usize];
        let before = *member;
        change(member);
        let after = *member;
        let version = after.version.index();
        match (before.standing(), after.standing()) {
            (Standing::Present, Standing::Present) | (Standing::Out, Standing::Out) => return,
            (Standing::Present, _) => self.leave(endpoint),
            (_, Standing::Present) => self.enter(endpoint, load, now),
            _ => {}
        }
        self.full[version] -= u32::from(before.standing() == Standing::Full);
        self.full[version] += u32::from(after.standing() == Standing::Full);
    }

    fn enter(&mut self, endpoint: u32, load: u32, now: u64) {
        let member = self.members[endpoint as usize];
        for pool in [member.version.index(), ALL] {
            self.pools[pool].present += 1;
            if self.policy == Policy::RoundRobin {
                self.pools[pool].turns.insert(endpoint);
            }
        }
        if member.since > 0 && now < member.since.saturating_add(self.slow_start) {
            if self.ramping.is_empty() {
                self.pools.iter_mut().for_each(|pool| pool.credits.clear());
            }
            self.members[endpoint as usize].is_ramping = true;
            self.ramping.push(endpoint);
        } else {
            self.enter_fully(endpoint, load);
        }
    }

    /// From now on the endpoint has its full weight.
    fn enter_fully(&mut self, endpoint: u32, load: u32) {
        let version = self.members[endpoint as usize].version.index();
        match self.policy {
            Policy::Random | Policy::PowerOfTwo => {
                for (slot, pool) in [version, ALL].into_iter().enumerate() {
                    let list = &mut self.pools[pool].list;
                    self.members[endpoint as usize].places[slot] = list.len() as u32;
                    list.push(endpoint);
                }
            }
            Policy::LeastRequests => {
                let tournament = self.tournament_of(Version::ALL[version]);
                self.least[tournament].set(endpoint, load);
            }
            Policy::RoundRobin => {}
        }
    }

    fn leave(&mut self, endpoint: u32) {
        let member = self.members[endpoint as usize];
        let version = member.version.index();
        for pool in [version, ALL] {
            self.pools[pool].present -= 1;
            if self.policy == Policy::RoundRobin {
                self.pools[pool].turns.remove(endpoint);
            }
        }
        if member.is_ramping {
            self.members[endpoint as usize].is_ramping = false;
            self.ramping.retain(|&other| other != endpoint);
            return;
        }
        match self.policy {
            Policy::Random | Policy::PowerOfTwo => {
                for (slot, pool) in [version, ALL].into_iter().enumerate() {
                    let place = member.places[slot];
                    let list = &mut self.pools[pool].list;
                    list.swap_remove(place as usize);
                    if let Some(&moved) = list.get(place as usize) {
                        self.members[moved as usize].places[slot] = place;
                    }
                }
            }
            Policy::LeastRequests => {
                let tournament = self.tournament_of(member.version);
                self.least[tournament].remove(endpoint);
            }
            Policy::RoundRobin => {}
        }
    }
}

/// How an endpoint stands with the balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It can be picked.
    Present,
    /// It could be picked if it were not full.
    Full,
    /// It is unknown or passed over.
    Out,
}

impl Member {
    const fn standing(&self) -> Standing {
        if self.is_known && self.absent == 0 {
            Standing::Present
        } else if self.is_known && self.absent == Absence::Full as u8 {
            Standing::Full
        } else {
            Standing::Out
        }
    }
}

impl Pool {
    /// The next one in turn.
    #[inline]
    fn take_turn(&mut self) -> Option<u32> {
        let endpoint = self.turns.next_in_turn(self.next_turn)?;
        self.next_turn = endpoint + 1;
        Some(endpoint)
    }
}
