//! `[policy]`: what is read, every rule about it, and what tells two scenarios apart.

use super::{codes, completed, parse};
use crate::scenario::policy::{At, Material, Policy, Statistic};
use crate::scenario::{World, differences};

fn policy(text: &str) -> Policy {
    let loaded = parse(&completed(text), &[], &[]).unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(codes(&Ok(loaded.clone())), Vec::<&str>::new());
    loaded.scenario.policy
}

#[test]
fn without_a_policy_nothing_is_asked() {
    assert_eq!(policy(""), Policy::empty());
    assert!(policy("[policy]\nconfidence = 0.9\n").is_empty());
}

#[test]
fn every_field_is_read() {
    let policy = policy(
        "[policy]\nconfidence = 0.99\nmax_replications = 2000\n\
         [[policy.require]]\nmetric = \"capacity_min\"\nmin = \"85%\"\n\
         [[policy.require]]\nmetric = \"duration_s\"\nmin = 10\nmax = \"5m\"\n\
         statistic = \"p99.5\"\nstrategies = [\"rolling\"]\n\
         [[policy.require]]\nmetric = \"failed\"\nmax = 100\nbreaches = \"2%\"\n\
         [[policy.require]]\nmetric = \"error_rate_delta\"\nmax = \"-5%\"\nstatistic = \"max\"\n\
         [[policy.regression]]\nmetric = \"duration_s\"\nmaterial = \"30s\"\n\
         [[policy.regression]]\nmetric = \"cost\"\nmaterial = \"10%\"\n\
         [[policy.regression]]\nmetric = \"failed\"\n",
    );
    assert_eq!((policy.confidence, policy.max_replications), (0.99, Some(2000)));
    let asked: Vec<_> = policy
        .requirements
        .iter()
        .map(|one| (one.metric.name, one.statistic, one.min, one.max, one.place))
        .collect();
    assert_eq!(
        asked,
        [
            ("capacity_min", Statistic::Mean, Some(0.85), None, At(Some(5))),
            ("duration_s", Statistic::Quantile(0.995), Some(10.0), Some(300.0), At(Some(8))),
            ("failed", Statistic::Breaches(0.02), None, Some(100.0), At(Some(14))),
            ("error_rate_delta", Statistic::Max, None, Some(-0.05), At(Some(18))),
        ]
    );
    assert!(policy.requirements[1].is_asked_of("rolling"));
    assert!(!policy.requirements[1].is_asked_of("other"));
    let compared: Vec<_> =
        policy.regressions.iter().map(|one| (one.metric.name, one.material)).collect();
    assert_eq!(
        compared,
        [
            ("duration_s", Material::Amount(30.0)),
            ("cost", Material::Share(0.1)),
            ("failed", Material::Share(0.05)),
        ]
    );
}

#[test]
fn the_command_line_may_set_it() {
    let text = completed("[[policy.require]]\nmetric = \"failed\"\nmax = 1\n");
    let sets = ["policy.max_replications=7", "policy.require.0.max=5"];
    let loaded = parse(&text, &sets, &[]).unwrap_or_else(|report| panic!("{report}"));
    let policy = loaded.scenario.policy;
    assert_eq!((policy.max_replications, policy.requirements[0].max), (Some(7), Some(5.0)));
    let swept = parse(&text, &[], &["policy.confidence=0.9,0.99"]);
    assert_eq!(codes(&swept), ["R027"]);
}

/// Every mistake is found at once, each with its code.
#[test]
fn mistakes_have_their_codes() {
    for (text, expected) in [
        ("[policy]\nconfidence = 1.0\n", vec!["R009"]),
        ("[policy]\nmax_replications = 0\n", vec!["R009"]),
        ("[policy]\nconfidense = 1.0\n", vec!["R005"]),
        ("policy = 1\n", vec!["R006"]),
        ("policy = []\n", vec!["R006"]),
        ("[[policy.require]]\nmetric = \"capacity\"\nmin = 1\n", vec!["R060"]),
        ("[[policy.require]]\nmetric = \"capacity_min\"\n", vec!["R061"]),
        ("[[policy.require]]\nmetric = \"capacity_min\"\nmin = \"5m\"\n", vec!["R061"]),
        ("[[policy.require]]\nmetric = \"duration_s\"\nmax = \"5%\"\n", vec!["R061"]),
        ("[[policy.require]]\nmetric = \"capacity_min\"\nmin = \"85\"\n", vec!["R061"]),
        ("[[policy.regression]]\nmetric = \"failed\"\nmaterial = \"5\"\n", vec!["R066"]),
        ("[[policy.require]]\nmetric = \"failed\"\nmax = \"5%\"\n", vec!["R061"]),
        ("[[policy.require]]\nmetric = \"availability\"\nmin = 99.9\n", vec!["R061"]),
        ("[[policy.require]]\nmetric = \"failed\"\nmax = 1\nstatistic = \"p100\"\n", vec!["R062"]),
        ("[[policy.require]]\nmetric = \"failed\"\nmax = 1\nstatistic = \"p-5\"\n", vec!["R062"]),
        ("[[policy.require]]\nmetric = \"failed\"\nmax = 1\nbreaches = 0\n", vec!["R062"]),
        (
            "[[policy.require]]\nmetric = \"failed\"\nmax = 1\nbreaches = 0.1\n\
             statistic = \"max\"\n",
            vec!["R062"],
        ),
        ("[[policy.require]]\nmetric = \"failed\"\nmax = 1\nmin = 2\n", vec!["R063"]),
        (
            "[[policy.require]]\nmetric = \"failed\"\nmax = 1\n\
             [[policy.require]]\nmetric = \"failed\"\nmin = 2\n",
            vec!["R063"],
        ),
        (
            "[[policy.require]]\nmetric = \"failed\"\nmax = 1\nstrategies = [\"roling\"]\n",
            vec!["R064"],
        ),
        ("[[policy.require]]\nmetric = \"failed\"\nmax = 1\nstrategies = []\n", vec!["R064"]),
        (
            "[policy]\nmax_replications = 58\n\
             [[policy.require]]\nmetric = \"failed\"\nmax = 1\nstatistic = \"p95\"\n",
            vec!["R065"],
        ),
        ("[[policy.regression]]\nmetric = \"steps\"\n", vec!["R066"]),
        ("[[policy.regression]]\nmetric = \"failed\"\nmaterial = \"5m\"\n", vec!["R066"]),
        ("[[policy.regression]]\nmetric = \"failed\"\nmaterial = -1\n", vec!["R066"]),
        (
            "[[policy.regression]]\nmetric = \"failed\"\n\
             [[policy.regression]]\nmetric = \"failed\"\n",
            vec!["R066"],
        ),
        (
            "[[policy.require]]\nmetric = \"capacity\"\nmin = 1\nstatistic = \"p0\"\n\
             [[policy.require]]\nmetric = \"failed\"\n",
            vec!["R060", "R062", "R061"],
        ),
    ] {
        let text = completed(text);
        assert_eq!(codes(&parse(&text, &[], &[])), expected, "{text}");
    }
}

#[test]
fn fifty_nine_runs_may_show_a_95th_percentile() {
    let text = "[policy]\nmax_replications = 59\n\
                [[policy.require]]\nmetric = \"failed\"\nmax = 1\nstatistic = \"p95\"\n";
    assert_eq!(policy(text).requirements.len(), 1);
}

#[test]
fn a_contradiction_names_both_places() {
    let text = "[[policy.require]]\nmetric = \"duration_s\"\nmax = \"5m\"\nstatistic = \"p95\"\n\n\
                [[policy.require]]\nmetric = \"duration_s\"\nmin = \"10m\"\nstatistic = \"p05\"\n";
    let report = parse(&completed(text), &[], &[]).expect_err("a contradiction");
    snapbox::assert_data_eq!(
        report.to_string(),
        snapbox::str![[r#"
error[R063]: two requirements on `duration_s` contradict each other
 --> scenarios/test.toml:8:7
  |
3 | max = "5m"
  |       ---- and at most this
...
8 | min = "10m"
  |       ^^^^^ at least this
  |
  = help: no strategy can meet both; change one of the limits

"#]]
    );
}

fn world(text: &str, sets: &[&str], sweeps: &[&str]) -> World {
    let loaded = parse(&completed(text), sets, sweeps);
    loaded.unwrap_or_else(|report| panic!("{report}")).scenario.world
}

#[test]
fn two_scenarios_are_told_apart_by_all_but_the_strategy() {
    let text = "[traffic]\nrate = 1000\ntimeout = \"2s\"\n[simulation]\nseed = 3\n";
    let one = world(text, &[], &[]);
    for (text, sets, sweeps, expected) in [
        (text, &[][..], &[][..], &[][..]),
        // Order, layout, comments and the number of runs do not matter.
        ("[simulation]\nseed=3\n[traffic]\ntimeout='2s' # x\nrate=1000.0\n", &[], &[], &[]),
        (text, &["simulation.replications=99"], &[], &[]),
        (text, &["name=\"other\"", "description=\"x\""], &[], &[]),
        (text, &["policy.confidence=0.9"], &[], &[]),
        // Nor does what a strategy is.
        (text, &["strategies.rolling.max_surge=3"], &[], &[]),
        (text, &[], &["strategies.rolling.max_surge=3,4"], &[]),
        // All else does.
        (text, &["traffic.rate=1001"], &[], &["traffic"]),
        (text, &["simulation.seed=4"], &[], &["seed"]),
        (text, &["simulation.settle=30s"], &[], &["simulation"]),
        (text, &["fleet.instances=13", "slo.availability=0.99"], &[], &["fleet", "slo"]),
        (text, &[], &["traffic.rate=1000,2000"], &["sweep"]),
    ] {
        let other = world(text, sets, sweeps);
        assert_eq!(differences(&one, &other), expected, "{text} {sets:?} {sweeps:?}");
        assert_eq!(differences(&other, &one), expected);
    }
}

#[test]
fn files_that_are_named_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.toml");
    let world = |rows: &str| {
        std::fs::write(folder.path().join("t.csv"), format!("s,r\n{rows}")).expect("written");
        let text =
            completed("[traffic]\ntrace = { file = \"t.csv\", time = \"s\", rate = \"r\" }\n");
        let parsed = crate::scenario::parse(&text, &path, &super::overrides(&[], &[]));
        parsed.unwrap_or_else(|report| panic!("{report}")).scenario.world
    };
    let (one, two) = (world("0,100\n"), world("0,101\n"));
    assert_eq!(differences(&one, &two), ["files"]);
    assert_eq!(one, world("0,100\n"));
}
