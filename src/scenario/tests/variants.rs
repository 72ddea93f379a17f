//! Sweeps and what the command line changes.

use serde_json::json;

use super::{Rolling, codes, parse};
use crate::scenario::Scenario;
use crate::units::CountOrPercent;

const TWO: &str = r#"
[fleet]
instances = 12

[traffic]
rate = 1000

[strategies.rolling]
kind = "rolling"
max_surge = 1

[strategies.all]
kind = "recreate"
"#;

fn scenario(text: &str, sets: &[&str], sweeps: &[&str]) -> Scenario {
    match parse(text, sets, sweeps) {
        Ok(loaded) => loaded.scenario,
        Err(report) => panic!("{report}"),
    }
}

fn names(scenario: &Scenario) -> Vec<&str> {
    scenario.variants.iter().map(|variant| variant.name.as_str()).collect()
}

#[test]
fn strategies_keep_the_order_of_the_file() {
    assert_eq!(names(&scenario(TWO, &[], &[])), ["rolling", "all"]);
}

#[test]
fn a_sweep_of_a_strategy_touches_only_that() {
    let text = format!(
        "{TWO}\n[[sweep]]\npath = \"strategies.rolling.max_unavailable\"\n\
         values = [1, \"25%\"]\n"
    );
    let read = scenario(&text, &[], &[]);
    assert_eq!(names(&read), ["rolling max_unavailable=1", "rolling max_unavailable=25%", "all"]);
    let path = "strategies.rolling.max_unavailable".to_owned();
    assert_eq!(read.variants[1].parameters, [(path, json!("25%"))]);
    assert!(read.variants[2].parameters.is_empty());
    let parameters = format!("{:?}", read.variants[0].plan.strategy.parameters);
    assert!(parameters.contains("max_unavailable: Count(1)"), "{parameters}");
}

#[test]
fn other_sweeps_touch_every_strategy_and_multiply() {
    let sweeps = ["fleet.instances=6,12", "liveness.period=5s", "readiness.period=1s,2s"];
    let read = scenario(TWO, &[], &sweeps);
    assert_eq!(
        names(&read),
        [
            "rolling instances=6 liveness.period=5s readiness.period=1s",
            "rolling instances=6 liveness.period=5s readiness.period=2s",
            "rolling instances=12 liveness.period=5s readiness.period=1s",
            "rolling instances=12 liveness.period=5s readiness.period=2s",
            "all instances=6 liveness.period=5s readiness.period=1s",
            "all instances=6 liveness.period=5s readiness.period=2s",
            "all instances=12 liveness.period=5s readiness.period=1s",
            "all instances=12 liveness.period=5s readiness.period=2s",
        ]
    );
    assert_eq!(read.variants[2].plan.fleet.instances, 12);
    assert!(read.variants.iter().all(|variant| variant.plan.liveness.is_some()));
    let (path, value) = &read.variants[0].parameters[0];
    assert_eq!((path.as_str(), value), ("fleet.instances", &json!(6)));
}

#[test]
fn whole_tables_can_be_swept() {
    let sweeps = [
        "traffic={ rate = 1 },{ profile = [['0s', 2]] }",
        "strategies.rolling={ kind = 'recreate' },{ kind = 'rolling', max_surge = 2 }",
    ];
    let read = scenario(TWO, &[], &sweeps);
    assert_eq!(
        names(&read)[1],
        "rolling traffic={ rate = 1 } rolling={ kind = \"rolling\", max_surge = 2 }"
    );
    assert_eq!(read.variants.len(), 6);
}

#[test]
fn a_typed_sweep_replaces_the_written_one() {
    let text = format!("{TWO}\n[[sweep]]\npath = \"fleet.instances\"\nvalues = [1, 2, 3]\n");
    let read = scenario(&text, &[], &["fleet.instances=7"]);
    assert_eq!(names(&read), ["rolling instances=7", "all instances=7"]);
}

#[test]
fn a_set_changes_the_file_before_it_is_checked() {
    let text = TWO.replace("instances = 12", "instances = 0");
    let sets = [
        "fleet.instances=20",
        "strategies.rolling.max_unavailable=30%",
        "startup.boot.median=9s",
        "load_balancer.lag=1s",
        "strategies.third={ kind = 'rolling' }",
        "fleet.zones=['a', 'b']",
        "fleet.zones.1=c",
        "name=other",
    ];
    let read = scenario(&text, &sets, &[]);
    assert_eq!(names(&read), ["rolling", "all", "third"]);
    assert_eq!(read.name, "other");
    let plan = &read.variants[0].plan;
    assert_eq!(plan.fleet.instances, 20);
    assert_eq!(plan.fleet.zones, ["a", "c"]);
    let (s9, s20) = (9_000, 20_000);
    let boot = crate::random::Law::lognormal_from_median_p95(
        crate::units::SimDuration::from_millis(s9),
        crate::units::SimDuration::from_millis(s20),
    );
    assert_eq!(Ok(&plan.startup.boot), boot.as_ref());
}

#[test]
fn the_last_set_of_a_field_counts() {
    let read = scenario(TWO, &["simulation.seed=4", "simulation.seed=5"], &[]);
    assert_eq!((read.seed, read.variants[0].plan.simulation.seed), (5, 5));
}

#[test]
fn a_swept_set_is_warned_of() {
    let read = parse(TWO, &["fleet.instances=3"], &["fleet.instances=4,5"]);
    assert_eq!(codes(&read), ["R031"]);
}

#[test]
fn paths_that_lead_nowhere() {
    for (set, expected) in [
        ("fleet.instnces=1", "R005"),
        ("flet.instances=1", "R005"),
        ("strategies.rollin.max_surge=1", "R025"),
        ("strategies.rolling.max_surg=1", "R005"),
        ("fleet.zones.0=b", "R006"),
        ("fleet.instances.many=1", "R025"),
        ("traffic.profile.0.1=1", "R006"),
        ("gates.slo.max=1", "R008"),
        ("fleet", "R035"),
    ] {
        let read = parse(TWO, &[set], &[]);
        assert!(codes(&read).contains(&expected), "{set}: {:?}", codes(&read));
        let sweep = format!("{set},2");
        let read = parse(TWO, &[], &[&sweep]);
        assert!(codes(&read).contains(&expected), "{sweep}: {:?}", codes(&read));
    }
}

#[test]
fn sweeps_that_clash() {
    for (sweeps, expected) in [
        (vec!["fleet.instances=1,1"], "R027"),
        (vec!["fleet.instances=1,2", "fleet={ instances = 3 }"], "R027"),
        (vec!["name=a,b"], "R027"),
        (vec!["format=1"], "R027"),
        (vec!["strategies={}"], "R027"),
        (vec!["sweep.0.path=1"], "R027"),
        (vec!["fleet.instances=1,"], "R026"),
    ] {
        assert_eq!(codes(&parse(TWO, &[], &sweeps)), [expected], "{sweeps:?}");
    }
}

#[test]
fn the_same_error_of_many_variants_is_reported_once() {
    let text = TWO.replace("max_surge = 1", "max_surg = 1");
    let read = parse(&text, &[], &["fleet.instances=1,2,3", "traffic.rate=1,-2"]);
    assert_eq!(codes(&read), ["R005", "R009"]);
}

#[test]
fn ten_thousand_variants_and_no_more() {
    let hundred: Vec<String> = (1..=100).map(|number| number.to_string()).collect();
    let text = TWO.replace("[strategies.all]\nkind = \"recreate\"\n", "");
    let first = format!("instance.slots={}", hundred.join(","));
    let second = format!("instance.queue={}", hundred[..99].join(","));
    assert_eq!(scenario(&text, &[], &[&first, &second]).variants.len(), 9900);
    let second = format!("instance.queue={},101", hundred.join(","));
    assert_eq!(codes(&parse(&text, &[], &[&first, &second])), ["R028"]);
}

#[test]
fn rolling_reads_its_fields() {
    // The kinds of these tests are read by the same way as the real ones.
    let rolling = Rolling::default();
    assert_eq!(rolling.max_surge, rolling.max_unavailable);
    assert!(matches!(rolling.max_surge, CountOrPercent::Percent(_)));
}

const MIXED: &str = r#"
release_mix = { good = 0.9, bad = 0.06, slow = 0.04 }

[fleet]
instances = 12

[traffic]
rate = 1000

[release]
error_rate = 0.02
startup_factor = 2.0

[releases.slow]
service_time_factor = 3.0

[strategies.rolling]
kind = "rolling"

[strategies.all]
kind = "recreate"
"#;

#[test]
fn a_mix_of_releases_makes_a_variant_of_each() {
    let read = scenario(MIXED, &[], &[]);
    let expected = [
        "rolling release=good",
        "rolling release=bad",
        "rolling release=slow",
        "all release=good",
        "all release=bad",
        "all release=slow",
    ];
    assert_eq!(names(&read), expected);
    let releases: Vec<(f64, f64)> = read
        .variants
        .iter()
        .take(3)
        .map(|variant| {
            let plan = &variant.plan;
            let traffic = &plan.data.release;
            (plan.release.startup_factor, traffic.service_time_factor)
        })
        .collect();
    assert_eq!(releases, [(1.0, 1.0), (2.0, 1.0), (1.0, 3.0)]);
    let mixtures: Vec<&str> = read.mixtures.iter().map(|mixture| mixture.name.as_str()).collect();
    assert_eq!(mixtures, ["rolling", "all"]);
    let parts = [(expected[3], 0.9), (expected[4], 0.06), (expected[5], 0.04)];
    assert_eq!(read.mixtures[1].parts, parts.map(|(name, share)| (name.to_owned(), share)));
    assert_eq!(read.compared().collect::<Vec<_>>(), ["rolling", "all"]);
    let parameters = &read.variants[1].parameters;
    assert_eq!(*parameters, [("release".to_owned(), json!("bad"))]);
}

#[test]
fn sweeps_and_sets_reach_into_a_mix() {
    let sets = ["release_mix.good=0.9", "releases.slow.service_time_factor=2.5"];
    let read = scenario(MIXED, &sets, &["release.startup_factor=2,4"]);
    assert_eq!(read.variants.len(), 12);
    assert_eq!(read.mixtures[1].name, "rolling startup_factor=4");
    let factors: Vec<f64> =
        read.variants.iter().take(6).map(|variant| variant.plan.release.startup_factor).collect();
    assert_eq!(factors, [1.0, 2.0, 1.0, 1.0, 4.0, 1.0]);
    let slow = &read.variants[2].plan.data.release;
    assert_eq!(slow.service_time_factor, 2.5);
}

/// Each line makes one change to [`MIXED`] and names the rules that it breaks.
#[test]
fn mixes_that_cannot_be() {
    for (set, broken) in [
        ("release_mix.bad=0.05", vec!["R056"]),
        ("release_mix.bad=0", vec!["R056"]),
        ("release_mix.bad=-0.06", vec!["R056"]),
        ("release_mix.bad=nan", vec!["R056"]),
        ("release_mix.bad=often", vec!["R006"]),
        ("release_mix=0.9", vec!["R006"]),
        ("release_mix={good=0.9,slow=0.1}", vec!["R058"]),
        ("release_mix={good=0.9,bad=0.1}", vec!["R058"]),
        ("release_mix={good=0.9,bad=0.05,slow=0.02,slwo=0.03}", vec!["R057"]),
        ("releases.good={}", vec!["R057"]),
        ("releases.slow=3", vec!["R057", "R006"]),
        ("releases.slow.servise_time_factor=3", vec!["R005"]),
    ] {
        let found = parse(MIXED, &[set], &[]);
        let mut found: Vec<&str> = codes(&found);
        found.dedup();
        assert_eq!(found, broken, "{set}");
    }
    assert_eq!(codes(&parse(MIXED, &[], &["release_mix.bad=0.06,0.05"])), ["R027"]);
}
