//! Rules about strategies and the manifests that stand for them.

use super::{Entry, Severity};

pub(super) const PARAMETERS: Entry = Entry {
    severity: Severity::Error,
    title: "a strategy's fields must fit each other and the fleet",
    explanation: "\
Each kind of strategy has rules of its own: `rolling` cannot have both bounds at zero, the weights
of a canary cannot go down, a surge has no place where instances are replaced in place. Both places
are shown; `rollsim explain rolling` tells what the kind does.",
    wrong: "\
[strategies.careful]
kind = \"rolling\"
max_unavailable = 0
max_surge = 0
",
    right: "\
[strategies.careful]
kind = \"rolling\"
max_unavailable = 0
max_surge = 1
",
};

pub(super) const SURGE_ROOM: Entry = Entry {
    severity: Severity::Error,
    title: "the cluster must have room for the surge",
    explanation: "\
`startup.surge_capacity` says how many instances the cluster can hold beyond the desired count. A
strategy that may not go below the desired count lives on extra instances; those that find no room
wait for ever, and so does the rollout. Lower the surge to what fits, raise the capacity, or allow
some instances to be unavailable.",
    wrong: "\
[startup]
surge_capacity = 2

[strategies.surge]
kind = \"rolling\"
max_unavailable = 0
max_surge = 3
",
    right: "\
[startup]
surge_capacity = 2

[strategies.surge]
kind = \"rolling\"
max_unavailable = 0
max_surge = 2
",
};

pub(super) const KIND: Entry = Entry {
    severity: Severity::Error,
    title: "a strategy must be of a kind that there is",
    explanation: "\
`kind` says what the strategy does and which fields it has; `rollsim list strategies` shows every
kind. The name of the table, `[strategies.NAME]`, is yours.",
    wrong: "\
[strategies.prod]
kind = \"roling\"
",
    right: "\
[strategies.prod]
kind = \"rolling\"
",
};

pub(super) const ROLLBACK_NAME: Entry = Entry {
    severity: Severity::Error,
    title: "`rollback` names a strategy that can roll back",
    explanation: "\
`rollback = \"NAME\"` rolls back with another strategy of the same file, by the name of its table. A
strategy of kind `none` changes nothing, so it brings no version back.",
    wrong: "\
[strategies.steady]
kind = \"rolling\"
on_failure = \"rollback\"
rollback = \"fsat\"

[strategies.fast]
kind = \"recreate\"
",
    right: "\
[strategies.steady]
kind = \"rolling\"
on_failure = \"rollback\"
rollback = \"fast\"

[strategies.fast]
kind = \"recreate\"
",
};

pub(super) const ROLLBACK_CIRCLE: Entry = Entry {
    severity: Severity::Error,
    title: "rollbacks must not go in a circle",
    explanation: "\
Without `rollback` a strategy rolls back with itself, versions exchanged, so naming itself says
nothing. A rollback is not rolled back, so two strategies that name each other say more than can
happen.",
    wrong: "\
[strategies.steady]
kind = \"rolling\"
on_failure = \"rollback\"
rollback = \"steady\"
",
    right: "\
[strategies.steady]
kind = \"rolling\"
on_failure = \"rollback\"
",
};

pub(super) const STRATEGY_NAME: Entry = Entry {
    severity: Severity::Error,
    title: "a strategy's name has letters, digits, `-` and `_`",
    explanation: "\
The name stands in file names, columns and paths such as `strategies.NAME.max_surge`, and a
variant's name adds ` key=value` to it. So it is one word: letters, digits, `-` and `_`.",
    wrong: "\
[strategies.\"two at a time\"]
kind = \"rolling\"
",
    right: "\
[strategies.two-at-a-time]
kind = \"rolling\"
",
};

pub(super) const MANIFEST: Entry = Entry {
    severity: Severity::Error,
    title: "a manifest must be one that can be read",
    explanation: "\
`manifest` names a file that a controller would act on. It is not valid, it is of a kind that is not
known, or it holds several objects of which `object` must choose one. The place is that in the
manifest.",
    wrong: "\
[strategies.prod]
manifest = \"service.yaml\"
--- service.yaml ---
apiVersion: v1
kind: Service
metadata:
  name: web
",
    right: "\
[strategies.prod]
manifest = \"deployment.yaml\"
--- deployment.yaml ---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 12
  selector:
    matchLabels: { app: web }
  template:
    metadata:
      labels: { app: web }
    spec:
      containers:
        - name: web
          image: web:2
          readinessProbe:
            httpGet: { path: /ready, port: 8080 }
",
};

pub(super) const MANIFEST_KIND: Entry = Entry {
    severity: Severity::Error,
    title: "with a manifest, the manifest says the kind",
    explanation: "\
`manifest` brings the kind of the strategy with it: leave `kind` out, or give the same. Other fields
that stand beside `manifest` win over what it says. `object` chooses one object of a manifest, so it
needs one.",
    wrong: "\
[strategies.prod]
kind = \"rolling\"
object = \"web\"
",
    right: "\
[strategies.prod]
kind = \"rolling\"
",
};

pub(super) const MANIFEST_NOTE: Entry = Entry {
    severity: Severity::Warning,
    title: "a manifest says more than is simulated",
    explanation: "\
What a manifest holds and the simulation leaves out is said once, so that nobody takes it for
simulated. The run goes on. Set the field in the scenario if there is one for it.",
    wrong: "\
[strategies.prod]
manifest = \"deployment.yaml\"
--- deployment.yaml ---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 12
  paused: true
  selector:
    matchLabels: { app: web }
  template:
    metadata:
      labels: { app: web }
    spec:
      containers:
        - name: web
          image: web:2
          readinessProbe:
            httpGet: { path: /ready, port: 8080 }
",
    right: "\
[strategies.prod]
kind = \"rolling\"
",
};

pub(super) const INNER: Entry = Entry {
    severity: Severity::Error,
    title: "an inner strategy must be there, and must fit",
    explanation: "\
`inner` names another strategy of the file, which is then run over a part of the fleet, or before
something else happens. Waves need one that shares requests by the number of instances alone:
`recreate`, `rolling`, `immutable`, or a `canary` with `routing = \"by-count\"`.",
    wrong: "\
[strategies.waves]
kind = \"waves\"
inner = \"steady\"
",
    right: "\
[strategies.waves]
kind = \"waves\"
inner = \"steady\"

[strategies.steady]
kind = \"rolling\"
",
};
