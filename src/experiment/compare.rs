//! Which variants differ from the base, by how much, and what can the data not tell apart?
//!
//! Replication k of every variant runs on the same random numbers, so that samples are compared
//! pair by pair. The *family* of a comparison is every metric that was named before looking times
//! every variant but the base: Holm's method keeps the probability that any verdict of the family
//! is wrong at 5% at most. Metrics that one only looks at afterwards belong to no family, and
//! their pairs stand in `runs.csv`.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::spool::Spool;
use crate::measure::{Asked, HEADLINE, METRICS, Metrics, position};
use crate::stats::binomial::mcnemar;
use crate::stats::multiple::holm;
use crate::stats::paired::paired;

/// The confidence of the intervals, and one minus the error rate of the family.
const CONFIDENCE: f64 = 0.95;

/// What the data say of one metric of a variant against that of the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The data cannot separate them.
    Tied,
    /// The variant's mean is lower.
    Lower,
    /// The variant's mean is higher.
    Higher,
}

/// One metric of a variant against that of the base.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The base's name.
    pub a: String,
    /// The variant's name.
    pub b: String,
    /// The metric's name.
    pub metric: String,
    /// Mean of b - a over the pairs.
    pub difference: f64,
    /// Its 95% interval by Student's t over the pairs, not adjusted.
    pub ci95: [f64; 2],
    /// p value of "no difference" after Holm's method over the family: that of the paired t test;
    /// of a metric that is 0 or 1, McNemar's exact one.
    pub p_adjusted: f64,
    /// The same, not adjusted.
    pub p: f64,
    /// Correlation of the pairs; none where a side does not vary.
    pub correlation: Option<f64>,
    /// How many times as many runs on independent random numbers the same interval would have
    /// taken; none where the differences do not vary.
    pub gain: Option<f64>,
    /// What may be concluded.
    pub verdict: Verdict,
    /// Pairs: replications in which both define the metric.
    pub n: u32,
}

/// What is compared with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The name of the variant that all others are compared with.
    pub base: String,
    /// Positions in [`METRICS`] of what is compared, each once.
    metrics: Vec<usize>,
    /// Whether someone asked, and so is to be shown the answer.
    pub is_asked: bool,
}

/// The values of the metrics of a [`Question`] in the runs of one variant: by metric, then by
/// replication.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Values(Vec<Vec<Option<f64>>>);

impl Question {
    /// Compares with the variant called `base`, on these metrics; on those of [`HEADLINE`] if none
    /// are named. Names that are no metrics are left out: who reads them must check.
    #[must_use]
    pub fn new(base: &str, metrics: &[String]) -> Self {
        let named: Vec<usize> = metrics.iter().filter_map(|name| position(name)).collect();
        let headline = || HEADLINE.iter().filter_map(|name| position(name)).collect();
        let mut once = Vec::new();
        for metric in if metrics.is_empty() { headline() } else { named } {
            if !once.contains(&metric) {
                once.push(metric);
            }
        }
        Self { base: base.to_owned(), metrics: once, is_asked: false }
    }

    /// The same, asked for by someone who wants to see the answer.
    #[must_use]
    pub fn asked(self) -> Self {
        Self { is_asked: true, ..self }
    }

    /// What of these runs it takes to answer.
    #[must_use]
    pub fn values<'a>(&self, runs: impl Iterator<Item = &'a Metrics> + Clone) -> Values {
        let of = |&metric: &usize| runs.clone().map(|run| run.values()[metric]).collect();
        Values(self.metrics.iter().map(of).collect())
    }
}

/// A comparison that grows by one variant at a time. Of a variant little stays in memory: the
/// rest is on disk until the base is known, and until the last p value is.
#[derive(Debug)]
pub struct Family {
    question: Question,
    base: Option<Values>,
    waiting: Spool<(String, Values)>,
    found: Spool<(String, Pair)>,
    p: Vec<f64>,
}

/// One metric of one variant.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Pair {
    metric: usize,
    difference: f64,
    ci95: [f64; 2],
    correlation: Option<f64>,
    gain: Option<f64>,
    n: usize,
    p: f64,
}

/// Every comparison of a [`Family`], by variant in the scenario's order, then by metric in the
/// order of the question; those with fewer than two pairs are left out.
#[derive(Debug)]
pub struct Comparisons {
    question: Question,
    found: Spool<(String, Pair)>,
    adjusted: Vec<f64>,
}

impl Family {
    /// Knows no variant yet.
    #[must_use]
    pub fn new(question: Question) -> Self {
        let (waiting, found) = (Spool::anywhere(), Spool::anywhere());
        Self { question, base: None, waiting, found, p: Vec::new() }
    }

    /// The same; what it takes from memory goes to files in `folder`.
    #[must_use]
    pub fn within(folder: &Path, question: Question) -> Self {
        let (waiting, found) = (Spool::within(folder), Spool::within(folder));
        Self { question, base: None, waiting, found, p: Vec::new() }
    }

    /// The next variant, in the scenario's order, with its values by the same question; the one
    /// with the base's name is the base.
    ///
    /// # Errors
    /// If what is not needed yet cannot be put aside.
    pub fn add(&mut self, variant: &str, values: Values) -> io::Result<()> {
        let Self { question, base, waiting, found, p } = self;
        let mut compare = |variant: &str, values: &Values, base: &Values| {
            for pair in pairs(&question.metrics, values, base) {
                found.push(&(variant.to_owned(), pair))?;
                p.push(pair.p);
            }
            Ok::<(), io::Error>(())
        };
        if variant == question.base {
            for before in waiting.records()? {
                let (name, before) = before?;
                compare(&name, &before, &values)?;
            }
            *base = Some(values);
            Ok(())
        } else if let Some(base) = base {
            compare(variant, &values, base)
        } else {
            waiting.push(&(variant.to_owned(), values))
        }
    }

    /// Every comparison. None without the base.
    #[must_use]
    pub fn finish(self) -> Comparisons {
        Comparisons { question: self.question, found: self.found, adjusted: holm(&self.p) }
    }
}

impl Comparisons {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The name of the variant that all others are compared with.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.question.base
    }

    /// The names of the metrics that were asked for.
    pub fn metrics(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.question.metrics.iter().map(|&metric| METRICS[metric].name)
    }

    /// All of them, in order.
    ///
    /// # Errors
    /// If they cannot be read back.
    pub fn all(&mut self) -> io::Result<impl Iterator<Item = io::Result<Comparison>> + '_> {
        let Self { question, found, adjusted } = self;
        let rows = found.records()?.zip(adjusted.iter());
        Ok(rows.map(|(row, &adjusted)| {
            row.map(|(variant, pair)| comparison(&question.base, variant, pair, adjusted))
        }))
    }
}

/// Every metric of a variant against that of the base.
fn pairs(metrics: &[usize], variant: &Values, base: &Values) -> Vec<Pair> {
    let both = variant.0.iter().zip(&base.0);
    metrics.iter().zip(both).filter_map(|(&metric, (b, a))| pair(metric, b, a)).collect()
}

fn pair(metric: usize, b: &[Option<f64>], a: &[Option<f64>]) -> Option<Pair> {
    let defined = b.iter().zip(a).filter_map(|(b, a)| Some(((*b)?, (*a)?)));
    let (b, a): (Vec<f64>, Vec<f64>) = defined.unzip();
    let paired = paired(&b, &a, CONFIDENCE)?;
    // Weighted sums over releases of several sorts are neither.
    let is_zero_or_one = |value: &f64| *value == 0.0 || *value == 1.0;
    let is_yes_or_no =
        METRICS[metric].asked == Asked::Probability && a.iter().chain(&b).all(is_zero_or_one);
    let p = if is_yes_or_no {
        let only = |x: &[f64], y: &[f64]| x.iter().zip(y).filter(|(x, y)| x > y).count() as u64;
        mcnemar(only(&a, &b), only(&b, &a)).two_sided
    } else {
        paired.p
    };
    Some(Pair {
        metric,
        difference: paired.difference.mean,
        ci95: [paired.difference.low, paired.difference.high],
        correlation: paired.correlation,
        gain: paired.gain,
        n: paired.n,
        p,
    })
}

fn comparison(base: &str, variant: String, pair: Pair, p_adjusted: f64) -> Comparison {
    let verdict = if p_adjusted > 1.0 - CONFIDENCE {
        Verdict::Tied
    } else if pair.difference < 0.0 {
        Verdict::Lower
    } else {
        Verdict::Higher
    };
    Comparison {
        a: base.to_owned(),
        b: variant,
        metric: METRICS[pair.metric].name.to_owned(),
        difference: pair.difference,
        ci95: pair.ci95,
        p_adjusted,
        p: pair.p,
        correlation: pair.correlation,
        gain: pair.gain,
        verdict,
        n: u32::try_from(pair.n).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{RunResult, VariantResults, fixture};

    const NAMES: [&str; 4] = ["one-at-a-time", "three-at-a-time", "surge", "recreate"];

    fn compare(base: &str, metrics: &[&str], variants: &[VariantResults]) -> Vec<Comparison> {
        let metrics: Vec<String> = metrics.iter().map(|&name| name.to_owned()).collect();
        let question = Question::new(base, &metrics);
        let mut family = Family::new(question.clone());
        for variant in variants {
            let values = question.values(variant.runs.iter().map(|run| &run.metrics));
            family.add(&variant.name, values).expect("put aside");
        }
        let all: io::Result<Vec<Comparison>> = family.finish().all().expect("read").collect();
        all.expect("read")
    }

    fn set(runs: &mut [RunResult], name: &str, values: &[Option<f64>]) {
        let index = position(name).expect("a metric");
        for (run, value) in runs.iter_mut().zip(values) {
            let mut all = run.metrics.values().to_vec();
            all[index] = *value;
            run.metrics = Metrics::new(all);
        }
    }

    #[test]
    fn a_row_for_each_metric_and_variant_whichever_is_the_base() {
        let results = fixture::results(&NAMES, 5);
        for base in NAMES {
            let found = compare(base, &[], &results.variants);
            assert_eq!(found.len(), 3 * HEADLINE.len());
            let others: Vec<&str> = NAMES.into_iter().filter(|&name| name != base).collect();
            for (row, at) in found.iter().zip(0..) {
                assert_eq!((row.a.as_str(), row.b.as_str()), (base, others[at / HEADLINE.len()]));
                assert_eq!(row.metric, HEADLINE[at % HEADLINE.len()]);
            }
        }
        assert!(compare("canary", &[], &results.variants).is_empty());
        assert!(compare("surge", &[], &fixture::results(&NAMES, 1).variants).is_empty());
    }

    /// Steps of 14 to 18 s, a twelfth of the instances or a quarter at a time: the difference is
    /// eight steps, and each pair has the same step.
    #[test]
    fn differences_are_those_of_the_pairs() {
        let results = fixture::results(&["one-at-a-time", "three-at-a-time"], 5);
        let found = compare("one-at-a-time", &["duration_s"], &results.variants);
        let [row] = found.as_slice() else { panic!("one row: {found:?}") };
        assert_eq!((row.difference, row.n, row.verdict), (-8.0 * 16.0, 5, Verdict::Lower));
        assert!(row.correlation.is_some_and(|correlation| (correlation - 1.0).abs() < 1e-12));
        // Variances 144 s², 16 s² and 64 s² of a step's.
        assert!(row.gain.is_some_and(|gain| (gain - 160.0 / 64.0).abs() < 1e-12));
        assert_eq!(row.p_adjusted.to_bits(), row.p.to_bits());
    }

    #[test]
    fn only_pairs_that_both_define_count() {
        let mut variants = fixture::results(&["surge", "recreate"], 6).variants;
        set(&mut variants[0].runs, "rollback_s", &[1.0, 2.0, 3.0, 4.0].map(Some));
        set(&mut variants[1].runs, "rollback_s", &[None, Some(3.0), Some(4.0), Some(6.0)]);
        let found = compare("surge", &["rollback_s", "detect_s"], &variants);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].n, found[0].difference), (3, 4.0 / 3.0));
    }

    /// `scipy.stats.binomtest(0, 6).pvalue`: six pairs differ, all to the same side.
    #[test]
    fn yes_or_no_is_tested_exactly() {
        let mut variants = fixture::results(&["surge", "recreate"], 10).variants;
        let values: Vec<Option<f64>> = (0..10).map(|k| Some(f64::from(u8::from(k < 6)))).collect();
        set(&mut variants[1].runs, "rolled_back", &values);
        let found = compare("surge", &["rolled_back"], &variants);
        assert!((found[0].p - 0.03125).abs() < 1e-12);
        assert_eq!((found[0].difference, found[0].verdict), (0.6, Verdict::Higher));
    }

    #[test]
    fn what_is_the_same_is_tied() {
        let mut variants = fixture::results(&["surge", "recreate"], 6).variants;
        let values = [5.0, 6.0, 7.0, 8.0, 9.0, 4.0].map(Some);
        set(&mut variants[0].runs, "duration_s", &values);
        set(&mut variants[1].runs, "duration_s", &values);
        let found = compare("surge", &["duration_s"], &variants);
        assert_eq!((found[0].verdict, found[0].p, found[0].gain), (Verdict::Tied, 1.0, None));
    }
}
