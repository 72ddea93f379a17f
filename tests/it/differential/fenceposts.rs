//! What the two bounds of a Deployment come to: manifests in, counts out, through the importer and
//! the strategy that it names.

use rollsim::manifest::{self, Manifest};
use serde_json::Value;

use super::recorded::recorded;
use super::{Replayed, replay_all};
use crate::world::variants;

/// The manifest of a case; a bound without a percent sign is a number.
fn manifest(case: &Value) -> String {
    let bound = |key: &str| case[key].as_str().map_or_else(|| case[key].to_string(), str::to_owned);
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: case}}\nspec:\n  replicas: {}\n  \
         strategy: {{rollingUpdate: {{maxSurge: {}, maxUnavailable: {}}}}}\n  selector: {{}}\n  \
         template: {{spec: {{containers: [{{name: api}}]}}}}\n",
        case["replicas"],
        bound("max_surge"),
        bound("max_unavailable"),
    )
}

fn difference(case: &Value) -> Option<String> {
    let number = |key: &str| case[key].as_u64().expect("a count") as u32;
    let text = manifest(case);
    let imported = match manifest::read(&[Manifest { path: "case.yaml", text: &text }], None) {
        Ok(imported) => imported,
        Err(problems) => return Some(format!("{problems:?}")),
    };
    let plan = variants(&imported.to_scenario("the case")).remove(0).plan;
    let expected = [number("resolved_unavailable"), number("resolved_surge")];
    let found = plan.strategy.parameters.resolved_bounds(number("replicas"));
    (found != Some(expected)).then(|| format!("{case}: {found:?}"))
}

#[test]
fn kubernetes_fenceposts() {
    let stored = include_str!("../../data/cases/kubernetes_fenceposts.json");
    let file = recorded("kubernetes_fenceposts.json", stored);
    replay_all(&file, |_, case| Replayed::from_difference(difference(case)));
}
