//! Copies of requests for a version that serves nobody yet: their answers are seen by gates and by
//! nobody else, their load is felt.

use crate::random::{Key, Purpose, Seed};
use crate::units::Ratio;

/// Who gets a copy of which requests.
#[derive(Clone, Debug)]
pub(super) struct Mirror {
    threshold: u128,
    key: Key,
    /// Endpoints of the new version that the balancer knows.
    targets: Vec<u32>,
    /// Where each endpoint stands among them, counted from one; zero: nowhere.
    places: Vec<u32>,
}

impl Mirror {
    /// Nobody gets any.
    pub(super) fn new(seed: Seed) -> Self {
        Self {
            threshold: 0,
            key: seed.key(Purpose::Mirror),
            targets: Vec::new(),
            places: Vec::new(),
        }
    }

    /// So large a share of the requests is copied from now on.
    pub(super) const fn set(&mut self, share: Ratio) {
        self.threshold = share.threshold();
    }

    /// Whether any request is copied.
    #[inline(always)]
    pub(super) const fn is_on(&self) -> bool {
        self.threshold > 0
    }

    /// The endpoint is known from now on.
    pub(super) fn add(&mut self, endpoint: u32) {
        let index = endpoint as usize;
        if index >= self.places.len() {
            self.places.resize(index + 1, 0);
        }
        if self.places[index] == 0 {
            self.targets.push(endpoint);
            self.places[index] = self.targets.len() as u32;
        }
    }

    /// The endpoint is known no more.
    pub(super) fn remove(&mut self, endpoint: u32) {
        let place = self.places.get_mut(endpoint as usize).map_or(0, std::mem::take);
        let Some(position) = (place as usize).checked_sub(1) else { return };
        self.targets.swap_remove(position);
        if let Some(&moved) = self.targets.get(position) {
            self.places[moved as usize] = place;
        }
    }

    /// Where the copy of a request goes, any of them with the same chance; none if it has none.
    pub(super) fn target(&self, number: u64) -> Option<u32> {
        if u128::from(self.key.draw(number, 0)) >= self.threshold {
            return None;
        }
        let place = (u128::from(self.key.draw(number, 1)) * self.targets.len() as u128) >> 64;
        self.targets.get(place as usize).copied()
    }
}
