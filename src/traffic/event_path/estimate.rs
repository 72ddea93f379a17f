//! How long a request would wait and when an endpoint will be idle: what its slots and queue hold
//! now, played forward.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::EventPath;

impl EventPath {
    /// When the slots of an endpoint are free of everything it holds now, ns, and the latest of
    /// all its completions.
    fn play_forward(&self, endpoint: u32, now: u64) -> (BinaryHeap<Reverse<u64>>, u64) {
        let here = &self.endpoints[endpoint as usize];
        let in_service = self.attempts.iter(here.serving);
        let mut slots: BinaryHeap<Reverse<u64>> =
            in_service.map(|attempt| Reverse(self.attempts[attempt].moment)).collect();
        let mut last = slots.iter().map(|slot| slot.0).max().unwrap_or(now);
        for attempt in self.attempts.iter(here.queue) {
            let Some(Reverse(start)) = slots.pop() else { break };
            let service = here.process.service(self.attempts[attempt].demand, start);
            let end = start.saturating_add(service);
            last = last.max(end);
            slots.push(Reverse(end));
        }
        (slots, last)
    }

    /// How long a request that came to the endpoint now would wait for a slot, ns, if there were a
    /// place to wait.
    pub(super) fn wait_at(&self, endpoint: u32, now: u64) -> u64 {
        let here = &self.endpoints[endpoint as usize];
        if here.busy < self.rules.slots {
            return 0;
        }
        let (slots, _) = self.play_forward(endpoint, now);
        slots.peek().map_or(0, |Reverse(free)| free.saturating_sub(now))
    }

    /// No request that came now would wait longer than this, ns; cheap. Until it starts every slot
    /// is busy, with what is in service (until the latest end at most) or with what waits, which
    /// is served at the present speed or faster.
    pub(super) fn longest_wait(&self, endpoint: u32, now: u64) -> u64 {
        let here = &self.endpoints[endpoint as usize];
        let queued = here.process.service(here.queued, now) / u64::from(self.rules.slots);
        let in_service = here.latest.saturating_sub(now);
        in_service.saturating_add(queued).saturating_add(u64::from(here.waiting) + 1)
    }

    /// When the last of what the endpoint holds now ends, ns.
    pub(super) fn idle_at(&self, endpoint: u32, now: u64) -> u64 {
        self.play_forward(endpoint, now).1.max(now)
    }
}
