//! Copies of requests, on the arrival-driven path: entries that nobody waits for. What becomes of
//! them is observed, as a mesh observes it, and recorded nowhere else.

use super::Count;
use super::station::{Entry, Fate, Room};
use super::{ArrivalPath, Request, Rules};
use crate::traffic::process::Owner;
use crate::traffic::record::Charge;
use crate::units::Ratio;

/// What is added to the moment at which a copy was sent; later than any moment.
const COPY: u64 = 1 << 63;

impl Entry {
    /// Whether nobody waits for it.
    #[inline(always)]
    pub(super) const fn is_copy(&self) -> bool {
        self.sent & COPY != 0
    }
}

impl ArrivalPath {
    pub(in crate::traffic) const fn set_mirror(&mut self, share: Ratio) {
        self.mirror.set(share);
    }

    /// Sends a copy of the current request, if it has one; where there is no room it is refused.
    pub(super) fn copy(&mut self) {
        let Request { number, sent: now, demand, is_faulty, .. } = self.requests.current();
        let Some(endpoint) = self.mirror.target(number) else { return };
        let station = self.stations.station(endpoint, &self.rules);
        let Rules { flag, users, .. } = self.rules;
        let is_exposed = station.process.exposes(flag, || users.draw(number));
        let is_masked = station.process.masks(flag, is_exposed);
        let owner = station.process.owner(is_masked);
        let room = match station.process.accepts() {
            true => station.room(self.rules.queue, now),
            false => Room::None,
        };
        let Room::From(start, first) = room else {
            if let Some(scrapes) = &mut self.scrapes {
                scrapes.failed(now, Some(owner.watched), Count::Add);
            }
            return;
        };
        let demand = station.process.work(demand, is_exposed);
        let is_hit = station.process.hits(is_faulty, is_exposed);
        let mut defect = is_hit.then_some(Charge::BadRelease);
        if station.process.is_troubled && defect.is_none() {
            defect = self.fortune.defect(self.troubles[endpoint as usize], number, 0);
        }
        let error = defect.map(|defect| station.process.error_charge(defect));
        let end = start.saturating_add(station.process.service(demand, start));
        let fate = Fate::new(demand, self.phase, Charge::Overload, error).masked(is_masked);
        let entry = Entry { sent: now | COPY, start, end, fate };
        station.take(entry, first, now);
        self.observe_copy(&entry, owner, Count::Add);
    }

    /// Observes what becomes of a copy, or takes it back.
    pub(super) fn observe_copy(&mut self, entry: &Entry, owner: Owner, count: Count) {
        let Some(scrapes) = &mut self.scrapes else { return };
        if entry.fate.error().is_some() {
            scrapes.failed(entry.end, Some(owner.watched), count);
        } else {
            scrapes.ok(
                entry.end,
                owner.watched,
                entry.end.saturating_sub(entry.sent & !COPY),
                count,
            );
        }
    }
}
