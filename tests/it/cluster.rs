//! The recipes under `scenarios/cluster/` give the bytes of a run on one machine. The engines
//! themselves are not here: the scripts are run as they would run them.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Six variants of three runs.
const SCENARIO: &str = "\
name = \"sweep\"
[fleet]
instances = 6
[traffic]
rate = 30
[strategies.rolling]
kind = \"rolling\"
max_unavailable = 0
[simulation]
replications = 3
[[sweep]]
path = \"strategies.rolling.max_surge\"
values = [1, 2, 3]
[[sweep]]
path = \"startup.boot\"
values = [\"5s\", \"20s\"]
";

/// What takes the place of Slurm's own: it runs every task of an array at once, and what waits for
/// one right after it.
const SBATCH: &str = r#"#!/usr/bin/env bash
set -euo pipefail
echo "sbatch $*" >> sbatch.log
while (($#)); do
    case $1 in
    --parsable) shift ;;
    --array=1-*) tasks=${1##*-}; shift ;;
    --dependency=afterok:4711) shift ;;
    --wrap) exec sh -c "$2" ;;
    *) break ;;
    esac
done
for ((task = 1; task <= tasks; task++)); do
    SLURM_ARRAY_TASK_ID=$task SLURM_CPUS_PER_TASK=1 bash "$@" >&2
done
echo "4711;cluster"
"#;

/// A folder with the scenario, `rollsim` on the path before all else, and the whole run in
/// `whole`.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("sweep.toml"), SCENARIO).expect("written");
    let whole = ["run", "sweep.toml", "--quiet", "--out", "whole"];
    must(&mut command(place.path(), env!("CARGO_BIN_EXE_rollsim"), &whole));
    place
}

fn command(folder: &Path, program: &str, arguments: &[&str]) -> Command {
    let own = Path::new(env!("CARGO_BIN_EXE_rollsim")).parent().expect("a folder");
    let mut places = vec![folder.join("bin"), own.to_owned()];
    places.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments);
    command.env("PATH", std::env::join_paths(places).expect("paths without colons"));
    command
}

fn must(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {told}");
    told
}

fn recipe(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/cluster").join(name)
}

/// Names and contents of a folder's files, sorted.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let entry = entry.expect("an entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).expect("a file"))
        })
        .collect();
    files.sort();
    files
}

#[test]
fn a_slurm_array_gives_the_bytes_of_one_machine() {
    let place = place();
    let folder = place.path();
    fs::create_dir(folder.join("bin")).expect("made");
    let sbatch = folder.join("bin/sbatch");
    fs::write(&sbatch, SBATCH).expect("written");
    fs::set_permissions(&sbatch, fs::Permissions::from_mode(0o755)).expect("ours");
    let script = recipe("slurm.sh").display().to_string();
    // Eleven shards: in the order of their names, 10 comes before 2. A name may hold a space.
    must(&mut command(folder, "bash", &[&script, "sweep.toml", "on slurm", "11"]));
    assert!(contents(&folder.join("on slurm/whole")) == contents(&folder.join("whole")));
    let log = fs::read_to_string(folder.join("sbatch.log")).expect("it was called");
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].starts_with("sbatch --parsable --array=1-11 "), "{log}");
    assert!(lines[1].starts_with("sbatch --dependency=afterok:4711 --wrap rollsim merge"), "{log}");
    assert_eq!(lines.len(), 2, "{log}");
    // Options reach every shard.
    let more = [script.as_str(), "sweep.toml", "seeded", "2", "--seed", "9"];
    must(&mut command(folder, "bash", &more));
    let seeded = ["run", "sweep.toml", "--seed", "9", "--quiet", "--out", "nine"];
    must(&mut command(folder, "rollsim", &seeded));
    assert!(contents(&folder.join("seeded/whole")) == contents(&folder.join("nine")));
}

/// What the containers of a manifest run: the texts after `- |`.
fn scripts(manifest: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut indent = None;
    for line in manifest.lines() {
        let depth = line.len() - line.trim_start().len();
        if line.trim() == "- |" {
            indent = Some(depth);
            found.push(String::new());
        } else if indent.is_some_and(|indent| depth > indent) {
            if let Some(script) = found.last_mut() {
                script.push_str(line.trim_start());
                script.push('\n');
            }
        } else {
            indent = None;
        }
    }
    found
}

#[test]
fn an_indexed_job_gives_the_bytes_of_one_machine() {
    let place = place();
    let folder = place.path();
    let manifest = fs::read_to_string(recipe("kubernetes.yaml")).expect("the recipe");
    assert!(manifest.contains("completions: 8\n"), "as many as shards");
    assert!(manifest.contains("{ name: SHARDS, value: \"8\" }"), "as many as completions");
    let [shard, merge] = scripts(&manifest).try_into().expect("two containers");
    let container = |script: &str| {
        let mut container = command(folder, "/bin/sh", &["-ec", script]);
        container.env("SHARDS", "8").env("RESULTS", "results").env("SCENARIO", "sweep.toml");
        container
    };
    for index in 0..8 {
        must(container(&shard).env("JOB_COMPLETION_INDEX", index.to_string()));
    }
    // A pod that is started again although it was done does no harm.
    must(container(&shard).env("JOB_COMPLETION_INDEX", "3"));
    must(&mut container(&merge));
    assert!(contents(&folder.join("results/whole")) == contents(&folder.join("whole")));
}
