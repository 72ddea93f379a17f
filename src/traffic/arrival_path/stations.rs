//! All endpoints of the arrival-driven path. Those that are gone for good take no room: a rollout
//! leaves as many of them behind as the fleet is large.

use std::ops::{Index, IndexMut};

use super::station::Station;
use crate::traffic::balancer::Holder;

/// Endpoints by their number.
#[derive(Clone, Debug, Default)]
pub(super) struct Stations {
    all: Vec<Place>,
}

/// Where an endpoint is, or was.
#[derive(Clone, Debug, Default)]
pub(super) struct Place(Option<Box<Station>>);

const IS_THERE: &str = "nobody asks about an endpoint that is gone for good";

impl Stations {
    /// Whether there is or was such an endpoint.
    pub(super) fn knows(&self, endpoint: usize) -> bool {
        endpoint < self.all.len()
    }

    /// Puts an endpoint in the place of what was there.
    pub(super) fn put(&mut self, endpoint: usize, station: Station) {
        if !self.knows(endpoint) {
            self.all.resize_with(endpoint + 1, Place::default);
        }
        match &mut self.all[endpoint] {
            Place(Some(place)) => **place = station,
            place => *place = Place(Some(Box::new(station))),
        }
    }

    /// An endpoint; none if it is gone for good.
    pub(super) fn get(&self, endpoint: usize) -> Option<&Station> {
        self.all.get(endpoint)?.0.as_deref()
    }

    /// The endpoint is gone for good.
    pub(super) fn remove(&mut self, endpoint: usize) {
        self.all[endpoint] = Place(None);
    }

    /// What a balancer asks for loads.
    #[inline(always)]
    pub(super) fn holders(&self) -> &[Place] {
        &self.all
    }
}

impl Index<usize> for Stations {
    type Output = Station;

    #[inline(always)]
    fn index(&self, endpoint: usize) -> &Station {
        self.all[endpoint].0.as_deref().expect(IS_THERE)
    }
}

impl IndexMut<usize> for Stations {
    #[inline(always)]
    fn index_mut(&mut self, endpoint: usize) -> &mut Station {
        self.all[endpoint].0.as_deref_mut().expect(IS_THERE)
    }
}

impl Holder for Place {
    #[inline(always)]
    fn load(&self, now: u64) -> u32 {
        self.0.as_deref().map_or(0, |station| station.load(now))
    }
}
