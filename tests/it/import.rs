//! `rollsim import` as its users meet it: what is printed runs, and what is wrong has a place.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use rollsim::manifest::{self, Manifest};
use rollsim::scenario::{Overrides, parse};

use crate::binary::{command, text};
use crate::world::shipped;

fn rollsim(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = command(folder, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // What reads nothing closes the pipe.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

/// A folder with these files.
fn place(files: &[(&str, &str)]) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(place.path().join(name), text).expect("written");
    }
    place
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: api
          image: shop:2
";

const BUDGET: &str = "apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: shop}
spec: {minAvailable: 2, selector: {matchLabels: {app: shop}}}
";

#[test]
fn what_is_printed_runs_as_it_is() {
    let place = place(&[("a.yaml", DEPLOYMENT), ("b.yaml", BUDGET)]);
    let printed = rollsim(place.path(), &["import", "a.yaml", "b.yaml"], "");
    assert!(printed.status.success(), "{}", text(&printed.stderr));
    let scenario = text(&printed.stdout);
    snapbox::assert_data_eq!(
        scenario.clone(),
        snapbox::str![[r#"
# The policy of a.yaml, b.yaml as a scenario that stands alone.
#
# Not as shipped:
# - its PodDisruptionBudget limits evictions, such as a drained node's, and no rollout; to drain
#   nodes meanwhile write `[[faults]]` with `kind = "node-drain"` and `min_available = 2`
#
# Left out, because nothing that is simulated depends on it:
#   spec.template.spec.containers[].image

format = 1
name = "shop"

[fleet]
instances = 3

# A placeholder: no manifest says how much arrives. Put your own rate here. Nor does one say
# how long a start takes (`[startup]`), how much an instance serves (`[instance]`), or what is
# wrong with the new version (`[release]`).
[traffic]
rate = 300

[readiness]
deadline = "600s"
min_ready = "0s"
period = "0s"

[shutdown]
grace = "30s"
pre_stop = "0s"

[strategies.shop]
kind = "rolling"
max_surge = "25%"
max_unavailable = "25%"

"#]]
    );
    fs::write(place.path().join("shop.toml"), &scenario).expect("written");
    let run = rollsim(place.path(), &["run", "shop.toml", "--replications", "1"], "");
    assert!(run.status.success(), "{}", text(&run.stderr));
    assert_eq!(text(&run.stderr), "");
    let piped = rollsim(place.path(), &["import", "-", "b.yaml"], DEPLOYMENT);
    assert_eq!(text(&piped.stdout), scenario.replace("a.yaml", "standard input"));
}

/// Every object of every manifest that is shipped, read and printed, is a scenario without faults.
#[test]
fn shipped_manifests_become_scenarios() {
    let mut count = 0;
    for entry in fs::read_dir(shipped("manifest")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            continue;
        }
        let manifest = fs::read_to_string(&path).expect("text");
        let manifests = [Manifest { path: "shipped", text: &manifest }];
        let names = manifest.lines().filter_map(|line| line.strip_prefix("  name: "));
        let mut objects: Vec<Option<&str>> = names.map(Some).collect();
        objects.push(None);
        let read = objects.into_iter().filter_map(|name| manifest::read(&manifests, name).ok());
        for imported in read {
            let text = imported.to_scenario("shipped");
            let loaded = parse(&text, Path::new("printed.toml"), &Overrides::default());
            let loaded = loaded.unwrap_or_else(|report| panic!("{report}\n{text}"));
            assert_eq!(loaded.warnings.diagnostics, [], "{text}");
            count += 1;
        }
    }
    assert!(count > 5, "{count}");
}

/// What `import` says of a manifest that it refuses: the lines with the message, the place and the
/// help.
fn check(manifest: &str, arguments: &[&str], expected: [&str; 2]) {
    let place = place(&[("x.yaml", manifest)]);
    let output = rollsim(place.path(), &[&["import", "x.yaml"], arguments].concat(), "");
    assert_eq!(output.status.code(), Some(2), "{manifest}");
    assert_eq!(text(&output.stdout), "");
    let said = text(&output.stderr);
    for part in expected {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let spec = |field: &str| DEPLOYMENT.replace("  replicas: 3", field);
    for (manifest, expected) in [
        (spec("\treplicas: 3"), ["a tab in the indentation", "x.yaml:5:1"]),
        (
            spec("  replicas: {{ .Values.replicas }}"),
            ["render it first, for example with `helm template`", "x.yaml:5:13"],
        ),
        (spec("  replicas: 3\n  replicas: 4"), ["`replicas` is written twice", "x.yaml:6:3"]),
        (
            spec("  strategy: {rollingUpdate: {maxSurge: \"25\"}}"),
            ["must be a count or a whole percentage, not the string `25`", "x.yaml:5:40"],
        ),
        (
            spec("  strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0%}}"),
            ["`maxUnavailable` may not be 0 when `maxSurge` is 0", "x.yaml:5:59"],
        ),
        (
            spec("  minReadySeconds: 600"),
            ["`progressDeadlineSeconds` (600) must be greater", "x.yaml:5:20"],
        ),
        (spec("  a: &a [*a, *a]"), ["this alias stands inside of what it repeats", "x.yaml:5:10"]),
        (DEPLOYMENT[..60].to_owned(), ["the Deployment has no `spec`", "x.yaml:2:7"]),
        ("kind: Ingress\n".to_owned(), ["it holds Ingress", "understood is apps/v1 Deployment"]),
        ("job \"a\" {\n  x = = 1\n}\n".to_owned(), ["this is not valid HCL", "x.yaml:2:7"]),
    ] {
        check(&manifest, &[], expected);
    }
    let two = format!("{DEPLOYMENT}---\n{}", DEPLOYMENT.replace("{name: shop}", "{name: cart}"));
    check(&two, &[], ["has several objects to roll out: `shop`, `cart`", "`--object shop`"]);
    check(&two, &["--object", "cat"], ["it has `shop`, `cart`", "did you mean `cart`?"]);
    check(DEPLOYMENT, &["no.yaml"], ["cannot read `no.yaml`", "R001"]);
    check(DEPLOYMENT, &["-", "-"], ["`-` can be given once", ""]);
}

/// Whatever is cut off, there is a scenario or a place.
#[test]
fn truncated_manifests_are_refused_or_complete() {
    let whole = format!("{DEPLOYMENT}---\n{BUDGET}");
    for end in 0..whole.len() {
        let manifests = [Manifest { path: "cut.yaml", text: &whole[..end] }];
        match manifest::read(&manifests, None) {
            Ok(imported) => {
                let text = imported.to_scenario("cut.yaml");
                let loaded = parse(&text, Path::new("cut.toml"), &Overrides::default());
                assert!(loaded.is_ok(), "{end}: {text}");
            }
            Err(problems) => assert!(!problems.is_empty(), "{end}"),
        }
    }
}
