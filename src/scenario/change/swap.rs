//! Other manifests in the place of those that a strategy names.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeArray, DeValue};

use crate::scenario::diagnostic::Diagnostic;
use crate::scenario::diagnostic::source::{Shown, Sources, Span, Texts};
use crate::scenario::document::read::suggestion;
use crate::scenario::document::{self, Table};
use crate::scenario::{rule, strategies};

/// The manifests of one version of a strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The option that names them, such as `--old`.
    pub option: &'static str,
    /// Files that belong together, relative to the working folder; at least one.
    pub manifests: Vec<PathBuf>,
    /// The strategy whose manifest they stand for; none: the only one that has a manifest.
    pub strategy: Option<String>,
}

impl Swap {
    /// Puts them into the document; the strategy's name.
    ///
    /// # Errors
    ///
    /// A diagnostic if it is not clear which strategy is meant, or it has no manifest.
    pub(crate) fn apply<'t>(
        &self,
        root: &mut Table<'t>,
        texts: &'t Texts,
        sources: &mut Sources,
    ) -> Result<String, Diagnostic> {
        let paths: Vec<String> =
            self.manifests.iter().map(|path| path.display().to_string()).collect();
        let typed = format!("{} {}", self.option, paths.join(&format!(" {} ", self.option)));
        let span = 0..typed.len();
        let start = sources.add(Shown::CommandLine(typed));
        let span = start + span.start..start + span.end;
        let name = self.strategy(root, &span)?;
        let items: DeArray<'t> = self
            .manifests
            .iter()
            .map(|path| {
                let path = texts.keep(absolute(path));
                Spanned::new(span.clone(), DeValue::String(path.into()))
            })
            .collect();
        let strategies = root.get_mut("strategies").map(Spanned::get_mut);
        let strategy = match strategies {
            Some(DeValue::Table(table)) => table.get_mut(name.as_str()).map(Spanned::get_mut),
            _ => None,
        };
        if let Some(DeValue::Table(strategy)) = strategy {
            strategy.remove("manifest");
            let key = Spanned::new(span.clone(), "manifest".into());
            strategy.insert(key, Spanned::new(span, DeValue::Array(items)));
        }
        Ok(name)
    }

    /// Which strategy is meant.
    fn strategy(&self, root: &Table<'_>, span: &Span) -> Result<String, Diagnostic> {
        let wrong = |message: String, help: String| {
            Diagnostic::new(rule::NO_SUCH_PATH, message).at(span.clone(), "").help(help)
        };
        let names = strategies::names(root);
        let mut shipped = names.clone();
        shipped.retain(|name| document::find(root, ["strategies", name, "manifest"]).is_some());
        if let Some(name) = &self.strategy {
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            if !names.contains(name) {
                let message = format!("there is no strategy called `{name}`");
                return Err(wrong(message, suggestion(name, &known, "strategies")));
            }
            if !shipped.contains(name) {
                let message = format!("the strategy `{name}` has no manifest to replace");
                let help = "name one that has `manifest = \"...\"`: what a strategy writes itself \
                            would win over its manifest";
                return Err(wrong(message, help.to_owned()));
            }
            return Ok(name.clone());
        }
        match shipped.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(wrong(
                "no strategy has a manifest to replace".to_owned(),
                "give one of them a `manifest = \"deployment.yaml\"`".to_owned(),
            )),
            several => Err(wrong(
                format!("{} strategies have manifests", several.len()),
                format!("name one of them: `--strategy {}`", several[0]),
            )),
        }
    }
}

/// The path from wherever it is looked at.
fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
