//! What a gate looks at, on whose requests, and how its limits are written.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::units::SimDuration;

/// What a gate looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Failed requests over all that ended.
    ErrorRate,
    /// 95th percentile of the latency of successes.
    #[serde(rename = "latency-p95")]
    LatencyP95,
    /// 99th percentile of it.
    #[serde(rename = "latency-p99")]
    LatencyP99,
    /// Successful requests over all that ended.
    Availability,
    /// Error rate over what the objective allows.
    BurnRate,
    /// Ready instances over desired ones, the mean of the samples.
    ReadyFraction,
    /// Processes that died by themselves.
    CrashCount,
}

/// What a metric is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// 0..=1.
    Share,
    /// Seconds.
    Time,
    /// Times the allowed rate, or a count.
    Number,
}

impl Metric {
    /// Every metric, in the order of documentation.
    pub const ALL: [Self; 7] = [
        Self::ErrorRate,
        Self::LatencyP95,
        Self::LatencyP99,
        Self::Availability,
        Self::BurnRate,
        Self::ReadyFraction,
        Self::CrashCount,
    ];

    /// As a scenario writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ErrorRate => "error-rate",
            Self::LatencyP95 => "latency-p95",
            Self::LatencyP99 => "latency-p99",
            Self::Availability => "availability",
            Self::BurnRate => "burn-rate",
            Self::ReadyFraction => "ready-fraction",
            Self::CrashCount => "crash-count",
        }
    }

    pub(super) const fn unit(self) -> Unit {
        match self {
            Self::ErrorRate | Self::Availability | Self::ReadyFraction => Unit::Share,
            Self::LatencyP95 | Self::LatencyP99 => Unit::Time,
            Self::BurnRate | Self::CrashCount => Unit::Number,
        }
    }

    /// Which quantile of the latency it is; none of the others.
    pub(super) const fn quantile(self) -> Option<f64> {
        match self {
            Self::LatencyP95 => Some(0.95),
            Self::LatencyP99 => Some(0.99),
            _ => None,
        }
    }

    /// Whether it is about failures among requests, so that counts can be tested.
    pub(super) const fn is_failures(self) -> bool {
        matches!(self, Self::ErrorRate | Self::Availability | Self::BurnRate)
    }

    /// Whether it counts requests; the others count samples of the fleet.
    pub(super) const fn is_of_requests(self) -> bool {
        !matches!(self, Self::ReadyFraction | Self::CrashCount)
    }

    /// Whether more of it is better.
    pub(super) const fn is_good(self) -> bool {
        matches!(self, Self::Availability | Self::ReadyFraction)
    }

    /// The scope that is meant when none is given.
    #[must_use]
    pub const fn default_scope(self) -> Scope {
        match self {
            Self::BurnRate | Self::Availability => Scope::Service,
            _ => Scope::New,
        }
    }

    /// A value in words.
    pub(super) fn say(self, value: f64) -> String {
        match self.unit() {
            Unit::Share => percent(value),
            Unit::Time => format!("{} ms", significant(value * 1e3)),
            Unit::Number => significant(value),
        }
    }
}

/// A share as a percentage in words.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", significant(share * 100.0))
}

/// Four significant digits at most; an exponent only where it spares many digits.
pub(super) fn significant(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return format!("{value}");
    }
    if value.abs() >= 1e7 {
        return format!("{value:.1e}");
    }
    let magnitude = (0..=6).find(|&digits| {
        let scaled = value.abs() * [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6][digits];
        scaled >= 1000.0
    });
    let text = format!("{value:.*}", magnitude.unwrap_or(6));
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Whose requests or instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The new version's; of requests, while a feature flag is up, those of the users who see what
    /// is behind it.
    New,
    /// The old version's, or those of the other users.
    Old,
    /// All, those that reached no instance included.
    Service,
}

impl Scope {
    /// As a scenario writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Old => "old",
            Self::Service => "service",
        }
    }

    /// In a sentence.
    pub(super) const fn say(self) -> &'static str {
        match self {
            Self::New => "the new version",
            Self::Old => "the old version",
            Self::Service => "the service",
        }
    }
}

/// A limit as written: what it means depends on the metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// A bare number.
    Number(f64),
    /// A percentage, as a share.
    Percent(f64),
    /// A duration.
    Time(SimDuration),
}

impl Amount {
    /// The amount in the metric's own unit (shares 0..=1, seconds, plain numbers); none if it
    /// cannot be that.
    pub(super) fn of(self, metric: Metric) -> Option<f64> {
        let value = match (self, metric.unit()) {
            (Self::Number(value) | Self::Percent(value), Unit::Share) => {
                Some(value).filter(|value| *value <= 1.0)
            }
            (Self::Number(value), Unit::Number) => Some(value),
            (Self::Time(time), Unit::Time) => Some(time.as_secs_f64()),
            _ => None,
        };
        value.filter(|value| value.is_finite() && *value >= 0.0)
    }

    /// What should be written for a metric.
    pub(super) fn wanted(metric: Metric) -> &'static str {
        match metric.unit() {
            Unit::Share => "write a share such as `\"1%\"`",
            Unit::Time => "write a duration such as `\"250ms\"`",
            Unit::Number => "write a number such as `2`",
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a limit such as \"1%\", \"250ms\" or 2")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Amount, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Amount, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Amount, E> {
        if value.is_finite() && value >= 0.0 {
            return Ok(Amount::Number(value));
        }
        Err(E::custom(format!("a limit cannot be `{value}`: write a number of at least 0")))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
        let Some(number) = text.strip_suffix('%') else {
            return text.parse().map(Amount::Time).map_err(E::custom);
        };
        match number.trim().parse::<f64>() {
            Ok(value) if value.is_finite() && value >= 0.0 => Ok(Amount::Percent(value / 100.0)),
            _ => Err(E::custom(format!("`{text}` is not a percentage: write one such as `1%`"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_in_the_unit_of_their_metric() {
        let read = |text: &str| {
            toml::from_str::<std::collections::BTreeMap<String, Amount>>(&format!("a = {text}"))
                .map(|table| table["a"])
        };
        for (text, metric, expected) in [
            ("\"1%\"", Metric::ErrorRate, Some(0.01)),
            ("0.01", Metric::ErrorRate, Some(0.01)),
            ("2", Metric::ErrorRate, None),
            ("2", Metric::CrashCount, Some(2.0)),
            ("\"250ms\"", Metric::LatencyP95, Some(0.25)),
            ("0.25", Metric::LatencyP95, None),
            ("\"1%\"", Metric::BurnRate, None),
        ] {
            assert_eq!(read(text).expect("an amount").of(metric), expected, "{text}");
        }
        for text in ["-1", "nan", "\"-1%\"", "\"soon\"", "true"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_in_words_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (12.0, "12"),
            (1.23456, "1.235"),
            (0.012_345_6, "0.01235"),
            (98765.4, "98765"),
            (2.34e51, "2.3e51"),
        ] {
            assert_eq!(significant(value), text);
        }
        assert_eq!(Metric::ErrorRate.say(0.0123), "1.23 %");
        assert_eq!(Metric::LatencyP95.say(0.25), "250 ms");
    }
}
