//! How large is one total compared with another, and how far may that be off?

use super::interval::{self, Interval};

/// The ratio of the sums of `part` and `whole` over independent runs, by the jackknife (M. H.
/// Quenouille, 1956; A. M. Law, *Simulation Modeling and Analysis*, ch. 9): the mean of the
/// pseudo-values n r - (n - 1) r₋ᵢ, whose bias is of order 1/n², with their interval by Student's
/// t. What happens within a run may depend on each other; only the runs are independent.
///
/// None for fewer than two runs, or where a sum of `whole` without one of them is not positive.
#[must_use]
pub fn jackknife(part: &[f64], whole: &[f64], confidence: f64) -> Option<Interval> {
    let runs = part.len().min(whole.len());
    let (part, whole) = (&part[..runs], &whole[..runs]);
    let (part_sum, whole_sum) = (part.iter().sum::<f64>(), whole.iter().sum::<f64>());
    let count = runs as f64;
    let mut pseudo = Vec::with_capacity(runs);
    for (part, whole) in part.iter().zip(whole) {
        let rest = whole_sum - whole;
        if rest <= 0.0 {
            return None;
        }
        let without = (part_sum - part) / rest;
        pseudo.push(count * (part_sum / whole_sum) - (count - 1.0) * without);
    }
    interval::mean_at(&pseudo, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference;

    #[test]
    fn as_numpy_and_scipy_say() {
        reference::check("jackknife", 1e-7, |row| {
            let Interval { mean, low, high } =
                jackknife(&row.sample(0), &row.sample(1), 0.95).expect("two runs");
            vec![mean, low, high]
        });
    }

    #[test]
    fn runs_of_one_share_have_that_share() {
        let interval = jackknife(&[1.0, 20.0, 3.0], &[10.0, 200.0, 30.0], 0.95).expect("three");
        assert!((interval.mean - 0.1).abs() < 1e-15 && interval.half_width() < 1e-12);
    }

    #[test]
    fn what_has_no_ratio_says_so() {
        assert_eq!(jackknife(&[1.0], &[2.0], 0.95), None);
        assert_eq!(jackknife(&[1.0, 0.0], &[2.0, 0.0], 0.95), None);
    }
}
