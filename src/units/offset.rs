//! Moments relative to another: durations that may be negative.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::{SimDuration, SimTime, WrittenError};

/// How long after some moment, or, negative, how long before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset {
    is_before: bool,
    length: SimDuration,
}

impl Offset {
    /// At the very moment.
    pub const ZERO: Self = Self { is_before: false, length: SimDuration::ZERO };

    /// So long after.
    #[must_use]
    pub const fn after(length: SimDuration) -> Self {
        Self { is_before: false, length }
    }

    /// So long before.
    #[must_use]
    pub const fn before(length: SimDuration) -> Self {
        Self { is_before: true, length }
    }

    /// The moment this far from `origin`; none if that is before the simulation's start.
    #[must_use]
    pub fn from(self, origin: SimTime) -> Option<SimTime> {
        if self.is_before {
            let nanos = origin.as_nanos().checked_sub(self.length.as_nanos())?;
            Some(SimTime::from_nanos(nanos))
        } else {
            Some(origin + self.length)
        }
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_before { "-" } else { "" };
        write!(f, "{sign}{}", self.length)
    }
}

impl FromStr for Offset {
    type Err = WrittenError;

    /// Reads a duration such as `90s`, or `-30s` for what is before.
    fn from_str(text: &str) -> Result<Self, WrittenError> {
        match text.trim().strip_prefix('-') {
            Some(length) => length.parse().map(Self::before),
            None => text.parse().map(Self::after),
        }
    }
}

struct OffsetVisitor;

impl Visitor<'_> for OffsetVisitor {
    type Value = Offset;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as \"90s\", negative for before")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Offset, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(OffsetVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_and_after() {
        let origin = SimTime::ZERO + SimDuration::from_secs(60);
        for (text, expected) in [
            ("0s", Some(60)),
            ("90s", Some(150)),
            ("-45s", Some(15)),
            ("-1m", Some(0)),
            ("-61s", None),
        ] {
            let offset: Offset = text.parse().expect("an offset");
            let expected = expected.map(|seconds| SimTime::ZERO + SimDuration::from_secs(seconds));
            assert_eq!(offset.from(origin), expected, "{text}");
        }
        for text in ["", "-", "--5s", "soon"] {
            assert!(text.parse::<Offset>().is_err(), "{text}");
        }
        assert_eq!("-30s".parse::<Offset>().map(|offset| offset.to_string()), Ok("-30 s".into()));
    }
}
