//! A set of instances by index: a bitmap of bitmaps, so that the lowest and the highest member of
//! a hundred thousand are found in three steps.

use crate::units::InstanceId;

const BITS: usize = 64;

/// A set of instance ids.
#[derive(Clone, Debug, Default)]
pub(super) struct IdSet {
    /// `levels[0]` has a bit for each id; each further level a bit for each word below.
    levels: Vec<Vec<u64>>,
    len: u32,
}

impl IdSet {
    /// The ids from 0 to below `len`.
    pub(super) fn all_below(len: u32) -> Self {
        let mut set = Self::default();
        if len == 0 {
            return set;
        }
        let mut members = len as usize;
        loop {
            let mut level = vec![u64::MAX; members.div_ceil(BITS)];
            if let (Some(last), rest @ 1..) = (level.last_mut(), members % BITS) {
                *last = (1 << rest) - 1;
            }
            members = level.len();
            set.levels.push(level);
            if members == 1 {
                break;
            }
        }
        set.len = len;
        set
    }

    pub(super) fn insert(&mut self, id: InstanceId) {
        if id.index() / BITS >= self.levels.first().map_or(0, Vec::len) {
            self.grow(id.index());
        }
        let mut index = id.index();
        for (height, level) in self.levels.iter_mut().enumerate() {
            let word = &mut level[index / BITS];
            let (before, bit) = (*word, 1 << (index % BITS));
            if height == 0 {
                self.len += u32::from(before & bit == 0);
            }
            *word = before | bit;
            // Where there was a member, the levels above know of the word.
            if before != 0 {
                return;
            }
            index /= BITS;
        }
    }

    pub(super) fn remove(&mut self, id: InstanceId) {
        let mut index = id.index();
        for (height, level) in self.levels.iter_mut().enumerate() {
            let Some(word) = level.get_mut(index / BITS) else { return };
            let bit = 1 << (index % BITS);
            if *word & bit == 0 {
                return;
            }
            if height == 0 {
                self.len -= 1;
            }
            *word &= !bit;
            if *word != 0 {
                return;
            }
            index /= BITS;
        }
    }

    #[cfg(test)]
    pub(super) const fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn first(&self) -> Option<InstanceId> {
        self.descend(u64::trailing_zeros)
    }

    pub(super) fn last(&self) -> Option<InstanceId> {
        self.descend(|word| 63 - word.leading_zeros())
    }

    /// Members from the lowest.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = InstanceId> + '_ {
        let words = self.levels.first().map_or(&[][..], Vec::as_slice);
        words.iter().enumerate().flat_map(|(number, &word)| {
            (0..BITS)
                .filter(move |bit| word >> bit & 1 == 1)
                .map(move |bit| InstanceId((number * BITS + bit) as u32))
        })
    }

    fn descend(&self, pick: impl Fn(u64) -> u32) -> Option<InstanceId> {
        if self.len == 0 {
            return None;
        }
        let mut index = 0;
        for level in self.levels.iter().rev() {
            index = index * BITS + pick(level[index]) as usize;
        }
        Some(InstanceId(index as u32))
    }

    fn grow(&mut self, index: usize) {
        let mut words = index / BITS + 1;
        let mut number = 0;
        loop {
            if self.levels.len() == number {
                let below = number.checked_sub(1).map(|below| &self.levels[below]);
                let level = below.map_or_else(Vec::new, |below| summary(below));
                self.levels.push(level);
            }
            let level = &mut self.levels[number];
            if level.len() < words {
                level.resize(words, 0);
            }
            words = level.len().div_ceil(BITS);
            number += 1;
            if self.levels[number - 1].len() == 1 && number == self.levels.len() {
                return;
            }
        }
    }
}

fn summary(below: &[u64]) -> Vec<u64> {
    below
        .chunks(BITS)
        .map(|chunk| {
            chunk.iter().enumerate().fold(0, |word, (bit, &low)| word | u64::from(low != 0) << bit)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_below_are_those_put_in_one_by_one() {
        for len in [0, 1, 63, 64, 65, 4_095, 4_096, 4_097, 300_000] {
            let mut twin = IdSet::default();
            (0..len).for_each(|number| twin.insert(InstanceId(number)));
            let all = IdSet::all_below(len);
            assert_eq!((all.levels, all.len), (twin.levels, twin.len), "{len}");
        }
    }

    proptest! {
        #[test]
        fn behaves_as_an_ordered_set(
            steps in prop::collection::vec((any::<bool>(), 0u32..300_000), 0..200)
        ) {
            let mut set = IdSet::default();
            let mut twin = BTreeSet::new();
            for (is_insert, number) in steps {
                let id = InstanceId(number);
                if is_insert {
                    set.insert(id);
                    twin.insert(id);
                } else {
                    set.remove(id);
                    twin.remove(&id);
                }
                prop_assert_eq!(set.first(), twin.first().copied());
                prop_assert_eq!(set.last(), twin.last().copied());
                prop_assert_eq!(set.len() as usize, twin.len());
            }
            prop_assert!(set.iter().eq(twin.iter().copied()));
        }
    }
}
