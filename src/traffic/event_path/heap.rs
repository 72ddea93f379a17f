//! Pending completions: a heap of four children a node, ordered by time alone.

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

/// A heap of completions, the earliest first. The order at one instant is arbitrary but fixed.
#[derive(Clone, Debug, Default)]
pub(super) struct Completions {
    nodes: Vec<Due>,
}

const CHILDREN: usize = 4;

impl Completions {
    /// The first completion.
    #[inline]
    pub(super) fn first(&self) -> Option<Due> {
        self.nodes.first().copied()
    }

    #[inline]
    pub(super) fn push(&mut self, due: Due) {
        let mut hole = self.nodes.len();
        self.nodes.push(due);
        while hole > 0 {
            let parent = (hole - 1) / CHILDREN;
            if self.nodes[parent].at <= due.at {
                break;
            }
            self.nodes[hole] = self.nodes[parent];
            hole = parent;
        }
        self.nodes[hole] = due;
    }

    /// Removes the first completion.
    #[inline]
    pub(super) fn pop(&mut self) {
        if let Some(last) = self.nodes.pop()
            && !self.nodes.is_empty()
        {
            self.sink(last);
        }
    }

    /// Puts another completion in the place of the first.
    #[inline]
    pub(super) fn replace_first(&mut self, due: Due) {
        if self.nodes.is_empty() {
            self.nodes.push(due);
        } else {
            self.sink(due);
        }
    }

    /// Finds the place of `due` from the root down.
    #[inline]
    fn sink(&mut self, due: Due) {
        let nodes = &mut self.nodes[..];
        let mut hole = 0;
        loop {
            let first = hole * CHILDREN + 1;
            let least = match nodes.get(first..first + CHILDREN) {
                Some(children) => first + least_of_four(children),
                None => match nodes.get(first..) {
                    Some(children) if !children.is_empty() => first + least_of(children),
                    _ => break,
                },
            };
            if nodes[least].at >= due.at {
                break;
            }
            nodes[hole] = nodes[least];
            hole = least;
        }
        nodes[hole] = due;
    }
}

/// Position of the earliest of four, without branches: which one it is cannot be predicted.
#[inline]
fn least_of_four(children: &[Due]) -> usize {
    use std::hint::select_unpredictable as select;
    let at = |index: usize| children[index].at;
    let left = usize::from(at(1) < at(0));
    let right = 2 + usize::from(at(3) < at(2));
    let (left_at, right_at) = (select(left == 1, at(1), at(0)), select(right == 3, at(3), at(2)));
    select(right_at < left_at, right, left)
}

fn least_of(children: &[Due]) -> usize {
    let mut least = 0;
    for index in 1..children.len() {
        if children[index].at < children[least].at {
            least = index;
        }
    }
    least
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
            let (mut heap, mut oracle) = (Completions::default(), BinaryHeap::new());
            for (step, at) in steps {
                let due = Due { at, attempt: 0, run: 0 };
                match step {
                    0 => {
                        heap.pop();
                        oracle.pop();
                    }
                    1 => {
                        heap.replace_first(due);
                        oracle.pop();
                        oracle.push(Reverse(at));
                    }
                    _ => {
                        heap.push(due);
                        oracle.push(Reverse(at));
                    }
                }
                let first = oracle.peek().map(|&Reverse(at)| at);
                prop_assert_eq!(heap.first().map(|due| due.at), first);
            }
        }
    }
}
