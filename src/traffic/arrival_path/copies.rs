//! Copies of requests, on the arrival-driven path: entries that nobody sent.

use super::station::{Entry, Fate, Room};
use super::{ArrivalPath, Request, Rules};
use crate::traffic::record::Charge;
use crate::units::Ratio;

/// What stands for the moment at which a copy was sent.
pub(super) const NOBODY: u64 = u64::MAX;

impl ArrivalPath {
    pub(in crate::traffic) const fn set_mirror(&mut self, share: Ratio) {
        self.mirror.set(share);
    }

    /// Sends a copy of the current request, if it has one; where there is no room it is lost.
    pub(super) fn copy(&mut self) {
        let Request { number, sent: now, demand, .. } = self.requests.current();
        let Some(endpoint) = self.mirror.target(number) else { return };
        let station = self.stations.station(endpoint, &self.rules);
        if !station.process.accepts() {
            return;
        }
        let Room::From(start, first) = station.room(self.rules.queue, now) else { return };
        let Rules { flag, users, .. } = self.rules;
        let is_exposed = station.process.exposes(flag, || users.draw(number));
        let demand = station.process.work(demand, is_exposed);
        let end = start.saturating_add(station.process.service(demand, start));
        let fate = Fate::new(demand, self.phase, Charge::Overload, None);
        station.take(Entry { sent: NOBODY, start, end, fate }, first, now);
    }
}
