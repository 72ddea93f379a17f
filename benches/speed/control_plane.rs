//! A whole rollout without requests through the simulator: life cycles, balancer, strategy,
//! metrics' integrals and time bins, everything but events.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use rollsim::scenario::{Overrides, parse};
use rollsim::sim::{Detail, Plan, simulate};

/// The plan of a rollout like the bare one: drains, deploys, starts and checks of the same mean
/// lengths, a tenth of the fleet at a time, in place.
pub(crate) fn plan(instances: u32) -> Plan {
    let text = format!(
        "[fleet]\ninstances = {instances}\n\
         [startup]\nboot = {{ dist = \"exponential\", mean = \"15s\" }}\n\
         [readiness]\nperiod = \"5s\"\nmin_ready = \"10s\"\n\
         [shutdown]\npre_stop = \"9500ms\"\n\
         deploy = {{ dist = \"uniform\", min = \"500ms\", max = \"2s\" }}\n\
         [traffic]\nrate = 0\n\
         [strategies.tenths]\nkind = \"rolling\"\nreplacement = \"in-place\"\n\
         max_unavailable = \"10%\"\n\
         [simulation]\nwarmup = \"0s\"\nsettle = \"0s\"\n"
    );
    let loaded = parse(&text, Path::new("bench.toml"), &Overrides::default());
    let mut variants = loaded.expect("the scenario is right").scenario.variants;
    variants.remove(0).plan
}

/// Runs one replication; checks that a tenth was out at the most.
pub(crate) fn run(plan: &Plan, replication: u32) {
    let never = AtomicBool::new(false);
    let run = simulate(plan, replication, Detail::Series, &never).expect("nothing interrupts it");
    assert_eq!(run.outcome.name(), "completed");
    assert!(run.observed.capacity_min >= 0.9 - 1e-9);
}
