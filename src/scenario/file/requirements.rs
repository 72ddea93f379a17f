//! `[policy]` as it is written: what `check` asserts.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::units::{Ratio, SimDuration};

/// `[policy]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RequirementsFile {
    /// How sure all verdicts together are to be right, above 0.5 and below 1.
    pub(crate) confidence: f64,
    /// Most runs of a strategy; missing: by default.
    pub(crate) max_replications: Option<u32>,
    /// What must hold.
    pub(crate) require: Vec<RequireFile>,
    /// What must not get worse than another version's.
    pub(crate) regression: Vec<RegressionFile>,
}

impl Default for RequirementsFile {
    fn default() -> Self {
        Self {
            confidence: 0.95,
            max_replications: None,
            require: Vec::new(),
            regression: Vec::new(),
        }
    }
}

/// One `[[policy.require]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequireFile {
    /// Which metric.
    pub(crate) metric: String,
    /// At least this.
    pub(crate) min: Option<LimitFile>,
    /// At most this.
    pub(crate) max: Option<LimitFile>,
    /// What of the runs is compared: `mean`, `min`, `max` or `pNN`; missing: the mean.
    pub(crate) statistic: Option<String>,
    /// Share of the runs that may break the limit; missing: the statistic is compared.
    pub(crate) breaches: Option<Ratio>,
    /// The strategies that it is asked of; missing: all.
    pub(crate) strategies: Option<Vec<String>>,
}

/// One `[[policy.regression]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegressionFile {
    /// Which metric.
    pub(crate) metric: String,
    /// So much worse does not matter: a percentage of the other version's mean, or an amount;
    /// missing: by default.
    pub(crate) material: Option<LimitFile>,
}

/// A limit of a metric: a number, a percentage or a length of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LimitFile {
    /// In the metric's own unit.
    Number(f64),
    /// Of the whole, as a share.
    Percent(f64),
    /// Of time.
    Duration(SimDuration),
    /// A number in quotes, without the unit that would say what it is; never right.
    Quoted(f64),
}

impl<'de> Deserialize<'de> for LimitFile {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(LimitVisitor)
    }
}

struct LimitVisitor;

impl Visitor<'_> for LimitVisitor {
    type Value = LimitFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a percentage such as \"85%\" or a duration such as \"90s\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<LimitFile, E> {
        match text.trim().strip_suffix('%') {
            // Deltas and their like may be below nothing, so this is no share.
            Some(number) => match number.trim().parse::<f64>() {
                Ok(percent) if percent.is_finite() => Ok(LimitFile::Percent(percent / 100.0)),
                _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
            },
            None => match (text.parse(), text.trim().parse::<f64>()) {
                (Ok(length), _) => Ok(LimitFile::Duration(length)),
                (Err(_), Ok(number)) if number.is_finite() => Ok(LimitFile::Quoted(number)),
                (Err(error), _) => Err(E::custom(error)),
            },
        }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<LimitFile, E> {
        if value.is_finite() {
            Ok(LimitFile::Number(value))
        } else {
            Err(E::invalid_value(de::Unexpected::Float(value), &self))
        }
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<LimitFile, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<LimitFile, E> {
        self.visit_f64(value as f64)
    }
}
