//! Identifiers: typed indices, so that one can never stand in for another.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An instance, by the order of its creation. The initial fleet has `0..instances`; an instance
/// replaced in place keeps its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub u32);

/// A zone, by its position in `fleet.zones`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ZoneId(pub u16);

/// A part of the fleet that a rollout brings over by itself, by its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId(pub u16);

/// Which release an instance runs. The names never swap, not even in a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Version {
    /// What served before the rollout.
    Old,
    /// What the rollout brings.
    New,
    /// What supersedes both, where a person releases it before the rollout has ended.
    Third,
}

impl InstanceId {
    /// The position in a table of instances.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl PartId {
    /// The position in a table of parts.
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
    /// The two versions of every rollout, in the order of their indices.
    pub const ALL: [Self; 2] = [Self::Old, Self::New];

    /// Those and the third, in the order of their indices.
    pub const EVERY: [Self; 3] = [Self::Old, Self::New, Self::Third];

    /// The position in a table of versions.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The other side, see [`Version::side`].
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New | Self::Third => Self::Old,
        }
    }

    /// What requests take it for: the third has none of the release's defects.
    #[must_use]
    pub const fn served_as(self) -> Self {
        match self {
            Self::Old | Self::Third => Self::Old,
            Self::New => Self::New,
        }
    }

    /// On which side of a split of the requests it stands, and among whose it counts for those who
    /// watch: the third takes the new one's place.
    #[must_use]
    pub const fn side(self) -> Self {
        match self {
            Self::Old => Self::Old,
            Self::New | Self::Third => Self::New,
        }
    }

    /// The name in files: `old`, `new` or `third`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
            Self::Third => "third",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
