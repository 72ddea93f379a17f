//! `non-inferiority`: is it sure that the new version is not much worse than the old one?
//!
//! # What it does
//! Takes Newcombe's interval of the difference between the new version's error rate and the old
//! one's at the same time. Passes when its upper end is below `margin`, fails when its lower end
//! is above it, and cannot tell in between. Unlike a test for a difference it asks for evidence
//! that the release is good, not for evidence that it is bad.
//!
//! # When it hurts
//! With few requests it can tell nothing, and with `inconclusive_limit = 0` that alone stops the
//! rollout; let it look when enough has been answered (`min_samples`, `initial_delay`). Looking
//! again and again makes it pass too easily.
//!
//! # Parameters
//! - `margin`: how much worse is not worth stopping for, such as `"0.5%"`.
//! - `alpha` (0.05): probability of passing a release that is worse by the margin, in one look.
//!
//! # Worked example
//! `margin = "1%"`: 3 failures of 3000 against 57 of 57000 are equal rates with an upper end of
//! 0.15%, which passes. 1 of 100 against 10 of 1000 has an upper end of 3.6%: it cannot tell. 60 of
//! 1000 against 10 of 1000 has a lower end of 3.7%, which fails.

use serde::Deserialize;

use super::metric::{Amount, percent};
use super::sight::about;
use super::{
    Kind, Metric, Problem, Scope, Sight, Test, Verdict, Window, check_failures, check_probability,
    parse,
};
use crate::stats::proportion::Share;
use crate::stats::{normal, proportion};

pub(super) const KIND: Kind = Kind {
    name: "non-inferiority",
    summary: "passes only with evidence that the new version is not much worse",
    source: include_str!("non_inferiority.rs"),
    parse: parse::<NonInferiority>,
};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NonInferiority {
    margin: Amount,
    #[serde(default = "five_percent")]
    alpha: f64,
}

const fn five_percent() -> f64 {
    0.05
}

impl Test for NonInferiority {
    fn check(&self, metric: Metric, scope: Scope) -> Vec<Problem> {
        let mut problems = check_failures(metric, scope, KIND.name);
        problems.extend(check_probability("alpha", self.alpha));
        if self.margin.of(Metric::ErrorRate).is_none() {
            let help = Amount::wanted(Metric::ErrorRate);
            problems.push(Problem::new("margin", "`margin` is a share of requests", help));
        }
        problems
    }

    fn doubts(&self, sight: &Sight) -> Vec<String> {
        let Some(ratio) = sight.ratio() else { return Vec::new() };
        let none_of = |of: f64| Share { failed: 0, of: of.max(1.0) as u64 };
        let margin = self.margin.of(Metric::ErrorRate).unwrap_or(0.0);
        let z = normal::quantile(1.0 - self.alpha);
        let (_, high) = proportion::newcombe(none_of(sight.full), none_of(sight.full * ratio), z);
        if high < margin {
            return Vec::new();
        }
        vec![format!(
            "with the {} requests of its window it could not pass if none failed: the new version \
             may then still fail {} more often, and `margin` is {}",
            about(sight.full),
            percent(high),
            percent(margin)
        )]
    }

    fn decide(&self, window: &Window<'_>) -> Verdict {
        let (new, old) = (window.share(Scope::New), window.share(Scope::Old));
        if new.of == 0 || old.of == 0 {
            let reason = "one of the versions answered nothing, so there is nothing to compare";
            return Verdict::inconclusive(reason.into());
        }
        let margin = self.margin.of(Metric::ErrorRate).unwrap_or(0.0);
        let z = normal::quantile(1.0 - self.alpha);
        let (low, high) = proportion::newcombe(new, old, z);
        let reason = format!(
            "the new version fails {} to {} more often ({} requests against {}); the margin is {}",
            percent(low),
            percent(high),
            new.of,
            old.of,
            percent(margin)
        );
        if high < margin {
            Verdict::pass(reason)
        } else if low > margin {
            Verdict::fail(reason)
        } else {
            Verdict::inconclusive(reason)
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
        let test = NonInferiority { margin: Amount::Percent(0.01), alpha: 0.05 };
        for (new, old, outcome, said) in [
            ((3, 3000), (57, 57_000), Outcome::Pass, "to 0.15"),
            ((1, 100), (10, 1000), Outcome::Inconclusive, "to 3."),
            ((60, 1000), (10, 1000), Outcome::Fail, "fails 3.697 %"),
        ] {
            let steps = [step(60, new, old)];
            let verdict = test.decide(&window(&steps));
            assert_eq!(verdict.outcome, outcome, "{}", verdict.reason);
            assert!(verdict.reason.contains(said), "{}", verdict.reason);
        }
    }
}
