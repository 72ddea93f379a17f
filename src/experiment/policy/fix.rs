//! Which one change would put right what is broken?
//!
//! Found by trying: each knob that a strategy has is turned step by step, every changed variant is
//! simulated on the same random numbers as the broken one, and what looks right is decided by the
//! protocol that decided the policy. So the change that is told holds when it is made.

use std::cmp::Ordering;

use super::{Claim, Finding, Protocol, Subject, Verdict, judge};
use crate::experiment::lab::{Lab, Stopped, Wanted};
use crate::experiment::policy::knob::Change;
use crate::sim::Plan;

/// Runs that tell a hopeless change from a promising one.
const PILOT: u32 = 5;
/// Then bounds are the estimates themselves.
const POINT: f64 = 0.5;

/// What was tried for a subject, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The subject's name.
    pub subject: String,
    /// How many changes were tried.
    pub tried: usize,
    /// What was found; none of those that were tried if none.
    pub change: Option<Change>,
}

/// A change and the variant that it makes.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The change.
    pub change: Change,
    /// How the changed variant is simulated.
    pub plan: Plan,
}

/// Of each ladder of changes, from the smallest to the largest, the first that puts right what is
/// broken of `findings`, and of those the one with the shortest rollout.
///
/// # Errors
/// If the lab was stopped.
pub fn find(
    lab: &mut Lab<'_>,
    protocol: &Protocol<'_>,
    (subject, findings): (&Subject<'_>, &[Finding]),
    ladders: &[Vec<Candidate>],
) -> Result<Fix, Stopped> {
    let names: Vec<Vec<String>> = ladders
        .iter()
        .map(|ladder| {
            let name = |one: &Candidate| format!("{} with {}", subject.name, one.change.typed());
            ladder.iter().map(name).collect()
        })
        .collect();
    let subjects: Vec<Vec<Subject<'_>>> = ladders
        .iter()
        .zip(&names)
        .map(|(ladder, names)| {
            ladder
                .iter()
                .zip(names)
                .map(|(one, name)| Subject { name, plan: &one.plan, ..*subject })
                .collect()
        })
        .collect();
    pilot(lab, subjects.iter().flatten())?;
    let mut best: Option<(f64, &Change)> = None;
    for (ladder, subjects) in ladders.iter().zip(&subjects) {
        for (candidate, changed) in ladder.iter().zip(subjects) {
            if !is_promising(protocol, changed, findings, lab) {
                continue;
            }
            let found = protocol.run(lab, std::slice::from_ref(changed))?;
            if mends(findings, &found) {
                let length = mean_duration(lab, changed.name);
                if best.is_none_or(|(best, _)| length.total_cmp(&best) == Ordering::Less) {
                    best = Some((length, &candidate.change));
                }
                break;
            }
        }
    }
    Ok(Fix {
        subject: subject.name.to_owned(),
        tried: ladders.iter().map(Vec::len).sum(),
        change: best.map(|(_, change)| change.clone()),
    })
}

/// A few runs of each.
fn pilot<'s>(
    lab: &mut Lab<'_>,
    subjects: impl Iterator<Item = &'s Subject<'s>>,
) -> Result<(), Stopped> {
    let wanted: Vec<Wanted<'_>> = subjects
        .map(|subject| Wanted { name: subject.name, plan: subject.plan, replications: PILOT })
        .collect();
    lab.extend(&wanted)
}

/// Whether a few runs show nothing that is broken.
fn is_promising(
    protocol: &Protocol<'_>,
    changed: &Subject<'_>,
    findings: &[Finding],
    lab: &Lab<'_>,
) -> bool {
    findings.iter().all(|finding| {
        let found = judge(protocol.policy, &finding.claim, changed, lab, POINT);
        let is_bad = found.is_some_and(|found| found.verdict == Verdict::Broken);
        // More breaches in five runs say nothing.
        !is_bad || matches!(finding.claim, Claim::NoMoreBreaches(_))
    })
}

/// Whether what was broken holds now, as does all that held, and nothing else is broken.
fn mends(before: &[Finding], after: &[Finding]) -> bool {
    before.len() == after.len()
        && before.iter().zip(after).all(|(before, after)| match before.verdict {
            Verdict::Broken | Verdict::Holds => after.verdict == Verdict::Holds,
            Verdict::Undecided | Verdict::Unmeasured => after.verdict != Verdict::Broken,
        })
}

/// Over the runs that every subject has; those that never ended count as endless.
fn mean_duration(lab: &Lab<'_>, name: &str) -> f64 {
    let runs = lab.runs(name).iter().take(PILOT as usize);
    let lengths = runs.map(|run| run.metrics.get("duration_s").unwrap_or(f64::INFINITY));
    lengths.sum::<f64>() / f64::from(PILOT)
}
