//! What the rollout took of the error budget.
//!
//! Against the budget counts every request whose final answer, after the client's retries, was no
//! success in time, and that was sent between the rollout's start and the end of the window. The
//! budget is what the SLO allows to fail in its window at the run's own mean offered rate:
//! `(1 - availability) x rate x window` (Google, The Site Reliability Workbook, chapter 5).

use super::Value;
use crate::sim::{Plan, Run};
use crate::traffic::Second;

/// Burn rates are over windows of a minute.
const WINDOW_SECONDS: usize = 60;

pub(super) fn measure(plan: &Plan, run: &Run) -> Vec<Value> {
    let allowed = plan.slo.availability.complement().as_f64();
    vec![
        ("error_budget_spent", spent(plan, run)),
        ("burn_rate_max", highest_burn_rate(&run.traffic.seconds, allowed)),
    ]
}

fn spent(plan: &Plan, run: &Run) -> Option<f64> {
    let tally = &run.traffic.window;
    Some((tally.requests - tally.ok) as f64 / error_budget(plan, run)?)
}

/// How many requests the SLO lets fail in its window at this run's rate; none where the run sent
/// nothing.
#[must_use]
pub fn error_budget(plan: &Plan, run: &Run) -> Option<f64> {
    let requests = run.traffic.window.requests;
    if requests == 0 || run.window.is_zero() {
        return None;
    }
    let rate = requests as f64 / run.window.as_secs_f64();
    Some(plan.slo.availability.complement().as_f64() * rate * plan.slo.window.as_secs_f64())
}

/// The highest of all windows of a minute that begin at a whole second; a shorter run is one
/// window.
fn highest_burn_rate(seconds: &[Second], allowed: f64) -> Option<f64> {
    let mut requests = 0;
    let mut failed = 0;
    let mut highest: Option<f64> = None;
    for (index, second) in seconds.iter().enumerate() {
        requests += second.requests;
        failed += second.failed;
        if let Some(gone) = index.checked_sub(WINDOW_SECONDS) {
            requests -= seconds[gone].requests;
            failed -= seconds[gone].failed;
        }
        let is_whole = index + 1 >= WINDOW_SECONDS.min(seconds.len());
        if is_whole && requests > 0 {
            let rate = failed as f64 / requests as f64 / allowed;
            highest = Some(highest.map_or(rate, |highest| highest.max(rate)));
        }
    }
    highest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A full outage of 6 s in a minute is 10% of the requests: at 99.9% a burn rate of 100,
    /// wherever in the run it falls.
    #[test]
    fn the_window_slides() {
        let mut seconds = vec![Second { requests: 100, failed: 0 }; 300];
        for second in &mut seconds[117..123] {
            second.failed = 100;
        }
        let rate = highest_burn_rate(&seconds, 0.001).expect("there are requests");
        assert!((rate - 100.0).abs() < 1e-9, "{rate}");
    }

    #[test]
    fn a_short_run_is_one_window() {
        let seconds = [Second { requests: 50, failed: 0 }, Second { requests: 50, failed: 1 }];
        assert_eq!(highest_burn_rate(&seconds, 0.01), Some(1.0));
        assert_eq!(highest_burn_rate(&[], 0.01), None);
    }
}
