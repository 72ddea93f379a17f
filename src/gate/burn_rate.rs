//! `burn-rate`: is the error budget being burned fast, over a long and a short window at once?
//!
//! # What it does
//! The burn rate is the error rate over what the objective allows: at 1 the budget lasts exactly
//! its window. Each pair fails when both its windows burn faster than its factor: the long one so
//! that it matters, the short one so that it is still going on. This is what a gate on `burn-rate`
//! is that has neither limit nor test.
//!
//! # When it hurts
//! It looks at the service: a canary with 5% of the requests that fails 20% of them is 1% overall,
//! which at an objective of 99.9% never reaches a factor of 14.4, and takes 3.6 hours to reach 6.
//! At low traffic one failure is a high rate: with N requests in the window one is
//! 1 / (N (1 - objective)).
//!
//! # Parameters
//! - `pairs` (those that page): a list of `{ long, short, budget }` or `{ long, short, factor }`.
//!   `budget` is the share of the whole budget that is burned when the long window fails:
//!   factor = budget x slo.window / long. The standard pairs: 1 h and 5 m at 2% (14.4 of 30 days),
//!   6 h and 30 m at 5% (6), 1 d and 2 h at 10% (3), 3 d and 6 h at 10% (1); the first two page.
//!
//! Windows that reach further back than what was observed are filled with the rate of requests and
//! of failures before the rollout.
//!
//! # Worked example
//! An objective of 99.9% and a complete outage: the long window of the first pair holds
//! t / 3600 failures after t seconds, which is 0.0144 after 51.84 s (0.864 minutes).

use serde::Deserialize;

use super::metric::{percent, significant};
use super::window::{Step, share_of};
use super::{
    Baseline, Kind, Metric, Needs, Objective, Place, Problem, Scope, Sight, Test, Verdict, Window,
    parse, say_length,
};
use crate::units::{Ratio, SimDuration};

pub(super) const KIND: Kind = Kind {
    name: "burn-rate",
    summary: "pairs of windows over which the error budget burns too fast",
    source: include_str!("burn_rate.rs"),
    parse: parse::<BurnRate>,
};

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A person must act at once.
    Page,
    /// A person must act within days.
    Ticket,
}

/// A long and a short window, and how fast the budget may burn over both.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The long window.
    pub long: SimDuration,
    /// The short window, no longer than the long one.
    pub short: SimDuration,
    /// Fires above this burn rate; none: from `budget`.
    #[serde(default)]
    pub factor: Option<f64>,
    /// Share of the whole budget that the long window has burned when it fires.
    #[serde(default)]
    pub budget: Option<Ratio>,
    /// How urgent it is.
    #[serde(default = "page")]
    pub severity: Severity,
}

const fn page() -> Severity {
    Severity::Page
}

impl Pair {
    /// The standard pairs, the most urgent first.
    pub const STANDARD: [Self; 4] = [
        Self::standard(3600, 300, 2, Severity::Page),
        Self::standard(6 * 3600, 1800, 5, Severity::Page),
        Self::standard(24 * 3600, 2 * 3600, 10, Severity::Ticket),
        Self::standard(72 * 3600, 6 * 3600, 10, Severity::Ticket),
    ];

    const fn standard(long: u64, short: u64, percent: u64, severity: Severity) -> Self {
        Self {
            long: SimDuration::from_secs(long),
            short: SimDuration::from_secs(short),
            factor: None,
            budget: Some(Ratio::from_billionths(percent * 10_000_000)),
            severity,
        }
    }

    /// The burn rate above which it fires.
    #[must_use]
    pub fn burn(&self, objective: &Objective) -> f64 {
        let budget = self.budget.map_or(0.0, Ratio::as_f64);
        let windows = objective.window.as_secs_f64() / self.long.as_secs_f64();
        self.factor.unwrap_or(budget * windows)
    }

    /// Whether both windows burn faster than it allows, and the slower of the two burn rates.
    #[must_use]
    pub fn fires(&self, ledger: &Ledger, objective: &Objective) -> (bool, f64) {
        let burn = |length| ledger.error_rate(length).map_or(0.0, |rate| objective.burn(rate));
        let slower = burn(self.long).min(burn(self.short));
        (slower > self.burn(objective), slower)
    }

    /// What is wrong with it, where `field` names it.
    #[must_use]
    pub fn check(&self, field: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let at = |name: &str| format!("{field}.{name}");
        if self.short.is_zero() {
            let message = "`short` must be longer than zero";
            problems.push(Problem::new(&at("short"), message, "write `short = \"5m\"`"));
        }
        if self.short > self.long {
            let message = "the short window is longer than the long one";
            problems.push(Problem::new(&at("short"), message, "exchange the two"));
        }
        if self.factor.is_some() == self.budget.is_some() {
            let message = "a pair has either `factor` or `budget`";
            problems.push(Problem::new(field, message, "write `budget = \"2%\"`"));
        }
        if self.factor.is_some_and(|factor| !(factor.is_finite() && factor > 0.0)) {
            let message = "`factor` must be above 0";
            problems.push(Problem::new(&at("factor"), message, "write `factor = 14.4`"));
        }
        if self.budget.is_some_and(|budget| budget.is_zero() || budget > Ratio::ONE) {
            let message = "`budget` must be above 0 and at most 100%";
            problems.push(Problem::new(&at("budget"), message, "write `budget = \"2%\"`"));
        }
        problems
    }
}

/// Running totals of requests and failures, scrape by scrape, so that any window costs the same.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Requests/s and share of failures before anything was observed.
    before: (f64, f64),
    /// When each step ended, nanoseconds from the first's beginning, requests and failures so far.
    totals: Vec<(u64, u64, u64)>,
}

impl Ledger {
    /// With nothing observed yet.
    #[must_use]
    pub const fn new(baseline: &Baseline) -> Self {
        Self { before: baseline.before, totals: Vec::new() }
    }

    /// Adds the service's requests in a step that ended after all before it.
    pub fn add(&mut self, step: &Step) {
        let share = share_of(step, Scope::Service);
        let (end, requests, failed) = self.totals.last().copied().unwrap_or_default();
        let end = end.saturating_add(step.length.as_nanos());
        self.totals.push((end, requests + share.of, failed + share.failed));
    }

    /// The error rate of the last `length`; none where nothing ended and nothing is known from
    /// before. A step that lies in it only in part is left out.
    #[must_use]
    pub fn error_rate(&self, length: SimDuration) -> Option<f64> {
        let (end, requests, failed) = self.totals.last().copied().unwrap_or_default();
        let length = length.as_nanos();
        let missing = length.saturating_sub(end) as f64 / 1e9 * self.before.0;
        let from = end.saturating_sub(length);
        // The last step that ends no later than the window begins, or before all if it does then.
        let first = self.totals.partition_point(|total| total.0 < from);
        let from = if from == 0 { (0, 0, 0) } else { self.totals[first] };
        let requests = (requests - from.1) as f64 + missing;
        let failed = (failed - from.2) as f64 + missing * self.before.1;
        (requests > 0.0).then(|| failed / requests)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BurnRate {
    pairs: Vec<Pair>,
}

impl Default for BurnRate {
    fn default() -> Self {
        let pages = Pair::STANDARD.into_iter().filter(|pair| pair.severity == Severity::Page);
        Self { pairs: pages.collect() }
    }
}

impl Test for BurnRate {
    fn check(&self, metric: Metric, scope: Scope) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !metric.is_failures() {
            let message =
                format!("`burn-rate` looks at failures, which `{}` does not count", metric.name());
            problems.push(Problem::new("", message, "write `metric = \"burn-rate\"`"));
        }
        if scope != Scope::Service {
            let message = "the windows of `burn-rate` are those of the service";
            problems.push(Problem::new("scope", message, "write `scope = \"service\"`"));
        }
        if self.pairs.is_empty() {
            let message = "`pairs` is empty";
            problems.push(Problem::new("pairs", message, "leave it out for the standard ones"));
        }
        for (number, pair) in self.pairs.iter().enumerate() {
            problems.extend(pair.check(&format!("pairs.{number}")));
        }
        problems
    }

    fn needs(&self) -> Needs {
        Needs { history: true, ..Needs::default() }
    }

    fn doubts(&self, sight: &Sight) -> Vec<String> {
        let Place { share, time, objective, .. } = sight.place;
        // All of its requests fail, over the whole of a window or from the step's beginning on.
        let most = objective.burn(share);
        let over = |pair: &Pair| match time {
            Some(time) => most * (time.as_secs_f64() / pair.long.as_secs_f64()).min(1.0),
            None => most,
        };
        let limit = |pair: &Pair| pair.burn(&objective);
        let least = self.pairs.iter().map(limit).fold(f64::INFINITY, f64::min);
        let all_fail = format!(
            "the new version has {} of the requests: if all of them fail the budget burns {} \
             times as fast as allowed",
            percent(share),
            significant(most)
        );
        if most < least {
            let limit = significant(least);
            return vec![format!(
                "{all_fail}, below the lowest limit of {limit}: it can never trip"
            )];
        }
        let is_short = self.pairs.iter().all(|pair| over(pair) < limit(pair));
        let nearest = self
            .pairs
            .iter()
            .max_by(|one, other| (over(one) / limit(one)).total_cmp(&(over(other) / limit(other))));
        let (Some(time), Some(pair), true) = (time, nearest, is_short) else { return Vec::new() };
        vec![format!(
            "{all_fail}, but over {} the {} of this step alone make {} of the {} that it takes: \
             by then the step is over",
            say_length(pair.long),
            say_length(time),
            significant(over(pair)),
            significant(limit(pair))
        )]
    }

    fn decide(&self, window: &Window<'_>) -> Verdict {
        let mut ledger = Ledger::new(window.baseline);
        for step in window.steps {
            ledger.add(step);
        }
        let mut nearest = String::new();
        for pair in &self.pairs {
            let (is_fired, burn) = pair.fires(&ledger, &window.objective);
            let reason = format!(
                "the budget burns {} times as fast as allowed over {} and {}, the limit is {}",
                significant(burn),
                say_length(pair.long),
                say_length(pair.short),
                significant(pair.burn(&window.objective))
            );
            if is_fired {
                return Verdict::fail(reason);
            }
            if nearest.is_empty() {
                nearest = reason;
            }
        }
        Verdict::pass(nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::super::window::tests::{OBJECTIVE, no_baseline, step};
    use super::*;

    /// Seconds until a pair fires after an outage of this error rate begins, found second by
    /// second; none within the pair's long window.
    fn seconds(pair: usize, objective: f64, per_mille: u64) -> Option<u64> {
        let pair = Pair::STANDARD[pair];
        let objective = Objective { availability: objective, ..OBJECTIVE };
        let baseline = Baseline { before: (1000.0, 0.0), ..no_baseline() };
        let mut ledger = Ledger::new(&baseline);
        (1..=pair.long.as_nanos() / 1_000_000_000 + 1).find(|_| {
            ledger.add(&step(1, (0, 0), (per_mille, 1000)));
            pair.fires(&ledger, &objective).0
        })
    }

    /// t = (1 - objective) x factor x long / error rate: minutes by pair, of complete and partial
    /// outages. The pair fires in the first whole second after that.
    #[test]
    fn detection_times_are_exact() {
        for (objective, per_mille, factors) in [
            (0.999, 1000, [Some(51.84), Some(129.6), Some(259.2), Some(259.2)]),
            (0.999, 100, [Some(518.4), Some(1296.0), Some(2592.0), Some(2592.0)]),
            (0.999, 20, [Some(2592.0), Some(6480.0), Some(12_960.0), Some(12_960.0)]),
            (0.999, 10, [None, Some(12_960.0), Some(25_920.0), Some(25_920.0)]),
            (0.99, 500, [Some(1036.8), Some(2592.0), Some(5184.0), Some(5184.0)]),
            (0.99, 100, [None, Some(12_960.0), Some(25_920.0), Some(25_920.0)]),
        ] {
            for (pair, exact) in factors.into_iter().enumerate() {
                let got = seconds(pair, objective, per_mille);
                let minutes = exact.map(|seconds: f64| seconds.floor() as u64 + 1);
                // On a whole second the comparison of two floats may go either way.
                let is_even = exact.is_some_and(|seconds| seconds.fract() == 0.0);
                let early = minutes.map(|second| second - u64::from(is_even));
                assert!(
                    got == minutes || got == early,
                    "{objective} {per_mille}: {got:?} {exact:?}"
                );
            }
        }
    }

    #[test]
    fn an_alert_clears_when_the_short_window_is_clean() {
        let baseline = Baseline { before: (1000.0, 0.0), ..no_baseline() };
        let mut ledger = Ledger::new(&baseline);
        let pair = Pair::STANDARD[0];
        for _ in 0..300 {
            ledger.add(&step(1, (0, 0), (1000, 1000)));
        }
        assert!(pair.fires(&ledger, &OBJECTIVE).0);
        let cleared = (1..=600).find(|_| {
            ledger.add(&step(1, (0, 0), (0, 1000)));
            !pair.fires(&ledger, &OBJECTIVE).0
        });
        // All but 1.44% of the short window's 300 s must be clean: 295.68 s.
        assert_eq!(cleared, Some(296));
    }

    #[test]
    fn a_window_beyond_what_was_seen_takes_what_was_before() {
        let baseline = Baseline { before: (10.0, 0.5), ..no_baseline() };
        let mut ledger = Ledger::new(&baseline);
        assert_eq!(ledger.error_rate(SimDuration::from_secs(60)), Some(0.5));
        ledger.add(&step(30, (0, 0), (0, 300)));
        assert_eq!(ledger.error_rate(SimDuration::from_secs(60)), Some(0.25));
        assert_eq!(Ledger::new(&no_baseline()).error_rate(SimDuration::from_secs(60)), None);
    }

    #[test]
    fn factors_follow_the_budgets_window() {
        let factors = |days: u64| {
            let window = SimDuration::from_secs(days * 86_400);
            let objective = Objective { window, ..OBJECTIVE };
            Pair::STANDARD.map(|pair| (pair.burn(&objective) * 1000.0).round() / 1000.0)
        };
        assert_eq!(factors(30), [14.4, 6.0, 3.0, 1.0]);
        assert_eq!(factors(28), [13.44, 5.6, 2.8, 0.933]);
    }

    #[test]
    fn pairs_must_be_pairs() {
        let fields = |pair: Pair| -> Vec<String> {
            pair.check("pairs.0").into_iter().map(|problem| problem.field).collect()
        };
        let [first, ..] = Pair::STANDARD;
        assert_eq!(fields(first), Vec::<String>::new());
        assert_eq!(fields(Pair { factor: Some(2.0), ..first }), ["pairs.0"]);
        assert_eq!(fields(Pair { short: first.long + first.long, ..first }), ["pairs.0.short"]);
    }
}
