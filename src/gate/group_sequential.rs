//! `group-sequential`: a planned number of looks that share one error rate.
//!
//! # What it does
//! Compares the failures of the new version with the old one's since the gate began, whatever
//! `window` says, at each of `looks` looks. The pooled z statistic is held against a boundary that
//! is higher the less of `alpha` has been spent by then: under `obrien-fleming` early looks stop
//! only for the gravest difference and the last is nearly a plain test, under `pocock` all looks
//! are alike. The gate takes no more than `looks` looks.
//!
//! # When it hurts
//! The looks are taken to be equally far apart in requests: traffic that grows a lot meanwhile
//! makes early looks count for more than they should. While few requests have failed the statistic
//! is only roughly normal; `anytime` is exact there, and needs no plan.
//!
//! # Parameters
//! - `looks`: how many, from 1 to 50.
//! - `alpha` (0.05): probability of failing a good release, all looks together.
//! - `boundary` ("obrien-fleming"): or `pocock`.
//!
//! # Worked example
//! `looks = 5`, `alpha = 0.025`: the boundaries of `obrien-fleming` are 4.88, 3.36, 2.68, 2.29 and
//! 2.03, those of `pocock` 2.44, 2.43, 2.41, 2.40 and 2.39.

use std::sync::OnceLock;

use serde::Deserialize;

use super::metric::significant;
use super::{
    Kind, Metric, Needs, Problem, Scope, Sight, Test, Verdict, Window, check_failures,
    check_probability, parse,
};
use crate::stats::sequential::Spending;
use crate::stats::{normal, proportion};

pub(super) const KIND: Kind = Kind {
    name: "group-sequential",
    summary: "a planned number of looks (O'Brien-Fleming or Pocock)",
    source: include_str!("group_sequential.rs"),
    parse: parse::<GroupSequential>,
};

/// Most looks: the boundaries of each take a moment.
const MOST_LOOKS: u32 = 50;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupSequential {
    looks: u32,
    #[serde(default = "five_percent")]
    alpha: f64,
    #[serde(default)]
    boundary: Boundary,
    #[serde(skip)]
    boundaries: OnceLock<Vec<f64>>,
}

const fn five_percent() -> f64 {
    0.05
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
enum Boundary {
    #[default]
    #[serde(rename = "obrien-fleming")]
    OBrienFleming,
    #[serde(rename = "pocock")]
    Pocock,
}

impl GroupSequential {
    fn boundary_at(&self, look: u32) -> f64 {
        let boundaries = self.boundaries.get_or_init(|| {
            let all = f64::from(self.looks);
            let fractions: Vec<f64> = (1..=self.looks).map(|k| f64::from(k) / all).collect();
            let spending = match self.boundary {
                Boundary::OBrienFleming => Spending::OBrienFleming,
                Boundary::Pocock => Spending::Pocock,
            };
            spending.boundaries(self.alpha, &fractions)
        });
        let last = boundaries.last().copied().unwrap_or(f64::INFINITY);
        boundaries.get(look.saturating_sub(1) as usize).copied().unwrap_or(last)
    }
}

impl Test for GroupSequential {
    fn check(&self, metric: Metric, scope: Scope) -> Vec<Problem> {
        let mut problems = check_failures(metric, scope, KIND.name);
        problems.extend(check_probability("alpha", self.alpha));
        if !(1..=MOST_LOOKS).contains(&self.looks) {
            let message = format!("`looks` must be from 1 to {MOST_LOOKS}, not `{}`", self.looks);
            problems.push(Problem::new("looks", message, "write `looks = 5`"));
        }
        problems
    }

    fn needs(&self) -> Needs {
        Needs { everything: true, looks: Some(self.looks), ..Needs::default() }
    }

    fn doubts(&self, sight: &Sight) -> Vec<String> {
        sight.doubt_power(self.alpha).into_iter().collect()
    }

    fn decide(&self, window: &Window<'_>) -> Verdict {
        let (new, old) = (window.share(Scope::New), window.share(Scope::Old));
        let (look, looks) = (window.look, self.looks);
        if new.of == 0 || old.of == 0 {
            let reason = "one of the versions answered nothing, so there is nothing to compare";
            return Verdict::inconclusive(reason.into());
        }
        let boundary = self.boundary_at(look);
        let Some(z) = proportion::pooled_z(new, old) else {
            return Verdict::pass(format!("look {look} of {looks}: nothing varies"));
        };
        let reason = format!(
            "look {look} of {looks}: {} of {} failed against {} of {}, z = {}, the boundary is {}",
            new.failed,
            new.of,
            old.failed,
            old.of,
            significant(z),
            significant(boundary)
        );
        Verdict::fail_if(z > boundary, reason).diverging(normal::probability(z))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::window::tests::{step, window};
    use super::*;

    fn test(boundary: Boundary) -> GroupSequential {
        GroupSequential { looks: 5, alpha: 0.025, boundary, boundaries: OnceLock::new() }
    }

    #[test]
    fn the_worked_example() {
        let rounded = |boundary| {
            let test = test(boundary);
            [1, 2, 3, 4, 5].map(|look| (test.boundary_at(look) * 100.0).round() / 100.0)
        };
        assert_eq!(rounded(Boundary::OBrienFleming), [4.88, 3.36, 2.68, 2.29, 2.03]);
        assert_eq!(rounded(Boundary::Pocock), [2.44, 2.43, 2.41, 2.4, 2.39]);
    }

    #[test]
    fn what_stops_late_does_not_stop_early() {
        let steps = [step(60, (30, 1000), (300, 18_000))];
        let at = |look| test(Boundary::OBrienFleming).decide(&Window { look, ..window(&steps) });
        assert_eq!(at(1).outcome, Outcome::Pass, "{}", at(1).reason);
        assert_eq!(at(3).outcome, Outcome::Fail, "{}", at(3).reason);
    }
}
