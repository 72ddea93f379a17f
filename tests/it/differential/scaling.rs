//! What a pause and a change of the desired count make of the sizes of a
//! Deployment's versions in the middle of a rollout, sizes in, sizes out.

use rollsim::fleet::{Instance, Pool, State};
use rollsim::strategy::{Action, Direction, Setup, Strategy, View};
use rollsim::traffic::Split;
use rollsim::units::{SimTime, Version, ZoneId};
use serde_json::Value;

use super::recorded::recorded;
use super::{Replayed, replay_all};
use crate::world::variants;

/// Sizes by version, the recorded order: old, new and perhaps a third.
fn sizes(recorded: &Value) -> Vec<u32> {
    let sizes = recorded.as_array().expect("sizes").iter();
    sizes.map(|size| size.as_u64().expect("a size") as u32).collect()
}

/// A fleet of these sizes; of the version that comes all instances are available, or none.
fn pool(sizes: &[u32], is_available: bool) -> Pool {
    let mut pool = Pool::new(sizes[0].max(1), 1);
    pool.set_desired(Version::Old, sizes[0]);
    for (&version, &size) in Version::EVERY.iter().zip(sizes).skip(1) {
        pool.set_desired(version, size);
        for number in 0..size {
            let mut one = Instance::launched(version, ZoneId(0), number);
            (one.state, one.is_ready, one.is_available) = (State::Ready, true, is_available);
            pool.add(one);
        }
    }
    pool
}

fn after(before: &[u32], actions: Vec<Action>) -> Vec<u32> {
    let mut sizes = before.to_vec();
    for action in actions {
        if let Action::Scale { version, to, .. } = action {
            sizes[version.index()] = to;
        }
    }
    sizes
}

fn difference(case: &Value) -> Option<String> {
    let number = |key: &str| case[key].as_u64().expect("a count") as u32;
    let (desired, to) = (number("replicas"), number("scale_to"));
    let text = format!(
        "[fleet]\ninstances = {desired}\n[traffic]\nrate = 0\n\
         [strategies.case]\nkind = \"rolling\"\nmax_surge = {}\nmax_unavailable = {}\n",
        case["max_surge"], case["max_unavailable"]
    );
    let plan = variants(&text).remove(0).plan;
    let start = sizes(&case["specs_before_pause"]);
    let direction = if start.len() > 2 { Direction::Over } else { Direction::Forward };
    let setup = Setup { desired, zones: 1, direction, haste: 1.0 };
    let view = |pool: &Pool, desired, answer: &mut dyn FnMut(&View<'_>) -> Vec<Action>| {
        let (now, split) = (SimTime::ZERO, Split::ByCount);
        answer(&View { now, desired, split, switched: None, gates: None, checked: None, pool })
    };
    let hold = |strategy: &mut Box<dyn Strategy>, mut sizes: Vec<u32>, desired, is_available| loop {
        let pool = pool(&sizes, is_available);
        let actions = view(&pool, desired, &mut |view| strategy.hold(view));
        if actions.is_empty() {
            return sizes;
        }
        sizes = after(&sizes, actions);
    };
    // The record does not say whether the new instances were available when it was taken.
    let mut found = Vec::new();
    for (when_paused, when_scaled) in [(false, false), (false, true), (true, true)] {
        let mut strategy = plan.strategy.parameters.begin(setup);
        let paused = hold(&mut strategy, start.clone(), desired, when_paused);
        let fleet = pool(&paused, when_scaled);
        let scaled = view(&fleet, to, &mut |view| strategy.resize(view, desired));
        let scaled = hold(&mut strategy, after(&paused, scaled), to, when_scaled);
        found.push((paused, scaled));
    }
    let expected = (sizes(&case["specs_paused"]), sizes(&case["specs_after_scale"]));
    (!found.contains(&expected)).then(|| format!("{case}: {found:?}"))
}

#[test]
fn kubernetes_proportional_scaling() {
    let stored = include_str!("../../data/cases/kubernetes_proportional_scaling.json");
    let file = recorded("kubernetes_proportional_scaling.json", stored);
    replay_all(&file, |_, case| Replayed::from_difference(difference(case)));
}
