//! Where the findings go besides the terminal.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::exit::BadInput;
use crate::report::check::{self, Checked};
use crate::report::folder;

/// Files to write, each whole or not at all.
#[derive(Debug)]
pub(super) struct Outputs {
    junit: Option<PathBuf>,
    markdown: Option<PathBuf>,
}

impl Outputs {
    /// Looks at the places before the work, so that it is not lost.
    pub(super) fn new(junit: &Option<PathBuf>, markdown: &Option<PathBuf>) -> anyhow::Result<Self> {
        for path in [junit, markdown].into_iter().flatten() {
            if path.is_dir() || path.file_name().is_none() {
                return Err(BadInput(format!("`{}` is not a file", path.display())).into());
            }
            if !folder_of(path).is_dir() {
                let message = format!("`{}` is not a folder; make it", folder_of(path).display());
                return Err(BadInput(message).into());
            }
        }
        Ok(Self { junit: junit.clone(), markdown: markdown.clone() })
    }

    /// Whether somebody is to read what would put right what is broken.
    pub(super) const fn wants_fixes(&self) -> bool {
        self.markdown.is_some()
    }

    pub(super) fn write(&self, checked: &Checked<'_>) -> anyhow::Result<()> {
        let rendered = [
            (&self.junit, check::junit::render(checked)),
            (&self.markdown, check::markdown::render(checked)),
        ];
        for (path, content) in rendered {
            let Some(path) = path else { continue };
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            folder::replace(folder_of(path), &name, content.as_bytes())?;
        }
        Ok(())
    }
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Marks the lines of the scenario file where GitHub Actions looks for it.
pub(super) fn annotate(checked: &Checked<'_>) -> anyhow::Result<()> {
    if env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        // Stdout may hold JSON; the runner reads both.
        anstream::stderr().lock().write_all(check::annotations::render(checked).as_bytes())?;
    }
    Ok(())
}
