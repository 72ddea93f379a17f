//! The list of cases, and the words in which it is written.

use super::{
    Case, Claim, Expected, Quantity, Term, Tolerance, Unit, flagger, incidents, kubernetes, rules,
};

/// Every case, by its name.
#[must_use]
pub fn cases() -> Vec<&'static Case> {
    let lists = [rules::CASES, incidents::CASES, kubernetes::CASES, flagger::CASES];
    let mut all: Vec<&Case> = lists.into_iter().flatten().collect();
    all.sort_by_key(|case| case.id);
    all
}

/// The shipped scenario of this path below `scenarios/`.
macro_rules! shipped {
    ($path:literal) => {
        $crate::experiment::validation::Shipped {
            path: $path,
            text: include_str!(concat!("../../../scenarios/", $path)),
        }
    };
}
pub(super) use shipped;

/// A quantity of a variant.
pub(super) const fn of(variant: &'static str, quantity: Quantity) -> Term {
    Term { variant, quantity, scale: 1.0 }
}

impl Term {
    /// The same times `scale`.
    pub(super) const fn times(self, scale: f64) -> Self {
        Self { scale, ..self }
    }
}

/// What must come out, as a number of `unit`.
pub(super) const fn claim(what: &'static str, term: Term, expected: Expected, unit: Unit) -> Claim {
    Claim { what, term, expected, unit }
}

/// This number.
pub(super) const fn exactly(published: f64) -> Expected {
    Expected::Value(published, Tolerance::Exact)
}

/// This number, give or take such a share of it.
pub(super) const fn about(published: f64, share: f64) -> Expected {
    Expected::Value(published, Tolerance::Share(share))
}

/// This number, give or take so many of its units.
pub(super) const fn near(published: f64, units: f64) -> Expected {
    Expected::Value(published, Tolerance::Units(units))
}

/// This number, in the 99% interval.
pub(super) const fn covered(published: f64) -> Expected {
    Expected::Value(published, Tolerance::Interval99)
}
