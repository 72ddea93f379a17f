//! Rules about alerts and the error budget.

use super::range::{at_least, out_of_range, positive};
use super::scope::{Issue, Scope};
use crate::scenario::file::{AlertsFile, BudgetFile};
use crate::scenario::gates::SHORTEST;
use crate::scenario::rule;
use crate::units::SimDuration;

pub(super) fn alerts(scope: &mut Scope<'_, '_>, alerts: Option<&AlertsFile>) {
    let Some(alerts) = alerts else { return };
    repeated(scope, "alerts", [alerts.interval, alerts.scrape]);
    if alerts.pairs.is_empty() {
        let issue = Issue::new(rule::ALERTS, "alerts.pairs", "`alerts.pairs` is empty");
        scope.raise(issue.help("leave it out for the standard ones"));
    }
    for (number, pair) in alerts.pairs.iter().enumerate() {
        for problem in pair.check(&format!("alerts.pairs.{number}")) {
            let issue = Issue::new(rule::ALERTS, &problem.field, problem.message);
            scope.raise(issue.help(problem.help));
        }
        if pair.short < alerts.scrape {
            let path = format!("alerts.pairs.{number}.short");
            let message = format!(
                "the short window ({}) is shorter than a scrape ({})",
                pair.short, alerts.scrape
            );
            let issue = Issue::new(rule::ALERTS, &path, message);
            scope.raise(issue.because("alerts.scrape", "from one scrape to the next"));
        }
    }
}

pub(super) fn budget(scope: &mut Scope<'_, '_>, budget: Option<&BudgetFile>) {
    let Some(budget) = budget else { return };
    repeated(scope, "budget", [budget.interval, budget.scrape]);
    positive(scope, "budget.window", budget.window);
    if budget.refuse_above.is_zero() {
        out_of_range(scope, "budget.refuse_above", "a share above 0", 0.0);
    }
    let Some(pause_above) = budget.pause_above else {
        if budget.resume_below.is_some() {
            super::without_effect(
                scope,
                "budget.resume_below",
                None,
                "nothing makes a rollout wait",
                "set `budget.pause_above`",
            );
        }
        return;
    };
    at_least(scope, "budget.pause_above", pause_above, 0.0);
    let resume_below = budget.resume_below.unwrap_or(pause_above);
    at_least(scope, "budget.resume_below", resume_below, 0.0);
    if resume_below > pause_above {
        let message = "a rollout would go on while it is to wait";
        let issue = Issue::new(rule::ALERTS, "budget.resume_below", message);
        let issue = issue.because("budget.pause_above", "waits above this");
        scope.raise(issue.help("let `resume_below` be at most `pause_above`"));
    }
    if budget.window < budget.scrape {
        let (window, scrape) = (budget.window, budget.scrape);
        let message = format!("the window ({window}) is shorter than a scrape ({scrape})");
        let issue = Issue::new(rule::ALERTS, "budget.window", message);
        scope.raise(issue.help("widen `window`, or scrape more often"));
    }
}

fn repeated(scope: &mut Scope<'_, '_>, at: &str, lengths: [SimDuration; 2]) {
    for (key, length) in ["interval", "scrape"].into_iter().zip(lengths) {
        if length < SHORTEST {
            let path = format!("{at}.{key}");
            let message = format!("`{path}` must be at least 0.1 s");
            scope.raise(Issue::new(rule::OUT_OF_RANGE, &path, message));
        }
    }
}
