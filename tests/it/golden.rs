//! Same scenario and seed, same bytes: a pinned digest of every shipped scenario, and the README's
//! pictures. When a change must move one, `ROLLSIM_BLESS=1 cargo test golden` writes them anew, and
//! the commit says why.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::world::{results, shipped, write};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Every shipped scenario, by its path below `scenarios/`.
fn scenarios() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![shipped("")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the scenarios are shipped") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                let name = path.strip_prefix(shipped("")).expect("a path below the scenarios");
                found.push(name.to_str().expect("names are plain").replace('\\', "/"));
            }
        }
    }
    found.sort_unstable();
    found
}

fn must_bless() -> bool {
    std::env::var_os("ROLLSIM_BLESS").is_some()
}

#[test]
fn digests_of_the_shipped_scenarios() {
    let pinned = fs::read_to_string(data("tests/data/digests.txt")).unwrap_or_default();
    let pinned: BTreeMap<&str, &str> =
        pinned.lines().filter_map(|line| line.split_once(' ')).collect();
    let (mut all, mut moved) = (String::new(), String::new());
    for name in scenarios() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let target = folder.path().join("results");
        let digest = write(&results(&name, 2), &target).digest;
        let _ = writeln!(all, "{name} {digest}");
        if pinned.get(name.as_str()) != Some(&digest.as_str()) {
            let _ = writeln!(moved, "{name} is now {digest}");
        }
        if name == "api-gateway.toml" {
            check_gallery(&target);
        }
    }
    if must_bless() {
        fs::write(data("tests/data/digests.txt"), all).expect("the digests can be written");
    } else {
        assert!(moved.is_empty(), "{moved}");
    }
}

/// The README's pictures are those of the main run.
fn check_gallery(made: &Path) {
    let gallery = data("results/gallery");
    for name in ["capacity.svg", "error_budget.svg", "duration.svg"] {
        let fresh = fs::read(made.join(name)).expect("the run drew it");
        if must_bless() {
            fs::create_dir_all(&gallery).expect("the gallery can be made");
            fs::write(gallery.join(name), fresh).expect("the gallery can be written");
        } else {
            let kept = fs::read(gallery.join(name)).expect("the gallery is kept");
            assert!(fresh == kept, "{name} is no longer what the README shows");
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let name = "origin/ten-servers.toml";
    let files = |threads| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let target = folder.path().join("results");
        let written = write(&results(name, threads), &target);
        let read = |name: &&str| fs::read(target.join(name)).expect("it was written");
        written.names.iter().map(read).collect::<Vec<_>>()
    };
    let one = files(1);
    assert!(one == files(2) && one == files(8) && one == files(1));
}
