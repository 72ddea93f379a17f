//! Rolling updates against the controller's closed form.

use super::super::{Action, Direction, Pick, View};
use super::*;
use crate::fleet::{Instance, Pool, State};
use crate::units::{InstanceId, SimTime, Version, ZoneId};

/// A fleet in which every start takes one round and every stop none.
struct Rounds {
    pool: Pool,
    desired: u32,
    strategy: Box<dyn Strategy>,
    now: u64,
    is_finished: bool,
}

impl Rounds {
    fn new(rolling: &Rolling, desired: u32) -> Self {
        let setup = Setup { desired, zones: 1, direction: Direction::Forward, haste: 1.0 };
        let pool = Pool::new(desired, 1);
        Self { pool, desired, strategy: rolling.begin(setup), now: 0, is_finished: false }
    }

    /// Decides until nothing is left to do, then lets every start end.
    fn round(&mut self) -> (u32, u32) {
        loop {
            let view =
                View { now: SimTime::from_nanos(self.now), ..View::of(&self.pool, self.desired) };
            let actions = self.strategy.decide(&view);
            if actions.is_empty() || self.is_finished {
                break;
            }
            for action in actions {
                self.apply(&action);
            }
        }
        let after = (self.pool.desired(Version::Old), self.pool.desired(Version::New));
        for index in 0..self.pool.len() as u32 {
            let is_starting = self.pool.get(InstanceId(index)).state == State::Waiting;
            if is_starting {
                self.pool.change(InstanceId(index), |one| {
                    (one.state, one.is_ready, one.is_available) = (State::Ready, true, true);
                });
            }
        }
        self.now += 1;
        after
    }

    fn apply(&mut self, action: &Action) {
        match *action {
            Action::Scale { version, to, pick, .. } => {
                while self.pool.counts(version).active < to {
                    self.pool.add(Instance::launched(version, ZoneId(0), 0));
                }
                while self.pool.counts(version).active > to {
                    let id = match pick {
                        Pick::HighestIndex => self.pool.highest(version),
                        _ => self.pool.first_to_go(version),
                    };
                    let id = id.expect("more are active than wanted");
                    self.pool.change(id, |one| one.state = State::Terminated);
                }
                self.pool.set_desired(version, to);
            }
            Action::Finish(_) => self.is_finished = true,
            _ => {}
        }
    }
}

#[test]
fn the_worked_example() {
    let rolling = Rolling {
        max_unavailable: Some(CountOrPercent::Count(2)),
        max_surge: Some(CountOrPercent::Count(3)),
        ..Rolling::default()
    };
    let mut rounds = Rounds::new(&rolling, 10);
    assert_eq!(rounds.round(), (8, 5));
    assert_eq!(rounds.round(), (3, 10));
    assert_eq!(rounds.round(), (0, 10));
    assert!(rounds.is_finished);
}

/// With equal starts and nothing failing, old = max(0, n - U - A) and new = min(n, n + S - old),
/// A being the new instances available so far: the controller's closed form.
#[test]
fn follows_the_closed_form() {
    for desired in 1..=24 {
        for surge in 0..=6 {
            for unavailable in 0..=6 {
                if surge == 0 && unavailable == 0 {
                    continue;
                }
                let rolling = Rolling {
                    max_unavailable: Some(CountOrPercent::Count(unavailable)),
                    max_surge: Some(CountOrPercent::Count(surge)),
                    ..Rolling::default()
                };
                check_closed_form(&rolling, desired, surge, unavailable.min(desired));
            }
        }
    }
}

fn check_closed_form(rolling: &Rolling, desired: u32, surge: u32, unavailable: u32) {
    let mut rounds = Rounds::new(rolling, desired);
    let mut available = 0;
    for _ in 0..=desired {
        let old = (desired - unavailable).saturating_sub(available);
        let new = desired.min(desired + surge - old);
        assert_eq!(rounds.round(), (old, new), "n {desired}, S {surge}, U {unavailable}");
        available = new;
        if rounds.is_finished {
            return;
        }
    }
    panic!("not finished: n {desired}, S {surge}, U {unavailable}");
}

#[test]
fn batches_wait_for_each_other_and_grow() {
    let rolling = Rolling {
        max_unavailable: Some(CountOrPercent::Count(1)),
        max_surge: Some(CountOrPercent::Count(0)),
        pacing: Pacing::Batch,
        growth: 2.0,
        ..Rolling::default()
    };
    let mut rounds = Rounds::new(&rolling, 7);
    assert_eq!(rounds.round(), (6, 1));
    assert_eq!(rounds.round(), (4, 3));
    assert_eq!(rounds.round(), (0, 7));
    rounds.round();
    assert!(rounds.is_finished);
}

#[test]
fn a_partition_stays_old() {
    let rolling = Rolling { order: Order::Ordinal, partition: 3, ..Rolling::default() };
    let mut rounds = Rounds::new(&rolling, 5);
    for _ in 0..4 {
        rounds.round();
    }
    assert!(rounds.is_finished);
    assert_eq!(rounds.pool.desired(Version::Old), 3);
    assert_eq!(rounds.pool.highest(Version::Old), Some(InstanceId(2)));
}

#[test]
fn bounds_that_both_round_to_nothing_let_one_be_unavailable() {
    let bounds = Bounds {
        max_unavailable: CountOrPercent::Percent(Ratio::from_billionths(10_000_000)),
        max_surge: CountOrPercent::Count(0),
    };
    assert_eq!(bounds.resolve(5), Resolved { unavailable: 1, surge: 0 });
}

#[test]
fn contradictions_are_named_by_field() {
    for (rolling, field) in [
        (
            Rolling {
                max_unavailable: Some(CountOrPercent::Count(0)),
                max_surge: Some(CountOrPercent::Percent(Ratio::ZERO)),
                ..Rolling::default()
            },
            "max_unavailable",
        ),
        (Rolling { growth: f64::NAN, pacing: Pacing::Batch, ..Rolling::default() }, "growth"),
        (Rolling { growth: 2.0, ..Rolling::default() }, "growth"),
        (
            Rolling {
                replacement: Replacement::InPlace,
                max_surge: Some(CountOrPercent::Count(1)),
                ..Rolling::default()
            },
            "max_surge",
        ),
        (Rolling { partition: 11, ..Rolling::default() }, "partition"),
    ] {
        let fields: Vec<String> =
            rolling.check(10).into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, [field]);
    }
    assert_eq!(Rolling::default().check(10), []);
}
