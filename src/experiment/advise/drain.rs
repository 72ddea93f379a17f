//! How long must a stopping instance go on accepting so that hardly a request is lost?

use super::{Advice, Targets, decide, first_from_below, steps_in, times};
use crate::experiment::lab::{Lab, Stopped};
use crate::experiment::tune::Verdict;
use crate::experiment::{Estimate, RunResult};
use crate::sim::Plan;
use crate::stats::interval;
use crate::units::SimDuration;

/// What requests lost on stopping instances are called.
const LOST: &str = "failed_by_drain_race";

/// What one length of `pre_stop` does.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// `shutdown.pre_stop`.
    pub pre_stop: SimDuration,
    /// Requests lost by drains in a rollout.
    pub lost: Option<Estimate>,
    /// Whether they are few enough on average.
    pub verdict: Verdict,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Drain {
    /// The shortest that is long enough, or the one that loses least if none is.
    pub wait: Wait,
    /// The next shorter one, which is not long enough, or not known to be; none if there is none.
    pub shorter: Option<Wait>,
    /// What the file says.
    pub written: SimDuration,
    /// The grace that the wait has to fit in.
    pub grace: SimDuration,
}

/// Searches for the shortest `pre_stop` that keeps the losses under the target.
///
/// # Errors
/// If the runs cannot be had.
pub fn shortest(
    lab: &mut Lab<'_>,
    plan: &Plan,
    targets: &Targets,
) -> Result<Advice<Drain>, Stopped> {
    let grace = plan.shutdown.grace;
    let mut tried: Vec<(u32, Wait)> = Vec::new();
    let mut has_requests = true;
    // Longer than the grace it cannot be: the instance would be killed first. Near the grace what
    // is in flight is killed with it, so that losses rise again; shorter waits are tried first.
    let longest = steps_in(grace, targets.step);
    let found = first_from_below(longest, |count| {
        let pre_stop = times(targets.step, count);
        let mut plan = plan.clone();
        plan.shutdown.pre_stop = pre_stop;
        let name = format!("pre_stop {}ns", pre_stop.as_nanos());
        // Two verdicts make the answer: that of the shortest and that of the next.
        let alpha = (1.0 - targets.confidence) / 2.0;
        let verdict = decide(lab, (&name, &plan), (targets.most, alpha), |runs, tail| {
            mean_is_at_most(targets.losses, &lost(runs), tail)
        })?;
        let runs = lab.runs(&name);
        has_requests &= runs.iter().any(|run| run.metrics.get("requests") > Some(0.0));
        let wait = Wait { pre_stop, lost: Estimate::of(&lost(runs)), verdict };
        tried.push((count, wait));
        Ok::<bool, Stopped>(verdict == Verdict::Meets)
    })?;
    if !has_requests {
        return Ok(Advice::NotApplicable("no requests arrive, so none can be lost".to_owned()));
    }
    let of =
        |count: u32| tried.iter().find(|(known, _)| *known == count).map(|(_, wait)| wait.clone());
    let written = plan.shutdown.pre_stop;
    let answer = |count: u32| {
        let shorter = count.checked_sub(1).and_then(of);
        of(count).map(|wait| Drain { wait, shorter, written, grace })
    };
    let nothing = || Advice::NotApplicable("no wait can be tried".to_owned());
    Ok(match found {
        Some(count) => answer(count).map_or_else(nothing, Advice::Found),
        None => {
            let mean = |wait: &Wait| wait.lost.map_or(f64::INFINITY, |lost| lost.mean);
            let best = tried
                .iter()
                .min_by(|(_, one), (_, other)| mean(one).total_cmp(&mean(other)))
                .and_then(|(count, _)| answer(*count));
            best.map_or_else(nothing, Advice::Nothing)
        }
    })
}

fn lost(runs: &[RunResult]) -> Vec<f64> {
    runs.iter().filter_map(|run| run.metrics.get(LOST)).collect()
}

/// Whether a mean is at most `most`. Equal values are taken at their word.
fn mean_is_at_most(most: f64, sample: &[f64], tail: f64) -> Verdict {
    let confidence = 1.0 - tail;
    if interval::upper_bound(sample, confidence).is_some_and(|high| high <= most) {
        Verdict::Meets
    } else if interval::lower_bound(sample, confidence).is_some_and(|low| low > most) {
        Verdict::Misses
    } else {
        Verdict::Unclear
    }
}
