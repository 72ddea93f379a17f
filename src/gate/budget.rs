//! What the error budget allows: whether a rollout may start, and when it waits.

use super::burn_rate::Ledger;
use super::metric::{percent, significant};
use super::{Objective, Pair};
use crate::units::{Ratio, SimDuration};

/// `[alerts]`: who is told of the burn rate, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Alerts {
    /// The windows, the most urgent first.
    pub pairs: Vec<Pair>,
    /// From one evaluation to the next, > 0.
    pub interval: SimDuration,
    /// From one scrape to the next, > 0.
    pub scrape: SimDuration,
    /// How late a scrape arrives.
    pub lag: SimDuration,
}

/// `[budget]`: a policy for rollouts while the error budget is short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Share of the budget that is spent when the rollout is to start.
    pub spent: Ratio,
    /// From this share on no rollout starts.
    pub refuse_above: Ratio,
    /// A rollout waits while the budget burns faster than this; none: never.
    pub pause_above: Option<f64>,
    /// And goes on once it burns slower than this.
    pub resume_below: f64,
    /// Over which the burn rate is taken.
    pub window: SimDuration,
    /// From one look to the next, > 0.
    pub interval: SimDuration,
    /// From one scrape to the next, > 0.
    pub scrape: SimDuration,
    /// How late a scrape arrives.
    pub lag: SimDuration,
}

/// What the budget asks of a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It waits.
    Pause(String),
    /// It goes on.
    Resume(String),
}

impl Budget {
    /// Why a rollout may not start; none if it may.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let spent = percent(self.spent.as_f64());
        let limit = percent(self.refuse_above.as_f64());
        (self.spent >= self.refuse_above).then(|| {
            format!("{spent} of the error budget is spent, nothing starts from {limit} on")
        })
    }

    /// What follows from the burn rate for a rollout that goes on, or that waits for the budget.
    #[must_use]
    pub fn decide(&self, waits: bool, ledger: &Ledger, objective: &Objective) -> Option<Change> {
        let limit = self.pause_above?;
        let burn = objective.burn(ledger.error_rate(self.window)?);
        let said = format!("the budget burns {} times as fast as allowed", significant(burn));
        if !waits && burn > limit {
            return Some(Change::Pause(format!("{said}, above {}", significant(limit))));
        }
        (waits && burn < self.resume_below)
            .then(|| Change::Resume(format!("{said}, below {}", significant(self.resume_below))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::window::tests::{OBJECTIVE, no_baseline, step};
    use super::*;

    const BUDGET: Budget = Budget {
        spent: Ratio::from_billionths(900_000_000),
        refuse_above: Ratio::ONE,
        pause_above: Some(10.0),
        resume_below: 2.0,
        window: SimDuration::from_secs(60),
        interval: SimDuration::from_secs(15),
        scrape: SimDuration::from_secs(15),
        lag: SimDuration::ZERO,
    };

    #[test]
    fn a_spent_budget_refuses() {
        assert_eq!(BUDGET.refusal(), None);
        let spent = Budget { spent: Ratio::ONE, ..BUDGET };
        let why = "100 % of the error budget is spent, nothing starts from 100 % on";
        assert_eq!(spent.refusal().as_deref(), Some(why));
    }

    #[test]
    fn it_pauses_above_and_resumes_below() {
        let ledger = |failed| {
            let mut ledger = Ledger::new(&no_baseline());
            ledger.add(&step(60, (0, 0), (failed, 10_000)));
            ledger
        };
        // 1.1% of failures is 11 times what 99.9% allows.
        for (failed, waits, expected) in [
            (110, false, Some("pause")),
            (100, false, None),
            (50, true, None),
            (19, true, Some("resume")),
            (19, false, None),
        ] {
            let change = BUDGET.decide(waits, &ledger(failed), &OBJECTIVE);
            let name = change.map(|change| match change {
                Change::Pause(_) => "pause",
                Change::Resume(_) => "resume",
            });
            assert_eq!(name, expected, "{failed} {waits}");
        }
        assert_eq!(BUDGET.decide(false, &Ledger::new(&no_baseline()), &OBJECTIVE), None);
    }
}
