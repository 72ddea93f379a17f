//! Nomad's window on a fleet.

use super::super::{Action, Pick, View};
use super::*;
use crate::fleet::{Instance, Pool, State};
use crate::units::{InstanceId, SimTime, Version, ZoneId};

/// Starts of 10 s and stops of 5 s.
const STOP_S: u64 = 5;
const START_S: u64 = 10;

/// A fleet whose instances stop and start in fixed times.
struct Fleet {
    pool: Pool,
    strategy: Box<dyn Strategy>,
    now: u64,
    stopping: Vec<(u64, InstanceId)>,
    starting: Vec<(u64, InstanceId)>,
    is_finished: bool,
}

fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(seconds)
}

impl Fleet {
    fn new(nomad: &Nomad, size: u32) -> Self {
        let setup = Setup { desired: size, zones: 1, direction: Direction::Forward, haste: 1.0 };
        Self {
            pool: Pool::new(size, 1),
            strategy: nomad.begin(setup),
            now: 0,
            stopping: Vec::new(),
            starting: Vec::new(),
            is_finished: false,
        }
    }

    fn scale(&mut self, version: Version, to: u32, pick: Pick) {
        self.pool.set_desired(version, to);
        while self.pool.counts(version).active > to {
            let id = match pick {
                Pick::LowestIndex => self.pool.lowest(version),
                Pick::HighestIndex => self.pool.highest(version),
                Pick::One(id) => Some(id),
                _ => None,
            };
            let id = id.expect("there is one to go");
            self.pool.change(id, |one| one.state = State::Stopping);
            self.stopping.push((self.now + STOP_S, id));
        }
        while self.pool.counts(version).active < to {
            let id = self.pool.add(Instance::launched(version, ZoneId(0), 0));
            self.starting.push((self.now + START_S, id));
        }
    }

    /// One second; what the strategy asks of the fleet is carried out.
    fn second(&mut self, size: u32) {
        for (_, id) in self.stopping.extract_if(.., |(end, _)| *end == self.now) {
            self.pool.change(id, |one| one.state = State::Terminated);
        }
        for (end, id) in self.starting.extract_if(.., |(end, _)| *end == self.now) {
            self.pool.change(id, |one| {
                (one.state, one.is_ready, one.ready_from) = (State::Ready, true, at(end));
            });
        }
        for _ in 0..1000 {
            let view = View { now: at(self.now), ..View::of(&self.pool, size) };
            let actions = self.strategy.decide(&view);
            if actions.is_empty() || self.is_finished {
                break;
            }
            for action in actions {
                match action {
                    Action::Scale { version, to, pick, .. } => self.scale(version, to, pick),
                    Action::Finish(_) => self.is_finished = true,
                    _ => {}
                }
            }
        }
        self.now += 1;
    }
}

#[test]
fn the_worked_example() {
    let mut fleet = Fleet::new(&Nomad::default(), 3);
    let (mut stops, mut starts) = (Vec::new(), Vec::new());
    while !fleet.is_finished && fleet.now < 100 {
        let before = (fleet.pool.desired(Version::Old), fleet.pool.desired(Version::New));
        fleet.second(3);
        let now = fleet.now - 1;
        stops.extend((fleet.pool.desired(Version::Old) < before.0).then_some(now));
        starts.extend((fleet.pool.desired(Version::New) > before.1).then_some(now));
    }
    assert_eq!((stops, starts), (vec![0, 25, 50], vec![5, 30, 55]));
    assert_eq!((fleet.is_finished, fleet.now - 1), (true, 75));
}

#[test]
fn replacements_wait_twice_as_long_each_time() {
    let nomad = Nomad { reschedule_attempts: Some(9), ..Nomad::default() };
    for (attempts, seconds) in [(0, Some(30)), (1, Some(60)), (7, Some(3600)), (9, None)] {
        assert_eq!(nomad.replaced_at(at(0), attempts), seconds.map(at), "{attempts}");
    }
}

#[test]
fn contradictions_are_named_by_field() {
    let long = SimDuration::from_secs(3600);
    for (nomad, field) in [
        (Nomad { min_healthy_time: Some(long), ..Nomad::default() }, "healthy_deadline"),
        (Nomad { healthy_deadline: long, ..Nomad::default() }, "progress_deadline"),
        (Nomad { auto_promote: true, ..Nomad::default() }, "auto_promote"),
        (Nomad { canary: 1, max_parallel: 0, ..Nomad::default() }, "canary"),
    ] {
        let problems = nomad.check(4);
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, [field]);
    }
    assert_eq!(Nomad::default().check(4), []);
}
