//! From values to places, and which values an axis names.

use crate::report::number;
use crate::stats::math;

/// How an axis runs from one value to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    kind: Kind,
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Linear,
    Logarithmic,
}

/// A value that an axis names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    /// The value.
    pub(super) value: f64,
    /// How it is written; empty: a grid line without a name.
    pub(super) label: String,
}

impl Scale {
    /// Equal steps for equal differences: `from` lies at `start` and `to` at `end`.
    pub(super) const fn linear([from, to]: [f64; 2], [start, end]: [f64; 2]) -> Self {
        Self { kind: Kind::Linear, from, to, start, end }
    }

    /// Equal steps for equal ratios; both values are positive.
    pub(super) const fn logarithmic([from, to]: [f64; 2], [start, end]: [f64; 2]) -> Self {
        Self { kind: Kind::Logarithmic, from, to, start, end }
    }

    /// Where `value` lies. On a logarithmic scale what is below its beginning lies there.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = match self.kind {
            Kind::Linear => (value - self.from) / (self.to - self.from),
            Kind::Logarithmic => {
                let above = (value / self.from).max(1.0);
                math::ln(above) / math::ln(self.to / self.from)
            }
        };
        self.start + share * (self.end - self.start)
    }

    /// The first value.
    pub(super) const fn from(&self) -> f64 {
        self.from
    }

    /// The last value.
    pub(super) const fn to(&self) -> f64 {
        self.to
    }

    /// Whether equal ratios have equal steps.
    pub(super) fn is_logarithmic(&self) -> bool {
        self.kind == Kind::Logarithmic
    }

    /// Values to name, at most about `most`, written by `label`: round ones on a linear scale;
    /// powers of ten, with their halves and fifths where there is room, on a logarithmic one.
    pub(super) fn ticks(&self, most: usize, label: impl Fn(f64) -> String) -> Vec<Tick> {
        let values = match self.kind {
            Kind::Linear => multiples(round_step((self.to - self.from) / most as f64), self),
            Kind::Logarithmic => self.powers(most),
        };
        values.into_iter().map(|value| Tick { value, label: label(value) }).collect()
    }

    fn powers(&self, most: usize) -> Vec<f64> {
        let within = |value: &f64| *value >= self.from * 0.999 && *value <= self.to * 1.001;
        let decades = decades(self.from, self.to);
        let every = decades.iter().filter(|value| within(value)).count().div_ceil(most.max(1));
        let fine: Vec<f64> = decades
            .iter()
            .flat_map(|power| [1.0, 2.0, 5.0].map(|factor| factor * power))
            .filter(within)
            .collect();
        if fine.len() <= most {
            return fine;
        }
        decades.into_iter().filter(within).step_by(every.max(1)).collect()
    }
}

/// Every power of ten from the one at or below `from` to the one at or above `to`.
fn decades(from: f64, to: f64) -> Vec<f64> {
    // Written and read as decimals, powers are exact.
    let power = |exponent: i32| format!("1e{exponent}").parse().unwrap_or(1.0);
    let mut exponent = -300;
    while power(exponent + 1) <= from && exponent < 300 {
        exponent += 1;
    }
    let mut found = Vec::new();
    loop {
        let value: f64 = power(exponent);
        found.push(value);
        if value >= to || exponent >= 300 {
            return found;
        }
        exponent += 1;
    }
}

/// The smallest of 1, 2 or 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let steps = decades(least, least)
        .into_iter()
        .flat_map(|power| [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power));
    steps.into_iter().find(|&step| step >= least * 0.999_999).unwrap_or(least)
}

fn multiples(step: f64, scale: &Scale) -> Vec<f64> {
    let first = (scale.from / step - 1e-9).ceil() as i64;
    let last = (scale.to / step + 1e-9).floor() as i64;
    (first..=last).map(|number| number as f64 * step).collect()
}

/// The unit of a time axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TimeUnit {
    /// Its name, in the plural.
    pub(super) name: &'static str,
    /// Seconds in it.
    pub(super) seconds: f64,
}

impl TimeUnit {
    /// The unit in which `seconds` is a number that one can grasp.
    pub(super) const fn of(seconds: f64) -> Self {
        if seconds < 180.0 {
            Self { name: "seconds", seconds: 1.0 }
        } else if seconds < 3.0 * 3600.0 {
            Self { name: "minutes", seconds: 60.0 }
        } else if seconds < 4.0 * 86_400.0 {
            Self { name: "hours", seconds: 3600.0 }
        } else {
            Self { name: "days", seconds: 86_400.0 }
        }
    }

    /// Ticks of a linear scale in seconds, at round numbers of this unit; a step of 15, 30, 6 or
    /// 12 is round for seconds, minutes and hours.
    pub(super) fn ticks(self, scale: &Scale, most: usize) -> Vec<Tick> {
        let least = (scale.to - scale.from) / self.seconds / most as f64;
        let human: &[f64] = match self.name {
            "hours" => &[1.0, 2.0, 3.0, 6.0, 12.0, 24.0],
            "days" => &[1.0, 2.0, 7.0],
            _ => &[1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0],
        };
        let step = human.iter().copied().find(|&step| step >= least * 0.999_999);
        let step = if least < 0.5 { round_step(least) } else { step.unwrap_or(round_step(least)) };
        multiples(step * self.seconds, scale)
            .into_iter()
            .map(|value| Tick { value, label: number::significant(value / self.seconds, 6) })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: Vec<Tick>) -> String {
        ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn values_have_their_places() {
        let linear = Scale::linear([0.0, 10.0], [100.0, 0.0]);
        assert_eq!([linear.at(0.0), linear.at(2.5), linear.at(10.0)], [100.0, 75.0, 0.0]);
        let log = Scale::logarithmic([0.01, 100.0], [0.0, 400.0]);
        for (value, place) in [(0.01, 0.0), (0.1, 100.0), (1.0, 200.0), (100.0, 400.0), (0.0, 0.0)]
        {
            assert!((log.at(value) - place).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn ticks_are_round_numbers() {
        let show = |value: f64| number::significant(value, 6);
        let linear = |from, to| Scale::linear([from, to], [0.0, 1.0]);
        assert_eq!(labels(linear(0.0, 26_000.0).ticks(5, show)), "0 10000 20000");
        assert_eq!(labels(linear(0.0, 1.0).ticks(5, show)), "0 0.2 0.4 0.6 0.8 1");
        assert_eq!(labels(linear(-0.3, 0.7).ticks(6, show)), "-0.2 0 0.2 0.4 0.6");
        let log = |from, to| Scale::logarithmic([from, to], [0.0, 1.0]);
        assert_eq!(labels(log(0.001, 10.0).ticks(6, show)), "0.001 0.01 0.1 1 10");
        assert_eq!(labels(log(3.0, 80.0).ticks(6, show)), "5 10 20 50");
        assert_eq!(labels(log(1e-6, 1e6).ticks(5, show)).split(' ').count(), 5);
    }

    #[test]
    fn times_are_cut_as_people_cut_them() {
        let scale = |to| Scale::linear([-30.0, to], [0.0, 1.0]);
        for (to, name, ticks) in [
            (90.0, "seconds", "-20 0 20 40 60 80"),
            (400.0, "minutes", "0 2 4 6"),
            (4.0 * 3600.0, "hours", "0 1 2 3 4"),
            (20.0 * 86_400.0, "days", "0 7 14"),
        ] {
            let unit = TimeUnit::of(to);
            assert_eq!(unit.name, name);
            assert_eq!(labels(unit.ticks(&scale(to), 6)), ticks, "{to}");
        }
    }
}
