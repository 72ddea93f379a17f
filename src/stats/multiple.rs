//! Many questions, one error rate: which of several findings stand together?

/// The p values adjusted by S. Holm's step-down method ("A simple sequentially rejective multiple
/// test procedure", 1979), in the order given: those at most `alpha` may be rejected together, and
/// the probability that any of the rejected was true is at most `alpha`, however they depend on
/// one another.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        largest = largest.max(p[index] * (p.len() - rank) as f64).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::reference;

    #[test]
    fn as_statsmodels_says() {
        for row in reference::rows("holm") {
            for (ours, want) in holm(&row.sample(0)).iter().zip(row.sample(1)) {
                assert!((ours - want).abs() < 1e-14, "{ours} for {want}");
            }
        }
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }
}
