//! Which one change would put right what is broken?
//!
//! Found by trying: each knob that a strategy has is turned step by step, every changed variant is
//! simulated on the same random numbers as the broken one, and what looks right is decided by the
//! protocol that decided the policy. So the change that is told holds when it is made.

use std::cmp::Ordering;

use super::trial::judge;
use super::{Claim, Finding, Protocol, Subject, SubjectPart, Verdict};
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
    /// How the changed variant is simulated, with each sort of release.
    pub plans: Vec<Plan>,
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
    let names: Vec<Vec<Names>> = ladders
        .iter()
        .map(|ladder| ladder.iter().map(|one| Names::of(subject, &one.change)).collect())
        .collect();
    let subjects: Vec<Vec<Subject<'_>>> = ladders
        .iter()
        .zip(&names)
        .map(|(ladder, names)| {
            ladder.iter().zip(names).map(|(one, names)| changed(subject, one, names)).collect()
        })
        .collect();
    pilot(lab, subjects.iter().flatten())?;
    let mut best: Option<([f64; 2], &Change)> = None;
    for (ladder, subjects) in ladders.iter().zip(&subjects) {
        for (candidate, changed) in ladder.iter().zip(subjects) {
            if !is_promising(protocol, changed, findings, lab) {
                continue;
            }
            let found = protocol.run(lab, std::slice::from_ref(changed))?;
            if mends(findings, &found) {
                let length = mean_duration(lab, changed);
                if best.is_none_or(|(best, _)| is_less(length, best)) {
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

fn is_less(one: [f64; 2], two: [f64; 2]) -> bool {
    let order = one[0].total_cmp(&two[0]).then(one[1].total_cmp(&two[1]));
    order == Ordering::Less
}

/// What a changed subject and its parts are called.
struct Names {
    whole: String,
    parts: Vec<String>,
}

impl Names {
    fn of(subject: &Subject<'_>, change: &Change) -> Self {
        let name = |name: &str| format!("{name} with {}", change.typed());
        let parts = subject.parts.iter().map(|part| name(part.name));
        Self { whole: name(subject.name), parts: parts.collect() }
    }
}

/// The subject with a change, compared with the same.
fn changed<'s>(subject: &Subject<'s>, to: &'s Candidate, names: &'s Names) -> Subject<'s> {
    let parts = subject.parts.iter().zip(&names.parts).zip(&to.plans);
    let changed = parts.map(|((part, name), plan)| SubjectPart { name, plan, ..*part });
    Subject { name: &names.whole, parts: changed.collect(), ..subject.clone() }
}

/// A few runs of each.
fn pilot<'s>(
    lab: &mut Lab<'_>,
    subjects: impl Iterator<Item = &'s Subject<'s>>,
) -> Result<(), Stopped> {
    let parts = subjects.flat_map(|subject| &subject.parts);
    let wanted: Vec<Wanted<'_>> = parts
        .map(|part| Wanted { name: part.name, plan: part.plan, replications: PILOT })
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

/// Over the runs that every subject has: the share of the rollouts that never ended, and the mean
/// duration of the others.
fn mean_duration(lab: &Lab<'_>, subject: &Subject<'_>) -> [f64; 2] {
    let runs = subject.parts.iter().flat_map(|part| {
        let runs = lab.runs(part.name).iter().take(PILOT as usize);
        runs.map(|run| (part.share / f64::from(PILOT), run.metrics.get("duration_s")))
    });
    let [mut endless, mut ended, mut sum] = [0.0; 3];
    for (weight, duration) in runs {
        match duration {
            None => endless += weight,
            Some(duration) => {
                ended += weight;
                sum += weight * duration;
            }
        }
    }
    [endless, if ended > 0.0 { sum / ended } else { f64::INFINITY }]
}
