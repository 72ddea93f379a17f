//! Which sort of release breaks a requirement by itself?

use super::claim::Claim;
use super::evidence::limits;
use super::subject::Subject;
use super::{Evidence, Finding, Protocol, Verdict, mixed};
use crate::experiment::lab::Lab;

/// A requirement that one sort of release, not all of them, would break by itself. The policy is
/// about all sorts together: this is said of it, and nothing follows from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Alone {
    /// The subject's name.
    pub subject: String,
    /// The name of its part.
    pub part: String,
    /// How often this sort of release comes.
    pub share: f64,
    /// The number of the requirement.
    pub requirement: usize,
    /// The statistic of its runs, with its bounds.
    pub evidence: Evidence,
}

impl Protocol<'_> {
    /// The sorts of releases that break something of `findings` by themselves, each of them with
    /// the policy's confidence.
    #[must_use]
    pub fn broken_alone(
        &self,
        lab: &Lab<'_>,
        subjects: &[Subject<'_>],
        findings: &[Finding],
    ) -> Vec<Alone> {
        let mut alone = Vec::new();
        for subject in subjects.iter().filter(|subject| subject.is_mixed()) {
            let own = findings.iter().filter(|finding| finding.subject == subject.name);
            for finding in own {
                if let Claim::Requirement(number) = finding.claim {
                    let breaking = self.parts_that_break(lab, subject, number);
                    // Where all of them do, the whole does, and none of them is to blame.
                    if breaking.len() < subject.parts.len() {
                        alone.extend(breaking);
                    }
                }
            }
        }
        alone
    }

    fn parts_that_break(&self, lab: &Lab<'_>, subject: &Subject<'_>, number: usize) -> Vec<Alone> {
        let requirement = &self.policy.requirements[number];
        let strata = subject.values(lab, requirement.metric);
        let alone = subject.parts.iter().zip(strata).filter_map(|(part, stratum)| {
            let (evidence, _) = mixed::of(requirement, &[stratum], 1.0 - self.policy.confidence)?;
            let is_broken = evidence.verdict(limits(requirement)) == Verdict::Broken;
            is_broken.then(|| Alone {
                subject: subject.name.to_owned(),
                part: part.name.to_owned(),
                share: part.share,
                requirement: number,
                evidence,
            })
        });
        alone.collect()
    }
}
