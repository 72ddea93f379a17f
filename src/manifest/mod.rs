//! What does the shipped policy say? One file per controller.
//!
//! Manifests, as they are deployed, become the parameters of a strategy, the part of a scenario
//! that goes with them, notes on what could not be carried over, and a list of what was left out.
//! This room knows the fields, defaults and validation of controllers; it must not read files, know
//! other rooms, or run anything.
//!
//! | file | what it answers |
//! |---|---|
//! | `parse.rs`, `hcl.rs`, `tree.rs` | YAML, JSON or HCL text to values with their places |
//! | `object.rs` | which of the objects in the files is the one to read |
//! | `resource.rs` | where are the resources of a template (CloudFormation, terraform)? |
//! | `findings.rs`, `bound.rs` | fields with their types, problems and notes |
//! | `left_out.rs` | which fields did nobody ask for? |
//! | `write.rs`, `standalone.rs` | values as a scenario writes them; a scenario that stands alone |
//! | `measurement.rs` | which gates stand for what is measured by queries? |
//! | `workload.rs`, `pod.rs`, `probe.rs`, `pre_stop.rs` | what every workload of Kubernetes has |
//! | `cloud.rs`, `target_group.rs` | what resources of the clouds have in common |
//! | all others | a controller each |
//!
//! # Adding a controller
//!
//! One file that declares a `CONTROLLER`, and its word in `CATALOG` below.
//!
//! 1. Say how its objects are recognised: `Sign::Kubernetes` by `kind`, or `Sign::Content` with a
//!    function from a document's root to the objects in it (`resource.rs` finds the resources of
//!    CloudFormation and terraform). A file's name never matters.
//! 2. Write `read`: take every field through `Findings`, which checks its type and collects
//!    problems with their places. Refuse (`Findings::problem`) what the controller's validation
//!    refuses; note (`Findings::note`) what would change the outcome and is not modelled, and what
//!    that means; note misspelt fields with `Findings::strangers`.
//! 3. Return the `Part`: the strategy's table with its `kind`, and tables of a scenario. Write the
//!    controller's defaults out.
//!
//! Nothing is dropped in silence: a field that `read` never asks for (`Field::get`) is told as left
//! out, so ask only for what is used, noted or refused. Other objects that say something about this
//! one are in the second argument; a Kubernetes kind among them must be one of the controller's
//! `companions`. Where two controllers meet on one object, as Flagger's Canary and the Deployment
//! that it targets, the one in charge `claims` the other.

mod argo;
mod beanstalk;
mod bound;
mod cloud;
mod codedeploy;
mod deployment;
mod ecs_service;
mod findings;
mod flagger;
mod go_duration;
mod hcl;
mod instance_group;
mod left_out;
mod measurement;
mod nomad;
mod object;
mod parse;
mod pod;
mod pre_stop;
mod probe;
mod resource;
mod standalone;
mod stateful_set;
mod target_group;
mod tree;
mod workload;
mod write;

use findings::{Findings, quote};
pub use measurement::Measurement;
use object::{Files, Object, Sighting};
use toml::Table;
use tree::Field;

/// Every controller that is understood.
static CATALOG: &[Controller] = &[
    deployment::CONTROLLER,
    stateful_set::CONTROLLER,
    argo::CONTROLLER,
    flagger::CONTROLLER,
    nomad::CONTROLLER,
    ecs_service::CONTROLLER,
    codedeploy::CONTROLLER,
    beanstalk::CONTROLLER,
    instance_group::CONTROLLER,
];

/// A file's text, which is YAML, JSON or HCL.
#[derive(Clone, Copy, Debug)]
pub struct Manifest<'a> {
    /// What messages call it.
    pub path: &'a str,
    /// What is in it.
    pub text: &'a str,
}

/// What a manifest says, in a scenario's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// What the object is called, if it has a name.
    pub name: Option<String>,
    /// Fields of a table `[strategies.NAME]`, `kind` among them.
    pub strategy: Table,
    /// A partial scenario: tables such as `fleet`, `readiness`, `shutdown`, with the controller's
    /// defaults written out.
    pub scenario: Table,
    /// What is not modelled and may change the outcome, or may surprise; a line each.
    pub notes: Vec<String>,
    /// What is measured by queries; the strategy calls them by name where it would have gates.
    pub measurements: Vec<Measurement>,
    /// What was not read because nothing that is simulated depends on it: paths of fields such as
    /// `spec.template.spec.containers[].image`, and kinds of objects.
    pub left_out: Vec<String>,
}

/// What is wrong with a manifest, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which of the files, from 0.
    pub file: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong: lower case, no period.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

/// What one file of this room declares.
struct Controller {
    /// What a list of all that is understood calls its objects: `apps/v1 Deployment`.
    title: &'static str,
    /// How its objects are recognised.
    sign: Sign,
    /// Kinds of Kubernetes objects that it reads beside its own.
    companions: &'static [&'static str],
    /// Whether its object, the first, decides how the second is rolled out.
    claims: fn(&Object<'_>, &Object<'_>) -> bool,
    /// Reads one object, given all those of the files that matter.
    read: fn(&Object<'_>, &[Object<'_>], &mut Findings) -> Part,
}

/// How objects are recognised.
enum Sign {
    /// By `kind`, served by one `apiVersion`; those in `retired` once served it and are refused.
    Kubernetes { api: &'static str, kind: &'static str, retired: &'static [&'static str] },
    /// By what a document without `kind` holds: its objects of this controller.
    Content(for<'t> fn(Field<'t>) -> Vec<Sighting<'t>>),
}

impl Sign {
    const fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Kubernetes { kind, .. } => Some(kind),
            Self::Content(_) => None,
        }
    }
}

/// For controllers that are in charge of their own objects only.
const fn claims_nothing(_: &Object<'_>, _: &Object<'_>) -> bool {
    false
}

/// What a controller's file makes of an object.
#[derive(Default)]
struct Part {
    strategy: Table,
    scenario: Table,
    measurements: Vec<Measurement>,
}

/// Reads the policy from manifests that belong together. `object` names the one to read where there
/// are several.
///
/// # Errors
///
/// Everything that is wrong with that object, in the order of the texts: what its controller would
/// refuse, and what stands in the way of reading it. At least one problem, at most fifty.
pub fn read(manifests: &[Manifest<'_>], object: Option<&str>) -> Result<Imported, Vec<Problem>> {
    let files = Files::read(manifests).map_err(|problem| vec![problem])?;
    let objects = files.objects();
    if objects.iter().all(|object| object.controller.is_none()) {
        return Err(vec![files.nothing_to_roll_out()]);
    }
    let (controller, chosen) = files.choose(&objects, object).map_err(|problem| vec![problem])?;
    let mut found = Findings::default();
    for twice in &files.trees[chosen.tree].duplicates {
        let message = format!("{} is written twice", quote(&twice.key));
        let help = format!("it is first on line {}", twice.first.line);
        found.problem(twice.second, message, Some(&help));
    }
    let Part { strategy, scenario, measurements } = (controller.read)(chosen, &objects, &mut found);
    let notes = found.finish()?;
    let mut left_out = left_out::fields(chosen.root);
    for claimed in objects.iter().filter(|other| (controller.claims)(chosen, other)) {
        let paths = left_out::fields(claimed.root).into_iter();
        left_out.extend(paths.map(|path| format!("{}.{path}", claimed.kind)));
    }
    let unread = files.unread_kinds(chosen, controller);
    if !unread.is_empty() {
        left_out.push(format!("objects of kind {unread}"));
    }
    let name = chosen.name.map(str::to_owned);
    Ok(Imported { name, strategy, scenario, notes, measurements, left_out })
}

/// What can be read, a line each.
pub fn understood() -> impl Iterator<Item = &'static str> {
    CATALOG.iter().map(|known| known.title)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What reading `text` says, a line each: notes, or `LINE:COLUMN: message (help)`.
    pub(super) fn told(text: &str, object: Option<&str>) -> Vec<String> {
        let told = |problem: Problem| {
            let Problem { line, column, message, help, .. } = problem;
            let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{line}:{column}: {message}{help}")
        };
        match super::read(&[Manifest { path: "deploy/shop.yaml", text }], object) {
            Ok(imported) => imported.notes,
            Err(problems) => problems.into_iter().map(told).collect(),
        }
    }

    /// Reads one manifest alone.
    pub(super) fn read(text: &str, object: Option<&str>) -> Result<Imported, Vec<Problem>> {
        super::read(&[Manifest { path: "shop.yaml", text }], object)
    }

    /// Checks what reading a manifest says.
    pub(super) fn check(text: &str, expected: &[&str]) {
        assert_eq!(told(text, None), expected, "{text}");
    }

    /// A Deployment with these fields of its `spec`; the first stands on line 7, in column 3.
    pub(super) fn with_spec(fields: &str) -> String {
        let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: checkout}\nspec:\n";
        let rest = "  selector: {}\n  template: {spec: {containers: [{name: api}]}}\n";
        format!("{head}{rest}  {}\n", fields.replace('\n', "\n  "))
    }

    /// A Deployment with these fields in its pod's `spec`; the first stands on line 8, column 7.
    pub(super) fn with_pod(fields: &str) -> String {
        let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: checkout}\nspec:\n";
        let rest = "  selector: {}\n  template:\n    spec:\n";
        format!("{head}{rest}      {}\n", fields.replace('\n', "\n      "))
    }

    const SEVERAL: &str = "
apiVersion: v1
kind: Service
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec: {replicas: 2, selector: {}, template: {spec: {containers: [{name: api}]}}}
---
# Nothing but a comment.
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: search}
spec: {replicas: 5, selector: {}, template: {spec: {containers: [{name: api}]}}}
";

    fn replicas(text: &str, object: Option<&str>) -> Option<i64> {
        let imported = read(text, object).ok()?;
        imported.scenario.get("fleet")?.get("instances")?.as_integer()
    }

    #[test]
    fn the_shipped_manifests_carry_over_whole() {
        let checkout = include_str!("../../scenarios/manifest/checkout.yaml");
        let proposals = include_str!("../../scenarios/manifest/checkout-proposals.yaml");
        let race = include_str!("../../scenarios/manifest/drain-race.yaml");
        let shutdown = |text: &str, object: &str| {
            let imported = read(text, Some(object)).unwrap();
            assert_eq!(imported.notes, [""; 0], "{object}");
            let field = |name: &str| imported.scenario["shutdown"][name].as_str().map(String::from);
            (replicas(text, Some(object)), field("pre_stop"), field("grace"))
        };
        for (text, object, instances, pre_stop, grace) in [
            (checkout, "checkout", 12, "10s", "45s"),
            (proposals, "checkout-surge", 12, "10s", "45s"),
            (proposals, "checkout-one-by-one", 12, "10s", "45s"),
            (race, "no-hook", 6, "0s", "30s"),
            (race, "sleep-5", 6, "5s", "30s"),
            (race, "sleep-15", 6, "15s", "30s"),
        ] {
            let expected = (Some(instances), Some(pre_stop.into()), Some(grace.into()));
            assert_eq!(shutdown(text, object), expected, "{object}");
        }
    }

    #[test]
    fn one_of_several_is_named() {
        assert_eq!(replicas(SEVERAL, Some("cart")), Some(2));
        assert_eq!(replicas(SEVERAL, Some("search")), Some(5));
        check(
            SEVERAL,
            &["14:7: `shop.yaml` has several objects to roll out: `cart`, `search` \
               (name one: `object = \"cart\"`, or `--object cart`)"],
        );
        assert_eq!(
            told(SEVERAL, Some("serch")),
            ["7:7: `shop.yaml` has nothing to roll out that is called `serch`: it has `cart`, \
              `search` (did you mean `search`?)"]
        );
    }

    #[test]
    fn a_list_and_json_are_manifests_too() {
        let list = "{\"apiVersion\": \"v1\",\n\t\"kind\": \"List\",\n\t\"items\": [\
            {\"kind\": \"ConfigMap\", \"apiVersion\": \"v1\", \"data\": {\"a\": \"b\"}},\
            {\"kind\": \"Deployment\", \"apiVersion\": \"apps/v1\",\
             \"metadata\": {\"name\": \"cart\"},\
             \"spec\": {\"replicas\": 3, \"selector\": {},\
             \"template\": {\"spec\": {\"containers\": [{\"name\": \"api\"}]}}}}]}";
        assert_eq!(replicas(list, None), Some(3));
        assert_eq!(replicas(&list.replace(['\n', '\t'], ""), None), Some(3));
    }

    #[test]
    fn other_kinds_are_named_with_what_is_understood() {
        let understood = understood().collect::<Vec<_>>().join(", ");
        let empty = format!("`shop.yaml` is empty (write a manifest of {understood})");
        for text in ["", "---\n# nothing\n", "---\n---\n"] {
            check(text, &[&format!("1:1: {empty}")]);
        }
        for (text, holds, more) in [
            ("kind: B\n---\nkind: A\n---\nkind: A\n", "A (2), B", ""),
            ("kind: deployment\n", "deployment", "; did you mean `kind: Deployment`?"),
            ("Resources: {}\n", "an object without `kind`", ""),
        ] {
            let help = format!("(understood is {understood}{more})");
            let expected =
                format!("1:1: `shop.yaml` has nothing to roll out: it holds {holds} {help}");
            check(text, &[&expected]);
        }
        check(
            "[1]",
            &["1:1: a manifest is a mapping, not a list \
               (it begins with `apiVersion:` and `kind:`)"],
        );
    }

    #[test]
    fn only_the_served_version_is_read() {
        let of = |api: &str| with_spec("replicas: 2").replace("apiVersion: apps/v1", api);
        let help = "(write `apiVersion: apps/v1`)";
        for (api, expected) in [
            (
                "apiVersion: extensions/v1beta1",
                "1:13: `extensions/v1beta1` no longer serves a Deployment",
            ),
            (
                "apiVersion: example.com/v1",
                "1:13: a Deployment of `example.com/v1` is not understood",
            ),
            ("# none", "2:7: the Deployment has no `apiVersion`"),
        ] {
            check(&of(api), &[&format!("{expected} {help}")]);
        }
    }

    /// Pieces that mean something to a YAML parser or to a reader of manifests, `@` between them.
    const PIECES: &str = "\t@{{@}}@*a@&a @<<: @[@]@{@}@- @: @\"@'@|@>-@\n@\n---\n@\r\n@\
        \0@\u{feff}@\u{2028}@?@!!str @%YAML 1.1\n@#@-1@99999999999999999999@0%@~@  @spec:\n";

    fn edited(mut text: String, at: usize, cut: usize, piece: usize) -> String {
        let next = |from: usize| (from..).find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let (at, end) = (next(at), next((at + cut).min(text.len())));
        text.replace_range(at..end, PIECES.split('@').nth(piece).unwrap_or_default());
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]
        #[test]
        fn no_text_panics_or_is_refused_without_a_place(
            from in 0_usize..5,
            edits in prop::collection::vec(
                (any::<prop::sample::Index>(), 0_usize..40, 0_usize..40), 0..6
            ),
        ) {
            let pod = "&a\nterminationGracePeriodSeconds: 40\ncontainers:\n- &c\n  name: api\n  \
                readinessProbe: {httpGet: {port: 1}, periodSeconds: 5}\n  lifecycle: {preStop: \
                {exec: {command: [sh, -c, \"sleep 15 && true\"]}}}\n- {<<: *c, name: log}";
            let spec = "replicas: 3\nminReadySeconds: 3\nprogressDeadlineSeconds: 90\n\
                strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}";
            let several = SEVERAL.to_owned();
            let hcl = "job \"a\" {\n  group \"b\" {\n    count = 3\n    update { canary = 1 }\n  \
                }\n  meta = { x = [1, \"${y}\"] }\n}\n";
            let texts = [with_pod(pod), with_spec(spec), several, String::new(), hcl.to_owned()];
            let mut text = texts[from].clone();
            for &(at, cut, piece) in &edits {
                let at = at.index(text.len() + 1);
                text = edited(text, at, cut, piece);
            }
            let outcome = read(&text, None);
            prop_assert!(outcome.is_ok() || from > 1 || !edits.is_empty());
            if let Err(problems) = outcome {
                prop_assert!(!problems.is_empty());
                // The parser also breaks lines at a lone carriage return.
                let lines = text.split(['\n', '\r']).count() + 1;
                for Problem { line, column, message, .. } in problems {
                    prop_assert!((1..=lines).contains(&line), "line {line}: {message}");
                    prop_assert!(column >= 1, "column {column}: {message}");
                }
            }
        }
    }
}
