//! Copies of requests, on the event-ordered path: attempts that nobody waits for. What becomes of
//! them is observed, as a mesh observes it, and recorded nowhere else.

use super::attempt::{Attempt, Fresh};
use super::{Count, EventPath, Side};
use crate::traffic::request::Request;
use crate::units::Ratio;

impl EventPath {
    pub(in crate::traffic) const fn set_mirror(&mut self, share: Ratio) {
        self.mirror.set(share);
    }

    /// Sends a copy of the current request, if it has one; where there is no room it is refused.
    pub(super) fn copy(&mut self) {
        let Request { number, sent: now, demand, is_faulty, .. } = self.requests.current();
        let Some(endpoint) = self.mirror.target(number) else { return };
        // A request served in no time has left its slot when its copy comes.
        self.settle(now);
        let here = &self.endpoints[endpoint as usize];
        let has_room = here.serving.count() < self.rules.slots || here.waiting < self.rules.queue;
        if !here.process.accepts() || !has_room {
            let users = self.users;
            let is_exposed = here.process.exposes(self.flag, || users.draw(number));
            let owner = here.process.owner(here.process.masks(self.flag, is_exposed));
            if let Some(scrapes) = &mut self.scrapes {
                scrapes.failed(now, Some(owner.watched), Count::Add);
            }
            return;
        }
        let (phase, side) = (self.phase, Side::All);
        let fresh =
            Fresh { sent: now, tried: now, demand, number, retries: 0, phase, side, is_faulty };
        let attempt = self.attempts.begin(fresh);
        self.attempts[attempt].is_abandoned = true;
        self.attempts[attempt].is_copy = true;
        self.accept(attempt, endpoint, now);
    }

    /// Observes what has become of an attempt, if it is a copy.
    pub(super) fn observe_copy(&mut self, attempt: u32, is_ok: bool, now: u64) {
        let Attempt { endpoint, sent, is_copy, is_masked, .. } = self.attempts[attempt];
        let Some(scrapes) = self.scrapes.as_mut().filter(|_| is_copy) else { return };
        let watched = self.endpoints[endpoint as usize].process.owner(is_masked).watched;
        if is_ok {
            scrapes.ok(now, watched, now - sent, Count::Add);
        } else {
            scrapes.failed(now, Some(watched), Count::Add);
        }
    }
}
