//! The duration chart: what does it cost to be fast?
//!
//! A point a variant, how long the rollout took against the error budget it spent, both with the
//! 95% interval of their means; a line joins the variants that differ by swept fields only.

use super::axis::{self, Names};
use super::label::Places;
use super::picture::{Anchor, Colour, Frame, Picture, Point, Text};
use super::scale::{Scale, Tick, TimeUnit};
use super::theme::{
    ALARM, AXIS, FAINT, INK, LABEL, MARGIN, MUTED, SMALL, WHITE, WIDTH, text_width,
};
use super::{Input, cut_note, series_colours};
use crate::experiment::Estimate;
use crate::report::number;
use crate::report::summary_json::VariantSummary;

const HEIGHT: f64 = 480.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 56.0;
const GUTTER: f64 = 66.0;
/// Height of the strip for those that spent nothing, where the scale is logarithmic.
const NOTHING: f64 = 34.0;
/// Values that differ by more than this are shown on a logarithmic scale.
const WIDE: f64 = 15.0;
/// Points of one strategy that are nearer than this have one label.
const NEAR: f64 = 3.0;

/// One variant on the chart.
struct Dot<'a> {
    label: String,
    variant: &'a VariantSummary,
    duration: Estimate,
    spent: Estimate,
    colour: Colour,
}

/// Where values lie.
struct Plane {
    across: Scale,
    up: Scale,
    /// Height at which those that spent nothing stand, where zero is not on the scale.
    nothing: f64,
}

/// Draws the chart.
pub(super) fn render(input: &Input) -> Picture {
    let heading = format!("Duration and what it costs: {}", input.scenario);
    let mut picture = Picture::new(WIDTH, HEIGHT, heading.clone());
    axis::heading(&mut picture, &heading);
    cut_note(&mut picture, input);
    let note = "lower left is better; bars are the 95% intervals of the means";
    picture.text(Text::new((MARGIN, 43.0), note, SMALL, MUTED));
    let frame = Frame {
        left: MARGIN + GUTTER,
        top: TOP,
        right: WIDTH - MARGIN - 6.0,
        bottom: HEIGHT - BOTTOM,
    };
    picture.rectangle(frame, FAINT);
    let dots = dots(input);
    let plane = Plane::of(&dots, frame);
    let mut places = Places::new(frame);
    axes(&mut picture, frame, &plane, &dots);
    for limit in plane.limits(&dots) {
        places.take_line((frame.left, limit), (frame.right, limit));
    }
    joins(&mut picture, &plane, &dots, &mut places);
    for dot in &dots {
        draw(&mut picture, &plane, dot, &mut places);
    }
    let is_near = |one: &Dot<'_>, next: &Dot<'_>| {
        let ((x, y), (next_x, next_y)) = (plane.at(one), plane.at(next));
        (x - next_x).abs() < NEAR && (y - next_y).abs() < NEAR
    };
    let is_one =
        |one: &Dot<'_>, next: &Dot<'_>| are_joined(one.variant, next.variant) && is_near(one, next);
    for group in dots.chunk_by(is_one) {
        name(&mut picture, &plane, group, &mut places);
    }
    picture
}

fn dots(input: &Input) -> Vec<Dot<'_>> {
    let colours = series_colours(input);
    let mut dots: Vec<Dot<'_>> = Vec::new();
    for (variant, colour) in input.shown().iter().zip(colours) {
        if let Some(&duration) = variant.metric("duration_s") {
            // Without requests nothing is lost.
            let spent =
                variant.metric("error_budget_spent").copied().unwrap_or(Estimate::default());
            let follows = dots.last().is_some_and(|dot| are_joined(dot.variant, variant));
            let label = if follows { values(variant) } else { variant.name.clone() };
            dots.push(Dot { label, variant, duration, spent, colour });
        }
    }
    dots
}

/// Whether two variants differ by swept fields only.
fn are_joined(one: &VariantSummary, other: &VariantSummary) -> bool {
    one.strategy == other.strategy && one.parameters.keys().eq(other.parameters.keys())
}

/// The values of the swept fields: enough of a name where the line begins at a full one.
fn values(variant: &VariantSummary) -> String {
    let value = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    variant.parameters.values().map(value).collect::<Vec<_>>().join(", ")
}

/// The lowest and highest of the means that are more than nothing, and of their intervals.
fn extremes(estimates: impl Iterator<Item = Estimate>) -> [f64; 2] {
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    for estimate in estimates.filter(|estimate| estimate.mean > 0.0) {
        least = least.min(estimate.mean);
        most = most.max(estimate.ci95.map_or(estimate.mean, |[_, high]| high));
    }
    if most > 0.0 { [least, most] } else { [0.0, 0.0] }
}

impl Plane {
    fn of(dots: &[Dot<'_>], frame: Frame) -> Self {
        let [least, most] = extremes(dots.iter().map(|dot| dot.duration));
        let place = [frame.left, frame.right];
        let across = if most <= 0.0 {
            Scale::linear([0.0, 1.0], place)
        } else if most / least > WIDE {
            Scale::logarithmic([least / 1.6, most * 1.4], place)
        } else {
            Scale::linear([0.0, most * 1.12], place)
        };
        let [least, most] = extremes(dots.iter().map(|dot| dot.spent));
        let has_nothing = dots.iter().any(|dot| dot.spent.mean <= 0.0);
        if most > 0.0 && most / least > WIDE {
            let to = if (0.02..1.4).contains(&most) { 1.4 } else { most * 1.6 };
            let from = (least / 2.2).max(to / 1e8);
            let low = frame.bottom - if has_nothing { NOTHING } else { 0.0 };
            let up = Scale::logarithmic([from, to], [low, frame.top]);
            return Self { across, up, nothing: frame.bottom - NOTHING / 2.0 };
        }
        let to = if most <= 0.0 {
            0.01
        } else if (0.4..1.1).contains(&most) {
            1.1
        } else {
            most * 1.12
        };
        let up = Scale::linear([0.0, to], [frame.bottom - 8.0, frame.top]);
        Self { across, up, nothing: up.at(0.0) }
    }

    fn height(&self, share: f64) -> f64 {
        if share <= 0.0 { self.nothing } else { self.up.at(share) }
    }

    /// Heights of the lines across the whole plane.
    fn limits(&self, dots: &[Dot<'_>]) -> Vec<f64> {
        let mut limits = Vec::new();
        if self.up.to() >= 1.0 {
            limits.push(self.up.at(1.0));
        }
        if self.up.is_logarithmic() && dots.iter().any(|dot| dot.spent.mean <= 0.0) {
            limits.push(self.nothing - NOTHING / 2.0);
        }
        limits
    }

    fn at(&self, dot: &Dot<'_>) -> Point {
        (self.across.at(dot.duration.mean), self.height(dot.spent.mean))
    }
}

fn axes(picture: &mut Picture, frame: Frame, plane: &Plane, dots: &[Dot<'_>]) {
    let mut ticks = plane.up.ticks(7, |share| number::percent(share, 6));
    axis::left(picture, frame, &plane.up, &ticks, Names::Shown);
    ticks.clear();
    if plane.up.is_logarithmic() && dots.iter().any(|dot| dot.spent.mean <= 0.0) {
        let edge = frame.bottom - NOTHING;
        picture.dashes((frame.left, edge), (frame.right, edge), AXIS, 1.0);
        let at = (frame.left - 6.0, plane.nothing);
        picture.text(Text::new(at, "nothing", SMALL, MUTED).anchored(Anchor::End));
    }
    let unit = TimeUnit::of(plane.across.to());
    let (ticks, name) = if plane.across.is_logarithmic() {
        (times(&plane.across), "duration of the rollout (logarithmic)".to_owned())
    } else {
        (unit.ticks(&plane.across, 9), format!("duration of the rollout, {}", unit.name))
    };
    axis::bottom(picture, frame, &plane.across, &ticks, Names::Shown);
    axis::name_bottom(picture, frame, frame.bottom + 36.0, &name);
    let kind = if plane.up.is_logarithmic() { " (logarithmic)" } else { "" };
    let name = format!("share of the error budget spent{kind}");
    axis::name_left(picture, frame, MARGIN - 2.0, &name);
    if plane.up.to() >= 1.0 {
        let y = plane.up.at(1.0);
        picture.dashes((frame.left, y), (frame.right, y), ALARM, 1.5);
        let at = (frame.right - 6.0, y - 9.0);
        let text = Text::new(at, "the whole error budget", SMALL, ALARM);
        picture.text(text.anchored(Anchor::End));
    }
}

/// Times that people know, on a logarithmic scale.
fn times(scale: &Scale) -> Vec<Tick> {
    const KNOWN: [f64; 22] = [
        0.1,
        0.2,
        0.5,
        1.0,
        2.0,
        5.0,
        10.0,
        30.0,
        60.0,
        120.0,
        300.0,
        600.0,
        1200.0,
        1800.0,
        3600.0,
        7200.0,
        14_400.0,
        28_800.0,
        86_400.0,
        172_800.0,
        604_800.0,
        2_592_000.0,
    ];
    KNOWN
        .into_iter()
        .filter(|&value| value >= scale.from() && value <= scale.to())
        .map(|value| Tick { value, label: known_time(value) })
        .collect()
}

fn known_time(seconds: f64) -> String {
    let (value, unit) = if seconds < 60.0 {
        (seconds, "s")
    } else if seconds < 3600.0 {
        (seconds / 60.0, "min")
    } else if seconds < 86_400.0 {
        (seconds / 3600.0, "h")
    } else {
        (seconds / 86_400.0, "d")
    };
    format!("{} {unit}", number::significant(value, 3))
}

/// Lines through the variants that differ by swept fields only.
fn joins(picture: &mut Picture, plane: &Plane, dots: &[Dot<'_>], places: &mut Places) {
    for family in dots.chunk_by(|one, next| are_joined(one.variant, next.variant)) {
        if family.len() > 1 {
            let points: Vec<Point> = family.iter().map(|dot| plane.at(dot)).collect();
            for piece in points.windows(2) {
                places.take_line(piece[0], piece[1]);
            }
            picture.line(points, family[family.len() / 2].colour, 1.5);
        }
    }
}

/// The point and its intervals.
fn draw(picture: &mut Picture, plane: &Plane, dot: &Dot<'_>, places: &mut Places) {
    let (x, y) = plane.at(dot);
    let mut taken = Frame { left: x - 6.0, top: y - 6.0, right: x + 6.0, bottom: y + 6.0 };
    if let Some([low, high]) = dot.duration.ci95.filter(|[low, high]| high > low) {
        let ends = [plane.across.at(low), plane.across.at(high)];
        bar(picture, (ends[0], y), (ends[1], y), dot.colour);
        taken.left = taken.left.min(ends[0] - 4.0);
        taken.right = taken.right.max(ends[1] + 4.0);
    }
    places.take(taken);
    if let Some([low, high]) = dot.spent.ci95.filter(|[low, high]| high > low) {
        let ends = [plane.height(low.max(plane.up.from())), plane.height(high)];
        bar(picture, (x, ends[0]), (x, ends[1]), dot.colour);
        places.take(Frame { left: x - 4.0, top: ends[1], right: x + 4.0, bottom: ends[0] });
    }
    picture.disc((x, y), 6.0, WHITE);
    picture.disc((x, y), 5.0, dot.colour);
    if dot.variant.outcomes.keys().any(|outcome| outcome != "completed") {
        picture.disc((x, y), 2.5, WHITE);
    }
}

/// A line with short strokes across its ends.
fn bar(picture: &mut Picture, from: Point, to: Point, colour: Colour) {
    const END: f64 = 3.5;
    picture.line(vec![from, to], colour, 1.2);
    let is_level = from.1 == to.1;
    for (x, y) in [from, to] {
        let stroke = if is_level {
            vec![(x, y - END), (x, y + END)]
        } else {
            vec![(x - END, y), (x + END, y)]
        };
        picture.line(stroke, colour, 1.2);
    }
}

/// The name beside the points, which are one to the eye, and how they ended where they did not
/// complete.
fn name(picture: &mut Picture, plane: &Plane, group: &[Dot<'_>], places: &mut Places) {
    const TALL: f64 = 15.0;
    let dot = &group[0];
    let mut unfinished: Vec<&str> = group
        .iter()
        .flat_map(|dot| dot.variant.outcomes.keys())
        .map(String::as_str)
        .filter(|&outcome| outcome != "completed")
        .collect();
    unfinished.sort_unstable();
    unfinished.dedup();
    let mut text = match group {
        [one] => one.label.clone(),
        [one, other] => format!("{}, {}", one.label, other.label),
        [first, .., last] => format!("{} to {}", first.label, last.label),
        [] => return,
    };
    if !unfinished.is_empty() {
        text += &format!(" ({})", unfinished.join(", "));
    }
    let at = plane.at(dot);
    let frame = places.place(at, (text_width(&text, LABEL), TALL));
    let near = (at.0.clamp(frame.left, frame.right), at.1.clamp(frame.top, frame.bottom));
    let (dx, dy) = (near.0 - at.0, near.1 - at.1);
    if (dx * dx + dy * dy).sqrt() > 16.0 {
        picture.line(vec![at, near], dot.colour, 0.8);
        places.take_line(at, near);
    }
    let middle = (frame.top + frame.bottom) / 2.0;
    picture.text(Text::new((frame.left, middle), text, LABEL, INK));
}
