//! The gate workbench: what it says of a gate agrees with what can be reckoned by hand.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use rollsim::experiment::workbench::{Characteristic, Question, Workbench, WorkbenchError};
use rollsim::experiment::{self, Measured, Settings};
use rollsim::measure::measure;
use rollsim::scenario::{Overrides, Scenario, parse};
use rollsim::sim::{Plan, simulate};

use crate::binary::{rollsim, text};

static NEVER: AtomicBool = AtomicBool::new(false);

/// Ten instances with room to spare that start in 20 s; one look at the new version's tenth of the
/// requests, a minute after it got them.
const BASE: &str = "\
[fleet]
instances = 10
[instance]
service_time = \"10ms\"
[startup]
boot = \"20s\"
[readiness]
period = \"0s\"
[traffic]
rate = 100
arrivals = \"uniform\"
[release]
error_rate = 0.01
[strategies.canary]
kind = \"canary\"
steps = [{ weight = \"10%\", pause = \"70s\", gates = [\"limit\"] }]
[gates.limit]
metric = \"error-rate\"
interval = \"1m\"
window = \"all\"
";

fn scenario(parts: &[&str]) -> Scenario {
    let text = [&[BASE], parts].concat().concat();
    parse(&text, Path::new("case.toml"), &Overrides::default())
        .unwrap_or_else(|errors| panic!("{errors}\n{text}"))
        .scenario
}

fn question(effects: &[f64], runs: u32) -> Question {
    Question { effects: effects.to_vec(), replications: Some(runs), ..Question::default() }
}

fn answer(scenario: &Scenario, question: &Question, threads: usize) -> Vec<Characteristic> {
    let bench = Workbench::new(scenario, question).expect("a gate");
    let settings = Settings {
        threads: NonZeroUsize::new(threads),
        interrupted: &NEVER,
        progress: &|_: usize| {},
    };
    let cell = |plan: &Plan, replication, detail| {
        let run = simulate(plan, replication, detail, &NEVER)?;
        let metrics = measure(plan, &run);
        Some(Measured { run, metrics })
    };
    let results = experiment::run(&bench.scenario, settings, cell);
    bench.characteristics(&results.expect("threads").expect("nothing interrupts a test"))
}

/// P(X = k) for X binomial and k = 0, 1, ..., term by term.
fn binomial(trials: u32, p: f64) -> impl Iterator<Item = f64> {
    let none = (0..trials).fold(1.0, |product, _| product * (1.0 - p));
    (0..=trials).scan(none, move |term, k| {
        let now = *term;
        *term *= f64::from(trials - k) / f64::from(k + 1) * p / (1.0 - p);
        Some(now)
    })
}

/// P(X > limit N) for N of `requests` sent to the new version with probability `share`, and X of
/// those failing with probability `p`.
fn trips(limit: f64, (requests, share): (u32, f64), p: f64) -> f64 {
    let of_the_new = binomial(requests, share).zip(0_u32..);
    let likely = of_the_new.filter(|&(chance, _)| chance > 1e-12);
    let above = |n: u32| {
        let within = (limit * f64::from(n)).floor() as usize;
        1.0 - binomial(n, p).take(within + 1).sum::<f64>()
    };
    likely.map(|(chance, n)| chance * above(n)).sum()
}

/// The one look sees what the scrapes within the minute before it have: every tenth request on
/// average, of which each fails with the release's probability.
#[test]
fn a_threshold_catches_as_often_as_the_binomial_says() {
    const RUNS: u32 = 400;
    let scenario = scenario(&["max = \"1.9%\"\ncount = 1\n"]);
    let found = answer(&scenario, &question(&[1.0, 2.0, 5.0], RUNS), 2);
    assert_eq!(found.iter().map(|one| one.effect).collect::<Vec<_>>(), [0.0, 1.0, 2.0, 5.0]);
    let good = &found[0];
    assert_eq!((good.caught.share, good.passed.share), (0.0, 1.0), "nothing fails");
    for one in &found[1..] {
        // The step begins at 20 s and looks at 80 s; the last scrape is at 75 s: 55 s of 100/s.
        let exact = trips(0.019, (5500, 0.1), 0.01 * one.effect);
        let error = (exact * (1.0 - exact) / f64::from(RUNS)).sqrt();
        let off = (one.caught.share - exact).abs();
        assert!(off < 4.0 * error.max(0.5 / f64::from(RUNS)), "{exact} {one:?}");
        let [low, high] = one.caught.ci95;
        assert!(low <= one.caught.share && one.caught.share <= high, "{one:?}");
        // All that fail do so at the one look, a minute after the step began.
        let caught = one.caught_s.expect("some are caught");
        assert_eq!((caught.min, caught.max), (80.0, 80.0), "{one:?}");
    }
}

#[test]
fn exposed_are_the_requests_until_the_decision() {
    let scenario = scenario(&["max = \"0.01%\"\ncount = 1\n"]);
    let found = answer(&scenario, &question(&[100.0], 20), 2);
    let [_, bad] = found.as_slice() else { panic!("two cases: {found:?}") };
    assert_eq!(bad.caught.share, 1.0);
    let exposed = bad.exposed.expect("it answered some");
    // A tenth of 100/s on average for the minute from the step's beginning to its look: 600 with a
    // deviation of 23, a 4.5th of which is that of the mean of 20.
    assert!((exposed.mean - 600.0).abs() <= 4.0 * 23.3 / 4.47, "{exposed:?}");
}

#[test]
fn gates_are_compared_on_the_same_numbers_whatever_the_threads() {
    let twin = "max = \"1%\"\n[gates.twin]\nmetric = \"error-rate\"\ninterval = \"1m\"\n\
                window = \"all\"\nmax = \"1%\"\n[simulation]\nseed = 5\n";
    let scenario = scenario(&[twin]);
    let question = Question { rates: vec![50.0, 100.0], ..question(&[1.0], 8) };
    let alone = answer(&scenario, &question, 1);
    assert_eq!(alone.len(), 8);
    let (limit, twin) = alone.split_at(4);
    for (one, other) in limit.iter().zip(twin) {
        let renamed = Characteristic { gate: "twin".into(), ..one.clone() };
        assert_eq!(&renamed, other, "the same gate under another name");
    }
    for threads in [2, 5] {
        assert_eq!(answer(&scenario, &question, threads), alone, "{threads} threads");
    }
}

/// What is warned of a gate at a rate, joined.
fn warned(gate: &str, rates: &[f64]) -> String {
    let question = Question { rates: rates.to_vec(), ..question(&[1.0], 1) };
    Workbench::new(&scenario(&[gate]), &question).expect("a gate").warnings.join("\n")
}

#[test]
fn gates_that_cannot_work_are_named() {
    for (gate, rate, wanted) in [
        // 70 s of 10% of 10/s are 70 requests: one failure is 1.43%.
        ("max = \"1%\"\n", 10.0, "a single failure among the 70 requests of its window is 1.429 %"),
        ("max = \"1%\"\n", 100.0, ""),
        ("max = \"1%\"\nmin_samples = 100\n", 10.0, "fewer than `min_samples` = 100: no look"),
        ("max = \"5%\"\nmin_samples = 65\n", 10.0, "its first look sees about 60 requests"),
        ("scope = \"service\"\nmax = \"15%\"\n", 100.0, "so it can never trip; write `scope"),
        ("test = { kind = \"two-proportion\" }\n", 10.0, "in four cases of five"),
        ("test = { kind = \"two-proportion\" }\n", 10_000.0, ""),
        ("test = { kind = \"non-inferiority\", margin = \"0.5%\" }\n", 10.0, "could not pass if"),
        ("test = { kind = \"sprt\", good = \"0.1%\", bad = \"1%\" }\n", 1.0, "decides after"),
        ("test = { kind = \"anytime\" }\n", 10.0, "failures, all of them the new version's"),
        ("test = { kind = \"anytime\" }\n", 1000.0, ""),
        ("test = { kind = \"mann-whitney\" }\n", 100.0, "ranks of fewer than 5 cannot differ"),
    ] {
        let found = warned(gate, &[rate]);
        let is_right = if wanted.is_empty() { found.is_empty() } else { found.contains(wanted) };
        assert!(is_right, "{gate} at {rate}: `{found}` for `{wanted}`");
        assert!(found.is_empty() || found.contains("canary.steps.0.gates: "), "{found}");
    }
}

/// 10% of the requests all failing burn the budget of 99.9% a hundred times as fast as allowed;
/// of 99%, ten times, which is below 14.4 and above 6.
#[test]
fn a_service_level_burn_rate_that_a_canary_cannot_reach_is_named() {
    let page = "max = \"50%\"\n[gates.page]\nmetric = \"burn-rate\"\n\
                test = { kind = \"burn-rate\", pairs = [{ long = \"1h\", short = \"5m\", factor = \
                14.4 }] }\n";
    let warnings = |slo: &str| {
        let question = Question { gates: vec!["page".into()], ..question(&[1.0], 1) };
        let slo = format!("[slo]\navailability = {slo}\n");
        Workbench::new(&scenario(&[page, &slo]), &question).expect("a gate").warnings.join("\n")
    };
    // A hundred times for 70 s of an hour make 1.944.
    let found = warnings("0.999");
    let wanted = "over 3600 s the 70 s of this step alone make 1.944 of the 14.4";
    assert!(found.contains(wanted), "{found}");
    assert_eq!(warnings("0.99999"), "", "10,000 times for 70 s make 194");
    let found = warnings("0.99");
    assert!(found.contains("burns 10 times") && found.contains("can never trip"), "{found}");
}

#[test]
fn what_cannot_be_measured_is_said() {
    let limit = scenario(&["max = \"1%\"\n"]);
    let asked = Question { gates: vec!["limt".into()], ..question(&[1.0], 1) };
    let error = Workbench::new(&limit, &asked).expect_err("no such gate").to_string();
    assert_eq!(error, "there is no gate called `limt`; did you mean `limit`?");
    let text = "[fleet]\ninstances = 2\n[traffic]\nrate = 1\n[strategies.rolling]\nkind = \
                \"rolling\"\n";
    let parsed = |text: &str| {
        parse(text, Path::new("case.toml"), &Overrides::default()).expect("right").scenario
    };
    let none = Workbench::new(&parsed(text), &question(&[1.0], 1));
    assert_eq!(none.expect_err("no gates"), WorkbenchError::NoGates);
    let idle = format!("{text}[gates.idle]\nmetric = \"error-rate\"\nmax = \"1%\"\n");
    let none = Workbench::new(&parsed(&idle), &question(&[1.0], 1));
    assert_eq!(none.expect_err("no place"), WorkbenchError::NoPlace("idle".into()));
}

#[test]
fn a_release_without_a_defect_has_false_alarms_only() {
    let text = BASE.replace("error_rate = 0.01", "error_rate = 0.0") + "max = \"1%\"\n";
    let scenario = parse(&text, Path::new("case.toml"), &Overrides::default());
    let scenario = scenario.expect("right").scenario;
    let bench = Workbench::new(&scenario, &question(&[1.0, 3.0], 1)).expect("a gate");
    assert_eq!(bench.scenario.variants.len(), 1);
    assert!(bench.warnings[0].contains("no defect to multiply"), "{:?}", bench.warnings);
}

/// Only the first value of a sweep is tried, and that is said, once for all gates.
#[test]
fn a_sweep_is_said_to_be_cut_short() {
    let sweep = "max = \"1%\"\n[[sweep]]\npath = \"release.error_rate\"\nvalues = [0.02, 0.1]\n";
    let text = BASE.to_owned() + sweep;
    let scenario = parse(&text, Path::new("case.toml"), &Overrides::default());
    let bench = Workbench::new(&scenario.expect("right").scenario, &question(&[1.0], 1));
    let warnings = bench.expect("a gate").warnings;
    let about: Vec<_> = warnings.iter().filter(|text| text.contains("of the sweeps")).collect();
    assert!(about.len() == 1 && about[0].contains("--sweep release.error_rate="), "{warnings:?}");
}

#[test]
fn the_command_writes_its_files_and_answers_mistakes() {
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("case.toml");
    fs::write(&file, BASE.to_owned() + "max = \"1%\"\n").expect("written");
    let run = ["gate", "case.toml", "--effects", "1x,10x", "--replications", "4"];
    let output = rollsim(place.path(), &run);
    let (table, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{errors}");
    assert!(table.starts_with("case: 3 cases of 4 runs, seed "), "{table}");
    assert!(table.contains("wrote results/case-gate: gate.csv gate.svg"), "{table}");
    let csv = fs::read_to_string(place.path().join("results/case-gate/gate.csv")).expect("a file");
    assert_eq!(csv.lines().count(), 4, "{csv}");
    assert!(csv.starts_with("gate,strategy,rate,effect,runs,caught,caught_low,"), "{csv}");
    let json = rollsim(place.path(), &[&run[..], &["--json"]].concat());
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["gates"][0]["effect"], 0.0);
    assert_eq!(json["gates"].as_array().map(Vec::len), Some(3));
    for (arguments, wanted) in [
        (&["--effects", "0x"][..], "a multiple above 0"),
        (&["--rates=-5"], "above 0"),
        (&["--gate", "limits"], "did you mean `limit`?"),
        (&["--out", "."], "holds no `gate.csv`"),
    ] {
        let output = rollsim(place.path(), &[&run[..2], arguments].concat());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(wanted), "{arguments:?}: {said}");
    }
}

/// All of two fails when one does, any of two when both do; whatever a step asks for, the gate at
/// work stands there with its own parts.
#[test]
fn a_gate_made_of_others_keeps_its_parts() {
    let parts = "max = \"1%\"\n\
                 [gates.never]\nmetric = \"error-rate\"\ninterval = \"1m\"\nmax = \"99%\"\n\
                 [gates.both]\nall = [\"limit\", \"never\"]\n\
                 [gates.either]\nany = [\"limit\", \"never\"]\n";
    let found = answer(&scenario(&[parts]), &question(&[1.0, 10.0], 10), 2);
    let of = |gate: &str| -> Vec<Characteristic> {
        let own = found.iter().filter(|one| one.gate == gate);
        own.map(|one| Characteristic { gate: String::new(), ..one.clone() }).collect()
    };
    let limit = of("limit");
    let shares: Vec<f64> = limit.iter().map(|one| one.caught.share).collect();
    assert!(shares[0] == 0.0 && shares[1] > 0.0 && shares[1] < 1.0 && shares[2] == 1.0);
    assert_eq!(of("both"), limit);
    assert_eq!(of("either"), of("never"));
    assert!(of("either").iter().all(|one| one.passed.share == 1.0), "{found:?}");
}

/// With fewer requests than it wants a gate cannot tell, and the rollout waits for a person.
#[test]
fn a_gate_without_data_has_no_verdict() {
    let scenario = scenario(&["max = \"1%\"\nmin_samples = 100000\n"]);
    let found = answer(&scenario, &question(&[1.0], 4), 1);
    assert!(found.iter().all(|one| one.undecided.share == 1.0), "{found:?}");
    let [low, high] = found[0].undecided.ci95;
    // Wilson's lower end for 4 of 4: 4 / (4 + 1.959964^2).
    assert!((low - 0.510_109).abs() < 1e-6 && high == 1.0, "{low} {high}");
}
