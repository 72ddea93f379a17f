//! Every rule is broken by its wrong example and kept by its right one.

use std::fs;
use std::path::Path;

use super::{CATALOG, codes, completed, overrides};
use crate::scenario::load::Catalog;
use crate::scenario::load::{self, Loaded};
use crate::scenario::{Report, Rule, explain, rules};

/// The kinds that there are: an example may need any of them.
const REAL: Catalog<'static> = Catalog { kinds: crate::strategy::KINDS, ..CATALOG };

/// Writes the files of an example into the folder and loads it.
fn load(folder: &Path, example: &str) -> Result<Loaded, Report> {
    let mut parts = example.split("--- ");
    let first = parts.next().unwrap_or_default();
    for part in parts {
        let (name, text) = part.split_once(" ---\n").expect("a name and a text");
        fs::write(folder.join(name), text).expect("a file");
    }
    let words: Vec<&str> = first.split_whitespace().collect();
    if let ["rollsim", "run", file, options @ ..] = words.as_slice() {
        let after = |option: &str| -> Vec<&str> {
            options.chunks(2).filter(|pair| pair[0] == option).map(|pair| pair[1]).collect()
        };
        fs::write(folder.join("scenario.toml"), completed("")).expect("a file");
        fs::write(folder.join("latin-1.toml"), b"name = \"caf\xe9\"").expect("a file");
        let large = fs::File::create(folder.join("9-mebibytes.toml")).expect("a file");
        large.set_len(9 << 20).expect("a hole of 9 MiB");
        let changes = overrides(&after("--set"), &after("--sweep"));
        return load::load(&folder.join(file), &changes, REAL, None);
    }
    fs::write(folder.join("scenario.toml"), completed(first)).expect("a file");
    load::load(&folder.join("scenario.toml"), &overrides(&[], &[]), REAL, None)
}

#[test]
fn examples_are_right_and_wrong() {
    for rule in rules() {
        let folder = tempfile::tempdir().expect("a folder");
        let wrong = codes(&load(folder.path(), rule.wrong));
        let is_only_that = !wrong.is_empty() && wrong.iter().all(|code| *code == rule.code);
        assert!(is_only_that, "{}: {wrong:?}", rule.code);
        let right = load(folder.path(), rule.right);
        assert!(right.is_ok() && codes(&right).is_empty(), "{}: {:?}", rule.code, codes(&right));
    }
}

#[test]
fn codes_are_in_order_and_texts_are_whole() {
    assert!(rules().is_sorted_by(|one, next| one.code < next.code));
    for rule in rules() {
        assert!(rule.code.len() == 4 && rule.code.starts_with('R'), "{}", rule.code);
        assert!(!rule.title.ends_with('.') && rule.explanation.ends_with('.'), "{}", rule.code);
        let longest = rule.explanation.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(100), "{}: {longest:?}", rule.code);
    }
}

#[test]
fn a_rule_is_found_by_its_code() {
    assert_eq!(explain("r012").map(|rule| rule.code), Some("R012"));
    assert_eq!(explain("R999"), None);
}

#[test]
fn an_explanation() {
    let rule: &Rule = explain("R029").expect("a rule");
    snapbox::assert_data_eq!(
        rule.to_string(),
        snapbox::str![[r#"
R029: the deadline must be longer than `min_ready`

An instance counts as available after being ready for `readiness.min_ready`; a rollout has failed if
nothing progresses for `readiness.deadline`. If the second is not longer, every rollout fails.
Kubernetes refuses such a Deployment for the same reason.

Wrong:

    [readiness]
    min_ready = "10m"
    deadline = "5m"

Right:

    [readiness]
    min_ready = "10m"
    deadline = "20m"

"#]]
    );
}
