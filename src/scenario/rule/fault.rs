//! Rules about faults.

use super::{Entry, Severity};

pub(super) const FAULT_KIND: Entry = Entry {
    severity: Severity::Error,
    title: "a fault must be of a kind that there is",
    explanation: "\
`kind` says what goes wrong and which fields the entry has; `rollsim list faults` shows every kind,
and `rollsim explain zone-outage` what one of them does. Defects of the release itself are fields of
`[release]`.",
    wrong: "\
[[faults]]
kind = \"zone-outrage\"
zone = \"a\"
",
    right: "\
[[faults]]
kind = \"zone-outage\"
zone = \"a\"
",
};

pub(super) const FAULT_FIELDS: Entry = Entry {
    severity: Severity::Error,
    title: "a fault's fields must fit each other",
    explanation: "\
Each kind of fault has fields and ranges of its own: a crash is of so many instances or at a rate,
shares and probabilities lie between 0 and 1, factors are above zero. `rollsim explain` with the
kind's name tells them.",
    wrong: "\
[[faults]]
kind = \"instance-crash\"
count = 2
rate = 0.5
",
    right: "\
[[faults]]
kind = \"instance-crash\"
count = 2
",
};

pub(super) const FAULT_ZONE: Entry = Entry {
    severity: Severity::Error,
    title: "a fault is in a zone that there is",
    explanation: "\
`zone` names one of `fleet.zones`, or a region: with zones `eu/a` and `eu/b`, the zone `eu` means
both. A fault elsewhere would befall nobody.",
    wrong: "\
[fleet]
instances = 12
zones = [\"a\", \"b\", \"c\"]

[[faults]]
kind = \"zone-outage\"
zone = \"d\"
",
    right: "\
[fleet]
instances = 12
zones = [\"a\", \"b\", \"c\"]

[[faults]]
kind = \"zone-outage\"
zone = \"b\"
",
};

pub(super) const FAULT_MOMENT: Entry = Entry {
    severity: Severity::Error,
    title: "a fault begins while the simulation runs",
    explanation: "\
`at` counts from the rollout's start, and may be negative: before it. The rollout starts after
`simulation.warmup`, so nothing can be earlier than that; nor after `simulation.max_time`, when
every run ends.",
    wrong: "\
[[faults]]
kind = \"errors\"
rate = \"1%\"
at = \"-2m\"
",
    right: "\
[[faults]]
kind = \"errors\"
rate = \"1%\"
at = \"-30s\"
",
};

pub(super) const FAULT_BUDGET: Entry = Entry {
    severity: Severity::Warning,
    title: "a disruption budget leaves room for an eviction",
    explanation: "\
An eviction is granted only while more instances are ready than the budget keeps. One that keeps the
whole fleet refuses every eviction, and the drain waits for ever, unless a rollout adds instances
for a while. A fleet of one with `min_available = 1` is such a budget, and so is
`max_unavailable = 0`.",
    wrong: "\
[fleet]
instances = 1

[[faults]]
kind = \"node-drain\"
min_available = 1
",
    right: "\
[fleet]
instances = 2

[[faults]]
kind = \"node-drain\"
min_available = 1
",
};
