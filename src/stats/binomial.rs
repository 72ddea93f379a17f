//! How often does something of a known probability happen? The binomial distribution and the exact
//! test of paired yes-or-no outcomes.

use super::beta::Beta;

/// Trials that are alike and independent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Binomial {
    /// How many.
    pub trials: u64,
    /// Probability of success of each, in 0..=1.
    pub probability: f64,
}

impl Binomial {
    /// Probability of at most `successes`.
    #[must_use]
    pub fn at_most(self, successes: u64) -> f64 {
        let Self { trials, probability } = self;
        if successes >= trials {
            return 1.0;
        }
        let (a, b) = ((trials - successes) as f64, successes as f64 + 1.0);
        Beta { a, b }.probability(1.0 - probability)
    }

    /// The smallest number of successes that is not exceeded with probability `p` at least.
    #[must_use]
    pub fn quantile(self, p: f64) -> u64 {
        let (mut low, mut high) = (0, self.trials);
        while low < high {
            let middle = u64::midpoint(low, high);
            if self.at_most(middle) >= p { high = middle } else { low = middle + 1 }
        }
        low
    }
}

/// What McNemar's exact test says of pairs of yes-or-no outcomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct McNemar {
    /// p value of "both are as likely", against either side.
    pub two_sided: f64,
    /// p value of "the second is at most as likely as the first", against more.
    pub greater: f64,
}

/// McNemar's exact test (Q. McNemar, 1947; the binomial form): `first` pairs said yes in the first
/// member only, `second` in the second only; pairs that agree say nothing. Without discordant
/// pairs both p values are 1.
#[must_use]
pub fn mcnemar(first: u64, second: u64) -> McNemar {
    let fair = Binomial { trials: first + second, probability: 0.5 };
    if fair.trials == 0 {
        return McNemar { two_sided: 1.0, greater: 1.0 };
    }
    // At least `second` of the one kind is at most `first` of the other.
    let greater = fair.at_most(first);
    let two_sided = (2.0 * fair.at_most(first.min(second))).min(1.0);
    McNemar { two_sided, greater }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference;

    #[test]
    fn as_scipy_says() {
        reference::check("binomial", 1e-9, |row| {
            let binomial = Binomial { trials: row.whole(1), probability: row.number(2) };
            vec![binomial.at_most(row.whole(0))]
        });
        reference::check("mcnemar", 1e-9, |row| {
            let McNemar { two_sided, greater } = mcnemar(row.whole(0), row.whole(1));
            vec![two_sided, greater]
        });
    }

    #[test]
    fn the_quantile_is_the_least_that_is_enough() {
        for (trials, probability) in [(30, 0.5), (72, 0.95), (1000, 0.01)] {
            let binomial = Binomial { trials, probability };
            for p in [0.005, 0.025, 0.5, 0.975] {
                let k = binomial.quantile(p);
                assert!(binomial.at_most(k) >= p);
                assert!(k == 0 || binomial.at_most(k - 1) < p, "{binomial:?} {p}");
            }
        }
    }

    #[test]
    fn agreement_says_nothing() {
        assert_eq!(mcnemar(0, 0), McNemar { two_sided: 1.0, greater: 1.0 });
    }
}
