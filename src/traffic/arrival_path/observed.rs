//! The arrival-driven path while what ends is observed or requests are copied: every request takes
//! the careful way, so that the common way carries no cost of it.

use super::ArrivalPath;
use crate::traffic::plane::Signal;
use crate::traffic::scrape::Scrapes;

impl ArrivalPath {
    /// Observes what ends from now on.
    pub(in crate::traffic) fn observe(&mut self, scrapes: Scrapes) {
        self.scrapes = Some(Box::new(scrapes));
    }

    /// What was observed.
    pub(in crate::traffic) fn scrapes(&self) -> Option<&Scrapes> {
        self.scrapes.as_deref()
    }

    /// Handles every arrival before `until`, as the path does that is not observed.
    pub(super) fn run_observed(&mut self, until: u64) -> Option<Signal> {
        while self.requests.next_arrival() < until {
            self.recorder.send(self.requests.next_arrival());
            let endpoint = self.pick(self.rules.policy);
            let signal = self.send_with_care(endpoint);
            if self.mirror.is_on() {
                self.copy();
            }
            self.requests.step();
            if signal.is_some() {
                return signal;
            }
        }
        self.now = self.now.max(until);
        None
    }
}
