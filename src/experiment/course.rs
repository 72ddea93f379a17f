//! What is asked of a sweep, and how it may end.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

use super::Part;
use crate::measure::Metrics;
use crate::sim::Run;

/// How an experiment is carried out; none of it can change a result.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// Threads to simulate on; none: as many as the machine has.
    pub threads: Option<NonZeroUsize>,
    /// Once set, the experiment ends without results.
    pub interrupted: &'a AtomicBool,
    /// Told how many cells are done after each; called from any thread.
    pub progress: &'a (dyn Fn(usize) + Sync),
}

impl std::fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// A run and what it cost.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The run's record.
    pub run: Run,
    /// Its metrics.
    pub metrics: Metrics,
}

/// What is to be done of a variant.
#[derive(Debug, Default)]
pub struct Order {
    /// What is known of it already.
    pub known: Part,
    /// The replications that are wanted; those that are known are not simulated.
    pub replications: Range<u32>,
}

/// What is asked of a sweep, and what becomes of its variants. Called from any thread.
pub trait Course: Sync {
    /// What is made of a variant.
    type Done: Send;
    /// What to do of the variant at this position. Asked once for each.
    fn order(&self, variant: usize) -> Order;
    /// Up to which replication to go on, all below `end` being there; `end`: that is enough.
    fn more(&self, variant: usize, part: &Part, end: u32) -> u32 {
        let _ = (variant, part);
        end
    }
    /// Makes what is handed on of a variant.
    fn finish(&self, variant: usize, part: Part) -> Self::Done;
    /// Whether to keep what there is of variants that are not done.
    fn is_to_keep(&self) -> bool {
        false
    }
    /// Keeps what there is of a variant that is not done: now and then where it is asked for, and
    /// when the sweep is interrupted.
    fn keep(&self, variant: usize, part: &Part) {
        let _ = (variant, part);
    }
}

/// How a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All was done.
    Done,
    /// It was interrupted.
    Interrupted,
}

/// Why a sweep could not go on.
#[derive(Debug, thiserror::Error)]
pub enum SweepError<E> {
    /// The threads cannot be started.
    #[error("cannot start threads")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// What was made of a variant could not be handed on.
    #[error(transparent)]
    Emit(E),
}
