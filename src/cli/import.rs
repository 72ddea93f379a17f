//! `rollsim import`: what a controller's manifest says, as a scenario.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::exit::{BadInput, Exit, Rejected};
use crate::{manifest, scenario};

const EXAMPLES: &str = "\
Examples:
  rollsim import deployment.yaml > checkout.toml && rollsim run checkout.toml
  rollsim import rollout.yaml analysis.yaml pdb.yaml
  rollsim import all.yaml --object checkout
  helm template ./chart | rollsim import -

What a file is called makes no difference, only what it holds. Files that belong together are named
together. In a scenario, `manifest = \"deployment.yaml\"` in a strategy reads a manifest directly.

Exit codes: 0 done; 2 bad input or usage";

/// What is read, with examples.
fn help() -> String {
    let understood: Vec<&str> = manifest::understood().collect();
    format!("Understood: {}.\n\n{EXAMPLES}", understood.join(", "))
}

/// Print a scenario made from manifests: the policy as shipped, ready to run
#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub(super) struct Arguments {
    /// Manifests that belong together: YAML, JSON or HCL; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The object to read, where there are several
    #[arg(long, value_name = "NAME")]
    object: Option<String>,
}

impl Arguments {
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        if self.files.iter().filter(|file| is_standard_input(file)).count() > 1 {
            return Err(BadInput("`-` can be given once: it is read to its end".into()).into());
        }
        let mut texts = Vec::new();
        for file in &self.files {
            let text = match is_standard_input(file) {
                true => scenario::read_standard_input(),
                false => scenario::read_text(file),
            };
            texts.push((shown(file), text.map_err(Rejected)?));
        }
        let imported = scenario::import(texts, self.object.as_deref()).map_err(Rejected)?;
        let names: Vec<String> = self.files.iter().map(|file| shown(file)).collect();
        let mut out = io::stdout().lock();
        write!(out, "{}", imported.to_scenario(&names.join(", ")))?;
        out.flush()?;
        Ok(Exit::Done)
    }
}

fn is_standard_input(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// What messages call a file.
fn shown(file: &Path) -> String {
    if is_standard_input(file) { "standard input".to_owned() } else { file.display().to_string() }
}
