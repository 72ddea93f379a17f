//! Whom requests reach: the two sides of a split between versions.
//!
//! A side is made of the instances of a version, or, where the strategy says so, of a part of the
//! fleet: then instances of the new version may be on either.

use super::world::World;
use crate::fleet::{Instance, Serving};
use crate::traffic::Split;
use crate::units::{InstanceId, PartId, Ratio, Version};

impl World<'_> {
    /// An instance is installed: the balancer is told which side it is on, where that is not what
    /// it runs.
    pub(super) fn take_side(&mut self, id: InstanceId) {
        if let Some(canary) = self.division.canary {
            self.plane.join(id, side_of(self.one(id), canary));
        }
    }

    /// Serving instances of a version that requests can reach, and how many of them the platform
    /// calls ready.
    pub(super) fn reached(&self, version: Version) -> (Serving, u32) {
        let Some(canary) = self.division.canary else {
            let pool = &self.pool;
            let is_used = self.is_used(version, pool.routed(version.other()));
            return if is_used {
                (pool.serving(version), pool.ready_serving(version))
            } else {
                <(Serving, u32)>::default()
            };
        };
        let used = self.parts().filter(|&part| {
            let other = self.parts().filter(|&other| (other == canary) != (part == canary));
            self.is_used(side(part, canary), other.map(|other| self.routed_in(other)).sum())
        });
        used.map(|part| self.pool.serving_of(part, version))
            .fold(<(Serving, u32)>::default(), |sum, one| (sum.0.and(one.0), sum.1 + one.1))
    }

    /// Whether requests are sent to any endpoint of the new version.
    pub(super) fn reaches_new(&self) -> bool {
        let pool = &self.pool;
        match self.division.canary {
            None => {
                pool.routed(Version::New) > 0
                    && self.is_used(Version::New, pool.routed(Version::Old))
            }
            Some(_) => self.reached(Version::New).0.count > 0,
        }
    }

    /// Whether requests are sent to the side of a version at all, of the other side of which
    /// `others` are known: not with a share of nothing, unless there are none.
    fn is_used(&self, version: Version, others: u32) -> bool {
        let share = match self.rollout.split {
            Split::ByCount => return true,
            Split::Weighted(share) | Split::Cohort(share) => share,
        };
        let unused = match version.served_as() {
            Version::Old => share >= Ratio::ONE,
            Version::New | Version::Third => share.is_zero(),
        };
        !unused || others == 0
    }

    fn parts(&self) -> impl Iterator<Item = PartId> {
        (0..self.division.parts.len() as u16).map(PartId)
    }

    /// Endpoints in a part of the fleet that the balancer knows.
    fn routed_in(&self, part: PartId) -> u32 {
        Version::EVERY.iter().map(|&version| self.pool.serving_of(part, version).2).sum()
    }
}

fn side_of(one: &Instance, canary: PartId) -> Version {
    side(one.part, canary)
}

fn side(part: PartId, canary: PartId) -> Version {
    if part == canary { Version::New } else { Version::Old }
}
