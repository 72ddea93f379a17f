//! A count written as a number or as a percentage of the fleet, and how it is rounded.

use super::Ratio;

/// `2` or `"25%"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountOrPercent {
    /// So many instances.
    Count(u32),
    /// This share of the desired count.
    Percent(Ratio),
}

/// What becomes of a fraction of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the next whole instance, as `max_surge` does.
    Up,
    /// The fraction is dropped, as `max_unavailable` does.
    Down,
}

impl CountOrPercent {
    /// The whole number of instances out of `desired`. Counts are taken as they are.
    ///
    /// Kubernetes rounds `maxSurge` up and `maxUnavailable` down (`ResolveFenceposts` in
    /// `pkg/controller/deployment/util/deployment_util.go`).
    #[must_use]
    pub const fn resolve(self, desired: u32, rounding: Rounding) -> u32 {
        match (self, rounding) {
            (Self::Count(count), _) => count,
            (Self::Percent(share), Rounding::Up) => share.of_rounded_up(desired),
            (Self::Percent(share), Rounding::Down) => share.of_rounded_down(desired),
        }
    }

    /// Whether it was written as zero, `0` or `"0%"`.
    #[must_use]
    pub const fn is_written_zero(self) -> bool {
        match self {
            Self::Count(count) => count == 0,
            Self::Percent(share) => share.is_zero(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surge_rounds_up_and_unavailable_down() {
        let quarter = CountOrPercent::Percent(Ratio::from_billionths(250_000_000));
        for (desired, surge, unavailable) in
            [(1, 1, 0), (4, 1, 1), (5, 2, 1), (10, 3, 2), (12, 3, 3)]
        {
            assert_eq!(quarter.resolve(desired, Rounding::Up), surge);
            assert_eq!(quarter.resolve(desired, Rounding::Down), unavailable);
        }
    }
}
