//! A feature flag: whom the release's defects reach although it runs everywhere.

use crate::random::Key;
use crate::units::Ratio;

/// The flag's state. A user whose number is below the share sees what is behind it; who does stays
/// among those who do while the share rises.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag {
    threshold: u128,
}

impl Flag {
    pub(super) const fn new(share: Ratio) -> Self {
        Self { threshold: share.threshold() }
    }

    /// Whether a user, by the number drawn for it, sees what is behind the flag.
    pub(super) fn shows(self, drawn: u64) -> bool {
        u128::from(drawn) < self.threshold
    }

    /// The same for the user that a request belongs to.
    pub(super) fn shows_request(self, user: Key, users: u32, number: u64) -> bool {
        let index = (u128::from(user.draw(number, 0)) * u128::from(users)) >> 64;
        self.shows(user.draw(index as u64, 1))
    }
}
