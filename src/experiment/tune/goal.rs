//! What is wanted? Objectives and constraints on metrics, as they are typed.

use std::str::FromStr;

use serde::Serialize;

use crate::measure::{METRICS, Metric, MetricKind};
use crate::scenario::nearest;
use crate::units::SimDuration;

/// A goal that cannot be; in words, with what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GoalError(String);

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Aim {
    /// The less the better.
    Minimize,
    /// The more the better.
    Maximize,
}

/// A metric whose mean is to be as small, or as large, as can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// The metric.
    pub metric: &'static Metric,
    /// Which way is better.
    pub aim: Aim,
}

/// Which side of its limit a metric has to stay on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// At the limit or above.
    AtLeast,
    /// At the limit or below.
    AtMost,
}

/// A limit for the mean of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// The metric.
    pub metric: &'static Metric,
    /// The side on which its mean has to be.
    pub side: Side,
    /// The limit, in the metric's unit.
    pub limit: f64,
    /// As it was typed, without spaces.
    pub typed: String,
}

/// How much of an objective does not matter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Zone {
    /// This share of the best pilot mean.
    Share(f64),
    /// So much, in the metric's unit.
    Amount(f64),
}

/// The metric of this name.
///
/// # Errors
/// If there is none, with the nearest name.
pub fn metric(name: &str) -> Result<&'static Metric, GoalError> {
    let name = name.trim();
    if let Some(found) = METRICS.iter().find(|metric| metric.name == name) {
        return Ok(found);
    }
    let help = match nearest(name, METRICS.iter().map(|metric| metric.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`rollsim list metrics` names them".to_owned(),
    };
    Err(GoalError(format!("there is no metric called `{name}`; {help}")))
}

impl Objective {
    /// The objective to minimise or maximise the metric of this name.
    ///
    /// # Errors
    /// If there is no such metric.
    pub fn read(name: &str, aim: Aim) -> Result<Self, GoalError> {
        Ok(Self { metric: metric(name)?, aim })
    }

    /// The value with the sign that makes less the better.
    #[must_use]
    pub fn loss(&self, value: f64) -> f64 {
        match self.aim {
            Aim::Minimize => value,
            Aim::Maximize => -value,
        }
    }
}

impl Constraint {
    /// Reads `METRIC>=VALUE` or `METRIC<=VALUE`; the value is a number, a percentage, or for a
    /// length of time a duration.
    ///
    /// # Errors
    /// If it is no such thing, or there is no such metric.
    pub fn read(typed: &str) -> Result<Self, GoalError> {
        let parts =
            [(">=", Side::AtLeast), ("<=", Side::AtMost)].into_iter().find_map(|(sign, side)| {
                typed.split_once(sign).map(|(name, value)| (name, side, value))
            });
        let Some((name, side, value)) = parts else {
            return Err(GoalError(format!(
                "`{typed}` is no constraint; write `METRIC>=VALUE` or `METRIC<=VALUE`, such as \
                 `capacity_min>=90%`, in quotes for the shell"
            )));
        };
        let metric = metric(name)?;
        let limit = amount(metric, value)?;
        let typed = typed.split_whitespace().collect();
        Ok(Self { metric, side, limit, typed })
    }

    /// By how much a value misses the limit; not above 0 where it meets it.
    #[must_use]
    pub fn shortfall(&self, value: f64) -> f64 {
        match self.side {
            Side::AtLeast => self.limit - value,
            Side::AtMost => value - self.limit,
        }
    }
}

impl Zone {
    /// Reads `2%` (of the best) or an amount of the metric.
    ///
    /// # Errors
    /// If it is neither, or not above zero.
    pub fn read(metric: &Metric, typed: &str) -> Result<Self, GoalError> {
        let zone = match typed.trim().strip_suffix('%') {
            Some(percent) => Self::Share(number(percent).map_or(f64::NAN, |share| share / 100.0)),
            None => Self::Amount(amount(metric, typed)?),
        };
        let (Self::Share(size) | Self::Amount(size)) = zone;
        if size > 0.0 {
            return Ok(zone);
        }
        Err(GoalError(format!(
            "`{typed}` is no indifference zone; write an amount above zero, or a share of the \
             best such as `1%`"
        )))
    }
}

/// The two constraints, if any, that nothing can meet together.
#[must_use]
pub fn contradiction(constraints: &[Constraint]) -> Option<[&Constraint; 2]> {
    for low in constraints.iter().filter(|one| one.side == Side::AtLeast) {
        for high in constraints.iter().filter(|one| one.side == Side::AtMost) {
            if low.metric.name == high.metric.name && low.limit > high.limit {
                return Some([low, high]);
            }
        }
    }
    None
}

/// A value of a metric as it is typed.
fn amount(metric: &Metric, typed: &str) -> Result<f64, GoalError> {
    let text = typed.trim();
    let wrong = |right: &str| {
        GoalError(format!("`{text}` is no value of `{}`; write {right}", metric.name))
    };
    let is_time = metric.kind == MetricKind::Seconds;
    if let Some(percent) = text.strip_suffix('%') {
        if is_time {
            return Err(wrong("a duration such as `90s`"));
        }
        return number(percent).map(|share| share / 100.0).ok_or_else(|| wrong("such as `90%`"));
    }
    if let Some(value) = number(text) {
        return Ok(value);
    }
    match SimDuration::from_str(text) {
        Ok(time) if is_time => Ok(time.as_secs_f64()),
        _ if is_time => Err(wrong("a duration such as `90s`")),
        _ => Err(wrong("a number, or a percentage such as `90%`")),
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str, expected: Result<(&str, Side, f64), &str>) {
        match (Constraint::read(typed), expected) {
            (Ok(read), Ok((name, side, limit))) => {
                assert_eq!((read.metric.name, read.side, read.limit), (name, side, limit));
            }
            (Err(GoalError(message)), Err(part)) => {
                assert!(message.contains(part), "{typed}: {message}");
            }
            (read, _) => panic!("{typed}: {read:?}"),
        }
    }

    #[test]
    fn constraints_as_they_are_typed() {
        check("capacity_min>=90%", Ok(("capacity_min", Side::AtLeast, 0.9)));
        check("duration_s <= 5m", Ok(("duration_s", Side::AtMost, 300.0)));
        check("duration_s<=300", Ok(("duration_s", Side::AtMost, 300.0)));
        check("failed<=0", Ok(("failed", Side::AtMost, 0.0)));
        check("capacity_min=90%", Err("is no constraint"));
        check("capacity_mni>=90%", Err("did you mean `capacity_min`?"));
        check("weather>=1", Err("`rollsim list metrics`"));
        check("duration_s<=90%", Err("a duration such as `90s`"));
        check("duration_s<=long", Err("a duration such as `90s`"));
        check("capacity_min>=1m", Err("a percentage such as `90%`"));
        check("capacity_min>=inf", Err("a percentage such as `90%`"));
    }

    #[test]
    fn what_cannot_hold_together() {
        let read = |typed: &[&str]| -> Vec<Constraint> {
            typed.iter().map(|one| Constraint::read(one).expect("a constraint")).collect()
        };
        let both = read(&["failed<=3", "capacity_min>=90%", "capacity_min<=80%"]);
        let found = contradiction(&both).map(|pair| pair.map(|one| one.typed.as_str()));
        assert_eq!(found, Some(["capacity_min>=90%", "capacity_min<=80%"]));
        assert_eq!(contradiction(&read(&["capacity_min>=80%", "capacity_min<=80%"])), None);
    }

    #[test]
    fn zones_are_shares_or_amounts() {
        let duration = metric("duration_s").expect("a metric");
        assert_eq!(Zone::read(duration, "2%"), Ok(Zone::Share(0.02)));
        assert_eq!(Zone::read(duration, "5s"), Ok(Zone::Amount(5.0)));
        for typed in ["0", "-1", "x%", "0%", ""] {
            assert!(Zone::read(duration, typed).is_err(), "{typed}");
        }
    }
}
