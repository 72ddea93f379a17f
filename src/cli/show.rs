//! What is printed of results, and in which form pictures are written.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::exit;
use super::redraw::written;
use crate::report::{Written, comparison_table, ledger, table, variance_note};

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
    /// Prints what was written to `target`; the table of differences where that was asked for.
    pub(super) fn print(
        &self,
        target: &Path,
        mut done: Written,
        is_compared: bool,
    ) -> anyhow::Result<()> {
        warn_of_unsettled(&done);
        if self.quiet {
            return Ok(());
        }
        let mut out = anstream::stdout().lock();
        if self.json {
            io::copy(&mut File::open(target.join("summary.json"))?, &mut out)?;
        } else {
            let shown = &mut done.shown;
            table::print(shown, &mut out)?;
            write!(out, "{}", variance_note::render(shown)?)?;
            if is_compared && shown.comparisons.is_empty() {
                exit::warn("nothing was compared: it takes two variants and two runs");
            } else if is_compared {
                writeln!(out)?;
                comparison_table::print(&mut shown.comparisons, &mut out)?;
            }
            if self.ledger {
                writeln!(out)?;
                ledger::print(shown, &mut out)?;
            }
            writeln!(out, "\n{}", written(target, &done.names))?;
        }
        out.flush()?;
        Ok(())
    }
}

/// Says whose baseline is not that of a settled fleet: of the first, with what is seen.
fn warn_of_unsettled(done: &Written) {
    let Some((variant, found)) = &done.unsettled else { return };
    let others = match done.more_unsettled {
        0 => String::new(),
        1 => " (and of 1 other variant)".to_owned(),
        others => format!(" (and of {others} other variants)"),
    };
    let dropped = found.share_dropped.map_or_else(String::new, |share| {
        let share = share * 100.0;
        format!("MSER-5 would leave out the first {share:.0}% of the time before the rollout, and ")
    });
    exit::warn(&format!(
        "the baseline of `{variant}`{others} is not stationary: before the rollout, {found}; \
         {dropped}the baseline is the second half of that time. Metrics against it say little: \
         give the fleet more time, or more capacity, before the rollout (`simulation.warmup`)"
    ));
}
