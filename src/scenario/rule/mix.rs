//! Rules about releases of several sorts.

use super::{Entry, Severity};

pub(super) const RELEASE_SHARES: Entry = Entry {
    severity: Severity::Error,
    title: "the shares of a release mix add up to 1",
    explanation: "\
`release_mix` says how many of a service's releases are of each sort. Every variant is simulated
with each sort, and the results are weighted by these shares; `rollsim check` asks its policy of all
sorts together. So each share is above 0, and together they are all releases.",
    wrong: "\
release_mix = { good = 0.95, bad = 0.5 }

[release]
error_rate = 0.02
",
    right: "\
release_mix = { good = 0.95, bad = 0.05 }

[release]
error_rate = 0.02
",
};

pub(super) const RELEASE_NAME: Entry = Entry {
    severity: Severity::Error,
    title: "a release mix is of releases that there are",
    explanation: "\
`good` is a release without defects and `bad` is that of `[release]`; these two names are taken.
Every other is that of a table `[releases.NAME]`, which has the keys of `[release]`.",
    wrong: "\
release_mix = { good = 0.9, bad = 0.05, slow = 0.05 }

[release]
error_rate = 0.02
",
    right: "\
release_mix = { good = 0.9, bad = 0.05, slow = 0.05 }

[release]
error_rate = 0.02

[releases.slow]
service_time_factor = 2.0
",
};

pub(super) const RELEASE_IDLE: Entry = Entry {
    severity: Severity::Warning,
    title: "a release that no mix has never comes",
    explanation: "\
With `release_mix`, only the releases that it names are simulated: `[release]` is `bad`, and
`[releases.NAME]` is NAME. Without it, only `[release]` is.",
    wrong: "\
[releases.slow]
service_time_factor = 2.0
",
    right: "\
release_mix = { good = 0.95, slow = 0.05 }

[releases.slow]
service_time_factor = 2.0
",
};
