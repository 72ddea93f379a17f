//! What must hold? `[policy]`: requirements on metrics, and what counts as a regression.
//!
//! A policy is about whole variants, so it is read once and is no part of a plan. Whether it holds
//! is decided elsewhere, by simulating.

mod clash;
mod read;

use std::fmt;

pub(super) use self::read::read;
use crate::measure::Metric;

/// Most runs of a strategy where the policy does not say.
pub const MOST_REPLICATIONS: u32 = 200;

/// `[policy]`, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// How sure all verdicts together are to be right, in (0.5, 1).
    pub confidence: f64,
    /// Most runs of a strategy, or of each sort of release of it, >= 1; none:
    /// [`MOST_REPLICATIONS`], or as many as the scenario asks for.
    pub max_replications: Option<u32>,
    /// `[[policy.require]]`, in the order of the file.
    pub requirements: Vec<Requirement>,
    /// `[[policy.regression]]`, in the order of the file.
    pub regressions: Vec<Regression>,
}

impl Policy {
    /// Without requirements.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            confidence: 0.95,
            max_replications: None,
            requirements: Vec::new(),
            regressions: Vec::new(),
        }
    }

    /// Whether nothing is asked.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.requirements.is_empty() && self.regressions.is_empty()
    }
}

/// One `[[policy.require]]`: a statistic of a metric over the runs lies between two limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// The metric.
    pub metric: &'static Metric,
    /// What of the runs is compared.
    pub statistic: Statistic,
    /// At least this, in the metric's unit; none: no limit below. There is one limit at least.
    pub min: Option<f64>,
    /// At most this; none: no limit above.
    pub max: Option<f64>,
    /// The strategies that it is asked of; none: all.
    pub strategies: Option<Vec<String>>,
    /// Where it stands.
    pub place: At,
}

impl Requirement {
    /// Whether it is asked of the strategy called `name`.
    #[must_use]
    pub fn is_asked_of(&self, name: &str) -> bool {
        self.strategies.as_ref().is_none_or(|names| names.iter().any(|known| known == name))
    }

    /// The limit on this side.
    #[must_use]
    pub const fn limit(&self, side: Side) -> Option<f64> {
        match side {
            Side::Min => self.min,
            Side::Max => self.max,
        }
    }

    /// The share of the runs, in (0, 1), that may lie beyond the limit on this side; none if there
    /// is no limit there, or the statistic is not about a share of the runs.
    #[must_use]
    pub fn allowed_breaches(&self, side: Side) -> Option<f64> {
        self.limit(side)?;
        match (self.statistic, side) {
            (Statistic::Breaches(share), _) | (Statistic::Quantile(share), Side::Min) => {
                Some(share)
            }
            (Statistic::Quantile(share), Side::Max) => Some(1.0 - share),
            (Statistic::Mean | Statistic::Min | Statistic::Max, _) => None,
        }
    }
}

/// A side on which a limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// At least.
    Min,
    /// At most.
    Max,
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Min, Self::Max];
}

/// What of a sample of runs is compared with a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// The mean.
    Mean,
    /// The smallest value of the runs that were simulated.
    Min,
    /// The largest value of the runs that were simulated.
    Max,
    /// This quantile, in (0, 1).
    Quantile(f64),
    /// Whether at most this share of the runs, in (0, 1), lies outside the limits.
    Breaches(f64),
}

/// As it is written: `mean`, `p95`.
impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mean => f.write_str("mean"),
            Self::Min => f.write_str("min"),
            Self::Max => f.write_str("max"),
            Self::Quantile(q) => write!(f, "p{}", percent(*q)),
            Self::Breaches(share) => write!(f, "all but {}%", percent(*share)),
        }
    }
}

/// A share in percent, without what the product in floating point adds.
fn percent(share: f64) -> f64 {
    (share * 1e11).round() / 1e9
}

/// One `[[policy.regression]]`: a metric that must not get worse than another version's.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    /// The metric; one of its sides is the better one.
    pub metric: &'static Metric,
    /// So much worse does not matter yet.
    pub material: Material,
    /// Where it stands.
    pub place: At,
}

/// From when on a difference matters; not negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Material {
    /// An amount, in the metric's unit.
    Amount(f64),
    /// A share of the mean that it is compared with.
    Share(f64),
}

/// The line of the scenario file where something stands, from 1; none if it came with the command
/// line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At(pub Option<usize>);
