//! What follows from the fleet itself: crowded zones, ceilings of what is shared, memory.

use super::super::world::World;
use super::has_process;
use crate::fault::Effect;
use crate::fleet::State;
use crate::units::{InstanceId, Ratio, Version, ZoneId};

impl World<'_> {
    /// All that happened at this moment has been applied: what active faults make of the fleet
    /// as it is now. True if they changed it, so that there is more to be looked at.
    #[inline(always)]
    pub(in crate::sim) fn follow_fleet(&mut self) -> bool {
        !self.faults.is_none() && self.faults.is_fleet_changed && self.follow_changed_fleet()
    }

    fn follow_changed_fleet(&mut self) -> bool {
        self.faults.is_fleet_changed = false;
        self.pool.close();
        let is_crowded = self.count_boots();
        let is_limited = self.reckon_ceiling();
        if is_crowded || is_limited {
            self.refresh_all();
        }
        self.evict() | self.go_on_draining()
    }

    /// Counts the boots in each zone, where they matter. True if their number changed.
    fn count_boots(&mut self) -> bool {
        if !self.is_any_active(|effect| matches!(effect, Effect::CrowdedStarts(_))) {
            return false;
        }
        let mut booting = vec![0; self.faults.booting.len()];
        for (_, one) in self.pool.iter() {
            booting[one.zone.index()] += u32::from(one.state == State::Booting);
        }
        let before = std::mem::replace(&mut self.faults.booting, booting);
        before != self.faults.booting
    }

    /// Reckons what share of the requests ceilings fail. True if it changed.
    fn reckon_ceiling(&mut self) -> bool {
        let mut ceiling = Ratio::ZERO;
        let ceilings: Vec<(u32, u32)> = self
            .active_effects()
            .filter_map(|(_, effect)| match effect {
                Effect::Connections { per_instance, limit } => Some((*per_instance, *limit)),
                _ => None,
            })
            .collect();
        if !ceilings.is_empty() {
            let processes = self.pool.iter().filter(|(_, one)| has_process(one.state)).count();
            for (per_instance, limit) in ceilings {
                ceiling = super::condition::either(ceiling, above(processes, per_instance, limit));
            }
        }
        std::mem::replace(&mut self.faults.ceiling, ceiling) != ceiling
    }

    /// Evicts processes until each zone has memory for the others. True if it evicted any.
    fn evict(&mut self) -> bool {
        let rooms: Vec<(usize, u64)> = self
            .active_effects()
            .filter_map(|(index, effect)| match effect {
                Effect::Memory(room) => Some((index, room.billionths())),
                _ => None,
            })
            .collect();
        let mut is_any = false;
        for (index, room) in rooms {
            for zone in 0..self.plan.fleet.zones.len() {
                is_any |= self.evict_in(index, ZoneId(zone as u16), room);
            }
        }
        is_any
    }

    fn evict_in(&mut self, index: usize, zone: ZoneId, room: u64) -> bool {
        let zones = &self.plan.faults[index].place.zones;
        if zones.as_ref().is_some_and(|zones| !zones.contains(&zone)) {
            return false;
        }
        let here = self.pool.iter().filter(|(_, one)| one.zone == zone && has_process(one.state));
        let mut taken: Vec<(InstanceId, Version, State)> =
            here.map(|(id, one)| (id, one.version, one.state)).collect();
        let mut used: u64 = taken.iter().map(|(_, version, _)| self.memory_of(*version)).sum();
        // Told to stop, it goes anyway.
        taken.retain(|(_, _, state)| !state.is_terminating());
        let is_new_larger = self.memory_of(Version::New) > self.memory_of(Version::Old);
        taken.sort_by_key(|(id, version, _)| (is_new_larger && *version == Version::New, id.0));
        let mut is_any = false;
        while used > room
            && let Some((id, version, _)) = taken.pop()
        {
            used -= self.memory_of(version);
            self.crash_by_fault(id, "evicted: its zone is out of memory");
            is_any = true;
        }
        is_any
    }

    /// Memory of an instance in billionths of that of an old one.
    fn memory_of(&self, version: Version) -> u64 {
        match version {
            Version::Old | Version::Third => Ratio::ONE.billionths(),
            Version::New => self.plan.release.memory_factor.billionths(),
        }
    }
}

/// The share of what so many processes hold that is above the limit.
fn above(processes: usize, per_instance: u32, limit: u32) -> Ratio {
    let held = processes as u64 * u64::from(per_instance);
    let excess = held.saturating_sub(u64::from(limit));
    if excess == 0 {
        return Ratio::ZERO;
    }
    let whole = u128::from(Ratio::ONE.billionths());
    Ratio::from_billionths((u128::from(excess) * whole / u128::from(held)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A published incident: 10 old and 10 new tasks with 19 connections each, 237 usable.
    #[test]
    fn what_is_above_the_limit_is_missing() {
        assert_eq!(above(12, 19, 237), Ratio::ZERO);
        let share = above(20, 19, 237).as_f64();
        assert!((share - (380.0 - 237.0) / 380.0).abs() < 1e-9, "{share}");
        assert_eq!(above(5, 0, 0), Ratio::ZERO);
        assert_eq!(above(5, 1, 0), Ratio::ONE);
    }
}
