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

    /// Whether requests are sent to a version at all: not with a share of nothing, unless the
    /// other side has no endpoint.
    pub(super) fn is_used(&self, version: Version) -> bool {
        let is_opposite = |one: &Version| one.side() == version.other();
        let mut opposite = Version::EVERY.into_iter().filter(is_opposite);
        self.has_share(version) || opposite.all(|one| self.pool.routed(one) == 0)
    }

    /// Whether requests are sent to any endpoint of the new version.
    pub(super) fn reaches_new(&self) -> bool {
        match self.division.canary {
            None => self.pool.routed(Version::New) > 0 && self.is_used(Version::New),
            Some(canary) => self.reached(canary, Version::New).0.count > 0,
        }
    }

    /// By version, serving instances that requests can reach and how many of them the platform
    /// calls ready, where sides are made of parts of the fleet.
    pub(super) fn reached_by_sides(&self) -> Option<[(Serving, u32); 3]> {
        let canary = self.division.canary?;
        Some(Version::EVERY.map(|version| self.reached(canary, version)))
    }

    /// Serving instances of a version that requests can reach, and how many of them the platform
    /// calls ready.
    fn reached(&self, canary: PartId, version: Version) -> (Serving, u32) {
        let is_used = |part: PartId| {
            let others = self.parts().filter(|&other| (other == canary) != (part == canary));
            let known: u32 = others.map(|other| self.routed_in(other)).sum();
            self.has_share(side(part, canary)) || known == 0
        };
        let of_part = |part| {
            let (serving, ready, _) = self.pool.serving_of(part, version);
            (serving, ready)
        };
        let used = self.parts().filter(|&part| is_used(part)).map(of_part);
        used.fold(<(Serving, u32)>::default(), |sum, one| (sum.0.and(one.0), sum.1 + one.1))
    }

    /// Whether the split gives a side anything.
    fn has_share(&self, side: Version) -> bool {
        let share = match self.rollout.split {
            Split::ByCount => return true,
            Split::Weighted(share) | Split::Cohort(share) => share,
        };
        match side {
            Version::Old => share < Ratio::ONE,
            Version::New | Version::Third => !share.is_zero(),
        }
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
