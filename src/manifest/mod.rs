//! What does the shipped policy say? One file per controller.
//!
//! A manifest, as it is deployed, becomes the parameters of a strategy, the part of a scenario that
//! goes with them, and notes on what could not be carried over. This room knows Kubernetes' fields,
//! defaults and validation; it must not read files, know other rooms, or run anything.
//!
//! | file | what it answers |
//! |---|---|
//! | `parse.rs`, `tree.rs` | YAML or JSON text to values with their places, whatever the text |
//! | `object.rs` | which of the file's objects is the one to read |
//! | `findings.rs`, `bound.rs` | fields with their types, problems and notes |
//! | `write.rs` | values as a scenario writes them |
//! | `pod.rs`, `probe.rs`, `pre_stop.rs` | the pod template that every workload has |
//! | `deployment.rs` | a controller |
//!
//! Adding a controller is one file that declares a `CONTROLLER`, and its word in `CATALOG` below.

mod bound;
mod deployment;
mod findings;
mod object;
mod parse;
mod pod;
mod pre_stop;
mod probe;
mod tree;
mod write;

use findings::{Findings, quote};
use object::{File, Object, choose, controller_of};
use toml::Table;

/// Every controller that is understood.
static CATALOG: [Controller; 1] = [deployment::CONTROLLER];

/// Kinds that are not rolled out but say something about what is.
const COMPANIONS: [&str; 1] = ["HorizontalPodAutoscaler"];

/// What a manifest says, in a scenario's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// Fields of a table `[strategies.NAME]`, `kind` among them.
    pub strategy: Table,
    /// A partial scenario: tables such as `fleet`, `readiness`, `shutdown`, with the controller's
    /// defaults written out.
    pub scenario: Table,
    /// What the simulation leaves out or that may surprise, a line each.
    pub notes: Vec<String>,
}

/// What is wrong with a manifest, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
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
    /// `apiVersion` of its objects.
    api: &'static str,
    /// `kind` of its objects.
    kind: &'static str,
    /// `apiVersion`s that once served the kind and are refused.
    retired: &'static [&'static str],
    /// Reads one object, given all those of the file that matter.
    read: fn(&Object<'_>, &[Object<'_>], &mut Findings) -> Part,
}

/// What a controller's file makes of an object.
#[derive(Default)]
struct Part {
    strategy: Table,
    scenario: Table,
}

/// Reads the policy from the manifest `text`, which is YAML or JSON.
///
/// `path` is what messages call the file. `object` names the one to read where there are several.
///
/// # Errors
///
/// Everything that is wrong with that object, in the order of the text: what Kubernetes would
/// refuse, and what stands in the way of reading it. At least one problem, at most fifty.
pub fn read(text: &str, path: &str, object: Option<&str>) -> Result<Imported, Vec<Problem>> {
    let file = File::read(text).map_err(|problem| vec![problem])?;
    let objects = file.objects();
    if objects.iter().all(|object| controller_of(object).is_none()) {
        return Err(vec![file.nothing_to_roll_out(path)]);
    }
    let (controller, chosen) = choose(&objects, path, object).map_err(|problem| vec![problem])?;
    let mut found = Findings::default();
    for twice in &file.trees[chosen.tree].duplicates {
        let message = format!("{} is written twice", quote(&twice.key));
        let help = format!("it is first on line {}", twice.first.line);
        found.problem(twice.second, message, Some(&help));
    }
    let Part { strategy, scenario } = (controller.read)(chosen, &objects, &mut found);
    let notes = found.finish()?;
    Ok(Imported { strategy, scenario, notes })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What reading `text` says, a line each: notes, or `LINE:COLUMN: message (help)`.
    pub(super) fn told(text: &str, object: Option<&str>) -> Vec<String> {
        let told = |problem: Problem| {
            let Problem { line, column, message, help } = problem;
            let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{line}:{column}: {message}{help}")
        };
        match read(text, "deploy/shop.yaml", object) {
            Ok(imported) => imported.notes,
            Err(problems) => problems.into_iter().map(told).collect(),
        }
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
        let imported = read(text, "shop.yaml", object).ok()?;
        imported.scenario.get("fleet")?.get("instances")?.as_integer()
    }

    #[test]
    fn the_shipped_manifests_carry_over_whole() {
        let checkout = include_str!("../../scenarios/manifest/checkout.yaml");
        let proposals = include_str!("../../scenarios/manifest/checkout-proposals.yaml");
        let race = include_str!("../../scenarios/manifest/drain-race.yaml");
        let shutdown = |text: &str, object: &str| {
            let imported = read(text, "shop.yaml", Some(object)).unwrap();
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
               (name one, for example `object = \"cart\"`)"],
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
        let empty = "`shop.yaml` is empty (write a manifest of apps/v1 Deployment)";
        for text in ["", "---\n# nothing\n", "---\n---\n"] {
            check(text, &[&format!("1:1: {empty}")]);
        }
        for (text, holds, more) in [
            ("kind: B\n---\nkind: A\n---\nkind: A\n", "A (2), B", ""),
            ("kind: deployment\n", "deployment", "; did you mean `kind: Deployment`?"),
            ("Resources: {}\n", "an object without `kind`", ""),
        ] {
            let help = format!("(understood is apps/v1 Deployment{more})");
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
            from in 0_usize..4,
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
            let texts = [with_pod(pod), with_spec(spec), several, String::new()];
            let mut text = texts[from].clone();
            for &(at, cut, piece) in &edits {
                let at = at.index(text.len() + 1);
                text = edited(text, at, cut, piece);
            }
            let outcome = read(&text, "shop.yaml", None);
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
