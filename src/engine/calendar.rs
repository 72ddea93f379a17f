//! Pending events ordered by (time, rank, sequence number), in a 4-ary heap, and beside it a queue
//! for those that are scheduled in the order in which they are due.
//!
//! Nothing is ever removed early: an event that no longer applies carries a token that its owner
//! has moved on from.

use std::collections::VecDeque;
use std::hint::select_unpredictable;

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
    /// What people do.
    Operator,
    /// Looks of gates.
    Gate,
    /// Wake-ups and deadlines of strategies.
    Strategy,
}

/// Pending events of type `E`.
///
/// The heap holds numbers only: time, rank, sequence number and where the event itself is, from
/// the highest bits to the lowest. The place taken by the last [`Calendar::pop`] is kept open,
/// since most events bring another: it is then put there without moving anything else first.
#[derive(Clone, Debug)]
pub struct Calendar<E> {
    heap: Vec<u128>,
    is_root_open: bool,
    events: Vec<E>,
    /// Places in `events` that are free.
    free: Vec<u32>,
    /// Events in order, and where each stands among all.
    queue: VecDeque<(u128, E)>,
    /// The key of the next event and where it is, if that is known.
    first: (u128, Source),
    is_first_known: bool,
    sequence: u64,
}

const ARITY: usize = 4;
const PLACE_BITS: u32 = 24;
const SEQUENCE_BITS: u32 = 37;
const RANK_SHIFT: u32 = PLACE_BITS + SEQUENCE_BITS;
const TIME_SHIFT: u32 = 64;

/// Later than any event.
const NONE: u128 = u128::MAX;

/// Where an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Heap,
    Queue,
}

impl<E: Copy> Calendar<E> {
    /// A calendar without events.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            heap: Vec::new(),
            is_root_open: false,
            events: Vec::new(),
            free: Vec::new(),
            queue: VecDeque::new(),
            first: (NONE, Source::Heap),
            is_first_known: true,
            sequence: 0,
        }
    }

    /// Adds an event. Events of equal time and rank are popped in the order they were scheduled.
    ///
    /// # Panics
    /// With more than 2^24 events pending, which no fleet that a scenario may have comes near, or
    /// after 2^37, which takes days.
    pub fn schedule(&mut self, time: SimTime, rank: Rank, event: E) {
        let key = self.next_key(time, rank);
        self.put_in_heap(key, event);
    }

    /// Adds an event of a kind that mostly is due in the order in which it is scheduled, such as
    /// all that wait equally long: that takes a few steps, however many events are pending.
    ///
    /// # Panics
    /// As [`Calendar::schedule`].
    pub fn schedule_in_turn(&mut self, time: SimTime, rank: Rank, event: E) {
        let key = self.next_key(time, rank);
        if self.queue.back().is_some_and(|&(last, _)| key < last) {
            return self.put_in_heap(key, event);
        }
        self.note(key, Source::Queue);
        self.queue.push_back((key, event));
    }

    /// An event has come that may be the next one.
    #[inline]
    fn note(&mut self, key: u128, source: Source) {
        if self.is_first_known && key < self.first.0 {
            self.first = (key, source);
        }
    }

    fn put_in_heap(&mut self, key: u128, event: E) {
        let place = self.put(event);
        assert!(place < 1 << PLACE_BITS);
        let key = key | u128::from(place);
        self.note(key, Source::Heap);
        if std::mem::take(&mut self.is_root_open) {
            self.sift_down(key);
        } else {
            self.heap.push(key);
            self.sift_up(key);
        }
    }

    /// Where an event stands among all that are scheduled at this time and later.
    fn next_key(&mut self, time: SimTime, rank: Rank) -> u128 {
        assert!(self.sequence < 1 << SEQUENCE_BITS);
        let tie = (rank as u64) << RANK_SHIFT | self.sequence << PLACE_BITS;
        self.sequence += 1;
        u128::from(time.as_nanos()) << TIME_SHIFT | u128::from(tie)
    }

    /// The key of the next event, [`NONE`] if nothing is pending, and where it is.
    #[inline]
    fn first(&mut self) -> (u128, Source) {
        if self.is_first_known {
            return self.first;
        }
        self.is_first_known = true;
        self.first = self.find_first();
        self.first
    }

    fn find_first(&self) -> (u128, Source) {
        let in_heap = match self.is_root_open {
            false => self.heap.first().copied(),
            true => self.least_below_root(),
        };
        let in_heap = in_heap.unwrap_or(NONE);
        match self.queue.front() {
            Some(&(key, _)) if key < in_heap => (key, Source::Queue),
            _ => (in_heap, Source::Heap),
        }
    }

    #[inline]
    fn least_below_root(&self) -> Option<u128> {
        let below = self.heap.get(1..)?;
        match below.first_chunk::<ARITY>() {
            Some(&[one, two, three, four]) => Some(one.min(two).min(three.min(four))),
            None => below.iter().copied().min(),
        }
    }

    /// When the next event is due.
    #[inline]
    #[must_use]
    pub fn next_time(&mut self) -> Option<SimTime> {
        let (key, _) = self.first();
        (key != NONE).then(|| time_of(key))
    }

    /// Takes the next event out.
    #[inline]
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let (_, source) = self.first();
        self.pop_from(source)
    }

    #[inline]
    fn pop_from(&mut self, source: Source) -> Option<(SimTime, E)> {
        self.is_first_known = false;
        if source == Source::Queue {
            return self.queue.pop_front().map(|(key, event)| (time_of(key), event));
        }
        self.close_root();
        let &key = self.heap.first()?;
        let place = (key & ((1 << PLACE_BITS) - 1)) as u32;
        self.is_root_open = true;
        self.free.push(place);
        Some((time_of(key), self.events[place as usize]))
    }

    /// Takes the next event out if it is due by `now`.
    #[inline]
    pub fn pop_due(&mut self, now: SimTime) -> Option<E> {
        let (key, source) = self.first();
        if key == NONE || time_of(key) > now {
            return None;
        }
        self.pop_from(source).map(|(_, event)| event)
    }

    /// How many events are pending, stale ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len() - self.is_root_open as usize + self.queue.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts an event where there is room, and tells where.
    fn put(&mut self, event: E) -> u32 {
        if let Some(place) = self.free.pop() {
            self.events[place as usize] = event;
            return place;
        }
        self.events.push(event);
        (self.events.len() - 1) as u32
    }

    /// Nothing came to the open place: the last key goes there.
    #[inline]
    fn close_root(&mut self) {
        if std::mem::take(&mut self.is_root_open)
            && let Some(last) = self.heap.pop()
            && !self.heap.is_empty()
        {
            self.sift_down(last);
        }
    }

    fn sift_up(&mut self, key: u128) {
        let heap = &mut self.heap[..];
        let mut hole = heap.len() - 1;
        while hole > 0 {
            let parent = (hole - 1) / ARITY;
            if heap[parent] <= key {
                break;
            }
            heap[hole] = heap[parent];
            hole = parent;
        }
        heap[hole] = key;
    }

    /// Puts a key in from the root. Which of four children is the least cannot be predicted, so
    /// it is found without a branch.
    fn sift_down(&mut self, key: u128) {
        let heap = &mut self.heap[..];
        let mut hole = 0;
        loop {
            let first = ARITY * hole + 1;
            let mut least = first;
            if let Some(four) = heap.get(first..first + ARITY) {
                let left = usize::from(four[1] < four[0]);
                let right = 2 + usize::from(four[3] < four[2]);
                least += select_unpredictable(four[right] < four[left], right, left);
            } else {
                for child in first..heap.len() {
                    least = if heap[child] < heap[least] { child } else { least };
                }
            }
            if least >= heap.len() || heap[least] >= key {
                break;
            }
            heap[hole] = heap[least];
            hole = least;
        }
        heap[hole] = key;
    }
}

const fn time_of(key: u128) -> SimTime {
    SimTime::from_nanos((key >> TIME_SHIFT) as u64)
}

impl<E: Copy> Default for Calendar<E> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const RANKS: [Rank; 7] = [
        Rank::Instance,
        Rank::Probe,
        Rank::Balancer,
        Rank::Fault,
        Rank::Operator,
        Rank::Gate,
        Rank::Strategy,
    ];

    proptest! {
        #[test]
        fn pops_by_time_then_rank_then_order_of_scheduling(
            steps in prop::collection::vec(
                prop::option::of((0u64..20, 0..RANKS.len(), any::<bool>())), 0..200,
            )
        ) {
            let mut calendar = Calendar::new();
            let mut twin = BTreeSet::new();
            let mut check = |step: Option<(u64, usize, bool)>, number: usize| {
                if let Some((time, rank, is_in_turn)) = step {
                    let (at, in_rank) = (SimTime::from_nanos(time), RANKS[rank]);
                    if is_in_turn {
                        calendar.schedule_in_turn(at, in_rank, number);
                    } else {
                        calendar.schedule(at, in_rank, number);
                    }
                    twin.insert((time, rank, number));
                    return (None, None, true);
                }
                let next = calendar.next_time().map(SimTime::as_nanos);
                let is_right = next == twin.first().map(|first| first.0);
                let popped = calendar.pop().map(|(time, number)| (time.as_nanos(), number));
                let expected = twin.pop_first().map(|(time, _, number)| (time, number));
                (popped, expected, is_right && calendar.len() == twin.len())
            };
            // What is left in the end is taken out too.
            let rest = std::iter::repeat_n(None, steps.len());
            for (number, step) in steps.iter().copied().chain(rest).enumerate() {
                let (popped, expected, is_right) = check(step, number);
                prop_assert_eq!(popped, expected);
                prop_assert!(is_right);
            }
        }
    }
}
