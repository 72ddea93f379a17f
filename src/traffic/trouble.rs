//! Errors that the simulation adds to an endpoint's answers, and to what each is charged.

use super::record::Charge;
use crate::random::{Key, Purpose, Seed};
use crate::units::Ratio;

/// Why an endpoint's answers fail beside the release's error rate; all zero: they do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Whether every answer is an error because the release cannot serve at all.
    pub is_release_broken: bool,
    /// Share that a dependency's ceiling fails.
    pub dependency: Ratio,
    /// Share that injected faults fail.
    pub injected: Ratio,
}

impl Trouble {
    /// None.
    pub const NONE: Self =
        Self { is_release_broken: false, dependency: Ratio::ZERO, injected: Ratio::ZERO };
}

/// Decides which requests fail by trouble: a function of the request's number and the attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fortune {
    dependency: Key,
    injected: Key,
}

impl Fortune {
    pub(super) fn new(seed: Seed) -> Self {
        Self {
            dependency: seed.key(Purpose::DependencyFailure),
            injected: seed.key(Purpose::FaultFailure),
        }
    }

    /// Why the answer to this attempt is an error, the first reason in the order of charges.
    pub(super) fn defect(&self, trouble: Trouble, number: u64, retries: u32) -> Option<Charge> {
        let strikes = |key: Key, rate: Ratio| {
            u128::from(key.draw(number, u64::from(retries))) < rate.threshold()
        };
        if trouble.is_release_broken {
            Some(Charge::BadRelease)
        } else if strikes(self.dependency, trouble.dependency) {
            Some(Charge::Dependency)
        } else if strikes(self.injected, trouble.injected) {
            Some(Charge::InjectedFault)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two independent reasons of 20% and 50% leave 0.8 x 0.5 = 40% of the answers whole, and of
    /// the others the first is charged 20%.
    #[test]
    fn rates_combine_and_the_first_reason_is_charged() {
        let fortune = Fortune::new(Seed { seed: 1, replication: 0 });
        let rate = |value| Ratio::from_f64(value).expect("a share");
        let trouble = Trouble { dependency: rate(0.2), injected: rate(0.5), ..Trouble::NONE };
        let count = |of: Option<Charge>| {
            (0..100_000).filter(|&n| fortune.defect(trouble, n, 0) == of).count() as f64 / 1e5
        };
        // Three standard errors are below 0.005.
        assert!((count(None) - 0.4).abs() < 0.005);
        assert!((count(Some(Charge::Dependency)) - 0.2).abs() < 0.005);
        assert!((count(Some(Charge::InjectedFault)) - 0.4).abs() < 0.005);
        assert_eq!(fortune.defect(Trouble::NONE, 7, 0), None);
        let broken = Trouble { is_release_broken: true, ..trouble };
        assert_eq!(fortune.defect(broken, 7, 0), Some(Charge::BadRelease));
    }
}
