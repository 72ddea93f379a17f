//! Which instances are told to stop, and where new ones go.

use super::world::World;
use crate::strategy::Pick;
use crate::units::{InstanceId, PartId, Version, ZoneId};

impl World<'_> {
    /// The zone and the part of the fleet that a new instance goes to.
    pub(super) fn place_for(&self, version: Version, pick: Pick) -> (ZoneId, PartId) {
        match pick {
            Pick::Zone(zone) => (zone, PartId(0)),
            Pick::Any | Pick::HighestIndex | Pick::LowestIndex | Pick::One(_) => {
                (self.pool.zone_for(version), PartId(0))
            }
            Pick::Part(part) => {
                let zones = self.division.parts[part.index()].zones.iter().copied();
                let zone = self.pool.zone_among(version, zones);
                (zone.unwrap_or_else(|| self.pool.zone_for(version)), part)
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
        }
    }
}
