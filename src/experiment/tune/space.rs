//! What may be chosen? The points of a search space, and grids of them.

use std::collections::BTreeSet;

use crate::experiment::vary::{Domain, Vary, VaryError};

/// Most points of a search space.
pub const MOST_POINTS: usize = 1_000_000;
/// From how many axes on a point's neighbours are looked at along one axis at a time.
const MANY_AXES: usize = 4;

/// One field and the values that it may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The field, such as `strategies.rolling.max_unavailable`.
    pub path: String,
    /// Its values as a scenario writes them, at least one.
    pub values: Vec<String>,
    /// Whether one value lies between others: a range does, a list of choices does not.
    pub order: Order,
}

/// What neighbours mean on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Numbers in rising order.
    Rising,
    /// Choices, in the order typed.
    None,
}

/// A point: for each axis the position of its value.
pub type Point = Vec<usize>;

/// Every combination of the values of some axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    axes: Vec<Axis>,
}

impl Axis {
    /// Reads every `PATH=SPEC`: a range `1..6`, `1..100/5`, `5%..50%/5%`, `5s..60s/5s`, or choices
    /// `a,b,c`.
    ///
    /// # Errors
    /// Everything that is wrong with them, with what would be right.
    pub fn read_all(typed: &[String]) -> Result<Vec<Self>, Vec<VaryError>> {
        let varied = Vary::read_all(typed)?;
        let (mut axes, mut errors) = (Vec::new(), Vec::new());
        for (Vary { path, domain }, typed) in varied.into_iter().zip(typed) {
            match domain {
                Domain::Choices(values) => axes.push(Self { path, values, order: Order::None }),
                Domain::Range(range) => match range.values() {
                    Ok(values) => axes.push(Self { path, values, order: Order::Rising }),
                    Err(reason) => errors.push(VaryError { typed: typed.clone(), reason }),
                },
            }
        }
        if errors.is_empty() { Ok(axes) } else { Err(errors) }
    }

    /// The last name of the path.
    #[must_use]
    pub fn field(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }
}

impl Space {
    /// Every combination of these axes, of which there is at least one.
    ///
    /// # Errors
    /// If there are more than [`MOST_POINTS`].
    pub fn new(axes: Vec<Axis>) -> Result<Self, String> {
        let space = Self { axes };
        match space.points() {
            0..=MOST_POINTS => Ok(space),
            _ => {
                let sizes: Vec<String> = space
                    .axes
                    .iter()
                    .map(|axis| format!("{} of `{}`", axis.values.len(), axis.path))
                    .collect();
                Err(format!(
                    "the search space has more than {MOST_POINTS} points: {}; narrow a range or \
                     give it a step, such as `1..100/5`",
                    sizes.join(" x ")
                ))
            }
        }
    }

    /// The axes, in the order typed.
    #[must_use]
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// How many points there are, as far as that can be counted.
    #[must_use]
    pub fn points(&self) -> usize {
        self.axes.iter().fold(1, |product: usize, axis| product.saturating_mul(axis.values.len()))
    }

    /// Path and value of each axis at a point.
    pub fn values<'a>(&'a self, point: &'a [usize]) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.axes
            .iter()
            .zip(point)
            .map(|(axis, &position)| (axis.path.as_str(), axis.values[position].as_str()))
    }

    /// The steps of a grid of at most `most` points, if there is one: those of the axis with the
    /// most values left are doubled until it fits. Choices are never left out.
    #[must_use]
    pub fn strides(&self, most: usize) -> Vec<usize> {
        let mut strides = vec![1; self.axes.len()];
        loop {
            let sizes: Vec<usize> =
                (0..self.axes.len()).map(|axis| self.levels(axis, strides[axis]).len()).collect();
            let points = sizes.iter().fold(1, |product: usize, &size| product.saturating_mul(size));
            let longest = (0..self.axes.len())
                .filter(|&axis| self.axes[axis].order == Order::Rising && sizes[axis] > 3)
                .max_by_key(|&axis| (sizes[axis], std::cmp::Reverse(axis)));
            match longest {
                Some(axis) if points > most => strides[axis] *= 2,
                _ => return strides,
            }
        }
    }

    /// The positions of an axis on a grid with this step: the first, each step, and the last.
    fn levels(&self, axis: usize, stride: usize) -> Vec<usize> {
        let last = self.axes[axis].values.len() - 1;
        let mut levels: Vec<usize> = (0..=last).step_by(stride).collect();
        if levels.last() != Some(&last) {
            levels.push(last);
        }
        levels
    }

    /// The points of a grid with these steps, the first axis slowest.
    #[must_use]
    pub fn grid(&self, strides: &[usize]) -> Vec<Point> {
        let mut points: Vec<Point> = vec![Vec::new()];
        for (axis, &stride) in strides.iter().enumerate() {
            let levels = self.levels(axis, stride);
            let longer = |point: &Point| {
                let point = point.clone();
                levels.iter().map(move |&level| [point.as_slice(), &[level]].concat())
            };
            points = points.iter().flat_map(longer).collect();
        }
        points
    }

    /// The points one step from `point` along its ordered axes (and, where these are few, across
    /// several of them), within the space, in order.
    #[must_use]
    pub fn neighbours(&self, point: &[usize], strides: &[usize]) -> BTreeSet<Point> {
        let mut found: BTreeSet<Point> = BTreeSet::from([point.to_vec()]);
        for (axis, &stride) in strides.iter().enumerate() {
            if self.axes[axis].order == Order::None {
                continue;
            }
            let last = self.axes[axis].values.len() - 1;
            let from: Vec<Point> = if self.axes.len() < MANY_AXES {
                found.iter().cloned().collect()
            } else {
                vec![point.to_vec()]
            };
            for mut moved in from {
                let here = moved[axis];
                for there in [here.saturating_sub(stride), (here + stride).min(last)] {
                    moved[axis] = there;
                    found.insert(moved.clone());
                }
            }
        }
        found.remove(point);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(specs: &[&str]) -> Result<Vec<Axis>, Vec<VaryError>> {
        Axis::read_all(&specs.iter().map(|&spec| spec.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn ranges_rise_and_choices_have_no_order() {
        let read = axes(&["a.b=10%..20%/5%", "c=x, 25%"]).expect("axes");
        assert_eq!(
            (read[0].values.join(" ").as_str(), read[0].order),
            ("10% 15% 20%", Order::Rising)
        );
        assert_eq!((read[1].values.join(" ").as_str(), read[1].order), ("x 25%", Order::None));
        let errors = axes(&["a=0.5..2", "b=0..99999999"]).expect_err("no steps");
        let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(said[0].contains("needs a step") && said[1].contains("larger step"), "{said:?}");
        assert!(axes(&["a=6..1"]).is_err() && axes(&["a=1..2", "a=3..4"]).is_err());
    }

    fn space(specs: &[&str]) -> Space {
        Space::new(axes(specs).expect("axes")).expect("a space")
    }

    #[test]
    fn every_combination_the_first_axis_slowest() {
        let space = space(&["a=1..2", "b=x,y,z"]);
        assert_eq!(space.points(), 6);
        let values: Vec<String> = space
            .grid(&[1, 1])
            .iter()
            .map(|point| space.values(point).map(|(_, value)| value).collect())
            .collect();
        assert_eq!(values, ["1x", "1y", "1z", "2x", "2y", "2z"]);
        let large = axes(&["a=1..2000", "b=1..2000"]).expect("axes");
        let large = Space::new(large).expect_err("large");
        assert!(large.contains("2000 of `a` x 2000 of `b`"), "{large}");
    }

    #[test]
    fn coarse_grids_keep_the_ends_and_the_choices() {
        let large = space(&["a=0..100", "b=1..10", "c=x,y"]);
        let strides = large.strides(100);
        let grid = large.grid(&strides);
        assert!(grid.len() <= 100, "{strides:?}");
        for ends in [[0, 0, 0], [100, 9, 1], [100, 0, 0], [0, 9, 1]] {
            assert!(grid.contains(&ends.to_vec()), "{ends:?}");
        }
        assert_eq!(strides[2], 1);
        assert_eq!(space(&["a=1..5"]).strides(100), [1]);
    }

    #[test]
    fn neighbours_stay_in_the_space() {
        let space = space(&["a=0..10", "b=0..10", "c=x,y"]);
        let near = space.neighbours(&[0, 10, 1], &[4, 2, 1]);
        let wanted: BTreeSet<Point> = [[0, 8, 1], [4, 8, 1], [4, 10, 1]].map(Vec::from).into();
        assert_eq!(near, wanted);
    }
}
