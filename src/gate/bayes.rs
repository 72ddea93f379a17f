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
use super::{
    Kind, Metric, Problem, Scope, Test, Verdict, Window, check_failures, check_probability, parse,
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
