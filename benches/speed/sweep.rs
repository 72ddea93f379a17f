//! How many cells a second does a sweep do, from the plan to the rows of the result files? The
//! cells are rollouts of twelve instances without requests: what is measured is what a cell costs
//! besides its requests.

#![expect(clippy::disallowed_types, reason = "a benchmark is about the wall clock")]

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use rollsim::experiment::{Course, End, Measured, Order, Part, Settings, sweep};
use rollsim::measure::measure;
use rollsim::report::{Heading, VariantRows};
use rollsim::scenario::{Overrides, Scenario, parse};
use rollsim::sim::{Plan, simulate};

use rollsim::experiment::store::Subject;

use crate::rounds::Scale;

const SCENARIO: &str = r#"
[fleet]
instances = 12

[startup]
boot = { dist = "lognormal", median = "8s", p95 = "20s" }

[traffic]
rate = 0

[strategies.rolling]
kind = "rolling"
max_unavailable = 1
max_surge = 1

[simulation]
replications = 30
"#;

static NEVER: AtomicBool = AtomicBool::new(false);

/// Every replication of every variant, made into rows that nobody keeps.
struct Rows<'a> {
    scenario: &'a Scenario,
    heading: Heading,
}

impl Course for Rows<'_> {
    type Done = VariantRows;

    fn order(&self, variant: usize) -> Order {
        let replications = 0..self.scenario.variants[variant].plan.simulation.replications;
        Order { known: Part::default(), replications }
    }

    fn finish(&self, variant: usize, part: Part) -> VariantRows {
        let subject = Subject::of(&self.scenario.variants[variant], None);
        VariantRows::of(&self.heading, subject.results(part))
    }
}

/// Cells a second with one thread and with two, in turns, and what a cell takes of one thread.
pub(crate) fn cells(scale: Scale) -> String {
    let (variants, rounds) = if scale == Scale::Full { (300, 7) } else { (4, 1) };
    let rates: Vec<String> = (0..variants).map(|number| format!("{number}s")).collect();
    let sweep = format!("simulation.settle={}", rates.join(","));
    let overrides = Overrides { sets: Vec::new(), sweeps: vec![sweep] };
    let loaded = parse(SCENARIO, Path::new("sweep.toml"), &overrides).expect("a right scenario");
    let scenario = loaded.scenario;
    let cells = variants * 30;
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        alone.push(f64::from(cells) / seconds(&scenario, 1));
        together.push(f64::from(cells) / seconds(&scenario, 2));
    }
    let [alone, together] = [alone, together].map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    });
    format!(
        "sweep of {cells} cells without requests: {alone:.0} cells a second with one thread \
         ({:.0} µs a cell; goal: 200), {together:.0} with two ({:.2} times as many)",
        1e6 / alone,
        together / alone
    )
}

fn seconds(scenario: &Scenario, threads: usize) -> f64 {
    let settings =
        Settings { threads: NonZeroUsize::new(threads), interrupted: &NEVER, progress: &|_| () };
    let cell = |plan: &Plan, replication, detail| {
        let run = simulate(plan, replication, detail, &NEVER)?;
        let metrics = measure(plan, &run);
        Some(Measured { run, metrics })
    };
    let course = Rows { scenario, heading: Heading::of(scenario) };
    let start = Instant::now();
    let mut variants = 0;
    let end = sweep(scenario, settings, cell, &course, |rows| {
        variants += 1;
        drop(black_box(rows));
        Ok::<(), std::convert::Infallible>(())
    });
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(end.expect("threads start"), End::Done);
    assert_eq!(variants, scenario.variants.len());
    seconds
}
