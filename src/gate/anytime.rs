//! `anytime`: a test of failures that may be looked at as often as one likes.
//!
//! # What it does
//! If both versions fail equally often, each failure is the new version's with a probability equal
//! to its share of the requests. The evidence against that is a ratio: the probability of the
//! failures seen under a beta mixture round the share, over their probability under the share
//! itself (M. Lindon and A. Malek, 2022). It fails when the ratio reaches `1 / alpha` and the new
//! version has more than its share. The evidence of a good release ever does so with probability
//! `alpha` at most, at any number of looks, so nothing has to be planned. It takes in everything
//! since the gate began, whatever `window` says; where the share moves, as in a rolling update,
//! each stretch of the same share is reckoned by itself and the ratios are multiplied. A gate on
//! `error-rate` whose `test` names no kind is of this one.
//!
//! # When it hurts
//! It counts failures, not requests, so it needs some: at a share of 5% a version that fails five
//! times as often is found after about 31 failures of both versions together, one that fails
//! twice as often after about 250. With no old version left there is nothing to compare with.
//!
//! # Parameters
//! - `alpha` (0.05): probability of ever failing a good release.
//! - `weight` (10): failures that the mixture is worth; small values find large regressions
//!   sooner.
//!
//! # Worked example
//! A share of 5%. After 2 failures, both of the new version, the ratio is 2.7; after 3 of 3 it is
//! 11.4; after 4 of 4 it is 61.2, which is above 20 and fails.

use serde::Deserialize;

use super::metric::{percent, significant};
use super::sight::about;
use super::window::{Step, share_of};
use super::{
    Kind, Metric, Needs, Problem, Scope, Sight, Test, Verdict, Window, check_failures,
    check_probability, parse,
};
use crate::stats::proportion::Share;
use crate::stats::{math, sequential};

pub(super) const KIND: Kind = Kind {
    name: "anytime",
    summary: "failures against the share of requests, safe at any number of looks",
    source: include_str!("anytime.rs"),
    parse: parse::<Anytime>,
};

/// A step whose share lies so many standard errors from that of the stretch begins another.
const FAR: f64 = 4.0;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Anytime {
    alpha: f64,
    weight: f64,
}

impl Default for Anytime {
    fn default() -> Self {
        Self { alpha: 0.05, weight: 10.0 }
    }
}

/// A time in which the new version had the same share of the requests.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    new: Share,
    old: Share,
}

impl Stretch {
    fn of(step: &Step) -> Self {
        Self { new: share_of(step, Scope::New), old: share_of(step, Scope::Old) }
    }

    const fn requests(&self) -> u64 {
        self.new.of + self.old.of
    }

    fn share(&self) -> f64 {
        self.new.of as f64 / self.requests() as f64
    }

    fn is_far_from(&self, other: &Self) -> bool {
        let share =
            (self.new.of + other.new.of) as f64 / (self.requests() + other.requests()) as f64;
        let pieces = 1.0 / self.requests() as f64 + 1.0 / other.requests() as f64;
        (self.share() - other.share()).abs() > FAR * (share * (1.0 - share) * pieces).sqrt()
    }

    const fn add(&mut self, other: &Self) {
        self.new.failed += other.new.failed;
        self.new.of += other.new.of;
        self.old.failed += other.old.failed;
        self.old.of += other.old.of;
    }
}

/// The stretches of the same share, those in which only one version answered left out.
fn stretches(steps: &[Step]) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    for step in steps {
        let next = Stretch::of(step);
        match found.last_mut() {
            _ if next.requests() == 0 => {}
            Some(last) if !next.is_far_from(last) => last.add(&next),
            _ => found.push(next),
        }
    }
    found.retain(|stretch| stretch.new.of > 0 && stretch.old.of > 0);
    found
}

impl Test for Anytime {
    fn check(&self, metric: Metric, scope: Scope) -> Vec<Problem> {
        let mut problems = check_failures(metric, scope, KIND.name);
        problems.extend(check_probability("alpha", self.alpha));
        if !(self.weight.is_finite() && self.weight > 0.0) {
            let message = format!("`weight` must be above 0, not `{}`", self.weight);
            problems.push(Problem::new("weight", message, "write `weight = 10`"));
        }
        problems
    }

    fn needs(&self) -> Needs {
        Needs { everything: true, ..Needs::default() }
    }

    fn doubts(&self, sight: &Sight) -> Vec<String> {
        const MOST: u64 = 1000;
        let (share, rate) = (sight.place.share, sight.place.error_rate);
        if sight.ratio().is_none() || rate <= 0.0 {
            return Vec::new();
        }
        let is_enough = |&failed: &u64| {
            let evidence = sequential::ln_evidence(failed, 0, share, self.weight);
            evidence >= -math::ln(self.alpha)
        };
        let needed = (1..=MOST).find(is_enough).unwrap_or(MOST);
        let expected = sight.full * rate;
        if expected >= needed as f64 {
            return Vec::new();
        }
        vec![format!(
            "it needs {needed} failures, all of them the new version's, and {} of failures make \
             about {} in the time it has",
            percent(rate),
            about(expected)
        )]
    }

    fn decide(&self, window: &Window<'_>) -> Verdict {
        let stretches = stretches(window.in_window());
        if stretches.is_empty() {
            let reason = "the versions never answered at the same time, so nothing can be compared";
            return Verdict::inconclusive(reason.into());
        }
        let (mut evidence, mut failed, mut expected, mut all) = (0.0, 0, 0.0, 0);
        for Stretch { new, old } in &stretches {
            let share = new.of as f64 / (new.of + old.of) as f64;
            evidence += sequential::ln_evidence(new.failed, old.failed, share, self.weight);
            failed += new.failed;
            all += new.failed + old.failed;
            expected += share * (new.failed + old.failed) as f64;
        }
        let ratio = math::exp(evidence);
        let reason = format!(
            "{failed} of {all} failures are the new version's, {} by its share of {}: evidence {} \
             of {}",
            significant(expected),
            percent(expected / (all.max(1)) as f64),
            significant(ratio),
            significant(1.0 / self.alpha)
        );
        let is_more = failed as f64 > expected;
        let is_bad = is_more && evidence >= -math::ln(self.alpha);
        let verdict = Verdict::fail_if(is_bad, reason);
        // The p-value that holds at any look; fewer failures than expected are no harm.
        let p = if is_more { (1.0 / ratio).min(1.0) } else { 1.0 };
        verdict.diverging(1.0 - p)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::window::tests::{step, window};
    use super::*;
    use crate::random::{Purpose, Seed};

    #[test]
    fn the_worked_example() {
        for (failed, said, outcome) in [
            (2, "evidence 2.727", Outcome::Pass),
            (3, "evidence 11.36", Outcome::Pass),
            (4, "evidence 61.19", Outcome::Fail),
        ] {
            let steps = [step(60, (failed, 5000), (0, 95_000))];
            let verdict = Anytime::default().decide(&window(&steps));
            assert!(verdict.reason.contains(said), "{}", verdict.reason);
            assert_eq!(verdict.outcome, outcome);
        }
    }

    #[test]
    fn fewer_failures_than_its_share_are_no_harm() {
        let steps = [step(60, (0, 50_000), (200, 50_000))];
        let verdict = Anytime::default().decide(&window(&steps));
        assert_eq!((verdict.outcome, verdict.divergence), (Outcome::Pass, Some(0.0)));
    }

    /// Both versions fail alike, first at 0.1% while the new one has 5%, then at 10% while it has
    /// half: taken together the new one would look far worse.
    #[test]
    fn a_share_that_moves_is_no_evidence() {
        let steps = [step(60, (5, 5000), (95, 95_000)), step(60, (5000, 50_000), (5000, 50_000))];
        let verdict = Anytime::default().decide(&window(&steps));
        assert_eq!(verdict.outcome, Outcome::Pass, "{}", verdict.reason);
        assert_eq!(stretches(&steps).len(), 2);
        let one = [step(60, (5, 5010), (95, 94_900)), step(60, (5, 4990), (95, 95_100))];
        assert_eq!(stretches(&one).len(), 1);
    }

    #[test]
    fn alone_nothing_can_be_compared() {
        let steps = [step(60, (50, 1000), (0, 0))];
        assert_eq!(Anytime::default().decide(&window(&steps)).outcome, Outcome::Inconclusive);
    }

    /// How many failures of both versions it takes, looking after each of at most `most`.
    fn failures_needed(share: f64, factor: f64, run: u64, most: u64) -> Option<u64> {
        let seed = Seed { seed: 20_221, replication: run };
        let key = seed.key(Purpose::RetryFailure);
        let probability = factor * share / (factor * share + 1.0 - share);
        let (mut new, mut old) = (0, 0);
        for k in 0..most {
            let uniform = (key.draw(run, k) >> 11) as f64 / (1u64 << 53) as f64;
            if uniform < probability {
                new += 1
            } else {
                old += 1
            }
            let evidence = sequential::ln_evidence(new, old, share, 10.0);
            if new as f64 > share * (new + old) as f64 && evidence >= math::ln(20.0) {
                return Some(k + 1);
            }
        }
        None
    }

    /// Looked at after each of 2000 failures, a good release fails less often than alpha says.
    #[test]
    fn false_alarms_stay_below_alpha_at_any_number_of_looks() {
        for share in [0.05, 0.1, 0.5] {
            let runs = 1000;
            let alarms = (0..runs).filter(|&run| failures_needed(share, 1.0, run, 2000).is_some());
            let rate = alarms.count() as f64 / runs as f64;
            assert!(rate <= 0.044 + 2.0 * (0.044 * 0.956 / runs as f64).sqrt(), "{share}: {rate}");
        }
    }

    /// Median failures until a regression is found: simulated elsewhere, 5, 10 and 2 times as many
    /// failures. A median of 1001 runs is within a tenth or two failures of them.
    #[test]
    fn regressions_are_found_as_soon_as_published() {
        for (share, medians) in
            [(0.05, [31.0, 14.0, 249.0]), (0.1, [21.0, 11.0, 128.0]), (0.5, [21.0, 15.0, 67.0])]
        {
            for (factor, median) in [5.0, 10.0, 2.0].into_iter().zip(medians) {
                let mut needed: Vec<u64> = (0..1001)
                    .map(|run| failures_needed(share, factor, run, 20_000).unwrap_or(u64::MAX))
                    .collect();
                needed.sort_unstable();
                let got = needed[500] as f64;
                assert!((got - median).abs() <= 2.0 + 0.1 * median, "{share} {factor}: {got}");
            }
        }
    }
}
