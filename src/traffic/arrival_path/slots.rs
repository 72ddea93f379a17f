//! When the slots of an endpoint are free.

/// The moments at which slots are free of all that was taken so far, as a heap of four children a
/// node, the earliest first. Only slots that were needed so far are in it.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    free: Vec<u64>,
}

const CHILDREN: usize = 4;

impl Slots {
    pub(super) const fn new() -> Self {
        Self { free: Vec::new() }
    }

    /// When the first of `count` slots is free; zero if one was never needed.
    #[inline]
    pub(super) fn first_free(&self, count: usize) -> u64 {
        match self.free.first() {
            Some(&first) if self.free.len() == count => first,
            _ => 0,
        }
    }

    /// Occupies the first of `count` slots until `end`.
    #[inline]
    pub(super) fn occupy(&mut self, end: u64, count: usize, now: u64) {
        match self.free.first() {
            Some(&first) if first <= now || self.free.len() == count => self.sink(end),
            _ => self.rise(end),
        }
    }

    /// How many are occupied at `now`.
    #[inline]
    pub(super) fn busy(&self, now: u64) -> usize {
        // The top bit of the difference, both being below 2⁶³ but for "never".
        self.free.iter().map(|&free| usize::from(free > now)).sum()
    }

    /// When the last is free.
    pub(super) fn last_free(&self) -> u64 {
        self.free.iter().copied().max().unwrap_or(0)
    }

    /// Puts `end` in the place of the first.
    #[inline]
    fn sink(&mut self, end: u64) {
        let free = &mut self.free[..];
        let mut hole = 0;
        loop {
            let first = hole * CHILDREN + 1;
            let least = match free.get(first..first + CHILDREN) {
                Some(children) => first + least_of_four(children),
                None => match free.get(first..) {
                    Some(children) if !children.is_empty() => first + least_of(children),
                    _ => break,
                },
            };
            if free[least] >= end {
                break;
            }
            free[hole] = free[least];
            hole = least;
        }
        free[hole] = end;
    }

    /// Adds a slot.
    fn rise(&mut self, end: u64) {
        let mut hole = self.free.len();
        self.free.push(end);
        while hole > 0 {
            let parent = (hole - 1) / CHILDREN;
            if self.free[parent] <= end {
                break;
            }
            self.free[hole] = self.free[parent];
            hole = parent;
        }
        self.free[hole] = end;
    }
}

/// Position of the earliest of four, without branches: which one it is cannot be predicted.
#[inline]
fn least_of_four(free: &[u64]) -> usize {
    use std::hint::select_unpredictable as select;
    let left = usize::from(free[1] < free[0]);
    let right = 2 + usize::from(free[3] < free[2]);
    select(free[right] < free[left], right, left)
}

fn least_of(free: &[u64]) -> usize {
    let mut least = 0;
    for index in 1..free.len() {
        if free[index] < free[least] {
            least = index;
        }
    }
    least
}
