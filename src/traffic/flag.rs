//! A feature flag: whom the release's defects reach although it runs everywhere.

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

    /// Whether anybody sees what is behind it.
    pub(super) const fn is_up(self) -> bool {
        self.threshold > 0
    }

    /// Whether a user, by the number drawn for it, sees what is behind the flag.
    pub(super) fn shows(self, drawn: u64) -> bool {
        u128::from(drawn) < self.threshold
    }
}
