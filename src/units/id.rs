//! Identifiers: typed indices, so that one can never stand in for another.

use std::fmt;

/// An instance, by the order of its creation. The initial fleet has `0..instances`; an instance
/// replaced in place keeps its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub u32);

/// A zone, by its position in `fleet.zones`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneId(pub u16);

/// Which release an instance runs. The names never swap, not even in a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Version {
    /// What served before the rollout.
    Old,
    /// What the rollout brings.
    New,
}

impl InstanceId {
    /// The position in a table of instances.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl ZoneId {
    /// The position in a table of zones.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl Version {
    /// Every version, in the order of its index.
    pub const ALL: [Self; 2] = [Self::Old, Self::New];

    /// The position in a table of versions.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }

    /// The name in files: `old` or `new`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
