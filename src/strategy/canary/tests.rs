//! Canaries, step by step.

use super::super::{Action, View, grow};
use super::*;
use crate::fleet::Pool;
use crate::traffic::Split;
use crate::units::{SimTime, Version};

fn step(percent: u64, pause: Pause) -> Step {
    Step {
        weight: Ratio::from_billionths(percent * 10_000_000),
        instances: None,
        pause,
        gates: Vec::new(),
    }
}

fn canary(steps: Vec<Step>) -> Canary {
    Canary {
        steps,
        routing: Routing::Weighted,
        max_unavailable: QUARTER,
        max_surge: QUARTER,
        stable: Stable::Keep,
        scale_down_delay: half_a_minute(),
        abort_scale_down_delay: half_a_minute(),
    }
}

fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(seconds)
}

/// Applies what a canary asks of the fleet, every start taking no time.
fn apply(pool: &mut Pool, actions: &[Action]) {
    for action in actions {
        if let Action::Scale { version, to, .. } = *action {
            grow(pool, version, to);
        }
    }
}

#[test]
fn the_worked_example() {
    let pause = Pause::For(SimDuration::from_secs(120));
    let setup = Setup { desired: 10, zones: 1, direction: Direction::Forward, haste: 1.0 };
    let mut strategy = canary(vec![step(10, pause), step(50, pause)]).begin(setup);
    let mut pool = Pool::new(10, 1);
    let mut sizes = Vec::new();
    let mut shares = Vec::new();
    let mut end = None;
    // Starts of 20 s, so what is launched at one moment is seen 20 s later.
    for now in [0, 20, 140, 160, 280, 300, 330] {
        loop {
            let view = View { now: at(now), ..View::of(&pool, 10) };
            let actions = strategy.decide(&view);
            if actions.is_empty() || end.is_some() {
                break;
            }
            let launched = pool.counts(Version::New).active;
            apply(&mut pool, &actions);
            for action in &actions {
                match action {
                    Action::Split { split: Split::Weighted(share), .. } => {
                        shares.push((now, share.as_f64()));
                    }
                    Action::Finish(_) => end = Some(now),
                    _ => {}
                }
            }
            if pool.counts(Version::New).active > launched {
                sizes.push((now, pool.counts(Version::New).active));
                break;
            }
        }
    }
    assert_eq!(sizes, [(0, 1), (140, 5), (280, 10)]);
    assert_eq!(shares, [(0, 0.0), (20, 0.1), (160, 0.5), (300, 1.0)]);
    assert_eq!(end, Some(330));
}

#[test]
fn weights_never_fall_nor_exceed_the_whole() {
    let now = Pause::default();
    for (steps, field) in [
        (vec![], "steps"),
        (vec![step(50, now), step(20, now)], "steps.1.weight"),
        (vec![step(120, now)], "steps.0.weight"),
        (vec![Step { instances: Some(11), ..step(10, now) }], "steps.0.instances"),
    ] {
        let fields: Vec<String> =
            canary(steps).check(10).into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, [field]);
    }
}

#[test]
fn rolling_back_takes_the_share_away_at_once() {
    let setup = Setup { desired: 10, zones: 1, direction: Direction::Back, haste: 1.0 };
    let mut strategy = canary(vec![step(10, Pause::default())]).begin(setup);
    let mut pool = Pool::new(10, 1);
    apply(
        &mut pool,
        &[Action::Scale {
            version: Version::New,
            to: 1,
            pick: super::super::Pick::Any,
            reason: super::super::Reason::new(""),
        }],
    );
    let mut view = View::of(&pool, 10);
    view.split = Split::Weighted(Ratio::from_billionths(100_000_000));
    let actions = strategy.decide(&view);
    assert!(matches!(
        actions[..],
        [Action::Split { split: Split::Weighted(Ratio::ZERO), .. }, Action::WakeAt(_)]
    ));
}
