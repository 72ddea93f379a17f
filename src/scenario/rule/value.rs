//! Rules about values, and about values that go together.

use super::{Entry, Severity};

pub(super) const OUT_OF_RANGE: Entry = Entry {
    severity: Severity::Error,
    title: "every number must be within its field's range",
    explanation: "\
Counts, durations and rates are finite and not negative; probabilities and shares lie between 0 and
1; thresholds, slots and replications are at least 1; a fleet has 1 to 1000000 instances; a period
at which something is repeated is longer than zero, or the simulation would never get past it.",
    wrong: "\
[release]
error_rate = 1.5
",
    right: "\
[release]
error_rate = 0.015
",
};

pub(super) const ONE_RATE: Entry = Entry {
    severity: Severity::Error,
    title: "traffic has exactly one rate",
    explanation: "\
How much arrives is said in one of three ways: `rate`, the same all along; `profile`, a line through
points in time; `trace`, the steps of a CSV file. Two of them would contradict each other, and
without any there is nothing to simulate.",
    wrong: "\
[traffic]
rate = 8000
profile = [[\"0s\", 8000], [\"10m\", 19200]]
",
    right: "\
[traffic]
profile = [[\"0s\", 8000], [\"10m\", 19200]]
",
};

pub(super) const ZONES: Entry = Entry {
    severity: Severity::Error,
    title: "zones have names that differ",
    explanation: "\
Instances are spread over the zones in turn. A zone is called by a plain name, or by its region and
its own name: `eu/a` is zone a of region eu. There is at least one, and none is named twice.",
    wrong: "\
[fleet]
instances = 12
zones = [\"eu/a\", \"eu/b\", \"eu/a\"]
",
    right: "\
[fleet]
instances = 12
zones = [\"eu/a\", \"eu/b\", \"eu/c\"]
",
};

pub(super) const LAW_FIELDS: Entry = Entry {
    severity: Severity::Error,
    title: "a distribution has the fields of its kind",
    explanation: "\
A distribution is a duration, which is constant, or a table whose `dist` says which fields it takes:
`uniform` min and max; `exponential` mean; `normal` and `gamma` mean and sd; `lognormal` median and
p95, or mean and sd; `weibull` scale and shape; `pareto` min and shape; `empirical` file and column;
`list` values.",
    wrong: "\
[startup]
boot = { dist = \"lognormal\", median = \"8s\", sd = \"2s\" }
",
    right: "\
[startup]
boot = { dist = \"lognormal\", median = \"8s\", p95 = \"20s\" }
",
};

pub(super) const LAW_VALUES: Entry = Entry {
    severity: Severity::Error,
    title: "a distribution's parameters must be possible",
    explanation: "\
No distribution has the parameters given: a 95th percentile at or below the median, a shortest value
above the longest, a shape that is not above zero. The mean of `instance.service_time` and of
`traffic.sessions.length` must also be finite and above zero.",
    wrong: "\
[startup]
boot = { dist = \"lognormal\", median = \"8s\", p95 = \"5s\" }
",
    right: "\
[startup]
boot = { dist = \"lognormal\", median = \"8s\", p95 = \"20s\" }
",
};

pub(super) const LIST_PLACE: Entry = Entry {
    severity: Severity::Error,
    title: "a list stands only where there is an order",
    explanation: "\
A `list` gives its values to the starts of a version in turn, so it can stand in `startup` and in
`shutdown.deploy`; requests and sessions are not numbered in that way. `\"never\"` can only be a
value of `startup.boot`: that instance boots and never passes its probe.",
    wrong: "\
[instance]
service_time = { dist = \"list\", values = [\"20ms\", \"40ms\"] }
",
    right: "\
[startup]
boot = { dist = \"list\", values = [\"5s\", \"9s\", \"never\"] }
",
};

pub(super) const CSV: Entry = Entry {
    severity: Severity::Error,
    title: "a CSV file has a header and numbers below it",
    explanation: "\
The first line names the columns, and every row has a number in the columns that the scenario asks
for: seconds or requests per second, finite and not negative. The times of a trace rise from row to
row; the first is taken as the simulation's start.",
    wrong: "\
[startup]
boot = { dist = \"empirical\", file = \"boot.csv\", column = \"seconds\" }
--- boot.csv ---
seconds
8.2
fast
",
    right: "\
[startup]
boot = { dist = \"empirical\", file = \"boot.csv\", column = \"seconds\" }
--- boot.csv ---
seconds
8.2
7.9
",
};

pub(super) const PROFILE: Entry = Entry {
    severity: Severity::Error,
    title: "a profile's times rise from zero",
    explanation: "\
A profile is a line through points (time, requests per second). Time counts from the start of the
simulation, where the first point must be: nothing would say how much arrives before it. After the
last point its rate is held.",
    wrong: "\
[traffic]
profile = [[\"1m\", 8000], [\"10m\", 19200]]
",
    right: "\
[traffic]
profile = [[\"0s\", 8000], [\"1m\", 8000], [\"10m\", 19200]]
",
};

pub(super) const DEADLINE: Entry = Entry {
    severity: Severity::Error,
    title: "the deadline must be longer than `min_ready`",
    explanation: "\
An instance counts as available after being ready for `readiness.min_ready`; a rollout has failed if
nothing progresses for `readiness.deadline`. If the second is not longer, every rollout fails.
Kubernetes refuses such a Deployment for the same reason.",
    wrong: "\
[readiness]
min_ready = \"10m\"
deadline = \"5m\"
",
    right: "\
[readiness]
min_ready = \"10m\"
deadline = \"20m\"
",
};

pub(super) const GRACE: Entry = Entry {
    severity: Severity::Warning,
    title: "`pre_stop` should fit into `grace`",
    explanation: "\
The grace period begins when an instance is told to stop, so `pre_stop` is a part of it. If
`pre_stop` is longer, the instance is killed while it still accepts requests, and what is in flight
is lost. That can be simulated, but is seldom meant.",
    wrong: "\
[shutdown]
pre_stop = \"60s\"
",
    right: "\
[shutdown]
pre_stop = \"60s\"
grace = \"90s\"
",
};

pub(super) const NO_EFFECT: Entry = Entry {
    severity: Severity::Warning,
    title: "a setting should have an effect",
    explanation: "\
Another setting makes this one idle: a limit on waiting where nothing waits, a back-off where
nothing is tried again. The result would not change if it were left out. Fields that a sweep varies
are not warned of.",
    wrong: "\
[load_balancer]
queue_timeout = \"5s\"
",
    right: "\
[load_balancer]
max_connections = 64
queue_timeout = \"5s\"
",
};
