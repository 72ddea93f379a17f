//! Labels that do not lie on each other.

use super::picture::{Frame, Point};

/// Places as near as can be to `wanted`, at least `gap` apart and within `from`..`to`, in the same
/// order. Where there is not enough room they stand closer together.
pub(super) fn spread(wanted: &[f64], gap: f64, from: f64, to: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&one, &other| wanted[one].total_cmp(&wanted[other]));
    let room = (to - from) / (wanted.len().max(2) - 1) as f64;
    let gap = gap.min(room);
    let mut groups: Vec<Group> = Vec::new();
    for &index in &order {
        groups.push(Group { sum: wanted[index], members: 1 });
        while let [.., above, below] = groups.as_slice()
            && above.last(gap, from, to) + gap > below.first(gap, from, to)
        {
            let below = groups.pop().unwrap_or(Group { sum: 0.0, members: 0 });
            if let Some(above) = groups.last_mut() {
                above.absorb(&below, gap);
            }
        }
    }
    let mut placed = vec![0.0; wanted.len()];
    let places = groups.iter().flat_map(|group| {
        let first = group.first(gap, from, to);
        (0..group.members).map(move |number| first + number as f64 * gap)
    });
    for (index, place) in order.into_iter().zip(places) {
        placed[index] = place;
    }
    placed
}

/// Labels that touch: they stand `gap` apart round the mean of where they want to be.
struct Group {
    /// Sum of where the first would stand if only one member counted.
    sum: f64,
    members: usize,
}

impl Group {
    fn first(&self, gap: f64, from: f64, to: f64) -> f64 {
        let length = (self.members.max(1) - 1) as f64 * gap;
        (self.sum / self.members.max(1) as f64).min(to - length).max(from)
    }

    fn last(&self, gap: f64, from: f64, to: f64) -> f64 {
        self.first(gap, from, to) + (self.members.max(1) - 1) as f64 * gap
    }

    fn absorb(&mut self, next: &Self, gap: f64) {
        self.sum += next.sum - (self.members * next.members) as f64 * gap;
        self.members += next.members;
    }
}

/// Free space round a label.
const CLEARANCE: f64 = 1.5;

/// Finds free places for labels beside points.
pub(super) struct Places {
    within: Frame,
    taken: Vec<Frame>,
}

impl Places {
    /// Labels will lie within this frame.
    pub(super) const fn new(within: Frame) -> Self {
        Self { within, taken: Vec::new() }
    }

    /// Nothing may lie here.
    pub(super) fn take(&mut self, frame: Frame) {
        self.taken.push(frame);
    }

    /// Nothing may lie on this line.
    pub(super) fn take_line(&mut self, from: Point, to: Point) {
        const STEP: f64 = 4.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let pieces = ((dx * dx + dy * dy).sqrt() / STEP).ceil().max(1.0) as usize;
        for piece in 0..=pieces {
            let share = piece as f64 / pieces as f64;
            let (x, y) = (from.0 + dx * share, from.1 + dy * share);
            self.take(Frame { left: x - 2.0, top: y - 2.0, right: x + 2.0, bottom: y + 2.0 });
        }
    }

    /// A free place of this size as near to `at` as can be, which is then taken. Without one,
    /// the place that lies on least.
    pub(super) fn place(&mut self, at: Point, (width, height): (f64, f64)) -> Frame {
        // Right, left, above, below, then between: nearer ones first.
        const SIDES: [(f64, f64); 8] = [
            (1.0, 0.0),
            (-1.0, 0.0),
            (0.0, -1.0),
            (0.0, 1.0),
            (1.0, -1.0),
            (1.0, 1.0),
            (-1.0, -1.0),
            (-1.0, 1.0),
        ];
        let candidates = (0..30).flat_map(|ring| {
            let far = 9.0 + 7.0 * f64::from(ring);
            SIDES.map(|(right, down)| {
                let middle =
                    (at.0 + right * (far + width / 2.0), at.1 + down * (far * 0.7 + height / 2.0));
                Frame {
                    left: middle.0 - width / 2.0,
                    top: middle.1 - height / 2.0,
                    right: middle.0 + width / 2.0,
                    bottom: middle.1 + height / 2.0,
                }
            })
        });
        let mut best = Frame { left: at.0, top: at.1, right: at.0 + width, bottom: at.1 + height };
        let mut fewest = usize::MAX;
        for candidate in candidates.filter(|candidate| self.within.holds(candidate)) {
            let room = candidate.grown(CLEARANCE);
            let covered = self.taken.iter().filter(|taken| taken.overlaps(&room)).count();
            if covered < fewest {
                (best, fewest) = (candidate, covered);
            }
            if covered == 0 {
                break;
            }
        }
        self.take(best);
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_their_distance_and_order() {
        for (wanted, placed) in [
            (vec![], vec![]),
            (vec![50.0], vec![50.0]),
            (vec![10.0, 90.0], vec![10.0, 90.0]),
            (vec![50.0, 50.0], vec![45.0, 55.0]),
            (vec![51.0, 50.0, 20.0], vec![55.5, 45.5, 20.0]),
            (vec![99.0, 100.0, 98.0], vec![90.0, 100.0, 80.0]),
            (vec![-5.0, 0.0], vec![0.0, 10.0]),
            // Three touch only because two of them were moved.
            (
                vec![40.0, 41.0, 50.0],
                vec![33.666_666_666_666_664, 43.666_666_666_666_664, 53.666_666_666_666_664],
            ),
        ] {
            let found = spread(&wanted, 10.0, 0.0, 100.0);
            assert!(
                found.iter().zip(&placed).all(|(one, other)| (one - other).abs() < 1e-9),
                "{wanted:?}: {found:?}"
            );
            assert_eq!(found.len(), placed.len());
        }
        let crowded = spread(&[50.0; 21], 10.0, 0.0, 100.0);
        assert!(crowded.windows(2).all(|two| (two[1] - two[0] - 5.0).abs() < 1e-9));
    }

    #[test]
    fn labels_find_free_places() {
        let within = Frame { left: 0.0, top: 0.0, right: 300.0, bottom: 200.0 };
        let mut places = Places::new(within);
        let frames: Vec<Frame> =
            (0..12).map(|_| places.place((150.0, 100.0), (60.0, 14.0))).collect();
        for (number, frame) in frames.iter().enumerate() {
            assert!(within.holds(frame));
            assert!(frames[..number].iter().all(|earlier| !earlier.overlaps(frame)), "{number}");
        }
        // The first stands to the right of the point, at its height.
        assert_eq!((frames[0].left, frames[0].top), (159.0, 93.0));
    }
}
