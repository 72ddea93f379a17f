//! Pending events ordered by (time, rank, sequence number), in a 4-ary heap.
//!
//! Nothing is ever removed early: an event that no longer applies carries a token that its owner
//! has moved on from.

use crate::units::SimTime;

/// What comes first among events of the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Life cycles of instances.
    Instance,
    /// Probe results.
    Probe,
    /// What the balancer learns.
    Balancer,
    /// Faults that begin and end.
    Fault,
    /// Wake-ups and deadlines of strategies.
    Strategy,
}

/// Time, then rank and sequence number packed into one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    time: SimTime,
    tie: u64,
}

/// Pending events of type `E`.
#[derive(Clone, Debug)]
pub struct Calendar<E> {
    heap: Vec<(Order, E)>,
    sequence: u64,
}

const ARITY: usize = 4;
const RANK_SHIFT: u32 = 56;

impl<E: Copy> Calendar<E> {
    /// A calendar without events.
    #[must_use]
    pub const fn new() -> Self {
        Self { heap: Vec::new(), sequence: 0 }
    }

    /// Adds an event. Events of equal time and rank are popped in the order they were scheduled.
    pub fn schedule(&mut self, time: SimTime, rank: Rank, event: E) {
        let order = Order { time, tie: (rank as u64) << RANK_SHIFT | self.sequence };
        self.sequence += 1;
        self.heap.push((order, event));
        self.sift_up(self.heap.len() - 1);
    }

    /// When the next event is due.
    #[must_use]
    pub fn next_time(&self) -> Option<SimTime> {
        self.heap.first().map(|(order, _)| order.time)
    }

    /// Takes the next event out.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let last = self.heap.pop()?;
        let Some(first) = self.heap.first_mut() else { return Some((last.0.time, last.1)) };
        let first = std::mem::replace(first, last);
        self.sift_down(0);
        Some((first.0.time, first.1))
    }

    /// How many events are pending, stale ones included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    fn sift_up(&mut self, mut child: usize) {
        let item = self.heap[child];
        while child > 0 {
            let parent = (child - 1) / ARITY;
            if self.heap[parent].0 <= item.0 {
                break;
            }
            self.heap[child] = self.heap[parent];
            child = parent;
        }
        self.heap[child] = item;
    }

    fn sift_down(&mut self, mut parent: usize) {
        let item = self.heap[parent];
        loop {
            let first = parent * ARITY + 1;
            if first >= self.heap.len() {
                break;
            }
            let end = (first + ARITY).min(self.heap.len());
            let mut least = first;
            for child in first + 1..end {
                if self.heap[child].0 < self.heap[least].0 {
                    least = child;
                }
            }
            if item.0 <= self.heap[least].0 {
                break;
            }
            self.heap[parent] = self.heap[least];
            parent = least;
        }
        self.heap[parent] = item;
    }
}

impl<E: Copy> Default for Calendar<E> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RANKS: [Rank; 5] =
        [Rank::Instance, Rank::Probe, Rank::Balancer, Rank::Fault, Rank::Strategy];

    proptest! {
        #[test]
        fn pops_by_time_then_rank_then_order_of_scheduling(
            events in prop::collection::vec((0u64..20, 0usize..5), 0..200)
        ) {
            let mut calendar = Calendar::new();
            for (number, &(time, rank)) in events.iter().enumerate() {
                calendar.schedule(SimTime::from_nanos(time), RANKS[rank], number);
            }
            let mut expected: Vec<(u64, usize, usize)> = events
                .iter()
                .enumerate()
                .map(|(number, &(time, rank))| (time, rank, number))
                .collect();
            expected.sort_unstable();
            let mut popped = Vec::new();
            while let Some((time, number)) = calendar.pop() {
                popped.push((time.as_nanos(), events[number].1, number));
            }
            prop_assert_eq!(popped, expected);
        }
    }
}
