//! How one metric of the new version compares with the old one's, as Kayenta's
//! `MannWhitneyClassifier` says it.

use serde::Deserialize;

use crate::stats::rank;

/// Which way a metric may not go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Up.
    Increase,
    /// Down.
    Decrease,
    /// Neither way.
    Either,
}

/// What becomes of values that are not numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nans {
    /// They are left out.
    #[default]
    Remove,
    /// They count as 0.
    Replace,
}

/// What becomes of outliers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outliers {
    /// They stay.
    #[default]
    Keep,
    /// They are left out.
    Remove,
}

/// How the size of a difference is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Mean of the new version's values over that of the old one's.
    #[default]
    MeanRatio,
    /// Common language effect size.
    Cles,
}

/// How a metric is classified.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Classifier {
    /// Which way it may not go.
    pub direction: Direction,
    /// Whether the whole score is 0 if it is bad.
    pub is_critical: bool,
    /// What becomes of values that are not numbers.
    pub nans: Nans,
    /// Whether having no values counts against it.
    pub must_have_data: bool,
    /// What becomes of outliers.
    pub outliers: Outliers,
    /// Interquartile ranges from the quartiles to the fences.
    pub outlier_factor: f64,
    /// How the size of a difference is measured.
    pub effect: Effect,
    /// The size must be at most the first to be low, at least the second to be high.
    pub allowed: (f64, f64),
    /// The same for being critical.
    pub critical: (f64, f64),
    /// The interval must lie beyond this share of the estimate.
    pub tolerance: f64,
    /// Level of the interval.
    pub confidence: f64,
}

/// How a metric compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// No difference that matters.
    Pass,
    /// Larger.
    High,
    /// Smaller.
    Low,
    /// Nothing to compare.
    NoData,
    /// Nothing to compare where there had to be.
    NoDataFail,
}

impl Label {
    /// In a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "the same",
            Self::High => "high",
            Self::Low => "low",
            Self::NoData => "without data",
            Self::NoDataFail => "without the data it must have",
        }
    }
}

/// How a metric compares, and by what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Classification {
    /// How it compares.
    pub label: Label,
    /// Whether that makes the whole score 0.
    pub is_critical: bool,
    /// The shift with its interval; none where it was not reckoned.
    pub shift: Option<rank::Shift>,
    /// Size of the effect; none where a mean is 0 or nothing was compared.
    pub effect: Option<f64>,
    /// Two-sided p-value of the rank test.
    pub p: Option<f64>,
}

impl Classifier {
    /// The judge's own tolerance.
    pub const TOLERANCE: f64 = 0.25;
    /// The judge's own confidence.
    pub const CONFIDENCE: f64 = 0.98;

    /// Compares the new version's values with the old one's.
    #[must_use]
    pub fn classify(&self, new: &[f64], old: &[f64]) -> Classification {
        let (new, old) = (self.prepare(new), self.prepare(old));
        let plain = |label, effect| Classification {
            label,
            is_critical: false,
            shift: None,
            effect,
            p: None,
        };
        if new.is_empty() || old.is_empty() {
            return self.without_data(plain(Label::NoData, None));
        }
        let sorted = |values: &[f64]| {
            let mut values = values.to_vec();
            values.sort_by(f64::total_cmp);
            values
        };
        let all: Vec<f64> = new.iter().chain(&old).copied().collect();
        if sorted(&new) == sorted(&old) || is_constant(&all) {
            let shift = rank::shift(&new, &old, self.confidence);
            return Classification { shift, ..plain(Label::Pass, Some(self.neutral())) };
        }
        let effect = self.effect_of(&new, &old);
        let p = rank::mann_whitney_p(&new, &old);
        // Two constants that differ: their shift is known exactly.
        let shift = if is_constant(&new) && is_constant(&old) {
            let by = new[0] - old[0];
            rank::Shift { low: by, high: by, estimate: by }
        } else {
            match rank::shift(&new, &old, self.confidence) {
                Some(shift) => shift,
                None => return plain(Label::Pass, effect),
            }
        };
        let label = self.label(&shift, effect);
        let is_critical = self.is_critical && self.is_critically(label, effect);
        Classification { label, is_critical, shift: Some(shift), effect, p }
    }

    fn prepare(&self, values: &[f64]) -> Vec<f64> {
        let numbers: Vec<f64> = match self.nans {
            Nans::Remove => values.iter().copied().filter(|value| !value.is_nan()).collect(),
            Nans::Replace => {
                values.iter().map(|value| if value.is_nan() { 0.0 } else { *value }).collect()
            }
        };
        match self.outliers {
            Outliers::Keep => numbers,
            Outliers::Remove => within_fences(&numbers, self.outlier_factor),
        }
    }

    fn without_data(&self, none: Classification) -> Classification {
        match self.nans {
            Nans::Replace => Classification { label: Label::Pass, ..none },
            Nans::Remove if self.must_have_data && !self.is_critical => {
                Classification { label: Label::NoDataFail, ..none }
            }
            Nans::Remove => Classification { is_critical: self.is_critical, ..none },
        }
    }

    const fn neutral(&self) -> f64 {
        match self.effect {
            Effect::MeanRatio => 1.0,
            Effect::Cles => 0.5,
        }
    }

    fn effect_of(&self, new: &[f64], old: &[f64]) -> Option<f64> {
        match self.effect {
            Effect::Cles => rank::common_language(new, old),
            Effect::MeanRatio => {
                let (new, old) = (mean(new), mean(old));
                (new != 0.0 && old != 0.0).then(|| new / old)
            }
        }
    }

    fn label(&self, shift: &rank::Shift, effect: Option<f64>) -> Label {
        let beyond = self.tolerance * shift.estimate.abs();
        let may_be = |way| self.direction == way || self.direction == Direction::Either;
        let is_large = effect.is_none_or(|effect| effect >= self.allowed.1);
        let is_small = effect.is_none_or(|effect| effect <= self.allowed.0);
        if may_be(Direction::Increase) && shift.low > beyond && is_large {
            Label::High
        } else if may_be(Direction::Decrease) && shift.high < -beyond && is_small {
            Label::Low
        } else {
            Label::Pass
        }
    }

    fn is_critically(&self, label: Label, effect: Option<f64>) -> bool {
        match label {
            Label::High => effect.is_none_or(|effect| effect >= self.critical.1),
            Label::Low => effect.is_none_or(|effect| effect <= self.critical.0),
            Label::Pass | Label::NoData | Label::NoDataFail => false,
        }
    }
}

fn is_constant(values: &[f64]) -> bool {
    values.windows(2).all(|pair| pair[0] == pair[1])
}

fn mean(values: &[f64]) -> f64 {
    let rough = values.iter().sum::<f64>() / values.len() as f64;
    // A second pass takes the rounding of the first away.
    rough + values.iter().map(|value| value - rough).sum::<f64>() / values.len() as f64
}

/// The values that lie neither beyond `factor` interquartile ranges from the quartiles nor beyond
/// the outermost percent.
fn within_fences(values: &[f64], factor: f64) -> Vec<f64> {
    if values.is_empty() {
        return Vec::new();
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let [first, lower, upper, last] = [0.01, 0.25, 0.75, 0.99].map(|p| percentile(&sorted, p));
    let range = factor * (upper - lower);
    let (low, high) = (first.min(lower - range), last.max(upper + range));
    values.iter().copied().filter(|value| (low..=high).contains(value)).collect()
}

/// The quantile by linear interpolation between order statistics, the smallest being 0 and the
/// largest 1 (Hyndman and Fan's type 7).
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, part) = (place as usize, place.fract());
    let above = sorted.get(below + 1).copied().unwrap_or(sorted[below]);
    sorted[below] + part * (above - sorted[below])
}
