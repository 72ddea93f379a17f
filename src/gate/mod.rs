//! May the rollout go on? One file per test, each a decision from what has been observed.
//!
//! A gate sees a [`Window`] of what was observed, which ends with the last scrape that has
//! arrived, and answers with a [`Verdict`] and its reason. This room knows counts, latencies and
//! their tests. It must not know strategies, the calendar or what will happen.

mod anytime;
mod bayes;
mod budget;
mod burn_rate;
mod control;
mod group_sequential;
mod increase;
mod mann_whitney;
mod metric;
mod non_inferiority;
mod sight;
mod sprt;
mod threshold;
mod two_proportion;
mod window;

use std::fmt;
use std::sync::Arc;

pub use budget::{Alerts, Budget, Change as BudgetChange};
pub use burn_rate::{Ledger, Pair, Severity};
pub use control::{AnalysisRun, Control, OnNoData, Span, State, Tally, Together};
pub use mann_whitney::{
    Classification, Classifier, Direction, Effect, Judged, Label, Nans, Outliers, Scoring,
};
pub use metric::{Amount, Metric, Scope};
pub use sight::{Place, Sight};
pub use window::{Baseline, Objective, Sample, Step, Window};

use crate::units::SimDuration;

/// What one look says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing speaks against going on.
    Pass,
    /// Something does.
    Fail,
    /// Nobody can tell.
    Inconclusive,
    /// The look itself has failed.
    Error,
}

/// What one look says, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What it says.
    pub outcome: Outcome,
    /// How far the versions differ, 0..=1: 1 - p where a test computes a p.
    pub divergence: Option<f64>,
    /// Why, in words with the numbers.
    pub reason: String,
}

impl Verdict {
    fn pass(reason: String) -> Self {
        Self { outcome: Outcome::Pass, divergence: None, reason }
    }

    fn fail(reason: String) -> Self {
        Self { outcome: Outcome::Fail, divergence: None, reason }
    }

    fn inconclusive(reason: String) -> Self {
        Self { outcome: Outcome::Inconclusive, divergence: None, reason }
    }

    /// Of a look that has failed itself.
    #[must_use]
    pub const fn error(reason: String) -> Self {
        Self { outcome: Outcome::Error, divergence: None, reason }
    }

    /// Fails if `is_bad`.
    fn fail_if(is_bad: bool, reason: String) -> Self {
        if is_bad { Self::fail(reason) } else { Self::pass(reason) }
    }

    fn diverging(self, divergence: f64) -> Self {
        Self { divergence: Some(divergence.clamp(0.0, 1.0)), ..self }
    }
}

/// What a test must be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Everything since the gate began, whatever its `window`: what allows looking again and
    /// again.
    pub everything: bool,
    /// What was observed before the gate began.
    pub history: bool,
    /// It says "not yet" until it knows, so that such looks are not held against it.
    pub patience: bool,
    /// Most looks that it is made for.
    pub looks: Option<u32>,
    /// Latencies, beside those of the gate's own metric.
    pub latency: bool,
}

/// The parameters of one test, as a scenario gives them, and its decision.
pub trait Test: fmt::Debug + Send + Sync {
    /// What is wrong with testing this metric of this scope so.
    fn check(&self, metric: Metric, scope: Scope) -> Vec<Problem>;

    /// What it must be shown.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// What it cannot do with so much to see, in words; nothing where nothing speaks against it.
    fn doubts(&self, sight: &Sight) -> Vec<String> {
        let _ = sight;
        Vec::new()
    }

    /// What it says to what has been observed.
    fn decide(&self, window: &Window<'_>) -> Verdict;
}

/// A rule that a gate's parameters break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field at fault; empty: the metric.
    pub field: String,
    /// What is wrong: lower case, no period.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl Problem {
    fn new(field: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), help: help.into() }
    }
}

/// `[gates.NAME]`.
#[derive(Clone, Debug)]
pub struct Gate {
    /// NAME.
    pub name: String,
    /// What it is.
    pub rule: Rule,
}

/// What a gate goes by.
#[derive(Clone, Debug)]
pub enum Rule {
    /// A test of its own.
    Test(Watch),
    /// Other gates, by their numbers; none of them is of this sort.
    Several(Together, Vec<usize>),
}

/// A test, what it tests and when.
#[derive(Clone, Debug)]
pub struct Watch {
    /// What it looks at.
    pub metric: Metric,
    /// Whose.
    pub scope: Scope,
    /// When, and what its verdicts come to.
    pub control: Control,
    /// The test.
    pub test: Arc<dyn Test>,
}

impl Watch {
    /// Whether it must be shown latencies.
    #[must_use]
    pub fn needs_latency(&self) -> bool {
        self.metric.quantile().is_some() || self.test.needs().latency
    }

    /// One look: what is too little to test is said so, the rest is tested.
    #[must_use]
    pub fn look(&self, window: &Window<'_>) -> Verdict {
        let seen = window.samples();
        let what = if self.metric.is_of_requests() { "requests" } else { "scrapes" };
        if seen == 0 {
            let reason = format!("no data: no {what} of {} were observed", self.scope.say());
            return match self.control.on_no_data {
                OnNoData::Pass => Verdict::pass(reason),
                OnNoData::Fail => Verdict::fail(reason),
                OnNoData::Inconclusive => Verdict::inconclusive(reason),
                OnNoData::Error => Verdict::error(reason),
            };
        }
        let least = self.control.min_samples;
        if seen < least {
            let reason = format!("{seen} {what} of {} observed of {least}", self.scope.say());
            return Verdict::inconclusive(reason);
        }
        self.test.decide(window)
    }
}

/// How a kind of test is found, read and explained.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What a scenario writes as `test.kind`.
    pub name: &'static str,
    /// One line for `rollsim list`.
    pub summary: &'static str,
    /// The source file, whose module documentation is what `rollsim explain` prints.
    pub source: &'static str,
    /// Reads the parameters from a table without `kind`.
    pub parse: Parse,
}

/// Reads the parameters of a test; the error carries the span of what is wrong.
pub type Parse = fn(toml::de::ValueDeserializer<'_>) -> Result<Arc<dyn Test>, toml::de::Error>;

/// Every kind, in the order of documentation.
pub const KINDS: &[Kind] = &[
    threshold::KIND,
    increase::KIND,
    two_proportion::KIND,
    non_inferiority::KIND,
    mann_whitney::KIND,
    sprt::KIND,
    anytime::KIND,
    group_sequential::KIND,
    bayes::KIND,
    burn_rate::KIND,
];

/// The [`Parse`] of a parameter type.
fn parse<T>(source: toml::de::ValueDeserializer<'_>) -> Result<Arc<dyn Test>, toml::de::Error>
where
    T: Test + serde::de::DeserializeOwned + 'static,
{
    T::deserialize(source).map(|test| Arc::new(test) as Arc<dyn Test>)
}

/// A probability that must lie strictly between 0 and 1.
fn check_probability(field: &str, value: f64) -> Option<Problem> {
    let is_fit = value > 0.0 && value < 1.0;
    let message = || format!("`{field}` must be above 0 and below 1, not `{value}`");
    (!is_fit).then(|| Problem::new(field, message(), "write a probability such as `0.05`"))
}

/// A test of failures among requests of the new version against the old one's.
fn check_failures(metric: Metric, scope: Scope, kind: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !metric.is_failures() {
        let message = format!("`{kind}` tests failures, which `{}` does not count", metric.name());
        problems.push(Problem::new("", message, "write `metric = \"error-rate\"`"));
    }
    if scope != Scope::New {
        let message = format!("`{kind}` compares the new version with the old one");
        problems.push(Problem::new("scope", message, "write `scope = \"new\"`"));
    }
    problems
}

/// A length in words.
fn say_length(length: SimDuration) -> String {
    length.to_string()
}
