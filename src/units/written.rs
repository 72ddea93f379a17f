//! How durations, shares and counts are written in files and on the command line.

use std::fmt;
use std::str::FromStr;

use jiff::{Span, SpanRelativeTo};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::{CountOrPercent, Ratio, SimDuration};

/// Longest duration a file may hold: ten years of 365 days.
const LONGEST_SECONDS: i64 = 10 * 365 * 86_400;

/// Why a written value is not what it should be; lower case, no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WrittenError(String);

impl FromStr for SimDuration {
    type Err = WrittenError;

    /// Reads `250ms`, `90s`, `1h30m`, `2d`. A day has 24 hours. Months and years have no fixed
    /// length and are refused, as are negative durations and those above ten years.
    fn from_str(text: &str) -> Result<Self, WrittenError> {
        let wrong = |why: String| WrittenError(format!("`{text}` is not a duration: {why}"));
        let span: Span = text.trim().parse().map_err(|_| {
            wrong("write a number with its unit, such as `250ms` or `1h30m`".into())
        })?;
        let length = span
            .to_duration(SpanRelativeTo::days_are_24_hours())
            .map_err(|_| wrong("months and years have no fixed length, write days".into()))?;
        if length.is_negative() {
            return Err(wrong("it is negative".into()));
        }
        if length.as_secs() > LONGEST_SECONDS {
            return Err(wrong("it is longer than ten years (3650d)".into()));
        }
        let nanos = u64::try_from(length.as_nanos()).map_err(|_| wrong("it is too long".into()))?;
        Ok(Self::from_nanos(nanos))
    }
}

impl FromStr for Ratio {
    type Err = WrittenError;

    /// Reads a percentage such as `25%` or `0.5%`, exactly.
    fn from_str(text: &str) -> Result<Self, WrittenError> {
        let wrong = || WrittenError(format!("`{text}` is not a percentage such as `25%`"));
        let number = text.trim().strip_suffix('%').ok_or_else(wrong)?;
        let value: f64 = number.trim().parse().map_err(|_| wrong())?;
        Self::from_f64(value / 100.0).ok_or_else(wrong)
    }
}

impl FromStr for CountOrPercent {
    type Err = WrittenError;

    fn from_str(text: &str) -> Result<Self, WrittenError> {
        if let Ok(count) = text.trim().parse() {
            return Ok(Self::Count(count));
        }
        text.parse().map(Self::Percent).map_err(|_: WrittenError| {
            WrittenError(format!("`{text}` is no count and no percentage such as `25%`"))
        })
    }
}

struct DurationVisitor;

impl Visitor<'_> for DurationVisitor {
    type Value = SimDuration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as \"90s\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SimDuration, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for SimDuration {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(DurationVisitor)
    }
}

struct RatioVisitor;

impl Visitor<'_> for RatioVisitor {
    type Value = Ratio;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fraction such as 0.25 or \"25%\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Ratio, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Ratio, E> {
        Ratio::from_f64(value).ok_or_else(|| E::invalid_value(de::Unexpected::Float(value), &self))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Ratio, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Ratio, E> {
        self.visit_f64(value as f64)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(RatioVisitor)
    }
}

struct CountVisitor;

impl Visitor<'_> for CountVisitor {
    type Value = CountOrPercent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a count such as 2 or a percentage such as \"25%\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<CountOrPercent, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<CountOrPercent, E> {
        u32::try_from(value)
            .map(CountOrPercent::Count)
            .map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<CountOrPercent, E> {
        u32::try_from(value)
            .map(CountOrPercent::Count)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
    }
}

impl<'de> Deserialize<'de> for CountOrPercent {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(CountVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_people_write_them() {
        for (text, millis) in [
            ("250ms", 250),
            ("90s", 90_000),
            ("1h30m", 5_400_000),
            ("30d", 2_592_000_000),
            ("0s", 0),
        ] {
            assert_eq!(text.parse(), Ok(SimDuration::from_millis(millis)), "{text}");
        }
        for text in ["", "90", "1y", "2mo", "-5s", "5 parsecs", "4000d", "inf"] {
            assert!(text.parse::<SimDuration>().is_err(), "{text}");
        }
    }

    #[test]
    fn percentages_are_exact() {
        assert_eq!("10%".parse::<Ratio>().map(|share| share.of_rounded_up(50)), Ok(5));
        assert_eq!("0.1%".parse(), Ok(Ratio::from_billionths(1_000_000)));
        assert_eq!("25%".parse(), Ok(CountOrPercent::Percent(Ratio::from_billionths(250_000_000))));
        assert_eq!("3".parse(), Ok(CountOrPercent::Count(3)));
        assert!("25".parse::<Ratio>().is_err());
        assert!("-5%".parse::<CountOrPercent>().is_err());
    }
}
