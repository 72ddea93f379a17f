//! Placing an attempt: which endpoint it goes to, and what the balancer does when nobody listens
//! there or nobody has room.

use super::attempt::{Attempt, NONE};
use super::{Errand, EventPath};
use crate::traffic::balancer::{Absence, Side};
use crate::traffic::plane::{Door, Signal};
use crate::traffic::record::{Cause, Charge};
use crate::units::{InstanceId, SimTime};

/// Between two connections to the same endpoint, ns.
const RECONNECT: u64 = 1_000_000_000;

/// What came of offering an attempt to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// It is the endpoint's now, or has failed.
    Settled,
    /// Nobody listens.
    Refused,
}

impl EventPath {
    /// The client sends an attempt.
    #[inline(always)]
    pub(super) fn send(&mut self, attempt: u32, side: Side, route: u64, now: u64) {
        if self.rules.is_timeout_felt {
            self.attempts.await_answer(&mut self.awaited, attempt);
            self.deadline = self.deadline.min(now.saturating_add(self.rules.timeout));
        }
        if self.sessions.is_some()
            && let Some(endpoint) = self.pin_of(attempt, now)
        {
            self.send_to_pin(attempt, endpoint, now);
        } else if let Some(endpoint) = self.balancer.pick(side, route, now, &self.endpoints) {
            self.approach(attempt, endpoint, now);
        } else {
            self.send_nowhere(attempt, side, now);
        }
    }

    /// A session pins the attempt to the endpoint.
    fn send_to_pin(&mut self, attempt: u32, endpoint: u32, now: u64) {
        if self.load_of(endpoint) >= self.rules.max_connections {
            self.wait_in_front(attempt, now);
        } else {
            self.approach(attempt, endpoint, now);
        }
    }

    /// No endpoint can be picked.
    #[cold]
    fn send_nowhere(&mut self, attempt: u32, side: Side, now: u64) {
        if self.balancer.is_any_full(side) {
            self.wait_in_front(attempt, now);
        } else {
            self.fail(attempt, Cause::NoEndpoint, Charge::Overload, now);
        }
    }

    /// The endpoint that a session pins the attempt's user to, if it accepts.
    fn pin_of(&self, attempt: u32, now: u64) -> Option<u32> {
        let sessions = self.sessions.as_ref()?;
        let pin = sessions.pin(self.users.of(self.attempts[attempt].number), now)?;
        self.endpoints[pin as usize].process.accepts().then_some(pin)
    }

    /// Offers the attempt to the endpoint and, as long as it is refused and tries are left, to
    /// others.
    #[inline(always)]
    pub(super) fn approach(&mut self, attempt: u32, endpoint: u32, now: u64) {
        if self.offer(attempt, endpoint, now) == Answer::Refused {
            self.connect_again(attempt, vec![endpoint], now);
        }
    }

    /// The last of `refused` did not listen: tries others at once, or the same one later.
    #[cold]
    pub(super) fn connect_again(&mut self, attempt: u32, mut refused: Vec<u32>, now: u64) {
        loop {
            if self.attempts[attempt].connects >= self.rules.connect_retries {
                let charge = self.attempts[attempt].late;
                return self.fail(attempt, Cause::Refused, charge, now);
            }
            self.attempts[attempt].connects += 1;
            let Some(endpoint) = self.pick_another(attempt, &refused, now) else { return };
            if self.offer(attempt, endpoint, now) == Answer::Settled {
                return;
            }
            refused.push(endpoint);
        }
    }

    /// Another endpoint for an attempt that `refused` did not take; none if it has to wait.
    fn pick_another(&mut self, attempt: u32, refused: &[u32], now: u64) -> Option<u32> {
        let Attempt { number, retries, connects, side, endpoint, .. } = self.attempts[attempt];
        if self.rules.redispatch {
            let route =
                self.keys.route.draw(number, u64::from(retries) << 32 | u64::from(connects));
            let other = self.balancer.pick_other(side, route, now, refused, &self.endpoints);
            if other.is_some() {
                return other;
            }
            if self.balancer.is_any_full(side) {
                self.wait_in_front(attempt, now);
                return None;
            }
        }
        debug_assert_ne!(endpoint, NONE, "an endpoint refused it");
        self.plan(now.saturating_add(RECONNECT), Errand::Reconnect(attempt));
        None
    }

    /// Connects once more to the endpoint that refused last.
    pub(super) fn reconnect(&mut self, attempt: u32, now: u64) {
        if self.attempts[attempt].is_abandoned {
            self.attempts.end(attempt);
        } else if self.is_late(attempt, now) {
            let charge = self.attempts[attempt].late;
            self.fail(attempt, Cause::Timeout, charge, now);
        } else {
            let endpoint = self.attempts[attempt].endpoint;
            self.approach(attempt, endpoint, now);
        }
    }

    /// What the endpoint's process does with the attempt.
    #[inline(always)]
    fn offer(&mut self, attempt: u32, endpoint: u32, now: u64) -> Answer {
        let here = &self.endpoints[endpoint as usize];
        if !here.process.accepts() {
            return self.turn_away(attempt, endpoint, now);
        }
        if here.serving.count() < self.rules.slots {
            self.accept(attempt, endpoint, now);
        } else {
            self.offer_place_to_wait(attempt, endpoint, now);
        }
        Answer::Settled
    }

    /// All slots are busy.
    #[inline(always)]
    fn offer_place_to_wait(&mut self, attempt: u32, endpoint: u32, now: u64) {
        let here = &self.endpoints[endpoint as usize];
        let has_room = here.waiting < self.rules.queue;
        // Until the first slot is free all are busy, so no one waits longer than the work there is
        // takes all of them together.
        let longest = u128::from(self.watch.saturating_add(now)) * u128::from(self.rules.slots);
        if here.work > longest {
            self.look_at(endpoint, now);
        }
        if has_room {
            self.accept(attempt, endpoint, now);
        } else {
            let late = self.endpoints[endpoint as usize].process.late_charge(now, self.is_short);
            self.attempts[attempt].endpoint = endpoint;
            self.note_mask(attempt, endpoint);
            self.fail(attempt, Cause::Overloaded, late, now);
        }
    }

    /// The process does not accept: nobody listens, or the answer is a 503.
    #[cold]
    fn turn_away(&mut self, attempt: u32, endpoint: u32, now: u64) -> Answer {
        let process = &self.endpoints[endpoint as usize].process;
        let (door, late) = (process.door(), process.late_charge(now, self.is_short));
        let one = &mut self.attempts[attempt];
        (one.endpoint, one.late) = (endpoint, late);
        self.note_mask(attempt, endpoint);
        self.endpoint_failed(endpoint, now);
        if matches!(door, Door::Closed(_)) {
            return Answer::Refused;
        }
        self.fail(attempt, Cause::Refused, late, now);
        Answer::Settled
    }

    /// Among whose requests the attempt counts that an endpoint turns away.
    fn note_mask(&mut self, attempt: u32, endpoint: u32) {
        let (users, number) = (self.users, self.attempts[attempt].number);
        let process = &self.endpoints[endpoint as usize].process;
        let is_exposed = process.exposes(self.flag, || users.draw(number));
        self.attempts[attempt].is_masked = process.masks(self.flag, is_exposed);
    }

    /// Tells of an endpoint where a request that came now would wait too long.
    fn look_at(&mut self, endpoint: u32, now: u64) {
        let is_watched =
            self.watch != u64::MAX && !self.endpoints[endpoint as usize].process.is_told;
        if is_watched && self.wait_at(endpoint, now) > self.watch {
            self.endpoints[endpoint as usize].process.is_told = true;
            let (instance, at) = (InstanceId(endpoint), SimTime::from_nanos(now));
            self.signals.push_back(Signal::Overloaded { instance, at });
        }
    }

    /// Which of the balancer's queues an attempt of that side waits in.
    const fn front_of(side: Side) -> usize {
        match side {
            Side::Only(version) => version.index(),
            Side::All => 2,
        }
    }

    /// Every endpoint is full: the attempt waits in the balancer.
    fn wait_in_front(&mut self, attempt: u32, now: u64) {
        let front = Self::front_of(self.attempts[attempt].side);
        let waiting = &mut self.attempts[attempt];
        (waiting.moment, waiting.endpoint, waiting.late) = (now, NONE, Charge::Overload);
        self.attempts.append(&mut self.fronts[front], attempt);
    }

    /// Takes an attempt out of the balancer's queue.
    pub(super) fn leave_front(&mut self, attempt: u32) {
        let front = Self::front_of(self.attempts[attempt].side);
        self.attempts.remove(&mut self.fronts[front], attempt);
    }

    /// Whether the attempt waits in the balancer's queue.
    pub(super) fn is_in_front(&self, attempt: u32) -> bool {
        // Those that wait for a reconnection keep the endpoint that refused them.
        self.attempts[attempt].endpoint == NONE
    }

    /// When the balancer gives up the first attempt of its queue, ns, and which.
    pub(super) fn next_given_up(&self) -> Option<(u64, u32)> {
        let firsts = self.fronts.iter().filter_map(|front| front.first());
        let limits = firsts.map(|first| {
            (self.attempts[first].moment.saturating_add(self.rules.queue_timeout), first)
        });
        limits.min_by_key(|&(at, _)| at)
    }

    /// The endpoint may have room: it serves who waits in the balancer's queue, and is passed over
    /// while it is full.
    pub(super) fn invite(&mut self, endpoint: u32, now: u64) {
        if self.rules.max_connections == u32::MAX {
            return;
        }
        while self.load_of(endpoint) < self.rules.max_connections {
            let load = self.load_of(endpoint);
            let Some(attempt) = self.next_in_front(endpoint) else {
                if self.balancer.is_absent(endpoint, Absence::Full) {
                    self.balancer.readmit(endpoint, Absence::Full, load, now);
                }
                return;
            };
            self.leave_front(attempt);
            if self.is_late(attempt, now) {
                self.fail(attempt, Cause::Timeout, Charge::Overload, now);
            } else {
                self.approach(attempt, endpoint, now);
            }
        }
    }

    /// Who in the balancer's queue is next for the endpoint.
    fn next_in_front(&self, endpoint: u32) -> Option<u32> {
        let is_out = self.balancer.is_absent(endpoint, Absence::Ejected);
        if is_out || !self.balancer.knows(endpoint) {
            return None;
        }
        let version = self.endpoints[endpoint as usize].process.version;
        let own = [2, version.index()];
        // Nobody else would ever serve those who wait for a version that is gone.
        let orphans = (!self.balancer.serves(version.other())).then(|| version.other().index());
        let firsts = own.into_iter().chain(orphans).filter_map(|front| self.fronts[front].first());
        firsts.min_by_key(|&first| self.attempts[first].moment)
    }
}
