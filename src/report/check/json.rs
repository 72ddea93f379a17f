//! A check for programs.

use serde_json::{Map, Value, json};

use super::{Checked, Undecided, word};
use crate::experiment::policy::fix::Fix;
use crate::experiment::policy::{Alone, Claim, Finding, Verdict};
use crate::scenario::Mixture;
use crate::scenario::policy::{Material, Requirement};
use crate::sim::Outcome;

/// Everything that was found.
#[must_use]
pub fn render(checked: &Checked<'_>) -> Value {
    let mut object = json!({
        "schema": 1,
        "scenario": checked.scenario,
        "seed": checked.seed,
        "rollsim": env!("CARGO_PKG_VERSION"),
        "confidence": checked.policy.confidence,
        "against": checked.against,
        "runs": checked.runs,
        "verdict": key(checked.verdict()),
        "undecided": match checked.undecided {
            Undecided::Told => "told",
            Undecided::Pass => "pass",
            Undecided::Fail => "fail",
        },
        "outcomes": checked.outcomes.iter().map(outcomes).collect::<Map<_, _>>(),
        "findings": checked.findings.iter().map(|one| finding(checked, one)).collect::<Vec<_>>(),
        "fixes": checked.fixes.iter().map(fix).collect::<Vec<_>>(),
    });
    if !checked.mixtures.is_empty() {
        let mixtures = checked.mixtures.iter().map(|one| (one.name.clone(), shares(one)));
        object["mixtures"] = Value::Object(mixtures.collect());
        object["broken_alone"] = checked.alone.iter().map(|one| alone(checked, one)).collect();
    }
    object
}

/// How often the sort of release of each variant comes.
fn shares(mixture: &Mixture) -> Value {
    mixture.parts.iter().map(|(variant, share)| (variant.clone(), Value::from(*share))).collect()
}

/// A requirement that a sort of release breaks by itself.
fn alone(checked: &Checked<'_>, alone: &Alone) -> Value {
    let mut object = requirement("requirement", &checked.policy.requirements[alone.requirement]);
    object["mixture"] = alone.subject.as_str().into();
    object["variant"] = alone.part.as_str().into();
    object["measured"] = alone.evidence.measured.into();
    object
}

fn outcomes((variant, outcomes): &(String, Vec<(Outcome, u32)>)) -> (String, Value) {
    let counts = outcomes.iter().map(|(outcome, runs)| (outcome.name().to_owned(), (*runs).into()));
    (variant.clone(), Value::Object(counts.collect()))
}

fn key(verdict: Verdict) -> String {
    word(verdict).replace(' ', "-")
}

fn finding(checked: &Checked<'_>, finding: &Finding) -> Value {
    let mut object = json!({
        "variant": finding.subject,
        "strategy": finding.strategy,
        "verdict": key(finding.verdict),
        "line": checked.place(finding).0,
        "runs": finding.runs,
        "measured": finding.evidence.map(|evidence| evidence.measured),
        "low": finding.evidence.and_then(|evidence| evidence.low),
        "high": finding.evidence.and_then(|evidence| evidence.high),
    });
    let details = match &finding.claim {
        Claim::Requirement(number) => {
            requirement("requirement", &checked.policy.requirements[*number])
        }
        Claim::NoMoreBreaches(number) => {
            requirement("breaches", &checked.policy.requirements[*number])
        }
        Claim::NoWorse(asked) => {
            let (key, size) = match asked.material {
                Material::Amount(amount) => ("amount", amount),
                Material::Share(share) => ("share", share),
            };
            json!({ "kind": "regression", "metric": asked.metric.name, "material": { key: size } })
        }
    };
    let means = finding.means.map(|[new, old]| json!({ "new": new, "old": old }));
    for more in [Some(details), means].into_iter().flatten() {
        if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
            object.extend(more);
        }
    }
    object
}

fn requirement(kind: &str, asked: &Requirement) -> Value {
    json!({
        "kind": kind,
        "metric": asked.metric.name,
        "statistic": asked.statistic.to_string(),
        "min": asked.min,
        "max": asked.max,
    })
}

fn fix(fix: &Fix) -> Value {
    let change = fix.change.as_ref().map(|one| json!({ "path": one.path, "value": one.value }));
    json!({ "variant": fix.subject, "tried": fix.tried, "change": change })
}
