//! What settles without being asked for, failures, and the end of a run.

use super::attempt::Attempt;
use super::{Count, Errand, EventPath};
use crate::traffic::balancer::Absence;
use crate::traffic::plane::Signal;
use crate::traffic::record::{Cause, Charge};
use crate::traffic::recorder::Failure;
use crate::units::{InstanceId, SimTime};

impl EventPath {
    /// Handles the next thing that completes or settles by `limit`; whether there was one.
    #[inline(always)]
    pub(super) fn settle_next(&mut self, limit: u64) -> bool {
        let due = self.completions.first();
        let aside = self.next_aside();
        if due.at <= limit && due.at <= aside {
            self.now = due.at;
            self.complete(due);
            return true;
        }
        if aside <= limit {
            self.now = aside;
            self.settle_aside();
            return true;
        }
        false
    }

    /// Handles everything that completes or settles by `now`.
    pub(super) fn settle(&mut self, now: u64) {
        while self.settle_next(now) {}
        self.now = self.now.max(now);
    }

    /// When the first of the things beside completions settles, ns.
    #[inline(always)]
    fn next_aside(&self) -> u64 {
        let deadline = self.deadline;
        if self.rules.is_any_aside { deadline.min(self.next_rare_aside()) } else { deadline }
    }

    /// When the balancer's queue gives up or an ejected endpoint returns, ns.
    fn next_rare_aside(&self) -> u64 {
        let returns = self.outliers.as_ref().map_or(u64::MAX, |out| out.next_return());
        self.next_given_up().map_or(u64::MAX, |(at, _)| at).min(returns)
    }

    /// The client of an attempt waits for it no longer.
    #[inline(always)]
    pub(super) fn stop_awaiting(&mut self, attempt: u32) {
        let was_first = self.awaited.first() == Some(attempt);
        self.attempts.stop_awaiting(&mut self.awaited, attempt);
        if was_first {
            let first = self.awaited.first();
            self.deadline = first.map_or(u64::MAX, |first| {
                self.attempts[first].tried.saturating_add(self.rules.timeout)
            });
        }
    }

    /// Handles the first of the things beside completions: clients first, then the balancer's
    /// queue, then returning endpoints.
    fn settle_aside(&mut self) {
        let now = self.now;
        if self.deadline <= now {
            let Some(attempt) = self.awaited.first() else { return };
            self.abandon(attempt, now);
        } else if let Some((_, attempt)) = self.next_given_up().filter(|&(at, _)| at <= now) {
            self.leave_front(attempt);
            let is_late = self.is_late(attempt, now);
            let cause = if is_late { Cause::Timeout } else { Cause::Overloaded };
            self.fail(attempt, cause, Charge::Overload, now);
        } else if let Some(endpoint) = self.outliers.as_mut().and_then(|out| out.take_return()) {
            let load = self.load_of(endpoint);
            self.balancer.readmit(endpoint, Absence::Ejected, load, now);
            self.invite(endpoint, now);
        }
    }

    /// The client of an attempt gives up.
    fn abandon(&mut self, attempt: u32, now: u64) {
        let Attempt { endpoint, late, .. } = self.attempts[attempt];
        if self.is_in_front(attempt) {
            self.leave_front(attempt);
            return self.fail(attempt, Cause::Timeout, late, now);
        }
        self.stop_awaiting(attempt);
        self.attempts[attempt].is_abandoned = true;
        self.endpoint_failed(endpoint, now);
        self.report_failure(attempt, Cause::Timeout, late, now);
    }

    /// Whether the client has given up the attempt by `now`, where nobody noticed at once.
    #[inline(always)]
    pub(super) fn is_late(&self, attempt: u32, now: u64) -> bool {
        !self.rules.is_timeout_felt
            && self.attempts[attempt].tried.saturating_add(self.rules.timeout) <= now
    }

    /// The endpoint has failed a request in a way that counts against it.
    pub(super) fn endpoint_failed(&mut self, endpoint: u32, now: u64) {
        let Some(outliers) = &mut self.outliers else { return };
        if !self.balancer.knows(endpoint) || !outliers.fail(endpoint, self.balancer.known(), now) {
            return;
        }
        let load = self.load_of(endpoint);
        self.balancer.pass_over(endpoint, Absence::Ejected, load, now);
        let (instance, at) = (InstanceId(endpoint), SimTime::from_nanos(now));
        self.signals.push_back(Signal::Ejected { instance, at });
    }

    /// An attempt that stands in no list of whereabouts has failed and is over.
    #[inline(never)]
    pub(super) fn fail(&mut self, attempt: u32, cause: Cause, charge: Charge, now: u64) {
        self.report_failure(attempt, cause, charge, now);
        if self.rules.is_timeout_felt {
            self.stop_awaiting(attempt);
        }
        self.attempts.end(attempt);
    }

    /// The client learns that an attempt has failed: it tries again, or the request has failed.
    fn report_failure(&mut self, attempt: u32, cause: Cause, charge: Charge, now: u64) {
        let Attempt { sent, demand, number, retries, phase, endpoint, is_masked, .. } =
            self.attempts[attempt];
        if let Some(at) = self.client.retry_at(number, retries, now) {
            let retries = retries + 1;
            return self.plan(at, Errand::Retry { sent, demand, number, retries, phase });
        }
        let answered =
            (cause == Cause::Error).then(|| self.endpoints[endpoint as usize].process.version);
        if let Some(scrapes) = &mut self.scrapes {
            let reached = self.endpoints.get(endpoint as usize);
            let watched = reached.map(|one| one.process.owner(is_masked).watched);
            scrapes.failed(now, watched, Count::Add);
        }
        let place = self.recorder.place_of(sent);
        self.recorder.failure(place, Failure { cause, charge, phase, answered }, Count::Add);
    }

    /// What can never end is given up: it waits for a service without end or for an endpoint that
    /// will never come.
    pub(super) fn give_up_the_rest(&mut self) {
        let now = u64::MAX;
        for front in 0..self.fronts.len() {
            while let Some(attempt) = self.fronts[front].first() {
                self.leave_front(attempt);
                self.fail(attempt, Cause::Overloaded, Charge::Overload, now);
            }
        }
        for endpoint in 0..self.endpoints.len() {
            for attempt in self.held(endpoint as u32) {
                let Attempt { late, is_abandoned, .. } = self.attempts[attempt];
                if !is_abandoned {
                    self.report_failure(attempt, Cause::Timeout, late, now);
                }
            }
        }
    }
}
