//! Rounds of two programs in turns, and the median of their ratios.

#![expect(clippy::disallowed_types, reason = "a benchmark is about the wall clock")]

use std::fmt;
use std::hint::black_box;
use std::time::Instant;

use crate::workload::Outcome;
use crate::{bare_rollout, control_plane};

/// How much is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
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
pub(crate) type Program = Box<dyn Fn(u64) -> Outcome>;

/// The simulator against a bare loop.
pub(crate) struct Contest {
    pub(crate) name: &'static str,
    /// The speed of the simulator over that of the bare loop that it should reach.
    pub(crate) goal: f64,
    pub(crate) bare: Program,
    pub(crate) plane: Program,
}

/// Nanoseconds a request of both, and the ratio of speeds.
pub(crate) struct Verdict {
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
pub(crate) fn contest(contest: &Contest, scale: Scale) -> Verdict {
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

/// A whole rollout of `instances` without requests against its bare loop, in turns: microseconds a
/// run of both, and how many times as long the simulator takes.
pub(crate) fn rollout(instances: u32, scale: Scale) -> String {
    let instances = if scale == Scale::Full { instances } else { instances.min(1_000) };
    let plan = control_plane::plan(instances);
    let (mut bare, mut whole, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..scale.rounds() {
        let start = Instant::now();
        let outcome = black_box(bare_rollout::run(black_box(instances), round as u64));
        let one = start.elapsed().as_nanos() as f64 / 1e3;
        outcome.check(instances);
        let start = Instant::now();
        control_plane::run(black_box(&plan), round as u32);
        let other = start.elapsed().as_nanos() as f64 / 1e3;
        bare.push(one);
        whole.push(other);
        ratios.push(other / one);
    }
    format!(
        "rollout of {instances} instances: bare {:.0} µs, simulator {:.0} µs a run, {:.1} times \
         as long (goal: 2.2)",
        median(bare),
        median(whole),
        median(ratios)
    )
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
