//! `summary.json`: everything a program needs.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::number;
use super::table_file::Heading;
use crate::experiment::compare::{Comparison, Family};
use crate::experiment::mixture::{Mixed, MixedEstimate};
use crate::experiment::{Adjusted, Estimate, Pooled, Results, VariantResults};
use crate::measure::{HEADLINE, METRICS};
use crate::scenario::World;

/// Version of the schema that this program writes and reads.
pub const SCHEMA: u32 = 1;

/// How a summary without variants says so.
const NO_VARIANTS: &str = "\n  \"variants\": []";

/// Metrics that charts show besides the headline metrics and the failures.
const ALSO_SHOWN: [&str; 2] = ["error_rate", "burn_rate_max"];

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

impl Summary {
    /// What is to be written of `results`, whose `runs.csv` has this digest.
    #[must_use]
    pub fn of(results: &Results, digest: &str) -> Self {
        let heading = Heading::of_results(results);
        let mut family = Family::new(heading.compare.clone());
        for variant in &results.variants {
            family.add(&variant.name, heading.compare.values(variant.observations().iter()));
        }
        let variants = results.variants.iter().map(VariantSummary::of).collect();
        Self::new(&heading, digest, variants, family)
    }

    /// From its parts.
    pub(super) fn new(
        heading: &Heading,
        digest: &str,
        variants: Vec<VariantSummary>,
        family: Family,
    ) -> Self {
        Self {
            schema: SCHEMA,
            scenario: heading.scenario.clone(),
            seed: heading.seed,
            digest: digest.to_owned(),
            rollsim: env!("CARGO_PKG_VERSION").to_owned(),
            world: heading.world.clone(),
            variants,
            comparisons: family.finish().into_iter().map(rounded_comparison).collect(),
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

    /// Writes the file with the variants' own text, [`VariantSummary::to_json`] of each with commas
    /// between, where this summary has none.
    ///
    /// # Errors
    /// If `variants` cannot be read or `out` cannot be written.
    pub(super) fn render_with(
        &self,
        variants: &mut impl Read,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut text = Vec::new();
        self.render(&mut text)?;
        let text = String::from_utf8(text).map_err(io::Error::other)?;
        let Some((before, after)) = text.split_once(NO_VARIANTS) else {
            return Err(io::Error::other("the summary has variants of its own"));
        };
        write!(out, "{before}\n  \"variants\": [")?;
        if io::copy(variants, out)? > 0 {
            write!(out, "\n  ")?;
        }
        write!(out, "]{after}")
    }

    /// Reads what [`Summary::render`] wrote.
    ///
    /// # Errors
    /// If it is not a summary of this schema, or cannot be read.
    pub fn read(source: impl Read) -> serde_json::Result<Self> {
        let summary: Self = serde_json::from_reader(source)?;
        if summary.schema != SCHEMA {
            return Err(serde::de::Error::custom(format!(
                "schema {} is not schema {SCHEMA}, which this version reads",
                summary.schema
            )));
        }
        Ok(summary)
    }
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
        let text = serde_json::to_string_pretty(self).expect("a summary has a form in JSON");
        format!("\n{text}").replace('\n', "\n    ")
    }

    /// Drops the metrics that neither tables nor charts show.
    pub(super) fn keep_shown(&mut self) {
        let is_shown = |name: &str| {
            HEADLINE.contains(&name) || name.starts_with("failed") || ALSO_SHOWN.contains(&name)
        };
        self.metrics.retain(|name, _| is_shown(name));
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
    use crate::experiment::fixture;

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

    #[test]
    fn variants_written_one_by_one_make_the_same_file() {
        for names in [&[][..], &["surge"], &["surge", "recreate", "canary"]] {
            let summary = Summary::of(&fixture::results(names, 2), "d");
            let mut whole = Vec::new();
            summary.render(&mut whole).expect("memory can be written");
            let texts: Vec<String> = summary.variants.iter().map(VariantSummary::to_json).collect();
            let rest = Summary { variants: Vec::new(), ..summary };
            let mut spliced = Vec::new();
            rest.render_with(&mut texts.join(",").as_bytes(), &mut spliced).expect("written");
            assert_eq!(String::from_utf8(spliced), String::from_utf8(whole));
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
    }
}
