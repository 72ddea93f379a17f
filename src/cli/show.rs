//! What is printed of results, and in which form pictures are written.

use std::io::{self, Write};
use std::path::Path;

use super::redraw::written;
use crate::report::{Written, ledger, table};

/// What to show of results.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// Print summary.json instead of the table
    #[arg(long)]
    pub(super) json: bool,
    /// Also print what failed requests are charged to
    #[arg(long, conflicts_with_all = ["json", "quiet"])]
    pub(super) ledger: bool,
    /// Also write the charts as PNG
    #[arg(long)]
    pub(super) png: bool,
    /// Print nothing but warnings and errors
    #[arg(long, conflicts_with = "json")]
    pub(super) quiet: bool,
}

impl Show {
    /// Prints what was written to `target`.
    pub(super) fn print(&self, target: &Path, done: &Written) -> anyhow::Result<()> {
        if self.quiet {
            return Ok(());
        }
        let mut out = anstream::stdout().lock();
        if self.json {
            done.summary.render(&mut out).map_err(io::Error::from)?;
        } else {
            write!(out, "{}", table::render(&done.summary))?;
            if self.ledger {
                write!(out, "\n{}", ledger::render(&done.summary))?;
            }
            writeln!(out, "\n{}", written(target, &done.names))?;
        }
        out.flush()?;
        Ok(())
    }
}
