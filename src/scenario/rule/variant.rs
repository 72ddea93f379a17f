//! Rules about sweeps and about what the command line changes.

use super::{Entry, Severity};

pub(super) const NO_SUCH_PATH: Entry = Entry {
    severity: Severity::Error,
    title: "a path must lead to a field",
    explanation: "\
`--set`, `--sweep` and `[[sweep]]` name a field by its path: the keys with dots between, elements of
arrays by their number from 0. Strategies must be there; fields with a default need not be written.
A value that is not a table has no fields inside.",
    wrong: "\
[strategies.rolling]
kind = \"rolling\"

[[sweep]]
path = \"strategies.roling.max_surge\"
values = [1, 2]
",
    right: "\
[strategies.rolling]
kind = \"rolling\"

[[sweep]]
path = \"strategies.rolling.max_surge\"
values = [1, 2]
",
};

pub(super) const NO_VALUES: Entry = Entry {
    severity: Severity::Error,
    title: "a sweep has values",
    explanation: "\
Every value of a sweep makes a variant, so a sweep without values would leave nothing to run. On the
command line the values stand between commas, none of them empty.",
    wrong: "\
[[sweep]]
path = \"fleet.instances\"
values = []
",
    right: "\
[[sweep]]
path = \"fleet.instances\"
values = [12, 20]
",
};

pub(super) const SWEEPS_CLASH: Entry = Entry {
    severity: Severity::Error,
    title: "sweeps must not undo each other",
    explanation: "\
Every combination of the sweeps is a variant with a name of its own. So no sweep may overwrite what
another sets, no value may come twice, and what is the same for all variants (the name, the sweeps
themselves) cannot be swept. A `--sweep` replaces the `[[sweep]]` over the very same path.",
    wrong: "\
[[sweep]]
path = \"startup.boot\"
values = [\"8s\", \"20s\"]

[[sweep]]
path = \"startup.boot.p95\"
values = [\"30s\"]
",
    right: "\
[[sweep]]
path = \"startup.boot\"
values = [\"8s\", { dist = \"lognormal\", median = \"8s\", p95 = \"30s\" }]
",
};

pub(super) const TOO_MANY_VARIANTS: Entry = Entry {
    severity: Severity::Error,
    title: "a scenario has at most 10000 variants",
    explanation: "\
Sweeps multiply: three sweeps with 30 values each make 27000 variants for each strategy, and each
variant runs as often as there are replications. Take fewer values, or split the question.",
    wrong: "\
rollsim run scenario.toml --sweep fleet.instances=1,2,3,4,5,6,7,8,9,10,11,12 \
--sweep instance.slots=1,2,3,4,5,6,7,8,9,10 --sweep instance.queue=0,1,2,3,4,5,6,7,8,9 \
--sweep simulation.seed=1,2,3,4,5,6,7,8,9,10",
    right: "rollsim run scenario.toml --sweep fleet.instances=6,12 --sweep instance.slots=32,64",
};

pub(super) const OVERRIDE: Entry = Entry {
    severity: Severity::Error,
    title: "`--set` and `--sweep` take a path, `=` and a value",
    explanation: "\
The value is TOML if it can be read as that, else text: `25%` and `90s` need no quotes. Tables and
arrays are TOML, and then the shell needs quotes round the whole. A sweep takes several values with
commas between.",
    wrong: "rollsim run scenario.toml --set fleet.instances",
    right: "rollsim run scenario.toml --set fleet.instances=20",
};
