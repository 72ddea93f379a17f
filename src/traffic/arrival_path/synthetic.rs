//! Synthetic checks on this path.

use super::ArrivalPath;
use super::station::{Room, Station};
use crate::traffic::process::FOREVER;
use crate::traffic::synthetic::Check;

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
