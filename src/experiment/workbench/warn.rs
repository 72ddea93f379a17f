//! Which gates cannot work at this traffic? Reckoned from the plan, before anything is simulated.

use super::setting::Setting;
use crate::gate::{Objective, Place, Rule, Watch};
use crate::sim::Plan;
use crate::units::Ratio;

/// What is in vain, in words that name the gate, the place and the traffic; the smallest defect is
/// `effect` times the file's own (infinite: there is none).
pub(super) fn warnings(setting: &Setting<'_>, effect: f64) -> Vec<String> {
    let plan = &setting.variant.plan;
    let mut said: Vec<String> = Vec::new();
    for (field, place) in places(setting, effect) {
        for (name, watch) in watches(plan, setting.number()) {
            for doubt in watch.doubts(&place) {
                let whole = if name == setting.gate {
                    format!("`{name}`")
                } else {
                    format!("`{}` (its part `{name}`)", setting.gate)
                };
                let strategy = &setting.variant.strategy;
                let rate = place.rate;
                let text = format!("gate {whole} at {rate} requests/s, {strategy}{field}: {doubt}");
                if !said.contains(&text) {
                    said.push(text);
                }
            }
        }
    }
    said
}

/// The tests that make a gate, with their names.
fn watches(plan: &Plan, gate: usize) -> Vec<(&str, &Watch)> {
    let one = &plan.gates[gate];
    match &one.rule {
        Rule::Test(watch) => vec![(one.name.as_str(), watch)],
        Rule::Several(_, members) => {
            members.iter().flat_map(|&member| watches(plan, member)).collect()
        }
    }
}

/// Where the gate stands: every place at which the strategy asks for a gate. Where the share of
/// the new version changes meanwhile, all requests are its own.
fn places(setting: &Setting<'_>, effect: f64) -> Vec<(String, Place)> {
    let plan = &setting.variant.plan;
    let error_rate = plan.data.release.error_rate.as_f64();
    let anywhere = Place {
        rate: setting.highest_rate(),
        share: 1.0,
        time: None,
        error_rate: if effect.is_finite() { (error_rate * effect).min(1.0) } else { 0.0 },
        objective: Objective {
            availability: plan.slo.availability.as_f64(),
            window: plan.slo.window,
        },
    };
    let steps = plan.strategy.parameters.gates().into_iter().map(|one| {
        let share = one.share.map_or(1.0, Ratio::as_f64);
        // Places are named without the number of the gate in its list.
        let field = one.field.rsplit_once('.').map_or(one.field.as_str(), |(list, _)| list);
        (format!(".{field}"), Place { share, time: one.time, ..anywhere })
    });
    let mut all: Vec<(String, Place)> = steps.collect();
    if !plan.strategy.guards.is_empty() {
        all.push((".gates".to_owned(), anywhere));
    }
    all
}
