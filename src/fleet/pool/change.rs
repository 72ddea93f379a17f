//! Changes of instances, and how the counts follow.
//!
//! What happens to one instance at one moment is often several steps: it becomes ready, is routed
//! to, is available. They are counted at once, when the pool is closed.

use super::super::instance::Instance;
use super::super::serving::Step;
use super::super::tally::{Belongs, Counted, Fact, SEEN};
use super::Pool;
use crate::units::{InstanceId, SimTime, Version};

/// What has changed of a fleet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Any count.
    pub any: bool,
    /// What a controller sees: desired counts, and who is there, ready, available or terminating.
    pub is_seen: bool,
    /// By version: an instance that is replaced in place has stopped and starts again as that.
    pub returned: [bool; 3],
}

impl Changed {
    pub(super) const ALL: Self = Self { any: true, is_seen: true, returned: [false; 3] };
    const NOTHING: Self = Self { any: false, is_seen: false, returned: [false; 3] };

    /// What has changed of either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        let ([old, new, third], more) = (self.returned, other.returned);
        Self {
            any: self.any | other.any,
            is_seen: self.is_seen | other.is_seen,
            returned: [old | more[0], new | more[1], third | more[2]],
        }
    }
}

/// An instance as it was when its counts were last right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    id: InstanceId,
    before: Counted,
    /// When its last warm-up began.
    warm_from: SimTime,
    speed: u64,
    /// Whether it was restless, where that is kept count of.
    is_restless: bool,
}

impl Open {
    #[inline(always)]
    const fn of(id: InstanceId, one: &Instance) -> Self {
        Self {
            id,
            before: Counted::of(one),
            warm_from: one.warm_from,
            speed: one.speed,
            is_restless: false,
        }
    }

    /// Before it was there.
    pub(super) const fn unborn(id: InstanceId, one: &Instance) -> Self {
        let now = Self::of(id, one);
        Self { before: now.before.absent(), ..now }
    }
}

impl Pool {
    /// Changes one instance; the counts follow.
    pub fn change(&mut self, id: InstanceId, change: impl FnOnce(&mut Instance)) {
        self.alter(id, change);
        self.close();
    }

    /// Changes one instance. The counts follow with [`Pool::close`], or with the next change of
    /// another instance: what happens to one at one moment, in however many steps, is counted at
    /// once. No count may be asked for before; debug builds see to that.
    #[inline(always)]
    pub fn alter(&mut self, id: InstanceId, change: impl FnOnce(&mut Instance)) {
        if self.open.as_ref().is_none_or(|open| open.id != id) {
            self.open(id);
        }
        change(&mut self.instances[id.index()]);
    }

    /// The changes of this instance are counted together.
    #[inline(never)]
    fn open(&mut self, id: InstanceId) {
        self.close();
        let one = self.get(id);
        let is_restless = self.restless.is_some() && one.is_restless();
        let before = Counted { facts: self.facts[id.index()], of: Belongs::of(one) };
        self.open = Some(Open { before, is_restless, ..Open::of(id, one) });
    }

    /// Counts what has become of the instance that was changed last. No count may be asked for
    /// before.
    #[inline(always)]
    pub fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.recount(open);
        }
    }

    #[inline(never)]
    pub(super) fn recount(&mut self, open: Open) {
        let Open { id, before, .. } = open;
        let after = Counted::of(self.get(id));
        self.facts[id.index()] = after.facts;
        let special = Fact::Warming.bit() | Fact::Slow.bit();
        if (before.facts | after.facts) & special != 0 {
            self.recount_sums(&open);
        }
        if self.restless.is_some() {
            self.recount_restless(&open);
        }
        if before.of == after.of {
            self.count(id, after.of, [before.facts, after.facts]);
        } else {
            let is_seen = self.changed.is_seen;
            self.count(id, before.of, [before.facts, 0]);
            self.count(id, after.of, [0, after.facts]);
            // Told apart, since most of those that replace in place need not hear of it.
            if before.facts & SEEN == Fact::Terminating.bit() {
                self.changed.is_seen = is_seen;
                self.changed.returned[after.of.version.index()] = true;
            }
        }
    }

    /// Counts when the warm-up of an instance began and what it lacked of its speed, before it was
    /// changed and since.
    #[cold]
    fn recount_sums(&mut self, open: &Open) {
        let now = Open::of(open.id, self.get(open.id));
        self.changed.any = true;
        self.has_sums = true;
        for (one, step) in [(open, Step::Out), (&now, Step::In)] {
            let Counted { facts, of } = one.before;
            let warm_from = one.warm_from.as_nanos();
            let warm_from = (facts & Fact::Warming.bit() != 0).then_some(warm_from);
            let version = of.version.index();
            let of_part = &mut self.sums_by_part[of.part.index()][version];
            for sums in [&mut self.sums[version], of_part] {
                if let Some(from) = warm_from.map(u128::from) {
                    match step {
                        Step::In => sums.warm_from += from,
                        Step::Out => sums.warm_from -= from,
                    }
                }
                if facts & Fact::Serving.bit() != 0 {
                    sums.lack.count(one.speed, warm_from, step);
                }
            }
        }
    }

    #[cold]
    fn recount_restless(&mut self, open: &Open) {
        let is_restless = self.get(open.id).is_restless();
        if open.is_restless != is_restless
            && let Some(restless) = &mut self.restless
        {
            *restless = *restless + u32::from(is_restless) - u32::from(open.is_restless);
            self.changed = Changed::ALL;
        }
    }

    /// Whether every change has been counted.
    #[inline(always)]
    pub(super) const fn is_closed(&self) -> bool {
        self.open.is_none()
    }

    /// What has changed since this was last asked.
    #[inline(always)]
    pub const fn take_change(&mut self) -> Changed {
        debug_assert!(self.is_closed());
        std::mem::replace(&mut self.changed, Changed::NOTHING)
    }

    /// Lets what no count tells be looked at as a change.
    pub const fn tell_change(&mut self) {
        self.changed = Changed::ALL;
    }

    /// Counts what has become of an instance that has stayed of its version, zone and part.
    #[inline(always)]
    fn count(&mut self, id: InstanceId, of: Belongs, [before, after]: [u16; 2]) {
        let changed = before ^ after;
        if changed == 0 {
            return;
        }
        self.changed.any = true;
        self.changed.is_seen |= changed & SEEN != 0;
        self.tally[of.version.index()].turn(before, after);
        if self.is_divided {
            self.count_apart(of, [before, after]);
        }
        if changed & (Fact::Active.bit() | Fact::Ready.bit()) != 0 {
            self.list(id, of.version, [before, after]);
        }
    }

    #[inline(never)]
    fn count_apart(&mut self, of: Belongs, [before, after]: [u16; 2]) {
        let version = of.version.index();
        self.by_zone[of.zone.index()][version].turn(before, after);
        self.by_part[of.part.index()][version].turn(before, after);
    }

    /// Moves an instance that has stayed of its version between the lists of who may be told to
    /// stop.
    #[inline(always)]
    fn list(&mut self, id: InstanceId, version: Version, [before, after]: [u16; 2]) {
        let is = |facts: u16, fact: Fact| facts & fact.bit() != 0;
        if is(before, Fact::Active) {
            let is_ready = is(before, Fact::Ready);
            let sets = if is_ready { &mut self.ready } else { &mut self.unready };
            sets[version.index()].remove(id);
        }
        if is(after, Fact::Active) {
            let is_ready = is(after, Fact::Ready);
            let sets = if is_ready { &mut self.ready } else { &mut self.unready };
            sets[version.index()].insert(id);
        }
    }
}
