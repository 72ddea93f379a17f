//! Copies of requests for a version that serves nobody yet: their answers count for nothing, their
//! load is felt.

use crate::random::{Key, Purpose, Seed};
use crate::units::Ratio;

/// Who gets a copy of which requests.
#[derive(Clone, Debug)]
pub(super) struct Mirror {
    threshold: u128,
    key: Key,
    /// Endpoints of the new version that the balancer knows.
    targets: Vec<u32>,
}

impl Mirror {
    /// Nobody gets any.
    pub(super) fn new(seed: Seed) -> Self {
        Self { threshold: 0, key: seed.key(Purpose::Mirror), targets: Vec::new() }
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
        if !self.targets.contains(&endpoint) {
            self.targets.push(endpoint);
        }
    }

    /// The endpoint is known no more.
    pub(super) fn remove(&mut self, endpoint: u32) {
        self.targets.retain(|&target| target != endpoint);
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
