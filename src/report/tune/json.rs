//! What a search found, for programs.

use serde_json::{Map, Value, json};

use super::csv::word;
use super::table::metrics;
use super::words;
use crate::experiment::Estimate;
use crate::experiment::tune::{Answer, Judged, Method};
use crate::report::number::rounded;

/// Everything that `tune.csv` holds and the table says.
#[must_use]
pub fn render(scenario: &str, seed: u64, answer: &Answer) -> Value {
    let names: Vec<&str> = answer.objectives.iter().map(|one| one.metric.name).collect();
    let objectives: Vec<Value> = answer
        .objectives
        .iter()
        .zip(&answer.zones)
        .map(|(one, &zone)| {
            json!({"metric": one.metric.name, "aim": one.aim, "indifference": rounded(zone)})
        })
        .collect();
    let best = answer.recommended.as_ref().ok();
    let hypervolume = answer.hypervolume.as_ref().map(|one| {
        let reference = names.iter().zip(&one.reference);
        let reference: Map<String, Value> =
            reference.map(|(name, &value)| ((*name).to_owned(), rounded(value).into())).collect();
        json!({"share": rounded(one.share), "reference": reference})
    });
    json!({
        "scenario": scenario,
        "seed": seed,
        "rollsim": env!("CARGO_PKG_VERSION"),
        "vary": answer.axes.iter().map(|axis| (axis.path.clone(), axis.values.clone().into()))
            .collect::<Map<String, Value>>(),
        "objectives": objectives,
        "constraints": answer.constraints.iter().map(|one| &one.typed).collect::<Vec<_>>(),
        "confidence": answer.confidence,
        "method": method(&answer.method),
        "points": answer.points,
        "runs": answer.runs,
        "recommended": best.map(|&best| &answer.candidates[best].name),
        "knee": answer.knee.map(|knee| &answer.candidates[knee].name),
        "hypervolume": hypervolume,
        "said": words::sentences(answer),
        "candidates": answer.candidates.iter().map(|one| candidate(answer, one))
            .collect::<Vec<_>>(),
        "refused": answer.refused.iter().map(|one| {
            let values = one.values.iter().map(|(path, value)| (path.clone(), value.clone().into()));
            json!({"values": values.collect::<Map<String, Value>>(), "reason": one.reason})
        }).collect::<Vec<_>>(),
    })
}

fn method(method: &Method) -> Value {
    match *method {
        Method::KimNelson { alpha, systems, is_reached } => json!({
            "name": "kim-nelson", "compared": systems, "complete": is_reached,
            "probability_of_correct_selection": rounded(1.0 - alpha),
        }),
        Method::Allocation { budget, probability, systems } => json!({
            "name": "ocba", "compared": systems, "budget": budget,
            "estimated_probability_of_correct_selection": rounded(probability),
        }),
        Method::Front { alpha, systems, is_reached } => json!({
            "name": "pareto", "compared": systems, "complete": is_reached,
            "probability_of_no_wrong_dominance": rounded(1.0 - alpha),
        }),
    }
}

fn candidate(answer: &Answer, judged: &Judged) -> Value {
    let values: Map<String, Value> = answer
        .axes
        .iter()
        .zip(&judged.values)
        .map(|(axis, value)| (axis.path.clone(), value.clone().into()))
        .collect();
    let metrics: Map<String, Value> = metrics(answer)
        .into_iter()
        .filter_map(|(metric, place)| Some((metric.name.to_owned(), estimate(place.of(judged)?))))
        .collect();
    let differences: Map<String, Value> = answer
        .objectives
        .iter()
        .zip(&judged.differences)
        .filter_map(|(objective, found)| {
            let [mean, low, high] = (*found)?.map(rounded);
            let name = objective.metric.name.to_owned();
            Some((name, json!({"mean": mean, "ci95": [low, high]})))
        })
        .collect();
    let verdicts: Map<String, Value> = answer
        .constraints
        .iter()
        .zip(&judged.verdicts)
        .map(|(constraint, &verdict)| (constraint.typed.clone(), word(verdict).into()))
        .collect();
    json!({
        "name": judged.name,
        "values": values,
        "status": judged.status.name(),
        "runs": judged.runs,
        "completed": rounded(judged.completed),
        "metrics": metrics,
        "differences": differences,
        "constraints": verdicts,
    })
}

fn estimate(one: &Estimate) -> Value {
    json!({"mean": rounded(one.mean), "ci95": one.ci95.map(|ends| ends.map(rounded))})
}
