//! The rules of the house that no compiler checks. Each finding says where and what to do.

use std::path::Path;

use crate::source::{self, Source, identifier, line_of, words};

/// The rooms, lowest first; a room may use those of the rows above its own.
const LAYERS: [&[&str]; 13] = [
    &["units", "stats"],
    &["random", "engine"],
    &["fleet", "traffic"],
    &["fault"],
    &["gate"],
    &["strategy"],
    &["sim"],
    &["measure"],
    &["manifest"],
    &["scenario"],
    &["experiment"],
    &["report"],
    &["cli"],
];

/// Rooms whose files each describe one kind and list it in the folder's catalog.
const CATALOGS: [&str; 3] = ["fault", "gate", "strategy"];
/// Headings of the documentation of a kind, in this order.
const HEADINGS: [&str; 4] = ["What it does", "When it hurts", "Parameters", "Worked example"];

const LONGEST_FUNCTION: usize = 70;
const LONGEST_FILE: usize = 500;
const LONGEST_LINE: usize = 100;
const LONGEST_README: usize = 200;

/// What a project that others use has at its top.
const EXPECTED: [&str; 6] =
    ["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// Something that code may not say, but in some places.
struct Ban {
    word: &'static str,
    /// Path prefixes where it may stand.
    allowed: &'static [&'static str],
    remedy: &'static str,
}

const READERS: &[&str] =
    &["src/manifest/", "src/scenario/", "src/experiment/", "src/report/", "src/cli/"];
const SPEAKERS: &[&str] = &["src/cli/", "src/main.rs"];

const BANS: [Ban; 13] = [
    ban(".unwrap()", &[], "say why it cannot fail with `expect`, or return the error"),
    ban("Instant", &[], "nothing may depend on the wall clock; take the simulation's time"),
    ban("SystemTime", &[], "nothing may depend on the wall clock; take the simulation's time"),
    ban("Timestamp::now", &[], "nothing may depend on the wall clock"),
    ban("Zoned::now", &[], "nothing may depend on the wall clock"),
    ban("fs", READERS, "read files from `scenario` upwards and pass values down"),
    ban("File", READERS, "read files from `scenario` upwards and pass values down"),
    ban("println!", SPEAKERS, "return the text; only `cli` prints"),
    ban("print!", SPEAKERS, "return the text; only `cli` prints"),
    ban("eprintln!", SPEAKERS, "return the text; only `cli` prints"),
    ban("process::exit", SPEAKERS, "return an error; only `cli` exits"),
    ban("rayon", &["src/experiment/"], "run threads in `experiment`, whole runs at a time"),
    ban("thread", &["src/experiment/"], "run threads in `experiment`, whole runs at a time"),
];

const fn ban(word: &'static str, allowed: &'static [&'static str], remedy: &'static str) -> Ban {
    Ban { word, allowed, remedy }
}

/// Fails with every finding of `rule` in the project.
fn check(rule: impl Fn(&Source) -> Vec<String>) {
    let findings: Vec<String> = source::all().iter().flat_map(rule).collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// A rule holds for `good` and not for `bad`, each a path and a text.
fn tells_apart(rule: impl Fn(&Source) -> Vec<String>, good: (&str, &str), bad: (&str, &str)) {
    assert_eq!(rule(&Source::new(good.0, good.1)), Vec::<String>::new());
    assert_eq!(rule(&Source::new(bad.0, bad.1)).len(), 1, "{bad:?}");
}

fn is_rust(source: &Source) -> bool {
    source.path.ends_with(".rs")
}

/// The row of a room in [`LAYERS`].
fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

/// Names of the crate's root that `source` uses outside its tests, with their places.
fn uses_of_the_root(source: &Source) -> Vec<(usize, &str)> {
    let code = source.code_without_tests();
    let mut found = Vec::new();
    for at in words(code, "crate::") {
        names_after(code, at + "crate::".len(), &mut found);
    }
    for at in words(code, "super::").filter(|&at| !code[..at].ends_with("super::")) {
        let steps = code[at..].split("super::").take_while(|part| part.is_empty()).count();
        if steps >= source.depth() {
            names_after(code, at + steps * "super::".len(), &mut found);
        }
    }
    found
}

/// The identifier at `at`, or the first one of every path in the braces there.
fn names_after<'a>(code: &'a str, at: usize, found: &mut Vec<(usize, &'a str)>) {
    if !code[at..].starts_with('{') {
        found.push((at, identifier(&code[at..])));
        return;
    }
    let mut depth = 0;
    for (offset, c) in code[at..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return;
        }
        if depth == 1 && (c == '{' || c == ',') {
            let rest = &code[at + offset + 1..];
            let start = code.len() - rest.trim_start().len();
            found.push((start, identifier(&code[start..])));
        }
    }
}

fn imports_point_down(source: &Source) -> Vec<String> {
    let Some(room) = source.room().filter(|_| !source.is_test()) else { return Vec::new() };
    let path = &source.path;
    let Some(own) = layer(room) else {
        return vec![format!("{path}:1: no layer for `{room}`; give it a row in tests/it/tidy.rs")];
    };
    let finding = |(at, name): (usize, &str)| {
        let is_wrong = name != room && layer(name).is_some_and(|other| other >= own);
        let line = line_of(&source.code, at);
        is_wrong.then(|| {
            format!(
                "{path}:{line}: `{room}` uses `{name}`, which is not below it; pass a value in, \
                 or move what is shared down"
            )
        })
    };
    uses_of_the_root(source).into_iter().filter_map(finding).collect()
}

#[test]
fn rooms_use_only_rooms_below_them() {
    check(imports_point_down);
    let rule = imports_point_down;
    tells_apart(
        rule,
        ("src/sim/a.rs", "use crate::units::A;"),
        ("src/fleet/a.rs", "use crate::sim::A;"),
    );
    tells_apart(
        rule,
        ("src/sim/a.rs", "use crate::{fleet::{A, B}, units::C};"),
        ("src/sim/a.rs", "use crate::{\n units::C, report::{A, B}};"),
    );
    tells_apart(
        rule,
        ("src/sim/a.rs", "use super::report::A;"),
        ("src/sim/a.rs", "use super::super::report::A;"),
    );
    tells_apart(rule, ("src/fleet/a.rs", "// crate::sim"), ("src/fleet/a.rs", "crate::traffic::f"));
    tells_apart(rule, ("src/sim/a.rs", ""), ("src/helpers/a.rs", ""));
}

fn functions_are_short(source: &Source) -> Vec<String> {
    let path = &source.path;
    let long = source.functions().into_iter().filter(|found| found.length > LONGEST_FUNCTION);
    long.map(|found| {
        format!(
            "{path}:{}: `{}` has {} lines of code; split it below {LONGEST_FUNCTION}",
            found.line, found.name, found.length
        )
    })
    .collect()
}

fn files_are_short(source: &Source) -> Vec<String> {
    let (path, code) = (&source.path, source.code_without_tests());
    let count = code.lines().count();
    let is_long = is_rust(source) && !source.is_test() && count > LONGEST_FILE;
    let message = format!(
        "{path}:{LONGEST_FILE}: {count} lines without tests; split it by question, below \
         {LONGEST_FILE}"
    );
    is_long.then_some(message).into_iter().collect()
}

fn lines_are_short(source: &Source) -> Vec<String> {
    let is_long = |line: &str| is_rust(source) && line.chars().count() > LONGEST_LINE;
    let long = source.text.lines().enumerate().filter(|(_, line)| is_long(line));
    long.map(|(index, _)| {
        format!("{}:{}: break the line at {LONGEST_LINE} columns", source.path, index + 1)
    })
    .collect()
}

#[test]
fn sizes_stay_readable() {
    check(functions_are_short);
    check(files_are_short);
    check(lines_are_short);
    let function = |lines| format!("fn f() {{\n{}}}\n", "    x();\n".repeat(lines));
    let path = "src/sim/a.rs";
    tells_apart(functions_are_short, (path, &function(68)), (path, &function(69)));
    let file = |lines| "// a\n".repeat(lines) + "#[cfg(test)]\nmod tests {\n" + &"\n".repeat(999);
    tells_apart(files_are_short, (path, &file(500)), (path, &file(501)));
    tells_apart(lines_are_short, (path, &"é".repeat(100)), (path, &"é".repeat(101)));
}

fn begins_with_its_question(source: &Source) -> Vec<String> {
    let is_missing = is_rust(source) && !source.text.starts_with("//! ");
    let message = format!("{}:1: begin with `//!` and what the file answers", source.path);
    is_missing.then_some(message).into_iter().collect()
}

#[test]
fn every_file_says_what_it_answers() {
    check(begins_with_its_question);
    tells_apart(begins_with_its_question, ("src/a.rs", "//! A."), ("src/a.rs", "use b;"));
}

/// The name of a file as a module, and the file that has to declare it; none for a root.
fn declaration(source: &Source) -> Option<(&str, Vec<String>)> {
    let inside = source.path.strip_suffix("/mod.rs").or(source.path.strip_suffix(".rs"))?;
    let (folder, name) = inside.rsplit_once('/')?;
    let is_root = matches!(name, "lib" | "main") || folder == "benches";
    let parents = ["mod.rs", "lib.rs", "main.rs"].map(|file| format!("{folder}/{file}"));
    let parents = parents.into_iter().chain([format!("{folder}.rs")]).collect();
    (!is_root).then_some((name, parents))
}

#[test]
fn every_file_is_listed_by_its_folder() {
    let sources = source::all();
    let is_listed = |source: &Source| {
        let Some((name, parents)) = declaration(source) else { return true };
        let module = format!("mod {name}");
        let lists = |parent: &Source| words(&parent.code, &module).next().is_some();
        sources.iter().filter(|other| parents.contains(&other.path)).any(lists)
    };
    let lost: Vec<&str> =
        sources.iter().filter(|source| !is_listed(source)).map(|s| s.path.as_str()).collect();
    assert!(lost.is_empty(), "declare these as modules of their folder, or delete them: {lost:?}");
}

/// Whether the file describes one kind of a catalog.
fn is_kind(source: &Source) -> bool {
    let is_catalogued = source.room().is_some_and(|room| CATALOGS.contains(&room));
    let code = source.code_without_tests();
    is_catalogued && (code.contains("const KIND:") || code.contains("impl Parameters for "))
}

fn kinds_are_documented(source: &Source) -> Vec<String> {
    if !is_kind(source) {
        return Vec::new();
    }
    let lines = source.text.lines().map_while(|line| line.strip_prefix("//!"));
    let headings: Vec<&str> =
        lines.filter_map(|line| line.trim().strip_prefix("# ")).map(str::trim).collect();
    let message = format!(
        "{}:1: the headings are {headings:?}; document the kind under {HEADINGS:?}",
        source.path
    );
    (headings != HEADINGS).then_some(message).into_iter().collect()
}

#[test]
fn every_kind_is_documented_and_in_its_catalog() {
    check(kinds_are_documented);
    let head = "//! A.\n//!\n//! # What it does\n//! # When it hurts\n//! # Parameters\n";
    let good = format!("{head}//! # Worked example\n\nconst KIND: Kind = Kind {{}};");
    let bad = format!("{head}\nconst KIND: Kind = Kind {{}};");
    let path = "src/strategy/a.rs";
    tells_apart(kinds_are_documented, (path, &good), (path, &bad));

    let sources = source::all();
    let kinds: Vec<&Source> = sources.iter().filter(|source| is_kind(source)).collect();
    for kind in &kinds {
        let (name, parents) = declaration(kind).expect("a kind is in a folder");
        let catalog = sources.iter().find(|source| parents.contains(&source.path));
        let code = catalog.map_or("", |source| source.code_without_tests());
        assert!(
            words(code, &format!("{name}::KIND")).next().is_some(),
            "{}:1: not in KINDS; add `{name}::KIND` to the catalog in its folder's mod.rs",
            kind.path
        );
    }
}

fn says_nothing_banned(source: &Source) -> Vec<String> {
    let code = source.code_without_tests();
    if !source.path.starts_with("src/") || source.is_test() {
        return Vec::new();
    }
    let is_banned = |ban: &&Ban| !ban.allowed.iter().any(|place| source.path.starts_with(place));
    let findings = |ban: &Ban| {
        let finding =
            |at| format!("{}:{}: `{}`; {}", source.path, line_of(code, at), ban.word, ban.remedy);
        words(code, ban.word).map(finding).collect::<Vec<_>>()
    };
    BANS.iter().filter(is_banned).flat_map(findings).collect()
}

#[test]
fn rooms_keep_to_what_they_may_do() {
    check(says_nothing_banned);
    let rule = says_nothing_banned;
    for ban in &BANS {
        let allowed =
            ban.allowed.first().map_or("tests/it/a", |place| place.trim_end_matches(".rs"));
        let good = format!("{allowed}/a.rs");
        tells_apart(rule, (&good, ban.word), ("src/fleet/a.rs", ban.word));
    }
    let text = "f(); #[cfg(test)]\nmod tests { x.unwrap() }";
    tells_apart(rule, ("src/fleet/a.rs", text), ("src/fleet/a.rs", "x.unwrap()"));
}

fn is_finished(source: &Source) -> Vec<String> {
    // Taken apart here, so that this file does not find itself.
    let markers = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["HA", "CK"], ["(to be ", "written)"]];
    let markers = markers.map(|halves| halves.concat());
    let findings = |marker: &String| {
        let finding = |at| {
            format!("{}:{}: `{marker}`; do it or delete it", source.path, line_of(&source.text, at))
        };
        words(&source.text, marker).map(finding).collect::<Vec<_>>()
    };
    markers.iter().flat_map(findings).collect()
}

#[test]
fn nothing_is_left_to_do() {
    check(is_finished);
    let marker = ["TO", "DO"].concat();
    tells_apart(is_finished, ("a.md", "METHODOLOGY"), ("a.md", &format!("# A\n\n{marker}: b")));
}

fn has_one_title(source: &Source) -> Vec<String> {
    let mut is_fenced = false;
    let mut titles = 0;
    for line in source.text.lines() {
        is_fenced ^= line.trim_start().starts_with("```");
        titles += usize::from(!is_fenced && line.starts_with("# "));
    }
    let is_wrong = source.path.ends_with(".md") && titles != 1;
    let message = format!("{}:1: {titles} lines begin with `# `; keep one title", source.path);
    is_wrong.then_some(message).into_iter().collect()
}

#[test]
fn documents_have_one_title_and_the_readme_fits() {
    check(has_one_title);
    tells_apart(has_one_title, ("a.md", "# A\n```\n# b\n```\n"), ("a.md", "# A\n# B\n"));
    let readme = source::all().into_iter().find(|source| source.path == "README.md");
    let length = readme.map_or(0, |readme| readme.text.lines().count());
    assert!(length <= LONGEST_README, "README.md:{length}: keep it below {LONGEST_README} lines");
}

#[test]
fn what_others_look_for_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let missing: Vec<_> = EXPECTED.iter().filter(|name| !root.join(name).is_file()).collect();
    assert!(missing.is_empty(), "write {missing:?}");
}
