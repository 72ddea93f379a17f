//! Pending completions: a heap of four children a node, ordered by time alone.

use std::hint::select_unpredictable as select;

/// A pending completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// When, ns.
    pub(super) at: u64,
    /// Position of the attempt.
    pub(super) attempt: u32,
    /// Which service of that position is meant; another number there means that the service was
    /// cut, and the entry is stale.
    pub(super) run: u32,
}

/// Nothing is due here.
const NOTHING: Due = Due { at: u64::MAX, attempt: u32::MAX, run: 0 };
const CHILDREN: usize = 4;
/// The first node. With it here, the children of node `i` are the four of group `i - 2`.
const ROOT: usize = CHILDREN - 1;

/// A heap of completions, the earliest first. The order at one instant is arbitrary but fixed.
///
/// Nodes are stored in fours that share a parent, so that the children of a node lie side by side
/// and all exist: those that hold nothing are due at the end of time.
#[derive(Clone, Debug)]
pub(super) struct Completions {
    groups: Vec<[Due; CHILDREN]>,
    /// One after the last node.
    end: usize,
}

impl Completions {
    pub(super) fn new() -> Self {
        Self { groups: vec![[NOTHING; CHILDREN]], end: ROOT }
    }

    /// The first completion; one at the end of time if there is none.
    #[inline(always)]
    pub(super) fn first(&self) -> Due {
        self.groups[0][ROOT]
    }

    #[inline(always)]
    pub(super) fn push(&mut self, due: Due) {
        let mut hole = self.end;
        if hole / CHILDREN == self.groups.len() {
            self.groups.push([NOTHING; CHILDREN]);
        }
        self.end += 1;
        let groups = &mut self.groups[..];
        while hole > ROOT {
            let parent = hole / CHILDREN + 2;
            let above = *node(groups, parent);
            if above.at <= due.at {
                break;
            }
            *node(groups, hole) = above;
            hole = parent;
        }
        *node(groups, hole) = due;
    }

    /// Removes the first completion.
    #[inline(always)]
    pub(super) fn pop(&mut self) {
        if self.end > ROOT {
            self.end -= 1;
            let last = std::mem::replace(node(&mut self.groups, self.end), NOTHING);
            if self.end > ROOT {
                self.replace_first(last);
            }
        }
    }

    /// Puts another completion in the place of the first, which there must be.
    #[inline(always)]
    pub(super) fn replace_first(&mut self, due: Due) {
        let groups = &mut self.groups[..];
        let mut hole = ROOT;
        while let Some(children) = groups.get(hole - 2) {
            let (place, least) = least_of(children);
            if least.at >= due.at {
                break;
            }
            let below = (hole - 2) * CHILDREN + place;
            *node(groups, hole) = least;
            hole = below;
        }
        *node(groups, hole) = due;
    }
}

#[inline(always)]
fn node(groups: &mut [[Due; CHILDREN]], index: usize) -> &mut Due {
    &mut groups[index / CHILDREN][index % CHILDREN]
}

/// The earliest of four and its place, without branches: which one it is cannot be predicted.
#[inline(always)]
fn least_of(group: &[Due; CHILDREN]) -> (usize, Due) {
    let left = usize::from(group[1].at < group[0].at);
    let right = 2 + usize::from(group[3].at < group[2].at);
    let place = select(group[right].at < group[left].at, right, left);
    (place, group[place])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    proptest! {
        #[test]
        fn it_agrees_with_the_standard_heap(
            steps in prop::collection::vec((0u8..4, 0u64..50), 1..400),
        ) {
            let (mut heap, mut oracle) = (Completions::new(), BinaryHeap::new());
            for (step, at) in steps {
                let due = Due { at, attempt: 0, run: 0 };
                match step {
                    0 => {
                        heap.pop();
                        oracle.pop();
                    }
                    1 if !oracle.is_empty() => {
                        heap.replace_first(due);
                        oracle.pop();
                        oracle.push(Reverse(at));
                    }
                    _ => {
                        heap.push(due);
                        oracle.push(Reverse(at));
                    }
                }
                let first = oracle.peek().map_or(u64::MAX, |&Reverse(at)| at);
                prop_assert_eq!(heap.first().at, first);
            }
        }
    }
}
