//! Large experiments: parts of one on several machines, and what is left of an interrupted one,
//! come to the very bytes of the whole.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::binary::{text, type_in, typed};

/// A sweep of four variants, quickly simulated.
const SCENARIO: &str = r#"
[fleet]
instances = 4

[startup]
boot = { dist = "lognormal", median = "8s", p95 = "20s" }

[traffic]
rate = 50

[strategies.careful]
kind = "rolling"
max_unavailable = 0

[strategies.recreate]
kind = "recreate"

[simulation]
replications = 3
settle = "5s"

[[sweep]]
path = "strategies.careful.max_surge"
values = [1, 2, 4]
"#;

/// A folder with the scenario, and the whole run of it in `whole`.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("small.toml"), SCENARIO).expect("written");
    must(place.path(), "run small.toml --out whole");
    place
}

/// Does what must succeed.
fn must(folder: &Path, typed: &str) -> Output {
    let output = type_in(folder, typed);
    assert!(output.status.success(), "{typed}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// What is said of what must be refused.
fn refused(folder: &Path, typed: &str) -> String {
    let output = type_in(folder, typed);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{typed}");
    text(&output.stderr)
}

fn are_same(place: &Path, one: &str, two: &str) {
    let names = |folder: &str| {
        let entries = fs::read_dir(place.join(folder)).expect("a folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(one), names(two));
    for name in names(one) {
        let bytes = |folder: &str| fs::read(place.join(folder).join(&name)).expect("a file");
        assert!(bytes(one) == bytes(two), "{} differs", name.display());
    }
}

#[test]
fn shards_come_to_the_bytes_of_the_whole() {
    let place = place();
    let place = place.path();
    // More shards than variants and even than runs, and in any order.
    for of in [1, 2, 5, 13] {
        let mut folders: Vec<String> = (1..=of).map(|index| format!("s{of}-{index}")).collect();
        for (folder, index) in folders.iter().zip(1..) {
            let threads = index % 3 + 1;
            let typed = format!("run small.toml --shard {index}/{of} --out {folder}");
            must(place, &format!("{typed} --threads {threads} --quiet"));
        }
        folders.reverse();
        must(place, &format!("merge {} --out merged --quiet", folders.join(" ")));
        are_same(place, "whole", "merged");
    }
    let printed = |typed: &str| must(place, typed).stdout;
    let merged = printed("merge s2-1 s2-2 --out merged --json");
    assert_eq!(merged, printed("run small.toml --out again --json"));
}

/// An array of a cluster is started again when one of its tasks has failed.
#[test]
fn a_shard_that_is_complete_is_not_simulated_again() {
    let place = place();
    let place = place.path();
    let line = "run small.toml --shard 2/3 --out shard --resume";
    assert!(text(&must(place, line).stderr).contains("this one begins afresh"));
    let cells = || fs::metadata(place.join("shard/cells.bin")).and_then(|file| file.modified());
    let before = cells().expect("a file");
    assert!(text(&must(place, line).stderr).contains("`shard` is complete already"));
    assert_eq!(cells().expect("a file"), before);
    let said = refused(place, &format!("{line} --set simulation.seed=2"));
    assert!(said.contains("the seed is 2 here and 1 there"), "{said}");
}

#[test]
fn shards_that_do_not_belong_together_are_refused() {
    let place = place();
    let place = place.path();
    for (typed, out) in [
        ("--shard 1/2", "a"),
        ("--shard 2/2", "b"),
        ("--shard 2/2 --seed 7", "seed"),
        ("--shard 2/2 --set traffic.rate=51", "rate"),
        ("--shard 2/3", "third"),
    ] {
        must(place, &format!("run small.toml {typed} --out {out} --quiet"));
    }
    for (folders, said) in [
        ("a", "shard 2/2 is missing"),
        ("third", "shards 1/3, 3/3 are missing"),
        ("a a b", "`a` and `a` are both shard 1/2"),
        ("a seed", "`a` and `seed` do not belong together: the seed is 1 here and 7 there"),
        ("a rate", "`a` and `rate` do not belong together: the scenario's content differs"),
        ("a third", "there are 2 parts here and 3 there"),
        ("a whole", "`whole` holds no `cells.json`: it is no shard"),
        ("a nothing", "`nothing` holds no `cells.json`"),
    ] {
        let error = refused(place, &format!("merge {folders} --out merged"));
        assert!(error.contains(said), "{folders}: {error}");
        assert!(!place.join("merged").exists(), "{folders}");
    }
    let cells = place.join("b/cells.bin");
    let whole = fs::read(&cells).expect("a file");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 4;
    for damaged in [&whole[..whole.len() - 1], &flipped] {
        fs::write(&cells, damaged).expect("written");
        let error = refused(place, "merge a b --out merged");
        assert!(error.contains("`b` is cut short or damaged"), "{error}");
    }
    for shard in ["0/2", "3/2", "x", "1/0"] {
        let error = refused(place, &format!("run small.toml --shard {shard}"));
        assert!(error.contains("a shard is `I/N`"), "{error}");
    }
}

/// What a shard did is what an interrupted run had done, but for the word for it.
fn interrupt(place: &Path, target: &str) {
    must(place, "run small.toml --shard 1/2 --out half --quiet");
    let unfinished = place.join(format!(".{target}.unfinished"));
    fs::create_dir(&unfinished).expect("a new folder");
    fs::copy(place.join("half/cells.bin"), unfinished.join("cells.bin")).expect("copied");
    let text = fs::read_to_string(place.join("half/cells.json")).expect("a file");
    let mut header: Value = serde_json::from_str(&text).expect("JSON");
    header["shard"] = Value::Null;
    fs::write(unfinished.join("cells.json"), header.to_string()).expect("written");
}

#[test]
fn an_interrupted_run_goes_on_to_the_same_bytes() {
    let place = place();
    let place = place.path();
    interrupt(place, "resumed");
    must(place, "run small.toml --out resumed --resume --quiet");
    are_same(place, "whole", "resumed");
    assert!(!place.join(".resumed.unfinished").exists());
}

#[test]
fn a_cut_end_is_noticed_and_another_experiment_refused() {
    let place = place();
    let place = place.path();
    interrupt(place, "resumed");
    let error = refused(place, "run small.toml --seed 5 --out resumed --resume");
    assert!(error.contains("another experiment: the seed is 5 here and 1 there"), "{error}");
    let cells = place.join(".resumed.unfinished/cells.bin");
    let whole = fs::read(&cells).expect("a file");
    fs::write(&cells, &whole[..whole.len() - 3]).expect("written");
    let output = must(place, "run small.toml --out resumed --resume --quiet");
    let said = text(&output.stderr);
    assert!(said.contains("is cut short; the runs in it are simulated again"), "{said}");
    are_same(place, "whole", "resumed");
    let output = must(place, "run small.toml --out resumed --resume --quiet");
    let said = text(&output.stderr);
    assert!(said.contains("there is no interrupted run to go on with"), "{said}");
}

/// A real one: stopped by a signal when some of its runs are done.
#[cfg(unix)]
#[test]
fn what_a_signal_stops_goes_on_to_the_same_bytes() {
    let place = place();
    let place = place.path();
    let line = "run small.toml --set traffic.rate=400 --replications 200 --quiet";
    let mut child =
        typed(place, &format!("{line} --out stopped")).spawn().expect("the binary starts");
    let cells = place.join(".stopped.unfinished/cells.bin");
    let is_begun = || fs::metadata(&cells).is_ok_and(|file| file.len() > 0);
    while !is_begun() && child.try_wait().expect("a child").is_none() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    // On a very quick machine it is done by now, and the rest holds all the same.
    let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    child.wait().expect("it ends");
    must(place, &format!("{line} --out stopped --resume"));
    must(place, &format!("{line} --out unstopped"));
    are_same(place, "stopped", "unstopped");
}

/// A scenario with something to search, to screen, to check and to advise on.
const DECIDE: &str = r#"
[fleet]
instances = 4

[startup]
boot = { dist = "lognormal", median = "8s", p95 = "20s" }

[instance]
slots = 2
service_time = { dist = "exponential", mean = "100ms" }

[traffic]
rate = 30

[strategies.rolling]
kind = "rolling"
max_unavailable = 1
max_surge = 1

[simulation]
warmup = "10s"
settle = "5s"

[[policy.require]]
metric = "duration_s"
max = "2m"
statistic = "p90"
"#;

/// Shards do stage after stage of `typed`, and each stage is merged; what the last merge prints.
fn stage_by_stage(place: &Path, typed: &str, out: &str) -> Vec<u8> {
    let mut resume = String::new();
    for stage in 1.. {
        assert!(stage < 10, "{typed} comes to no end");
        let shards: Vec<String> = (1..=2).map(|index| format!("{out}-{stage}-{index}")).collect();
        for (folder, index) in shards.iter().zip(1..) {
            must(place, &format!("{typed} --shard {index}/2 --out {folder}{resume}"));
        }
        let merged = type_in(place, &format!("merge {} --out {out}", shards.join(" ")));
        let is_stage = place.join(out).join("cells.json").exists();
        if !is_stage {
            assert!(merged.status.success(), "{}", String::from_utf8_lossy(&merged.stderr));
            return merged.stdout;
        }
        assert_eq!(merged.status.code(), Some(3), "{typed}");
        fs::rename(place.join(out), place.join(format!("{out}-{stage}"))).expect("moved");
        resume = format!(" --resume={out}-{stage}");
    }
    unreachable!("the stages are counted")
}

#[test]
fn what_decides_by_simulating_comes_to_the_same_in_shards() {
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path();
    fs::write(place.join("decide.toml"), DECIDE).expect("written");
    for (name, typed) in [
        ("tune", "tune decide.toml --vary strategies.rolling.max_surge=0..2 --minimize duration_s"),
        ("sensitivity", "sensitivity decide.toml --vary fleet.instances=4..8 --trajectories 3"),
    ] {
        must(place, &format!("{typed} --out {name}-whole --threads 1"));
        stage_by_stage(place, typed, &format!("{name}-merged"));
        are_same(place, &format!("{name}-whole"), &format!("{name}-merged"));
    }
    let checked = must(place, "check decide.toml --threads 2").stdout;
    assert_eq!(stage_by_stage(place, "check decide.toml", "checked"), checked);
}

#[test]
fn a_merged_stage_with_a_shard_missing_or_of_another_command_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let place = place.path();
    fs::write(place.join("decide.toml"), DECIDE).expect("written");
    let check = "check decide.toml";
    must(place, &format!("{check} --shard 1/2 --out a"));
    must(place, &format!("{check} --max-replications 300 --shard 2/2 --out b"));
    let error = refused(place, "merge a b --out merged");
    assert!(error.contains("do not belong together: the command is check decide.toml"), "{error}");
    let error = refused(place, "merge a --out merged");
    assert!(error.contains("shard 2/2 is missing"), "{error}");
    let error = refused(place, &format!("{check} --seed 9 --shard 1/2 --out c --resume=a"));
    assert!(error.contains("is of another experiment"), "{error}");
}
