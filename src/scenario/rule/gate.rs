//! Rules about gates.

use super::{Entry, Severity};

pub(super) const GATE_FIELDS: Entry = Entry {
    severity: Severity::Error,
    title: "a gate's fields must fit its metric and its test",
    explanation: "\
A gate has a metric and one way to judge it: `max` or `min`, `max_increase`, or a `test` of some
kind, which may only be made for certain metrics. A limit is written in the metric's own unit: a
share for rates, a duration for latencies. A gate with `all` or `any` is made of other gates and
has nothing else. `rollsim list gates` shows the kinds of tests.",
    wrong: "\
[gates.slo]
metric = \"latency-p95\"
max = \"1%\"
",
    right: "\
[gates.slo]
metric = \"latency-p95\"
max = \"250ms\"

[strategies.rolling]
kind = \"rolling\"
gates = [\"slo\"]
",
};

pub(super) const GATE_KIND: Entry = Entry {
    severity: Severity::Error,
    title: "a gate's test must be of a kind that there is",
    explanation: "\
`test = { kind = \"...\" }` says how the metric is judged; `rollsim list gates` shows every kind,
`rollsim explain anytime` what one does. Without `kind` a test of failures is `anytime`, one
of latencies `mann-whitney`.",
    wrong: "\
[gates.slo]
metric = \"error-rate\"
test = { kind = \"any-time\" }
",
    right: "\
[gates.slo]
metric = \"error-rate\"
test = { kind = \"anytime\" }

[strategies.rolling]
kind = \"rolling\"
gates = [\"slo\"]
",
};

pub(super) const GATE_NAME: Entry = Entry {
    severity: Severity::Error,
    title: "a gate is called by a name that there is",
    explanation: "\
Steps, strategies and gates that are made of others name gates by the names of their tables,
`[gates.NAME]`: one word of letters, digits, `-` and `_`. A gate that is made of others cannot be a
part of another.",
    wrong: "\
[gates.errors]
metric = \"error-rate\"
max = \"1%\"

[gates.both]
all = [\"errors\", \"latencies\"]
",
    right: "\
[gates.errors]
metric = \"error-rate\"
max = \"1%\"

[gates.latency]
metric = \"latency-p95\"
max = \"250ms\"

[gates.both]
all = [\"errors\", \"latency\"]

[strategies.rolling]
kind = \"rolling\"
gates = [\"both\"]
",
};

pub(super) const GATE_WINDOW: Entry = Entry {
    severity: Severity::Error,
    title: "a gate must be able to see something",
    explanation: "\
Metrics arrive scrape by scrape, each `lag` after its end. A window that is shorter than a scrape
holds none, and one that is shorter than the lag has lost them again by the time they arrive.",
    wrong: "\
[gates.slo]
metric = \"error-rate\"
max = \"1%\"
window = \"10s\"
",
    right: "\
[gates.slo]
metric = \"error-rate\"
max = \"1%\"
window = \"10s\"
scrape = \"5s\"

[strategies.rolling]
kind = \"rolling\"
gates = [\"slo\"]
",
};

pub(super) const ALERTS: Entry = Entry {
    severity: Severity::Error,
    title: "alerts and the budget have windows and limits that fit each other",
    explanation: "\
An alert looks at a long and a short window at once, the short one no longer than the long one and
no shorter than a scrape, and fires above a burn rate that is given as `factor` or follows from the
share of the `budget` that the long window has burned. A budget lets a rollout wait above one burn
rate and go on below another that is no higher.",
    wrong: "\
[alerts]
pairs = [{ long = \"5m\", short = \"1h\", budget = \"2%\" }]
",
    right: "\
[alerts]
pairs = [{ long = \"1h\", short = \"5m\", budget = \"2%\" }]
",
};
