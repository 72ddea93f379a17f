//! Rules about what a person does, and about ways back.

use super::{Entry, Severity};

pub(super) const OPERATOR: Entry = Entry {
    severity: Severity::Error,
    title: "what a person does must be able to happen",
    explanation: "\
Each `[[operator]]` acts once, `at` a time from the rollout's start, before `simulation.max_time`.
`scale` needs `to`, the other actions have none. A release is rolled back once and superseded once:
a second `rollback` would be an oscillation, and there is no fourth version. Strategies that stand
for a controller which refuses a release on the way, or restarts from nothing, take no `release` and
no `overlapping-rollout`; `waves`, `flag` and `shadow` take one where their `inner` does.",
    wrong: "\
[[operator]]
at = \"2m\"
action = \"scale\"
",
    right: "\
[[operator]]
at = \"2m\"
action = \"scale\"
to = 20
",
};

pub(super) const FAST_ROLLBACK: Entry = Entry {
    severity: Severity::Error,
    title: "a fast rollback widens bounds, so there must be bounds",
    explanation: "\
`rollback = { fast = 2.0 }` rolls back with the same strategy and bounds twice as wide. Strategies
that switch requests back at once have no bounds to widen. The factor is a finite number above 0.",
    wrong: "\
[strategies.canary]
kind = \"canary\"
steps = [{ weight = \"10%\", pause = \"1m\" }]
rollback = { fast = 2.0 }
",
    right: "\
[strategies.canary]
kind = \"canary\"
steps = [{ weight = \"10%\", pause = \"1m\" }]
",
};
