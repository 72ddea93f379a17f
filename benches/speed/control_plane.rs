//! A whole rollout without requests through the simulator: life cycles, balancer, strategy,
//! metrics' integrals and time bins, everything but events.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use rollsim::scenario::{Overrides, parse};
use rollsim::sim::{Detail, Plan, simulate};

/// The plan of a rollout that goes through the steps of the bare one, a tenth of the fleet at a
/// time, in place. An instance is out of service from the moment it is told to stop (9.5 s, the
/// mean of the bare one's drains) to its third success in a row, 10 s after the first: its deploy
/// and its boot take as long as stop and start there, and the probe's period stands for the 0 to
/// 5 s of the first check.
pub(crate) fn plan(instances: u32) -> Plan {
    let text = format!(
        "[fleet]\ninstances = {instances}\n\
         [startup]\nboot = {{ dist = \"exponential\", mean = \"10s\" }}\n\
         [readiness]\nperiod = \"5s\"\nsuccess_threshold = 3\n\
         [shutdown]\npre_stop = \"9500ms\"\n\
         deploy = {{ dist = \"uniform\", min = \"5500ms\", max = \"7s\" }}\n\
         [traffic]\nrate = 0\n\
         [strategies.tenths]\nkind = \"rolling\"\nreplacement = \"in-place\"\n\
         max_unavailable = \"10%\"\n\
         [simulation]\nwarmup = \"0s\"\nsettle = \"0s\"\n"
    );
    let loaded = parse(&text, Path::new("bench.toml"), &Overrides::default());
    let mut variants = loaded.expect("the scenario is right").scenario.variants;
    variants.remove(0).plan
}

/// Runs one replication; checks that a tenth was out at the most, and each instance for as long as
/// its steps take in the mean.
pub(crate) fn run(plan: &Plan, replication: u32) {
    let never = AtomicBool::new(false);
    let run = simulate(plan, replication, Detail::Series, &never).expect("nothing interrupts it");
    assert_eq!(run.outcome.name(), "completed");
    assert!(run.observed.capacity_min >= 0.9 - 1e-9);
    // Pre-stop, deploy, and the tick at or after a boot of mean 10 s: 5 / (1 - exp(-1/2)), then
    // two ticks more. The boots' standard deviation is 10 s.
    let out = 9.5 + 6.25 + 5.0 / (1.0 - 0.606_530_659_7) + 10.0;
    let lost = run.observed.capacity_deficit_s;
    let instances = f64::from(plan.fleet.instances);
    assert!((lost - out).abs() < 6.0 * 11.0 / instances.sqrt(), "{lost} instead of {out}");
}
