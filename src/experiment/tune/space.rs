//! What may be chosen? From `--vary PATH=SPEC` to the points of a search space.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::scenario::pieces;
use crate::units::SimDuration;

/// Most points of a search space.
pub const MOST_POINTS: usize = 1_000_000;
/// From how many axes on a point's neighbours are looked at along one axis at a time.
const MANY_AXES: usize = 4;
const BILLION: i128 = 1_000_000_000;

/// Why a search space is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`--vary {typed}`: {reason}")]
pub struct SpaceError {
    typed: String,
    reason: String,
}

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
    /// Reads `PATH=SPEC`: a range `1..6`, `1..100/5`, `5%..50%/5%`, `5s..60s/5s`, or choices
    /// `a,b,c`.
    ///
    /// # Errors
    /// What is wrong, with what would be right.
    pub fn read(typed: &str) -> Result<Self, SpaceError> {
        let wrong = |reason: String| SpaceError { typed: typed.to_owned(), reason };
        let Some((path, spec)) = typed.split_once('=') else {
            return Err(wrong("write `PATH=1..6` or `PATH=a,b,c`".to_owned()));
        };
        let (path, spec) = (path.trim().to_owned(), spec.trim());
        if path.is_empty() || spec.is_empty() {
            let missing = if path.is_empty() { "path" } else { "values" };
            return Err(wrong(format!("the {missing} are missing; write `PATH=1..6`")));
        }
        let is_range = spec.contains("..") && !spec.contains([',', '"', '[', '{', '\'']);
        let (values, order) = if is_range {
            (range(spec).map_err(wrong)?, Order::Rising)
        } else {
            let values: Vec<String> =
                pieces(spec).into_iter().map(|piece| piece.trim().to_owned()).collect();
            (values, Order::None)
        };
        if values.iter().any(String::is_empty) {
            return Err(wrong("a value is missing between the commas".to_owned()));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = values.iter().find(|value| !seen.insert(value.as_str())) {
            return Err(wrong(format!("`{twice}` is there twice; give each value once")));
        }
        Ok(Self { path, values, order })
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
    /// If a path is there twice, or there are more than [`MOST_POINTS`].
    pub fn new(axes: Vec<Axis>) -> Result<Self, String> {
        for (number, axis) in axes.iter().enumerate() {
            if axes[..number].iter().any(|other| other.path == axis.path) {
                return Err(format!(
                    "`--vary {}` is there twice; give all its values to one",
                    axis.path
                ));
            }
        }
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

/// What a number of a range is a number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Number,
    Percent,
    Time,
}

/// An exact number: billionths, or nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Amount {
    unit: Unit,
    size: i128,
}

impl Amount {
    fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong =
            || format!("`{text}` is no number, percentage such as `25%` or duration such as `5s`");
        if let Some(percent) = text.strip_suffix('%') {
            return Ok(Self { unit: Unit::Percent, size: decimal(percent).ok_or_else(wrong)? });
        }
        if let Some(size) = decimal(text) {
            return Ok(Self { unit: Unit::Number, size });
        }
        let time = SimDuration::from_str(text).map_err(|_| wrong())?;
        Ok(Self { unit: Unit::Time, size: i128::from(time.as_nanos()) })
    }

    /// As a scenario writes it.
    fn written(self) -> String {
        match self.unit {
            Unit::Number => decimal_text(self.size),
            Unit::Percent => format!("{}%", decimal_text(self.size)),
            Unit::Time => {
                let units = [(BILLION, "s"), (1_000_000, "ms"), (1000, "us"), (1, "ns")];
                let fit = units.into_iter().find(|(unit, _)| self.size % unit == 0);
                let (unit, name) = fit.unwrap_or((1, "ns"));
                format!("{}{name}", self.size / unit)
            }
        }
    }
}

/// `-12.5` as billionths; none if it is no such number.
fn decimal(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || whole.len() > 15 || fraction.len() > 9 {
        return None;
    }
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(sign * (whole.parse::<i128>().ok()? * BILLION + fraction))
}

fn decimal_text(size: i128) -> String {
    let sign = if size < 0 { "-" } else { "" };
    let (whole, rest) = (size.abs() / BILLION, size.abs() % BILLION);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let fraction = format!("{rest:09}");
    format!("{sign}{whole}.{}", fraction.trim_end_matches('0'))
}

/// The values of `FROM..TO` or `FROM..TO/STEP`, both ends included if a step ends there.
fn range(spec: &str) -> Result<Vec<String>, String> {
    let (ends, step) = match spec.split_once('/') {
        Some((ends, step)) => (ends, Some(step)),
        None => (spec, None),
    };
    let (from_text, to_text) = ends.split_once("..").unwrap_or((ends, ""));
    let to_text = to_text.strip_prefix('=').unwrap_or(to_text);
    let (from, to) = (Amount::read(from_text)?, Amount::read(to_text)?);
    let step = match step {
        Some(step) => Amount::read(step)?,
        None => default_step(from, to, [from_text, to_text])?,
    };
    if from.unit != to.unit || step.unit != from.unit {
        return Err(format!(
            "the ends and the step of `{spec}` have different units; write `5s..60s/5s` or \
             `5%..50%/5%`"
        ));
    }
    if from.size > to.size {
        return Err(format!(
            "the range `{ends}` runs backwards; write `{}..{}`",
            to_text.trim(),
            from_text.trim()
        ));
    }
    if step.size <= 0 {
        return Err(format!("the step of `{spec}` must be above zero"));
    }
    let count = (to.size - from.size) / step.size + 1;
    if count > MOST_POINTS as i128 {
        return Err(format!(
            "the range has {count} values, more than {MOST_POINTS}; give it a larger step, such \
             as `{ends}/STEP`"
        ));
    }
    let value = |number| Amount { size: from.size + number * step.size, ..from };
    Ok((0..count).map(|number| value(number).written()).collect())
}

/// 1, 1% or one of the finer unit in which the ends are written.
fn default_step(from: Amount, to: Amount, texts: [&str; 2]) -> Result<Amount, String> {
    if from.unit == Unit::Time && to.unit == Unit::Time {
        let unit = |text: &str| {
            let at = text.trim().rfind(|c: char| !c.is_alphabetic()).map_or(0, |at| at + 1);
            SimDuration::from_str(&format!("1{}", &text.trim()[at..])).ok()
        };
        let finest = texts.into_iter().filter_map(unit).min();
        let size = finest.map_or(BILLION, |unit| i128::from(unit.as_nanos()));
        return Ok(Amount { unit: Unit::Time, size });
    }
    if from.size % BILLION != 0 || to.size % BILLION != 0 {
        let [from, to] = texts.map(str::trim);
        return Err(format!("`{from}..{to}` needs a step, such as `{from}..{to}/0.1`"));
    }
    Ok(Amount { unit: from.unit, size: BILLION })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str, expected: Result<(&str, &[&str]), &str>) {
        let read = Axis::read(typed).map_err(|error| error.reason);
        match (read, expected) {
            (Ok(axis), Ok((path, values))) => {
                assert_eq!((axis.path.as_str(), axis.values), (path, owned(values)), "{typed}");
            }
            (Err(reason), Err(part)) => assert!(reason.contains(part), "{typed}: {reason}"),
            (read, _) => panic!("{typed}: {read:?}"),
        }
    }

    fn owned(values: &[&str]) -> Vec<String> {
        values.iter().map(|&value| value.to_owned()).collect()
    }

    #[test]
    fn ranges_and_choices() {
        check("a.b=1..4", Ok(("a.b", &["1", "2", "3", "4"])));
        check("a.b=1..=3", Ok(("a.b", &["1", "2", "3"])));
        check("a=1..20/5", Ok(("a", &["1", "6", "11", "16"])));
        check("a=10%..20%/5%", Ok(("a", &["10%", "15%", "20%"])));
        check("a=1%..3%", Ok(("a", &["1%", "2%", "3%"])));
        check("a=0.5..1.5/0.5", Ok(("a", &["0.5", "1", "1.5"])));
        check("a=0s..1m/20s", Ok(("a", &["0s", "20s", "40s", "60s"])));
        check("a=1s..3s", Ok(("a", &["1s", "2s", "3s"])));
        check("a=500ms..502ms", Ok(("a", &["500ms", "501ms", "502ms"])));
        check("a=1m..3m", Ok(("a", &["60s", "120s", "180s"])));
        check("a=7..7", Ok(("a", &["7"])));
        check("a=x, 25% ,3", Ok(("a", &["x", "25%", "3"])));
        check("a=\"x,y\",[1, 2]", Ok(("a", &["\"x,y\"", "[1, 2]"])));
    }

    #[test]
    fn what_is_no_range() {
        check("a.b", Err("write `PATH=1..6`"));
        check("=1..2", Err("path are missing"));
        check("a=", Err("values are missing"));
        check("a=6..1", Err("runs backwards; write `1..6`"));
        check("a=1..5%", Err("different units"));
        check("a=1s..5s/1", Err("different units"));
        check("a=1..5/0", Err("above zero"));
        check("a=0.5..2", Err("needs a step"));
        check("a=x..y", Err("`x` is no number"));
        check("a=1..", Err("`` is no number"));
        check("a=0..99999999", Err("larger step"));
        check("a=1,,2", Err("missing between the commas"));
        check("a=1,2,1", Err("`1` is there twice"));
    }

    fn space(specs: &[&str]) -> Space {
        Space::new(specs.iter().map(|spec| Axis::read(spec).expect("an axis")).collect())
            .expect("a space")
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
        let axis = |spec| Axis::read(spec).expect("an axis");
        assert!(Space::new(vec![axis("a=1..2"), axis("a=3..4")]).is_err());
        let large = Space::new(vec![axis("a=1..2000"), axis("b=1..2000")]).expect_err("large");
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
