//! The chart of a search: what can be had together, and where in the space it lies.
//!
//! Above, a point a candidate: the first objective against the second, or against what the first
//! constraint limits. Below, the first objective over the one or two fields that were varied; where
//! neither can be drawn, the best candidates in order.

mod field;
mod ranking;
mod scatter;

use super::axis;
use super::picture::{Colour, Picture, Text};
use super::scale::{Scale, Tick, TimeUnit};
use super::theme::{ALARM, AXIS, MARGIN, MUTED, SERIES, SMALL, WIDTH};
use crate::experiment::Estimate;
use crate::experiment::tune::{Answer, Judged, Status};
use crate::measure::{Metric, MetricKind};
use crate::report::number;
use crate::report::tune::table::{Place, metrics};
use crate::report::tune::words;

const HEAD: f64 = 58.0;
/// Values that differ by more than this are shown on a logarithmic scale.
const WIDE: f64 = 15.0;

/// Candidates of the front.
const FRONT: Colour = SERIES[0];
/// The one to choose.
const CHOSEN: Colour = SERIES[2];
/// Limits, and what lies beyond them.
const LIMIT: Colour = ALARM;
/// What is not to be chosen.
const OTHER: Colour = AXIS;

/// Draws the chart.
pub(super) fn render(scenario: &str, answer: &Answer) -> Picture {
    let plane = scatter::Plane::of(answer);
    let field = field::Field::of(answer);
    let ranking = if plane.is_none() && field.is_none() { ranking::rows(answer) } else { 0 };
    let heights = [
        plane.as_ref().map_or(0.0, |_| scatter::HEIGHT),
        field.as_ref().map_or(0.0, field::Field::height),
        ranking::height(ranking),
    ];
    let heading = format!("The search: {scenario}");
    let height = HEAD + heights.iter().sum::<f64>();
    let mut picture = Picture::new(WIDTH, height, heading.clone());
    axis::heading(&mut picture, &heading);
    picture.text(Text::new((MARGIN, 43.0), note(answer), SMALL, MUTED));
    if let Some(plane) = plane {
        plane.draw(&mut picture, HEAD);
    }
    if let Some(field) = field {
        field.draw(&mut picture, HEAD + heights[0]);
    }
    if ranking > 0 {
        ranking::draw(&mut picture, HEAD, answer);
    }
    picture
}

/// What is to be chosen, in a line.
fn note(answer: &Answer) -> String {
    let Ok(best) = answer.recommended else {
        return "no candidate can be recommended".to_owned();
    };
    let one = &answer.candidates[best];
    let means = answer.objectives.iter().zip(&one.objectives).map(|(objective, mean)| {
        let mean = mean
            .as_ref()
            .map_or_else(String::new, |mean| words::value(objective.metric, mean.mean));
        format!("{} {mean}", objective.metric.name)
    });
    let means: Vec<String> = means.collect();
    let text = format!("to choose: {} ({})", one.name, means.join(", "));
    super::theme::fitted(&text, SMALL, WIDTH - 2.0 * MARGIN)
}

/// One metric along one axis of the picture.
struct Along {
    metric: &'static Metric,
    place: Place,
    /// The limits on it and whether what lies above them is allowed.
    limits: Vec<(f64, bool, String)>,
}

impl Along {
    fn all(answer: &Answer) -> Vec<Self> {
        let limits = |metric: &Metric| {
            let of_it = answer
                .constraints
                .iter()
                .filter(|one| one.metric.name == metric.name && !one.counts_runs());
            of_it.map(|one| (one.limit, one.shortfall(f64::MAX) < 0.0, one.typed.clone())).collect()
        };
        metrics(answer)
            .into_iter()
            .map(|(metric, place)| Self { metric, place, limits: limits(metric) })
            .collect()
    }

    fn of<'a>(&self, judged: &'a Judged) -> Option<&'a Estimate> {
        self.place.of(judged)
    }

    /// The scale that holds every mean, the intervals of those that count, and the limits.
    fn scale(&self, answer: &Answer, ends: [f64; 2]) -> Scale {
        let mut values: Vec<f64> = self.limits.iter().map(|&(limit, ..)| limit).collect();
        for judged in &answer.candidates {
            let Some(one) = self.of(judged) else { continue };
            values.push(one.mean);
            if judged.status <= Status::Tied {
                values.extend(one.ci95.into_iter().flatten());
            }
        }
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !(least.is_finite() && most.is_finite()) {
            return Scale::linear([0.0, 1.0], ends);
        }
        if least > 0.0 && most / least > WIDE {
            return Scale::logarithmic([least / 1.3, most * 1.3], ends);
        }
        let room = if most > least { (most - least) * 0.08 } else { most.abs().max(1.0) * 0.1 };
        let from = if least >= 0.0 { (least - room).max(0.0) } else { least - room };
        // Nothing is a good place to begin where it is not far.
        let from = if least >= 0.0 && least < 0.4 * most { 0.0 } else { from };
        Scale::linear([from, most + room], ends)
    }

    fn ticks(&self, scale: &Scale, most: usize) -> Vec<Tick> {
        if self.metric.kind == MetricKind::Seconds && !scale.is_logarithmic() {
            return TimeUnit::of(scale.to()).ticks(scale, most);
        }
        scale.ticks(most, |value| self.label(value))
    }

    fn label(&self, value: f64) -> String {
        match self.metric.kind {
            MetricKind::Ratio => number::percent(value, 6),
            MetricKind::Seconds => words::value(self.metric, value),
            MetricKind::Count | MetricKind::Amount => number::thousands(value),
        }
    }

    /// What it shows, with its unit.
    fn name(&self, scale: &Scale) -> String {
        let name = self.metric.name;
        match (self.metric.kind, scale.is_logarithmic()) {
            (_, true) => format!("{name} (logarithmic)"),
            (MetricKind::Seconds, false) => format!("{name}, {}", TimeUnit::of(scale.to()).name),
            (MetricKind::Count, false) => format!("{name}, a run"),
            (MetricKind::Ratio, false) => name.to_owned(),
            (MetricKind::Amount, false) => format!("{name} ({})", self.metric.summary),
        }
    }
}

/// The colour of a candidate.
fn colour(answer: &Answer, number: usize) -> Colour {
    match answer.candidates[number].status {
        _ if answer.recommended == Ok(number) => CHOSEN,
        Status::Front | Status::Tied => FRONT,
        Status::Infeasible | Status::Incomplete | Status::Undefined => LIMIT,
        Status::Dominated | Status::Unclear => OTHER,
    }
}

/// What a candidate is called beside its point: its values.
fn label(answer: &Answer, number: usize) -> String {
    let judged = &answer.candidates[number];
    let fields = answer.axes.iter().map(crate::experiment::tune::Axis::field);
    let parts: Vec<String> =
        fields.zip(&judged.values).map(|(field, value)| format!("{field}={value}")).collect();
    parts.join(" ")
}

/// What the marks mean.
fn key(picture: &mut Picture, answer: &Answer, y: f64) {
    let has = |wanted: &[Status]| answer.candidates.iter().any(|one| wanted.contains(&one.status));
    let mut entries: Vec<(Colour, &str)> = Vec::new();
    if answer.recommended.is_ok() {
        entries.push((CHOSEN, "to choose"));
    }
    if answer.candidates.iter().filter(|one| one.status == Status::Front).count() > 1 {
        entries.push((FRONT, "front, and (hollow) tied with it"));
    } else if has(&[Status::Tied]) {
        entries.push((FRONT, "tied (hollow)"));
    }
    if has(&[Status::Dominated, Status::Unclear]) {
        entries.push((OTHER, "worse, or (hollow) unclear"));
    }
    if has(&[Status::Infeasible, Status::Incomplete, Status::Undefined]) {
        entries.push((LIMIT, "misses a constraint, or not comparable"));
    }
    let entries: Vec<axis::KeyEntry> = entries
        .into_iter()
        .map(|(colour, name)| axis::KeyEntry {
            colour,
            mark: axis::Mark::Area,
            name: name.to_owned(),
        })
        .collect();
    axis::small_key(picture, MARGIN, y, &entries);
}

#[cfg(test)]
mod tests;
