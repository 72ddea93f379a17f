//! `mann-whitney`: the judge of Spinnaker's Kayenta: ranks of one metric or several, and a score.
//!
//! # What it does
//! Takes the metric of each scrape in the window as one value and compares the new version's
//! values with the old one's: a Mann-Whitney test at a confidence of 98%, turned into an interval
//! of the shift between them. A metric is *high* (or *low*) when that interval lies beyond 0.25
//! times the shift's own estimate, and the ratio of the means is at least as large (small) as
//! allowed. Each group scores the percentage of its metrics that are neither; the groups are
//! weighted. The score passes from `pass` on, is marginal (inconclusive) from `marginal` on, and
//! fails below. The arithmetic is that of Kayenta's `NetflixACAJudge`.
//!
//! # When it hurts
//! Ten scrapes are ten values: ranks of so few cannot show a regression that is plain in the
//! thousands of requests behind them; have 50. (Of releases that fail 0.3% where 0.1% is usual,
//! with 5% of 100 requests/s for ten minutes, it stops one in 22; Fisher's test on the same
//! requests stops three in four.) With an old version that never fails the ratio of means does not
//! exist and is not asked for, so any shift counts. The search for the interval's ends stops
//! within 0.0001 of the metric's own unit: too coarse for error rates below that.
//!
//! # Parameters
//! - `metrics` (the gate's own): a list of `{ metric, group, critical, direction, nan,
//!   must_have_data, outliers, outlier_factor, effect, allowed_increase, allowed_decrease,
//!   critical_increase, critical_decrease }`; all but `metric` may also stand in the test itself
//!   as defaults.
//! - `direction` ("increase"; "either", "decrease"): what is bad. `critical` (false): if it is bad
//!   the score is 0.
//! - `nan` ("remove"): scrapes without a value are left out; `replace` takes them as 0.
//! - `must_have_data` (false): without any value the metric counts as failed.
//! - `outliers` ("keep"): `remove` leaves out what lies beyond `outlier_factor` (3.0) times the
//!   interquartile range and beyond the outermost percent.
//! - `effect` ("mean-ratio"): or `cles`, the share of pairs in which the new version's value is
//!   the larger; `allowed_increase`, `allowed_decrease` (1.0; of `cles` 0.5) must be reached too.
//! - `tolerance` (0.25), `confidence` (0.98), `pass` (95), `marginal` (75), `weights`: percent by
//!   group; groups without share the rest.
//!
//! # Worked example
//! 30 values round 10 against 30 round 20: the interval of the shift is -11.1 to -8.8, its
//! estimate -9.9. Downwards that is *low*; under `direction = "increase"` it passes.

mod classify;
mod score;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use self::classify::{Classification, Classifier, Direction, Effect, Label, Nans, Outliers};
pub use self::score::{Judged, Scoring};
use super::metric::{percent, significant};
use super::{
    Kind, Metric, Needs, Problem, Scope, Sight, Test, Verdict, Window, check_probability, parse,
};

pub(super) const KIND: Kind = Kind {
    name: "mann-whitney",
    summary: "Kayenta's judge: ranks of metrics scrape by scrape, and a score",
    source: include_str!("mod.rs"),
    parse: parse::<MannWhitney>,
};

/// What may be said of one metric, or of all.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Settings {
    direction: Option<Direction>,
    critical: Option<bool>,
    nan: Option<Nans>,
    must_have_data: Option<bool>,
    outliers: Option<Outliers>,
    outlier_factor: Option<f64>,
    effect: Option<Effect>,
    allowed_increase: Option<f64>,
    allowed_decrease: Option<f64>,
    critical_increase: Option<f64>,
    critical_decrease: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MannWhitney {
    metrics: Vec<Member>,
    tolerance: f64,
    confidence: f64,
    pass: f64,
    marginal: f64,
    weights: BTreeMap<String, f64>,
    direction: Option<Direction>,
    critical: Option<bool>,
    nan: Option<Nans>,
    must_have_data: Option<bool>,
    outliers: Option<Outliers>,
    outlier_factor: Option<f64>,
    effect: Option<Effect>,
    allowed_increase: Option<f64>,
    allowed_decrease: Option<f64>,
    critical_increase: Option<f64>,
    critical_decrease: Option<f64>,
}

/// One metric of several.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    metric: Metric,
    #[serde(default)]
    group: Option<String>,
    direction: Option<Direction>,
    critical: Option<bool>,
    nan: Option<Nans>,
    must_have_data: Option<bool>,
    outliers: Option<Outliers>,
    outlier_factor: Option<f64>,
    effect: Option<Effect>,
    allowed_increase: Option<f64>,
    allowed_decrease: Option<f64>,
    critical_increase: Option<f64>,
    critical_decrease: Option<f64>,
}

impl Default for MannWhitney {
    fn default() -> Self {
        Self {
            metrics: Vec::new(),
            tolerance: Classifier::TOLERANCE,
            confidence: Classifier::CONFIDENCE,
            pass: 95.0,
            marginal: 75.0,
            weights: BTreeMap::new(),
            direction: None,
            critical: None,
            nan: None,
            must_have_data: None,
            outliers: None,
            outlier_factor: None,
            effect: None,
            allowed_increase: None,
            allowed_decrease: None,
            critical_increase: None,
            critical_decrease: None,
        }
    }
}

/// The settings that stand in a table.
macro_rules! settings_of {
    ($table:expr) => {
        Settings {
            direction: $table.direction,
            critical: $table.critical,
            nan: $table.nan,
            must_have_data: $table.must_have_data,
            outliers: $table.outliers,
            outlier_factor: $table.outlier_factor,
            effect: $table.effect,
            allowed_increase: $table.allowed_increase,
            allowed_decrease: $table.allowed_decrease,
            critical_increase: $table.critical_increase,
            critical_decrease: $table.critical_decrease,
        }
    };
}

/// One metric, its group and how it is classified.
#[derive(Clone, Debug)]
struct Part {
    metric: Metric,
    group: String,
    classifier: Classifier,
}

impl MannWhitney {
    /// The classifier that a metric's own settings make, with the test's as defaults.
    fn classifier(&self, metric: Metric, own: Settings) -> Classifier {
        let whole = settings_of!(self);
        let effect = own.effect.or(whole.effect).unwrap_or_default();
        let neutral = match effect {
            Effect::MeanRatio => 1.0,
            Effect::Cles => 0.5,
        };
        let worse = if metric.is_good() { Direction::Decrease } else { Direction::Increase };
        let or_neutral = |own: Option<f64>, whole: Option<f64>| own.or(whole).unwrap_or(neutral);
        Classifier {
            direction: own.direction.or(whole.direction).unwrap_or(worse),
            is_critical: own.critical.or(whole.critical).unwrap_or(false),
            nans: own.nan.or(whole.nan).unwrap_or_default(),
            must_have_data: own.must_have_data.or(whole.must_have_data).unwrap_or(false),
            outliers: own.outliers.or(whole.outliers).unwrap_or_default(),
            outlier_factor: own.outlier_factor.or(whole.outlier_factor).unwrap_or(3.0),
            effect,
            allowed: (
                or_neutral(own.allowed_decrease, whole.allowed_decrease),
                or_neutral(own.allowed_increase, whole.allowed_increase),
            ),
            critical: (
                or_neutral(own.critical_decrease, whole.critical_decrease),
                or_neutral(own.critical_increase, whole.critical_increase),
            ),
            tolerance: self.tolerance,
            confidence: self.confidence,
        }
    }

    fn parts(&self, own: Metric) -> Vec<Part> {
        if self.metrics.is_empty() {
            let classifier = self.classifier(own, Settings::default());
            return vec![Part { metric: own, group: own.name().into(), classifier }];
        }
        let part = |member: &Member| Part {
            metric: member.metric,
            group: member.group.clone().unwrap_or_else(|| member.metric.name().into()),
            classifier: self.classifier(member.metric, settings_of!(member)),
        };
        self.metrics.iter().map(part).collect()
    }
}

impl Test for MannWhitney {
    fn check(&self, metric: Metric, scope: Scope) -> Vec<Problem> {
        let mut problems = Vec::new();
        if scope != Scope::New {
            let message = "`mann-whitney` compares the new version with the old one";
            problems.push(Problem::new("scope", message, "write `scope = \"new\"`"));
        }
        problems.extend(check_probability("confidence", self.confidence));
        let wrong = |value: f64| !(value.is_finite() && value >= 0.0);
        for (field, value) in
            [("tolerance", self.tolerance), ("pass", self.pass), ("marginal", self.marginal)]
        {
            if wrong(value) || (field != "tolerance" && value > 100.0) {
                let message = format!("`{field}` is out of range: `{value}`");
                problems.push(Problem::new(field, message, "write a score from 0 to 100"));
            }
        }
        if self.marginal > self.pass {
            let message = "`marginal` is above `pass`";
            problems.push(Problem::new("marginal", message, "write it below `pass`"));
        }
        let parts = self.parts(metric);
        for (group, weight) in &self.weights {
            if wrong(*weight) || *weight > 100.0 {
                let message = format!("the weight of `{group}` must be from 0 to 100");
                problems.push(Problem::new("weights", message, "write percentages"));
            }
            if !parts.iter().any(|part| part.group == *group) {
                let message = format!("no metric is in group `{group}`");
                problems.push(Problem::new("weights", message, "name a group of `metrics`"));
            }
        }
        let sum: f64 = self.weights.values().sum();
        if sum > 100.0 {
            let message = format!("the weights add up to {}", significant(sum));
            problems.push(Problem::new("weights", message, "let them add up to 100 at most"));
        }
        if parts.iter().any(|part| wrong(part.classifier.outlier_factor)) {
            let message = "`outlier_factor` must be a finite number of at least 0";
            problems.push(Problem::new("outlier_factor", message, "write 3.0"));
        }
        problems
    }

    fn needs(&self) -> Needs {
        let latency = self.metrics.iter().any(|member| member.metric.quantile().is_some());
        Needs { latency, ..Needs::default() }
    }

    fn doubts(&self, sight: &Sight) -> Vec<String> {
        // Two samples of n without an overlap have the least p there is, 2 / C(2n, n).
        let (mut needed, mut least_p) = (1.0, 1.0);
        while least_p > 1.0 - self.confidence && needed < 100.0 {
            needed += 1.0;
            least_p *= needed / (2.0 * (2.0 * needed - 1.0));
        }
        if sight.scrapes >= needed {
            return Vec::new();
        }
        vec![format!(
            "its window holds {} scrapes of each version; ranks of fewer than {needed} cannot \
             differ at a confidence of {}",
            sight.scrapes.floor(),
            percent(self.confidence)
        )]
    }

    fn decide(&self, window: &Window<'_>) -> Verdict {
        let mut judged = Vec::new();
        let mut said = Vec::new();
        let mut divergence: f64 = 0.0;
        for part in self.parts(window.metric) {
            let series = |scope| window.series(part.metric, scope).collect::<Vec<f64>>();
            let found = part.classifier.classify(&series(Scope::New), &series(Scope::Old));
            said.push(format!("{} {}", part.metric.name(), found.label.name()));
            divergence = divergence.max(1.0 - found.p.unwrap_or(1.0));
            judged.push(Judged {
                label: found.label,
                is_critical: found.is_critical || part.classifier.is_critical,
                is_muted: false,
                groups: vec![part.group],
            });
        }
        let scoring =
            Scoring { weights: self.weights.clone(), pass: self.pass, marginal: self.marginal };
        let score = scoring.score(&judged);
        let reason = format!(
            "score {} (passes from {}, marginal from {}) over {} scrapes: {}",
            significant(score.total),
            significant(self.pass),
            significant(self.marginal),
            window.in_window().len(),
            said.join(", ")
        );
        Verdict { outcome: score.outcome, divergence: Some(divergence.clamp(0.0, 1.0)), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::window::tests::{step, window};
    use super::*;

    #[test]
    fn the_worked_example() {
        let value = |k: u64| (k * 7 % 30) * 10;
        let steps: Vec<_> = (0..30)
            .map(|k| step(60, (1000 + value(k), 10_000), (2000 + value(k), 10_000)))
            .collect();
        let up = MannWhitney::default();
        assert_eq!(up.decide(&window(&steps)).outcome, Outcome::Pass);
        let either = MannWhitney { direction: Some(Direction::Either), ..MannWhitney::default() };
        let verdict = either.decide(&window(&steps));
        assert_eq!(verdict.outcome, Outcome::Fail, "{}", verdict.reason);
        assert_eq!(
            verdict.reason,
            "score 0 (passes from 95, marginal from 75) over 30 scrapes: error-rate low"
        );
        assert!(verdict.divergence.is_some_and(|divergence| divergence > 0.99));
    }

    #[test]
    fn several_metrics_are_weighted() {
        let text = "weights = { errors = 60 }\nmetrics = [{ metric = \"error-rate\", group = \
                    \"errors\" }, { metric = \"latency-p95\", nan = \"replace\" }]";
        let test: MannWhitney = toml::from_str(text).expect("a test");
        assert!(test.check(Metric::ErrorRate, Scope::New).is_empty());
        assert!(test.needs().latency);
        let steps: Vec<_> =
            (0..30).map(|k| step(60, (2000 + k, 10_000), (1000 + k, 10_000))).collect();
        let verdict = test.decide(&window(&steps));
        assert!(verdict.reason.starts_with("score 40 "), "{}", verdict.reason);
        let heavy = MannWhitney {
            weights: BTreeMap::from([("errors".to_owned(), 160.0), ("x".to_owned(), 1.0)]),
            ..test
        };
        assert_eq!(heavy.check(Metric::ErrorRate, Scope::New).len(), 3);
    }
}
