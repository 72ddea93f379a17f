//! The command line as its users meet it: the binary, its output, its files and its exit codes.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::binary::{command, rollsim, text};

/// A small fleet, quickly simulated.
const SCENARIO: &str = r#"
[fleet]
instances = 4

[instance]
service_time = { dist = "exponential", mean = "20ms" }

[startup]
boot = { dist = "lognormal", median = "8s", p95 = "20s" }

[traffic]
rate = 50

[strategies.careful]
kind = "rolling"
max_unavailable = 0
max_surge = 1

[strategies.recreate]
kind = "recreate"

[simulation]
replications = 3
"#;

/// A folder with the scenario in it.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("small.toml"), SCENARIO).expect("written");
    place
}

/// Names and contents of a folder's files, sorted.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| {
            let entry = entry.expect("an entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).expect("a file"))
        })
        .collect();
    files.sort();
    files
}

fn names(folder: &Path) -> Vec<String> {
    contents(folder).into_iter().map(|(name, _)| name).collect()
}

const FILES: [&str; 9] = [
    "capacity.svg",
    "duration.svg",
    "error_budget.svg",
    "events.csv",
    "ledger.csv",
    "runs.csv",
    "summary.csv",
    "summary.json",
    "timeline.csv",
];

#[test]
fn a_run_prints_a_table_and_names_the_files() {
    let place = place();
    let output = rollsim(place.path(), &["run", "small.toml"]);
    assert_eq!(text(&output.stderr), "", "no progress where nobody watches");
    assert_eq!(output.status.code(), Some(0));
    let stdout = text(&output.stdout);
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(
        lines[0],
        "small: 2 variants, 6 runs, seed 1; means \u{b1} half of their 95% interval"
    );
    let titles =
        "variant outcome duration ready min capacity min availability budget spent p95 ratio";
    assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>().join(" "), titles);
    assert!(lines[3].starts_with("careful   completed"), "{stdout}");
    assert!(lines[4].starts_with("recreate  completed"), "{stdout}");
    assert!(lines[6].starts_with("wrote results/small: runs.csv"), "{stdout}");
    assert!(!stdout.contains('\u{1b}'), "no colours in a pipe");
    assert_eq!(names(&place.path().join("results/small")), FILES);
}

#[test]
fn json_prints_the_summary_and_nothing_else() {
    let place = place();
    let output = rollsim(place.path(), &["run", "small.toml", "--json", "--out", "r"]);
    assert_eq!(output.stdout, fs::read(place.path().join("r/summary.json")).expect("a file"));
    let summary: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(summary["variants"][1]["outcomes"], serde_json::json!({"completed": 3}));
    let runs = fs::read(place.path().join("r/runs.csv")).expect("a file");
    assert_eq!(summary["digest"], blake3::hash(&runs).to_hex().as_str());
}

#[test]
fn threads_change_no_byte_and_seeds_do() {
    let place = place();
    let run = |out: &str, more: &[&str]| {
        let arguments = [&["run", "small.toml", "--png", "--quiet", "--out", out], more].concat();
        let output = rollsim(place.path(), &arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
        contents(&place.path().join(out))
    };
    let one = run("one", &["--threads", "1"]);
    assert_eq!(one.len(), FILES.len() + 3);
    assert!(one == run("three", &["--threads", "3"]));
    assert!(one != run("other", &["--seed", "2"]));
    // Replacing a folder leaves nothing of the old one.
    assert_eq!(run("three", &["--replications", "1"]).len(), one.len());
}

#[test]
fn charts_drawn_again_are_the_same() {
    let place = place();
    rollsim(place.path(), &["run", "small.toml", "--png", "--out", "r"]);
    let folder = place.path().join("r");
    let before = contents(&folder);
    for (name, _) in &before {
        if name.ends_with("svg") || name.ends_with("png") {
            fs::remove_file(folder.join(name)).expect("removed");
        }
    }
    let output = rollsim(place.path(), &["report", "--png", "r"]);
    assert_eq!(
        text(&output.stdout),
        "wrote r: capacity.svg error_budget.svg duration.svg capacity.png error_budget.png \
         duration.png\n"
    );
    assert!(before == contents(&folder));
}

#[test]
fn sweeps_and_settings_reach_the_variants() {
    let place = place();
    let sweep = "strategies.careful.max_surge=1,2";
    let arguments = ["run", "small.toml", "--json", "--set", "traffic.rate=20", "--sweep", sweep];
    let output = rollsim(place.path(), &[&arguments[..], &["--replications", "1"]].concat());
    let summary: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let variants = summary["variants"].as_array().expect("variants");
    let names: Vec<&str> = variants.iter().filter_map(|variant| variant["name"].as_str()).collect();
    assert_eq!(names, ["careful max_surge=1", "careful max_surge=2", "recreate"]);
    let parameters = serde_json::json!({"strategies.careful.max_surge": 2});
    assert_eq!(variants[1]["parameters"], parameters);
    assert_eq!(variants[0]["metrics"]["duration_s"]["ci95"], Value::Null);
}

#[test]
fn what_cannot_be_done_is_said_on_stderr_with_its_exit_code() {
    let place = place();
    let folder = place.path();
    fs::create_dir(folder.join("thesis")).expect("made");
    fs::write(folder.join("thesis/chapter.tex"), "years").expect("written");
    fs::write(folder.join("wrong.toml"), "[fleet]\ninstances = \"many\"\n").expect("written");
    let check = |arguments: &[&str], code: i32, saying: &str| {
        let output = rollsim(folder, arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(saying), "{arguments:?}: {stderr}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    };
    check(&[], 2, "Usage: rollsim <COMMAND>");
    check(&["fly"], 2, "unrecognized subcommand 'fly'");
    check(&["run", "missing.toml"], 2, "there is no such file");
    check(&["run", "wrong.toml"], 2, "wrong.toml:2:");
    check(&["run", "small.toml", "--threads", "0"], 2, "--threads");
    check(&["run", "small.toml", "--json", "--quiet"], 2, "cannot be used with");
    check(&["run", "small.toml", "--out", "thesis"], 2, "holds no `summary.json`");
    check(&["run", "small.toml", "--out", "thesis/chapter.tex"], 2, "is not a folder");
    check(&["run", "small.toml", "--out", "thesis/chapter.tex/r"], 2, "cannot write");
    check(&["report", "thesis"], 2, "cannot read `summary.json`");
    check(&["explain", "nonsense"], 2, "nothing is called `nonsense`");
    assert_eq!(names(&folder.join("thesis")), ["chapter.tex"]);
    assert!(!folder.join("results").exists());
}

#[test]
fn what_there_is_can_be_listed_and_explained() {
    let folder = Path::new(".");
    let stdout = |arguments: &[&str]| {
        let output = rollsim(folder, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        text(&output.stdout)
    };
    let strategies = stdout(&["list", "strategies"]);
    for line in strategies.lines() {
        let name = line.split_whitespace().next().expect("a name");
        let explanation = stdout(&["explain", name]);
        assert!(explanation.contains("# Worked example"), "{name}");
    }
    let metrics = stdout(&["list", "metrics"]);
    for line in metrics.lines() {
        let (name, summary) = line.split_once(' ').expect("a name and what it says");
        assert!(stdout(&["explain", name]).starts_with(&format!("{name}: {}", summary.trim())));
    }
    let all = stdout(&["list"]);
    assert!(all.contains(&strategies) && all.contains(&metrics));
}

/// Whoever reads no further, as `head` does, has not made an error.
#[test]
fn a_closed_pipe_is_no_failure() {
    let mut child = command(Path::new("."), &["list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

/// Ctrl-C leaves the old results whole, and beside them what another run can go on with.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_the_old_results() {
    let place = place();
    rollsim(place.path(), &["run", "small.toml", "--out", "r"]);
    let before = contents(&place.path().join("r"));
    // Far more than is done before the signal comes.
    let arguments = ["run", "small.toml", "--replications", "100000000", "--out", "r"];
    let child = command(place.path(), &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // Once it has made its folder it listens for the signal.
    while names_of_all(place.path()).len() < 3 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.is_ok_and(|status| status.success()));
    let output = child.wait_with_output().expect("it ends");
    assert!(text(&output.stderr).contains("interrupted; no results were written"));
    assert_eq!((output.status.code(), output.stdout.len()), (Some(130), 0));
    assert!(before == contents(&place.path().join("r")));
    assert_eq!(names_of_all(place.path()), [".r.unfinished", "r", "small.toml"]);
}

/// Names of files and folders, sorted.
#[cfg(unix)]
fn names_of_all(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
