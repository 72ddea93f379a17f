//! `sprt`: Wald's sequential test between a known good and a known bad error rate.
//!
//! # What it does
//! After every request the evidence moves: up by ln(bad/good) for a failure, down by
//! ln((1 - good)/(1 - bad)) for a success. It fails when the evidence reaches ln((1 - beta)/alpha),
//! passes when it falls to ln(beta/(1 - alpha)), and says "not yet" in between; such looks are not
//! held against it. It looks at everything since the gate began, whatever `window` says, and may be
//! looked at as often as one likes.
//!
//! # When it hurts
//! It believes its two rates: a good version that normally fails more often than `good` is rejected
//! in the long run. It does not look at the old version, so a failing dependency looks like a bad
//! release.
//!
//! # Parameters
//! - `good`: error rate of a good release, such as `"0.1%"`; `bad`: that of a bad one.
//! - `alpha` (0.05): probability of failing a good one; `beta` (0.2): of passing a bad one.
//!
//! # Worked example
//! `good = "0.1%"`, `bad = "1%"`: it takes 199 requests on average to pass a good release and 135
//! to fail a bad one. The first failure is worth 2.3, so two failures within the first 200
//! requests (4.6 - 1.8 = 2.8) are enough to fail.

use serde::Deserialize;

use super::metric::{Amount, significant};
use super::sight::about;
use super::{
    Kind, Metric, Needs, Problem, Scope, Sight, Test, Verdict, Window, check_probability, parse,
};
use crate::stats::sequential;

pub(super) const KIND: Kind = Kind {
    name: "sprt",
    summary: "Wald's sequential test between a good and a bad error rate",
    source: include_str!("sprt.rs"),
    parse: parse::<Sprt>,
};

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sprt {
    good: Amount,
    bad: Amount,
    #[serde(default = "alpha")]
    alpha: f64,
    #[serde(default = "beta")]
    beta: f64,
}

const fn alpha() -> f64 {
    0.05
}

const fn beta() -> f64 {
    0.2
}

impl Sprt {
    fn wald(&self) -> sequential::Sprt {
        let rate = |amount: Amount| amount.of(Metric::ErrorRate).unwrap_or(0.5);
        let (good, bad) = (rate(self.good), rate(self.bad));
        sequential::Sprt { good, bad, alpha: self.alpha, beta: self.beta }
    }
}

impl Test for Sprt {
    fn check(&self, metric: Metric, _scope: Scope) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !metric.is_failures() {
            let message =
                format!("`sprt` tests failures, which `{}` does not count", metric.name());
            problems.push(Problem::new("", message, "write `metric = \"error-rate\"`"));
        }
        problems.extend(check_probability("alpha", self.alpha));
        problems.extend(check_probability("beta", self.beta));
        let rate = |amount: Amount| amount.of(Metric::ErrorRate).filter(|&r| r > 0.0 && r < 1.0);
        for (field, amount) in [("good", self.good), ("bad", self.bad)] {
            if rate(amount).is_none() {
                let message = format!("`{field}` must be a share above 0 and below 1");
                problems.push(Problem::new(field, message, "write a share such as `\"0.1%\"`"));
            }
        }
        if let (Some(good), Some(bad)) = (rate(self.good), rate(self.bad))
            && bad <= good
        {
            problems.push(Problem::new("bad", "`bad` must be above `good`", "exchange the two"));
        }
        if self.alpha + self.beta >= 1.0 && problems.is_empty() {
            let message = "`alpha` and `beta` together must be below 1";
            problems.push(Problem::new("beta", message, "write `beta = 0.2`"));
        }
        problems
    }

    fn needs(&self) -> Needs {
        Needs { everything: true, patience: true, ..Needs::default() }
    }

    fn doubts(&self, sight: &Sight) -> Vec<String> {
        let (good, bad) = self.wald().expected_size();
        let needed = good.max(bad).ceil();
        if sight.full >= needed {
            return Vec::new();
        }
        vec![format!(
            "it sees about {} requests in all and decides after {} on average",
            about(sight.full),
            about(needed)
        )]
    }

    fn decide(&self, window: &Window<'_>) -> Verdict {
        let test = self.wald();
        let seen = window.share(window.scope);
        let evidence = test.ln_ratio(seen.failed, seen.of);
        let (accept, reject) = test.bounds();
        let reason = format!(
            "{} of {} failed: evidence {} between {} (good) and {} (bad)",
            seen.failed,
            seen.of,
            significant(evidence),
            significant(accept),
            significant(reject)
        );
        if evidence >= reject {
            Verdict::fail(reason)
        } else if evidence <= accept {
            Verdict::pass(reason)
        } else {
            Verdict::inconclusive(format!("{reason}, not yet decided"))
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
        let test = Sprt {
            good: Amount::Percent(0.001),
            bad: Amount::Percent(0.01),
            alpha: 0.05,
            beta: 0.2,
        };
        for (failed, of, outcome) in [
            (0, 172, Outcome::Inconclusive),
            (0, 173, Outcome::Pass),
            (1, 100, Outcome::Inconclusive),
            (2, 200, Outcome::Fail),
        ] {
            let steps = [step(60, (failed, of), (0, 0))];
            let verdict = test.decide(&window(&steps));
            assert_eq!(verdict.outcome, outcome, "{failed} of {of}: {}", verdict.reason);
        }
        assert_eq!(test.check(Metric::LatencyP95, Scope::New).len(), 1);
        let backwards = Sprt { good: Amount::Percent(0.02), ..test };
        assert_eq!(backwards.check(Metric::ErrorRate, Scope::New)[0].field, "bad");
    }
}
