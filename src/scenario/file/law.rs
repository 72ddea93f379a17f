//! Distributions as they are written.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::word::WordOr;
use crate::units::SimDuration;

/// A distribution: a duration (constant), or a table.
#[derive(Debug)]
pub(crate) enum LawFile {
    /// Always this long.
    Constant(SimDuration),
    /// A table with `dist`.
    Table(Box<LawTable>),
}

/// The table of a distribution: the fields of all kinds, of which each takes its own.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LawTable {
    /// Which kind.
    pub(crate) dist: Option<Dist>,
    /// Shortest, of `uniform` and `pareto`.
    pub(crate) min: Option<SimDuration>,
    /// Longest, of `uniform`.
    pub(crate) max: Option<SimDuration>,
    /// Mean, of `exponential`, `normal`, `lognormal` and `gamma`.
    pub(crate) mean: Option<SimDuration>,
    /// Standard deviation, of `normal`, `lognormal` and `gamma`.
    pub(crate) sd: Option<SimDuration>,
    /// Median, of `lognormal`.
    pub(crate) median: Option<SimDuration>,
    /// 95th percentile, of `lognormal`.
    pub(crate) p95: Option<SimDuration>,
    /// Scale, of `weibull`.
    pub(crate) scale: Option<SimDuration>,
    /// Shape, of `weibull` and `pareto`.
    pub(crate) shape: Option<f64>,
    /// Path of the CSV file relative to the scenario file, of `empirical`.
    pub(crate) file: Option<String>,
    /// Column of the samples in seconds, of `empirical`.
    pub(crate) column: Option<String>,
    /// The values in turn, of `list`.
    pub(crate) values: Option<Vec<OrNever>>,
}

/// `dist`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Dist {
    /// Any value between two, as likely.
    Uniform,
    /// Without memory.
    Exponential,
    /// Truncated at zero.
    Normal,
    /// Its logarithm is normal.
    Lognormal,
    /// A sum of exponentials.
    Gamma,
    /// Of failures.
    Weibull,
    /// With a heavy tail.
    Pareto,
    /// The samples of a file.
    Empirical,
    /// The values in turn.
    List,
}

/// A duration, or `never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OrNever(pub(crate) Option<SimDuration>);

impl LawFile {
    /// No time at all.
    pub(crate) const fn zero() -> Self {
        Self::Constant(SimDuration::ZERO)
    }

    /// Exponential.
    pub(crate) fn exponential(mean: SimDuration) -> Self {
        let table = LawTable { mean: Some(mean), ..LawTable::of(Dist::Exponential) };
        Self::Table(Box::new(table))
    }

    /// Log-normal.
    pub(crate) fn lognormal(median: SimDuration, p95: SimDuration) -> Self {
        let table =
            LawTable { median: Some(median), p95: Some(p95), ..LawTable::of(Dist::Lognormal) };
        Self::Table(Box::new(table))
    }
}

impl LawTable {
    fn of(dist: Dist) -> Self {
        Self { dist: Some(dist), ..Self::default() }
    }
}

/// The text of a distribution's default where that is a table, so that one of its fields can be
/// set without writing the others.
pub(crate) fn default_table(path: &[&str]) -> Option<&'static str> {
    match path {
        ["instance", "service_time"] => Some(r#"{ dist = "exponential", mean = "32ms" }"#),
        ["startup", "boot"] => Some(r#"{ dist = "lognormal", median = "8s", p95 = "20s" }"#),
        ["traffic", "sessions", "length"] => Some(r#"{ dist = "exponential", mean = "5m" }"#),
        _ => None,
    }
}

struct LawVisitor;

impl<'de> Visitor<'de> for LawVisitor {
    type Value = LawFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a duration such as \"90s\", or a table such as \
             { dist = \"exponential\", mean = \"90s\" }",
        )
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<LawFile, E> {
        text.parse().map(LawFile::Constant).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LawFile, A::Error> {
        let table = LawTable::deserialize(MapAccessDeserializer::new(map))?;
        Ok(LawFile::Table(Box::new(table)))
    }
}

impl<'de> Deserialize<'de> for LawFile {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(LawVisitor)
    }
}

impl<'de> Deserialize<'de> for OrNever {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(WordOr("never", std::marker::PhantomData)).map(Self)
    }
}
