//! What the simulation does to the plane.

use super::heap::Due;
use super::{Endpoint, EventPath};
use crate::traffic::flag::Flag;
use crate::traffic::plane::{Departure, Door, Ramp, Split};
use crate::traffic::process::Process;
use crate::traffic::record::Phase;
use crate::traffic::trouble::Trouble;
use crate::units::Version;

impl EventPath {
    pub(super) fn endpoint_mut(&mut self, endpoint: u32) -> &mut Endpoint {
        &mut self.endpoints[endpoint as usize]
    }

    pub(in crate::traffic) fn install(&mut self, endpoint: u32, version: Version) {
        let index = endpoint as usize;
        let mut process = Process::new(version, self.rules.factors[version.served_as().index()]);
        if self.flag.is_some() && version.side() == Version::New {
            process = process.behind_a_flag();
        }
        if index < self.endpoints.len() {
            self.kill(endpoint, Departure::OnPurpose, self.now);
        } else {
            self.endpoints.resize(index + 1, Endpoint::new(process));
        }
        self.endpoints[index] = Endpoint::new(process);
        self.mirror.remove(endpoint);
        self.balancer.install(endpoint, version.side());
        if let Some(outliers) = &mut self.outliers {
            outliers.reset(endpoint);
        }
    }

    pub(in crate::traffic) fn join(&mut self, endpoint: u32, side: Version) {
        self.balancer.install(endpoint, side);
    }

    pub(in crate::traffic) fn remove(&mut self, endpoint: u32) {
        let process = self.endpoints[endpoint as usize].process;
        self.endpoints[endpoint as usize] = Endpoint::new(process);
    }

    pub(in crate::traffic) fn set_door(&mut self, endpoint: u32, door: Door, now: u64) {
        self.settle(now);
        self.endpoint_mut(endpoint).process.set_door(door);
        if let (Door::Closed(_), Some(sessions)) = (door, &mut self.sessions) {
            sessions.lose(endpoint, now);
        }
    }

    pub(in crate::traffic) fn set_ramp(&mut self, endpoint: u32, ramp: Ramp) {
        self.settle(self.now);
        self.endpoint_mut(endpoint).process.set_ramp(ramp);
        self.weigh(endpoint);
    }

    pub(in crate::traffic) fn set_slowness(&mut self, endpoint: u32, slowness: f64) {
        self.settle(self.now);
        self.endpoint_mut(endpoint).process.set_slowness(slowness);
        self.weigh(endpoint);
    }

    pub(in crate::traffic) fn hang(&mut self, endpoint: u32, until: u64, now: u64) {
        self.settle(now);
        let held = self.held(endpoint);
        let here = self.endpoint_mut(endpoint);
        let longer = here.process.hang(until, now);
        let charge = here.process.hung_charge();
        let in_service = here.serving.count() as usize;
        for &attempt in &held[..in_service] {
            let one = &mut self.attempts[attempt];
            // Its completion in the heap is stale from now on.
            one.run = one.run.wrapping_add(1);
            one.moment = one.moment.saturating_add(longer);
            let due = Due { at: one.moment, attempt, run: one.run };
            self.completions.push(due);
        }
        if let Some(charge) = charge {
            for attempt in held {
                if !self.is_late(attempt, now) {
                    self.attempts[attempt].late = charge;
                }
            }
        }
        self.weigh(endpoint);
    }

    pub(in crate::traffic) fn set_trouble(&mut self, endpoint: u32, trouble: Trouble) {
        let index = endpoint as usize;
        if index >= self.troubles.len() {
            self.troubles.resize(index + 1, Trouble::NONE);
        }
        self.troubles[index] = trouble;
        self.endpoint_mut(endpoint).process.set_troubled(trouble != Trouble::NONE);
    }

    pub(in crate::traffic) fn taken(&self, endpoint: u32) -> u64 {
        self.endpoints[endpoint as usize].taken
    }

    pub(in crate::traffic) fn set_migrating(&mut self, is_migrating: bool, now: u64) {
        self.recorder.set_migrating(is_migrating, now);
    }

    pub(in crate::traffic) fn route(&mut self, endpoint: u32, now: u64) {
        self.settle(now);
        if let Some(outliers) = self.outliers.as_mut().filter(|_| !self.balancer.knows(endpoint)) {
            outliers.reset(endpoint);
        }
        if self.balancer.side_of(endpoint) == Version::New {
            self.mirror.add(endpoint);
        }
        self.balancer.route(endpoint, self.load_of(endpoint), now);
        self.invite(endpoint, now);
    }

    pub(in crate::traffic) fn unroute(&mut self, endpoint: u32, now: u64) {
        self.settle(now);
        if let Some(outliers) = &mut self.outliers {
            outliers.reset(endpoint);
        }
        self.balancer.unroute(endpoint, self.load_of(endpoint), now);
        self.mirror.remove(endpoint);
    }

    pub(in crate::traffic) const fn set_flag(&mut self, flag: Flag) {
        self.flag = Some(flag);
    }

    pub(in crate::traffic) fn set_split(&mut self, split: Split, now: u64) {
        self.settle(now);
        self.balancer.set_split(split, now, &self.endpoints);
    }

    pub(in crate::traffic) fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
    }

    pub(in crate::traffic) fn set_shortage(&mut self, is_short: bool) {
        self.is_short = is_short;
    }

    pub(in crate::traffic) fn watch(&mut self, threshold: u64) {
        self.watch = threshold;
    }

    pub(in crate::traffic) fn watch_again(&mut self, endpoint: u32) {
        self.endpoint_mut(endpoint).process.is_told = false;
    }

    pub(in crate::traffic) fn wait(&self, endpoint: u32, now: u64) -> u64 {
        let hang = self.endpoints[endpoint as usize].process.hang_left(now);
        self.wait_at(endpoint, now).max(hang)
    }

    pub(in crate::traffic) fn drained_at(&self, endpoint: u32, now: u64) -> u64 {
        self.idle_at(endpoint, now)
    }
}
