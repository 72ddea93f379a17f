//! What the classified metrics come to together, as Kayenta's `WeightedSumScorer` and
//! `ThresholdScoreClassifier` say it.

use std::collections::BTreeMap;

use super::classify::Label;
use crate::gate::Outcome;

/// One metric as it was classified.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// How it compares.
    pub label: Label,
    /// Whether the whole score is 0 unless it passed.
    pub is_critical: bool,
    /// Whether it is left out.
    pub is_muted: bool,
    /// The groups it counts in.
    pub groups: Vec<String>,
}

/// How groups are weighted and when the whole passes.
#[derive(Clone, Debug, PartialEq)]
pub struct Scoring {
    /// Weight by group, percent; groups without share what is left of 100.
    pub weights: BTreeMap<String, f64>,
    /// Passes from this score on.
    pub pass: f64,
    /// Is marginal from this score on.
    pub marginal: f64,
}

/// What the metrics come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Percentage of passing metrics by group.
    pub groups: BTreeMap<String, f64>,
    /// The weighted sum, 0..=100.
    pub total: f64,
    /// Pass, inconclusive where it is marginal, or fail.
    pub outcome: Outcome,
}

/// Counts in one group.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    passed: u32,
    counted: u32,
}

impl Scoring {
    /// Scores metrics.
    #[must_use]
    pub fn score(&self, metrics: &[Judged]) -> Score {
        let heard: Vec<&Judged> = metrics.iter().filter(|metric| !metric.is_muted).collect();
        let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
        for metric in &heard {
            for name in &metric.groups {
                let group = groups.entry(name).or_default();
                group.passed += u32::from(metric.label == Label::Pass);
                group.counted += u32::from(metric.label != Label::NoData);
            }
        }
        let without = heard.iter().filter(|metric| metric.label == Label::NoData).count();
        let is_critical = |metric: &&&Judged| metric.is_critical && metric.label != Label::Pass;
        let is_lost = heard.iter().any(|metric| is_critical(&metric))
            || (2 * without >= heard.len() && without > 0);
        let total = if is_lost { 0.0 } else { self.sum(&groups) };
        let outcome = if total >= self.pass {
            Outcome::Pass
        } else if total >= self.marginal {
            Outcome::Inconclusive
        } else {
            Outcome::Fail
        };
        let scores = groups.iter().map(|(name, group)| ((*name).to_owned(), group.percentage()));
        Score { groups: scores.collect(), total, outcome }
    }

    /// The weighted sum, to two decimals; a group without data counts in full.
    fn sum(&self, groups: &BTreeMap<&str, Group>) -> f64 {
        let given: f64 = self.weights.values().sum();
        let others = groups.keys().filter(|name| !self.weights.contains_key(**name)).count();
        let rest = if others > 0 { (100.0 - given) / others as f64 } else { 0.0 };
        let weigh = |(name, group): (&&str, &Group)| {
            let weight = self.weights.get(*name).copied().unwrap_or(rest);
            let score = if group.counted == 0 { 100.0 } else { group.percentage() };
            score * weight / 100.0
        };
        let sum: f64 = groups.iter().map(weigh).sum();
        (sum * 100.0).round() / 100.0
    }
}

impl Group {
    fn percentage(self) -> f64 {
        if self.counted == 0 {
            return 0.0;
        }
        f64::from(self.passed) / f64::from(self.counted) * 100.0
    }
}
