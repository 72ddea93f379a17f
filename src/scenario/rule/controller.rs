//! Rules about what a vendor's controller makes of its own fields.

use super::{Entry, Severity};

pub(super) const CONTROLLER: Entry = Entry {
    severity: Severity::Warning,
    title: "a controller's own arithmetic has a catch here",
    explanation: "\
The strategies named after a vendor's controller round and count as that controller does. Where that
comes to something that its author may not expect (bounds between which no task may ever move, a
minimum that the fleet cannot keep), or where the vendor's documentation leaves open what happens
and the model had to choose, this tells. The rollout is simulated as written.",
    wrong: "\
[fleet]
instances = 3

[strategies.ecs]
kind = \"ecs\"
minimum_healthy_percent = \"100%\"
maximum_percent = \"125%\"
",
    right: "\
[fleet]
instances = 3

[strategies.ecs]
kind = \"ecs\"
minimum_healthy_percent = \"66%\"
maximum_percent = \"125%\"
",
};
