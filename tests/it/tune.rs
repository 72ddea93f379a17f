//! `rollsim tune` and `rollsim advise`: what they choose agrees with closed forms and brute force,
//! what cannot be is said with its exit code, and threads change no byte.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::binary::{rollsim, text};

/// Twelve instances that start in exactly 10 s each, without requests: a rolling update takes
/// ceil(12 / (surge + unavailable)) starts.
const WAVES: &str = "\
[fleet]
instances = 12
[startup]
boot = \"10s\"
[readiness]
period = \"0s\"
[traffic]
rate = 0
[strategies.rolling]
kind = \"rolling\"
[simulation]
warmup = \"1s\"
settle = \"0s\"
";

/// Six small instances at 70% load whose starts take their time.
const NOISY: &str = "\
[fleet]
instances = 6
[instance]
slots = 2
queue = 8
service_time = { dist = \"exponential\", mean = \"100ms\" }
[startup]
boot = { dist = \"lognormal\", median = \"8s\", p95 = \"20s\" }
[load_balancer]
lag = { dist = \"uniform\", min = \"1s\", max = \"3s\" }
[traffic]
rate = 84
[strategies.rolling]
kind = \"rolling\"
max_unavailable = 1
max_surge = 0
[strategies.blue-green]
kind = \"blue-green\"
[simulation]
warmup = \"5s\"
settle = \"2s\"
";

const VARY: [&str; 4] = [
    "--vary",
    "strategies.rolling.max_unavailable=0..6",
    "--vary",
    "strategies.rolling.max_surge=0..4",
];

fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("waves.toml"), WAVES).expect("written");
    fs::write(place.path().join("noisy.toml"), NOISY).expect("written");
    place
}

/// What the command prints as JSON, and its exit code.
fn json(folder: &Path, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = rollsim(folder, &[arguments, &["--json"]].concat());
    let found = serde_json::from_slice(&output.stdout);
    (found.unwrap_or_else(|_| panic!("{}", text(&output.stderr))), output.status.code())
}

#[test]
fn the_table_says_what_to_choose_and_why() {
    let place = place();
    let arguments = [&["tune", "waves.toml"], &VARY[..], &["--subject-to", "capacity_min>=80%"]];
    let output = rollsim(place.path(), &arguments.concat());
    assert_eq!((text(&output.stderr).as_str(), output.status.code()), ("", Some(0)));
    snapbox::assert_data_eq!(
        text(&output.stdout),
        snapbox::str![[r#"
waves: 34 candidates, 340 runs, seed 1; means ± half of their 95% interval
minimize duration_s, subject to capacity_min>=80%

max_unavailable  max_surge  status      runs  duration_s  capacity_min
2                4          choose        10        20 s         83.3%
0                4          dominated     10        30 s          100%
1                3          dominated     10        30 s         91.7%
1                4          dominated     10        30 s         91.7%
2                2          dominated     10        30 s         83.3%
2                3          dominated     10        30 s         83.3%
3                3          infeasible    10        20 s           75%
3                4          infeasible    10        20 s           75%
4                2          infeasible    10        20 s         66.7%
4                3          infeasible    10        20 s         66.7%
4                4          infeasible    10        20 s         66.7%
23 more in tune.csv

choose `rolling max_unavailable=2 max_surge=4`: the fastest of the 14 candidates that meet
  `capacity_min>=80%`; duration_s 20 s
the next, `rolling max_unavailable=0 max_surge=4`, is 10 s slower
the best of the 14 is selected with a probability of 95% at least, provided that it is better than
  each other by 0.2 s (the indifference zone) or more: Kim and Nelson's procedure on common random
  numbers, 340 runs in all; half of what may go wrong is for the constraints
1 point is refused by the scenario's rules: `max_unavailable` and `max_surge` are both 0: no
  instance may ever be replaced

wrote results/waves-tune: tune.csv tune.svg

"#]]
    );
    let csv = fs::read_to_string(place.path().join("results/waves-tune/tune.csv")).expect("a file");
    assert_eq!(csv.lines().count(), 1 + 35);
    for row in [
        "rolling max_unavailable=2 max_surge=4,2,4,front,yes,10,1,20,20,20,",
        "rolling max_unavailable=3 max_surge=0,3,0,infeasible,no,10,1,40,40,40,",
        ",0,0,refused,no,0,,",
    ] {
        assert!(csv.lines().any(|line| line.starts_with(row)), "{row} in {csv}");
    }
}

/// For every limit on the capacity the choice is the fewest waves that the formula allows.
#[test]
fn the_choice_is_that_of_the_closed_form() {
    let place = place();
    for unavailable in 0..=4_u32 {
        let limit = format!("capacity_min>={}%", 100 * (12 - unavailable) / 12);
        let options = ["--subject-to", &limit, "--pilot", "2", "--out", "r"];
        let (found, code) =
            json(place.path(), &[&["tune", "waves.toml"], &VARY[..], &options].concat());
        let fewest = (0..=unavailable)
            .flat_map(|out| (0..=4).map(move |surge| out + surge))
            .filter(|&batch| batch > 0)
            .map(|batch| 12_u32.div_ceil(batch))
            .min();
        let name = found["recommended"].as_str().expect("a name");
        let candidates = found["candidates"].as_array().expect("candidates");
        let best = candidates.iter().find(|one| one["name"] == name).expect("there");
        let waves = best["metrics"]["duration_s"]["mean"].as_f64().map(|time| time / 10.0);
        assert_eq!((waves, code), (fewest.map(f64::from), Some(0)), "{limit}: {name}");
    }
}

#[test]
fn a_front_has_its_ends_and_its_knee() {
    let place = place();
    let goals = ["--minimize", "duration_s", "--maximize", "capacity_min", "--pilot", "2"];
    let (found, _) = json(place.path(), &[&["tune", "waves.toml"], &VARY[..], &goals].concat());
    let front: Vec<(f64, f64)> = found["candidates"]
        .as_array()
        .expect("candidates")
        .iter()
        .filter(|one| one["status"] == "front")
        .map(|one| {
            let mean = |metric: &str| one["metrics"][metric]["mean"].as_f64().expect("a mean");
            (mean("duration_s"), mean("capacity_min"))
        })
        .collect();
    // 20 s need six at once, of which four may come from the surge; 30 s need four.
    let close = |(time, capacity): (f64, f64), wanted: (f64, f64)| {
        (time - wanted.0).abs() < 1e-9 && (capacity - wanted.1).abs() < 1e-9
    };
    assert!(front.iter().all(|&one| close(one, (20.0, 10.0 / 12.0)) || close(one, (30.0, 1.0))));
    assert_eq!(front.len(), 2, "{front:?}");
    assert_eq!(
        (found["knee"].is_null(), found["method"]["complete"].as_bool()),
        (true, Some(true))
    );
}

#[test]
fn threads_change_no_byte() {
    let place = place();
    let vary = "strategies.rolling.max_unavailable=1..3";
    let run = |out: &str, threads: &str| {
        let options = ["--subject-to", "error_rate<=5%", "--max-replications", "30", "--png"];
        let head = ["tune", "noisy.toml", "--vary", vary, "--out", out, "--threads", threads];
        let output = rollsim(place.path(), &[&head[..], &options].concat());
        let table = text(&output.stdout).replace(out, "OUT");
        let files = ["tune.csv", "tune.svg", "tune.png"]
            .map(|name| fs::read(place.path().join(out).join(name)).expect("a file"));
        (table, files)
    };
    let one = run("one", "1");
    assert!(one.0.contains("choose"), "{}", one.0);
    assert!(one == run("eight", "8"));
    let advice = |threads: &str| {
        let head = ["advise", "noisy.toml", "--strategy", "rolling", "--threads", threads];
        let options = ["--max-replications", "20", "--healthy", "80", "--met", "95%"];
        text(&rollsim(place.path(), &[&head[..], &options].concat()).stdout)
    };
    let one = advice("1");
    assert!(one.contains("readiness.deadline = "), "{one}");
    assert_eq!(one, advice("8"));
}

#[test]
fn who_meets_nothing_fails_and_who_cannot_tell_says_so() {
    let place = place();
    let check = |options: &[&str], code: i32, saying: &[&str]| {
        let head = ["tune", "waves.toml", "--vary", "strategies.rolling.max_unavailable=1..6"];
        let more = ["--set", "strategies.rolling.max_surge=0"];
        let output = rollsim(place.path(), &[&head[..], &more, options].concat());
        let said = text(&output.stdout).replace("\n  ", " ");
        assert_eq!(output.status.code(), Some(code), "{options:?}: {said}");
        for part in saying {
            assert!(said.contains(part), "{options:?}: {part} in {said}");
        }
    };
    check(
        &["--subject-to", "capacity_min>=95%"],
        1,
        &["no candidate meets `capacity_min>=95%`; the best, `rolling max_unavailable=1`", "3.3"],
    );
    check(
        &["--subject-to", "capacity_min>=90%", "--subject-to", "duration_s<=1m"],
        1,
        &["no candidate meets all constraints together", "misses `capacity_min>=90%` by 6.7"],
    );
    check(&["--subject-to", "rollback_s<=1m"], 2, &["no candidate's runs define `rollback_s`"]);
    let slow =
        ["--set", "readiness.deadline=\"5s\"", "--set", "strategies.rolling.on_failure=abort"];
    check(&slow, 1, &["no candidate completes often enough"]);
}

/// What is wrong with a command line is said on stderr, and nothing is written.
#[test]
fn mistakes_are_answered() {
    let place = place();
    let check = |arguments: &[&str], saying: &str| {
        let output = rollsim(place.path(), &[&["tune"], arguments].concat());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(saying), "{arguments:?}: {said}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    };
    let vary = "strategies.rolling.max_unavailable=1..3";
    let with = |more: &[&'static str]| [&["waves.toml", "--vary", vary], more].concat();
    check(&["waves.toml"], "--vary");
    check(&["waves.toml", "--vary", "a=6..1"], "the range `6..1` runs backwards; write `1..6`");
    check(&["waves.toml", "--vary", "a=1..9999999"], "more than 1000000");
    check(&["waves.toml", "--vary", "a=1..2000", "--vary", "b=1..2000"], "2000 of `a` x 2000");
    check(&["waves.toml", "--vary", "strategies.rolling.max_unavail=1..3"], "max_unavailable");
    check(&["waves.toml", "--vary", "strategies.roling.max_surge=1..3"], "`rolling`");
    check(&["waves.toml", "--vary", "fleet.instances=0,0%"], "all 2 points");
    check(&["noisy.toml", "--vary", "fleet.instances=6..8"], "name it with `--strategy`");
    check(&with(&["--strategy", "canary"]), "there is `rolling`");
    check(&with(&["--minimize", "duration"]), "did you mean `duration_s`?");
    check(&with(&["--minimize", "cost", "--maximize", "cost"]), "`cost` is an objective twice");
    check(&with(&["--subject-to", "capacity_min>90"]), "write `METRIC>=VALUE`");
    check(
        &with(&["--subject-to", "capacity_min>=90%", "--subject-to", "capacity_min<=80%"]),
        "`capacity_min>=90%` and `capacity_min<=80%` contradict each other",
    );
    check(&with(&["--indifference", "cost=3"]), "is no objective");
    check(&with(&["--minimize", "cost", "--indifference", "0"]), "an amount above zero");
    check(&with(&["--confidence", "40%"]), "a confidence lies above 50%");
    check(&with(&["--pilot", "1"]), "--pilot");
    check(&with(&["--budget", "29"]), "allow 30 or more");
    check(&with(&["--out", "."]), "holds no `tune.csv`");
    let left = fs::read_dir(place.path().join("results")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "nothing is written");
}

#[test]
fn a_budget_is_spent_and_told() {
    let place = place();
    let head = ["tune", "noisy.toml", "--vary", "strategies.rolling.max_unavailable=1..3"];
    let options = ["--minimize", "duration_s", "--budget", "60"];
    let (found, code) = json(place.path(), &[&head[..], &options].concat());
    assert_eq!((found["runs"].as_u64(), code), (Some(60), Some(0)));
    assert_eq!(found["method"]["name"], "ocba");
    assert_eq!(found["recommended"], "rolling max_unavailable=3");
}

/// Ten instances that serve 50 requests/s each at 340: three may be missing. Nothing lags, so
/// drains lose nothing; every start takes 10 s.
#[test]
fn advice_is_that_of_the_closed_forms() {
    let place = place();
    let text_of = |load: &str| {
        format!(
            "[fleet]\ninstances = 10\n[instance]\nslots = 4\nservice_time = \"80ms\"\n\
             [startup]\nboot = \"10s\"\n[readiness]\nperiod = \"0s\"\n[traffic]\nrate = {load}\n\
             [strategies.rolling]\nkind = \"rolling\"\nmax_unavailable = 1\nmax_surge = 0\n\
             [strategies.recreate]\nkind = \"recreate\"\n\
             [simulation]\nwarmup = \"1s\"\nsettle = \"1s\"\n"
        )
    };
    fs::write(place.path().join("exact.toml"), text_of("340")).expect("written");
    let (found, code) = json(place.path(), &["advise", "exact.toml", "--strategy", "rolling"]);
    let values: Vec<&str> =
        (0..3).filter_map(|number| found["answers"][number]["value"].as_str()).collect();
    // The controller looks a second after the deadline, when an instance is there that took 10 s.
    assert_eq!((values, code), (vec!["3", "\"0s\"", "\"10s\""], Some(0)));
    let output = rollsim(place.path(), &["advise", "exact.toml", "--strategy", "recreate"]);
    let said = text(&output.stdout);
    assert!(said.contains("it does not apply: "), "{said}");
    let output = rollsim(place.path(), &["advise", "exact.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("name it with `--strategy`"));
}

/// Without surge and with 80% of the capacity left, two at a time; regardless of that, six.
#[test]
fn the_files_policy_is_heeded() {
    let place = place();
    let policy = "[[policy.require]]\nmetric = \"capacity_min\"\nmin = \"80%\"\n";
    fs::write(place.path().join("held.toml"), WAVES.to_owned() + policy).expect("written");
    let head = ["tune", "held.toml", "--vary", "strategies.rolling.max_unavailable=1..6"];
    let set = ["--set", "strategies.rolling.max_surge=0"];
    let (found, code) = json(place.path(), &[&head[..], &set].concat());
    assert_eq!((&found["recommended"], code), (&"rolling max_unavailable=2".into(), Some(0)));
    assert_eq!(found["constraints"], serde_json::json!(["capacity_min>=80%"]));
    assert_eq!(found["objectives"][0]["metric"], "duration_s");
    let regardless = ["--ignore-policy", "--minimize", "duration_s"];
    let (found, _) = json(place.path(), &[&head[..], &set, &regardless].concat());
    assert_eq!(found["recommended"], "rolling max_unavailable=6");
}
