//! How many instances may be unavailable at once without capacity falling below demand?

use super::{Advice, Targets, decide, first_that_holds};
use crate::experiment::lab::{Lab, Stopped};
use crate::experiment::tune::Verdict;
use crate::experiment::{Estimate, RunResult};
use crate::sim::Plan;
use crate::stats::binomial::Binomial;
use crate::stats::proportion::{Share, wilson_at};

/// What one size of batch does.
#[derive(Clone, Debug, PartialEq)]
pub struct Size {
    /// `max_unavailable`.
    pub size: u32,
    /// Rollouts in which capacity stayed above what was asked.
    pub kept: u32,
    /// Rollouts in all.
    pub runs: u32,
    /// Their share, with Wilson's 95% interval.
    pub share: [f64; 3],
    /// Whether the share is large enough.
    pub verdict: Verdict,
    /// The lowest headroom of each rollout.
    pub headroom: Option<Estimate>,
    /// How long the rollout took.
    pub duration: Option<Estimate>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The largest safe size, or the smallest there is if that is not safe.
    pub size: Size,
    /// The next larger one, which is not safe, or not known to be; none if all are.
    pub next: Option<Size>,
}

/// The plan with this `max_unavailable`, or why there is none.
pub type Sized<'a> = &'a dyn Fn(u32) -> Result<Plan, String>;

/// Searches for the largest safe batch.
///
/// # Errors
/// If the runs cannot be had.
pub fn largest(
    lab: &mut Lab<'_>,
    sized: Sized<'_>,
    targets: &Targets,
) -> Result<Advice<Batch>, Stopped> {
    let one = match sized(1) {
        Ok(plan) => plan,
        Err(reason) => return Ok(Advice::NotApplicable(reason)),
    };
    // With a surge nothing has to be unavailable.
    let smallest = u32::from(sized(0).is_err());
    let all = one.fleet.instances;
    let mut tried: Vec<Size> = Vec::new();
    let mut refused = None;
    // Counted from the largest, so that what holds for one holds for all after it.
    let found = first_that_holds(0, all - smallest + 1, |less| {
        let size = all - less;
        match sized(size) {
            Ok(plan) => {
                let found = try_size(lab, (size, &plan), targets)?;
                let is_safe = found.verdict == Verdict::Meets;
                tried.push(found);
                Ok(is_safe)
            }
            Err(reason) => {
                refused = Some(reason);
                Ok(false)
            }
        }
    })?;
    if let Some(reason) = refused.filter(|_| tried.is_empty()) {
        return Ok(Advice::NotApplicable(reason));
    }
    let of = |size: u32| tried.iter().find(|one| one.size == size).cloned();
    if tried.iter().any(|one| one.headroom.is_none()) {
        return Ok(Advice::NotApplicable("no requests arrive, so any capacity will do".into()));
    }
    let answer = |size: u32| of(size).map(|found| Batch { size: found, next: of(size + 1) });
    let nothing = || Advice::NotApplicable("no size of batch can be tried".to_owned());
    Ok(match found {
        Some(less) => answer(all - less).map_or_else(nothing, Advice::Found),
        None => answer(smallest).map_or_else(nothing, Advice::Nothing),
    })
}

fn try_size(
    lab: &mut Lab<'_>,
    (size, plan): (u32, &Plan),
    targets: &Targets,
) -> Result<Size, Stopped> {
    let name = format!("batch {size}");
    let kept = |runs: &[RunResult]| {
        let keeps = |run: &&RunResult| {
            run.metrics.get("headroom_min").is_some_and(|low| low >= targets.headroom)
        };
        runs.iter().filter(keeps).count() as u64
    };
    // Two verdicts make the answer: that of the largest and that of the next.
    let alpha = (1.0 - targets.confidence) / 2.0;
    let verdict = decide(lab, (&name, plan), (targets.most, alpha), |runs, tail| {
        share_is_at_least(targets.safe, (kept(runs), runs.len() as u64), tail)
    })?;
    let runs = lab.runs(&name);
    let share = Share { failed: kept(runs), of: runs.len() as u64 };
    let (low, high) = wilson_at(share, 0.95);
    let sample = |metric: &str| -> Vec<f64> {
        runs.iter().filter_map(|run| run.metrics.get(metric)).collect()
    };
    Ok(Size {
        size,
        kept: u32::try_from(share.failed).unwrap_or(u32::MAX),
        runs: u32::try_from(share.of).unwrap_or(u32::MAX),
        share: [share.value(), low, high],
        verdict,
        headroom: Estimate::of(&sample("headroom_min")),
        duration: Estimate::of(&sample("duration_s")),
    })
}

/// Whether a probability is at least `least`, by the exact binomial test on either side.
fn share_is_at_least(least: f64, (kept, runs): (u64, u64), tail: f64) -> Verdict {
    let chance = Binomial { trials: runs, probability: least };
    let as_many = 1.0 - kept.checked_sub(1).map_or(0.0, |fewer| chance.at_most(fewer));
    if as_many <= tail {
        Verdict::Meets
    } else if chance.at_most(kept) <= tail {
        Verdict::Misses
    } else {
        Verdict::Unclear
    }
}
