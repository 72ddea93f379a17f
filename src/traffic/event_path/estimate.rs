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
        let in_service = here.serving.iter();
        let mut slots: BinaryHeap<Reverse<u64>> =
            in_service.map(|attempt| Reverse(self.attempts[attempt].moment)).collect();
        let mut last = slots.iter().map(|slot| slot.0).max().unwrap_or(now);
        for attempt in self.attempts.iter(here.queue) {
            let Some(Reverse(start)) = slots.pop() else { break };
            let one = &self.attempts[attempt];
            let work = here.process.work(one.demand, one.is_exposed);
            let service = here.process.service(work, start);
            let end = start.saturating_add(service);
            last = last.max(end);
            slots.push(Reverse(end));
        }
        (slots, last)
    }

    /// Reckons the endpoint's work anew after a change of its speed.
    pub(super) fn weigh(&mut self, endpoint: u32) {
        let here = &self.endpoints[endpoint as usize];
        let ends = here.serving.iter().map(|one| self.attempts[one].moment);
        let mut work: u128 = ends.map(u128::from).sum();
        let process = here.process;
        for waiting in self.attempts.iter(here.queue).collect::<Vec<u32>>() {
            let one = &mut self.attempts[waiting];
            one.moment = process.service(process.work(one.demand, one.is_exposed), self.now);
            work += u128::from(one.moment);
        }
        self.endpoints[endpoint as usize].work = work;
    }

    /// How long a request that came to the endpoint now would wait for a slot, ns, if there were a
    /// place to wait.
    pub(super) fn wait_at(&self, endpoint: u32, now: u64) -> u64 {
        let here = &self.endpoints[endpoint as usize];
        if here.serving.count() < self.rules.slots {
            return 0;
        }
        let (slots, _) = self.play_forward(endpoint, now);
        slots.peek().map_or(0, |Reverse(free)| free.saturating_sub(now))
    }

    /// When the last of what the endpoint holds now ends, ns.
    pub(super) fn idle_at(&self, endpoint: u32, now: u64) -> u64 {
        self.play_forward(endpoint, now).1.max(now)
    }
}
