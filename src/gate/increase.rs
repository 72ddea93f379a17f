//! `increase`: the metric must not be much worse than that of the old version.
//!
//! # What it does
//! Compares the metric of the gate's scope with the old version's in the same window, or with the
//! service's before the rollout, and fails when it is above the other times `1 + max_increase`,
//! plus `slack`. Of `availability` and `ready-fraction`, where more is better, it fails when it is
//! below the other times `1 - max_increase`, minus `slack`. This is what a gate is that has
//! `max_increase`.
//!
//! # When it hurts
//! It compares two numbers and asks for no evidence: where few requests fail, chance alone doubles
//! a rate. Against a version that never fails any failure is an increase; `slack` allows for that.
//!
//! # Parameters
//! - `max_increase`: how much more, relative: `"50%"` allows half as much again.
//! - `slack` (0): how much more in the metric's own unit, such as `"0.1%"` or `"5ms"`.
//! - `against` ("old"): the old version at the same time; `baseline`: the service in the baseline
//!   window before the rollout.
//!
//! # Worked example
//! `metric = "latency-p95"`, `max_increase = "20%"`: with an old version at 100 ms, 121 ms fails
//! and 119 ms passes.

use serde::Deserialize;

use super::metric::{Amount, percent};
use super::sight::about;
use super::{Kind, Metric, Problem, Scope, Sight, Test, Verdict, Window, parse};

pub(super) const KIND: Kind = Kind {
    name: "increase",
    summary: "the metric must not be much worse than the old version's, or than before",
    source: include_str!("increase.rs"),
    parse: parse::<Increase>,
};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Increase {
    max_increase: Amount,
    #[serde(default)]
    slack: Option<Amount>,
    #[serde(default)]
    against: Against,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Against {
    #[default]
    Old,
    Baseline,
}

impl Increase {
    const fn factor(&self) -> Option<f64> {
        match self.max_increase {
            Amount::Number(share) | Amount::Percent(share) => Some(share),
            Amount::Time(_) => None,
        }
    }
}

impl Test for Increase {
    fn check(&self, metric: Metric, scope: Scope) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.factor().is_none() {
            let message = "`max_increase` is relative";
            let help = "write a percentage such as `\"20%\"`, or give a duration as `slack`";
            problems.push(Problem::new("max_increase", message, help));
        }
        if self.slack.is_some_and(|slack| slack.of(metric).is_none()) {
            let message = format!("`slack` is no amount of `{}`", metric.name());
            problems.push(Problem::new("slack", message, Amount::wanted(metric)));
        }
        if self.against == Against::Old && scope == Scope::Old {
            let message = "the old version is compared with itself";
            problems.push(Problem::new("scope", message, "write `scope = \"new\"`"));
        }
        if self.against == Against::Baseline && !metric.is_of_requests() {
            let message = format!("`{}` has no baseline", metric.name());
            problems.push(Problem::new("against", message, "write `against = \"old\"`"));
        }
        problems
    }

    fn doubts(&self, sight: &Sight) -> Vec<String> {
        let mut doubts = Vec::new();
        let slack = self.slack.and_then(|slack| slack.of(sight.metric)).unwrap_or(0.0);
        let is_of_failures = matches!(sight.metric, Metric::ErrorRate | Metric::Availability);
        if is_of_failures && sight.first * slack < 1.0 {
            doubts.push(format!(
                "a single failure among the {} requests of its first look is {}, beyond `slack` = \
                 {}: any one trips it while the other has none",
                about(sight.first),
                percent((1.0 / sight.first).min(1.0)),
                percent(slack)
            ));
        }
        doubts
    }

    fn decide(&self, window: &Window<'_>) -> Verdict {
        let metric = window.metric;
        let (other, whose) = match self.against {
            Against::Old => (window.value_of(metric, Scope::Old), "the old version"),
            Against::Baseline => (window.baseline_value(), "the service before the rollout"),
        };
        let name = metric.name();
        let Some(value) = window.value() else {
            return Verdict::inconclusive(format!("no {name} of {}", window.scope.say()));
        };
        let Some(other) = other else {
            return Verdict::inconclusive(format!("no {name} of {whose} to compare with"));
        };
        let factor = self.factor().unwrap_or(0.0);
        let slack = self.slack.and_then(|slack| slack.of(metric)).unwrap_or(0.0);
        let (limit, is_worse) = if metric.is_good() {
            let limit = other * (1.0 - factor) - slack;
            (limit, value < limit)
        } else {
            let limit = other * (1.0 + factor) + slack;
            (limit, value > limit)
        };
        let side = if is_worse { "beyond" } else { "within" };
        let reason = format!(
            "{name} of {} is {}, of {whose} {}; {side} the limit of {}",
            window.scope.say(),
            metric.say(value),
            metric.say(other),
            metric.say(limit)
        );
        Verdict::fail_if(is_worse, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::window::tests::{step, window};
    use super::super::window::{Baseline, Sample};
    use super::*;
    use crate::units::SimDuration;

    fn increase(percent: f64, slack: Option<Amount>, against: Against) -> Increase {
        Increase { max_increase: Amount::Percent(percent / 100.0), slack, against }
    }

    #[test]
    fn the_worked_example() {
        let test = increase(20.0, None, Against::Old);
        for (millis, outcome) in [(125, Outcome::Fail), (115, Outcome::Pass)] {
            let mut steps = [step(15, (0, 100), (0, 100))];
            for (version, millis) in [(0, 100), (1, millis)] {
                for _ in 0..100 {
                    let latency = SimDuration::from_millis(millis);
                    steps[0].versions[version].latency.record(latency);
                }
            }
            let window = Window { metric: Metric::LatencyP95, ..window(&steps) };
            let verdict = test.decide(&window);
            assert_eq!(verdict.outcome, outcome, "{}", verdict.reason);
        }
    }

    #[test]
    fn one_failure_is_an_increase_of_none() {
        let (percent, of_requests) = (Amount::Percent, Sight::of(Metric::ErrorRate, 0.05, 150.0));
        for (slack, doubts) in [(None, 1), (Some(percent(0.005)), 1), (Some(percent(0.01)), 0)] {
            let test = increase(50.0, slack, Against::Old);
            assert_eq!(test.doubts(&of_requests).len(), doubts, "{slack:?}");
        }
        let latency = Sight { metric: Metric::LatencyP95, ..of_requests };
        assert!(increase(50.0, None, Against::Old).doubts(&latency).is_empty());
    }

    #[test]
    fn nothing_to_compare_with_is_said_and_never_divided_by() {
        let test = increase(50.0, None, Against::Old);
        let alone = [step(15, (1, 100), (0, 0))];
        assert_eq!(test.decide(&window(&alone)).outcome, Outcome::Inconclusive);
        let faultless = [step(15, (1, 100), (0, 900))];
        assert_eq!(test.decide(&window(&faultless)).outcome, Outcome::Fail);
        let lenient = increase(50.0, Some(Amount::Percent(0.02)), Against::Old);
        assert_eq!(lenient.decide(&window(&faultless)).outcome, Outcome::Pass);
    }

    #[test]
    fn against_the_baseline() {
        let sample = Sample { requests: 1000, failed: 10, ..Sample::default() };
        let baseline = Baseline { sample, before: (0.0, 0.0) };
        let test = increase(50.0, None, Against::Baseline);
        for (failed, outcome) in [(16, Outcome::Fail), (15, Outcome::Pass)] {
            let steps = [step(15, (failed, 1000), (0, 0))];
            let window = Window { baseline: &baseline, ..window(&steps) };
            assert_eq!(test.decide(&window).outcome, outcome, "{failed}");
        }
    }
}
