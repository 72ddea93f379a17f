//! What is counted of instances: facts that are true of each, and of how many each is true.

use super::instance::Instance;
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

impl Fact {
    pub(super) const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// How many instances each fact is true of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally([u32; FACTS]);

impl Tally {
    pub(super) const fn of(&self, fact: Fact) -> u32 {
        self.0[fact as usize]
    }

    pub(super) const fn counts(&self) -> Counts {
        Counts {
            active: self.of(Fact::Active),
            ready: self.of(Fact::Ready),
            available: self.of(Fact::Available),
        }
    }

    /// The facts in `changed` were true of an instance if they are in `before`, and now are not;
    /// or the other way round.
    pub(super) fn change(&mut self, before: u16, mut changed: u16) {
        while changed != 0 {
            let fact = changed.trailing_zeros() as usize;
            changed &= changed - 1;
            let Some(count) = self.0.get_mut(fact) else { return };
            *count = if before >> fact & 1 == 1 { *count - 1 } else { *count + 1 };
        }
    }
}

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
        let is_active = one.state.is_active();
        let is_serving = one.is_serving();
        let facts = (is_active as u16) << Fact::Active as u16
            | ((is_active && one.is_ready) as u16) << Fact::Ready as u16
            | ((is_active && one.is_available) as u16) << Fact::Available as u16
            | (one.state.is_starting() as u16) << Fact::Starting as u16
            | (one.state.is_terminating() as u16) << Fact::Terminating as u16
            | (one.is_routed as u16) << Fact::Routed as u16
            | (is_serving as u16) << Fact::Serving as u16
            | ((is_serving && one.is_ready) as u16) << Fact::ReadyServing as u16
            | ((is_serving && one.is_warming) as u16) << Fact::Warming as u16
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
