//! Properties that hold for any scenario.

use proptest::prelude::*;

use crate::world::{run_events, sample_of, variants};

/// A rolling update of a healthy release with random starts.
fn rolling(desired: u32, surge: u32, unavailable: u32, seed: u64) -> String {
    format!(
        "[fleet]\ninstances = {desired}\n\
         [startup]\nboot = {{ dist = \"lognormal\", median = \"8s\", p95 = \"20s\" }}\n\
         [shutdown]\npre_stop = \"3s\"\n[traffic]\nrate = 0\n\
         [simulation]\nreplications = 1\nwarmup = \"0s\"\nseed = {seed}\n\
         [strategies.case]\nkind = \"rolling\"\n\
         max_surge = {surge}\nmax_unavailable = {unavailable}\n"
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_rolling_update_keeps_its_bounds(
        desired in 1u32..40,
        surge in 0u32..8,
        unavailable in 0u32..8,
        seed in 0u64..1000,
    ) {
        prop_assume!(surge + unavailable > 0);
        let run = run_events(&rolling(desired, surge, unavailable, seed));
        prop_assert_eq!(run.outcome.name(), "completed");
        for row in run.events.iter() {
            let available: u32 = row.available.iter().sum();
            prop_assert!(available >= desired.saturating_sub(unavailable), "{:?}", row);
            prop_assert!(row.total <= desired + surge, "{:?}", row);
            prop_assert!(row.ready.iter().sum::<u32>() <= row.total, "{:?}", row);
        }
        let last = run.events.iter().last().expect("there are events");
        prop_assert_eq!((last.desired, last.available), ([0, desired, 0], [0, desired, 0]));
    }

    #[test]
    fn wider_bounds_are_never_slower(
        desired in 1u32..30,
        surge in 0u32..6,
        unavailable in 0u32..6,
        seed in 0u64..1000,
    ) {
        prop_assume!(surge + unavailable > 0);
        let duration = |surge, unavailable| {
            run_events(&rolling(desired, surge, unavailable, seed)).duration
        };
        let narrow = duration(surge, unavailable);
        prop_assert!(duration(surge + 1, unavailable) <= narrow);
        prop_assert!(duration(surge, unavailable + 1) <= narrow);
    }

    #[test]
    fn requests_are_conserved(
        rate in 10u32..400,
        seed in 0u64..1000,
        policy in prop::sample::select(vec![
            "random", "round-robin", "least-requests", "power-of-two",
        ]),
        retries in 0u32..3,
    ) {
        let text = format!(
            "[fleet]\ninstances = 3\n[instance]\nslots = 2\nqueue = 3\n\
             service_time = {{ dist = \"exponential\", mean = \"50ms\" }}\n\
             [startup]\nboot = \"3s\"\n[shutdown]\ngrace = \"40ms\"\n\
             [load_balancer]\npolicy = \"{policy}\"\nlag = \"300ms\"\n\
             [traffic]\nrate = {rate}\ntimeout = \"150ms\"\nretries = {{ attempts = {retries} }}\n\
             [release]\nerror_rate = 0.05\n\
             [simulation]\nreplications = 1\nwarmup = \"5s\"\nsettle = \"5s\"\nseed = {seed}\n\
             [strategies.case]\nkind = \"rolling\"\nmax_unavailable = 1\nmax_surge = 0\n"
        );
        let sample = sample_of(variants(&text).remove(0));
        let metrics = &sample.metrics[0];
        let get = |name: &str| metrics.get(name).expect("a count is never left out");
        let sum = |prefix: &str, parts: &[&str]| {
            parts.iter().map(|part| get(&format!("{prefix}{part}"))).sum::<f64>()
        };
        prop_assert_eq!(get("ok") + get("failed"), get("requests"));
        let causes = ["error", "overloaded", "refused", "no_endpoint", "timeout", "aborted"];
        prop_assert_eq!(sum("failed_", &causes), get("failed"));
        let charges = [
            "drain_race", "crash", "overload", "cold_start", "bad_release", "mixed_versions",
            "dependency", "injected_fault",
        ];
        prop_assert_eq!(sum("failed_by_", &charges), get("failed"));
        let phases = ["rolling_out", "baking", "rolling_back", "settling"];
        prop_assert_eq!(sum("failed_in_", &phases), get("failed"));
        prop_assert!(get("attempts") >= get("requests"));
        prop_assert!(get("attempts") <= get("requests") * f64::from(retries + 1));
    }
}
