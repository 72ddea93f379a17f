//! What the other modules share: scenarios in, runs and metrics out.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use rollsim::experiment::{self, Measured, Results, Settings};
use rollsim::measure::{Metrics, measure};
use rollsim::report::folder::Folder;
use rollsim::report::{self, Written};
use rollsim::scenario::{Overrides, Variant, load, parse};
use rollsim::sim::{Detail, Plan, Run, simulate};

static NEVER: AtomicBool = AtomicBool::new(false);

/// The variants of a scenario text, or its errors as a user sees them.
pub(crate) fn try_variants(text: &str) -> Result<Vec<Variant>, String> {
    parse(text, Path::new("case.toml"), &Overrides::default())
        .map(|loaded| loaded.scenario.variants)
        .map_err(|failure| failure.to_string())
}

/// The variants of a scenario that must be right.
pub(crate) fn variants(text: &str) -> Vec<Variant> {
    try_variants(text).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// One replication of a plan.
pub(crate) fn run(plan: &Plan, replication: u32, detail: Detail) -> Run {
    simulate(plan, replication, detail, &NEVER).expect("nothing interrupts a test")
}

/// Replication 0 of a scenario's only variant, with its events.
pub(crate) fn run_events(text: &str) -> Run {
    let variants = variants(text);
    assert_eq!(variants.len(), 1, "one variant");
    run(&variants[0].plan, 0, Detail::Events)
}

/// Replication 0 of one of a scenario's variants, with its events.
pub(crate) fn run_named(text: &str, name: &str) -> Run {
    let variants = variants(text);
    let variant = variants.iter().find(|variant| variant.name == name);
    run(&variant.unwrap_or_else(|| panic!("no variant {name}")).plan, 0, Detail::Events)
}

/// A shipped scenario's folder.
pub(crate) fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name)
}

/// Every variant and replication of a shipped scenario, as `rollsim run` has them.
pub(crate) fn results(name: &str, threads: usize) -> Results {
    let loaded = load(&shipped(name), &Overrides::default())
        .unwrap_or_else(|failure| panic!("{name}: {failure}"));
    let settings = Settings {
        threads: NonZeroUsize::new(threads),
        interrupted: &NEVER,
        progress: &|_: usize| {},
    };
    let cell = |plan: &Plan, replication, detail| {
        let run = run(plan, replication, detail);
        let metrics = measure(plan, &run);
        Some(Measured { run, metrics })
    };
    let results = experiment::run(&loaded.scenario, settings, cell);
    results.expect("threads can be started").expect("nothing interrupts a test")
}

/// Writes a result folder.
pub(crate) fn write(results: &Results, target: &Path) -> Written {
    let folder = Folder::beside(target).expect("a new folder");
    report::write(results, folder, &[report::Format::Svg]).expect("the folder can be written")
}

/// One variant of a shipped scenario, all of its replications.
pub(crate) struct Sample {
    /// The variant's name.
    pub(crate) name: String,
    /// Its plan.
    pub(crate) plan: Plan,
    /// Its runs, with events.
    pub(crate) runs: Vec<Run>,
    /// Their metrics.
    pub(crate) metrics: Vec<Metrics>,
}

impl Sample {
    /// A metric of every run, which must define it.
    pub(crate) fn all(&self, metric: &str) -> Vec<f64> {
        let value = |metrics: &Metrics| {
            metrics.get(metric).unwrap_or_else(|| panic!("{}: no {metric}", self.name))
        };
        self.metrics.iter().map(value).collect()
    }

    /// The mean of a metric.
    pub(crate) fn mean(&self, metric: &str) -> f64 {
        let all = self.all(metric);
        all.iter().sum::<f64>() / all.len() as f64
    }
}

/// Every variant of a shipped scenario.
pub(crate) fn sample(name: &str) -> Vec<Sample> {
    let path = shipped(name);
    let loaded = load(&path, &Overrides::default())
        .unwrap_or_else(|failure| panic!("{}: {failure}", path.display()));
    loaded.scenario.variants.into_iter().map(sample_of).collect()
}

/// Every replication of one variant.
pub(crate) fn sample_of(variant: Variant) -> Sample {
    let plan = variant.plan;
    let runs: Vec<Run> = (0..plan.simulation.replications)
        .map(|replication| run(&plan, replication, Detail::Events))
        .collect();
    let metrics = runs.iter().map(|run| measure(&plan, run)).collect();
    Sample { name: variant.name, plan, runs, metrics }
}

/// The variant of this name.
pub(crate) fn named<'a>(samples: &'a [Sample], name: &str) -> &'a Sample {
    samples.iter().find(|sample| sample.name == name).unwrap_or_else(|| {
        let names: Vec<&str> = samples.iter().map(|sample| sample.name.as_str()).collect();
        panic!("no variant {name} among {names:?}")
    })
}
