//! `rollsim report`: the charts of a result folder, drawn again.

use std::io::{self, Write};
use std::path::PathBuf;

use super::exit::{BadInput, Exit};
use crate::report::{self, Format, ReportError};

/// Draw the charts of a result folder again, from its files
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A folder that `rollsim run` wrote
    folder: PathBuf,
    /// Also as PNG
    #[arg(long)]
    png: bool,
}

impl Arguments {
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        let names = report::redraw(&self.folder, formats(self.png)).map_err(|error| {
            let folder = self.folder.display();
            match error {
                ReportError::Unreadable { .. } => {
                    BadInput(format!("{error}; is `{folder}` a folder that `rollsim run` wrote?"))
                        .into()
                }
                error => anyhow::Error::from(error),
            }
        })?;
        let mut out = io::stdout().lock();
        writeln!(out, "{}", written(&self.folder, &names))?;
        out.flush()?;
        Ok(Exit::Done)
    }
}

/// The kinds of pictures asked for.
pub(super) const fn formats(png: bool) -> &'static [Format] {
    if png { &[Format::Svg, Format::Png] } else { &[Format::Svg] }
}

/// The line that names the files written.
pub(super) fn written(folder: &std::path::Path, names: &[&str]) -> String {
    format!("wrote {}: {}", folder.display(), names.join(" "))
}
