//! The whole room: texts in, plans or complete error outputs out.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::load::{self, Catalog, Loaded};
use super::{Overrides, Report};
use crate::manifest::{Imported, Problem as ManifestProblem};
use crate::strategy::{Kind, OnFailure, Parameters, Problem, Setup, Strategy};
use crate::units::{CountOrPercent, SimDuration};

/// Parameters in the manner of a rolling update, for tests of this room alone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rolling {
    pub(super) max_unavailable: CountOrPercent,
    pub(super) max_surge: CountOrPercent,
    replacement: Replacement,
    bake: SimDuration,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Replacement {
    New,
    InPlace,
}

impl Default for Rolling {
    fn default() -> Self {
        let quarter = CountOrPercent::Percent("25%".parse().expect("a percentage"));
        Self {
            max_unavailable: quarter,
            max_surge: quarter,
            replacement: Replacement::New,
            bake: SimDuration::ZERO,
        }
    }
}

impl Parameters for Rolling {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        if self.max_unavailable.is_written_zero() && self.max_surge.is_written_zero() {
            return vec![Problem {
                field: "max_surge".into(),
                because: Some("max_unavailable".into()),
                message: "`max_surge` and `max_unavailable` cannot both be zero".into(),
                help: "raise one of them to 1".into(),
            }];
        }
        Vec::new()
    }

    fn begin(&self, _setup: Setup) -> Box<dyn Strategy> {
        panic!("nothing runs in these tests: {:?} {:?}", self.bake, self.replacement)
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Stall
    }
}

/// Parameters without fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl Parameters for Nothing {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        Vec::new()
    }

    fn begin(&self, _setup: Setup) -> Box<dyn Strategy> {
        panic!("nothing runs in these tests")
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Rollback
    }
}

/// Parameters with an array of tables.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    weight: crate::units::Ratio,
    #[serde(default)]
    pause: SimDuration,
}

impl Parameters for Steps {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        let pairs = self.steps.windows(2).enumerate();
        pairs
            .filter(|(_, pair)| pair[1].weight < pair[0].weight)
            .map(|(index, _)| Problem {
                field: format!("steps.{}.weight", index + 1),
                because: Some(format!("steps.{index}.weight")),
                message: "the weights of the steps must not go down".into(),
                help: "put the steps in the order of their weights".into(),
            })
            .collect()
    }

    fn begin(&self, _setup: Setup) -> Box<dyn Strategy> {
        panic!("nothing runs in these tests: {:?}", self.steps.first().map(|step| step.pause))
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Rollback
    }
}

macro_rules! kind {
    ($name:literal, $type:ty) => {
        Kind {
            name: $name,
            summary: "",
            source: "",
            parse: |value| Ok(Arc::new(<$type>::deserialize(value)?)),
        }
    };
}

pub(super) const KINDS: &[Kind] = &[
    kind!("none", Nothing),
    kind!("recreate", Nothing),
    kind!("rolling", Rolling),
    kind!("canary", Steps),
    kind!("blue-green", Nothing),
];

fn importer(
    text: &str,
    _path: &str,
    object: Option<&str>,
) -> Result<Imported, Vec<ManifestProblem>> {
    let _ = (text, object);
    Ok(Imported::default())
}

pub(super) const CATALOG: Catalog<'static> = Catalog { kinds: KINDS, importer };

pub(super) fn parse(text: &str, sets: &[&str], sweeps: &[&str]) -> Result<Loaded, Report> {
    let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    let overrides = Overrides { sets: own(sets), sweeps: own(sweeps) };
    load::parse(text.to_owned(), Path::new("scenarios/test.toml"), &overrides, CATALOG)
}

pub(super) const MINIMAL: &str = "\
[fleet]
instances = 12

[traffic]
rate = 19200

[strategies.rolling]
kind = \"rolling\"
";

#[test]
fn a_minimal_file_is_a_scenario() {
    let loaded = parse(MINIMAL, &[], &[]).expect("a valid scenario");
    assert_eq!(loaded.scenario.name, "test");
    assert_eq!(loaded.scenario.variants.len(), 1);
    assert!(loaded.warnings.diagnostics.is_empty());
}
