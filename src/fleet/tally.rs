//! What is counted of instances: facts that are true of each, and of how many each is true.

use super::instance::{FULL_SPEED, Instance, State};
use crate::units::{PartId, Version, ZoneId};

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

/// What is counted of instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Active,
    Ready,
    Available,
    Starting,
    Terminating,
    Routed,
    Serving,
    ReadyServing,
    Warming,
    Slow,
}

/// The facts that a controller sees.
pub(super) const SEEN: u16 = Fact::Active.bit()
    | Fact::Ready.bit()
    | Fact::Available.bit()
    | Fact::Starting.bit()
    | Fact::Terminating.bit();

/// Counts that are added to at once.
const GROUP: usize = 4;

/// Groups of counts: one count a fact, and as many as fill the last group.
const GROUPS: usize = (Fact::Slow as usize + 1).div_ceil(GROUP);

/// What each set of a group's facts adds to its counts.
static SPREAD: [[u32; GROUP]; 1 << GROUP] = {
    let mut spread = [[0; GROUP]; 1 << GROUP];
    let mut place = 0;
    while place < GROUP << GROUP {
        let (facts, lane) = (place / GROUP, place % GROUP);
        spread[facts][lane] = (facts >> lane) as u32 & 1;
        place += 1;
    }
    spread
};

impl Fact {
    pub(super) const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// How many instances each fact is true of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally([[u32; GROUP]; GROUPS]);

impl Tally {
    pub(super) const fn count(&self, fact: Fact) -> u32 {
        self.0[fact as usize / GROUP][fact as usize % GROUP]
    }

    pub(super) const fn counts(&self) -> Counts {
        Counts {
            active: self.count(Fact::Active),
            ready: self.count(Fact::Ready),
            available: self.count(Fact::Available),
        }
    }

    /// These facts are true of so many more instances.
    pub(super) fn turn_many(&mut self, facts: u16, times: u32) {
        for (group, counts) in self.0.iter_mut().enumerate() {
            for (lane, count) in counts.iter_mut().enumerate() {
                *count += times * u32::from(facts >> (GROUP * group + lane) & 1);
            }
        }
    }

    /// The facts `before` were true of an instance, and now `after` are. All counts are reckoned,
    /// which takes less than to see which have changed.
    #[inline(always)]
    pub(super) fn turn(&mut self, before: u16, after: u16) {
        for (group, counts) in self.0.iter_mut().enumerate() {
            let spread = |facts: u16| &SPREAD[usize::from(facts >> (GROUP * group)) % SPREAD.len()];
            let (is, was) = (spread(after), spread(before));
            for lane in 0..GROUP {
                counts[lane] = counts[lane].wrapping_add(is[lane]).wrapping_sub(was[lane]);
            }
        }
    }
}

/// What is true of an instance by its state alone, by state.
const OF_STATE: [u16; State::ALL.len()] = {
    let mut facts = [0; State::ALL.len()];
    let mut index = 0;
    while index < facts.len() {
        let state = State::ALL[index];
        facts[state as usize] = (state.is_active() as u16) << Fact::Active as u16
            | (state.is_starting() as u16) << Fact::Starting as u16
            | (state.is_terminating() as u16) << Fact::Terminating as u16;
        index += 1;
    }
    facts
};

/// Among which an instance is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Belongs {
    pub(super) version: Version,
    pub(super) zone: ZoneId,
    pub(super) part: PartId,
}

impl Belongs {
    #[inline(always)]
    pub(super) const fn of(one: &Instance) -> Self {
        Self { version: one.version, zone: one.zone, part: one.part }
    }
}

/// What is true of an instance, as far as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) facts: u16,
    pub(super) of: Belongs,
}

impl Counted {
    #[inline(always)]
    pub(super) const fn of(one: &Instance) -> Self {
        // Reckoned for every change of every instance, so without a branch.
        let of_state = OF_STATE[one.state as usize];
        let is_active = of_state >> Fact::Active as u16 & 1;
        let is_serving = one.is_routed as u16 & one.is_open as u16 & !one.is_ejected as u16;
        let facts = of_state
            | (is_active & one.is_ready as u16) << Fact::Ready as u16
            | (is_active & one.is_available as u16) << Fact::Available as u16
            | (one.is_routed as u16) << Fact::Routed as u16
            | is_serving << Fact::Serving as u16
            | (is_serving & one.is_ready as u16) << Fact::ReadyServing as u16
            | (is_serving & one.is_warming as u16) << Fact::Warming as u16
            | ((one.speed != FULL_SPEED) as u16) << Fact::Slow as u16;
        Self { facts, of: Belongs::of(one) }
    }

    /// The same instance before it is there, or when it is there no more.
    pub(super) const fn absent(self) -> Self {
        Self { facts: 0, ..self }
    }
}
