//! The parts of a fleet that a rollout brings over one after another.

use crate::units::{PartId, ZoneId};

/// One part of a fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is called: a zone, a region, or how far it goes.
    pub name: String,
    /// Its zones; where they are given, every instance in them belongs to it.
    pub zones: Vec<ZoneId>,
    /// Without zones: the first instance of the initial fleet, in the order of its numbers, that
    /// does not belong to it any more.
    pub end: u32,
}

/// A fleet in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// The parts, at least one, in the order in which they come.
    pub parts: Vec<Part>,
    /// The part that a weight sends requests to, whatever its instances run; none: the instances
    /// of the new version.
    pub canary: Option<PartId>,
}

impl Division {
    /// A fleet in one part.
    #[must_use]
    pub fn whole() -> Self {
        Self {
            parts: vec![Part { name: String::new(), zones: Vec::new(), end: u32::MAX }],
            canary: None,
        }
    }

    /// The part that an instance of the initial fleet belongs to.
    #[must_use]
    pub fn part_of(&self, number: u32, zone: ZoneId) -> PartId {
        let is_of = |part: &Part| part.zones.contains(&zone) || number < part.end;
        let found = self.parts.iter().position(is_of);
        PartId(found.unwrap_or(self.parts.len() - 1) as u16)
    }
}
