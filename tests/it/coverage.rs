//! Intervals keep their word: over many independent experiments on models whose answer is known,
//! a 95% interval holds it in 95% of them.
//!
//! Where a method's exact coverage is known it is compared with that; elsewhere it must lie within
//! 94% to 96%, with 3.3 binomial standard errors on either side. Seeds are fixed.

use std::sync::atomic::AtomicBool;

use rollsim::experiment::compare::{Comparison, Family, Question, Verdict};
use rollsim::experiment::precision::{Next, Precision};
use rollsim::experiment::{Estimate, Pooled, RunResult, Story, VariantResults};
use rollsim::measure::{HEADLINE, METRICS, Metrics, measure, position};
use rollsim::random::{Key, Purpose, Seed, unit};
use rollsim::sim::{Detail, Outcome, Pairing, Plan, simulate};
use rollsim::stats::binomial::Binomial;
use rollsim::stats::paired::paired;
use rollsim::stats::quantile::interval_ranks;
use rollsim::stats::{control, normal, ratio};

use crate::world::variants;

/// Draws of one independent experiment.
#[derive(Clone, Copy)]
struct Draws {
    key: Key,
    experiment: u64,
}

impl Draws {
    /// The experiment's draw `k`, uniform between 0 and 1.
    fn uniform(self, k: u64) -> f64 {
        unit(self.key.draw(self.experiment, k))
    }

    fn normal(self, k: u64) -> f64 {
        normal::quantile(self.uniform(k))
    }

    fn sample(self, count: u64, value: impl Fn(u64) -> f64) -> Vec<f64> {
        (0..count).map(value).collect()
    }
}

/// The share of `experiments` in which `holds`.
fn share(experiments: u64, holds: impl Fn(Draws) -> bool) -> f64 {
    let key = Seed { seed: 95, replication: 0 }.key(Purpose::Boot);
    let held = (0..experiments).filter(|&experiment| holds(Draws { key, experiment })).count();
    held as f64 / experiments as f64
}

fn allowance(share: f64, experiments: u64) -> f64 {
    3.3 * (share * (1.0 - share) / experiments as f64).sqrt()
}

/// Between 94% and 96%, but for the error of so many experiments.
fn check(what: &str, experiments: u64, holds: impl Fn(Draws) -> bool) {
    let found = share(experiments, holds);
    let error = allowance(0.95, experiments);
    assert!((0.94 - error..=0.96 + error).contains(&found), "{what}: {found}");
}

/// What is computed exactly, but for the error of so many experiments.
fn check_exact(what: &str, want: f64, experiments: u64, holds: impl Fn(Draws) -> bool) {
    let found = share(experiments, holds);
    assert!((found - want).abs() <= allowance(want, experiments), "{what}: {found} for {want}");
}

fn holds(interval: Option<[f64; 2]>, truth: f64) -> bool {
    interval.is_some_and(|[low, high]| low <= truth && truth <= high)
}

#[test]
fn of_means() {
    for count in [2, 10, 30] {
        check_exact(&format!("normal, {count}"), 0.95, 4000, |draws| {
            let sample = draws.sample(count, |k| 10.0 + 3.0 * draws.normal(k));
            holds(Estimate::of(&sample).and_then(|found| found.ci95), 10.0)
        });
    }
    check("uniform, 10", 4000, |draws| {
        let sample = draws.sample(10, |k| draws.uniform(k));
        holds(Estimate::of(&sample).and_then(|found| found.ci95), 0.5)
    });
}

/// Wilson's coverage goes up and down with the probability; what it is can be summed up.
#[test]
fn of_probabilities() {
    let mut total = 0.0;
    for (runs, probability) in [(20, 0.1), (30, 0.5), (50, 0.3), (100, 0.05), (100, 0.8)] {
        let binomial = Binomial { trials: u64::from(runs), probability };
        let exactly = |k: u32| {
            let below = k.checked_sub(1).map_or(0.0, |k| binomial.at_most(u64::from(k)));
            binomial.at_most(u64::from(k)) - below
        };
        let interval = |k: u32| Pooled::of_runs(k, runs).and_then(|share| share.ci95);
        let covered = (0..=runs).filter(|&k| holds(interval(k), probability));
        let want: f64 = covered.map(exactly).sum();
        total += want / 5.0;
        check_exact(&format!("{runs} x {probability}"), want, 4000, |draws| {
            let hits = (0..u64::from(runs)).filter(|&k| draws.uniform(k) < probability).count();
            holds(interval(hits as u32), probability)
        });
    }
    assert!((0.94..=0.96).contains(&total), "on average {total}");
}

#[test]
fn of_quantiles() {
    for (count, q) in [(30_u64, 0.5), (100, 0.9), (100, 0.05), (300, 0.95)] {
        let (low, high) = interval_ranks(count as usize, q, 0.95).expect("enough");
        let binomial = Binomial { trials: count, probability: q };
        let want = binomial.at_most(high as u64 - 1) - binomial.at_most(low as u64 - 1);
        assert!((0.95..0.985).contains(&want), "{count} {q}: {want}");
        check_exact(&format!("{q} of {count}"), want, 2000, |draws| {
            let mut sample = draws.sample(count, |k| draws.uniform(k));
            sample.sort_by(f64::total_cmp);
            holds(Some([sample[low - 1], sample[high - 1]]), q)
        });
    }
}

/// Failed requests over requests: runs differ in length and in their failure rate, and the longer
/// ones fail more, so that the mean of the shares is not the share of all.
#[test]
fn of_ratios() {
    check("ratio", 4000, |draws| {
        let whole = draws.sample(40, |k| 1000.0 + 800.0 * draws.uniform(k));
        let part: Vec<f64> = (0..40)
            .map(|k| whole[k as usize] * (0.01 + 0.02 * draws.uniform(k) * draws.uniform(100 + k)))
            .collect();
        // With u, v uniform: E[(1000 + 800 u)(0.01 + 0.02 u v)] / 1400.
        let truth = (14.0 + 0.02 * 0.5 * (500.0 + 800.0 / 3.0)) / 1400.0;
        let found = ratio::jackknife(&part, &whole, 0.95);
        holds(found.map(|found| [found.low, found.high]), truth)
    });
}

#[test]
fn of_paired_differences() {
    check_exact("paired", 0.95, 4000, |draws| {
        let base = draws.sample(10, |k| 5.0 * draws.normal(k));
        let other: Vec<f64> =
            base.iter().zip(100..).map(|(base, k)| 0.7 * base + 2.0 + draws.normal(k)).collect();
        let found = paired(&other, &base, 0.95).map(|found| found.difference);
        holds(found.map(|found| [found.low, found.high]), 2.0)
    });
}

#[test]
fn of_means_with_a_control() {
    check_exact("controlled", 0.95, 4000, |draws| {
        let control = draws.sample(12, |k| 7.0 + draws.normal(k));
        let values: Vec<f64> =
            control.iter().zip(100..).map(|(control, k)| 3.0 * control + draws.normal(k)).collect();
        let found = control::controlled(&values, &control, 7.0, 0.95).map(|found| found.mean);
        holds(found.map(|found| [found.low, found.high]), 21.0)
    });
}

fn result(values: &[(usize, f64)]) -> RunResult {
    let mut all = vec![None; METRICS.len()];
    for &(metric, value) in values {
        all[metric] = Some(value);
    }
    RunResult { outcome: Outcome::Completed, metrics: Metrics::new(all) }
}

/// Five variants against a base, on six metrics. Those of the first two variants are the base's
/// but for noise, those of the others are higher by two standard deviations of it.
fn comparisons(draws: Draws) -> Vec<Comparison> {
    let metrics: Vec<usize> = HEADLINE.iter().filter_map(|name| position(name)).collect();
    let names = ["base", "same", "alike", "more", "greater", "larger"];
    let question = Question::new("base", &[]);
    let mut family = Family::new(question.clone());
    for (variant, name) in (0..).zip(names) {
        let shift = if variant < 3 { 0.0 } else { 2.0 };
        let runs: Vec<RunResult> = (0..10)
            .map(|run| {
                let value = |(number, &metric): (u64, &usize)| {
                    let common = 3.0 * draws.normal(number * 100 + run);
                    let own = draws.normal(10_000 * (variant + 1) + number * 100 + run);
                    (metric, shift + common + own)
                };
                result(&(0..).zip(&metrics).map(value).collect::<Vec<_>>())
            })
            .collect();
        let values = question.values(runs.iter().map(|run| &run.metrics));
        family.add(name, values).expect("a few runs can be put aside");
    }
    let mut found = family.finish();
    let all: Result<Vec<Comparison>, _> = found.all().expect("they can be read").collect();
    all.expect("they can be read")
}

/// Of all the verdicts of a family, none is wrong in 95% of the experiments or more; and most of
/// what differs is found.
#[test]
fn of_families() {
    let is_null = |row: &Comparison| ["same", "alike"].contains(&row.b.as_str());
    let wrong = share(1000, |draws| {
        comparisons(draws).iter().any(|row| is_null(row) && row.verdict != Verdict::Tied)
    });
    assert!((0.005..=0.05 + allowance(0.05, 1000)).contains(&wrong), "{wrong}");
    let key = Seed { seed: 96, replication: 0 }.key(Purpose::Boot);
    let rows: Vec<Comparison> =
        (0..50).flat_map(|experiment| comparisons(Draws { key, experiment })).collect();
    let (differing, found) = rows
        .iter()
        .filter(|row| !is_null(row))
        .fold((0, 0), |sum, row| (sum.0 + 1, sum.1 + u32::from(row.verdict == Verdict::Higher)));
    assert!(found * 2 > differing, "{found} of {differing}");
}

/// Whoever stops by precision is as precise as asked for, in 95% of the experiments.
#[test]
fn of_the_stopping_rule() {
    let metric = position("duration_s").expect("a metric");
    let rule = Precision::new(Precision::headline(0.05), 1, 2000);
    let mut longest = 0;
    let experiments = 1000;
    let found = (0..experiments).filter(|&experiment| {
        let key = Seed { seed: 97, replication: 0 }.key(Purpose::Boot);
        let draws = Draws { key, experiment };
        let mut runs: Vec<RunResult> = Vec::new();
        while let Next::More(more) = rule.next(&runs) {
            let from = runs.len() as u64;
            let value = |k| result(&[(metric, 10.0 + 2.0 * draws.normal(k))]);
            runs.extend((from..from + u64::from(more)).map(value));
        }
        longest = longest.max(runs.len());
        let mean = runs.iter().filter_map(|run| run.metrics.get("duration_s")).sum::<f64>()
            / runs.len() as f64;
        (mean - 10.0).abs() <= 0.05 * 10.0
    });
    let share = found.count() as f64 / experiments as f64;
    // (1.96 x 2 / 0.476)² = 68 runs on average, and somewhat less than 95% for stopping early.
    assert!((0.93..=0.975).contains(&share), "{share}");
    assert!((60..200).contains(&longest), "{longest}");
}

/// Four instances one after another, each with a boot of 1 to 4 s, and nothing else takes time.
const ONE_BY_ONE: &str = "
[fleet]
instances = 4
[startup]
boot = { dist = \"uniform\", min = \"1s\", max = \"4s\" }
[readiness]
period = \"0s\"
[traffic]
rate = 0
[simulation]
warmup = \"0s\"
settle = \"0s\"
[strategies.careful]
kind = \"rolling\"
max_surge = 1
max_unavailable = 0
[strategies.pairs]
kind = \"rolling\"
max_surge = 2
max_unavailable = 0
";

fn durations(plan: &Plan, experiment: u32, runs: u32) -> Vec<f64> {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let duration = |run: u32| {
        let number = experiment * runs + run;
        let run = simulate(plan, number, Detail::Series, &NEVER).expect("not interrupted");
        measure(plan, &run).get("duration_s").expect("it ends")
    };
    (0..runs).map(duration).collect()
}

/// The simulator itself: its mean duration is four times that of a boot, 10 s.
#[test]
fn of_simulated_rollouts() {
    let plan = &variants(ONE_BY_ONE)[0].plan;
    let held = (0..1000).filter(|&experiment| {
        let found = Estimate::of(&durations(plan, experiment, 10)).and_then(|found| found.ci95);
        holds(found, 10.0)
    });
    let (share, error) = (held.count() as f64 / 1000.0, allowance(0.95, 1000));
    assert!((0.94 - error..=0.96 + error).contains(&share), "{share}");
}

/// Pairs of runs with opposite starts: exponential boots have a correlation of 1 - pi²/6 with their
/// opposites, so that a run is worth 1 / (2 - pi²/6) = 2.8 independent ones.
#[test]
fn of_antithetic_pairs() {
    let law = "{ dist = \"exponential\", mean = \"2.5s\" }";
    let uniform = "{ dist = \"uniform\", min = \"1s\", max = \"4s\" }";
    let mut plan = variants(&ONE_BY_ONE.replace(uniform, law))[0].plan.clone();
    plan.simulation.pairing = Pairing::Antithetic;
    let metric = position("duration_s").expect("a metric");
    let found: Vec<Estimate> = (0..500)
        .filter_map(|experiment| {
            let runs = durations(&plan, experiment, 20);
            let results = VariantResults {
                name: String::new(),
                strategy: String::new(),
                parameters: Vec::new(),
                runs: runs.into_iter().map(|duration| result(&[(metric, duration)])).collect(),
                timeline: Vec::new(),
                story: Story::default(),
                unsettled: None,
                pairing: Pairing::Antithetic,
                luck: Vec::new(),
            };
            results.estimates()[metric]
        })
        .collect();
    let held = found.iter().filter(|estimate| holds(estimate.ci95, 10.0)).count();
    let (share, error) = (held as f64 / 500.0, allowance(0.95, 500));
    assert!((0.94 - error..=0.96 + error).contains(&share), "{share}");
    let mut gains: Vec<f64> = found.iter().filter_map(|found| found.antithetic_gain).collect();
    gains.sort_by(f64::total_cmp);
    assert!((2.2..3.6).contains(&gains[gains.len() / 2]), "{}", gains[gains.len() / 2]);
}
