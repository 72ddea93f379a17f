//! Synthetic checks on this path.

use super::EventPath;
use crate::traffic::process::FOREVER;
use crate::traffic::synthetic::Check;

impl EventPath {
    /// Whether a check that is sent now will be answered with success in time. One that would have
    /// to wait in the balancer's queue will not.
    pub(in crate::traffic) fn passes(&self, check: Check, now: u64) -> bool {
        let side = self.balancer.side(check.route, || check.user);
        let Some(endpoint) = self.balancer.peek(side, check.route, now, &self.endpoints) else {
            return false;
        };
        let here = &self.endpoints[endpoint as usize];
        if here.serving.count() >= self.rules.slots && here.waiting >= self.rules.queue {
            return false;
        }
        let start = now.saturating_add(self.wait_at(endpoint, now));
        let is_exposed = here.process.exposes(self.flag, || check.user);
        let work = here.process.work(check.demand, is_exposed);
        let end = start.saturating_add(here.process.service(work, start));
        let in_time = end - now <= self.rules.timeout && end < FOREVER;
        let is_error = here.process.hits(check.is_faulty, is_exposed);
        let trouble = self.troubles.get(endpoint as usize).filter(|_| here.process.is_troubled);
        let defect = trouble.and_then(|trouble| self.fortune.defect(*trouble, check.number, 0));
        here.process.accepts() && in_time && !is_error && defect.is_none()
    }
}
