//! The arrival-driven path while what ends is observed: every request takes the careful way, so
//! that the common way carries no cost of it.

use super::ArrivalPath;
use crate::traffic::plane::Signal;
use crate::traffic::record::{Cause, Charge};
use crate::traffic::request::Request;
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
            let signal = self.send_observed();
            self.requests.step();
            if signal.is_some() {
                return signal;
            }
        }
        self.now = self.now.max(until);
        None
    }

    fn send_observed(&mut self) -> Option<Signal> {
        let Request { number, sent: now, route, .. } = self.requests.current();
        let user = self.rules.user;
        let users = u128::from(self.rules.users);
        let side = self.balancer.side(route, || {
            let number = (u128::from(user.draw(number, 0)) * users) >> 64;
            user.draw(number as u64, 1)
        });
        let policy = self.rules.policy;
        match self.balancer.pick_by(policy, side, route, now, &self.stations) {
            Some(endpoint) => self.offer_with_care(endpoint),
            None => {
                self.fail(Cause::NoEndpoint, Charge::Overload, None);
                None
            }
        }
    }
}
