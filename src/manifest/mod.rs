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
//! | `findings.rs`, `bound.rs`, `write.rs` | fields with their types, problems and notes; values as a scenario writes them |
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
