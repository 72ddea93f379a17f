//! Flagger's ticks on a fleet.

use super::super::{Action, View};
use super::*;
use crate::fleet::{Instance, Pool, State};
use crate::traffic::Split;
use crate::units::{SimTime, Version, ZoneId};

fn setup(direction: Direction) -> Setup {
    Setup { desired: 4, zones: 1, direction, haste: 1.0 }
}

fn fleet(flagger: &Flagger) -> Pool {
    let plan = FleetPlan { instances: 4, zones: vec!["a".into()] };
    Pool::divided(4, 1, &flagger.division(&plan))
}

/// Carries out what is asked of the fleet, every start and stop taking no time.
fn apply(pool: &mut Pool, actions: &[Action]) {
    for action in actions {
        let &Action::Scale { version, to, pick: super::super::Pick::Part(part), .. } = action
        else {
            continue;
        };
        while pool.counts(version).active > to {
            let id = pool.first_to_go_of(version, part).expect("more are active than wanted");
            pool.change(id, |one| one.state = State::Terminated);
        }
        pool.set_desired(version, to);
        while pool.counts(version).active < to {
            let mut one = Instance { part, ..Instance::launched(version, ZoneId(0), 0) };
            (one.state, one.is_ready, one.is_available) = (State::Ready, true, true);
            pool.add(one);
        }
    }
}

#[test]
fn the_worked_example() {
    let flagger = Flagger { step_weight: ratio(10), max_weight: ratio(50), ..Flagger::default() };
    assert_eq!(flagger.check(4), []);
    let mut strategy = flagger.begin(setup(Direction::Forward));
    let mut pool = fleet(&flagger);
    let (mut shares, mut sizes, mut end) = (Vec::new(), Vec::new(), None);
    for now in (0..=480).step_by(20) {
        while end.is_none() {
            let at = SimTime::ZERO + SimDuration::from_secs(now);
            let actions = strategy.decide(&View { now: at, ..View::of(&pool, 4) });
            if actions.is_empty() {
                break;
            }
            apply(&mut pool, &actions);
            for action in &actions {
                match action {
                    Action::Split { split: Split::Weighted(share), .. } => {
                        shares.push((now, percent(*share)));
                    }
                    Action::Finish(_) => end = Some(now),
                    _ => {}
                }
            }
        }
        let size = (pool.desired(Version::Old), pool.desired(Version::New));
        if sizes.last().is_none_or(|&(_, last)| last != size) {
            sizes.push((now, size));
        }
    }
    let up = [(0, 0), (60, 10), (120, 20), (180, 30), (240, 40), (300, 50), (420, 0)];
    assert_eq!(shares, up);
    assert_eq!(sizes, [(0, (4, 4)), (360, (0, 8)), (480, (0, 4))]);
    assert_eq!(end, Some(480));
}

#[test]
fn a_canary_goes_in_one_tick() {
    let flagger = Flagger { step_weight: ratio(10), ..Flagger::default() };
    let mut pool = fleet(&flagger);
    pool.set_desired(Version::New, 4);
    for _ in 0..4 {
        pool.add(Instance { part: CANARY, ..Instance::launched(Version::New, ZoneId(0), 0) });
    }
    let mut strategy = flagger.begin(setup(Direction::Back));
    assert!(matches!(strategy.decide(&View::of(&pool, 4))[..], [Action::Mirror { .. }]));
    let actions = strategy.decide(&View::of(&pool, 4));
    assert!(matches!(
        actions[..],
        [
            Action::Split { split: Split::Weighted(Ratio::ZERO), .. },
            Action::Scale { version: Version::New, to: 0, .. },
            Action::Finish(_)
        ]
    ));
}

#[test]
fn contradictions_are_named_by_field() {
    let moving = Flagger { step_weight: ratio(10), ..Flagger::default() };
    let half = Ratio::from_billionths(PERCENT / 2);
    for (flagger, field) in [
        (Flagger::default(), "step_weight"),
        (Flagger { max_weight: half, ..moving.clone() }, "max_weight"),
        (Flagger { match_share: Some(ratio(10)), ..moving.clone() }, "match_share"),
        (Flagger { canary_instances: Some(0), ..moving.clone() }, "canary_instances"),
    ] {
        let problems = flagger.check(4);
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, [field]);
    }
    assert_eq!(moving.check(4), []);
}
