//! `rollsim sensitivity` as its users meet it: what it finds, its files and its exit codes.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::binary::{command, text};

/// Four instances replaced one after another (or so), each start waiting `provision` and then
/// booting for 10 s; readiness is seen at once.
const SCENARIO: &str = r#"
[fleet]
instances = 4

[startup]
provision = { dist = "exponential", mean = "2s" }
boot = "10s"

[readiness]
period = "0s"

[traffic]
rate = 20

[strategies.careful]
kind = "rolling"
max_unavailable = 0
max_surge = 1

[strategies.bold]
kind = "rolling"
max_unavailable = 2
max_surge = 0

[simulation]
replications = 3
settle = "10s"
"#;

fn rollsim(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = command(folder, &["sensitivity"]);
    command.args(arguments);
    if !arguments.contains(&"--strategy") {
        command.args(["--strategy", "careful"]);
    }
    command.output().expect("the binary starts")
}

fn place(more: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("small.toml"), SCENARIO.to_owned() + more).expect("written");
    place
}

/// The JSON of a study that goes well.
fn study(folder: &Path, arguments: &[&str]) -> Value {
    let output = rollsim(folder, &[&["small.toml", "--json"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

const BOOT: &str = "startup.boot=5s..35s";
const SURGE: &str = "strategies.careful.max_surge=1..4";
const NO_WAIT: &[&str] = &["--set", "startup.provision=0s"];
const PRICE: &str = "cost.instance_hour=0.5..2.0";

/// With one surge and none unavailable the rollout takes four starts; three seconds of boot more
/// are twelve of duration. What an hour costs is of no matter to the duration, and is to the cost.
#[test]
fn a_study_finds_what_can_be_reckoned() {
    let place = place("");
    let metrics = ["--metric", "duration_s", "--metric", "cost"];
    let asked = [&["--vary", BOOT, "--vary", PRICE], NO_WAIT, &metrics].concat();
    let found = study(place.path(), &asked);
    let duration = &found["metrics"][0];
    assert_eq!(duration["metric"], "duration_s");
    let boot = &duration["fields"][0];
    assert_eq!(boot["path"], "startup.boot");
    for measure in ["mu_star", "mu"] {
        let effect = boot[measure]["value"].as_f64().expect("a number");
        assert!((effect - 4.0 * 30.0).abs() < 0.01, "{boot}");
    }
    assert!(boot["sigma"].as_f64().is_some_and(|sigma| sigma < 0.01), "{boot}");
    assert_eq!((&boot["direction"], &boot["verdict"]), (&"rises".into(), &"matters".into()));
    let price = &duration["fields"][1];
    assert_eq!(price["mu_star"]["value"], 0.0);
    assert_eq!(price["mu_star"]["ci95"], serde_json::json!([0.0, 0.0]));
    assert_eq!((&price["direction"], &price["verdict"]), (&"none".into(), &"no-effect".into()));
    let cost = &found["metrics"][1]["fields"];
    assert_eq!((&cost[0]["verdict"], &cost[1]["verdict"]), (&"matters".into(), &"matters".into()));
    let runs = found["points"].as_u64().expect("a number") * 3;
    assert_eq!(found["outcomes"]["completed"], runs);
    assert_eq!(found["strategy"], "careful");

    let sobol = ["--method", "sobol", "--samples", "64"];
    let found = study(place.path(), &[&asked[..], &sobol].concat());
    let [boot, price] = [0, 1].map(|field| found["metrics"][0]["fields"][field].clone());
    let total = boot["total"]["value"].as_f64().expect("a number");
    assert!((total - 1.0).abs() < 0.1, "the whole variance is the boot's: {boot}");
    for index in ["first", "total"] {
        assert_eq!(price[index], serde_json::json!({ "value": 0.0, "ci95": [0.0, 0.0] }));
    }
    // Every sample has its row in A, in B, and one for each field.
    assert_eq!(found["points"], 64 * 4);
}

#[test]
fn threads_change_no_byte_and_seeds_do() {
    let place = place("");
    let files = |out: &str, more: &[&str]| {
        let asked = ["small.toml", "--vary", BOOT, "--vary", SURGE, "--png", "--out", out];
        let output = rollsim(place.path(), &[&asked, more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let name = |name: &str| fs::read(place.path().join(out).join(name)).expect("a file");
        ["sensitivity.csv", "sensitivity.svg", "sensitivity.png"].map(name)
    };
    for method in [&["--method", "morris"][..], &["--method", "sobol", "--samples", "8"]] {
        let one = files("one", &[method, &["--threads", "1"]].concat());
        assert!(one == files("eight", &[method, &["--threads", "8"]].concat()));
        assert!(one != files("other", &[method, &["--seed", "2"]].concat()));
    }
}

#[test]
fn a_table_and_two_files_say_what_matters() {
    let place = place("");
    let asked = ["small.toml", "--vary", BOOT, "--vary", SURGE, "--vary", PRICE];
    let output = rollsim(place.path(), &[&asked[..], &["--metric", "duration_s"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let told = text(&output.stderr);
    assert!(
        told.starts_with("note: ") && told.contains(" points of 3 runs each are to be simulated"),
        "{told}"
    );
    snapbox::assert_data_eq!(
        text(&output.stdout),
        snapbox::str![[r#"
small: 3 fields of careful at 32 points, 3 runs each, seed 1
Morris's elementary effects over the whole range of a field (10 random walks), 95% intervals
the same random numbers at every point; `chance`: how much may be chance all the same
runs: 96 completed

duration_s: 14 s to 2m 28s, mean 64 s, deviation 45 s
field          values           mu*            mu  sigma  chance  direction  how much
boot           5s..35s  87 s ± 26 s   87 s ± 26 s   36 s     0 s  rises      ####################
max_surge      1..4     59 s ± 25 s  -59 s ± 25 s   35 s   7.2 s  falls      ##############
instance_hour  0.5..2    0 s           0 s           0 s     0 s  -          no effect

wrote results/small-sensitivity: sensitivity.csv sensitivity.svg

"#]]
    );
    let csv = place.path().join("results/small-sensitivity/sensitivity.csv");
    let wanted = include_str!("../data/sensitivity.csv");
    assert_eq!(fs::read_to_string(csv).expect("a file"), wanted);
}

/// A field that the file sweeps is varied over its own range, not over the sweep's values.
#[test]
fn a_swept_field_can_be_varied() {
    let sweep = "[[sweep]]\npath = \"startup.boot\"\nvalues = [\"10s\", \"20s\"]\n";
    let place = place(sweep);
    let found = study(
        place.path(),
        &[&["--vary", "startup.boot=0s..30s", "--strategy", "bold"], NO_WAIT].concat(),
    );
    let boot = &found["metrics"][0]["fields"][0];
    // Two at a time: two starts one after another.
    let effect = boot["mu"]["value"].as_f64().expect("a number");
    assert!((effect - 60.0).abs() < 0.1, "{boot}");
    let output = rollsim(place.path(), &["small.toml", "--vary", "traffic.rate=5..20"]);
    let told = text(&output.stderr);
    assert!(told.contains("of the sweep over `startup.boot` only the first value"), "{told}");
}

#[test]
fn what_cannot_be_studied_is_said_on_stderr() {
    let place = place("");
    let folder = place.path();
    let check = |arguments: &[&str], saying: &[&str]| {
        let output = rollsim(folder, &[&["small.toml"], arguments].concat());
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        for saying in saying {
            assert!(stderr.contains(saying), "{arguments:?}: {stderr}");
        }
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    };
    let rate = ["--vary", "traffic.rate=10..20"];
    let with = |more: &[&'static str]| [&rate[..], more].concat();
    check(&[], &["nothing is varied; name a field and its range"]);
    check(&["--vary", "traffic.rate=20..10"], &["runs backwards; write `10..20`"]);
    check(&["--vary", "traffic.rate=10..10"], &["`10` is its only value"]);
    check(&["--vary", "traffic.rte=10..20"], &["did you mean `rate`", "rules refuse the point"]);
    check(&["--vary", "fleet.instances=0..4"], &["`instances=0` is an end of its range, and with"]);
    check(
        &["--vary", "strategies.careful.max_surge=0..2", "--trajectories", "20"],
        &["the point `careful max_surge=0`"],
    );
    check(&with(&["--metric", "duraton_s"]), &["did you mean `duration_s`?"]);
    check(&with(&["--metric", "wether"]), &["`rollsim list metrics` names them"]);
    check(&with(&["--metric", "rollback_s"]), &["no run defines `rollback_s` at the point"]);
    check(
        &with(&["--strategy", "careless"]),
        &["no strategy called `careless`; there is `careful`, `bold`"],
    );
    check(&with(&["--method", "sobol", "--samples", "100"]), &["write 64 or 128"]);
    check(
        &["--vary", "load_balancer.policy=random,round-robin", "--method", "sobol"],
        &["Sobol's indices are of ranges, not of choices"],
    );
    check(&with(&["--vary", "traffic.rate=1..2"]), &["undo each other"]);
    check(
        &["--vary", "startup.boot=1s..9s", "--strategy", "bold,careful"],
        &["no strategy called"],
    );
    fs::create_dir(folder.join("thesis")).expect("made");
    fs::write(folder.join("thesis/chapter.tex"), "years").expect("written");
    check(&with(&["--out", "thesis"]), &["holds no `sensitivity.csv`"]);
    let left = fs::read_dir(folder.join("results")).map_or(0, |entries| entries.count());
    assert_eq!(left, 0, "nothing is left of what went wrong");
}
