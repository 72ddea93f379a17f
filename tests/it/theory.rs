//! Chance follows theory: the laws against reference quantiles, closed forms and independent
//! samplers.

use std::sync::Arc;

use rand::Rng;
use rand::distr::Distribution;
use rollsim::random::{Gamma, Law, Purpose, Seed};
use rollsim::stats::{normal, quantile};
use rollsim::units::SimDuration;

/// Reference quantiles of the laws that have parameters.
const LAWS: &str = include_str!("../data/laws.csv");

const SEED: Seed = Seed { seed: 20, replication: 0 };

/// `count` draws in seconds, in rising order.
fn sorted_draws(law: &Law, count: usize) -> Vec<f64> {
    let mut stream = SEED.stream(Purpose::Boot);
    let mut draw = |ordinal| law.draw(stream.next_u64(), ordinal).map(SimDuration::as_secs_f64);
    let mut draws: Vec<f64> = (0..count as u64).filter_map(&mut draw).collect();
    assert_eq!(draws.len(), count);
    draws.sort_by(f64::total_cmp);
    draws
}

/// The law that a row of the table names.
fn law_of(name: &str, first: f64, second: f64) -> Law {
    match name {
        "lognormal" => Law::Lognormal { mu: first, sigma: second },
        "normal" => Law::Normal { mean: first, sd: second },
        "gamma" => Law::Gamma(Arc::new(Gamma::new(first, second))),
        "weibull" => Law::Weibull { scale: first, shape: second },
        "pareto" => Law::Pareto { min: first, shape: second },
        other => panic!("unknown law `{other}`"),
    }
}

#[test]
fn draws_are_the_reference_quantiles() {
    let mut rows = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(LAWS.as_bytes());
    let mut checked = 0;
    for row in rows.deserialize() {
        let (name, first, second, bits, want): (String, f64, f64, u64, f64) =
            row.expect("the table is well formed");
        let got = law_of(&name, first, second).draw(bits, 0).expect("no law here says never");
        let want_nanos = (want * 1e9).min(u64::MAX as f64);
        let error = (got.as_nanos() as f64 - want_nanos).abs();
        assert!(error <= 1.0 + 1e-9 * want_nanos, "{name} {first} {second} {bits}: {got}");
        checked += 1;
    }
    assert!(checked > 250, "{checked}");
}

/// Each law with its mean by an independent formula or by numerical integration in SciPy 1.17.1.
fn laws_with_means() -> Vec<(Law, f64)> {
    let s = SimDuration::from_secs;
    let samples = vec![s(4), s(1), s(1), s(10)];
    vec![
        (Law::Constant(s(3)), 3.0),
        (Law::Uniform { min: 1.0, max: 4.0 }, 2.5),
        (Law::Exponential { mean: 0.032 }, 0.032),
        (law_of("normal", 3.0, 0.0), 3.0),
        (law_of("normal", 10.0, 1.0), 10.0),
        (law_of("normal", 5.0, 5.0), 6.437999854695892),
        (law_of("normal", 0.0, 2.0), 1.595769121605731),
        (law_of("lognormal", 0.2965, 1.326), 3.240209538209634),
        (law_of("gamma", 0.25, 40.0), 10.0),
        (law_of("gamma", 9.0, 0.5), 4.5),
        (law_of("weibull", 10.0, 0.7), 12.65823506057283),
        (law_of("weibull", 10.0, 1.0), 10.0),
        (law_of("pareto", 2.0, 4.0), 8.0 / 3.0),
        (Law::empirical(samples).expect("there are samples"), 4.0),
        (Law::list(vec![Some(s(5)), Some(s(9))]).expect("there are values"), 7.0),
    ]
}

#[test]
fn means_are_exact() {
    for (law, want) in laws_with_means() {
        let got = law.mean_s();
        assert!((got / want - 1.0).abs() < 1e-12, "{law:?}: {got} for {want}");
    }
    for law in [
        law_of("pareto", 2.0, 1.0),
        law_of("pareto", 2.0, 0.5),
        Law::list(vec![Some(SimDuration::ZERO), None]).expect("there are values"),
    ] {
        assert!(law.mean_s().is_infinite(), "{law:?}");
    }
}

#[test]
fn sample_means_are_within_five_standard_errors() {
    let count = 40_000;
    for (law, want) in laws_with_means() {
        let draws = sorted_draws(&law, count);
        let mean = draws.iter().sum::<f64>() / count as f64;
        let squares: f64 = draws.iter().map(|draw| (draw - mean) * (draw - mean)).sum();
        let error = squares.sqrt() / count as f64;
        assert!((mean - want).abs() <= 5.0 * error + 1e-9, "{law:?}: {mean} ± {error}");
    }
}

/// The largest distance between two samples' distribution functions (Kolmogorov and Smirnov).
fn distance(first: &[f64], second: &[f64]) -> f64 {
    let (mut i, mut j, mut largest) = (0, 0, 0.0_f64);
    while i < first.len() && j < second.len() {
        let value = first[i].min(second[j]);
        i += first[i..].iter().take_while(|&&x| x <= value).count();
        j += second[j..].iter().take_while(|&&x| x <= value).count();
        let gap = i as f64 / first.len() as f64 - j as f64 / second.len() as f64;
        largest = largest.max(gap.abs());
    }
    largest
}

/// Compares draws with as many of `oracle`, rounded to whole nanoseconds as draws are.
fn check_against_oracle(law: &Law, oracle: &impl Distribution<f64>) {
    let count = 20_000;
    let mut stream = SEED.stream(Purpose::Demand);
    let nanoseconds = |seconds: f64| SimDuration::from_secs_f64(seconds).as_secs_f64();
    let mut theirs: Vec<f64> = std::iter::repeat_with(|| oracle.sample(&mut stream))
        .filter(|&seconds| seconds >= 0.0)
        .map(nanoseconds)
        .take(count)
        .collect();
    theirs.sort_by(f64::total_cmp);
    // Exceeded by one pair of equal laws in a thousand.
    let limit = 1.95 * (2.0 / count as f64).sqrt();
    let found = distance(&sorted_draws(law, count), &theirs);
    assert!(found < limit, "{law:?}: {found} of {limit}");
}

#[test]
fn draws_are_distributed_as_those_of_rand_distr() {
    const FINE: &str = "the parameters are in range";
    let uniform = rand::distr::Uniform::new(1.0, 4.0).expect(FINE);
    check_against_oracle(&Law::Uniform { min: 1.0, max: 4.0 }, &uniform);
    let exponential = rand_distr::Exp::new(2.0).expect(FINE);
    check_against_oracle(&Law::Exponential { mean: 0.5 }, &exponential);
    for (mean, sd) in [(10.0, 1.0), (1.0, 2.0), (0.0, 3.0)] {
        let oracle = rand_distr::Normal::new(mean, sd).expect(FINE);
        check_against_oracle(&law_of("normal", mean, sd), &oracle);
    }
    let lognormal = rand_distr::LogNormal::new(0.3, 1.3).expect(FINE);
    check_against_oracle(&law_of("lognormal", 0.3, 1.3), &lognormal);
    for (shape, scale) in [(0.05, 20.0), (0.7, 2.0), (1.0, 1.0), (30.0, 0.1), (1e6, 1e-6)] {
        let oracle = rand_distr::Gamma::new(shape, scale).expect(FINE);
        check_against_oracle(&law_of("gamma", shape, scale), &oracle);
    }
    for shape in [0.5, 1.0, 4.0] {
        let oracle = rand_distr::Weibull::new(2.0, shape).expect(FINE);
        check_against_oracle(&law_of("weibull", 2.0, shape), &oracle);
        let oracle = rand_distr::Pareto::new(2.0, shape).expect(FINE);
        check_against_oracle(&law_of("pareto", 2.0, shape), &oracle);
    }
}

#[test]
fn an_oracle_of_another_law_is_told_apart() {
    let found = distance(
        &sorted_draws(&Law::Exponential { mean: 0.5 }, 20_000),
        &sorted_draws(&Law::Exponential { mean: 0.53 }, 20_000),
    );
    assert!(found > 1.95 * (2.0_f64 / 20_000.0).sqrt(), "{found}");
}

/// Cold starts of a public cloud's functions as published (EuroSys 2025): log-normal with
/// mu = 0.2965 and sigma = 1.3260, hence a 99th percentile of 29.4 s.
#[test]
fn the_published_cold_start_law() {
    let (mu, sigma) = (0.2965, 1.3260);
    let draws = sorted_draws(&law_of("lognormal", mu, sigma), 100_000);
    let p99 = quantile::type1(&draws, 0.99).expect("there are draws");
    assert!((p99 / 29.4 - 1.0).abs() < 0.03, "{p99}");
    let mut largest = 0.0_f64;
    for (index, draw) in draws.iter().enumerate() {
        let theory = normal::probability((libm::log(*draw) - mu) / sigma);
        largest = largest.max((theory - index as f64 / 100_000.0).abs());
    }
    assert!(largest < 0.01, "{largest}");
}

/// A law written by median and 95th percentile has them.
#[test]
fn a_lognormal_law_has_the_median_and_percentile_it_was_given() {
    let (median, p95) = (SimDuration::from_secs(8), SimDuration::from_secs(20));
    let law = Law::lognormal_from_median_p95(median, p95).expect("20 > 8");
    let draws = sorted_draws(&law, 100_000);
    for (q, want) in [(0.5, 8.0), (0.95, 20.0)] {
        let got = quantile::type1(&draws, q).expect("there are draws");
        assert!((got / want - 1.0).abs() < 0.01, "{q}: {got}");
    }
}

/// Mean and standard deviation as given come back from the parameters.
#[test]
fn laws_by_mean_and_standard_deviation_have_them() {
    let (mean, sd) = (SimDuration::from_secs(10), SimDuration::from_secs(4));
    for law in [
        Law::lognormal_from_mean_sd(mean, sd).expect("positive"),
        Law::gamma_from_mean_sd(mean, sd).expect("positive"),
    ] {
        let draws = sorted_draws(&law, 100_000);
        let variance: f64 = draws.iter().map(|x| (x - 10.0) * (x - 10.0)).sum::<f64>() / 1e5;
        assert!((law.mean_s() - 10.0).abs() < 1e-9, "{law:?}");
        assert!((variance.sqrt() / 4.0 - 1.0).abs() < 0.03, "{law:?}: {variance}");
    }
}
