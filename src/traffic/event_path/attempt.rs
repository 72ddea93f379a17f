//! Attempts under way, in one store that grows to the largest number at once and no further, and
//! where they stand: in service, in an endpoint's queue, or in a list. Those links are in the
//! attempts themselves.

use crate::traffic::balancer::Side;
use crate::traffic::record::{Charge, Phase};

/// No attempt, no endpoint.
pub(super) const NONE: u32 = u32::MAX;

/// One attempt of a logical request, and what the request carries from attempt to attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// When the request was first sent, ns.
    pub(super) sent: u64,
    /// When the client sent this attempt, ns.
    pub(super) tried: u64,
    /// Service demand of the request at speed 1 on the old version, ns.
    pub(super) demand: u64,
    /// Number of the request.
    pub(super) number: u64,
    /// In service: when it ends. Waiting at its endpoint: the longest its service can take. In the
    /// balancer's queue: when it came there. ns.
    pub(super) moment: u64,
    /// The endpoint that holds it or refused it last.
    pub(super) endpoint: u32,
    /// In a queue or a list: who comes next. In service: the number of that service.
    next: u32,
    /// In a list: who comes before. In service: its place among those that are served with it.
    previous: u32,
    /// Neighbours in the list of those the client waits for.
    newer: u32,
    older: u32,
    /// Number of the service at this position, see [`super::heap::Due`].
    pub(super) run: u32,
    /// Retries by the client before this attempt.
    pub(super) retries: u32,
    /// Tries by the balancer after the first within this attempt.
    pub(super) connects: u32,
    /// What the rollout did when the request was sent.
    pub(super) phase: Phase,
    /// Among which endpoints it is placed.
    pub(super) side: Side,
    /// To what it is charged if it is not answered in time.
    pub(super) late: Charge,
    /// If its answer is an error: to what that is charged.
    pub(super) error: Option<Charge>,
    /// Whether the new version answers it with an error.
    pub(super) is_faulty: bool,
    /// Whether its user sees what is behind a flag, on the endpoint that it is at.
    pub(super) is_exposed: bool,
    /// Whether it counts among the old version's for those who watch, see `Process::masks`.
    pub(super) is_masked: bool,
    /// Whether the client has given up; the work goes on.
    pub(super) is_abandoned: bool,
    /// Whether it is a copy, for which nobody has waited at any time.
    pub(super) is_copy: bool,
}

/// What a new attempt begins with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fresh {
    pub(super) sent: u64,
    pub(super) tried: u64,
    pub(super) demand: u64,
    pub(super) number: u64,
    pub(super) retries: u32,
    pub(super) phase: Phase,
    pub(super) side: Side,
    pub(super) is_faulty: bool,
}

/// Attempts in the service of one endpoint, in no particular order.
#[derive(Clone, Debug, Default)]
pub(super) struct Serving {
    places: Vec<u32>,
}

impl Serving {
    /// How many there are.
    #[inline(always)]
    pub(super) const fn count(&self) -> u32 {
        self.places.len() as u32
    }

    /// All, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.places.iter().copied()
    }
}

/// The ends of a queue: who comes last leaves last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    head: u32,
    /// Stale when the queue is empty.
    tail: u32,
}

impl Queue {
    pub(super) const EMPTY: Self = Self { head: NONE, tail: NONE };

    /// The first attempt.
    #[inline]
    pub(super) fn first(self) -> Option<u32> {
        (self.head != NONE).then_some(self.head)
    }
}

/// The ends of a list, which attempts can leave from anywhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    head: u32,
    tail: u32,
}

impl List {
    pub(super) const EMPTY: Self = Self { head: NONE, tail: NONE };

    /// The first attempt.
    #[inline]
    pub(super) fn first(self) -> Option<u32> {
        (self.head != NONE).then_some(self.head)
    }
}

/// All attempts under way.
#[derive(Clone, Debug)]
pub(super) struct Attempts {
    store: Vec<Attempt>,
    /// First free position; the others follow by `next`.
    free: u32,
    /// Services begun so far, modulo 2³².
    services: u32,
}

impl Attempts {
    pub(super) const fn new() -> Self {
        Self { store: Vec::new(), free: NONE, services: 0 }
    }

    /// Makes an attempt that stands in no list.
    #[inline(always)]
    pub(super) fn begin(&mut self, fresh: Fresh) -> u32 {
        let mut attempt = Attempt {
            sent: fresh.sent,
            tried: fresh.tried,
            demand: fresh.demand,
            number: fresh.number,
            moment: 0,
            endpoint: NONE,
            next: NONE,
            previous: NONE,
            newer: NONE,
            older: NONE,
            run: 0,
            retries: fresh.retries,
            connects: 0,
            phase: fresh.phase,
            side: fresh.side,
            late: Charge::Overload,
            error: None,
            is_faulty: fresh.is_faulty,
            is_exposed: false,
            is_masked: false,
            is_abandoned: false,
            is_copy: false,
        };
        if self.free == NONE {
            self.store.push(attempt);
            return (self.store.len() - 1) as u32;
        }
        let position = self.free;
        let old = &mut self.store[position as usize];
        self.free = old.next;
        // The numbering of services goes on, so that entries about earlier ones stay stale.
        attempt.run = old.run;
        *old = attempt;
        position
    }

    /// Ends an attempt that stands in no list any more.
    #[inline(always)]
    pub(super) fn end(&mut self, position: u32) {
        let free = std::mem::replace(&mut self.free, position);
        let attempt = &mut self[position];
        attempt.run = attempt.run.wrapping_add(1);
        attempt.next = free;
    }

    /// Another attempt is served.
    #[inline(always)]
    pub(super) fn serve(&mut self, serving: &mut Serving, position: u32) {
        let place = serving.count();
        serving.places.push(position);
        self.begin_service(position, place);
    }

    /// The service of `done` is over, and `next` is served in its place.
    #[inline(always)]
    pub(super) fn serve_instead(&mut self, serving: &mut Serving, done: u32, next: u32) {
        let place = self.store[done as usize].previous;
        serving.places[place as usize] = next;
        self.begin_service(next, place);
    }

    #[inline(always)]
    fn begin_service(&mut self, position: u32, place: u32) {
        self.services = self.services.wrapping_add(1);
        let number = self.services;
        let attempt = &mut self[position];
        (attempt.next, attempt.previous) = (number, place);
    }

    /// The service of an attempt is over, and nobody takes its place.
    #[inline(always)]
    pub(super) fn stop_serving(&mut self, serving: &mut Serving, position: u32) {
        let store = &mut self.store[..];
        let place = store[position as usize].previous;
        // Who stood last moves up; it may be the same, but asking would cost more.
        if let Some(&last) = serving.places.last() {
            serving.places[place as usize] = last;
            store[last as usize].previous = place;
            serving.places.pop();
        }
    }

    /// Attempts in service, in the order in which their services began.
    pub(super) fn in_order(&self, serving: &Serving) -> Vec<u32> {
        let mut all = serving.places.clone();
        all.sort_by_key(|&one| std::cmp::Reverse(self.services.wrapping_sub(self[one].next)));
        all
    }

    /// Joins a queue.
    #[inline(always)]
    pub(super) fn enqueue(&mut self, queue: &mut Queue, position: u32) {
        let tail = std::mem::replace(&mut queue.tail, position);
        let store = &mut self.store[..];
        store[position as usize].next = NONE;
        if queue.head == NONE {
            queue.head = position;
        } else {
            store[tail as usize].next = position;
        }
    }

    /// The first of a queue, which it is given, leaves.
    #[inline(always)]
    pub(super) fn dequeue(&mut self, queue: &mut Queue, first: u32) {
        queue.head = self[first].next;
    }

    /// Appends to a list of whereabouts.
    pub(super) fn append(&mut self, list: &mut List, position: u32) {
        let tail = std::mem::replace(&mut list.tail, position);
        let attempt = &mut self[position];
        (attempt.previous, attempt.next) = (tail, NONE);
        match tail {
            NONE => list.head = position,
            tail => self[tail].next = position,
        }
    }

    /// Takes out of its list of whereabouts.
    pub(super) fn remove(&mut self, list: &mut List, position: u32) {
        let Attempt { next, previous, .. } = self[position];
        match previous {
            NONE => list.head = next,
            previous => self[previous].next = next,
        }
        match next {
            NONE => list.tail = previous,
            next => self[next].previous = previous,
        }
    }

    /// Appends to the list of those the client waits for.
    pub(super) fn await_answer(&mut self, list: &mut List, position: u32) {
        let tail = std::mem::replace(&mut list.tail, position);
        let store = &mut self.store[..];
        let attempt = &mut store[position as usize];
        (attempt.older, attempt.newer) = (tail, NONE);
        match tail {
            NONE => list.head = position,
            tail => store[tail as usize].newer = position,
        }
    }

    /// Takes out of the list of those the client waits for.
    pub(super) fn stop_awaiting(&mut self, list: &mut List, position: u32) {
        let store = &mut self.store[..];
        let Attempt { newer, older, .. } = store[position as usize];
        match older {
            NONE => list.head = newer,
            older => store[older as usize].newer = newer,
        }
        match newer {
            NONE => list.tail = older,
            newer => store[newer as usize].older = older,
        }
    }

    /// The attempts of a queue, in order.
    pub(super) fn iter(&self, queue: Queue) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(queue.first(), |&position| {
            let next = self[position].next;
            (next != NONE).then_some(next)
        })
    }
}

impl std::ops::Index<u32> for Attempts {
    type Output = Attempt;
    #[inline]
    fn index(&self, position: u32) -> &Attempt {
        &self.store[position as usize]
    }
}

impl std::ops::IndexMut<u32> for Attempts {
    #[inline]
    fn index_mut(&mut self, position: u32) -> &mut Attempt {
        &mut self.store[position as usize]
    }
}
