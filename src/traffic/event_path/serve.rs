//! Serving: slots, the endpoint's queue, completions, and what happens when a process dies.

use super::attempt::{Attempt, Queue, Serving};
use super::heap::Due;
use super::{Count, EventPath};
use crate::traffic::balancer::Absence;
use crate::traffic::plane::{Departure, Door};
use crate::traffic::record::{Cause, Charge};

impl EventPath {
    /// The endpoint takes an attempt for which it has room.
    #[inline(always)]
    pub(super) fn accept(&mut self, attempt: u32, endpoint: u32, now: u64) {
        let here = &mut self.endpoints[endpoint as usize];
        let one = &mut self.attempts[attempt];
        one.endpoint = endpoint;
        one.late = here.process.late_charge(now, self.is_short);
        let users = self.users;
        one.is_exposed = here.process.exposes(self.flag, || users.draw(one.number));
        one.is_masked = here.process.masks(self.flag, one.is_exposed);
        let is_error = here.process.hits(one.is_faulty, one.is_exposed);
        one.error = is_error.then(|| here.process.error_charge(Charge::BadRelease));
        if here.process.is_troubled && !is_error {
            let defect =
                self.fortune.defect(self.troubles[endpoint as usize], one.number, one.retries);
            one.error = defect.map(|defect| here.process.error_charge(defect));
        }
        here.taken += 1;
        // Speed only rises, so a later start is not slower.
        let work = here.process.work(one.demand, one.is_exposed);
        let service = here.process.service(work, now);
        if here.serving.count() < self.rules.slots {
            let at = now.saturating_add(service);
            one.moment = at;
            here.work += u128::from(at);
            let run = one.run;
            self.attempts.serve(&mut here.serving, attempt);
            self.completions.push(Due { at, attempt, run });
        } else {
            here.waiting += 1;
            one.moment = service;
            here.work += u128::from(service);
            self.attempts.enqueue(&mut here.queue, attempt);
        }
        let load = here.serving.count() + here.waiting;
        self.balancer.load_changed(endpoint, load);
        if self.rules.is_any_consequence {
            self.accepted(attempt, endpoint, now);
        }
    }

    /// What follows from an endpoint taking an attempt.
    fn accepted(&mut self, attempt: u32, endpoint: u32, now: u64) {
        let load = self.load_of(endpoint);
        if load >= self.rules.max_connections && !self.balancer.is_absent(endpoint, Absence::Full) {
            self.balancer.pass_over(endpoint, Absence::Full, load, now);
        }
        let Some(sessions) = &self.sessions else { return };
        let process = &self.endpoints[endpoint as usize].process;
        let Attempt { number, retries, error, .. } = self.attempts[attempt];
        let is_weaker = |charge| matches!(charge, Charge::Dependency | Charge::InjectedFault);
        if error.is_none_or(is_weaker)
            && self.rules.mixed_threshold > 0
            && sessions.crosses(self.users.of(number), process.version)
            && u128::from(self.keys.mixed.draw(number, u64::from(retries)))
                < self.rules.mixed_threshold
        {
            let charge = process.error_charge(Charge::MixedVersions);
            self.attempts[attempt].error = Some(charge);
        }
        self.pin(attempt, endpoint, now);
    }

    /// The first of the endpoint's queue takes the slot of `done`, whose service is over.
    #[inline(always)]
    fn start(&mut self, attempt: u32, endpoint: u32, done: u32, now: u64) -> Due {
        let here = &mut self.endpoints[endpoint as usize];
        self.attempts.dequeue(&mut here.queue, attempt);
        self.attempts.serve_instead(&mut here.serving, done, attempt);
        here.waiting -= 1;
        let one = &mut self.attempts[attempt];
        let work = here.process.work(one.demand, one.is_exposed);
        let at = now.saturating_add(here.process.service(work, now));
        here.work = here.work - u128::from(one.moment) + u128::from(at);
        one.moment = at;
        Due { at, attempt, run: one.run }
    }

    /// A session begins with the attempt's request, unless its user has none to begin.
    fn pin(&mut self, attempt: u32, endpoint: u32, now: u64) {
        if self.attempts[attempt].is_abandoned {
            return;
        }
        let user = self.users.of(self.attempts[attempt].number);
        if let Some(sessions) = &mut self.sessions
            && sessions.holds(user)
            && sessions.pin(user, now).is_none()
        {
            sessions.begin(user, endpoint, now);
        }
    }

    /// The first completion happens.
    #[inline(always)]
    pub(super) fn complete(&mut self, due: Due) {
        let Due { at: now, attempt, run } = due;
        if self.attempts[attempt].run != run {
            return self.completions.pop();
        }
        let endpoint = self.attempts[attempt].endpoint;
        let here = &mut self.endpoints[endpoint as usize];
        here.work -= u128::from(now);
        let next = here.queue.first();
        match next {
            Some(next) => {
                let due = self.start(next, endpoint, attempt, now);
                self.completions.replace_first(due);
            }
            None => {
                self.attempts.stop_serving(&mut here.serving, attempt);
                self.completions.pop();
            }
        }
        let load = self.load_of(endpoint);
        self.balancer.load_changed(endpoint, load);
        self.conclude(attempt, endpoint, now);
        if self.rules.is_any_consequence {
            self.invite(endpoint, now);
        }
    }

    /// The service of an attempt has ended.
    #[inline(always)]
    fn conclude(&mut self, attempt: u32, endpoint: u32, now: u64) {
        let Attempt { sent, number, error, late, is_abandoned, is_masked, .. } =
            self.attempts[attempt];
        if is_abandoned {
            self.observe_copy(attempt, error.is_none(), now);
            self.attempts.end(attempt);
        } else if self.is_late(attempt, now.saturating_sub(1)) {
            self.fail(attempt, Cause::Timeout, late, now);
        } else if let Some(charge) = error {
            self.answered(number, endpoint);
            self.endpoint_failed(endpoint, now);
            self.fail(attempt, Cause::Error, charge, now);
        } else {
            if self.rules.is_timeout_felt {
                self.stop_awaiting(attempt);
            }
            self.attempts.end(attempt);
            let owner = self.endpoints[endpoint as usize].process.owner(is_masked);
            self.recorder.succeed(sent, owner.version, now - sent);
            if let Some(scrapes) = &mut self.scrapes {
                scrapes.ok(now, owner.watched, now - sent, Count::Add);
            }
            if self.rules.is_any_consequence {
                self.answered(number, endpoint);
                self.endpoint_succeeded(endpoint);
            }
        }
    }

    /// The endpoint has answered with success.
    fn endpoint_succeeded(&mut self, endpoint: u32) {
        if let Some(outliers) = &mut self.outliers {
            outliers.succeed(endpoint);
        }
    }

    /// The endpoint has answered a request.
    fn answered(&mut self, number: u64, endpoint: u32) {
        if self.sessions.is_some() {
            let user = self.users.of(number);
            let version = self.endpoints[endpoint as usize].process.version;
            if let Some(sessions) = &mut self.sessions {
                sessions.answer(user, version);
            }
        }
    }

    /// The process dies: what it holds is cut.
    pub(in crate::traffic) fn kill(&mut self, endpoint: u32, departure: Departure, now: u64) {
        self.settle(now);
        let held = self.held(endpoint);
        let here = &mut self.endpoints[endpoint as usize];
        here.process.set_door(Door::Closed(departure));
        here.process.recover();
        (here.serving, here.queue) = (Serving::default(), Queue::EMPTY);
        (here.waiting, here.work) = (0, 0);
        self.balancer.load_changed(endpoint, 0);
        if let Some(sessions) = &mut self.sessions {
            sessions.lose(endpoint, now);
        }
        for attempt in held {
            // Whatever its completion says is stale from now on.
            self.attempts[attempt].run = self.attempts[attempt].run.wrapping_add(1);
            self.cut(attempt, endpoint, departure.charge(), now);
        }
        self.invite(endpoint, now);
    }

    /// What the endpoint holds, in the order in which services began, then as it waits.
    pub(super) fn held(&self, endpoint: u32) -> Vec<u32> {
        let here = &self.endpoints[endpoint as usize];
        let mut held = self.attempts.in_order(&here.serving);
        held.extend(self.attempts.iter(here.queue));
        held
    }

    /// An attempt is cut in flight, or while it waits at its endpoint.
    fn cut(&mut self, attempt: u32, endpoint: u32, charge: Charge, now: u64) {
        let Attempt { is_abandoned, connects, late, .. } = self.attempts[attempt];
        if is_abandoned {
            self.observe_copy(attempt, false, now);
            return self.attempts.end(attempt);
        }
        if self.is_late(attempt, now) {
            return self.fail(attempt, Cause::Timeout, late, now);
        }
        self.endpoint_failed(endpoint, now);
        self.attempts[attempt].late = charge;
        if self.rules.retry_aborted && connects < self.rules.connect_retries {
            // As if it had been refused, with one try of the balancer's left at least.
            self.connect_again(attempt, vec![endpoint], now);
        } else {
            self.fail(attempt, Cause::Aborted, charge, now);
        }
    }
}
