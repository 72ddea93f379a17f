//! Which endpoint has the least load, the lowest index on ties: a tournament of 16 at a time.

/// Children of a node as a power of two.
const WIDTH_BITS: u32 = 4;
const WIDTH: usize = 1 << WIDTH_BITS;
/// The load of a place that does not take part.
const ABSENT: u32 = (i32::MAX >> WIDTH_BITS) as u32;

/// Keys of 16 places. A key is the load and, in its low bits, the place, so that the smallest key
/// names both. They are signed because that is what processors compare many at a time.
type Block = [i32; WIDTH];

/// A tournament over all endpoints.
#[derive(Clone, Debug)]
pub(super) struct Least {
    /// The first level has a key per endpoint; the last is a single block.
    levels: Vec<Vec<Block>>,
}

impl Least {
    pub(super) fn new() -> Self {
        Self { levels: vec![vec![absent_block()]] }
    }

    /// Lets the endpoint take part with this load, or go on with it.
    #[inline]
    pub(super) fn set(&mut self, index: u32, load: u32) {
        let index = index as usize;
        if index / WIDTH >= self.levels[0].len() {
            self.make_room(index);
        }
        self.put(index, load.min(ABSENT - 1));
    }

    /// Leaves the endpoint out.
    pub(super) fn remove(&mut self, index: u32) {
        if index as usize / WIDTH < self.levels[0].len() {
            self.put(index as usize, ABSENT);
        }
    }

    /// The least loaded endpoint and its load.
    #[inline]
    pub(super) fn best(&self) -> Option<(u32, u32)> {
        let mut index = 0;
        let mut load = ABSENT;
        for level in self.levels.iter().rev() {
            let least = least_of(&level[index]);
            index = index * WIDTH + (least as usize & (WIDTH - 1));
            load = load_of(least);
        }
        (load != ABSENT).then_some((index as u32, load))
    }

    #[inline]
    fn put(&mut self, mut index: usize, mut load: u32) {
        let mut levels = self.levels.iter_mut();
        let Some(level) = levels.next() else { return };
        let mut block = &mut level[index / WIDTH];
        block[index % WIDTH] = key(load, index);
        for level in levels {
            index /= WIDTH;
            load = load_of(least_of(block));
            block = &mut level[index / WIDTH];
            let old = std::mem::replace(&mut block[index % WIDTH], key(load, index));
            if old == key(load, index) {
                return;
            }
        }
    }

    #[cold]
    fn make_room(&mut self, index: usize) {
        let mut blocks = std::mem::take(&mut self.levels[0]);
        blocks.resize((index / WIDTH + 1).next_power_of_two(), absent_block());
        self.levels = vec![blocks];
        while let Some(below) = self.levels.last().filter(|level| level.len() > 1) {
            let mut above = vec![absent_block(); below.len().div_ceil(WIDTH)];
            for (index, block) in below.iter().enumerate() {
                above[index / WIDTH][index % WIDTH] = key(load_of(least_of(block)), index);
            }
            self.levels.push(above);
        }
    }
}

const fn absent_block() -> Block {
    let mut block = [0; WIDTH];
    let mut place = 0;
    while place < WIDTH {
        block[place] = key(ABSENT, place);
        place += 1;
    }
    block
}

#[inline(always)]
const fn key(load: u32, index: usize) -> i32 {
    (load << WIDTH_BITS | (index % WIDTH) as u32) as i32
}

#[inline(always)]
const fn load_of(key: i32) -> u32 {
    (key >> WIDTH_BITS) as u32
}

/// The smallest key of a block, halving it until one is left.
#[inline(always)]
fn least_of(block: &Block) -> i32 {
    let mut keys = *block;
    let mut half = WIDTH / 2;
    while half > 0 {
        for place in 0..half {
            keys[place] = keys[place].min(keys[place + half]);
        }
        half /= 2;
    }
    keys[0]
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
