//! `threshold`: the metric must stay within fixed limits.
//!
//! # What it does
//! Fails when the metric in the window is above `max` or below `min`. This is what a gate is that
//! has `max` or `min` and no `test`.
//!
//! # When it hurts
//! A limit near the normal level rolls good releases back when traffic is low: with 30 requests in
//! the window one failure is 3.3%. A limit far above it never sees a small regression, however much
//! traffic there is.
//!
//! # Parameters
//! - `max`, `min`: at least one. A share such as `"1%"` for `error-rate`, `availability` and
//!   `ready-fraction`; a duration for latencies; a number for `burn-rate` and `crash-count`.
//! - `strict` (false): the limits themselves are outside.
//! - `fail_max`, `fail_min` (none): it fails only beyond these; between them and the others it
//!   cannot tell.
//!
//! Every gate, of whatever kind, also takes:
//! - `metric`: `error-rate`, `latency-p95`, `latency-p99`, `availability`, `burn-rate`,
//!   `ready-fraction` or `crash-count`; `scope` ("new"; of `availability` and `burn-rate`
//!   "service"): whose.
//! - `interval` ("15s"): between looks, and before the first, which `initial_delay` ("0s") puts
//!   off; `window` ("1m"): how far a look goes back, never before the gate began; `all`: to there.
//! - `scrape` ("15s"), `lag` ("0s"): metrics arrive in steps of the one, the other later.
//! - `count` (no limit): it has passed after so many looks. `failure_limit` (0): it fails at more
//!   failing looks than this, of which only those count that end a row of `consecutive` (1).
//!   `inconclusive_limit` (0): it cannot tell at more such looks than this.
//! - `min_samples` (1): with fewer requests a look cannot tell; without any it says `on_no_data`
//!   ("inconclusive").
//! - `analysis_run`: as an AnalysisRun of Argo Rollouts: it looks at once, sees what was before it
//!   began, may say `on_no_data = "error"`, looks again 10 s after an error, and fails at more
//!   errors in a row than `error_limit` (4). `consecutive_success` (none): so many in a row are
//!   enough. `ignore_failures` (false): no failure ends it. `dry_run` (false): it changes nothing.
//! - `all` or `any`, a list of gates, in the place of all that: it is made of those.
//!
//! # Worked example
//! `metric = "error-rate"`, `max = "1%"`: 3 failures of 200 requests are 1.5%, which fails; 2 are
//! 1%, which passes.

use serde::Deserialize;

use super::metric::{Amount, percent};
use super::sight::about;
use super::{Kind, Metric, Problem, Scope, Sight, Test, Verdict, Window, parse, say_length};

pub(super) const KIND: Kind = Kind {
    name: "threshold",
    summary: "the metric must stay within fixed limits",
    source: include_str!("threshold.rs"),
    parse: parse::<Threshold>,
};

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Threshold {
    max: Option<Amount>,
    min: Option<Amount>,
    fail_max: Option<Amount>,
    fail_min: Option<Amount>,
    strict: bool,
}

impl Threshold {
    /// The largest share of failures that is within the limits, and the limit that says so.
    fn most_failures(&self, sight: &Sight) -> Option<(f64, &'static str)> {
        let metric = sight.metric;
        let limit = |limit: Option<Amount>| limit.and_then(|limit| limit.of(metric));
        match metric {
            Metric::ErrorRate => limit(self.max).map(|max| (max, "max")),
            Metric::Availability => limit(self.min).map(|min| (1.0 - min, "min")),
            Metric::BurnRate => {
                let allowed = 1.0 - sight.place.objective.availability;
                limit(self.max).map(|max| (max * allowed, "max"))
            }
            _ => None,
        }
    }
}

impl Test for Threshold {
    fn check(&self, metric: Metric, _scope: Scope) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.max.is_none() && self.min.is_none() {
            let message = "the gate has neither a limit nor a test";
            let help = "give it `max`, `min`, `max_increase` or `test`";
            problems.push(Problem::new("", message, help));
        }
        for (field, limit) in [
            ("max", self.max),
            ("min", self.min),
            ("fail_max", self.fail_max),
            ("fail_min", self.fail_min),
        ] {
            if limit.is_some_and(|limit| limit.of(metric).is_none()) {
                let message = format!("`{field}` is no amount of `{}`", metric.name());
                problems.push(Problem::new(field, message, Amount::wanted(metric)));
            }
        }
        let limit = |limit: Option<Amount>| limit.and_then(|limit| limit.of(metric));
        if let (Some(max), Some(min)) = (limit(self.max), limit(self.min))
            && min > max
        {
            problems.push(Problem::new("min", "`min` is above `max`", "write `min` below `max`"));
        }
        problems
    }

    fn doubts(&self, sight: &Sight) -> Vec<String> {
        let Some((limit, field)) = self.most_failures(sight) else { return Vec::new() };
        let mut doubts = Vec::new();
        let (first, full) = (sight.first, sight.full);
        if full * limit < 1.0 {
            doubts.push(format!(
                "a single failure among the {} requests of its window is {}, beyond `{field}` = \
                 {}: any one trips it",
                about(full),
                percent((1.0 / full).min(1.0)),
                percent(limit)
            ));
        } else if first * limit < 1.0 {
            doubts.push(format!(
                "a single failure among the {} requests of its first look is {}, beyond `{field}` \
                 = {}: any one trips it",
                about(first),
                percent((1.0 / first).min(1.0)),
                percent(limit)
            ));
        }
        let share = sight.place.share;
        if sight.scope == Scope::Service && share < limit {
            doubts.push(format!(
                "the new version has {} of the requests: if all of them fail the service is \
                 within `{field}` = {}, so it can never trip; write `scope = \"new\"`",
                percent(share),
                percent(limit)
            ));
        }
        doubts
    }

    fn decide(&self, window: &Window<'_>) -> Verdict {
        let metric = window.metric;
        let Some(value) = window.value() else {
            return Verdict::inconclusive(format!("no data for {}", metric.name()));
        };
        let limit = |limit: Option<Amount>| limit.and_then(|limit| limit.of(metric));
        let seen = format!(
            "{} of {} is {} over {} of {}",
            metric.name(),
            window.scope.say(),
            metric.say(value),
            say_length(window.covered()),
            if metric.is_of_requests() {
                format!("{} requests", window.samples())
            } else {
                format!("{} scrapes", window.samples())
            },
        );
        let is_equal = |limit: f64| self.strict && (value - limit).abs() <= 0.0;
        let outside = match (limit(self.max), limit(self.min)) {
            (Some(max), _) if value > max || is_equal(max) => Some(("above", max)),
            (_, Some(min)) if value < min || is_equal(min) => Some(("below", min)),
            _ => None,
        };
        let failing = match (limit(self.fail_max), limit(self.fail_min)) {
            (Some(max), _) if value > max => Some(("above", max)),
            (_, Some(min)) if value < min => Some(("below", min)),
            _ => None,
        };
        let has_band = self.fail_max.is_some() || self.fail_min.is_some();
        match (failing, outside) {
            (Some((side, limit)), _) => {
                Verdict::fail(format!("{seen}, {side} {}", metric.say(limit)))
            }
            (None, None) => Verdict::pass(format!("{seen}, within its limits")),
            (None, Some((side, limit))) => {
                let at = if is_equal(limit) { "at" } else { side };
                let reason = format!("{seen}, {at} {}", metric.say(limit));
                if has_band { Verdict::inconclusive(reason) } else { Verdict::fail(reason) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::window::tests::{step, window};
    use super::*;

    #[test]
    fn the_worked_example() {
        let test = Threshold { max: Some(Amount::Percent(0.01)), ..Threshold::default() };
        for (failed, outcome) in [(3, Outcome::Fail), (2, Outcome::Pass)] {
            let steps = [step(15, (failed, 200), (0, 0))];
            assert_eq!(test.decide(&window(&steps)).outcome, outcome, "{failed}");
        }
        let steps = [step(15, (3, 200), (0, 0))];
        assert_eq!(
            test.decide(&window(&steps)).reason,
            "error-rate of the new version is 1.5 % over 15 s of 200 requests, above 1 %"
        );
    }

    #[test]
    fn between_passing_and_failing_nobody_can_tell() {
        let percent = |share| Some(Amount::Percent(share));
        let band = Threshold {
            max: percent(0.01),
            fail_max: percent(0.05),
            strict: true,
            ..Threshold::default()
        };
        for (failed, outcome) in [
            (1, Outcome::Pass),
            (2, Outcome::Inconclusive),
            (10, Outcome::Inconclusive),
            (11, Outcome::Fail),
        ] {
            let steps = [step(15, (failed, 200), (0, 0))];
            assert_eq!(band.decide(&window(&steps)).outcome, outcome, "{failed}");
        }
    }

    #[test]
    fn limits_fit_the_metric() {
        let limits = |max, min| Threshold { max, min, ..Threshold::default() };
        let percent = Some(Amount::Percent(0.99));
        for (test, metric, fields) in [
            (limits(None, None), Metric::ErrorRate, vec![""]),
            (limits(percent, None), Metric::LatencyP95, vec!["max"]),
            (limits(Some(Amount::Number(0.5)), percent), Metric::Availability, vec!["min"]),
            (limits(None, percent), Metric::ReadyFraction, vec![]),
        ] {
            let found: Vec<String> =
                test.check(metric, Scope::New).into_iter().map(|p| p.field).collect();
            assert_eq!(found, fields, "{test:?}");
        }
    }
}
