//! When is a growing sample looked at, and how much error may each look make?

/// Fewer runs than this say little of their spread.
const FEWEST: u32 = 10;
/// What the last look may spend of the probability of error; the earlier ones share the rest.
const LAST: f64 = 0.5;

/// A moment at which a sample is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// How many runs there are by then.
    pub runs: u32,
    /// Its share of the probability of error; those of all looks add up to 1.
    pub share: f64,
}

/// Looks at a sample that doubles from `asked` runs (10 at least) to `most`.
pub(super) fn looks(asked: u32, most: u32) -> Vec<Look> {
    let mut sizes = vec![asked.max(FEWEST).min(most)];
    while let Some(&last) = sizes.last()
        && last < most
    {
        sizes.push(last.saturating_mul(2).min(most));
    }
    let earlier = (sizes.len() - 1) as f64;
    let count = sizes.len();
    let share = |index: usize| match index + 1 == count {
        true if count == 1 => 1.0,
        true => LAST,
        false => (1.0 - LAST) / earlier,
    };
    sizes.iter().enumerate().map(|(index, &runs)| Look { runs, share: share(index) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_double_and_shares_add_up() {
        for (asked, most, expected) in [
            (3, 200, vec![10, 20, 40, 80, 160, 200]),
            (30, 100, vec![30, 60, 100]),
            (30, 20, vec![20]),
            (1, 1, vec![1]),
            (10, 10, vec![10]),
        ] {
            let looks = looks(asked, most);
            let sizes: Vec<u32> = looks.iter().map(|look| look.runs).collect();
            assert_eq!(sizes, expected);
            let spent: f64 = looks.iter().map(|look| look.share).sum();
            assert!((spent - 1.0).abs() < 1e-12, "{spent}");
            assert!(looks.last().is_some_and(|look| look.share >= LAST));
        }
    }
}
