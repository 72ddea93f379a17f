//! A policy is asked of releases of all sorts together: `rollsim check` with `release_mix`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::binary::{text, type_in, typed};
use crate::check::{are_same_in_shards, are_same_on_any_threads, check, json, read, write};

/// One release of twenty never gets ready: a step of it fails. `careful` surges and rolls back,
/// `hasty` takes half of the fleet away first and is stuck.
const SCENARIO: &str = r#"
[fleet]
instances = 4

[startup]
boot = { dist = "lognormal", median = "8s", p95 = "20s" }

[readiness]
deadline = "1m"

[release]
never_ready = 1.0

[traffic]
rate = 0

[simulation]
warmup = "0s"
settle = "5s"

[strategies.careful]
kind = "rolling"
max_unavailable = 0
max_surge = 1
on_failure = "rollback"

[strategies.hasty]
kind = "rolling"
max_unavailable = 2
max_surge = 0
"#;

const MIX: &str = "release_mix = { good = 0.95, bad = 0.05 }\n";

/// But for so many rollouts no step may fail.
fn steps(share: &str) -> String {
    format!("\n[[policy.require]]\nmetric = \"failed_steps\"\nmax = 0\nbreaches = \"{share}\"\n")
}

const CAPACITY: &str = "\n[[policy.require]]\nmetric = \"capacity_min\"\nmin = \"70%\"\n";

fn place(mix: &str, policy: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    write(place.path(), "small.toml", &format!("{mix}{SCENARIO}{policy}"));
    place
}

fn verdicts(found: &Value) -> Vec<String> {
    let findings = found["findings"].as_array().expect("findings").iter();
    let line = |one: &Value| {
        let word = |key: &str| one[key].as_str().expect("a word").to_owned();
        format!("{} {} {}", word("variant"), word("kind"), word("verdict"))
    };
    findings.map(line).collect()
}

#[test]
fn a_rare_bad_release_counts_with_its_share() {
    let small = "small.toml --strategy careful --max-replications 800";
    let holds = place(MIX, &steps("6%"));
    let (code, out, err) = check(holds.path(), small);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("by careful release=bad alone (5% of releases, 100%)\n"), "{out}");
    snapbox::assert_data_eq!(
        out,
        snapbox::str![[r#"
small: 1 holds
1280 runs, seed 1; with 95% confidence every verdict is right

strategy  requirement        limit               measured  bounds          runs  verdict
careful   failed_steps <= 0  but for 6% of runs        5%  4.95% .. 5.93%   640  holds

careful: failed_steps <= 0 but for 6% of runs would be broken by [..]

careful release=bad: 640 of 640 runs did not complete: 640 rolled-back

"#]]
    );
    // Few runs tell what is broken, though it would take hundreds to meet a bad release by chance.
    let broken = place(MIX, &steps("4%"));
    let (code, found) = json(broken.path(), small);
    assert_eq!(code, Some(1));
    let finding = &found["findings"][0];
    assert_eq!((&finding["variant"], &finding["measured"]), (&"careful".into(), &0.05.into()));
    assert!(finding["runs"].as_u64().is_some_and(|runs| runs <= 100), "{finding}");
    // Too few runs cannot tell.
    let (code, out, _) =
        check(holds.path(), "small.toml --strategy careful --max-replications 150");
    assert_eq!(code, Some(3), "{out}");
}

/// With nothing but bad releases, the mixture is the bad release.
#[test]
fn a_mixture_of_one_sort_is_that_sort() {
    let policy = format!(
        "{CAPACITY}{}{}{}",
        steps("6%"),
        "[[policy.require]]\nmetric = \"surge_instance_s\"\nmax = 70\nstatistic = \"p90\"\n",
        "[[policy.require]]\nmetric = \"rolled_back\"\nmax = 0.1\n"
    );
    let found = |mix: &str| {
        let place = place(mix, &policy);
        let (code, found) = json(place.path(), "small.toml");
        (code, found["findings"].clone(), found["runs"].clone())
    };
    let whole = found("release_mix = { bad = 1.0 }\n");
    assert_eq!(whole, found("\n"));
    assert_eq!(whole.1.as_array().map(Vec::len), Some(8));
}

#[test]
fn every_output_names_the_mixture() {
    let place = place(MIX, CAPACITY);
    let line = "check small.toml --junit check.xml --markdown check.md --json";
    let mut command = typed(place.path(), line);
    let output = command.env("GITHUB_ACTIONS", "true").output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let expected = ["careful requirement holds", "hasty requirement broken"];
    assert_eq!(verdicts(&found), expected);
    let shares = serde_json::json!({ "careful release=good": 0.95, "careful release=bad": 0.05 });
    assert_eq!(found["mixtures"]["careful"], shares);
    assert!(found["outcomes"]["careful release=bad"].is_object());
    let said = text(&output.stderr);
    assert!(said.starts_with("::error file=small.toml,line=34,title=hasty%3A broken::"), "{said}");
    assert_eq!(said.lines().count(), 1);
    let junit = read(place.path(), "check.xml");
    for name in ["<testsuite name=\"small: careful\"", "<testsuite name=\"small: hasty\""] {
        assert!(junit.contains(name), "{junit}");
    }
    assert!(!junit.contains("release="), "{junit}");
    let told = read(place.path(), "check.md");
    assert!(told.contains("| **broken** | hasty | capacity\\_min, mean |"), "{told}");
    // A change that is told holds for all sorts together.
    let fix = "**hasty would hold with `strategies.hasty.max_unavailable = 1`**";
    assert!(told.contains(fix), "{told}");
    let (code, out, _) = check(place.path(), "small.toml --set strategies.hasty.max_unavailable=1");
    assert_eq!(code, Some(0), "{out}");
}

#[test]
fn a_baseline_is_compared_as_a_whole() {
    let surge = "[[policy.require]]\nmetric = \"surge_instance_s\"\nmax = 1000\n";
    let place = place(MIX, &format!("{CAPACITY}{surge}"));
    let folder = place.path();
    let run = type_in(folder, "run small.toml --replications 40 --out base --quiet");
    assert_eq!(run.status.code(), Some(0));
    let same = "small.toml --strategy careful --baseline base/summary.json";
    // Half of what may be missing more is missing: no limit is broken, but it is worse than it was.
    let worse = format!(
        "{same} --set strategies.careful.max_surge=0 --set strategies.careful.max_unavailable=1"
    );
    let expected = |capacity: &str| -> Vec<String> {
        let kinds = ["requirement", "requirement", "regression", "regression"];
        let words = ["holds", "holds", capacity, "holds"];
        kinds.iter().zip(words).map(|(kind, word)| format!("careful {kind} {word}")).collect()
    };
    let compared = |typed: &str| {
        let (code, found) = json(folder, typed);
        let against = found["against"].as_str().expect("text").to_owned();
        (code, verdicts(&found), against, found["findings"][3].clone())
    };
    let is_told = |against: &str| {
        let (code, found, said, _) = compared(same);
        assert_eq!((code, found), (Some(0), expected("holds")));
        assert!(said.starts_with(against), "{said}");
        let (code, found, ..) = compared(&worse);
        assert_eq!((code, found), (Some(1), expected("broken")));
    };
    is_told("the baseline, run for run");
    // Estimates of the mixture take the place of runs.
    fs::remove_file(folder.join("base/runs.csv")).expect("it was there");
    is_told("the baseline's estimates");
    let (.., finding) = compared(same);
    let summary: Value = serde_json::from_str(&read(folder, "base/summary.json")).expect("JSON");
    let mixture = &summary["mixtures"][0];
    assert_eq!(mixture["name"], "careful");
    let stored = mixture["metrics"]["surge_instance_s"]["mean"].as_f64().expect("a number");
    assert_eq!(finding["old"].as_f64(), Some(stored));
}

/// What cannot be compared is no pass.
#[test]
fn a_baseline_that_does_not_know_the_mixture_is_refused() {
    let place = place(MIX, "[[policy.require]]\nmetric = \"rollback_s\"\nmax = \"5m\"\n");
    let folder = place.path();
    type_in(folder, "run small.toml --replications 10 --out base --quiet");
    let check = |rest: &str| {
        check(folder, &format!("small.toml --strategy careful --baseline base/summary.json{rest}"))
    };
    // Good releases are not rolled back: what is compared is the bad ones, run for run.
    let (code, out, err) = check("");
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let (code, out, err) = check(" --set release_mix.good=0.9 --set release_mix.bad=0.1");
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("another scenario: `release_mix` differs"), "{err}");
    fs::remove_file(folder.join("base/runs.csv")).expect("it was there");
    let (code, out, err) = check("");
    assert_eq!((code, out.as_str()), (Some(2), ""));
    let expected = "cannot be the baseline of `careful`: of releases of all sorts together it does \
                    not have `rollback_s`";
    assert!(err.contains(expected), "{err}");
}

/// Two versions of a manifest with releases of several sorts, on the same random numbers.
#[test]
fn manifests_are_compared_as_a_whole() {
    let place = tempfile::tempdir().expect("a folder");
    let ci = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/ci");
    let file = |name: &str| ci.join(name).display().to_string();
    let (code, found) = json(
        place.path(),
        &format!(
            "{} --old {} --new {} --set traffic.rate=10 --set release.error_rate=0.5 \
             --set release_mix={{good=0.95,bad=0.05}}",
            file("checkout.toml"),
            file("deployment.yaml"),
            file("hasty.yaml"),
        ),
    );
    assert_eq!(code, Some(1));
    let found = verdicts(&found);
    for broken in ["checkout requirement broken", "checkout regression broken"] {
        assert!(found.iter().any(|one| one == broken), "{found:?}");
    }
}

#[test]
fn threads_change_no_byte_of_a_mixture() {
    let place = place(MIX, &format!("{CAPACITY}{}", steps("4%")));
    are_same_on_any_threads(place.path());
}

#[test]
fn shards_decide_of_a_mixture_what_the_whole_decides() {
    are_same_in_shards(place(MIX, &format!("{CAPACITY}{}", steps("4%"))).path());
}
