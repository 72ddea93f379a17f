//! Rules about what a policy asks.

use super::{Entry, Severity};

pub(super) const POLICY_METRIC: Entry = Entry {
    severity: Severity::Error,
    title: "a policy names a metric that there is",
    explanation: "\
A requirement or a regression is about one of the metrics that a run is measured by, under the name
that it has in `runs.csv`. `rollsim list metrics` shows them, `rollsim explain capacity_min` says
what one of them means.",
    wrong: "\
[[policy.require]]
metric = \"capacity-min\"
min = \"85%\"
",
    right: "\
[[policy.require]]
metric = \"capacity_min\"
min = \"85%\"
",
};

pub(super) const POLICY_LIMIT: Entry = Entry {
    severity: Severity::Error,
    title: "a requirement has limits in its metric's unit",
    explanation: "\
`min`, `max` or both. Times are compared with durations or with numbers of seconds, shares and
ratios with percentages or numbers (1 is the whole), counts and amounts with numbers. A metric that
is a share of a whole has a limit between 0 and 1.",
    wrong: "\
[[policy.require]]
metric = \"capacity_min\"
min = 85
",
    right: "\
[[policy.require]]
metric = \"capacity_min\"
min = \"85%\"
",
};

pub(super) const POLICY_STATISTIC: Entry = Entry {
    severity: Severity::Error,
    title: "a requirement compares a statistic, or counts the runs beyond its limits",
    explanation: "\
`statistic` says what of the runs is compared: the `mean`, a percentile such as `p95`, or the
smallest (`min`) or largest (`max`) value of the runs that were simulated. `breaches = \"1%\"` asks
instead that no more than that share of all rollouts lies beyond the limits; how rare something is
can be bounded by runs, but not that it never happens.",
    wrong: "\
[[policy.require]]
metric = \"duration_s\"
max = \"10m\"
statistic = \"95th\"
",
    right: "\
[[policy.require]]
metric = \"duration_s\"
max = \"10m\"
statistic = \"p95\"
",
};

pub(super) const POLICY_CLASH: Entry = Entry {
    severity: Severity::Error,
    title: "requirements must not contradict each other",
    explanation: "\
If one requirement asks for more than another one allows, of the same metric and of a strategy that
both are asked of, one of them is broken whatever the runs are. Statistics are put in order for
that: the smallest run is never above the mean, the 5th percentile never above the 95th.",
    wrong: "\
[[policy.require]]
metric = \"duration_s\"
min = \"10m\"
statistic = \"p05\"

[[policy.require]]
metric = \"duration_s\"
max = \"5m\"
statistic = \"p95\"
",
    right: "\
[[policy.require]]
metric = \"duration_s\"
min = \"1m\"
statistic = \"p05\"

[[policy.require]]
metric = \"duration_s\"
max = \"5m\"
statistic = \"p95\"
",
};

pub(super) const POLICY_STRATEGY: Entry = Entry {
    severity: Severity::Error,
    title: "a requirement is asked of strategies that there are",
    explanation: "\
A requirement is asked of every strategy of the file. `strategies` narrows it to those that it
names; each is one of `[strategies.NAME]`, and there is one at least, for a requirement that is
asked of nobody would always hold.",
    wrong: "\
[[policy.require]]
metric = \"rolled_back\"
max = 0
strategies = [\"roling\"]

[strategies.rolling]
kind = \"rolling\"
",
    right: "\
[[policy.require]]
metric = \"rolled_back\"
max = 0
strategies = [\"rolling\"]

[strategies.rolling]
kind = \"rolling\"
",
};

pub(super) const POLICY_RUNS: Entry = Entry {
    severity: Severity::Error,
    title: "there are enough runs to show what is required",
    explanation: "\
That at most 1% of the rollouts breach a limit takes 299 runs without a breach to show with 95%
confidence, that the 95th percentile is below it 59: (1 - share)^runs must be below the probability
of error that is left. With fewer runs the requirement could only be broken or undecided. What is
left is shared by all requirements, so several of them take more.",
    wrong: "\
[policy]
max_replications = 100

[[policy.require]]
metric = \"error_budget_spent\"
max = \"5%\"
breaches = \"1%\"
",
    right: "\
[policy]
max_replications = 1000

[[policy.require]]
metric = \"error_budget_spent\"
max = \"5%\"
breaches = \"1%\"
",
};

pub(super) const POLICY_REGRESSION: Entry = Entry {
    severity: Severity::Error,
    title: "a regression is of a metric that can get worse",
    explanation: "\
`[[policy.regression]]` names a metric that is compared with another version of the policy: a change
for the worse that is significant and larger than `material` is a regression. So one of the metric's
sides must be the better one, each metric stands there once, and `material` is a percentage of the
other version's mean or an amount in the metric's unit.",
    wrong: "\
[[policy.regression]]
metric = \"requests\"
",
    right: "\
[[policy.regression]]
metric = \"duration_s\"
material = \"10%\"
",
};
