//! `[gates.NAME]` as it is written: what every gate has, whatever its test.

use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use super::word::WordOr;
use crate::gate::{AnalysisRun, Control, Metric, OnNoData, Pair, Scope, Span};
use crate::units::{Ratio, SimDuration};

/// The fields that every gate has.
pub(crate) const HEAD: &[&str] = &[
    "metric",
    "scope",
    "window",
    "interval",
    "initial_delay",
    "count",
    "failure_limit",
    "consecutive",
    "inconclusive_limit",
    "min_samples",
    "scrape",
    "lag",
    "on_no_data",
    "analysis_run",
    "argo",
    "test",
    "all",
    "any",
];

/// What every gate has, as written.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct GateFile {
    /// What it looks at; missing where it is made of others.
    pub(crate) metric: Option<Metric>,
    /// Whose; missing: the metric's own.
    pub(crate) scope: Option<Scope>,
    /// How far back it looks.
    #[serde(deserialize_with = "span")]
    pub(crate) window: Span,
    /// From one look to the next, and before the first.
    pub(crate) interval: SimDuration,
    /// Before the first interval.
    pub(crate) initial_delay: SimDuration,
    /// Looks after which it has passed.
    pub(crate) count: Option<u32>,
    /// It fails at more failures than this.
    pub(crate) failure_limit: u32,
    /// So many failing looks in a row are a failure.
    pub(crate) consecutive: u32,
    /// It ends at more inconclusive looks than this; missing: by its test.
    pub(crate) inconclusive_limit: Option<u32>,
    /// Fewer requests than this tell nothing.
    pub(crate) min_samples: u64,
    /// From one scrape to the next.
    pub(crate) scrape: SimDuration,
    /// How late a scrape arrives.
    pub(crate) lag: SimDuration,
    /// What a look without data says.
    pub(crate) on_no_data: OnNoData,
    /// As an AnalysisRun of Argo.
    pub(crate) analysis_run: Option<AnalysisRun>,
    /// The measurement of a manifest that it stands for, `TEMPLATE/METRIC`.
    pub(crate) argo: Option<String>,
    /// The test, read by its own kind.
    #[serde(rename = "test")]
    pub(crate) _test: Option<IgnoredAny>,
    /// The gates that it is all of.
    pub(crate) all: Option<Vec<String>>,
    /// The gates that it is any of.
    pub(crate) any: Option<Vec<String>>,
}

impl Default for GateFile {
    fn default() -> Self {
        let Control {
            interval,
            window,
            initial_delay,
            count,
            failure_limit,
            consecutive,
            min_samples,
            scrape,
            lag,
            on_no_data,
            ..
        } = Control::default();
        Self {
            metric: None,
            scope: None,
            window,
            interval,
            initial_delay,
            count,
            failure_limit,
            consecutive,
            inconclusive_limit: None,
            min_samples,
            scrape,
            lag,
            on_no_data,
            analysis_run: None,
            argo: None,
            _test: None,
            all: None,
            any: None,
        }
    }
}

/// A length of time, or `"all"`.
fn span<'de, D: Deserializer<'de>>(source: D) -> Result<Span, D::Error> {
    let length = source.deserialize_any(WordOr::<SimDuration>("all", PhantomData))?;
    Ok(length.map_or(Span::All, Span::Last))
}

/// `[alerts]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AlertsFile {
    /// The windows.
    pub(crate) pairs: Vec<Pair>,
    /// From one evaluation to the next.
    pub(crate) interval: SimDuration,
    /// From one scrape to the next.
    pub(crate) scrape: SimDuration,
    /// How late a scrape arrives.
    pub(crate) lag: SimDuration,
}

impl Default for AlertsFile {
    fn default() -> Self {
        let Control { interval, scrape, lag, .. } = Control::default();
        Self { pairs: Pair::STANDARD.into(), interval, scrape, lag }
    }
}

/// `[budget]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BudgetFile {
    /// Share of the budget that is spent already.
    pub(crate) spent: Ratio,
    /// From this share on no rollout starts.
    pub(crate) refuse_above: Ratio,
    /// A rollout waits above this burn rate; missing: never.
    pub(crate) pause_above: Option<f64>,
    /// And goes on below this one; missing: below the other.
    pub(crate) resume_below: Option<f64>,
    /// Over which the burn rate is taken.
    pub(crate) window: SimDuration,
    /// From one look to the next.
    pub(crate) interval: SimDuration,
    /// From one scrape to the next.
    pub(crate) scrape: SimDuration,
    /// How late a scrape arrives.
    pub(crate) lag: SimDuration,
}

impl Default for BudgetFile {
    fn default() -> Self {
        let Control { interval, scrape, lag, .. } = Control::default();
        Self {
            spent: Ratio::ZERO,
            refuse_above: Ratio::ONE,
            pause_above: None,
            resume_below: None,
            window: SimDuration::from_secs(300),
            interval,
            scrape,
            lag,
        }
    }
}
