//! Copies of requests, on the event-ordered path: attempts that nobody waits for.

use super::attempt::Fresh;
use super::{EventPath, Side};
use crate::traffic::request::Request;
use crate::units::Ratio;

impl EventPath {
    pub(in crate::traffic) const fn set_mirror(&mut self, share: Ratio) {
        self.mirror.set(share);
    }

    /// Sends a copy of the current request, if it has one; where there is no room it is lost.
    pub(super) fn copy(&mut self) {
        let Request { number, sent: now, demand, .. } = self.requests.current();
        let Some(endpoint) = self.mirror.target(number) else { return };
        // A request served in no time has left its slot when its copy comes.
        self.settle(now);
        let here = &self.endpoints[endpoint as usize];
        let has_room = here.serving.count() < self.rules.slots || here.waiting < self.rules.queue;
        if !here.process.accepts() || !has_room {
            return;
        }
        let (phase, side) = (self.phase, Side::All);
        let is_faulty = false;
        let fresh =
            Fresh { sent: now, tried: now, demand, number, retries: 0, phase, side, is_faulty };
        let attempt = self.attempts.begin(fresh);
        self.attempts[attempt].is_abandoned = true;
        self.accept(attempt, endpoint, now);
    }
}
