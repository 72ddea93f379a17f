//! The three questions asked most: how large a batch is safe, how long must `pre_stop` be, how
//! short may the deadline be?
//!
//! Each is a search along one field in which the answer can only get worse one way, so it is halved
//! until it is found; every value is tried on the same random numbers. Each answer is right with
//! the confidence asked for.
//!
//! | file | what it answers |
//! |---|---|
//! | `batch.rs` | the largest `max_unavailable` that keeps capacity above demand |
//! | `drain.rs` | the smallest `shutdown.pre_stop` that keeps drain losses under a target |
//! | `deadline.rs` | the smallest `readiness.deadline` that healthy releases meet |

pub mod batch;
pub mod deadline;
pub mod drain;
#[cfg(test)]
mod tests;

use super::RunResult;
use super::lab::{Lab, Stopped, Wanted};
use crate::experiment::tune::Verdict;
use crate::sim::Plan;
use crate::units::SimDuration;

/// What is good enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Targets {
    /// Capacity must stay at so many times the demand, > 0.
    pub headroom: f64,
    /// In at least this share of the rollouts, in (0, 1).
    pub safe: f64,
    /// Requests lost by drains in a rollout, on average, at most; >= 0.
    pub losses: f64,
    /// Share of healthy rollouts that must meet the deadline, in (0, 1).
    pub met: f64,
    /// Probability with which each answer is right, in (0.5, 1).
    pub confidence: f64,
    /// Most runs of one value of the first two questions.
    pub most: u32,
    /// Healthy rollouts for the third.
    pub healthy: u32,
    /// Steps in which times are answered, > 0.
    pub step: SimDuration,
}

impl Default for Targets {
    fn default() -> Self {
        Self {
            headroom: 1.0,
            safe: 0.95,
            losses: 1.0,
            met: 0.99,
            confidence: 0.95,
            most: 200,
            healthy: 500,
            step: SimDuration::from_secs(1),
        }
    }
}

/// An answer, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Advice<T> {
    /// This.
    Found(T),
    /// The question does not apply, for this reason.
    NotApplicable(String),
    /// No value is good enough; what was found at the best one.
    Nothing(T),
    /// So many runs are too few; so many are needed.
    TooFew {
        /// Runs there are.
        runs: u32,
        /// Runs it takes.
        needed: u32,
    },
}

/// Runs after which a value is looked at: few tell what is far off, many what is near.
fn looks(most: u32) -> Vec<u32> {
    let mut looks: Vec<u32> = [10, 40, 100].into_iter().filter(|&look| look < most).collect();
    looks.push(most.max(2));
    looks
}

/// Gives a value of a field more runs until `judge` can tell, or there are no more; the verdict,
/// which is wrong with a probability of at most `alpha`.
fn decide(
    lab: &mut Lab<'_>,
    (name, plan): (&str, &Plan),
    (most, alpha): (u32, f64),
    judge: impl Fn(&[RunResult], f64) -> Verdict,
) -> Result<Verdict, Stopped> {
    let looks = looks(most);
    let tail = alpha / looks.len() as f64;
    for &replications in &looks {
        lab.extend(&[Wanted { name, plan, replications }])?;
        let verdict = judge(lab.runs(name), tail);
        if verdict != Verdict::Unclear {
            return Ok(verdict);
        }
    }
    Ok(Verdict::Unclear)
}

/// The first number in `from..to` for which `holds`, which holds for all after it too; none if it
/// holds for none. The last is tried first, then the first.
fn first_that_holds<E>(
    from: u32,
    to: u32,
    mut holds: impl FnMut(u32) -> Result<bool, E>,
) -> Result<Option<u32>, E> {
    if from >= to || !holds(to - 1)? {
        return Ok(None);
    }
    if holds(from)? {
        return Ok(Some(from));
    }
    let (mut not, mut yes) = (from, to - 1);
    while yes - not > 1 {
        let middle = not + (yes - not) / 2;
        if holds(middle)? { yes = middle } else { not = middle }
    }
    Ok(Some(yes))
}

/// The first number in `0..=last` for which `holds`, which holds for all after it up to some
/// number that need not be the last; none if it holds for none of those tried: 0, 1, 2, 4 and so
/// on, and the last.
fn first_from_below<E>(
    last: u32,
    mut holds: impl FnMut(u32) -> Result<bool, E>,
) -> Result<Option<u32>, E> {
    if holds(0)? {
        return Ok(Some(0));
    }
    let (mut not, mut next) = (0, 1.min(last));
    while next > not {
        if holds(next)? {
            let inner = first_that_holds(not + 1, next, &mut holds)?;
            return Ok(inner.or(Some(next)));
        }
        not = next;
        next = next.saturating_mul(2).min(last);
    }
    Ok(None)
}

/// `step` so many times.
fn times(step: SimDuration, count: u32) -> SimDuration {
    SimDuration::from_nanos(step.as_nanos().saturating_mul(u64::from(count)))
}

/// How many whole steps lie in `length`.
fn steps_in(length: SimDuration, step: SimDuration) -> u32 {
    u32::try_from(length.as_nanos() / step.as_nanos().max(1)).unwrap_or(u32::MAX)
}
