//! Rounds of two programs in turns, and the median of their ratios.

#![expect(clippy::disallowed_types, reason = "a benchmark is about the wall clock")]

use std::fmt;
use std::hint::black_box;
use std::time::Instant;

use crate::bare_rollout;
use crate::workload::Outcome;

/// How much is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Enough to measure.
    Full,
    /// Enough to see that it works.
    Tiny,
}

impl Scale {
    const fn requests(self) -> u64 {
        match self {
            Self::Full => 1_000_000,
            Self::Tiny => 20_000,
        }
    }

    const fn rounds(self) -> usize {
        match self {
            Self::Full => 15,
            Self::Tiny => 1,
        }
    }
}

/// A program that sends so many requests.
pub type Program = Box<dyn Fn(u64) -> Outcome>;

/// The simulator against a bare loop.
pub struct Contest {
    pub name: &'static str,
    /// The speed of the simulator over that of the bare loop that it should reach.
    pub goal: f64,
    pub bare: Program,
    pub plane: Program,
}

/// Nanoseconds a request of both, and the ratio of speeds.
pub struct Verdict {
    name: &'static str,
    goal: f64,
    bare: f64,
    plane: f64,
    ratio: f64,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, goal, bare, plane, ratio } = self;
        let mark = if ratio >= goal { "reached" } else { "missed" };
        write!(
            f,
            "{name:<36} bare {bare:6.1} ns  simulator {plane:6.1} ns a request  \
             ratio {ratio:.2} ({goal} {mark})"
        )
    }
}

/// Runs both in turns, so that whatever else the machine does falls on both.
pub fn contest(contest: &Contest, scale: Scale) -> Verdict {
    let requests = scale.requests();
    let time = |program: &Program| {
        let start = Instant::now();
        let outcome = black_box(program(black_box(requests)));
        (start.elapsed().as_nanos() as f64 / requests as f64, outcome)
    };
    let (mut bare, mut plane, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..scale.rounds() {
        let (one, expected) = time(&contest.bare);
        let (other, outcome) = time(&contest.plane);
        outcome.check_against(&expected, contest.name);
        bare.push(one);
        plane.push(other);
        ratios.push(one / other);
    }
    let (bare, plane, ratio) = (median(bare), median(plane), median(ratios));
    Verdict { name: contest.name, goal: contest.goal, bare, plane, ratio }
}

/// The bare loop of a rollout without requests, alone: microseconds a run.
pub fn alone(instances: u32, scale: Scale) -> String {
    let instances = if scale == Scale::Full { instances } else { instances.min(1_000) };
    let mut times = Vec::new();
    for round in 0..scale.rounds() {
        let start = Instant::now();
        let outcome = black_box(bare_rollout::run(black_box(instances), round as u64));
        times.push(start.elapsed().as_nanos() as f64 / 1e3);
        outcome.check(instances);
    }
    format!("bare rollout of {instances} instances: {:.1} µs", median(times))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
