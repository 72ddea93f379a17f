//! `two-proportion`: does the new version fail more often than the old one at the same time?
//!
//! # What it does
//! Tests once whether the new version's share of failures in the window is above the old one's:
//! the pooled z statistic where at least five failures are to be expected on both sides, Fisher's
//! exact test below. Fails when the one-sided p-value is below `alpha`.
//!
//! # When it hurts
//! It is made for one look. Every further look at the same version is another chance of a false
//! alarm: of good releases 5% are rolled back by one look at 5%, and two to three times as many by
//! ten. Use `anytime` or `group-sequential` to look again and again. It also finds differences
//! that are too small to matter once there are enough requests; see `non-inferiority`.
//!
//! # Parameters
//! - `alpha` (0.05): probability of failing a good release in one look.
//!
//! # Worked example
//! 9 failures of 60 requests against 7 of 60: z = 0.537, p = 0.296, which passes. 30 of 3000
//! against 57 of 57000: p is below a millionth, which fails.

use serde::Deserialize;

use super::metric::{percent, significant};
use super::{
    Kind, Metric, Problem, Scope, Sight, Test, Verdict, Window, check_failures, check_probability,
    parse,
};
use crate::stats::{normal, proportion};

pub(super) const KIND: Kind = Kind {
    name: "two-proportion",
    summary: "one look: pooled z, Fisher's exact test where few fail",
    source: include_str!("two_proportion.rs"),
    parse: parse::<TwoProportion>,
};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TwoProportion {
    alpha: f64,
}

impl Default for TwoProportion {
    fn default() -> Self {
        Self { alpha: 0.05 }
    }
}

impl Test for TwoProportion {
    fn check(&self, metric: Metric, scope: Scope) -> Vec<Problem> {
        let mut problems = check_failures(metric, scope, KIND.name);
        problems.extend(check_probability("alpha", self.alpha));
        problems
    }

    fn doubts(&self, sight: &Sight) -> Vec<String> {
        sight.doubt_power(self.alpha).into_iter().collect()
    }

    fn decide(&self, window: &Window<'_>) -> Verdict {
        let (new, old) = (window.share(Scope::New), window.share(Scope::Old));
        if new.of == 0 || old.of == 0 {
            let reason = "one of the versions answered nothing, so there is nothing to compare";
            return Verdict::inconclusive(reason.into());
        }
        let (p, how) = match proportion::pooled_z(new, old) {
            Some(z) if proportion::is_enough_for_z(new, old) => {
                (normal::probability(-z), format!("z = {}", significant(z)))
            }
            Some(_) => (proportion::fisher(new, old), "Fisher's exact test".into()),
            None => (1.0, "nothing varies".into()),
        };
        let reason = format!(
            "{} of {} failed, of the old version's {} of {}: {how}, p = {}",
            percent(new.value()),
            new.of,
            percent(old.value()),
            old.of,
            significant(p)
        );
        Verdict::fail_if(p < self.alpha, reason).diverging(1.0 - p)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::window::tests::{step, window};
    use super::*;

    fn decide(new: (u64, u64), old: (u64, u64)) -> Verdict {
        let steps = [step(60, new, old)];
        TwoProportion::default().decide(&window(&steps))
    }

    #[test]
    fn the_worked_example() {
        let pass = decide((9, 60), (7, 60));
        assert_eq!(pass.outcome, Outcome::Pass);
        assert_eq!(
            pass.reason,
            "15 % of 60 failed, of the old version's 11.67 % of 60: z = 0.5371, p = 0.2956"
        );
        assert_eq!(decide((30, 3000), (57, 57_000)).outcome, Outcome::Fail);
    }

    #[test]
    fn few_failures_are_counted_exactly() {
        let verdict = decide((3, 10), (1, 1000));
        assert!(verdict.reason.contains("Fisher"), "{}", verdict.reason);
        assert!(verdict.divergence.is_some_and(|divergence| divergence > 0.999));
        assert_eq!(decide((0, 100), (0, 100)).outcome, Outcome::Pass);
        assert_eq!(decide((5, 100), (0, 0)).outcome, Outcome::Inconclusive);
    }
}
