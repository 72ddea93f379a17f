//! Which of several compromises is beaten by no other? Fronts, knees and hypervolumes of points
//! whose coordinates are all the better the smaller they are.

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

/// The knee of a front: the point farthest below the chord between its ends, each coordinate
/// scaled to the front's range. With more than two coordinates the chord becomes the plane on
/// which the scaled coordinates add up to 1. Of equal ones the first; none of fewer than three
/// different points, for two ends have nothing between them.
#[must_use]
pub fn knee(points: &[Vec<f64>]) -> Option<usize> {
    let mut different: Vec<&Vec<f64>> = Vec::new();
    for point in points {
        if !different.contains(&point) {
            different.push(point);
        }
    }
    if different.len() < 3 {
        return None;
    }
    let scaled = |point: &Vec<f64>| -> f64 {
        let parts = point.iter().enumerate().map(|(axis, value)| {
            let [low, high] = range(points, axis);
            if high > low { (value - low) / (high - low) } else { 0.0 }
        });
        parts.sum()
    };
    (0..points.len()).min_by(|&one, &other| scaled(&points[one]).total_cmp(&scaled(&points[other])))
}

/// Least and greatest value of one coordinate.
fn range(points: &[Vec<f64>], axis: usize) -> [f64; 2] {
    points.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], point| {
        [low.min(point[axis]), high.max(point[axis])]
    })
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

    #[test]
    fn the_knee_is_farthest_from_the_chord() {
        // The chord from (0, 10) to (10, 0); by far the deepest below it is (2, 2).
        let bent = points(&[&[0.0, 10.0], &[1.0, 6.0], &[2.0, 2.0], &[6.0, 1.0], &[10.0, 0.0]]);
        assert_eq!(knee(&bent), Some(2));
        assert_eq!(knee(&bent[..2]), None);
        assert_eq!(knee(&points(&[&[0.0, 1.0], &[0.0, 1.0], &[1.0, 0.0]])), None);
        // Scales do not matter.
        let stretched: Vec<Vec<f64>> =
            bent.iter().map(|point| vec![point[0] * 1e6, point[1] * 1e-6 - 3.0]).collect();
        assert_eq!(knee(&stretched), Some(2));
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
