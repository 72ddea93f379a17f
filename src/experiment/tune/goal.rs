//! What is wanted? Objectives and constraints on metrics, as they are typed.

use std::str::FromStr;

use serde::Serialize;

use super::race::Verdict;
use crate::experiment::policy;
use crate::measure::{METRICS, Metric, MetricKind};
use crate::scenario::nearest;
use crate::scenario::policy::{At, Requirement, Statistic};
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

/// A limit for a statistic of a metric over the runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// What has to hold.
    requirement: Requirement,
    /// The metric.
    pub metric: &'static Metric,
    /// The side on which the statistic has to be.
    pub side: Side,
    /// The limit: in the metric's unit, or a share of the runs where they are counted.
    pub limit: f64,
    /// As it was typed, without spaces, or as one would type it.
    pub typed: String,
}

/// How much of an objective does not matter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Zone {
    /// This share of the best pilot mean among those that meet the constraints so far; with
    /// several objectives of the best of all, or of how far the means lie apart if that is more.
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
        Ok(Self::of(metric, Statistic::Mean, (side, limit), typed))
    }

    /// What a requirement of `[policy]` asks, limit by limit.
    #[must_use]
    pub fn required(requirement: &Requirement) -> Vec<Self> {
        let Requirement { metric, statistic, .. } = *requirement;
        let limits = [(Side::AtLeast, requirement.min), (Side::AtMost, requirement.max)];
        let limits = limits.into_iter().filter_map(|(side, limit)| Some((side, limit?)));
        let sign = |side| if side == Side::AtLeast { ">=" } else { "<=" };
        if let Statistic::Breaches(share) = statistic {
            let inner: Vec<String> = limits
                .map(|(side, limit)| {
                    format!("{}{}{}", metric.name, sign(side), written(metric, limit))
                })
                .collect();
            let typed = format!("breaches({})<={}%", inner.join(","), plain(share * 100.0));
            let requirement = requirement.clone();
            return vec![Self { requirement, metric, side: Side::AtMost, limit: share, typed }];
        }
        limits
            .map(|(side, limit)| {
                let name = match statistic {
                    Statistic::Mean => metric.name.to_owned(),
                    statistic => format!("{statistic}({})", metric.name),
                };
                let typed = format!("{name}{}{}", sign(side), written(metric, limit));
                Self::of(metric, statistic, (side, limit), typed)
            })
            .collect()
    }

    fn of(
        metric: &'static Metric,
        statistic: Statistic,
        (side, limit): (Side, f64),
        typed: String,
    ) -> Self {
        // What rounding does to a mean is no miss.
        let slack = 1e-12 * limit.abs();
        let (min, max) = match side {
            Side::AtLeast => (Some(limit - slack), None),
            Side::AtMost => (None, Some(limit + slack)),
        };
        let place = At::default();
        let requirement = Requirement { metric, statistic, min, max, strategies: None, place };
        Self { requirement, metric, side, limit, typed }
    }

    /// Whether it is about a share of the runs.
    #[must_use]
    pub const fn counts_runs(&self) -> bool {
        matches!(self.requirement.statistic, Statistic::Breaches(_))
    }

    /// Whether it is about the greatest or least of the runs simulated. Such a limit is broken for
    /// good by one run, however late, and nothing is said of runs that were not simulated.
    #[must_use]
    pub const fn is_of_the_runs(&self) -> bool {
        matches!(self.requirement.statistic, Statistic::Max | Statistic::Min)
    }

    /// Whether the statistic of a sample is on the right side, certainly or not.
    pub(super) fn is_met_by(&self, sample: &[f64]) -> bool {
        let slack = 1e-12 * self.limit.abs();
        self.measured(sample).is_some_and(|measured| self.shortfall(measured) <= slack)
    }

    /// The statistic of a sample; none of nothing, or where the sample is too small.
    #[must_use]
    pub fn measured(&self, sample: &[f64]) -> Option<f64> {
        policy::weigh(&self.requirement, sample, 0.05).map(|(evidence, _)| evidence.measured)
    }

    /// What a sample says, wrongly with a probability of at most `tail`. Equal values are taken at
    /// their word.
    pub(super) fn judge(&self, sample: &[f64], tail: f64) -> Verdict {
        match policy::weigh(&self.requirement, sample, tail) {
            Some((_, policy::Verdict::Holds)) => Verdict::Meets,
            Some((_, policy::Verdict::Broken)) => Verdict::Misses,
            Some((_, policy::Verdict::Undecided | policy::Verdict::Unmeasured)) | None => {
                Verdict::Unclear
            }
        }
    }

    /// By how much the statistic misses the limit; not above 0 where it meets it.
    #[must_use]
    pub fn shortfall(&self, measured: f64) -> f64 {
        match self.side {
            Side::AtLeast => self.limit - measured,
            Side::AtMost => measured - self.limit,
        }
    }
}

/// A number without what floating point adds to a product.
fn plain(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

/// A value of a metric as one would type it.
fn written(metric: &Metric, value: f64) -> String {
    match metric.kind {
        MetricKind::Seconds => format!("{}s", plain(value)),
        MetricKind::Ratio => format!("{}%", plain(value * 100.0)),
        MetricKind::Count | MetricKind::Amount => plain(value).to_string(),
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
            let is_same = low.metric.name == high.metric.name
                && low.requirement.statistic == high.requirement.statistic;
            if is_same && low.limit > high.limit {
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
    fn a_policy_asks_limit_by_limit() {
        let requirement = |statistic| Requirement {
            metric: metric("capacity_min").expect("a metric"),
            statistic,
            min: Some(0.85),
            max: Some(1.2),
            strategies: None,
            place: At::default(),
        };
        let typed = |statistic| -> Vec<String> {
            let all = Constraint::required(&requirement(statistic));
            all.into_iter().map(|one| one.typed).collect()
        };
        assert_eq!(typed(Statistic::Mean), ["capacity_min>=85%", "capacity_min<=120%"]);
        assert_eq!(typed(Statistic::Quantile(0.05))[0], "p5(capacity_min)>=85%");
        let counted = Constraint::required(&requirement(Statistic::Breaches(0.1))).remove(0);
        assert_eq!(counted.typed, "breaches(capacity_min>=85%,capacity_min<=120%)<=10%");
        // One of ten lies outside: as many as may, of which ten runs cannot be sure.
        let sample = [[0.9; 9].as_slice(), &[0.5]].concat();
        assert_eq!((counted.measured(&sample), counted.limit), (Some(0.1), 0.1));
        assert_eq!(counted.judge(&sample, 0.05), Verdict::Unclear);
        assert_eq!(counted.judge(&[0.9; 29], 0.05), Verdict::Meets);
        assert_eq!(counted.judge(&[0.5; 10], 0.05), Verdict::Misses);
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
