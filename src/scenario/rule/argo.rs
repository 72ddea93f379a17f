//! Rules about what manifests of Argo Rollouts measure.

use super::{Entry, Severity};

pub(super) const ARGO_METRIC: Entry = Entry {
    severity: Severity::Error,
    title: "a gate for an analysis must name a metric that a manifest has",
    explanation: "\
A query of an AnalysisTemplate is not interpreted, so the scenario says what it asks: a gate with
`argo = \"TEMPLATE/METRIC\"` and a `metric` takes its interval, its count and its limits from that
template, which a strategy's `manifest` must bring. Fields that stand in the gate win.",
    wrong: "\
[gates.errors]
metric = \"error-rate\"
max = \"5%\"
argo = \"success-rate/web\"
",
    right: "\
[gates.errors]
metric = \"error-rate\"
max = \"5%\"

[strategies.rolling]
kind = \"rolling\"
gates = [\"errors\"]
",
};
