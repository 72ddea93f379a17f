//! A sensitivity study for programs: what `rollsim sensitivity --json` prints.

use serde_json::{Map, Value, json};

use super::number;
use crate::experiment::sensitivity::{Influence, Measures, Method, Sensitivity};
use crate::stats::sobol::Index;

/// Version of the schema.
pub const SCHEMA: u32 = 1;

/// The whole study. `strategy` is the one that was looked at.
#[must_use]
pub fn render(scenario: &str, seed: u64, strategy: &str, found: &Sensitivity) -> Value {
    let (method, size) = match found.method {
        Method::Morris { trajectories } => ("morris", ("trajectories", trajectories)),
        Method::Sobol { samples } => ("sobol", ("samples", samples)),
    };
    let outcomes: Map<String, Value> = found
        .outcomes
        .iter()
        .map(|(outcome, count)| (outcome.name().to_owned(), json!(count)))
        .collect();
    let metrics: Vec<Value> = found
        .metrics
        .iter()
        .map(|metric| {
            let fields = found.fields.iter().zip(&metric.fields);
            json!({
                "metric": metric.metric.name,
                "min": number::rounded(metric.min),
                "mean": number::rounded(metric.mean),
                "max": number::rounded(metric.max),
                "deviation": number::rounded(metric.deviation),
                "fields": fields
                    .map(|(field, influence)| influenced(&field.path, influence))
                    .collect::<Vec<Value>>(),
            })
        })
        .collect();
    json!({
        "schema": SCHEMA,
        "scenario": scenario,
        "seed": seed,
        "rollsim": env!("CARGO_PKG_VERSION"),
        "strategy": strategy,
        "method": method,
        size.0: size.1,
        "points": found.points,
        "replications": found.replications,
        "random_numbers": "common",
        "outcomes": outcomes,
        "fields": found.fields,
        "metrics": metrics,
    })
}

fn influenced(path: &str, influence: &Influence) -> Value {
    let ends = |ends: Option<[f64; 2]>| json!(ends.map(|ends| ends.map(number::rounded)));
    let index = |index: Index| {
        let value = number::rounded(index.value);
        json!({ "value": value, "ci95": ends(Some(index.ci95)) })
    };
    let mut all = json!({
        "path": path,
        "chance": influence.chance.map(number::rounded),
        "direction": influence.direction.name(),
        "verdict": influence.verdict.name(),
    });
    let own = match influence.measures {
        Measures::Morris(effects) => json!({
            "mu_star": {
                "value": number::rounded(effects.mu_star), "ci95": ends(effects.mu_star_ci95),
            },
            "mu": if influence.is_unordered() {
                Value::Null
            } else {
                json!({ "value": number::rounded(effects.mu), "ci95": ends(effects.mu_ci95) })
            },
            "sigma": number::rounded(effects.sigma),
        }),
        Measures::Sobol(indices) => {
            json!({ "first": index(indices.first), "total": index(indices.total) })
        }
    };
    if let (Value::Object(all), Value::Object(own)) = (&mut all, own) {
        all.extend(own);
    }
    all
}
