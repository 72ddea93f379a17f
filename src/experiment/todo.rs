//! What is still to be done of one variant.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Part;

/// A variant of which some replications are not there yet.
pub(super) struct Open {
    /// Those that are; none while a thread adds to it.
    pub(super) part: Option<Part>,
    pub(super) todo: Todo,
    pub(super) running: usize,
}

/// The replications of a variant that are still to be taken.
pub(super) struct Todo {
    pub(super) range: Range<u32>,
    /// Those in the range that are there already.
    known: BTreeSet<u32>,
}

impl Todo {
    pub(super) fn new(range: Range<u32>, known: &Part) -> Self {
        let mut todo = Self { known: known.runs().keys().copied().collect(), range };
        todo.pass_known();
        todo
    }

    fn pass_known(&mut self) {
        while !self.range.is_empty() && self.known.remove(&self.range.start) {
            self.range.start += 1;
        }
    }

    /// The next of them.
    pub(super) fn take(&mut self) -> Option<u32> {
        let replication = self.range.next();
        self.pass_known();
        replication
    }
}
