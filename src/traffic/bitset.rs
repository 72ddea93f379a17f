//! A set of small numbers that finds the next member after any number in a few steps, however
//! large and thin it is.

const BITS: u32 = u64::BITS;

/// Words of members, and above them words that say which words below are not empty.
#[derive(Clone, Debug)]
pub(super) struct BitSet {
    /// The first level holds the members; the last is a single word.
    levels: Vec<Vec<u64>>,
}

impl BitSet {
    pub(super) fn new() -> Self {
        Self { levels: vec![vec![0]] }
    }

    pub(super) fn insert(&mut self, member: u32) {
        self.make_room(member);
        let mut index = member;
        for level in &mut self.levels {
            let word = &mut level[(index / BITS) as usize];
            let was_empty = *word == 0;
            *word |= 1 << (index % BITS);
            if !was_empty {
                return;
            }
            index /= BITS;
        }
    }

    pub(super) fn remove(&mut self, member: u32) {
        let mut index = member;
        for level in &mut self.levels {
            let Some(word) = level.get_mut((index / BITS) as usize) else { return };
            *word &= !(1 << (index % BITS));
            if *word != 0 {
                return;
            }
            index /= BITS;
        }
    }

    /// The smallest member that is at least `from`; else the smallest of all; none if empty.
    #[inline]
    pub(super) fn next_in_turn(&self, from: u32) -> Option<u32> {
        self.at_least(from).or_else(|| self.at_least(0))
    }

    /// The smallest member that is at least `from`.
    #[inline]
    pub(super) fn at_least(&self, from: u32) -> Option<u32> {
        let mut index = from;
        for (height, level) in self.levels.iter().enumerate() {
            let word = *level.get((index / BITS) as usize)?;
            let rest = word & (u64::MAX << (index % BITS));
            if rest != 0 {
                let found = (index / BITS) * BITS + rest.trailing_zeros();
                return Some(self.first_below(height, found));
            }
            index = index / BITS + 1;
        }
        None
    }

    /// The smallest member under bit `index` of the level at `height`.
    fn first_below(&self, height: usize, mut index: u32) -> u32 {
        for level in self.levels[..height].iter().rev() {
            index = index * BITS + level[index as usize].trailing_zeros();
        }
        index
    }

    fn make_room(&mut self, member: u32) {
        if ((member / BITS) as usize) < self.levels[0].len() {
            return;
        }
        let mut members = std::mem::take(&mut self.levels[0]);
        members.resize(((member / BITS) as usize + 1).next_power_of_two(), 0);
        self.levels = vec![members];
        while let Some(below) = self.levels.last().filter(|level| level.len() > 1) {
            let mut above = vec![0; below.len().div_ceil(BITS as usize)];
            for (index, _) in below.iter().enumerate().filter(|&(_, &word)| word != 0) {
                above[index / BITS as usize] |= 1 << (index % BITS as usize);
            }
            self.levels.push(above);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_agrees_with_an_ordered_set(
            steps in prop::collection::vec((any::<bool>(), 0u32..9000, 0u32..9100), 1..200),
        ) {
            let (mut bits, mut set) = (BitSet::new(), BTreeSet::new());
            for (is_in, member, from) in steps {
                if is_in {
                    bits.insert(member);
                    set.insert(member);
                } else {
                    bits.remove(member);
                    set.remove(&member);
                }
                prop_assert_eq!(bits.at_least(from), set.range(from..).next().copied());
                let turn = set.range(from..).next().or_else(|| set.first()).copied();
                prop_assert_eq!(bits.next_in_turn(from), turn);
            }
        }
    }
}
