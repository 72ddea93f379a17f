//! A baseline that is none is told of, and one that is one is left alone.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use rollsim::experiment::{self, Measured, Series, Settings, Unsettled};
use rollsim::measure::measure;
use rollsim::scenario::{Overrides, parse};
use rollsim::sim::simulate;

static NEVER: AtomicBool = AtomicBool::new(false);

/// What has not settled before a quick rollout of a fleet that serves 300 requests/s at most: one
/// queue for its twelve slots.
fn look(rate: u32, seed: u32, runs: u32) -> Option<Unsettled> {
    let text = format!(
        "[fleet]\ninstances = 3\n\
         [instance]\nslots = 4\nqueue = 100000\n\
         service_time = {{ dist = \"exponential\", mean = \"40ms\" }}\n\
         [load_balancer]\npolicy = \"least-requests\"\n\
         [traffic]\nrate = {rate}\n[startup]\nboot = \"1s\"\n[readiness]\nperiod = \"0s\"\n\
         [simulation]\nseed = {seed}\nreplications = {runs}\nwarmup = \"60s\"\nsettle = \"0s\"\n\
         [strategies.all]\nkind = \"recreate\"\n"
    );
    let scenario = parse(&text, Path::new("case.toml"), &Overrides::default())
        .unwrap_or_else(|report| panic!("{report}"))
        .scenario;
    let settings = Settings { threads: None, interrupted: &NEVER, progress: &|_| () };
    let results = experiment::run(&scenario, settings, |plan, replication, detail| {
        let run = simulate(plan, replication, detail, &NEVER)?;
        let metrics = measure(plan, &run);
        Some(Measured { run, metrics })
    });
    results.expect("threads start").expect("nothing interrupts it").variants[0].unsettled
}

/// At 80% of what it can serve it settles within a second.
#[test]
fn a_stationary_fleet_raises_no_alarm() {
    for seed in 1..=25 {
        assert_eq!(look(240, seed, 6), None, "seed {seed}");
    }
}

/// At 110% the queue grows by 30 requests a second as long as it is looked at.
#[test]
fn a_queue_that_fills_raises_one() {
    for seed in 1..=3 {
        let found = look(330, seed, 4).expect("it fills");
        assert_eq!(found.what, Series::Latency);
        // 4.4 s of work wait at the end of the third quarter, 5.9 s at that of the last; random
        // arrivals make it 0.7 s more or less in one run.
        let [before, after] = found.halves;
        assert!((3.4..5.6).contains(&before) && (4.8..7.4).contains(&after), "{found:?}");
        assert!(found.to_string().starts_with("its 95th percentile of the latency goes from"));
    }
}
