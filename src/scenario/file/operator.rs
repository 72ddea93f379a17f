//! `[[operator]]`, and what a strategy's `rollback` may be.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use crate::units::SimDuration;

/// One `[[operator]]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorFile {
    /// When, from the rollout's start.
    pub(crate) at: SimDuration,
    /// What.
    pub(crate) action: ActionFile,
    /// The new desired count, with `scale` only.
    pub(crate) to: Option<u32>,
}

/// `operator.action`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ActionFile {
    Rollback,
    Pause,
    Resume,
    Abort,
    Promote,
    Scale,
    Release,
}

/// `rollback` of a strategy: the name of another, or `{ fast = FACTOR }`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RollbackFile {
    Named(String),
    Fast(f64),
}

impl<'de> Deserialize<'de> for RollbackFile {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(NameOrFast)
    }
}

struct NameOrFast;

impl<'de> Visitor<'de> for NameOrFast {
    type Value = RollbackFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a strategy, or `{ fast = 2.0 }`")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<RollbackFile, E> {
        Ok(RollbackFile::Named(name.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RollbackFile, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fast {
            fast: f64,
        }
        let Fast { fast } = Fast::deserialize(MapAccessDeserializer::new(map))?;
        Ok(RollbackFile::Fast(fast))
    }
}
