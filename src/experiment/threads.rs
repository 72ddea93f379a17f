//! The threads that runs are simulated on.

use std::num::NonZeroUsize;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

/// Threads to simulate on.
#[derive(Debug)]
pub(super) struct Threads(pub(super) rayon::ThreadPool);

impl Threads {
    /// So many threads; none: as many as the machine has.
    pub(super) fn start(count: Option<NonZeroUsize>) -> Result<Self, rayon::ThreadPoolBuildError> {
        let count = count.map_or(0, NonZeroUsize::get);
        Ok(Self(rayon::ThreadPoolBuilder::new().num_threads(count).build()?))
    }
}

/// What `work` makes of each number below `count`, in the order of the numbers.
pub(super) fn on_threads<T: Send>(
    threads: &Threads,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    threads.0.install(|| (0..count).into_par_iter().with_max_len(1).map(&work).collect())
}
