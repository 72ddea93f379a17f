//! Which of several compromises is beaten by no other? Fronts, knees and hypervolumes of points
//! whose coordinates are all the better the smaller they are.

use super::interval;

/// Whether `one` is nowhere worse than `other` and somewhere better.
#[must_use]
pub fn dominates(one: &[f64], other: &[f64]) -> bool {
    let mut is_better = false;
    for (x, y) in one.iter().zip(other) {
        if x > y {
            return false;
        }
        is_better |= x < y;
    }
    is_better
}

/// Whether A beats B for all practical purposes, from the upper bounds of the differences A - B:
/// none is above its tolerance, and one is below minus its own.
#[must_use]
pub fn dominates_surely(upper: &[f64], tolerance: &[f64]) -> bool {
    let pairs = || upper.iter().zip(tolerance);
    pairs().all(|(upper, tolerance)| upper <= tolerance)
        && pairs().any(|(upper, tolerance)| *upper < -tolerance)
}

/// Positions of the points that no other dominates, in rising order. Equal points stay together.
#[must_use]
pub fn front(points: &[Vec<f64>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&one, &other| lexicographic(&points[one], &points[other]));
    // A point is dominated only by one that sorts before it, and then by one on the front.
    let mut kept: Vec<usize> = Vec::new();
    for index in order {
        if !kept.iter().any(|&other| dominates(&points[other], &points[index])) {
            kept.push(index);
        }
    }
    kept.sort_unstable();
    kept
}

fn lexicographic(one: &[f64], other: &[f64]) -> std::cmp::Ordering {
    let differ = one.iter().zip(other).map(|(x, y)| x.total_cmp(y)).find(|order| order.is_ne());
    differ.unwrap_or(std::cmp::Ordering::Equal)
}

/// The knee of a front: the point deepest below the chord between its ends, each coordinate scaled
/// to the front's range, if it lies below it by more than `least` with this confidence. None
/// otherwise: on a straight front whichever point chance favours would be the deepest.
///
/// `samples[point][coordinate]` are observations, replication by replication and as many of each;
/// the points are their means. An end is the best point in a coordinate (of equal ones that which
/// gives up most of the others), and no knee. The depth is in units of the sum of the scaled
/// coordinates, which is 1 along the chord; with more than two coordinates the chord becomes the
/// plane on which the sum is the mean of that of the ends. Of equal ones the first.
///
/// The error of the depth is that of its linear part (the delta method), run by run: what chance
/// does to the point, to the ends and to the range counts, and what it does to all of them alike
/// does not. The deepest was chosen among several, so it has to stand out at the confidence that
/// would suffice for all of them together.
#[must_use]
pub fn knee(samples: &[Vec<Vec<f64>>], confidence: f64, least: f64) -> Option<usize> {
    let points: Vec<Vec<f64>> =
        samples.iter().map(|point| point.iter().map(|one| mean(one)).collect()).collect();
    let (sums, best) = scaled_sums(samples, &points)?;
    let sum: Vec<f64> = sums.iter().map(|sums| mean(sums)).collect();
    let by_sum = |&one: &usize, &other: &usize| sum[one].total_cmp(&sum[other]);
    let end = |&(axis, best): &(usize, usize)| {
        let is_best = |&one: &usize| points[one][axis] <= points[best][axis];
        (0..points.len()).filter(is_best).max_by(by_sum)
    };
    let ends: Vec<usize> = best.iter().filter_map(end).collect();
    let is_end = |one: usize| ends.iter().any(|&end| points[end] == points[one]);
    let inner: Vec<usize> = (0..points.len()).filter(|&one| !is_end(one)).collect();
    let deepest = inner.iter().copied().min_by(by_sum)?;
    let depth = |run: usize| {
        let chord = ends.iter().map(|&end| sums[end][run]).sum::<f64>() / ends.len() as f64;
        chord - sums[deepest][run]
    };
    let depths: Vec<f64> = (0..sums[deepest].len()).map(depth).collect();
    let each = 1.0 - (1.0 - confidence) / inner.len() as f64;
    interval::lower_bound(&depths, each).filter(|low| *low > least).map(|_| deepest)
}

/// The sum of each point's scaled coordinates as run by run it would be if it were linear in what
/// was observed, and each coordinate in which the points differ with the best point in it.
#[expect(clippy::type_complexity, reason = "two lists that come from one pass")]
fn scaled_sums(
    samples: &[Vec<Vec<f64>>],
    points: &[Vec<f64>],
) -> Option<(Vec<Vec<f64>>, Vec<(usize, usize)>)> {
    let first = samples.first()?;
    let mut sums = vec![vec![0.0; first.first()?.len()]; samples.len()];
    let mut best: Vec<(usize, usize)> = Vec::new();
    for axis in 0..first.len() {
        let order =
            |one: &usize, other: &usize| points[*one][axis].total_cmp(&points[*other][axis]);
        let low = (0..points.len()).min_by(order)?;
        let high = (0..points.len()).max_by(order)?;
        let range = points[high][axis] - points[low][axis];
        if range <= 0.0 || !range.is_finite() {
            continue;
        }
        for (point, sums) in sums.iter_mut().enumerate() {
            let at = (points[point][axis] - points[low][axis]) / range;
            for (run, sum) in sums.iter_mut().enumerate() {
                let value = |point: usize| samples[point][axis][run];
                // The scaled coordinate, and this run's part in its error.
                *sum += at + (value(point) - (1.0 - at) * value(low) - at * value(high)) / range;
            }
        }
        best.push((axis, low));
    }
    Some((sums, best))
}

fn mean(sample: &[f64]) -> f64 {
    sample.iter().sum::<f64>() / sample.len() as f64
}

/// Volume of what is at least as good as `reference` and not as good as some point: the larger it
/// is the better the front. Points beyond the reference add nothing.
///
/// By slices along the last coordinate (E. Zitzler and L. Thiele's measure, 1998).
#[must_use]
pub fn hypervolume(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    let inside: Vec<&[f64]> = points
        .iter()
        .map(Vec::as_slice)
        .filter(|point| point.iter().zip(reference).all(|(x, limit)| x < limit))
        .collect();
    volume(&inside, reference)
}

fn volume(points: &[&[f64]], reference: &[f64]) -> f64 {
    let Some((limit, lower)) = reference.split_last() else {
        return if points.is_empty() { 0.0 } else { 1.0 };
    };
    let axis = lower.len();
    let mut order: Vec<&[f64]> = points.to_vec();
    order.sort_by(|one, other| one[axis].total_cmp(&other[axis]));
    let mut whole = 0.0;
    for number in 0..order.len() {
        let end = order.get(number + 1).map_or(*limit, |next| next[axis]);
        let height = end - order[number][axis];
        if height > 0.0 {
            whole += height * volume(&order[..=number], lower);
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(rows: &[&[f64]]) -> Vec<Vec<f64>> {
        rows.iter().map(|row| row.to_vec()).collect()
    }

    #[test]
    fn a_front_of_two() {
        let all = points(&[&[1.0, 9.0], &[2.0, 4.0], &[2.0, 5.0], &[8.0, 3.0], &[2.0, 4.0]]);
        assert_eq!(front(&all), [0, 1, 3, 4]);
        assert!(front(&[]).is_empty());
    }

    #[test]
    fn bounds_decide_who_is_beaten() {
        for (upper, tolerance, is_beaten) in [
            ([-2.0, 0.5], [1.0, 1.0], true),
            ([-2.0, 1.5], [1.0, 1.0], false),
            ([-0.5, -0.5], [1.0, 1.0], false),
            ([-0.5, -1.5], [1.0, 1.0], true),
            ([0.0, 0.0], [0.0, 0.0], false),
            ([0.0, -0.1], [0.0, 0.0], true),
        ] {
            assert_eq!(dominates_surely(&upper, &tolerance), is_beaten, "{upper:?}");
        }
    }

    /// Each point observed ten times, its own error being `noise` times what `chance` gives, and
    /// another that all share.
    fn observed(
        points: &[Vec<f64>],
        noise: f64,
        mut chance: impl FnMut() -> f64,
    ) -> Vec<Vec<Vec<f64>>> {
        let shared: Vec<f64> = (0..10).map(|_| 5.0 * noise * chance()).collect();
        let mut runs =
            |value: f64| shared.iter().map(|all| value + all + noise * chance()).collect();
        points.iter().map(|point| point.iter().map(|&value| runs(value)).collect()).collect()
    }

    #[test]
    fn the_knee_is_farthest_from_the_chord() {
        let knee = |points: &[Vec<f64>]| super::knee(&observed(points, 0.0, || 0.0), 0.95, 0.02);
        // The chord from (0, 10) to (10, 0); by far the deepest below it is (2, 2).
        let bent = points(&[&[0.0, 10.0], &[1.0, 6.0], &[2.0, 2.0], &[6.0, 1.0], &[10.0, 0.0]]);
        assert_eq!(knee(&bent), Some(2));
        assert_eq!(knee(&bent[..2]), None);
        assert_eq!(knee(&[]), None);
        assert_eq!(knee(&points(&[&[0.0, 1.0], &[0.0, 1.0], &[1.0, 0.0]])), None);
        // Scales do not matter.
        let stretched: Vec<Vec<f64>> =
            bent.iter().map(|point| vec![point[0] * 1e6, point[1] * 1e-6 - 3.0]).collect();
        assert_eq!(knee(&stretched), Some(2));
        // Below the chord by no more than 2% of it, and above it.
        assert_eq!(knee(&points(&[&[0.0, 1.0], &[0.5, 0.485], &[1.0, 0.0]])), None);
        assert_eq!(knee(&points(&[&[0.0, 1.0], &[0.8, 0.8], &[1.0, 0.0]])), None);
        // The middle of three ends is no end: (1, 1, 1) against (0, 2, 2) and so on.
        let three = points(&[&[0.0, 2.0, 2.0], &[2.0, 0.0, 2.0], &[2.0, 2.0, 0.0], &[1.0; 3]]);
        assert_eq!(knee(&three), Some(3));
    }

    #[test]
    fn chance_makes_no_knee() {
        use rand::SeedableRng;
        use rand_distr::{Distribution, StandardNormal};
        let mut random = rand::rngs::Xoshiro256PlusPlus::seed_from_u64(1);
        let mut chance = || StandardNormal.sample(&mut random);
        let straight: Vec<Vec<f64>> =
            (0..=6).map(|step| vec![f64::from(step), 6.0 - f64::from(step)]).collect();
        let elbow = points(&[&[0.0, 6.0], &[0.5, 3.0], &[1.0, 1.0], &[3.0, 0.5], &[6.0, 0.0]]);
        let [mut called, mut missed] = [0, 0];
        for _ in 0..200 {
            let line = observed(&straight, 0.3, &mut chance);
            called += usize::from(knee(&line, 0.95, 0.0).is_some());
            let bent = observed(&elbow, 0.3, &mut chance);
            missed += usize::from(knee(&bent, 0.95, 0.0) != Some(2));
        }
        // One in twenty at most, and what chance adds to that in 200: three deviations.
        assert!(called <= 20, "{called} of 200");
        assert_eq!(missed, 0);
    }

    #[test]
    fn volumes_by_hand() {
        let two = points(&[&[1.0, 3.0], &[2.0, 1.0]]);
        // 4 x 4 less what neither reaches: 3 x 1 by the first, 2 x 3 by the second, 2 x 1 by both.
        assert!((hypervolume(&two, &[4.0, 4.0]) - 7.0).abs() < 1e-12);
        assert_eq!(hypervolume(&two, &[1.0, 1.0]), 0.0);
        assert_eq!(hypervolume(&[], &[1.0]), 0.0);
    }

    fn grids(axes: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
        let value = (0_u8..6).prop_map(f64::from);
        prop::collection::vec(prop::collection::vec(value, axes), 0..14)
    }

    proptest! {
        /// By the definition, point against point.
        #[test]
        fn fronts_are_what_nothing_dominates(all in (1_usize..4).prop_flat_map(grids)) {
            let brute: Vec<usize> = (0..all.len())
                .filter(|&index| !all.iter().any(|other| dominates(other, &all[index])))
                .collect();
            prop_assert_eq!(front(&all), brute);
        }

        /// By counting the unit cubes that some point reaches.
        #[test]
        fn volumes_are_cubes_counted(all in grids(3)) {
            let reached = |cube: [f64; 3]| {
                all.iter().any(|point| point.iter().zip(cube).all(|(x, corner)| *x <= corner))
            };
            let mut cubes = 0.0;
            for number in 0..125_u8 {
                let cube = [number % 5, number / 5 % 5, number / 25].map(f64::from);
                cubes += f64::from(u8::from(reached(cube)));
            }
            prop_assert!((hypervolume(&all, &[5.0; 3]) - cubes).abs() < 1e-9);
        }
    }
}
