//! Published cases, through the same list and the same code as `rollsim validate`; and the
//! metastable state beyond the points that are listed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use rollsim::experiment::Measured;
use rollsim::experiment::validation::{
    self, Case, Claim, Expected, Finding, Quantity, Term, Tolerance, Unit,
};
use rollsim::measure::measure;
use rollsim::scenario::{Overrides, load};
use rollsim::sim::{Detail, Plan, Run};

use crate::binary::rollsim;
use crate::world::{run, shipped};

static NEVER: AtomicBool = AtomicBool::new(false);

fn findings(cases: &[&'static Case]) -> Vec<Finding> {
    let simulate = |plan: &Plan, replication, detail| {
        let run = run(plan, replication, detail);
        let metrics = measure(plan, &run);
        Some(Measured { run, metrics })
    };
    validation::run(cases, &NEVER, simulate).expect("the scenarios are right")
}

#[test]
fn every_claim_holds() {
    let findings = findings(&validation::cases());
    let broken: Vec<String> = findings
        .iter()
        .filter(|finding| !finding.holds)
        .map(|Finding { case, claim, simulated, other, .. }| {
            let Claim { what, expected, .. } = claim;
            format!("{} {what}: {expected:?}, simulated {simulated:?}, other {other:?}", case.id)
        })
        .collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
    assert!(findings.len() > 40, "{}", findings.len());
}

#[test]
fn names_differ_and_every_scenario_belongs_to_a_case() {
    let cases = validation::cases();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.id).collect();
    assert_eq!(names.len(), cases.len());
    let used: BTreeSet<&str> =
        cases.iter().flat_map(|case| case.scenarios).map(|scenario| scenario.path).collect();
    for entry in fs::read_dir(shipped("cases")).expect("the cases are shipped") {
        let name = entry.expect("a readable folder").file_name();
        let path = format!("cases/{}", name.to_string_lossy());
        assert!(used.contains(path.as_str()), "no claim is about {path}");
    }
}

/// In place, one at a time, six instances take 108 s; each of these claims something else.
#[test]
fn what_does_not_come_out_does_not_hold() {
    const fn of(variant: &'static str) -> Term {
        Term { variant, quantity: Quantity::Metric("duration_s"), scale: 1.0 }
    }
    const OWN: Term = of("one-at-a-time");
    const fn claim(term: Term, expected: Expected) -> Claim {
        Claim { what: "duration", term, expected, unit: Unit::Seconds }
    }
    static WRONG: Case = Case {
        id: "X",
        source: "nowhere",
        scenarios: &[validation::Shipped {
            path: "in-place.toml",
            text: include_str!("../../scenarios/origin/in-place.toml"),
        }],
        claims: &[
            claim(OWN, Expected::Value(108.001, Tolerance::Exact)),
            claim(OWN, Expected::Value(100.0, Tolerance::Share(0.07))),
            claim(OWN, Expected::Value(100.0, Tolerance::Units(7.0))),
            // One run has no interval.
            claim(OWN, Expected::Value(108.0, Tolerance::Interval99)),
            claim(OWN, Expected::AtLeast(109.0)),
            claim(OWN, Expected::AtMost(107.0)),
            claim(OWN, Expected::MoreThan(OWN)),
            claim(OWN, Expected::MoreThan(of("another"))),
            claim(of("another"), Expected::AtLeast(0.0)),
        ],
    };
    let findings = findings(&[&WRONG]);
    assert_eq!(findings.len(), WRONG.claims.len());
    for Finding { claim, simulated, holds, .. } in findings {
        assert!(!holds, "{claim:?} with {simulated:?}");
    }
}

/// Share of the requests that failed from `from` to `to`, seconds from the rollout's start.
fn failed_share(run: &Run, from: f64, to: f64) -> f64 {
    let bins = &run.traffic.bins;
    let (mut requests, mut failed) = (0, 0);
    for (index, bin) in bins.cells().iter().enumerate() {
        if (from..to).contains(&(bins.start_nanos(index) as f64 / 1e9)) {
            requests += bin.requests;
            failed += bin.failed_cause.iter().sum::<u64>();
        }
    }
    assert!(requests > 0, "nothing was sent from {from} to {to}");
    failed as f64 / requests as f64
}

/// With up to R retries the bad state sustains itself above a load of 1/(1 + R) and not below:
/// ten percent to either side, five minutes after what triggered it. Without retries it never
/// does.
#[test]
fn retries_sustain_the_bad_state_above_their_load() {
    const CAPACITY: f64 = 200.0;
    for retries in [1, 2, 3] {
        for (side, stuck) in [(0.9, 0.0), (1.1, 1.0)] {
            let rate = CAPACITY * side / f64::from(retries + 1);
            let sets = vec!["simulation.replications=1".to_owned()];
            let sweeps = vec![
                format!("traffic.rate={rate}"),
                format!("traffic.retries.attempts=0,{retries}"),
            ];
            let loaded = load(&shipped("cases/retry-storm.toml"), &Overrides { sets, sweeps })
                .unwrap_or_else(|report| panic!("{report}"));
            for (variant, expected) in loaded.scenario.variants.iter().zip([0.0, stuck]) {
                let run = run(&variant.plan, 0, Detail::Series);
                let share = failed_share(&run, 360.0, 420.0);
                // At 55% load a request in ten thousand takes longer than the client waits.
                assert!((share - expected).abs() < 1e-3, "{}: {share}", variant.name);
            }
        }
    }
}

/// With one retry: below half of capacity every batch recovers. Above it a batch does as long as
/// what it leaves can do the load; and batches of up to half of the fleet do not when it cannot.
#[test]
fn the_boundary_of_load_and_batch() {
    const INSTANCE: f64 = 20.0;
    let loaded = load(&shipped("metastable.toml"), &Overrides::default())
        .unwrap_or_else(|report| panic!("{report}"));
    let (mut safe, mut stuck) = (0, 0);
    for variant in loaded.scenario.variants {
        let number = |path: &str| {
            let found = variant.parameters.iter().find(|(name, _)| name == path);
            found.and_then(|(_, value)| value.as_f64()).expect("a swept number")
        };
        let batch = number("strategies.rolling.max_unavailable");
        let load = number("traffic.rate") / (10.0 * INSTANCE);
        let left = 1.0 - batch / 10.0;
        // A twentieth on either side of a limit is chance.
        let recovers = load < 0.5 || load < left - 0.06;
        let sticks = load > 0.56 && load > left + 0.06 && batch <= 5.0;
        if !(recovers || sticks) {
            continue;
        }
        let run = run(&variant.plan, 0, Detail::Series);
        let end = run.window.as_secs_f64();
        let share = failed_share(&run, end - 60.0, end);
        assert_eq!(share > 0.5, sticks, "{}: {share}", variant.name);
        assert!(!recovers || share < 0.01, "{}: {share}", variant.name);
        if sticks { stuck += 1 } else { safe += 1 }
    }
    assert!(safe >= 20 && stuck >= 10, "{safe} safe, {stuck} stuck");
}

#[test]
fn the_command_prints_a_row_for_each_claim() {
    let output = rollsim(Path::new("."), &["validate", "v05", "V06"]);
    assert_eq!(output.status.code(), Some(0));
    let stdout = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<&str> = stdout.lines().collect();
    let titles = "case source compared published simulated tolerance verdict";
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>().join(" "), titles);
    assert_eq!(lines.len(), 1 + 4 + 2, "{stdout}");
    assert!(lines[3].starts_with("V06 ") && lines[3].contains("108 s"), "{stdout}");
    assert!(lines[3].ends_with("exact  holds"), "{stdout}");
    assert_eq!(lines[6], "all 4 claims hold");
}

#[test]
fn a_case_that_is_not_there_is_bad_usage() {
    let output = rollsim(Path::new("."), &["validate", "V05", "V99"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert!(stderr.starts_with("error: there is no case `V99`; there are V01, V02"), "{stderr}");
}
