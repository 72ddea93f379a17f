//! When the slots of an endpoint are free.
//!
//! Which slot is free first cannot be predicted, so nothing here branches on it: up to eight slots
//! are scanned, more play a tournament.

use std::hint::select_unpredictable as select;

/// So many slots are scanned.
const FEW: usize = 8;
/// Bits of a key that name the slot; the rest is the moment it is free.
const SLOT_BITS: u32 = 3;
/// A slot is free by then or never.
const NEVER: u64 = u64::MAX >> SLOT_BITS;

/// A slot and when it is free of all that was taken so far.
#[derive(Clone, Copy, Debug)]
struct Entrant {
    free: u64,
    slot: u32,
}

/// The slots of an endpoint, as many as were ever needed at once (rounded up).
#[derive(Clone, Debug)]
pub(super) struct Slots {
    /// How many there are.
    limit: u32,
    /// Keys of the slots there are while few are enough, so that the smallest names its slot.
    few: [u64; FEW],
    /// Empty as long as few are enough. Else a tournament of losers over a power of two of slots:
    /// the winner first, then at position `i` who lost the match between `2 i` and `2 i + 1`,
    /// slot `s` entering at the length plus `s`. Every slot is in it once.
    many: Vec<Entrant>,
}

/// The slot that is free first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct First {
    slot: u32,
    /// When it is free, ns.
    pub(super) free: u64,
}

impl Slots {
    pub(super) fn new(limit: u32) -> Self {
        let free = |slot: usize| if slot < limit as usize { 0 } else { NEVER };
        let few = std::array::from_fn(|slot| key(free(slot), slot));
        Self { limit, few, many: Vec::new() }
    }

    /// How many there are.
    #[inline(always)]
    pub(super) const fn limit(&self) -> u32 {
        self.limit
    }

    /// The slot that is free first.
    #[inline(always)]
    pub(super) fn first(&self, now: u64) -> First {
        if self.limit as usize <= FEW { first_of_few(&self.few) } else { self.first_of_many(now) }
    }

    #[inline]
    fn first_of_many(&self, now: u64) -> First {
        let first = match self.many.first() {
            None => first_of_few(&self.few),
            Some(winner) => First { slot: winner.slot, free: winner.free },
        };
        let needed = self.many.len().max(FEW) as u32;
        if first.free > now && self.limit > needed {
            // One that was never needed so far.
            return First { slot: needed, free: 0 };
        }
        first
    }

    /// Occupies the slot that [`Slots::first`] gave until `end`.
    #[inline(always)]
    pub(super) fn occupy(&mut self, first: First, end: u64) {
        if self.limit as usize <= FEW {
            let slot = first.slot as usize & (FEW - 1);
            self.few[slot] = key(end, slot);
        } else {
            self.occupy_of_many(first, end);
        }
    }

    #[inline]
    fn occupy_of_many(&mut self, first: First, end: u64) {
        let slot = first.slot as usize;
        if slot >= self.many.len().max(FEW) {
            self.grow();
        } else if self.many.is_empty() {
            self.few[slot] = key(end, slot);
            return;
        }
        self.play(first.slot, end);
    }

    /// How many are occupied at `now`.
    #[inline(always)]
    pub(super) fn busy(&self, now: u64) -> u32 {
        if self.many.is_empty() {
            let missing = FEW as u32 - self.limit.min(FEW as u32);
            // The largest key of a slot that is free by now.
            let now = key(now, FEW - 1);
            return self.few.iter().map(|&key| u32::from(key > now)).sum::<u32>() - missing;
        }
        let missing = self.many.len() as u32 - self.limit.min(self.many.len() as u32);
        self.many.iter().map(|entrant| u32::from(entrant.free > now)).sum::<u32>() - missing
    }

    /// When the last is free.
    pub(super) fn last_free(&self) -> u64 {
        let few = self.few.iter().take(self.limit as usize).map(|&key| moment(key));
        let many = self.many.iter().filter(|entrant| entrant.slot < self.limit);
        let last = if self.many.is_empty() { few.max() } else { many.map(|one| one.free).max() };
        last.unwrap_or(0)
    }

    /// The winner, slot `slot`, enters again with another moment.
    #[inline(always)]
    fn play(&mut self, slot: u32, free: u64) {
        let many = &mut self.many[..];
        let mut winner = Entrant { free, slot };
        let mut place = (many.len() + slot as usize) / 2;
        while place > 0 {
            let Some(other) = many.get_mut(place) else { return };
            let is_beaten = other.free < winner.free;
            let loser = Entrant {
                free: select(is_beaten, winner.free, other.free),
                slot: select(is_beaten, winner.slot, other.slot),
            };
            winner = Entrant {
                free: select(is_beaten, other.free, winner.free),
                slot: select(is_beaten, other.slot, winner.slot),
            };
            *other = loser;
            place /= 2;
        }
        many[0] = winner;
    }

    /// Doubles the number of slots. The first of the new ones wins, being free since ever.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let mut free: Vec<u64> = self.few.iter().map(|&key| moment(key)).collect();
        free.resize(self.many.len().max(FEW), 0);
        for entrant in &self.many {
            free[entrant.slot as usize] = entrant.free;
        }
        let count = 2 * free.len();
        let (first_new, limit) = (free.len(), self.limit as usize);
        free.extend((first_new..count).map(|s| if s < limit { 0 } else { NEVER }));
        // Winners of the matches, from the leaves to the root; ties go to the later slot, so that
        // the first new one, which comes before the rest of its kind, is found by index below.
        let entrant = |slot: usize| Entrant { free: free[slot], slot: slot as u32 };
        let mut winners: Vec<Entrant> = (0..count).map(|_| entrant(0)).collect();
        winners.extend((0..count).map(entrant));
        self.many = winners[..count].to_vec();
        for place in (1..count).rev() {
            let (left, right) = (winners[2 * place], winners[2 * place + 1]);
            let key = |one: Entrant| (one.free, one.slot != first_new as u32, one.slot);
            let is_left = key(left) < key(right);
            winners[place] = if is_left { left } else { right };
            self.many[place] = if is_left { right } else { left };
        }
        self.many[0] = winners[1];
    }
}

/// The first free of few: three rounds of matches.
#[inline(always)]
fn first_of_few(few: &[u64; FEW]) -> First {
    let earlier = |one: u64, other: u64| select(other < one, other, one);
    let quarter = |slot: usize| earlier(few[slot], few[slot + 1]);
    let first = earlier(earlier(quarter(0), quarter(2)), earlier(quarter(4), quarter(6)));
    First { slot: (first as usize & (FEW - 1)) as u32, free: moment(first) }
}

#[inline(always)]
const fn key(free: u64, slot: usize) -> u64 {
    (if free < NEVER { free } else { NEVER }) << SLOT_BITS | slot as u64
}

#[inline(always)]
const fn moment(key: u64) -> u64 {
    key >> SLOT_BITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_agree_with_a_plain_list(
            limit in 1u32..70,
            services in prop::collection::vec((0u64..20, 0u64..300), 1..400),
        ) {
            let mut slots = Slots::new(limit);
            let mut list = vec![0u64; limit as usize];
            let mut now = 0;
            for (gap, service) in services {
                now += gap;
                let busy = list.iter().filter(|&&free| free > now).count();
                prop_assert_eq!(slots.busy(now), busy as u32);
                let first = slots.first(now);
                let (index, &free) =
                    list.iter().enumerate().min_by_key(|&(_, &free)| free).expect("not empty");
                prop_assert_eq!(first.free.max(now), free.max(now));
                let end = free.max(now) + service;
                list[index] = end;
                slots.occupy(first, end);
                let last = list.iter().max().copied();
                prop_assert_eq!(Some(slots.last_free().max(now)), last.max(Some(now)));
            }
        }
    }
}
