//! What the simulation does to the plane.

use super::{Endpoint, EventPath};
use crate::traffic::plane::{Departure, Door, Ramp, Split};
use crate::traffic::process::Process;
use crate::traffic::record::Phase;
use crate::units::Version;

impl EventPath {
    pub(super) fn endpoint_mut(&mut self, endpoint: u32) -> &mut Endpoint {
        &mut self.endpoints[endpoint as usize]
    }

    pub(in crate::traffic) fn install(&mut self, endpoint: u32, version: Version) {
        let index = endpoint as usize;
        let process = Process::new(version, self.rules.factors[version.index()]);
        if index < self.endpoints.len() {
            self.kill(endpoint, Departure::OnPurpose, self.now);
        } else {
            self.endpoints.resize(index + 1, Endpoint::new(process));
        }
        self.endpoints[index] = Endpoint::new(process);
        self.balancer.install(endpoint, version);
        if let Some(outliers) = &mut self.outliers {
            outliers.reset(endpoint);
        }
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

    pub(in crate::traffic) fn route(&mut self, endpoint: u32, now: u64) {
        self.settle(now);
        if let Some(outliers) = self.outliers.as_mut().filter(|_| !self.balancer.knows(endpoint)) {
            outliers.reset(endpoint);
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
        self.endpoint_mut(endpoint).is_told = false;
    }

    pub(in crate::traffic) fn wait(&self, endpoint: u32, now: u64) -> u64 {
        self.wait_at(endpoint, now)
    }

    pub(in crate::traffic) fn drained_at(&self, endpoint: u32, now: u64) -> u64 {
        self.idle_at(endpoint, now)
    }
}
