//! The whole room: texts in, plans or complete error outputs out.

mod defaults;
mod errors;
mod faults;
mod files;
mod gates;
mod policy;
mod random;
mod rules;
mod variants;

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::load::{self, Catalog, Loaded};
use super::{Overrides, Report};
use crate::manifest::{Imported, Manifest, Problem as ManifestProblem};
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

/// Reads `replicas` of what is said to be a Deployment, for tests of this room alone.
fn importer(
    manifests: &[Manifest<'_>],
    object: Option<&str>,
) -> Result<Imported, Vec<ManifestProblem>> {
    let file = manifests.len() - 1;
    let Manifest { path, text } = manifests[file];
    let problem = |line: usize, message: String| {
        let help = Some("name another".into());
        vec![ManifestProblem { file, line, column: 7, message, help }]
    };
    if !text.contains("kind: Deployment") {
        return Err(problem(2, format!("`{path}` holds no Deployment")));
    }
    if let Some(object) = object.filter(|object| !text.contains(&format!("name: {object}"))) {
        return Err(problem(4, format!("no Deployment is called `{object}`")));
    }
    let strategy = "kind = \"rolling\"\nmax_unavailable = \"25%\"\nmax_surge = 3\n";
    let scenario = "fleet.instances = 12\nreadiness.deadline = \"10m\"\nreadiness.period = \"7s\"\n\
                    liveness.period = \"3s\"\nliveness.timeout = \"2s\"\n";
    let table = |text: &str| text.parse::<toml::Table>().expect("the text is TOML");
    let notes = text.contains("paused: true").then(|| "`spec.paused` is not simulated".into());
    Ok(Imported {
        strategy: table(strategy),
        scenario: table(scenario),
        notes: notes.into_iter().collect(),
        ..Imported::default()
    })
}

pub(super) const CATALOG: Catalog<'static> = Catalog { kinds: KINDS, importer };

/// What the command line changes.
pub(super) fn overrides(sets: &[&str], sweeps: &[&str]) -> Overrides {
    let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    Overrides { sets: own(sets), sweeps: own(sweeps) }
}

/// A scenario from its text alone.
pub(super) fn parse(text: &str, sets: &[&str], sweeps: &[&str]) -> Result<Loaded, Report> {
    let path = Path::new("scenarios/test.toml");
    load::parse(text.to_owned(), path, &overrides(sets, sweeps), CATALOG)
}

/// The codes of what is reported, in the order of the places.
pub(super) fn codes(read: &Result<Loaded, Report>) -> Vec<&'static str> {
    let report = match read {
        Ok(loaded) => &loaded.warnings,
        Err(report) => report,
    };
    report.diagnostics.iter().map(|diagnostic| diagnostic.rule.code).collect()
}

/// A scenario with the tables that `part` leaves out.
pub(super) fn completed(part: &str) -> String {
    let mut text = part.to_owned();
    let parts = [
        ("[fleet]", "instances = 12"),
        ("[traffic]", "rate = 1000"),
        ("[strategies.", "rolling]\nkind = \"rolling\""),
    ];
    for (header, rest) in parts {
        if !part.contains(header) {
            text.push_str(&format!(
                "\n{header}{}{rest}\n",
                if rest.contains(']') { "" } else { "\n" }
            ));
        }
    }
    text
}
