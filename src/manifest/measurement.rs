//! Metrics that a controller measures by queries, which nobody here can ask: what decides about
//! each is known, what it is a metric of only the scenario can say.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Imported;
use super::write;

/// The keys of a strategy under which names of gates stand.
const LISTS: [&str; 3] = ["analysis", "pre_promotion_analysis", "post_promotion_analysis"];

/// One metric, as a gate that lacks nothing but its `metric`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurement {
    /// What a scenario calls it: `TEMPLATE/METRIC`.
    pub name: String,
    /// Fields of a table `[gates.NAME]`.
    pub gate: Table,
    /// Limits of that gate, in the unit of what is queried.
    pub limits: Vec<(&'static str, f64)>,
    /// How long it takes if nothing goes wrong, nanoseconds; none: for ever.
    pub time: Option<u64>,
}

impl Measurement {
    /// The gate, its limits in seconds where `metric` is a latency.
    #[must_use]
    pub fn gate_on(&self, metric: &str) -> Table {
        let mut gate = self.gate.clone();
        for (key, number) in &self.limits {
            let value = if metric.starts_with("latency") {
                write::duration((number * 1e9).max(0.0) as u64)
            } else {
                Value::Float(*number)
            };
            gate.insert((*key).into(), value);
        }
        gate
    }
}

impl Imported {
    /// The same with the gates that stand for its measurements, by the measurements' names. One
    /// without a gate passes, which is noted; a step in which none has a gate waits as long as its
    /// measurements would take.
    #[must_use]
    pub fn with_gates(mut self, gates: &BTreeMap<String, Vec<String>>) -> Self {
        let times = self.measurements.iter().map(|one| (one.name.clone(), one.time)).collect();
        for key in LISTS {
            if let Some(Value::Array(names)) = self.strategy.get_mut(key) {
                *names = named(names, gates);
            }
        }
        if let Some(Value::Array(steps)) = self.strategy.get_mut("steps") {
            steps.iter_mut().for_each(|step| name_step(step, gates, &times));
        }
        if self.strategy.get("analysis") == Some(&Value::Array(Vec::new())) {
            self.strategy.remove("starting_step");
        }
        for one in self.measurements.iter().filter(|one| !gates.contains_key(&one.name)) {
            let name = &one.name;
            self.notes.push(format!(
                "the metric `{name}` is not simulated and passes: no gate says what its query \
                 asks (in a scenario with `manifest = [FILES]`, write `[gates.NAME]` with \
                 `argo = \"{name}\"` and a `metric`)"
            ));
        }
        self
    }
}

/// The gates that stand for these measurements.
fn named(names: &[Value], gates: &BTreeMap<String, Vec<String>>) -> Vec<Value> {
    let known = names.iter().filter_map(Value::as_str).filter_map(|name| gates.get(name));
    known.flatten().map(|gate| Value::String(gate.clone())).collect()
}

fn name_step(
    step: &mut Value,
    gates: &BTreeMap<String, Vec<String>>,
    times: &BTreeMap<String, Option<u64>>,
) {
    let Some(Value::Array(names)) = step.get("analysis") else { return };
    let gates = named(names, gates);
    let name = |name: &Value| times.get(name.as_str()?).copied().flatten();
    let longest = names.iter().filter_map(name).max().unwrap_or(0);
    let (key, value) = match gates.is_empty() {
        true => ("pause", write::duration(longest)),
        false => ("analysis", Value::Array(gates)),
    };
    *step = Value::Table(Table::from_iter([(key.to_owned(), value)]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_stand_where_measurements_did() {
        let measurement = |name: &str, seconds: u64| Measurement {
            name: name.into(),
            time: Some(seconds * 1_000_000_000),
            limits: vec![("max", 0.25)],
            ..Measurement::default()
        };
        let text = "analysis = ['a/x']\nstarting_step = 1\n\
                    steps = [{ analysis = ['a/x', 'b/y'] }, { analysis = ['b/y', 'c/z'] }]\n";
        let imported = Imported {
            strategy: toml::from_str(text).unwrap(),
            measurements: vec![
                measurement("a/x", 0),
                measurement("b/y", 60),
                measurement("c/z", 9),
            ],
            ..Imported::default()
        };
        let gates = BTreeMap::from([("a/x".to_owned(), vec!["one".to_owned()])]);
        let bound = imported.clone().with_gates(&gates);
        let expected = "analysis = ['one']\nstarting_step = 1\n\
                        steps = [{ analysis = ['one'] }, { pause = '60s' }]\n";
        assert_eq!(bound.strategy, toml::from_str(expected).unwrap());
        assert_eq!(bound.notes.len(), 2);
        let nothing = imported.with_gates(&BTreeMap::new()).strategy;
        assert!(!nothing.contains_key("starting_step"), "{nothing}");
        let limit = |metric| measurement("a/x", 0).gate_on(metric)["max"].clone();
        assert_eq!(limit("latency-p95"), Value::String("250ms".into()));
        assert_eq!(limit("error-rate"), Value::Float(0.25));
    }
}
