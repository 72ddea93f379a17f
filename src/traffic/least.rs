//! Which endpoint has the least load, the lowest index on ties: a tournament of 16 at a time.

/// Children of a node as a power of two.
const WIDTH_BITS: u32 = 4;
const WIDTH: usize = 1 << WIDTH_BITS;
/// Key of a place that does not take part.
const ABSENT: u32 = u32::MAX;

/// A tournament over all endpoints. A key is the load and, in its low bits, the place within the
/// block of 16, so that the smallest key of a block names both.
#[derive(Clone, Debug)]
pub(super) struct Least {
    /// The first level has a key per endpoint; the last is a single block.
    levels: Vec<Vec<u32>>,
}

impl Least {
    pub(super) fn new() -> Self {
        Self { levels: vec![vec![ABSENT; WIDTH]] }
    }

    /// Lets the endpoint take part with this load, or go on with it.
    #[inline]
    pub(super) fn set(&mut self, index: u32, load: u32) {
        if index as usize >= self.levels[0].len() {
            self.make_room(index as usize);
        }
        self.put(index as usize, load);
    }

    /// Leaves the endpoint out.
    pub(super) fn remove(&mut self, index: u32) {
        if (index as usize) < self.levels[0].len() {
            self.put(index as usize, ABSENT >> WIDTH_BITS);
        }
    }

    /// The least loaded endpoint and its load.
    #[inline]
    pub(super) fn best(&self) -> Option<(u32, u32)> {
        let mut block = 0;
        let mut best = ABSENT;
        for level in self.levels.iter().rev() {
            best = least_of(level, block);
            block = block * WIDTH + (best as usize & (WIDTH - 1));
        }
        (best >> WIDTH_BITS != ABSENT >> WIDTH_BITS).then_some((block as u32, best >> WIDTH_BITS))
    }

    fn put(&mut self, mut index: usize, load: u32) {
        let mut load = load;
        let top = self.levels.len() - 1;
        for height in 0..=top {
            let level = &mut self.levels[height];
            level[index] = key(load, index);
            if height == top {
                return;
            }
            index /= WIDTH;
            load = least_of(level, index) >> WIDTH_BITS;
            if self.levels[height + 1][index] == key(load, index) {
                return;
            }
        }
    }

    fn make_room(&mut self, index: usize) {
        let mut keys = std::mem::take(&mut self.levels[0]);
        let size = (index + 1).next_power_of_two().max(WIDTH);
        let first = keys.len();
        keys.extend((first..size).map(|place| key(ABSENT >> WIDTH_BITS, place)));
        self.levels = vec![keys];
        while let Some(below) = self.levels.last().filter(|level| level.len() > WIDTH) {
            let blocks = below.len() / WIDTH;
            let above = (0..blocks.next_multiple_of(WIDTH)).map(|block| {
                let load = if block < blocks { least_of(below, block) } else { ABSENT };
                key(load >> WIDTH_BITS, block)
            });
            self.levels.push(above.collect());
        }
    }
}

#[inline]
const fn key(load: u32, index: usize) -> u32 {
    load << WIDTH_BITS | (index & (WIDTH - 1)) as u32
}

/// The smallest key of a block.
#[inline]
fn least_of(level: &[u32], block: usize) -> u32 {
    let keys = &level[block * WIDTH..(block + 1) * WIDTH];
    keys.iter().fold(ABSENT, |least, &key| least.min(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_agrees_with_a_scan(
            steps in prop::collection::vec((0u32..600, prop::option::of(0u32..5)), 1..300),
        ) {
            let (mut least, mut loads) = (Least::new(), BTreeMap::new());
            prop_assert_eq!(least.best(), None);
            for (index, load) in steps {
                match load {
                    Some(load) => {
                        least.set(index, load);
                        loads.insert(index, load);
                    }
                    None => {
                        least.remove(index);
                        loads.remove(&index);
                    }
                }
                let scanned = loads.iter().map(|(&index, &load)| (load, index)).min();
                prop_assert_eq!(least.best(), scanned.map(|(load, index)| (index, load)));
            }
        }
    }
}
