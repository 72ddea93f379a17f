//! What is counted of instances: facts that are true of each, and of how many each is true.

use super::instance::{Instance, State};
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
    Restless,
}

const FACTS: usize = Fact::Restless as usize + 1;

/// Two counts share a word.
const WORDS: usize = FACTS.div_ceil(2);

impl Fact {
    pub(super) const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// How many instances each fact is true of: 32 bits a fact, so that what one instance changes is
/// added to all counts at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally([u64; WORDS]);

impl Tally {
    pub(super) const fn count(&self, fact: Fact) -> u32 {
        (self.0[fact as usize / 2] >> (32 * (fact as u32 % 2))) as u32
    }

    pub(super) const fn counts(&self) -> Counts {
        Counts {
            active: self.count(Fact::Active),
            ready: self.count(Fact::Ready),
            available: self.count(Fact::Available),
        }
    }

    /// What it is to a count that the facts `before` were true of an instance and now `after` are.
    #[inline(always)]
    pub(super) fn difference(before: u16, after: u16) -> Self {
        Self(std::array::from_fn(|word| spread(after, word).wrapping_sub(spread(before, word))))
    }

    /// Adds a difference. A borrow between the two counts of a word is given back once no count
    /// is below nothing, which none ever is.
    #[inline(always)]
    pub(super) fn add(&mut self, difference: &Self) {
        for (count, difference) in self.0.iter_mut().zip(difference.0) {
            *count = count.wrapping_add(difference);
        }
    }

    /// The counts of so many instances of which these facts are true.
    pub(super) fn of(count: u32, facts: u16) -> Self {
        Self(std::array::from_fn(|word| spread(facts, word) * u64::from(count)))
    }
}

/// The two facts of a word as counts of one instance.
#[inline(always)]
const fn spread(facts: u16, word: usize) -> u64 {
    let two = (facts >> (2 * word)) as u64;
    two & 1 | (two & 2) << 31
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

/// What is true of an instance, as far as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) version: Version,
    pub(super) zone: ZoneId,
    pub(super) part: PartId,
    pub(super) facts: u16,
    /// When its last warm-up began, nanoseconds.
    pub(super) warm_from: u64,
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
            | (one.is_restless() as u16) << Fact::Restless as u16;
        let warm_from = one.warm_from.as_nanos();
        Self { version: one.version, zone: one.zone, part: one.part, facts, warm_from }
    }

    /// The same instance before it is there, or when it is there no more.
    pub(super) const fn absent(self) -> Self {
        Self { facts: 0, ..self }
    }

    pub(super) const fn is(self, fact: Fact) -> bool {
        self.facts & fact.bit() != 0
    }
}
