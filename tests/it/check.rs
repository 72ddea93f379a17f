//! `rollsim check` as pipelines meet it: verdicts, exit codes, files, and what it compares with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::binary::{text, type_in, typed};

/// A small fleet, quickly simulated: of four instances `careful` replaces one beside the others,
/// `hasty` two at a time in their place.
const SCENARIO: &str = r#"
[fleet]
instances = 4

[instance]
service_time = { dist = "exponential", mean = "20ms" }

[startup]
boot = { dist = "lognormal", median = "8s", p95 = "20s" }

[traffic]
rate = 20

[simulation]
warmup = "10s"
settle = "5s"

[strategies.careful]
kind = "rolling"
max_unavailable = 0
max_surge = 1

[strategies.hasty]
kind = "rolling"
max_unavailable = 2
max_surge = 0
"#;

const CAPACITY: &str = "\n[[policy.require]]\nmetric = \"capacity_min\"\nmin = \"70%\"\n";

/// A folder with the scenario and this policy in it.
fn place(policy: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    write(place.path(), "small.toml", &format!("{SCENARIO}{policy}"));
    place
}

pub(crate) fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("written");
}

pub(crate) fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect("a file")
}

/// Exit code, stdout and stderr.
pub(crate) fn check(folder: &Path, typed: &str) -> (Option<i32>, String, String) {
    let output = type_in(folder, &format!("check {typed}"));
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Exit code and what was found.
pub(crate) fn json(folder: &Path, typed: &str) -> (Option<i32>, Value) {
    let (code, out, err) = check(folder, &format!("{typed} --json"));
    let found = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    (code, found)
}

#[test]
fn what_holds_is_told_with_exit_code_0() {
    let place = place(CAPACITY);
    let (code, out, err) = check(place.path(), "small.toml --strategy careful");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    snapbox::assert_data_eq!(
        out,
        snapbox::str![[r#"
small: 1 holds
10 runs, seed 1; with 95% confidence every verdict is right

strategy  requirement         limit   measured  bounds  runs  verdict
careful   capacity_min, mean  >= 70%      100%  100%      10  holds

"#]]
    );
    assert_eq!(fs::read_dir(place.path()).expect("a folder").count(), 1, "nothing is left behind");
}

#[test]
fn what_is_broken_is_told_with_exit_code_1() {
    let place = place(CAPACITY);
    let (code, out, err) = check(place.path(), "small.toml --fix");
    assert_eq!((code, err.as_str()), (Some(1), ""));
    snapbox::assert_data_eq!(
        out,
        snapbox::str![[r#"
small: 1 broken, 1 holds
20 runs, seed 1; with 95% confidence every verdict is right

strategy  requirement         limit   measured  bounds  runs  verdict
careful   capacity_min, mean  >= 70%      100%  100%      10  holds
hasty     capacity_min, mean  >= 70%       50%  50%       10  broken

hasty would hold with `--set strategies.hasty.max_unavailable=1`

"#]]
    );
}

#[test]
fn what_cannot_be_asked_is_told_with_exit_code_2() {
    let requires = |rest: &str| format!("[[policy.require]]\nmetric = \"failed\"\nmax = 1\n{rest}");
    for (policy, typed, expected) in [
        ("", "small.toml", "`small.toml` asserts nothing"),
        ("[policy]\nconfidence = 0.9\n", "small.toml", "`small.toml` asserts nothing"),
        (CAPACITY, "small.toml --strategy hastly", "did you mean `hasty`?"),
        (
            "[[policy.regression]]\nmetric = \"failed\"\n",
            "small.toml",
            "nothing to compare with is given",
        ),
        (
            &requires("strategies = [\"hasty\"]\n"),
            "small.toml --strategy careful",
            "asserts nothing about what is checked",
        ),
        (
            &requires("breaches = \"1%\"\n"),
            "small.toml --strategy hasty",
            "`small.toml:28`: 200 runs cannot show",
        ),
        (&requires("breaches = \"1%\"\n"), "small.toml --max-replications 100", "error[R065]"),
        (CAPACITY, "small.toml --old a.yaml --new b.yaml", "no strategy has a manifest"),
        (CAPACITY, "small.toml --new b.yaml", "--old"),
        (CAPACITY, "small.toml --junit missing/x.xml", "`missing` is not a folder"),
        (CAPACITY, "small.toml --markdown .", "`.` is not a file"),
        (CAPACITY, "small.toml --baseline none.json", "cannot be the baseline: cannot read it"),
        (CAPACITY, "small.toml --undecided maybe", "invalid value 'maybe'"),
    ] {
        let place = place(policy);
        let (code, out, err) = check(place.path(), typed);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{typed}: {err}");
        assert!(err.contains(expected), "{typed}: {err}");
    }
}

#[test]
fn what_no_run_has_never_passes() {
    let place = place("[[policy.require]]\nmetric = \"rollback_s\"\nmax = \"5m\"\n");
    for typed in ["", " --undecided pass"] {
        let (code, out, err) = check(place.path(), &format!("small.toml{typed}"));
        assert_eq!(code, Some(2));
        // Nothing is sure, so nothing is said of confidence.
        assert!(!out.contains("confidence"), "{out}");
        assert!(out.contains("not measured"), "{out}");
        assert!(err.contains("error: none of 200 runs has `rollback_s`"), "{err}");
    }
}

#[test]
fn failures_of_no_requests_never_pass() {
    let place = place(&format!(
        "{CAPACITY}[[policy.require]]\nmetric = \"failed\"\nmax = 0\nstatistic = \"max\"\n"
    ));
    let typed = "small.toml --strategy careful --max-replications 20";
    assert_eq!(check(place.path(), typed).0, Some(0));
    let (code, _, err) = check(place.path(), &format!("{typed} --set traffic.rate=0"));
    assert_eq!(code, Some(2));
    assert!(
        err.contains("error: no request was sent, so nothing is known about `failed`"),
        "{err}"
    );
}

#[test]
fn confidence_is_claimed_for_what_has_it() {
    let max = "[[policy.require]]\nmetric = \"duration_s\"\nmax = \"5m\"\nstatistic = \"max\"\n";
    let place = place(&format!("{CAPACITY}{max}"));
    let (_, out, _) = check(place.path(), "small.toml --strategy careful");
    let but = "every verdict is right\nbut for `min` and `max`, which are about these runs\n";
    assert!(out.contains(but), "{out}");
    write(place.path(), "small.toml", &format!("{SCENARIO}{max}"));
    let (code, out, _) = check(place.path(), "small.toml --strategy careful");
    assert!(code == Some(0) && out.contains("\n10 runs, seed 1\n"), "{out}");
}

#[test]
fn what_the_runs_cannot_tell_is_told_with_exit_code_3() {
    // The mean of many runs is the limit that few runs are asked about.
    let place = place("");
    let (_, found) = json(
        place.path(),
        "small.toml --strategy hasty --max-replications 60 \
         --set policy.require=[{metric=\"duration_s\",max=\"1s\"}]",
    );
    let mean = found["findings"][0]["measured"].as_f64().expect("a number");
    let policy = format!("[[policy.require]]\nmetric = \"duration_s\"\nmax = {mean}\n");
    write(place.path(), "small.toml", &format!("{SCENARIO}{policy}"));
    let typed = "small.toml --strategy hasty --max-replications 20";
    let (code, out, err) = check(place.path(), typed);
    assert_eq!(code, Some(3), "{out}");
    assert!(out.contains(": 1 undecided\n20 runs"), "{out}");
    assert!(err.contains("`--max-replications` allows more"), "{err}");
    for (take, expected, verdict) in [("pass", 0, "holds"), ("fail", 1, "broken")] {
        let (code, found) = json(place.path(), &format!("{typed} --undecided {take}"));
        assert_eq!(code, Some(expected));
        assert_eq!(found["verdict"], verdict);
        assert_eq!(found["findings"][0]["verdict"], "undecided");
    }
    check(place.path(), &format!("{typed} --undecided pass --markdown check.md"));
    let told = read(place.path(), "check.md");
    assert!(told.starts_with("### rollout policy: passes (1 undecided)\n"), "{told}");
}

/// A policy may hold for rollouts that never come to their end; that is told.
#[test]
fn rollouts_that_do_not_complete_are_told() {
    let place = place(CAPACITY);
    let never = "small.toml --strategy careful --set release.never_ready=1 --markdown check.md \
                 --set simulation.max_time=30m";
    let (code, out, _) = check(place.path(), never);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("\ncareful: 10 of 10 runs did not complete: 10 stalled\n"), "{out}");
    assert!(read(place.path(), "check.md").contains("10 of 10 runs did not complete"));
    let (_, found) = json(place.path(), never);
    assert_eq!(found["outcomes"]["careful"], serde_json::json!({ "stalled": 10 }));
}

#[test]
fn threads_change_no_byte() {
    let policy = "[[policy.require]]\nmetric = \"duration_s\"\nmax = \"2m\"\nstatistic = \"p90\"\n";
    let place = place(&format!("{CAPACITY}{policy}"));
    are_same_on_any_threads(place.path());
}

/// A check of `small.toml` breaks, and all that it says is the same on any number of threads.
pub(crate) fn are_same_on_any_threads(folder: &Path) {
    let run = |threads: u32| {
        let typed = "small.toml --fix --markdown check.md --junit check.xml --json --threads";
        let (code, out, _) = check(folder, &format!("{typed} {threads}"));
        (code, out, read(folder, "check.md"), read(folder, "check.xml"))
    };
    let one = run(1);
    assert_eq!(one.0, Some(1));
    assert_eq!(one, run(8));
}

#[test]
fn shards_decide_what_the_whole_decides() {
    are_same_in_shards(place(CAPACITY).path());
}

/// A check of `small.toml` breaks, and in shards, stage by stage, it comes to what the whole says.
pub(crate) fn are_same_in_shards(folder: &Path) {
    let whole = check(folder, "small.toml --fix");
    assert_eq!(whole.0, Some(1));
    assert_eq!(in_shards(folder, "small.toml --fix"), (whole.0, whole.1));
}

/// Exit code and stdout of the merge of what two shards do stage by stage.
fn in_shards(folder: &Path, typed: &str) -> (Option<i32>, String) {
    let mut resume = String::new();
    for stage in 0..20 {
        for shard in 1..=2 {
            let typed = format!("{typed} --shard {shard}/2 --out s/{stage}/{shard}{resume}");
            assert_eq!(check(folder, &typed).0, Some(0));
        }
        let merged = format!("s/{stage}/merged");
        let typed = format!("merge s/{stage}/1 s/{stage}/2 --out {merged}");
        let output = type_in(folder, &typed);
        if output.status.code() != Some(3) {
            return (output.status.code(), text(&output.stdout));
        }
        resume = format!(" --resume={merged}");
    }
    panic!("it never came to an end");
}

/// Tags are balanced, attributes are quoted and nothing is unescaped: what any XML parser asks for.
pub(crate) fn parse_xml(xml: &str) -> Vec<(String, Vec<(String, String)>)> {
    let body = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a head");
    let (mut open, mut all) = (Vec::new(), Vec::new());
    let mut rest = body;
    while let Some(start) = rest.find('<') {
        assert!(rest[..start].trim().is_empty(), "text outside of tags: {}", &rest[..start]);
        let end = start + rest[start..].find('>').expect("every tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut more) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        while let Some((key, after)) = more.trim_start().split_once("=\"") {
            let (value, after) = after.split_once('"').expect("a quoted value");
            for (at, _) in value.match_indices('&') {
                let entities = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"];
                assert!(entities.iter().any(|entity| value[at..].starts_with(entity)), "{value}");
            }
            attributes.push((key.to_owned(), value.to_owned()));
            more = after;
        }
        assert!(more.trim().is_empty(), "{more}");
        all.push((name.to_owned(), attributes));
        if !is_empty {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
    all
}

#[test]
fn junit_files_are_xml() {
    let place =
        place(&format!("{CAPACITY}[[policy.require]]\nmetric = \"rollback_s\"\nmax = \"5m\"\n"));
    let (code, ..) = check(place.path(), "small.toml --junit check.xml");
    assert_eq!(code, Some(1));
    let tags = parse_xml(&read(place.path(), "check.xml"));
    let count = |name: &str| tags.iter().filter(|(tag, _)| tag == name).count();
    let found = ["testsuites", "testsuite", "testcase", "failure", "error"].map(count);
    assert_eq!(found, [1, 2, 4, 1, 2]);
    let numbers: Vec<&str> = tags[0].1.iter().skip(1).map(|(_, value)| value.as_str()).collect();
    assert_eq!(numbers, ["4", "1", "2", "0"]);
    let case = tags.iter().find(|(tag, _)| tag == "testcase").expect("a test");
    let places: Vec<_> = case.1.iter().skip(2).cloned().collect();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(places, [pair("file", "small.toml"), pair("line", "29")]);
}

#[test]
fn the_change_that_is_told_holds() {
    let place = place(CAPACITY);
    let (code, ..) = check(place.path(), "small.toml --strategy hasty --markdown check.md");
    assert_eq!(code, Some(1));
    let told = read(place.path(), "check.md");
    let set = told.split("`--set ").nth(1).and_then(|rest| rest.split('`').next());
    let set = set.unwrap_or_else(|| panic!("no change is told: {told}"));
    // Three of four instances are 75%, two are half.
    assert_eq!(set, "strategies.hasty.max_unavailable=1");
    let (code, out, _) = check(place.path(), &format!("small.toml --strategy hasty --set {set}"));
    assert_eq!(code, Some(0), "{out}");
}

#[test]
fn where_nothing_helps_that_is_told() {
    let place = place("[[policy.require]]\nmetric = \"duration_s\"\nmax = \"100ms\"\n");
    let (code, ..) = check(place.path(), "small.toml --strategy hasty --markdown check.md");
    assert_eq!(code, Some(1));
    let told = read(place.path(), "check.md");
    assert!(told.contains("changes to hasty that were tried makes it hold"), "{told}");
}

#[test]
fn lines_are_marked_where_github_runs_it() {
    let place = place(CAPACITY);
    let mut command = typed(place.path(), "check small.toml --strategy hasty");
    let output = command.env("GITHUB_ACTIONS", "true").output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.starts_with(
            "::error file=small.toml,line=29,title=hasty%3A broken::capacity_min, mean: required \
             >= 70%25, measured 50%25"
        ),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1);
}

#[test]
fn a_baseline_is_compared_run_for_run() {
    let place = place(CAPACITY);
    let folder = place.path();
    let run = type_in(folder, "run small.toml --replications 20 --out base --quiet");
    assert_eq!(run.status.code(), Some(0));
    let summary = "small.toml --strategy careful --baseline base/summary.json";
    let (code, found) = json(folder, summary);
    assert_eq!((code, &found["against"]), (Some(0), &"the baseline, run for run".into()));
    assert_eq!(found["findings"].as_array().map(Vec::len), Some(2));
    // Twice as many missing: no limit is broken, but it is worse than it was.
    let worse = format!(
        "{summary} --set strategies.careful.max_unavailable=1 --set strategies.careful.max_surge=0"
    );
    let (code, found) = json(folder, &worse);
    assert_eq!(code, Some(1));
    let verdicts: Vec<_> = (0..2).map(|number| &found["findings"][number]["verdict"]).collect();
    assert_eq!(verdicts, ["holds", "broken"]);
    // Without the runs, or with others, only estimates are left.
    write(folder, "base/runs.csv", "variant,replication,outcome\n");
    let (code, found) = json(folder, &worse);
    assert_eq!(code, Some(1));
    let against = found["against"].as_str().expect("text");
    assert!(against.starts_with("the baseline's estimates"), "{against}");
}

#[test]
fn a_baseline_of_another_scenario_is_refused() {
    let place = place(CAPACITY);
    let folder = place.path();
    type_in(folder, "run small.toml --replications 2 --out base --quiet");
    let refused = |typed: &str, expected: &str| {
        let (code, out, err) = check(folder, &format!("small.toml --baseline {typed}"));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{typed}: {err}");
        assert!(err.contains(expected), "{typed}: {err}");
    };
    refused("base/summary.json --set traffic.rate=21", "another scenario: `traffic` differs");
    refused("base/summary.json --seed 2", "another scenario: `seed` differs");
    refused(
        "base/summary.json --set fleet.instances=5 --set slo.availability=0.9",
        "another scenario: `fleet`, `slo` differ\n",
    );
    let summary = read(folder, "base/summary.json");
    let change = |from: &str, to: &str| {
        let start = summary.find(from).expect("it is there");
        let end = start + summary[start..].find(to).expect("it is there") + to.len();
        format!("{}{}", &summary[..start], &summary[end..])
    };
    write(folder, "unknown.json", &change("  \"world\"", "},\n"));
    refused("unknown.json", "it does not say which scenario it is of");
    write(folder, "old.json", &summary.replacen("\"rollsim\": \"", "\"rollsim\": \"0.0.", 1));
    refused("old.json", "it was made by rollsim 0.0.");
    let renamed = summary.replace("\"careful\"", "\"c\"").replace("\"hasty\"", "\"h\"");
    write(folder, "none.json", &renamed);
    refused("none.json", "it has none of the variants that are checked");
    write(folder, "one.json", &summary.replace("\"hasty\"", "\"h\""));
    let (code, _, err) = check(folder, "small.toml --baseline one.json");
    assert_eq!(code, Some(1));
    assert!(err.contains("`one.json` has no `hasty`, which is compared with nothing"), "{err}");
}

fn shipped(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/ci").join(name);
    path.display().to_string()
}

/// The example of a pipeline: one change may be merged and the other may not.
#[test]
fn a_good_change_passes_and_a_bad_one_does_not() {
    let place = tempfile::tempdir().expect("a folder");
    let [scenario, old, good, bad] =
        ["checkout.toml", "deployment.yaml", "faster.yaml", "hasty.yaml"].map(shipped);
    let compare = |new: &str| {
        let typed = format!("{scenario} --old {old} --new {new} --markdown check.md");
        let (code, out, _) = check(place.path(), &typed);
        (code, out, read(place.path(), "check.md"))
    };
    let (code, out, told) = compare(&good);
    assert_eq!(code, Some(0), "{out}");
    assert!(told.starts_with("### rollout policy: holds\n"), "{told}");
    let (code, out, told) = compare(&bad);
    assert_eq!(code, Some(1), "{out}");
    assert!(told.contains("**checkout would hold with `strategies.checkout."), "{told}");
    let set = told.split("`--set ").nth(1).and_then(|rest| rest.split('`').next());
    let set = set.expect("a change");
    let typed = format!("{scenario} --old {old} --new {bad} --set {set}");
    assert_eq!(check(place.path(), &typed).0, Some(0), "{set}");
}

#[test]
fn what_is_wrong_with_both_manifests_is_told() {
    let place = tempfile::tempdir().expect("a folder");
    write(place.path(), "bad.yaml", "kind: Deployment\n");
    let typed = format!("{} --old missing.yaml --new bad.yaml", shipped("checkout.toml"));
    let (code, out, err) = check(place.path(), &typed);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("missing.yaml") && err.contains("bad.yaml"), "{err}");
    assert!(err.contains("--old missing.yaml"), "{err}");
}

/// The script of a step of the composite action.
fn script_of(step: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml");
    let action = fs::read_to_string(path).expect("the action");
    let step = action.split(&format!("- name: {step}\n")).nth(1).expect("the step");
    let script = step.split("run: |\n").nth(1).expect("its script");
    let indent = "        ";
    let lines = script.lines().take_while(|line| line.starts_with(indent));
    lines.map(|line| format!("{}\n", &line[indent.len()..])).collect()
}

/// What the action does after it has installed the program.
#[cfg(unix)]
#[test]
fn the_action_checks_and_writes_the_summary() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_rollsim"));
    let path = format!(
        "{}:{}",
        binary.parent().expect("a folder").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    for (new, code, headline) in [("faster.yaml", 0, "holds"), ("hasty.yaml", 1, "broken")] {
        write(folder, "summary.md", "");
        let output = Command::new("bash")
            .args(["-e", "-o", "pipefail", "-c", &script_of("Check the policy")])
            .current_dir(folder)
            .envs([("PATH", path.as_str()), ("STRATEGY", "checkout"), ("UNDECIDED", "fail")])
            .envs([("SCENARIO", shipped("checkout.toml")), ("OLD", shipped("deployment.yaml"))])
            .envs([("NEW", shipped(new)), ("ARGUMENTS", "--threads 2 --json".to_owned())])
            .envs([("RUNNER_TEMP", folder), ("GITHUB_OUTPUT", &folder.join("output"))])
            .env("GITHUB_STEP_SUMMARY", folder.join("summary.md"))
            .output()
            .expect("bash starts");
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        let summary = read(folder, "summary.md");
        assert!(summary.starts_with(&format!("### rollout policy: {headline}\n")), "{summary}");
        assert!(read(folder, "output").contains("junit="));
        parse_xml(&read(folder, "rollsim-check.xml"));
    }
}
