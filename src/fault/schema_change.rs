//! `schema-change`: the database changes under one version.
//!
//! # What it does
//! From the first new instance ready on (or from `at`, or from the last old one gone), the schema
//! is one that a version cannot use: its requests fail at `rate`. `migration_error_rate` is the
//! failed share of all requests sent while the change is active.
//!
//! # When it hurts
//! While versions are mixed, the more of the wrong one there is the more fails: with a migration
//! that runs first, the old version fails until it is gone. A change that both can use (expand),
//! and a second one when no old instance is left (contract), fails nothing: `when =
//! "last-old-gone"`. So does a rollout that never mixes.
//!
//! # Parameters
//! - `rate` (1): share of the version's requests that fail.
//! - `version` ("old"): which one cannot use the new schema.
//! - `when` ("first-new-ready"; or "last-old-gone"): when it begins, where `at` is not given.
//! - `at`, `duration` ("none": to the end), `probability` (1).
//!
//! # Worked example
//! `version = "old"`, `rate = 1` in a rolling update: between the first new instance ready and the
//! last old one gone, the old version's share of the requests fails.

use serde::Deserialize;

use super::{Begin, Effect, Fault, Kind, Problem, Scope, parse, share};
use crate::units::{Ratio, Version};

pub(super) const KIND: Kind = Kind {
    name: "schema-change",
    summary: "the database changes under one version",
    source: include_str!("schema_change.rs"),
    parse: parse::<SchemaChange>,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemaChange {
    #[serde(default = "all")]
    rate: Ratio,
    #[serde(default = "old")]
    version: Version,
    #[serde(default)]
    when: When,
}

/// When the schema changes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum When {
    /// With the first new instance ready.
    #[default]
    FirstNewReady,
    /// With the last old instance gone.
    LastOldGone,
}

const fn all() -> Ratio {
    Ratio::ONE
}

const fn old() -> Version {
    Version::Old
}

impl Fault for SchemaChange {
    fn inject(&self) -> Vec<Effect> {
        vec![Effect::Errors(self.rate), Effect::Migration]
    }

    fn scope(&self) -> Scope {
        Scope { version: Some(self.version), ..Scope::default() }
    }

    fn begin(&self) -> Begin {
        match self.when {
            When::FirstNewReady => Begin::FirstNewReady,
            When::LastOldGone => Begin::LastOldGone,
        }
    }

    fn check(&self) -> Vec<Problem> {
        share("rate", Some(self.rate)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::tests::*;

    #[test]
    fn the_worked_example() {
        let scope = Scope { version: Some(Version::Old), ..everywhere() };
        let effects = vec![Effect::Errors(Ratio::ONE), Effect::Migration];
        assert_eq!(injected(KIND, ""), (effects, scope));
        assert_eq!(wrong(KIND, "rate = 2"), ["rate"]);
    }
}
