//! All endpoints of the arrival-driven path. Those that nothing has been asked of yet take nearly
//! no room, and those that are gone for good no more: a rollout leaves as many of them behind as
//! the fleet is large.

use super::Rules;
use super::station::Station;
use crate::traffic::balancer::Holder;
use crate::traffic::plane::{Departure, Door};
use crate::units::Version;

/// Endpoints by their number.
#[derive(Clone, Debug, Default)]
pub(super) struct Stations {
    all: Vec<Place>,
}

/// An endpoint, or where one was.
#[derive(Clone, Debug)]
pub(super) struct Place {
    fresh: Fresh,
    /// What has become of it, once there is more to know than that.
    used: Option<Box<Station>>,
}

/// What is to know of an endpoint that nothing has been asked of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fresh {
    pub(super) version: Version,
    /// Whether the release's defects follow a flag there.
    pub(super) is_flagged: bool,
    /// How it answers.
    pub(super) door: Door,
}

impl Stations {
    /// Whether there is or was such an endpoint.
    pub(super) fn knows(&self, endpoint: u32) -> bool {
        (endpoint as usize) < self.all.len()
    }

    /// Puts a fresh endpoint in the place of what was there.
    pub(super) fn put(&mut self, endpoint: u32, fresh: Fresh) {
        let place = Place { fresh, used: None };
        if !self.knows(endpoint) {
            self.all.resize(endpoint as usize + 1, place.clone());
        }
        self.all[endpoint as usize] = place;
    }

    /// The endpoint is gone for good.
    pub(super) fn remove(&mut self, endpoint: u32) {
        let place = &mut self.all[endpoint as usize];
        place.used = None;
        place.fresh.door = Door::Closed(Departure::OnPurpose);
    }

    /// An endpoint that more is known of than that it is there; none if there is no more.
    pub(super) fn used(&self, endpoint: u32) -> Option<&Station> {
        self.all.get(endpoint as usize)?.used.as_deref()
    }

    /// The same, to be changed.
    #[inline(always)]
    pub(super) fn used_mut(&mut self, endpoint: u32) -> Option<&mut Station> {
        self.all[endpoint as usize].used.as_deref_mut()
    }

    /// An endpoint with all that there is to know of it, to be changed.
    pub(super) fn station(&mut self, endpoint: u32, rules: &Rules) -> &mut Station {
        let place = &mut self.all[endpoint as usize];
        let fresh = place.fresh;
        place.used.get_or_insert_with(|| Box::new(rules.station(fresh)))
    }

    /// What `look` says of an endpoint.
    pub(super) fn look<T>(
        &self,
        endpoint: u32,
        rules: &Rules,
        look: impl FnOnce(&Station) -> T,
    ) -> T {
        match self.used(endpoint) {
            Some(station) => look(station),
            None => look(&rules.station(self.all[endpoint as usize].fresh)),
        }
    }

    /// How the process answers from now on.
    pub(super) fn set_door(&mut self, endpoint: u32, door: Door) {
        let place = &mut self.all[endpoint as usize];
        match &mut place.used {
            None => place.fresh.door = door,
            Some(station) => station.process.set_door(door),
        }
    }

    /// What a balancer asks for loads.
    #[inline(always)]
    pub(super) fn holders(&self) -> &[Place] {
        &self.all
    }
}

impl Holder for Place {
    #[inline(always)]
    fn load(&self, now: u64) -> u32 {
        self.used.as_deref().map_or(0, |station| station.load(now))
    }
}
