//! How far is it? A bar on stderr, where that is a terminal.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is done so far is kept on disk after 1, 2, 4, 8 and 16 seconds of work, and then whenever
/// so many have passed: what is lost to a power cut is half of the work, or that much.
const KEEP_AFTER: u64 = 20;

/// A bar that counts runs.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    kept: AtomicU64,
}

/// Whether the user wants to see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    Bar,
    Nothing,
}

impl Progress {
    /// Of so many runs.
    pub(super) fn new(runs: usize, show: Show) -> anyhow::Result<Self> {
        // Draws nothing where stderr is not a terminal.
        let target = match show {
            Show::Bar => ProgressDrawTarget::stderr(),
            Show::Nothing => ProgressDrawTarget::hidden(),
        };
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} runs, {eta} left")?;
        let bar = ProgressBar::with_draw_target(Some(runs as u64), target).with_style(style);
        bar.tick();
        Ok(Self { bar, kept: AtomicU64::new(0) })
    }

    /// So many runs are done.
    pub(super) fn set(&self, done: usize) {
        self.bar.set_position(done as u64);
    }

    /// So many runs more are to be done.
    pub(super) fn grow(&self, runs: u32) {
        self.bar.inc_length(u64::from(runs));
    }

    /// So many runs are to be done after all.
    pub(super) fn set_length(&self, runs: usize) {
        self.bar.set_length(runs as u64);
    }

    /// Whether it is time to keep what is done; true once each time.
    pub(super) fn is_time_to_keep(&self) -> bool {
        let moments = moments_to_keep(self.bar.elapsed().as_secs());
        self.kept.fetch_max(moments, Ordering::Relaxed) < moments
    }

    /// It is over.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// How many of the moments at which to keep what is done come in so many seconds.
fn moments_to_keep(seconds: u64) -> u64 {
    let doublings = seconds.min(KEEP_AFTER).checked_ilog2().map_or(0, |power| power + 1);
    u64::from(doublings) + seconds / KEEP_AFTER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_is_kept_soon_and_then_regularly() {
        let moments = (1..=100).filter(|&at| moments_to_keep(at) > moments_to_keep(at - 1));
        assert_eq!(moments.collect::<Vec<_>>(), [1, 2, 4, 8, 16, 20, 40, 60, 80, 100]);
    }
}
