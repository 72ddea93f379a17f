//! Charts of searches: nothing lies on anything else, and what counts is named.

use super::super::tests::check_texts;
use super::*;
use crate::experiment::tune::goal::{Aim, Constraint, Objective};
use crate::experiment::tune::{Axis, Method, Verdict};

/// An answer over these axes; `model` gives the means of each metric from the values.
fn answer(
    axes: &[&str],
    objectives: &[&str],
    constraints: &[&str],
    model: impl Fn(&[f64]) -> Vec<f64>,
) -> Answer {
    let typed: Vec<String> = axes.iter().map(|&axis| axis.to_owned()).collect();
    let axes = Axis::read_all(&typed).expect("axes");
    let space = crate::experiment::tune::Space::new(axes.clone()).expect("a space");
    let objectives: Vec<Objective> = objectives
        .iter()
        .map(|name| Objective::read(name, Aim::Minimize).expect("a metric"))
        .collect();
    let constraints: Vec<Constraint> =
        constraints.iter().map(|one| Constraint::read(one).expect("a constraint")).collect();
    let points = space.grid(&vec![1; axes.len()]);
    let candidates: Vec<Judged> = points
        .iter()
        .enumerate()
        .map(|(number, point)| {
            let values = space.values(point).map(|(_, value)| value.to_owned()).collect();
            judged(number, values, (objectives.len(), &constraints), &model)
        })
        .collect();
    let best = candidates.iter().position(|one| one.status == Status::Front);
    Answer {
        axes,
        zones: vec![1.0; objectives.len()],
        objectives,
        constraints,
        confidence: 0.95,
        points: candidates.len(),
        candidates,
        refused: Vec::new(),
        recommended: best.ok_or(crate::experiment::tune::Nothing::Incomplete),
        knee: best,
        method: Method::Front { alpha: 0.05, systems: 2, is_reached: true },
        hypervolume: None,
        runs: 100,
    }
}

/// A candidate; every fourth is on the front, every fourth tied with it.
fn judged(
    number: usize,
    values: Vec<String>,
    (objectives, constraints): (usize, &[Constraint]),
    model: &impl Fn(&[f64]) -> Vec<f64>,
) -> Judged {
    let estimate = |&mean: &f64| {
        let half = 0.03 * mean.abs();
        Estimate::of(&[mean - half, mean, mean + half])
    };
    let numbers: Vec<f64> = values.iter().map(|value| value.parse().unwrap_or(1.0)).collect();
    let means = model(&numbers);
    let (first, rest) = means.split_at(objectives);
    let verdict = |(one, &mean): (&Constraint, &f64)| match one.shortfall(mean) > 0.0 {
        true => Verdict::Misses,
        false => Verdict::Meets,
    };
    let verdicts: Vec<Verdict> = constraints.iter().zip(rest).map(verdict).collect();
    let status = match number % 4 {
        _ if verdicts.contains(&Verdict::Misses) => Status::Infeasible,
        0 => Status::Front,
        1 => Status::Tied,
        _ => Status::Dominated,
    };
    Judged {
        name: format!("rolling {number}"),
        values,
        runs: 10,
        completed: 1.0,
        status,
        objectives: first.iter().map(estimate).collect(),
        constraints: rest.iter().take(constraints.len()).map(estimate).collect(),
        measured: rest.iter().take(constraints.len()).copied().map(Some).collect(),
        verdicts,
        differences: vec![None; objectives],
    }
}

fn shapes() -> Vec<(&'static str, Answer)> {
    let waves = |values: &[f64]| {
        let batch: f64 = values.iter().sum::<f64>().max(1.0);
        vec![600.0 / batch, 1.0 - values[0] / 20.0, values[0] * 3.0]
    };
    let field = "strategies.rolling.max_unavailable";
    let other = "strategies.rolling.max_surge";
    let of = |field: &str, spec: &str| format!("{field}={spec}");
    let (one, two) = (of(field, "1..6"), of(other, "0..6"));
    let (fine, wide) = (of(field, "1..40"), of(other, "0..90"));
    let limit = ["capacity_min>=80%"];
    vec![
        ("constraint", answer(&[&one, &two], &["duration_s"], &limit, waves)),
        ("front", answer(&[&one, &two], &["duration_s", "cost"], &[], waves)),
        (
            "three",
            answer(&[&one], &["duration_s", "cost", "failed"], &[], |values| {
                vec![600.0 / values[0], values[0], values[0] * values[0]]
            }),
        ),
        (
            "curve",
            answer(&[&of("shutdown.pre_stop", "1..20")], &["failed"], &[], |values| {
                vec![1e5 / values[0]]
            }),
        ),
        ("fine", answer(&[&fine, &wide], &["duration_s"], &limit, waves)),
        (
            "words",
            answer(&["load_balancer.policy=random,round-robin"], &["failed"], &[], |_| vec![3.0]),
        ),
        ("ranking", answer(&["a.x=1..3", "b.y=1..3", "c.z=1..4"], &["duration_s"], &[], waves)),
        (
            "bounded",
            answer(&[&one], &["duration_s"], &["duration_s<=400s"], |values| {
                vec![600.0 / values[0], 600.0 / values[0]]
            }),
        ),
    ]
}

#[test]
fn texts_can_be_read_and_axes_are_named() {
    for (name, answer) in shapes() {
        let picture = render("case", &answer);
        check_texts(&picture, name);
        let texts: Vec<&str> = picture.texts().iter().map(|text| text.text.as_str()).collect();
        let first = answer.objectives[0].metric.name;
        assert!(texts.iter().any(|text| text.starts_with(first)), "{name}: {texts:?}");
        for limit in &answer.constraints {
            assert!(texts.contains(&limit.typed.as_str()) || name == "bounded", "{name}");
        }
        let svg = super::super::svg::render(&picture).expect("drawn");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
    }
}

#[test]
fn nothing_to_choose_can_be_drawn() {
    for (name, mut answer) in shapes() {
        answer.recommended = Err(crate::experiment::tune::Nothing::Incomplete);
        answer.knee = None;
        for judged in &mut answer.candidates {
            judged.status = Status::Infeasible;
        }
        check_texts(&render("case", &answer), name);
        answer.candidates.clear();
        check_texts(&render("case", &answer), name);
    }
}

/// Writes the charts to the folder that `ROLLSIM_CHARTS` names, for looking at them.
#[test]
fn charts_can_be_looked_at() {
    let Ok(folder) = std::env::var("ROLLSIM_CHARTS") else { return };
    for (name, answer) in shapes() {
        let content = super::super::png::render(&render("case", &answer)).expect("drawn");
        let path = std::path::Path::new(&folder).join(format!("search_{name}.png"));
        std::fs::write(path, content).expect("written");
    }
}
