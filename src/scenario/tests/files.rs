//! Files: scenarios on disk, samples, traces and manifests.

use std::fs;
use std::path::{Path, PathBuf};

use super::{CATALOG, codes, completed};
use crate::fleet::LivenessPlan;
use crate::random::Law;
use crate::scenario::load::{self, Loaded};
use crate::scenario::{Overrides, Report};
use crate::traffic::RateCurve;
use crate::units::SimDuration;

/// A folder with these files, the first of which is the scenario.
struct Folder {
    folder: tempfile::TempDir,
    scenario: PathBuf,
}

impl Folder {
    fn new(scenario: &str, others: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in others {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        let path = folder.path().join("scenario.toml");
        fs::write(&path, scenario).expect("a file");
        Self { folder, scenario: path }
    }

    fn load(&self) -> Result<Loaded, Report> {
        load::load(&self.scenario, &Overrides::default(), CATALOG, None)
    }

    /// What is reported, with the folder's own name left out.
    fn report(&self) -> String {
        let report = match self.load() {
            Ok(loaded) => loaded.warnings,
            Err(report) => report,
        };
        let folder = format!("{}/", self.folder.path().display());
        report.to_string().replace(&folder, "")
    }
}

fn load_at(path: &Path) -> Result<Loaded, Report> {
    load::load(path, &Overrides::default(), CATALOG, None)
}

#[test]
fn what_cannot_be_read() {
    let folder = Folder::new("", &[]);
    let missing = folder.folder.path().join("missing.toml");
    assert_eq!(codes(&load_at(&missing)), ["R001"]);
    assert_eq!(codes(&load_at(folder.folder.path())), ["R001"]);
    let inside = folder.scenario.join("inside.toml");
    assert_eq!(codes(&load_at(&inside)), ["R001"]);
    let binary = folder.folder.path().join("binary.toml");
    fs::write(&binary, b"name = \"caf\xe9\"\n").expect("a file");
    assert_eq!(codes(&load_at(&binary)), ["R003"]);
}

#[test]
fn a_large_file_is_refused_unread() {
    let folder = Folder::new("", &[]);
    let large = folder.folder.path().join("large.toml");
    let file = fs::File::create(&large).expect("a file");
    file.set_len(100 << 20).expect("a hole of 100 MiB");
    assert_eq!(codes(&load_at(&large)), ["R002"]);
    // It has no length, and never ends.
    assert_eq!(codes(&load_at(Path::new("/dev/zero"))), ["R002"]);
}

#[test]
fn an_empty_file_lacks_three_things() {
    assert_eq!(codes(&Folder::new("", &[]).load()), ["R008", "R008", "R010"]);
}

#[test]
fn names_from_files() {
    for (file, expected) in
        [("a-b.toml", "a-b"), ("API Gateway.toml", "api-gateway"), ("x.y.toml", "x-y")]
    {
        let text = completed("");
        let read = load::parse(text, Path::new(file), &Overrides::default(), CATALOG);
        assert_eq!(read.map(|loaded| loaded.scenario.name).ok().as_deref(), Some(expected));
    }
    let read = load::parse(completed(""), Path::new("ß.toml"), &Overrides::default(), CATALOG);
    assert_eq!(codes(&read), ["R014"]);
}

#[test]
fn samples_of_a_file() {
    let text = completed(
        "[startup]\nboot = { dist = \"empirical\", file = \"boot.csv\", column = \"s\" }\n\
         [instance]\nservice_time = { dist = \"empirical\", file = \"boot.csv\" }\n",
    );
    let folder = Folder::new(&text, &[("boot.csv", "host,s,seconds\na,9.5,1\nb,0.25,3\n")]);
    let plan = folder.load().expect("a scenario").scenario.variants.remove(0).plan;
    let samples = [250, 9500].map(SimDuration::from_millis).to_vec();
    assert_eq!(plan.startup.boot, Law::empirical(samples).expect("a law"));
    assert!((plan.data.instance.service_time.mean_s() - 2.0).abs() < 1e-12);
}

#[test]
fn steps_of_a_trace() {
    let text = completed("[traffic]\ntrace = { file = \"t.csv\", time = \"at\", rate = \"r\" }\n");
    let folder = Folder::new(&text, &[("t.csv", "at,r\n1000.5,10\n1001,0\n1003.25,20.5\n")]);
    let plan = folder.load().expect("a scenario").scenario.variants.remove(0).plan;
    let RateCurve::Steps(steps) = &plan.data.traffic.rate else { panic!("a trace") };
    let steps: Vec<(u64, f64)> =
        steps.iter().map(|(time, rate)| (time.as_nanos() / 1_000_000, *rate)).collect();
    assert_eq!(steps, [(0, 10.0), (500, 0.0), (2750, 20.5)]);
}

#[test]
fn traces_that_are_none() {
    let text = completed("[traffic]\ntrace = { file = \"t.csv\" }\n");
    for (csv, expected) in [
        ("", "there is no column `seconds`"),
        ("seconds,rps\n", "there are no rows below the header"),
        ("time,rps\n0,1\n", "there is no column `seconds`"),
        ("seconds,rps\n0,1\n0,2\n", "the times in column `seconds` must rise from row to row"),
        ("seconds,rps\n5,1\n4,2\n", "the times in column `seconds` must rise from row to row"),
        ("seconds,rps\n0,-1\n", "`-1` in column `rps` is negative"),
        ("seconds,rps\n0,inf\n", "`inf` in column `rps` is not finite"),
        ("seconds,rps\n0,1\n1e9,1\n", "the trace is longer than ten years"),
    ] {
        let read = Folder::new(&text, &[("t.csv", csv)]).load();
        let messages: Vec<String> = read
            .expect_err("an error")
            .diagnostics
            .into_iter()
            .map(|diagnostic| diagnostic.message)
            .collect();
        assert_eq!(messages, [expected], "{csv}");
    }
}

#[test]
fn a_fault_in_a_file_is_one_error_for_all_variants() {
    let part = "[traffic]\ntrace = { file = \"t.csv\" }\n\
                [startup]\nboot = { dist = \"empirical\", file = \"t.csv\" }\n\
                [[sweep]]\npath = \"fleet.instances\"\nvalues = [1, 2, 3]\n";
    let folder = Folder::new(&completed(part), &[("t.csv", "seconds,rps\n1e9,1\n1e9,1\n")]);
    assert_eq!(codes(&folder.load()), ["R019", "R019"]);
}

#[test]
fn a_fault_in_a_csv_file_shows_its_line() {
    let text = completed("[startup]\nboot = { dist = \"empirical\", file = \"boot.csv\" }\n");
    let folder = Folder::new(&text, &[("boot.csv", "seconds\n8.2\nfast\n")]);
    snapbox::assert_data_eq!(
        folder.report(),
        snapbox::str![[r#"
error[R019]: `fast` in column `seconds` is not a number
 --> boot.csv:3:1
  |
3 | fast
  | ^^^^
  |
 ::: scenario.toml:2:37
  |
2 | boot = { dist = "empirical", file = "boot.csv" }
  |                                     ---------- read here

"#]]
    );
    let folder = Folder::new(&text, &[]);
    snapbox::assert_data_eq!(
        folder.report(),
        snapbox::str![[r#"
error[R001]: cannot read `boot.csv`: there is no such file
 --> scenario.toml:2:37
  |
2 | boot = { dist = "empirical", file = "boot.csv" }
  |                                     ^^^^^^^^^^

"#]]
    );
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n";
const IMPORTED: &str = "[traffic]\nrate = 1\n[strategies.prod]\nmanifest = \"web.yaml\"\n";

#[test]
fn a_manifest_fills_in_what_is_not_written() {
    let text = format!("[readiness]\nperiod = \"9s\"\n{IMPORTED}max_surge = 1\n");
    let folder = Folder::new(&text, &[("web.yaml", DEPLOYMENT)]);
    let plan = folder.load().expect("a scenario").scenario.variants.remove(0).plan;
    assert_eq!(plan.fleet.instances, 12);
    assert_eq!(plan.readiness.period, SimDuration::from_secs(9));
    assert_eq!(plan.readiness.deadline, SimDuration::from_secs(600));
    let liveness = LivenessPlan {
        initial_delay: SimDuration::ZERO,
        period: SimDuration::from_secs(3),
        timeout: SimDuration::from_secs(2),
        failure_threshold: 3,
    };
    assert_eq!(plan.liveness, Some(liveness));
    let parameters = format!("{:?}", plan.strategy.parameters);
    assert!(parameters.contains("max_surge: Count(1)"), "{parameters}");
}

#[test]
fn a_manifest_is_about_its_own_strategy_only() {
    let text = format!(
        "[fleet]\ninstances = 4\n{IMPORTED}[strategies.other]\nkind = \"recreate\"\n\
         [[sweep]]\npath = \"strategies.prod.max_surge\"\nvalues = [1, 2]\n"
    );
    let folder = Folder::new(&text, &[("web.yaml", DEPLOYMENT)]);
    let variants = folder.load().expect("a scenario").scenario.variants;
    assert_eq!(variants.len(), 3);
    assert!(variants[0].plan.liveness.is_some() && variants[2].plan.liveness.is_none());
    assert_eq!(variants[0].plan.fleet.instances, 4);
}

#[test]
fn a_rollback_by_manifest() {
    let text = format!(
        "[fleet]\ninstances = 4\n{IMPORTED}[strategies.fast]\nkind = \"recreate\"\n\
         on_failure = \"rollback\"\nrollback = \"prod\"\n"
    );
    let folder = Folder::new(&text, &[("web.yaml", DEPLOYMENT)]);
    let variants = folder.load().expect("a scenario").scenario.variants;
    let rollback = format!("{:?}", variants[1].plan.strategy.rollback);
    assert!(rollback.contains("max_surge: Count(3)"), "{rollback}");
    assert!(variants[1].plan.liveness.is_none());
}

#[test]
fn manifests_that_cannot_be() {
    let with = |fields: &str| format!("[fleet]\ninstances = 4\n{IMPORTED}{fields}");
    for (text, manifest, expected) in [
        (with(""), Some("kind: Service\n"), vec!["R032"]),
        (with("object = \"api\""), Some(DEPLOYMENT), vec!["R032"]),
        (with("kind = \"recreate\""), Some(DEPLOYMENT), vec!["R033"]),
        (with("kind = \"rolling\""), Some(DEPLOYMENT), vec![]),
        (with(""), None, vec!["R001"]),
        (with(""), Some("kind: Deployment\npaused: true\n"), vec!["R034"]),
        (with("manfest = 3"), Some(DEPLOYMENT), vec!["R005"]),
        (with("").replace("manifest", "object"), None, vec!["R008", "R033"]),
        (with("").replace("\"web.yaml\"", "7"), None, vec!["R006"]),
        (with("").replace("\"web.yaml\"", "[]"), None, vec!["R007"]),
        (with("").replace("\"web.yaml\"", "[\"web.yaml\"]"), Some(DEPLOYMENT), vec![]),
        (
            with("").replace("\"web.yaml\"", "[\"web.yaml\", \"no\"]"),
            Some(DEPLOYMENT),
            vec!["R001"],
        ),
    ] {
        let others: Vec<(&str, &str)> =
            manifest.map(|text| ("web.yaml", text)).into_iter().collect();
        assert_eq!(codes(&Folder::new(&text, &others).load()), expected, "{text}");
    }
}

#[test]
fn a_fault_in_a_manifest_shows_both_places() {
    let folder = Folder::new(IMPORTED, &[("web.yaml", "apiVersion: v1\nkind: Service\n")]);
    snapbox::assert_data_eq!(
        folder.report(),
        snapbox::str![[r#"
error[R032]: `web.yaml` holds no Deployment
 --> web.yaml:2:7
  |
2 | kind: Service
  |       ^
  |
 ::: scenario.toml:4:12
  |
4 | manifest = "web.yaml"
  |            ---------- read here
  |
  = help: name another

"#]]
    );
}

#[test]
fn a_fault_in_one_of_several_manifests_names_that_file() {
    let text = IMPORTED.replace("\"web.yaml\"", "[\"web.yaml\", \"more.yaml\"]");
    let files = [("web.yaml", DEPLOYMENT), ("more.yaml", "apiVersion: v1\nkind: Service\n")];
    snapbox::assert_data_eq!(
        Folder::new(&text, &files).report(),
        snapbox::str![[r#"
error[R032]: `more.yaml` holds no Deployment
 --> more.yaml:2:7
  |
2 | kind: Service
  |       ^
  |
 ::: scenario.toml:4:12
  |
4 | manifest = ["web.yaml", "more.yaml"]
  |            ------------------------- read here
  |
  = help: name another

"#]]
    );
}

#[test]
fn what_a_manifest_says_can_break_a_rule() {
    let text = format!("[readiness]\nmin_ready = \"10m\"\n{IMPORTED}");
    let folder = Folder::new(&text, &[("web.yaml", DEPLOYMENT)]);
    snapbox::assert_data_eq!(
        folder.report(),
        snapbox::str![[r#"
error[R029]: `readiness.deadline` (600 s) must be longer than `readiness.min_ready` (600 s)
 --> scenario.toml:6:12
  |
2 | min_ready = "10m"
  |             ----- ready this long before it counts as available
...
6 | manifest = "web.yaml"
  |            ^^^^^^^^^^ read from this manifest
  |
  = help: every instance would miss the deadline before it counts as available

"#]]
    );
}
