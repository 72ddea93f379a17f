//! Which part of an experiment is whose, when several machines share it.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of several equal parts of the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// Which, from 1.
    index: u32,
    /// Of how many, >= `index`.
    of: u32,
}

impl Shard {
    /// Most shards of an experiment.
    pub const MOST: u32 = 100_000;

    /// Which, from 1.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// Of how many.
    #[must_use]
    pub const fn of(self) -> u32 {
        self.of
    }

    /// Its cells of `cells`: a run of neighbours. Those of all shards are all cells, each once.
    #[must_use]
    pub fn share(self, cells: usize) -> Range<usize> {
        let edge = |shards: u32| {
            let edge = cells as u128 * u128::from(shards) / u128::from(self.of);
            usize::try_from(edge).unwrap_or(cells)
        };
        edge(self.index - 1)..edge(self.index)
    }

    /// Whether the thing of this number, from 0, is its own, where things are dealt one by one.
    #[must_use]
    pub const fn is_dealt(self, number: usize) -> bool {
        number % self.of as usize == self.index as usize - 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// The text is not that of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a shard is `I/N`, from `1/N` to `N/N`, N being at most {}", Shard::MOST)]
pub struct NoShard;

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let (index, of) = text.split_once('/').ok_or(NoShard)?;
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| NoShard);
        let shard = Self { index: number(index)?, of: number(of)? };
        let is_one = shard.index >= 1 && shard.index <= shard.of && shard.of <= Self::MOST;
        is_one.then_some(shard).ok_or(NoShard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shards_together_are_the_whole() {
        for of in [1, 2, 3, 7, 80] {
            for cells in [0, 1, 6, 7, 80, 1001] {
                let shards: Vec<Shard> = (1..=of).map(|index| Shard { index, of }).collect();
                let all: Vec<usize> = shards.iter().flat_map(|one| one.share(cells)).collect();
                assert_eq!(all, (0..cells).collect::<Vec<_>>(), "{of} {cells}");
                let sizes = shards.iter().map(|one| one.share(cells).len());
                let (least, most) = (sizes.clone().min(), sizes.max());
                assert!(most <= least.map(|least| least + 1), "{of} {cells}");
                for number in 0..cells {
                    let own = shards.iter().filter(|one| one.is_dealt(number)).count();
                    assert_eq!(own, 1, "{of} {number}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_shard_is_refused() {
        assert_eq!("2/4".parse(), Ok(Shard { index: 2, of: 4 }));
        assert_eq!("4/4".parse::<Shard>().map(|shard| shard.to_string()), Ok("4/4".to_owned()));
        for text in ["", "2", "0/4", "5/4", "1/0", "-1/2", "1/2/3", "a/b", "1/100001"] {
            assert_eq!(text.parse::<Shard>(), Err(NoShard), "{text}");
        }
    }
}
