//! Studies of models whose indices are known, in the place of the simulator.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use rand::Rng;

use super::*;
use crate::experiment::fixture;
use crate::measure::{METRICS, Metrics};
use crate::random::{Purpose, Seed, unit};
use crate::scenario::Overrides;
use crate::sim::{Outcome, Plan};
use crate::stats::ishigami;
use crate::stats::morris::Effects;

static NEVER: AtomicBool = AtomicBool::new(false);

/// The metric of a run at a point, from the point's values and the replication; none where it is
/// not defined.
type Model<'a> = &'a (dyn Fn(&[f64], u32) -> Option<f64> + Sync);

fn metric(name: &str) -> &'static Metric {
    METRICS.iter().find(|metric| metric.name == name).expect("a metric")
}

fn question(varied: &[&str], method: Method) -> Question {
    Question {
        varied: varied.iter().map(|typed| Vary::read(typed).expect("right")).collect(),
        metrics: vec![metric("duration_s")],
        method,
        replications: 4,
        seed: 1,
    }
}

/// A variant whose strategy is called after the values; a point of two zeros is refused.
fn build(values: &[(&str, &str)]) -> Result<Variant, Report> {
    if values.iter().all(|(_, value)| *value == "0") {
        let path = std::path::Path::new("case.toml");
        let refused = crate::scenario::parse("[fleet]\n", path, &Overrides::default());
        return Err(refused.expect_err("there is no strategy"));
    }
    let words: Vec<&str> = values.iter().map(|(_, value)| *value).collect();
    Ok(fixture::scenario(&[&words.join(" ")], 1).variants.remove(0))
}

fn number(text: &str) -> f64 {
    let text = text.trim_end_matches(['s', '%']);
    text.parse().unwrap_or_else(|_| f64::from(text.as_bytes()[0] - b'a'))
}

fn answer(
    question: &Question,
    model: Model<'_>,
    threads: usize,
) -> Result<Sensitivity, SensitivityError> {
    let index = METRICS.iter().position(|one| one.name == "duration_s").expect("a metric");
    let simulate = |plan: &Plan, replication: u32| {
        let values: Vec<f64> = plan.strategy.name.split(' ').map(number).collect();
        let mut metrics = vec![None; METRICS.len()];
        metrics[index] = model(&values, replication);
        Some(RunResult { outcome: Outcome::Completed, metrics: Metrics::new(metrics) })
    };
    assert_eq!(question.problems(), Vec::<String>::new());
    let mut lab =
        Lab::new(NonZeroUsize::new(threads), &NEVER, &|_, _| (), &simulate).expect("threads start");
    let study = Study::new(question.clone(), "s");
    let variants = study.build(&build)?;
    let runs = study.simulate(&variants, &mut lab).expect("nothing interrupts it");
    assert_eq!(lab.asked(), study.runs(), "each point is simulated once");
    study.answer(&runs)
}

fn influences(question: &Question, model: Model<'_>) -> Vec<Influence> {
    answer(question, model, 2).expect("an answer").metrics.remove(0).fields
}

fn effects(influence: &Influence) -> Effects {
    match influence.measures {
        Measures::Morris(effects) => effects,
        Measures::Sobol(_) => panic!("{influence:?}"),
    }
}

const MORRIS: Method = Method::Morris { trajectories: 20 };

/// Uniform in 0..1, another for each pair.
fn luck(root: u64, replication: u32) -> f64 {
    let seed = Seed { seed: root, replication: u64::from(replication) };
    unit(seed.stream(Purpose::Demand).next_u64())
}

#[test]
fn effects_are_those_of_the_whole_range_in_the_metrics_unit() {
    let ranges = ["a.x=1..6", "a.y=10%..50%", "a.z=5s..1m", "a.w=0.5..2.5", "a.v=0..20/5"];
    let coefficients = [3.0, -2.0, 0.5, 10.0, 0.0];
    let lengths = [5.0, 40.0, 55.0, 2.0, 20.0];
    let linear = |values: &[f64], _: u32| {
        Some(values.iter().zip(coefficients).map(|(value, c)| value * c).sum())
    };
    let found = influences(&question(&ranges, MORRIS), &linear);
    for ((one, c), length) in found.iter().zip(coefficients).zip(lengths) {
        let effects = effects(one);
        assert!((effects.mu - c * length).abs() < 1e-9, "{one:?}");
        assert!((effects.mu_star - (c * length).abs()).abs() < 1e-9, "{one:?}");
        assert!(effects.sigma < 1e-9, "{one:?}");
        assert_eq!(one.chance, Some(0.0));
    }
    let verdicts: Vec<_> = found.iter().map(|one| (one.direction, one.verdict)).collect();
    let matters = |direction| (direction, Verdict::Matters);
    assert_eq!(verdicts[..2], [matters(Direction::Rises), matters(Direction::Falls)]);
    assert_eq!(verdicts[4], (Direction::None, Verdict::NoEffect));
}

#[test]
fn choices_have_the_effect_of_a_change() {
    let ranges = ["a.x=a,b", "a.y=a,b,c", "a.z=1..2"];
    // Of three choices the middle one is the odd one out.
    let model = |values: &[f64], _: u32| {
        Some(7.0 * values[0] + if values[1] == 1.0 { 4.0 } else { 0.0 } + values[2])
    };
    let many =
        Question { method: Method::Morris { trajectories: 300 }, ..question(&ranges, MORRIS) };
    let found = influences(&many, &model);
    assert!((effects(&found[0]).mu - 7.0).abs() < 1e-9);
    assert_eq!(found[0].direction, Direction::Rises);
    // Four of the six changes go to or from it.
    assert!((effects(&found[1]).mu_star - 4.0 * 2.0 / 3.0).abs() < 0.4, "{:?}", found[1]);
    assert_eq!(found[1].direction, Direction::None);
}

#[test]
fn sobol_finds_ishigami_and_so_does_any_number_of_threads() {
    let ranges = ["a.x=0.0..1.0", "a.y=0.0..1.0", "a.z=0.0..1.0"];
    let asked = question(&ranges, Method::Sobol { samples: 1024 });
    let model = |values: &[f64], _: u32| Some(ishigami::of_shares(values));
    let found = answer(&asked, &model, 1).expect("an answer");
    assert_eq!((found.points, found.replications), (5 * 1024, 4));
    for (one, (first, total)) in found.metrics[0].fields.iter().zip(ishigami::INDICES) {
        let Measures::Sobol(indices) = one.measures else { panic!("{one:?}") };
        for (index, wanted) in [(indices.first, first), (indices.total, total)] {
            assert!((index.value - wanted).abs() < 0.03, "{index:?} {wanted}");
            assert!(index.ci95[0] <= wanted && wanted <= index.ci95[1], "{index:?} {wanted}");
        }
        assert_eq!(one.verdict, Verdict::Matters);
    }
    assert_eq!(found.metrics[0].ranked(), [0, 1, 2]);
    // Its variance is 13.84.
    assert!((found.metrics[0].deviation - 3.72).abs() < 0.02, "{:?}", found.metrics[0]);
    assert_eq!(answer(&asked, &model, 8).expect("an answer"), found);
}

/// Chance that is the same at every point moves nothing and hides nothing; chance of a point's own
/// is told as such.
#[test]
fn what_chance_moves_is_told_from_what_fields_move() {
    let ranges = ["a.x=1..1000", "a.y=0.0..10.0"];
    let common = |values: &[f64], run: u32| Some(0.1 * values[1] + 50.0 * luck(7, run));
    let own = |values: &[f64], run: u32| {
        Some(99.0 * values[1] + 50.0 * luck(7 + values[0].to_bits() + values[1].to_bits(), run))
    };
    for method in [MORRIS, Method::Sobol { samples: 256 }] {
        let asked = question(&ranges, method);
        let found = influences(&asked, &common);
        assert_eq!((found[0].size(), found[0].verdict), (0.0, Verdict::NoEffect));
        assert_eq!((found[1].direction, found[1].verdict), (Direction::Rises, Verdict::Matters));
        assert!(found[1].chance.is_some_and(|chance| chance < 1e-9 * found[1].size()));
        let found = influences(&asked, &own);
        assert_eq!(found[0].verdict, Verdict::WithinChance, "{:?}", found[0]);
        assert_eq!(found[1].verdict, Verdict::Matters, "{:?}", found[1]);
        // One run at each point cannot tell.
        let single = Question { replications: 1, ..asked };
        let found = influences(&single, &own);
        assert_eq!((found[1].chance, found[1].verdict), (None, Verdict::Unknown));
    }
}

/// Of 100 experiments with two dummies that change nothing but the random numbers, each stays
/// within what is said of chance in 95 at least, but for a binomial deviation of 2; whether their
/// numbers follow from the whole point or from the dummy alone.
#[test]
fn dummies_stay_within_chance() {
    let ranges = ["a.dummy=1.0..2.0", "a.other=1.0..2.0", "a.y=1.0..2.0"];
    for (method, own) in [
        (Method::Morris { trajectories: 10 }, true),
        (Method::Morris { trajectories: 10 }, false),
        (Method::Sobol { samples: 16 }, true),
        (Method::Sobol { samples: 16 }, false),
    ] {
        let mut within = [0, 0];
        for seed in 0..100 {
            let model = |values: &[f64], run: u32| {
                let moved = if own { &values[..1] } else { values };
                let root = moved.iter().fold(seed, |sum, value| sum * 31 + (value * 1e4) as u64);
                Some(30.0 * values[2] + luck(root, run))
            };
            let asked = Question { replications: 6, seed, ..question(&ranges, method) };
            let found = influences(&asked, &model);
            for (count, dummy) in within.iter_mut().zip(&found) {
                *count += u32::from(dummy.verdict != Verdict::Matters);
            }
            assert_eq!(found[2].verdict, Verdict::Matters);
        }
        assert!(within.iter().all(|count| *count >= 91), "{method:?} {own}: {within:?}");
    }
}

#[test]
fn what_cannot_be_answered_is_told_with_its_point() {
    let asked = question(&["a.x=0..3", "b.x=0..3"], MORRIS);
    let flat = |_: &[f64], _: u32| Some(1.0);
    let error = answer(&asked, &flat, 1).expect_err("two zeros are refused").to_string();
    let wanted = "the scenario's rules refuse the point `s a.x=0 b.x=0`: `a.x=0` is an end of its \
                  range, and with `a.x=2` it is allowed";
    assert_eq!(error, wanted);
    let asked = question(&["a.x=1..3"], MORRIS);
    let gap = |values: &[f64], _: u32| (values[0] < 3.0).then_some(1.0);
    let error = answer(&asked, &gap, 1).expect_err("undefined at 3").to_string();
    assert!(error.starts_with("no run defines `duration_s` at the point `s x=3`; "), "{error}");
}

#[test]
fn what_cannot_be_asked() {
    let sobol = |samples| Method::Sobol { samples };
    for (varied, method, wanted) in [
        (&[][..], MORRIS, "nothing is varied; name a field and its range"),
        (&["a=3..3"], MORRIS, "`--vary a`: `3` is its only value; give a range whose low end"),
        (&["a=only"], MORRIS, "`only` is its only value"),
        (&["a=5s..5s"], MORRIS, "`5s` is its only value"),
        (&["a=0.5..0.5"], MORRIS, "`0.5` is its only value"),
        (&["a=1..5/9"], MORRIS, "is its only value"),
        (&["a=x,y"], sobol(64), "Sobol's indices are of ranges, not of choices"),
        (&["a=1..5"], sobol(100), "100 samples are no power of two"),
        (&["a=1..5"], sobol(100), "write 64 or 128"),
    ] {
        let found = question(varied, method).problems().join("\n");
        assert!(found.contains(wanted), "{varied:?}: {found}");
    }
    let many: Vec<String> = (0..40).map(|number| format!("a.f{number}=1..2")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let found = question(&many, sobol(64)).problems();
    assert!(found[0].contains("can be had of 32 fields, not of 40"), "{found:?}");
    assert_eq!(question(&many, MORRIS).problems(), Vec::<String>::new());
}
