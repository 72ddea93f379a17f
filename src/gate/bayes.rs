//! `bayes`: how probable is it that the new version fails more often than the old one?
//!
//! # What it does
//! Starts from what is believed of error rates, a beta distribution, adds the failures and
//! successes of each version in the window, and fails when the probability that the new version's
//! rate is above the old one's by more than `margin` exceeds `probability`.
//!
//! # When it hurts
//! The belief weighs as much as `a + b` requests: a strong one hides a regression while traffic is
//! low. Looking again and again raises the share of good releases that fail at some look, for the
//! probability is one of the release given the data, not one of false alarms.
//!
//! # Parameters
//! - `prior` ([1, 999]): failures and successes that the belief is worth.
//! - `margin` (0): how much more is harmless, such as `"0.1%"`.
//! - `probability` (0.95): fails above it.
//! - `pass_below` (as `probability`): passes at or below it; in between it cannot tell.
//!
//! # Worked example
//! The belief of 1 in 1000 and 30 failures of 3000 against 57 of 57000: the rates are about 0.78%
//! and 0.1%, and the probability of the new one being worse is above 99.99%, which fails.

use serde::Deserialize;

use super::metric::{Amount, percent};
use super::sight::about;
use super::{
    Kind, Metric, Problem, Scope, Sight, Test, Verdict, Window, check_failures, check_probability,
    parse,
};
use crate::stats::beta::Beta;
use crate::stats::proportion::Share;

pub(super) const KIND: Kind = Kind {
    name: "bayes",
    summary: "probability that the new version fails more often (beta-binomial)",
    source: include_str!("bayes.rs"),
    parse: parse::<Bayes>,
};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Bayes {
    prior: [f64; 2],
    margin: Amount,
    probability: f64,
    pass_below: Option<f64>,
}

impl Default for Bayes {
    fn default() -> Self {
        Self {
            prior: [1.0, 999.0],
            margin: Amount::Number(0.0),
            probability: 0.95,
            pass_below: None,
        }
    }
}

impl Bayes {
    fn after(&self, share: Share) -> Beta {
        let [a, b] = self.prior;
        Beta { a: a + share.failed as f64, b: b + (share.of - share.failed) as f64 }
    }

    /// The probability that the new version is worse after so many of its requests failed, and
    /// none of the old one's, of which there are `ratio` for each.
    fn worse(&self, failed: f64, of: f64, ratio: f64) -> f64 {
        let of = of.round().max(1.0) as u64;
        let new = Share { failed: (failed.round() as u64).min(of), of };
        let old = Share { failed: 0, of: (of as f64 * ratio).round() as u64 };
        let margin = self.margin.of(Metric::ErrorRate).unwrap_or(0.0);
        self.after(new).exceeds(self.after(old), margin)
    }
}

impl Test for Bayes {
    fn check(&self, metric: Metric, scope: Scope) -> Vec<Problem> {
        let mut problems = check_failures(metric, scope, KIND.name);
        problems.extend(check_probability("probability", self.probability));
        if let Some(below) = self.pass_below {
            problems.extend(check_probability("pass_below", below));
            if below > self.probability {
                let message = "`pass_below` is above `probability`";
                problems.push(Problem::new("pass_below", message, "write it below"));
            }
        }
        if self.prior.iter().any(|weight| !(weight.is_finite() && *weight > 0.0)) {
            let message = "`prior` needs two weights above 0";
            problems.push(Problem::new("prior", message, "write `prior = [1, 999]`"));
        }
        if self.margin.of(Metric::ErrorRate).is_none() {
            let help = Amount::wanted(Metric::ErrorRate);
            problems.push(Problem::new("margin", "`margin` is a share of requests", help));
        }
        problems
    }

    fn doubts(&self, sight: &Sight) -> Vec<String> {
        let Some(ratio) = sight.ratio() else { return Vec::new() };
        let rate = sight.place.error_rate;
        let expected = sight.full * rate;
        let found = self.worse(expected, sight.full, ratio);
        if rate <= 0.0 || found > self.probability {
            return Vec::new();
        }
        let [a, b] = self.prior;
        vec![format!(
            "about {} failures among {} requests raise its belief, which weighs {} requests, to \
             {} only: it misses {} of failures as often as not",
            about(expected),
            about(sight.full),
            about(a + b),
            percent(found),
            percent(rate)
        )]
    }

    fn decide(&self, window: &Window<'_>) -> Verdict {
        let (new, old) = (window.share(Scope::New), window.share(Scope::Old));
        let margin = self.margin.of(Metric::ErrorRate).unwrap_or(0.0);
        let (after, before) = (self.after(new), self.after(old));
        let worse = after.exceeds(before, margin);
        let reason = format!(
            "{} of {} failed against {} of {}: worse with a probability of {}",
            new.failed,
            new.of,
            old.failed,
            old.of,
            percent(worse)
        );
        let verdict = if worse > self.probability {
            Verdict::fail(reason)
        } else if worse <= self.pass_below.unwrap_or(self.probability) {
            Verdict::pass(reason)
        } else {
            Verdict::inconclusive(reason)
        };
        verdict.diverging(worse)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::window::tests::{step, window};
    use super::*;

    #[test]
    fn the_worked_example() {
        let steps = [step(60, (30, 3000), (57, 57_000))];
        let verdict = Bayes::default().decide(&window(&steps));
        assert_eq!(verdict.outcome, Outcome::Fail);
        assert!(verdict.divergence.is_some_and(|worse| worse > 0.9999), "{}", verdict.reason);
    }

    /// Of 150 requests 1% is 1.5 failures, which a belief worth 10,000 requests outweighs.
    #[test]
    fn a_belief_may_weigh_too_much() {
        let strong = Bayes { prior: [10.0, 9990.0], ..Bayes::default() };
        for (requests, doubts) in [(150.0, 1), (15_000.0, 0)] {
            let sight = Sight::of(Metric::ErrorRate, 0.05, requests);
            let found = strong.doubts(&sight);
            assert_eq!(found.len(), doubts, "{found:?}");
            assert!(found.iter().all(|doubt| doubt.contains("weighs 10000 requests")), "{found:?}");
        }
    }

    #[test]
    fn in_between_it_may_say_so() {
        let steps = [step(60, (9, 3000), (100, 57_000))];
        let lenient = Bayes { pass_below: Some(0.5), ..Bayes::default() };
        assert_eq!(Bayes::default().decide(&window(&steps)).outcome, Outcome::Pass);
        assert_eq!(lenient.decide(&window(&steps)).outcome, Outcome::Inconclusive);
        let nothing = [step(60, (0, 0), (0, 0))];
        let verdict = Bayes::default().decide(&window(&nothing));
        assert!(verdict.divergence.is_some_and(|worse| (worse - 0.5).abs() < 1e-6));
    }
}
