//! Where a new instance goes, and which one is told to stop first.

use super::world::World;
use crate::strategy::Pick;
use crate::units::{InstanceId, PartId, Version, ZoneId};

/// A place in the fleet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Berth {
    pub(super) zone: ZoneId,
    pub(super) part: PartId,
    /// The number that a strategy gives it; none: its id.
    pub(super) ordinal: Option<u32>,
}

impl World<'_> {
    /// Where in the fleet a new instance goes.
    pub(super) fn berth_for(&self, version: Version, pick: Pick) -> Berth {
        let at = |zone| Berth { zone, part: PartId(0), ordinal: None };
        match pick {
            Pick::Zone(zone) => at(zone),
            Pick::Any | Pick::HighestIndex | Pick::LowestIndex | Pick::One(_) => {
                at(self.pool.zone_for(version))
            }
            Pick::Ordinal(ordinal) => {
                let zones = (self.plan.fleet.zones.len() as u32).max(1);
                // Where the initial fleet had it: what it stores is there.
                let zone = ZoneId((ordinal % zones) as u16);
                Berth { ordinal: Some(ordinal), ..at(zone) }
            }
            Pick::Part(part) => {
                let zones = self.division.parts[part.index()].zones.iter().copied();
                let zone = self.pool.zone_among(version, zones);
                Berth { part, ..at(zone.unwrap_or_else(|| self.pool.zone_for(version))) }
            }
        }
    }

    pub(super) fn victim(&self, version: Version, pick: Pick) -> Option<InstanceId> {
        match pick {
            Pick::Any => self.pool.first_to_go(version),
            Pick::Zone(zone) => self.pool.first_to_go_in(version, zone),
            Pick::Part(part) => self.pool.first_to_go_of(version, part),
            Pick::HighestIndex => self.pool.highest(version),
            Pick::LowestIndex => self.pool.lowest(version),
            Pick::One(id) => {
                let one = self.one(id);
                (one.version == version && one.state.is_active()).then_some(id)
            }
            Pick::Ordinal(ordinal) => self.pool.with_ordinal(version, ordinal),
        }
    }
}
