//! Serving: slots, the endpoint's queue, completions, and what happens when a process dies.

use super::attempt::{Attempt, List};
use super::heap::Due;
use super::{Count, EventPath};
use crate::traffic::balancer::Absence;
use crate::traffic::plane::{Departure, Door};
use crate::traffic::record::{Cause, Charge};
use crate::units::Version;

impl EventPath {
    /// The endpoint takes an attempt for which it has room.
    #[inline]
    pub(super) fn accept(&mut self, attempt: u32, endpoint: u32, now: u64) {
        self.attempts[attempt].error = self.error_of(attempt, endpoint);
        let here = &mut self.endpoints[endpoint as usize];
        if here.busy < self.rules.slots {
            here.busy += 1;
            let due = self.start(attempt, endpoint, now);
            self.completions.push(due);
        } else {
            here.waiting += 1;
            here.queued = here.queued.saturating_add(self.attempts[attempt].demand);
            self.attempts.append(&mut here.queue, attempt);
        }
        let load = self.load_of(endpoint);
        self.balancer.load_changed(endpoint, load);
        if load >= self.rules.max_connections && !self.balancer.is_absent(endpoint, Absence::Full) {
            self.balancer.pass_over(endpoint, Absence::Full, load, now);
        }
        if self.sessions.is_some() {
            self.pin(attempt, endpoint, now);
        }
    }

    /// Starts the service of an attempt.
    #[inline]
    fn start(&mut self, attempt: u32, endpoint: u32, now: u64) -> Due {
        let here = &mut self.endpoints[endpoint as usize];
        let service = here.process.service(self.attempts[attempt].demand, now);
        self.attempts.append(&mut here.serving, attempt);
        let started = &mut self.attempts[attempt];
        started.moment = now.saturating_add(service);
        here.latest = here.latest.max(started.moment);
        Due { at: started.moment, attempt, run: started.run }
    }

    /// If the endpoint will answer with an error: to what that is charged.
    #[inline]
    fn error_of(&self, attempt: u32, endpoint: u32) -> Option<Charge> {
        let process = &self.endpoints[endpoint as usize].process;
        let Attempt { number, retries, is_faulty, .. } = self.attempts[attempt];
        if is_faulty && process.version == Version::New {
            return Some(process.error_charge(Charge::BadRelease));
        }
        if let Some(sessions) = &self.sessions
            && self.rules.mixed_threshold > 0
            && sessions.crosses(self.user_of(number), process.version)
            && u128::from(self.keys.mixed.draw(number, u64::from(retries)))
                < self.rules.mixed_threshold
        {
            return Some(process.error_charge(Charge::MixedVersions));
        }
        None
    }

    /// A session begins with the attempt's request, unless its user has none to begin.
    fn pin(&mut self, attempt: u32, endpoint: u32, now: u64) {
        let user = self.user_of(self.attempts[attempt].number);
        if let Some(sessions) = &mut self.sessions
            && sessions.holds(user)
            && sessions.pin(user, now).is_none()
        {
            sessions.begin(user, endpoint, now);
        }
    }

    /// The first completion happens.
    #[inline]
    pub(super) fn complete(&mut self, due: Due) {
        let Due { at: now, attempt, run } = due;
        if self.attempts[attempt].run != run {
            return self.completions.pop();
        }
        let endpoint = self.attempts[attempt].endpoint;
        let here = &mut self.endpoints[endpoint as usize];
        self.attempts.remove(&mut here.serving, attempt);
        match here.queue.first() {
            Some(next) => {
                self.attempts.remove(&mut here.queue, next);
                here.waiting -= 1;
                here.queued = here.queued.saturating_sub(self.attempts[next].demand);
                let due = self.start(next, endpoint, now);
                self.completions.replace_first(due);
            }
            None => {
                here.busy -= 1;
                self.completions.pop();
            }
        }
        let load = self.load_of(endpoint);
        self.balancer.load_changed(endpoint, load);
        self.conclude(attempt, endpoint, now);
        self.invite(endpoint, now);
    }

    /// The service of an attempt has ended.
    #[inline]
    fn conclude(&mut self, attempt: u32, endpoint: u32, now: u64) {
        let Attempt { sent, number, error, late, is_abandoned, .. } = self.attempts[attempt];
        if is_abandoned {
            self.attempts.end(attempt);
        } else if self.is_late(attempt, now.saturating_sub(1)) {
            self.fail(attempt, Cause::Timeout, late, now);
        } else if let Some(charge) = error {
            self.answered(number, endpoint);
            self.endpoint_failed(endpoint, now);
            self.fail(attempt, Cause::Error, charge, now);
        } else {
            if self.rules.is_timeout_felt {
                self.attempts.stop_awaiting(&mut self.awaited, attempt);
            }
            self.attempts.end(attempt);
            let place = self.recorder.place_of(sent);
            let version = self.endpoints[endpoint as usize].process.version;
            self.recorder.success(place, version, now - sent, Count::Add);
            self.answered(number, endpoint);
            if let Some(outliers) = &mut self.outliers {
                outliers.succeed(endpoint);
            }
        }
    }

    /// The endpoint has answered a request.
    #[inline]
    fn answered(&mut self, number: u64, endpoint: u32) {
        if self.sessions.is_some() {
            let user = self.user_of(number);
            let version = self.endpoints[endpoint as usize].process.version;
            if let Some(sessions) = &mut self.sessions {
                sessions.answer(user, version);
            }
        }
    }

    /// The process dies: what it holds is cut.
    pub(in crate::traffic) fn kill(&mut self, endpoint: u32, departure: Departure, now: u64) {
        self.settle(now);
        let here = &mut self.endpoints[endpoint as usize];
        here.process.set_door(Door::Closed(departure));
        let lists = [here.serving, here.queue];
        (here.serving, here.queue) = (List::EMPTY, List::EMPTY);
        (here.busy, here.waiting, here.queued, here.latest) = (0, 0, 0, 0);
        let held: Vec<u32> = lists.into_iter().flat_map(|list| self.attempts.iter(list)).collect();
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

    /// An attempt is cut in flight, or while it waits at its endpoint.
    fn cut(&mut self, attempt: u32, endpoint: u32, charge: Charge, now: u64) {
        let Attempt { is_abandoned, connects, late, .. } = self.attempts[attempt];
        if is_abandoned {
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
