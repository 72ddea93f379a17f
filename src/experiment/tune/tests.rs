//! Searches over made-up runs whose best is known.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::{Distribution, StandardNormal};

use super::*;
use crate::experiment::RunResult;
use crate::experiment::fixture;
use crate::measure::{METRICS, Metrics};
use crate::scenario::{Overrides, Variant};
use crate::sim::{Outcome, Plan};

static NEVER: AtomicBool = AtomicBool::new(false);

/// What a run of the candidate with these values says, from normal numbers that all candidates
/// share in a replication.
type Model<'a> = &'a (dyn Fn(&[f64], [f64; 2]) -> Vec<(&'static str, f64)> + Sync);

/// A space of `axes`; each is `x=1..3`, and the candidates are called after their values.
fn space(axes: &[&str]) -> Space {
    let typed: Vec<String> = axes.iter().map(|&axis| axis.to_owned()).collect();
    Space::new(Axis::read_all(&typed).expect("axes")).expect("a space")
}

fn build(values: &[(&str, &str)]) -> Result<Variant, Report> {
    if values.iter().all(|(_, value)| *value == "0") {
        let text = "[fleet]\ninstances = 4\n[strategies.a]\nkind = \"rolling\"\nmax_surge = 0\n\
                    max_unavailable = 0\n[traffic]\nrate = 1\n";
        let path = std::path::Path::new("case.toml");
        let refused = crate::scenario::parse(text, path, &Overrides::default());
        return Err(refused.expect_err("both bounds are 0"));
    }
    let words: Vec<String> = values.iter().map(|(path, value)| format!("{path}={value}")).collect();
    let name = format!("s {}", words.join(" "));
    Ok(fixture::scenario(&[&name], 1).variants.remove(0))
}

fn values(plan: &Plan) -> Vec<f64> {
    let words = plan.strategy.name.split(' ').skip(1);
    words.filter_map(|word| word.split_once('=')?.1.parse().ok()).collect()
}

fn normals(seed: u64) -> [f64; 2] {
    let mut chance = Xoshiro256PlusPlus::seed_from_u64(seed);
    [StandardNormal.sample(&mut chance), StandardNormal.sample(&mut chance)]
}

/// Searches with runs by `model`, whose first number is shared by the candidates and whose second
/// is each candidate's own.
fn searched(
    space: &Space,
    question: &Question,
    model: Model<'_>,
    (seed, threads): (u64, usize),
) -> Result<Answer, TuneError> {
    let simulate = |plan: &Plan, replication: u32| {
        let values = values(plan);
        let own = values.iter().fold(17, |sum, value| sum * 1009 + value.to_bits() % 9973);
        let root = seed * 1_000_003 + u64::from(replication);
        let chance = [normals(root)[0], normals(root ^ (own << 20))[1]];
        let said = model(&values, chance);
        let metrics = METRICS.iter().map(|metric| {
            said.iter().find(|(name, _)| *name == metric.name).map(|&(_, value)| value)
        });
        let is_done = said.iter().all(|(name, _)| *name != "rolled_back");
        let outcome = if is_done { Outcome::Completed } else { Outcome::RolledBack };
        Some(RunResult { outcome, metrics: Metrics::new(metrics.collect()) })
    };
    let mut lab = Lab::new(NonZeroUsize::new(threads), &NEVER, &|_, _| (), &simulate)?;
    search(space, question, &build, &mut lab)
}

fn question(objectives: &[(&str, Aim)], constraints: &[&str]) -> Question {
    Question::new(
        objectives
            .iter()
            .map(|&(name, aim)| Objective::read(name, aim).expect("a metric"))
            .collect(),
        constraints.iter().map(|one| Constraint::read(one).expect("a constraint")).collect(),
    )
}

const FASTEST: &[(&str, Aim)] = &[("duration_s", Aim::Minimize)];

fn name(answer: &Answer) -> &str {
    let best = answer.recommended.as_ref().expect("a recommendation");
    &answer.candidates[*best].name
}

fn status(answer: &Answer, name: &str) -> Status {
    let found = answer.candidates.iter().find(|one| one.name == name);
    found.unwrap_or_else(|| panic!("no {name}")).status
}

/// Waves of a rolling update of twelve: ceil(12 / (s + u)) starts, one after another, and a
/// capacity of 1 - u / 12 without any chance.
fn waves(values: &[f64]) -> Vec<(&'static str, f64)> {
    let (unavailable, surge) = (values[0], values[1]);
    let starts = (12.0 / (unavailable + surge)).ceil();
    vec![
        ("duration_s", 10.0 * starts),
        ("capacity_min", 1.0 - unavailable / 12.0),
        ("surge_instance_s", 10.0 * starts * surge),
        ("cost", surge),
    ]
}

#[test]
fn without_chance_the_answer_is_that_of_the_formula() {
    let space = space(&["u=0..6", "s=0..6"]);
    let goal = question(FASTEST, &["capacity_min>=80%"]);
    let answer = searched(&space, &goal, &|values, _| waves(values), (1, 2)).expect("an answer");
    // At most two unavailable; with six more, two starts. Of equal ones the first typed.
    assert_eq!(name(&answer), "s u=0 s=6");
    assert_eq!((answer.points, answer.candidates.len(), answer.refused.len()), (49, 48, 1));
    assert!(answer.refused[0].reason.contains("both 0"), "{:?}", answer.refused);
    assert_eq!(answer.runs, 480, "the pilot decides");
    assert_eq!(status(&answer, "s u=2 s=5"), Status::Tied);
    assert_eq!(status(&answer, "s u=2 s=0"), Status::Dominated);
    assert_eq!(status(&answer, "s u=3 s=0"), Status::Infeasible);
}

#[test]
fn the_front_is_that_of_brute_force() {
    let space = space(&["u=0..6", "s=0..4"]);
    let goals = [("duration_s", Aim::Minimize), ("capacity_min", Aim::Maximize)];
    let more = [goals[0], goals[1], ("cost", Aim::Minimize)];
    for objectives in [&goals[..], &more[..]] {
        let goal = question(objectives, &[]);
        let answer = searched(&space, &goal, &|values, _| waves(values), (1, 2)).expect("found");
        let losses = |judged: &Judged| -> Vec<f64> {
            let values: Vec<f64> = judged.values.iter().map(|v| v.parse().expect("one")).collect();
            let said = waves(&values);
            let of = |metric: &str| {
                said.iter().find(|(name, _)| *name == metric).map_or(0.0, |&(_, value)| value)
            };
            goal.objectives.iter().map(|one| one.loss(of(one.metric.name))).collect()
        };
        let points: Vec<Vec<f64>> = answer.candidates.iter().map(losses).collect();
        for (number, judged) in answer.candidates.iter().enumerate() {
            let is_beaten =
                |other: &Vec<f64>| crate::stats::pareto::dominates(other, &points[number]);
            let is_front = !points.iter().any(is_beaten);
            assert_eq!(judged.status == Status::Front, is_front, "{judged:?}");
        }
        assert!(answer.hypervolume.as_ref().is_some_and(|one| (0.5..1.0).contains(&one.share)));
        let best = *answer.recommended.as_ref().expect("one");
        assert_eq!(answer.candidates[best].status, Status::Front);
    }
}

/// The mean is a parabola with its least at 4; neighbours differ by 0.5 at least, of which the
/// zone leaves nothing out.
fn parabola(values: &[f64], chance: [f64; 2]) -> Vec<(&'static str, f64)> {
    let mean = 20.0 + 0.5 * (values[0] - 4.0) * (values[0] - 4.0);
    vec![("duration_s", mean + 2.0 * chance[0] + 0.8 * chance[1])]
}

#[test]
fn the_true_best_is_recommended_as_often_as_promised() {
    let space = space(&["x=1..8"]);
    let mut goal = question(FASTEST, &[]);
    goal.zones = vec![Zone::Amount(0.5)];
    let mut right = 0;
    for seed in 0..200 {
        let answer = searched(&space, &goal, &parabola, (seed, 1)).expect("an answer");
        right += usize::from(name(&answer) == "s x=4");
        assert!(matches!(answer.method, Method::KimNelson { is_reached: true, .. }));
    }
    assert!(right >= 190, "{right} of 200");
}

#[test]
fn a_budget_is_kept_and_goes_to_the_contenders() {
    let space = space(&["x=1..8"]);
    let mut goal = question(FASTEST, &[]);
    goal.budget = Some(400);
    let mut right = 0;
    for seed in 0..100 {
        let answer = searched(&space, &goal, &parabola, (seed, 1)).expect("an answer");
        assert_eq!(answer.runs, 400);
        right += usize::from(name(&answer) == "s x=4");
        let runs = |at: usize| answer.candidates[at - 1].runs;
        assert!(runs(4) > runs(8) && runs(8) == 10, "{} {}", runs(4), runs(8));
    }
    // Chen and Lee promise no share; equal allocation of 50 each would be right about as often as
    // the difference of means (deviation 0.16) stays below 0.5, on either side.
    assert!(right >= 95, "{right} of 100");
    goal.budget = Some(79);
    let refused = searched(&space, &goal, &parabola, (1, 1)).expect_err("too small");
    assert!(refused.to_string().contains("allow 80 or more"), "{refused}");
}

/// Time falls with x while the risk, a share with much chance in it, rises through its limit
/// between 5 and 6.
fn risky(values: &[f64], chance: [f64; 2]) -> Vec<(&'static str, f64)> {
    let x = values[0];
    vec![
        ("duration_s", 100.0 / x + chance[0]),
        ("error_rate", 0.01 * x + 0.01 * chance[0] + 0.005 * chance[1]),
    ]
}

#[test]
fn constraints_are_decided_with_confidence() {
    let space = space(&["x=1..9"]);
    let goal = question(FASTEST, &["error_rate<=5.5%"]);
    let mut right = 0;
    for seed in 0..100 {
        let answer = searched(&space, &goal, &risky, (seed, 1)).expect("an answer");
        right += usize::from(name(&answer) == "s x=5");
        assert_eq!(status(&answer, "s x=9"), Status::Infeasible);
    }
    assert!(right >= 95, "{right} of 100");
}

/// A limit on the greatest of the runs of `failed`.
fn none_fails() -> Constraint {
    let requirement = crate::scenario::policy::Requirement {
        metric: goal::metric("failed").expect("a metric"),
        statistic: crate::scenario::policy::Statistic::Max,
        min: None,
        max: Some(0.0),
        strategies: None,
        place: crate::scenario::policy::At::default(),
    };
    Constraint::required(&requirement).remove(0)
}

/// The third is best of all, but now and then a run of it fails; all else is nearly the same, so
/// that it takes runs. The second is worse than the third in everything, and not than others.
fn frail(values: &[f64], chance: [f64; 2]) -> Vec<(&'static str, f64)> {
    let [time, cost] = [[20.0, 3.0], [15.0, 5.0], [13.5, 4.0], [20.1, 3.0]][values[0] as usize - 1];
    let is_failed = values[0] == 3.0 && chance[1] > 1.6;
    vec![
        ("duration_s", time + 2.0 * chance[0] + 0.8 * chance[1]),
        ("cost", cost),
        ("failed", f64::from(u8::from(is_failed))),
    ]
}

#[test]
fn a_late_run_that_breaks_a_limit_counts() {
    let space = space(&["x=1..4"]);
    let mut single = question(FASTEST, &[]);
    single.zones = vec![Zone::Amount(0.4)];
    let budget = Question { budget: Some(160), ..single.clone() };
    let mut front = question(&[FASTEST[0], ("cost", Aim::Minimize)], &[]);
    front.zones = vec![Zone::Amount(0.1), Zone::Amount(0.1)];
    for goal in [single, budget, front] {
        let goal = Question { constraints: vec![none_fails()], ..goal };
        let mut late = 0;
        for seed in 0..40 {
            let answer = searched(&space, &goal, &frail, (seed, 1)).expect("an answer");
            for one in &answer.candidates {
                let is_broken = one.measured[0] != Some(0.0);
                assert_eq!(one.verdicts[0] == Verdict::Misses, is_broken, "{one:?}");
                assert_eq!(one.status == Status::Infeasible, is_broken, "{one:?}");
            }
            let third = &answer.candidates[2];
            let fell = third.status == Status::Infeasible;
            late += usize::from(fell && third.runs > 10);
            if goal.objectives.len() > 1 {
                let second = status(&answer, "s x=2");
                assert_eq!(second <= Status::Tied, fell, "{second:?}");
            } else {
                assert_eq!(name(&answer), if fell { "s x=2" } else { "s x=3" });
            }
        }
        assert!(late >= 5, "{late} of 40 fell after the pilot");
    }
}

#[test]
fn what_does_not_matter_is_a_share_of_what_may_be_chosen() {
    // Without limit the best takes 100 s / 9; with it, 100 s / 5.
    let space = space(&["x=1..9"]);
    let still = |values: &[f64], _: [f64; 2]| risky(values, [0.0; 2]);
    for (limits, best) in [(&[][..], 9.0), (&["error_rate<=5.5%"], 5.0), (&["error_rate<=0"], 9.0)]
    {
        let goal = question(FASTEST, limits);
        let answer = searched(&space, &goal, &still, (1, 1)).expect("an answer");
        assert!((answer.zones[0] - 1.0 / best).abs() < 1e-12, "{limits:?}: {:?}", answer.zones);
    }
}

#[test]
fn a_straight_front_has_no_knee_and_an_elbow_has() {
    let goal = question(&[FASTEST[0], ("cost", Aim::Minimize)], &[]);
    let space = space(&["x=1..7"]);
    let found = |model: Model<'_>, seed: u64| {
        let answer = searched(&space, &goal, model, (seed, 1)).expect("an answer");
        (answer.knee.map(|knee| knee + 1), name(&answer).to_owned())
    };
    let noise = |chance: [f64; 2]| chance[0] + 0.5 * chance[1];
    let straight = |values: &[f64], chance: [f64; 2]| {
        vec![("duration_s", 80.0 - 10.0 * values[0] + noise(chance)), ("cost", values[0])]
    };
    let elbow = |values: &[f64], chance: [f64; 2]| {
        let time = 20.0 + 60.0 * (3.0 - values[0]).max(0.0) - 3.0 * values[0];
        vec![("duration_s", time + 0.2 * noise(chance)), ("cost", values[0])]
    };
    for seed in 0..20 {
        assert_eq!(found(&straight, seed), (None, "s x=7".to_owned()), "{seed}");
        assert_eq!(found(&elbow, seed), (Some(3), "s x=3".to_owned()), "{seed}");
    }
}

#[test]
fn noise_does_not_drop_what_is_on_the_front() {
    let space = space(&["x=1..6", "y=0..1"]);
    // y costs and brings nothing; along x time is traded for risk.
    let model = |values: &[f64], chance: [f64; 2]| {
        let [x, y] = [values[0], values[1]];
        vec![
            ("duration_s", 60.0 / x + 5.0 * y + 3.0 * chance[0] + 0.3 * chance[1]),
            ("error_rate", 0.01 * x + 0.02 * y + 0.01 * chance[0] + 0.001 * chance[1]),
        ]
    };
    let goals = [("duration_s", Aim::Minimize), ("error_rate", Aim::Minimize)];
    let goal = question(&goals, &[]);
    let mut kept = 0;
    for seed in 0..60 {
        let answer = searched(&space, &goal, &model, (seed, 1)).expect("an answer");
        let on_front = |x: usize| status(&answer, &format!("s x={x} y=0")) <= Status::Tied;
        kept += usize::from((1..=6).all(on_front));
        assert!((1..=6).all(|x| status(&answer, &format!("s x={x} y=1")) == Status::Dominated));
    }
    assert!(kept >= 57, "{kept} of 60");
}

#[test]
fn large_spaces_are_refined_to_the_best() {
    let wide = space(&["u=0..100", "s=0..100"]);
    let bowl = |values: &[f64], _: [f64; 2]| {
        let [x, y] = [values[0] - 37.0, values[1] - 81.0];
        vec![("duration_s", 1000.0 + x * x + y * y + x * y), ("failed", values[0] + values[1])]
    };
    let mut goal = question(FASTEST, &[]);
    goal.pilot = 2;
    let answer = searched(&wide, &goal, &bowl, (1, 2)).expect("an answer");
    assert_eq!(name(&answer), "s u=37 s=81");
    assert!(answer.candidates.len() < 1500, "{}", answer.candidates.len());
    // With u + s <= 90 the least of the bowl lies on the line: 1000 + x² + y² + xy with
    // x + y = -28 is least at x = y = -14.
    let bounded = Question { constraints: question(&[], &["failed<=90"]).constraints, ..goal };
    let answer = searched(&wide, &bounded, &bowl, (1, 2)).expect("an answer");
    assert_eq!(name(&answer), "s u=23 s=67");
}

#[test]
fn who_meets_nothing_says_what_is_to_blame() {
    let space = space(&["u=1..6", "s=0..0"]);
    let told = |constraints: &[&str]| {
        let goal = question(FASTEST, constraints);
        let answer = searched(&space, &goal, &|values, _| waves(values), (1, 1)).expect("found");
        match answer.recommended.expect_err("nothing") {
            Nothing::Misses { constraint, nearest, shortfall, alone } => {
                (constraint, answer.candidates[nearest].name.clone(), shortfall, alone)
            }
            other => panic!("{other:?}"),
        }
    };
    let (constraint, nearest, shortfall, alone) = told(&["duration_s<=1m", "capacity_min>=95%"]);
    assert_eq!((constraint, nearest.as_str(), alone), (1, "s u=1 s=0", false));
    assert!((shortfall - (0.95 - 11.0 / 12.0)).abs() < 1e-12);
    // Two at a time take 60 s and keep 10/12; one at a time keeps 11/12 and takes 120 s.
    let (constraint, nearest, shortfall, alone) = told(&["duration_s<=1m", "capacity_min>=90%"]);
    assert_eq!((constraint, nearest.as_str(), alone), (1, "s u=2 s=0", true));
    assert!((shortfall - (0.9 - 10.0 / 12.0)).abs() < 1e-12);
}

#[test]
fn what_cannot_be_compared_is_set_aside() {
    let space = space(&["x=1..3"]);
    let model = |values: &[f64], _: [f64; 2]| {
        let mut said = vec![("duration_s", 10.0 * values[0])];
        if values[0] < 1.5 {
            said.push(("rolled_back", 1.0));
        }
        if values[0] > 2.5 {
            said.push(("detect_s", 3.0));
        }
        said
    };
    let answer = searched(&space, &question(FASTEST, &[]), &model, (1, 1)).expect("found");
    assert_eq!(name(&answer), "s x=2");
    assert_eq!(status(&answer, "s x=1"), Status::Incomplete);
    let detect = question(&[("detect_s", Aim::Minimize)], &[]);
    let answer = searched(&space, &detect, &model, (1, 1)).expect("found");
    assert_eq!((name(&answer), status(&answer, "s x=2")), ("s x=3", Status::Undefined));
    let page = question(FASTEST, &["page_s<=1m"]);
    let answer = searched(&space, &page, &model, (1, 1)).expect("found");
    let page = goal::metric("page_s").expect("a metric");
    assert_eq!(answer.recommended, Err(Nothing::Undefined(page)));
}

#[test]
fn a_limit_that_cannot_be_told_from_the_mean_is_said() {
    let space = space(&["x=5..5"]);
    let mut goal = question(FASTEST, &["error_rate<=5%"]);
    goal.most = 30;
    let mut unclear = 0;
    for seed in 0..20 {
        let answer = searched(&space, &goal, &risky, (seed, 1)).expect("an answer");
        unclear += usize::from(answer.recommended == Err(Nothing::Unclear(vec![0])));
    }
    assert!(unclear >= 18, "{unclear} of 20");
}

#[test]
fn the_answer_does_not_depend_on_the_threads() {
    let space = space(&["x=1..9"]);
    let goal = question(FASTEST, &["error_rate<=5.5%"]);
    let alone = searched(&space, &goal, &risky, (3, 1)).expect("an answer");
    for threads in [2, 8] {
        assert_eq!(searched(&space, &goal, &risky, (3, threads)).expect("an answer"), alone);
    }
}

#[test]
fn a_space_that_is_refused_as_a_whole_says_why() {
    let refused = searched(&space(&["x=0..0"]), &question(FASTEST, &[]), &parabola, (1, 1));
    let Err(TuneError::AllRefused(report, 1)) = refused else { panic!("{refused:?}") };
    assert!(report.to_string().contains("both"), "{report}");
}
