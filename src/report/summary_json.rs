//! `summary.json`: everything a program needs.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::chart::Variants;
use super::number;
use super::table_file::Heading;
use crate::experiment::compare::{Comparison, Comparisons};
use crate::experiment::mixture::{Mixed, MixedEstimate};
use crate::experiment::spool::Spool;
use crate::experiment::{Adjusted, Estimate, Pooled, VariantResults};
use crate::measure::METRICS;
use crate::scenario::World;

/// Version of the schema that this program writes and reads.
pub const SCHEMA: u32 = 1;

/// How a summary without variants and comparisons ends.
const NO_LISTS: &str = ",\n  \"variants\": [],\n  \"comparisons\": []\n}\n";

/// What `summary.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of the schema.
    pub schema: u32,
    /// The scenario's name.
    pub scenario: String,
    /// The scenario's seed.
    pub seed: u64,
    /// BLAKE3 of `runs.csv`, hexadecimal: equal digests, equal samples.
    pub digest: String,
    /// Version of the program that wrote it.
    pub rollsim: String,
    /// Hashes of the parts of the scenario but the strategies: equal ones, comparable runs. Empty
    /// where the program that wrote it knew none.
    #[serde(default)]
    pub world: World,
    /// One for each variant, in the scenario's order.
    pub variants: Vec<VariantSummary>,
    /// Every variant against the base: the first, or the one that was named.
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
    /// What each strategy does to releases of several sorts together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mixtures: Vec<MixtureSummary>,
}

/// What `summary.json` holds of one mixture of releases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MixtureSummary {
    /// Its name.
    pub name: String,
    /// How often the sort of release of each variant comes, by the variant's name.
    pub shares: BTreeMap<String, f64>,
    /// How often each outcome comes.
    pub outcomes: BTreeMap<String, Pooled>,
    /// The estimates by the metric's name; a metric that some replication does not define is left
    /// out.
    pub metrics: BTreeMap<String, MixedEstimate>,
}

impl MixtureSummary {
    pub(super) fn of(mixed: &Mixed) -> Self {
        let estimates = METRICS.iter().zip(&mixed.estimates);
        Self {
            name: mixed.name.clone(),
            shares: mixed.parts.iter().cloned().collect(),
            outcomes: mixed
                .outcomes
                .iter()
                .map(|&(outcome, share)| (outcome.name().to_owned(), rounded_share(share)))
                .collect(),
            metrics: estimates
                .filter_map(|(metric, estimate)| {
                    let MixedEstimate { mean, ci95, n, method } = (*estimate)?;
                    let ci95 = ci95.map(|interval| interval.map(number::rounded));
                    let rounded = MixedEstimate { mean: number::rounded(mean), ci95, n, method };
                    Some((metric.name.to_owned(), rounded))
                })
                .collect(),
        }
    }
}

/// What `summary.json` holds of one variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VariantSummary {
    /// The variant's name.
    pub name: String,
    /// The strategy's name.
    pub strategy: String,
    /// The swept fields that touch it, by full path.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// How many runs there were.
    pub replications: u32,
    /// How many of them ended in each way.
    pub outcomes: BTreeMap<String, u32>,
    /// Of those, the share with its interval.
    #[serde(default)]
    pub outcome_shares: BTreeMap<String, Pooled>,
    /// The estimates by the metric's name; a metric that no run defines is left out.
    pub metrics: BTreeMap<String, Estimate>,
}

/// The long lists of a summary, out of the way until they are written: the texts of their elements.
#[derive(Debug)]
pub(super) struct Lists {
    variants: Spool<String>,
    mixtures: Spool<String>,
}

impl Lists {
    /// Empty ones, that will be in `folder`.
    pub(super) fn within(folder: &Path) -> Self {
        Self { variants: Spool::within(folder), mixtures: Spool::within(folder) }
    }

    /// Adds a variant by its text.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn push_variant(&mut self, text: &String) -> io::Result<()> {
        self.variants.push(text)
    }

    /// Adds a mixture.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(super) fn push_mixture(&mut self, mixture: &MixtureSummary) -> io::Result<()> {
        self.mixtures.push(&element(mixture))
    }
}

/// The text of an element of one of the summary's lists, from the end of the line before it.
fn element(of: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(of).expect("a summary has a form in JSON");
    format!("\n{text}").replace('\n', "\n    ")
}

/// Writes a list of the summary, from the end of the line before it.
fn put_list(
    name: &str,
    elements: impl Iterator<Item = io::Result<String>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(out, "\n  \"{name}\": [")?;
    let mut is_empty = true;
    for element in elements {
        let comma = if is_empty { "" } else { "," };
        write!(out, "{comma}{}", element?)?;
        is_empty = false;
    }
    write!(out, "{}]", if is_empty { "" } else { "\n  " })
}

impl Summary {
    /// Without variants, comparisons and mixtures.
    pub(super) fn new(heading: &Heading, digest: &str) -> Self {
        Self {
            schema: SCHEMA,
            scenario: heading.scenario.clone(),
            seed: heading.seed,
            digest: digest.to_owned(),
            rollsim: env!("CARGO_PKG_VERSION").to_owned(),
            world: heading.world.clone(),
            variants: Vec::new(),
            comparisons: Vec::new(),
            mixtures: Vec::new(),
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn render(&self, mut out: impl Write) -> serde_json::Result<()> {
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n").map_err(serde_json::Error::io)
    }

    /// Writes the file with these lists, where this summary has none.
    ///
    /// # Errors
    /// If the lists cannot be read or `out` cannot be written.
    pub(super) fn render_with(
        &self,
        lists: &mut Lists,
        comparisons: &mut Comparisons,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut text = Vec::new();
        self.render(&mut text)?;
        let text = String::from_utf8(text).map_err(io::Error::other)?;
        let Some(head) = text.strip_suffix(NO_LISTS) else {
            return Err(io::Error::other("the summary has lists of its own"));
        };
        write!(out, "{head},")?;
        put_list("variants", lists.variants.records()?, out)?;
        write!(out, ",")?;
        let compared = comparisons.all()?;
        let compared = compared.map(|one| one.map(|one| element(&rounded_comparison(one))));
        put_list("comparisons", compared, out)?;
        if !lists.mixtures.is_empty() {
            write!(out, ",")?;
            put_list("mixtures", lists.mixtures.records()?, out)?;
        }
        out.write_all(b"\n}\n")
    }

    /// Reads what [`Summary::render`] wrote.
    ///
    /// # Errors
    /// If it is not a summary of this schema, or cannot be read.
    pub fn read(source: impl Read) -> serde_json::Result<Self> {
        let summary: Self = serde_json::from_reader(source)?;
        check_schema(summary.schema)?;
        Ok(summary)
    }
}

/// What charts need of it.
#[derive(Debug, Deserialize)]
pub(super) struct Charted {
    schema: u32,
    pub(super) scenario: String,
    pub(super) variants: Variants,
}

impl Charted {
    /// Reads what [`Summary::render`] wrote.
    ///
    /// # Errors
    /// If it is not a summary of this schema, or cannot be read.
    pub(super) fn read(source: impl Read) -> serde_json::Result<Self> {
        let charted: Self = serde_json::from_reader(source)?;
        check_schema(charted.schema)?;
        Ok(charted)
    }
}

fn check_schema(schema: u32) -> serde_json::Result<()> {
    if schema == SCHEMA {
        return Ok(());
    }
    Err(serde::de::Error::custom(format!(
        "schema {schema} is not schema {SCHEMA}, which this version reads"
    )))
}

impl VariantSummary {
    pub(super) fn of(variant: &VariantResults) -> Self {
        let outcomes = variant.outcomes();
        let replications = u32::try_from(variant.runs.len()).unwrap_or(u32::MAX);
        let shares = outcomes.iter().filter_map(|&(outcome, runs)| {
            let share = Pooled::of_runs(runs, replications)?;
            Some((outcome.name().to_owned(), rounded_share(share)))
        });
        let estimates = METRICS.iter().zip(variant.estimates());
        Self {
            name: variant.name.clone(),
            strategy: variant.strategy.clone(),
            parameters: variant.parameters.iter().cloned().collect(),
            replications,
            outcome_shares: shares.collect(),
            outcomes: outcomes
                .iter()
                .map(|&(outcome, runs)| (outcome.name().to_owned(), runs))
                .collect(),
            metrics: estimates
                .filter_map(|(metric, estimate)| {
                    estimate.map(|estimate| (metric.name.to_owned(), rounded(estimate)))
                })
                .collect(),
        }
    }

    /// Its text in the file, from the end of the line before it.
    pub(super) fn to_json(&self) -> String {
        element(self)
    }

    /// The estimate of the metric called `name`; none where no run defines it.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&Estimate> {
        self.metrics.get(name)
    }
}

/// The same numbers in the file and on the screen.
fn rounded_comparison(comparison: Comparison) -> Comparison {
    let round = number::rounded;
    Comparison {
        difference: round(comparison.difference),
        ci95: comparison.ci95.map(round),
        p_adjusted: round(comparison.p_adjusted),
        p: round(comparison.p),
        correlation: comparison.correlation.map(round),
        gain: comparison.gain.map(round),
        ..comparison
    }
}

/// The same numbers as in `summary.csv`.
fn rounded(estimate: Estimate) -> Estimate {
    let round = number::rounded;
    let both = |interval: Option<[f64; 2]>| interval.map(|interval| interval.map(round));
    Estimate {
        mean: round(estimate.mean),
        ci95: both(estimate.ci95),
        min: round(estimate.min),
        p05: round(estimate.p05),
        p50: round(estimate.p50),
        p95: round(estimate.p95),
        max: round(estimate.max),
        p05_ci95: both(estimate.p05_ci95),
        p50_ci95: both(estimate.p50_ci95),
        p95_ci95: both(estimate.p95_ci95),
        ratio: estimate.ratio.map(rounded_share),
        controlled: estimate.controlled.map(|found| Adjusted {
            mean: round(found.mean),
            ci95: found.ci95.map(round),
            gain: round(found.gain),
        }),
        antithetic_gain: estimate.antithetic_gain.map(round),
        ..estimate
    }
}

fn rounded_share(share: Pooled) -> Pooled {
    let ci95 = share.ci95.map(|interval| interval.map(number::rounded));
    Pooled { value: number::rounded(share.value), ci95, ..share }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::compare::Family;
    use crate::experiment::{Results, fixture};
    use crate::report::chart::Input;

    fn comparisons(results: &Results) -> Comparisons {
        let question = Heading::of_results(results).compare;
        let mut family = Family::new(question.clone());
        for variant in &results.variants {
            let values = question.values(variant.observations().iter());
            family.add(&variant.name, values).expect("put aside");
        }
        family.finish()
    }

    impl Summary {
        /// What is to be written of `results`, whose `runs.csv` has this digest.
        pub(in crate::report) fn of(results: &Results, digest: &str) -> Self {
            let mut comparisons = comparisons(results);
            let compared = comparisons.all().expect("read").map(|one| one.expect("read"));
            Self {
                variants: results.variants.iter().map(VariantSummary::of).collect(),
                comparisons: compared.map(rounded_comparison).collect(),
                ..Self::new(&Heading::of_results(results), digest)
            }
        }
    }

    fn text(replications: u32) -> String {
        let results = fixture::results(&["rolling rolling.max_unavailable=2"], replications);
        let mut out = Vec::new();
        Summary::of(&results, "d1").render(&mut out).expect("memory can be written");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_file_has_the_promised_shape() {
        let head = r#"{
  "schema": 1,
  "scenario": "api-gateway",
  "seed": 7,
  "digest": "d1",
  "rollsim": "0.1.0",
  "world": {},
  "variants": [
    {
      "name": "rolling rolling.max_unavailable=2",
      "strategy": "rolling",
      "parameters": {
        "strategies.rolling.max_unavailable": 2
      },
      "replications": 1,
      "outcomes": {
        "completed": 1
      },
      "outcome_shares": {
        "completed": {
          "value": 1.0,
          "ci95": [
            0.206549314377237,
            1.0
          ],
          "method": "wilson"
        }
      },
      "metrics": {
"#;
        let text = text(1);
        assert!(text.starts_with(head), "{text}");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let duration = &value["variants"][0]["metrics"]["duration_s"];
        let wanted = serde_json::json!({"mean": 84.0, "ci95": null, "min": 84.0, "p05": 84.0,
            "p50": 84.0, "p95": 84.0, "max": 84.0, "n": 1, "method": "student-t",
            "p05_ci95": null, "p50_ci95": null, "p95_ci95": null});
        assert_eq!(duration, &wanted);
        assert!(value["variants"][0]["metrics"]["rollback_s"].is_null());
    }

    fn mixture() -> MixtureSummary {
        MixtureSummary {
            name: "surge".into(),
            shares: [("surge release=good".to_owned(), 1.0)].into(),
            outcomes: BTreeMap::new(),
            metrics: BTreeMap::new(),
        }
    }

    #[test]
    fn variants_written_one_by_one_make_the_same_file() {
        for names in [&[][..], &["surge"], &["surge", "recreate", "canary"]] {
            for mixtures in 0..3 {
                let results = fixture::results(names, 2);
                let mixtures = vec![mixture(); mixtures];
                let summary = Summary { mixtures, ..Summary::of(&results, "d") };
                let mut whole = Vec::new();
                summary.render(&mut whole).expect("memory can be written");
                let mut lists = Lists::within(&std::env::temp_dir());
                for variant in &summary.variants {
                    lists.push_variant(&variant.to_json()).expect("written");
                }
                for mixture in &summary.mixtures {
                    lists.push_mixture(mixture).expect("written");
                }
                let rest = Summary::new(&Heading::of_results(&results), "d");
                let (mut parts, mut compared) = (Vec::new(), comparisons(&results));
                rest.render_with(&mut lists, &mut compared, &mut parts).expect("written");
                assert_eq!(String::from_utf8(parts), String::from_utf8(whole));
            }
        }
    }

    #[test]
    fn what_was_written_can_be_read() {
        let text = text(3);
        let summary = Summary::read(text.as_bytes()).expect("our own summary");
        let mut again = Vec::new();
        summary.render(&mut again).expect("memory can be written");
        assert_eq!(String::from_utf8(again).expect("text"), text);
        let later = text.replacen("\"schema\": 1", "\"schema\": 2", 1);
        let error = Summary::read(later.as_bytes()).expect_err("a later schema").to_string();
        assert!(error.contains("schema 2 is not schema 1"), "{error}");
        let charted = Charted::read(text.as_bytes()).expect("our own summary");
        let input = Input::new(&charted.scenario, charted.variants);
        assert_eq!(input.shown(), summary.variants);
        let error = Charted::read(later.as_bytes()).expect_err("a later schema").to_string();
        assert!(error.contains("schema 2 is not schema 1"), "{error}");
    }
}
