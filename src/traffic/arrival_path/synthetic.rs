//! Synthetic checks on this path.

use super::ArrivalPath;
use super::station::{Room, Station};
use super::stations::Fresh;
use crate::traffic::balancer::Side;
use crate::traffic::plane::{Departure, Door, Known};
use crate::traffic::process::FOREVER;
use crate::traffic::synthetic::Check;
use crate::units::Version;

impl ArrivalPath {
    /// Whether a check that is sent now will be answered with success in time.
    pub(in crate::traffic) fn passes(&self, check: Check, now: u64) -> bool {
        let side = self.balancer.side(check.route, || check.user);
        let Some(endpoint) = self.balancer.peek(side, check.route, now, self.stations.holders())
        else {
            return false;
        };
        let judge = |station: &Station| self.passes_at(endpoint, station, check, now);
        self.stations.look(endpoint, &self.rules, judge)
    }

    /// The same among endpoints that hold nothing, in their order, of which the path knows nothing
    /// else: the first on the check's side takes it.
    pub(in crate::traffic) fn passes_among(
        &self,
        check: Check,
        now: u64,
        known: impl Iterator<Item = Known> + Clone,
    ) -> bool {
        let of = |side: Version| known.clone().find(|one| one.version.side() == side);
        let found = match self.balancer.side(check.route, || check.user) {
            Side::All => known.clone().next(),
            Side::Only(side) => of(side).or_else(|| of(side.other())),
        };
        found.is_some_and(|Known { instance, version, is_open }| {
            let closed = Door::Closed(Departure::OnPurpose);
            let door = if is_open { Door::Open } else { closed };
            let station = self.rules.station(Fresh { version, is_flagged: false, door });
            self.passes_at(instance.0, &station, check, now)
        })
    }

    fn passes_at(&self, endpoint: u32, station: &Station, check: Check, now: u64) -> bool {
        let Room::From(start, _) = station.room(self.rules.queue, now) else { return false };
        let process = &station.process;
        let is_exposed = process.exposes(self.rules.flag, || check.user);
        let work = process.work(check.demand, is_exposed);
        let end = start.saturating_add(process.service(work, start));
        let in_time = end - now <= self.rules.timeout && end < FOREVER;
        let is_error = process.hits(check.is_faulty, is_exposed);
        let trouble = self.troubles.get(endpoint as usize).filter(|_| process.is_troubled);
        let defect = trouble.and_then(|trouble| self.fortune.defect(*trouble, check.number, 0));
        process.accepts() && in_time && !is_error && defect.is_none()
    }
}
