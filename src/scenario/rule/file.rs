//! Rules about the file itself: whether it can be read, and what is written in it.

use super::{Entry, Severity};

pub(super) const UNREADABLE: Entry = Entry {
    severity: Severity::Error,
    title: "a file must be there and readable",
    explanation: "\
The scenario, or a file that it names, is missing, is a folder, or may not be read. Paths on the
command line are relative to where you are; paths inside a scenario are relative to the scenario.",
    wrong: "rollsim run no-such-file.toml",
    right: "rollsim run scenario.toml",
};

pub(super) const TOO_LARGE: Entry = Entry {
    severity: Severity::Error,
    title: "a file must not be too large",
    explanation: "\
Scenarios and manifests are written by people and are small: at most 8 MiB. CSV files of samples
and traces may have up to 256 MiB. A larger file is most likely not the one that was meant, and is
refused before it is read.",
    wrong: "rollsim run 9-mebibytes.toml",
    right: "rollsim run scenario.toml",
};

pub(super) const NOT_UTF8: Entry = Entry {
    severity: Severity::Error,
    title: "a file must be UTF-8 text",
    explanation: "\
TOML, YAML and CSV are read as UTF-8. A file in another encoding, or one that is no text at all,
is refused; the line of the first byte that does not fit is named.",
    wrong: "rollsim run latin-1.toml",
    right: "rollsim run scenario.toml",
};

pub(super) const SYNTAX: Entry = Entry {
    severity: Severity::Error,
    title: "a scenario must be TOML",
    explanation: "\
The text does not follow TOML's grammar. The usual causes are text without quotes (durations and
percentages are text: \"90s\", \"25%\"), a bracket that is never closed, and a key that is given
twice. Nothing else is checked until the grammar is right.",
    wrong: "\
[readiness]
period = 5s
",
    right: "\
[readiness]
period = \"5s\"
",
};

pub(super) const UNKNOWN_KEY: Entry = Entry {
    severity: Severity::Error,
    title: "every key must be one of the format",
    explanation: "\
A key that is not known would silently do nothing, so it is an error; the nearest known key is
named, or all of them. A strategy knows the keys of its own kind only.",
    wrong: "\
[readiness]
perod = \"5s\"
",
    right: "\
[readiness]
period = \"5s\"
",
};

pub(super) const WRONG_TYPE: Entry = Entry {
    severity: Severity::Error,
    title: "every value must be of its field's type",
    explanation: "\
Durations are text with a unit (\"250ms\", \"90s\", \"1h30m\"), counts are whole numbers, fractions
are numbers or percentages (0.25 or \"25%\"), and fields with several parts are tables. The message
says what is expected and what was given.",
    wrong: "\
[readiness]
period = 5
",
    right: "\
[readiness]
period = \"5s\"
",
};

pub(super) const NOT_UNDERSTOOD: Entry = Entry {
    severity: Severity::Error,
    title: "every value must be one that its field understands",
    explanation: "\
The value has the right type, but is no duration, no percentage, or none of the field's words.
Durations need a unit; months and years have no fixed length and are not taken; nothing may be
negative or longer than ten years.",
    wrong: "\
[load_balancer]
policy = \"rund-robin\"
lag = \"soon\"
",
    right: "\
[load_balancer]
policy = \"round-robin\"
lag = \"2s\"
",
};

pub(super) const MISSING_KEY: Entry = Entry {
    severity: Severity::Error,
    title: "some keys have no default",
    explanation: "\
A scenario needs `fleet.instances`, the traffic, and at least one strategy with its `kind`; some
kinds need more, such as the `steps` of a canary. All else has a default. With `manifest = …` in a
strategy, the manifest says how many instances there are.",
    wrong: "\
[fleet]
zones = [\"a\", \"b\"]
",
    right: "\
[fleet]
instances = 12
zones = [\"a\", \"b\"]
",
};

pub(super) const FORMAT: Entry = Entry {
    severity: Severity::Error,
    title: "the format must be one that is known",
    explanation: "\
`format` is the version of the scenario format, so that a later program can tell old files from new
ones. There is one version so far, 1, which is also the default.",
    wrong: "format = 2\n",
    right: "format = 1\n",
};

pub(super) const NAME: Entry = Entry {
    severity: Severity::Error,
    title: "the scenario's name must fit a folder's",
    explanation: "\
Results go to `results/NAME/`, so a name has lower-case letters, digits and `-` only, at most 100
of them. Without `name` it is the file's own name, with other characters replaced by `-`.",
    wrong: "name = \"API Gateway\"\n",
    right: "name = \"api-gateway\"\n",
};
