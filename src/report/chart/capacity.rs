//! The capacity chart: can the fleet serve what is asked of it, all along the rollout?
//!
//! A panel a variant, all with the same axes: the capacity of the old and of the new version on
//! top of each other, demand as a line, and in the colour of alarm where it lies above.

use super::axis::{self, KeyEntry, Mark, Names};
use super::picture::{Anchor, Frame, Picture, Point, Text};
use super::scale::Scale;
use super::theme::{
    ALARM, FAINT, INK, MARGIN, MUTED, NEW, OLD, SMALL, TITLE, WIDTH, bold_width, fitted,
};
use super::{Extent, Input, bin_width, cut_note, outcome_line};
use crate::report::number;
use crate::report::summary_json::VariantSummary;
use crate::report::timeline_csv::Moment;

const HEAD: f64 = 66.0;
const PANEL_HEAD: f64 = 36.0;
/// Height of a panel's plot, by the number of rows; the last holds for more.
const PANEL: [f64; 3] = [210.0, 140.0, 122.0];
const PANEL_FOOT: f64 = 24.0;
const FOOT: f64 = 28.0;
const GUTTER: f64 = 52.0;
const GAP: f64 = 18.0;
/// Narrowest column of averaged bins, pixels.
const COLUMN: f64 = 0.7;

/// A stretch of time with what was constant in it.
#[derive(Clone, Copy)]
struct Stretch {
    from: f64,
    to: f64,
    old: f64,
    new: f64,
    demand: f64,
}

/// Draws the chart.
pub(super) fn render(input: &Input) -> Picture {
    let shown = input.shown();
    let columns = columns(shown);
    let rows = shown.len().div_ceil(columns);
    let plot = PANEL[(rows.max(1) - 1).min(PANEL.len() - 1)];
    let row_height = PANEL_HEAD + plot + PANEL_FOOT;
    let height = HEAD + rows as f64 * row_height + FOOT;
    let heading = format!("Capacity and demand during the rollout: {}", input.scenario);
    let mut picture = Picture::new(WIDTH, height, heading.clone());
    axis::heading(&mut picture, &heading);
    key(&mut picture);
    let extent = Extent::of(input);
    let width = (WIDTH - MARGIN - GUTTER - MARGIN - GAP * (columns - 1) as f64) / columns as f64;
    for (number, variant) in shown.iter().enumerate() {
        let (row, column) = (number / columns, number % columns);
        let left = MARGIN + GUTTER + column as f64 * (width + GAP);
        let top = HEAD + row as f64 * row_height + PANEL_HEAD;
        let frame = Frame { left, top, right: left + width, bottom: top + plot };
        let at = Position { is_first: column == 0, is_last: number + columns >= shown.len() };
        panel(&mut picture, frame, at, &extent, variant, input.moments(variant));
    }
    let all = Frame { left: MARGIN + GUTTER, top: HEAD, right: WIDTH - MARGIN, bottom: height };
    let name = format!("{} from rollout start", extent.unit.name);
    axis::name_bottom(&mut picture, all, height - FOOT + 6.0, &name);
    let plots = Frame { top: HEAD + PANEL_HEAD, bottom: height - FOOT - PANEL_FOOT, ..all };
    axis::name_left(&mut picture, plots, MARGIN + 2.0, "requests/s");
    cut_note(&mut picture, input);
    picture
}

/// As many columns as leave room for the names, at most four.
fn columns(shown: &[VariantSummary]) -> usize {
    let wanted = match shown.len() {
        0 | 1 => 1,
        2 | 4 => 2,
        3 | 5 | 6 | 9 => 3,
        _ => 4,
    };
    let longest = shown.iter().map(|variant| bold_width(&variant.name, TITLE)).fold(0.0, f64::max);
    let room = WIDTH - 2.0 * MARGIN - GUTTER;
    let most = ((room + GAP) / (longest + GAP)) as usize;
    wanted.min(most.max(1))
}

fn key(picture: &mut Picture) {
    let entry = |colour, mark, name: &str| KeyEntry { colour, mark, name: name.to_owned() };
    let entries = [
        entry(OLD, Mark::Area, "capacity of the old version"),
        entry(NEW, Mark::Area, "of the new version"),
        entry(INK, Mark::Line, "demand"),
        entry(ALARM, Mark::Area, "demand above capacity"),
    ];
    axis::key(picture, MARGIN, 47.0, &entries);
}

/// Where a panel stands among the others.
#[derive(Clone, Copy)]
struct Position {
    /// Nothing is to its left.
    is_first: bool,
    /// Nothing is below it.
    is_last: bool,
}

fn panel(
    picture: &mut Picture,
    frame: Frame,
    position: Position,
    extent: &Extent,
    variant: &VariantSummary,
    moments: &[Moment],
) {
    let names = |shown: bool| if shown { Names::Shown } else { Names::Left };
    // A little of what was before is enough to see where the rollout begins.
    let from = extent.from.max(-0.06 * extent.to);
    let across = Scale::linear([from, extent.to], [frame.left, frame.right]);
    let most = if extent.most_rps > 0.0 { extent.most_rps * 1.05 } else { 1.0 };
    let up = Scale::linear([0.0, most], [frame.bottom, frame.top]);
    picture.rectangle(frame, FAINT);
    let ticks = up.ticks(4, number::thousands);
    axis::left(picture, frame, &up, &ticks, names(position.is_first));
    let stretches = stretches(moments, &across);
    areas(picture, &stretches, &across, &up);
    let most = (frame.width() / 42.0) as usize;
    let ticks = extent.unit.ticks(&across, most.max(2));
    for tick in &ticks {
        let x = across.at(tick.value);
        picture.line(vec![(x, frame.bottom), (x, frame.bottom + 4.0)], MUTED, 1.0);
        if position.is_last {
            let at = (x, frame.bottom + 13.0);
            picture.text(Text::new(at, &tick.label, SMALL, MUTED).anchored(Anchor::Middle));
        }
    }
    axis::base(picture, frame);
    let end = variant.metric("duration_s").map(|estimate| estimate.mean);
    for moment in [Some(0.0), end].into_iter().flatten() {
        let x = across.at(moment);
        picture.dashes((x, frame.top), (x, frame.bottom), MUTED, 1.0);
    }
    let name = fitted(&variant.name, TITLE, frame.width() / 1.12);
    picture.text(Text::new((frame.left, frame.top - 25.0), name, TITLE, INK).bold());
    let line = fitted(&story(variant), SMALL, frame.width() + GAP / 2.0);
    picture.text(Text::new((frame.left, frame.top - 9.0), line, SMALL, MUTED));
}

/// What the panel's second line says: how it ended, and the lowest capacity.
fn story(variant: &VariantSummary) -> String {
    let lowest = variant.metric("capacity_min").map_or_else(String::new, |estimate| {
        format!(", low {}", number::percent(estimate.mean, 3))
    });
    outcome_line(variant) + &lowest
}

/// The bins from the scale's beginning on, averaged to columns that can be seen.
fn stretches(moments: &[Moment], across: &Scale) -> Vec<Stretch> {
    let width = bin_width(moments);
    let per_bin = across.at(width) - across.at(0.0);
    let together = (COLUMN / per_bin).ceil().max(1.0) as usize;
    // An old instance's capacity is seen where it serves alone.
    let alone = moments
        .iter()
        .filter(|moment| moment.new_routed == 0.0 && moment.old_routed > 0.0)
        .map(|moment| moment.capacity_rps / moment.old_routed)
        .fold(0.0, f64::max);
    let visible: Vec<&Moment> =
        moments.iter().filter(|moment| moment.t_s + width > across.from()).collect();
    visible
        .chunks(together)
        .map(|bins| {
            let mean = |value: fn(&Moment) -> f64| {
                bins.iter().map(|moment| value(moment)).sum::<f64>() / bins.len() as f64
            };
            let old = bins.iter().map(|moment| old_capacity(moment, alone)).sum::<f64>()
                / bins.len() as f64;
            Stretch {
                from: bins[0].t_s.max(across.from()),
                to: bins[bins.len() - 1].t_s + width,
                old,
                new: mean(|moment| moment.capacity_rps) - old,
                demand: mean(|moment| moment.demand_rps),
            }
        })
        .collect()
}

/// How much of the capacity is the old version's. Old instances have long warmed up, so each has
/// the capacity `alone` that it has before the rollout; without a time in which only they serve,
/// capacity is shared by number.
fn old_capacity(moment: &Moment, alone: f64) -> f64 {
    let Moment { capacity_rps, old_routed, new_routed, .. } = *moment;
    if new_routed == 0.0 {
        capacity_rps
    } else if alone > 0.0 {
        (alone * old_routed).min(capacity_rps)
    } else {
        capacity_rps * old_routed / (old_routed + new_routed)
    }
}

fn areas(picture: &mut Picture, stretches: &[Stretch], across: &Scale, up: &Scale) {
    let none = |_: &Stretch| 0.0;
    let capacity = |stretch: &Stretch| stretch.old + stretch.new;
    band(picture, stretches, across, up, (none, |stretch| stretch.old), OLD);
    band(picture, stretches, across, up, (|stretch| stretch.old, capacity), NEW);
    for short in stretches.chunk_by(|one, next| is_short(one) == is_short(next)) {
        if is_short(&short[0]) {
            band(picture, short, across, up, (capacity, |stretch| stretch.demand), ALARM);
        }
    }
    let demand = steps(stretches, across, up, |stretch| stretch.demand);
    if demand.len() > 1 {
        picture.line(demand, INK, 1.5);
    }
}

fn is_short(stretch: &Stretch) -> bool {
    // Less than a thousandth is not seen.
    stretch.demand > (stretch.old + stretch.new) * 1.001
}

type Value = fn(&Stretch) -> f64;

/// Fills what lies between two values, where there is anything.
fn band(
    picture: &mut Picture,
    stretches: &[Stretch],
    across: &Scale,
    up: &Scale,
    (low, high): (Value, Value),
    colour: super::picture::Colour,
) {
    for part in stretches.chunk_by(|one, next| (high(one) > low(one)) == (high(next) > low(next))) {
        if high(&part[0]) > low(&part[0]) {
            let mut points = steps(part, across, up, high);
            points.extend(steps(part, across, up, low).into_iter().rev());
            picture.fill(points, colour);
        }
    }
}

/// A line that is level over each stretch; points in the middle of a level part are left out.
fn steps(stretches: &[Stretch], across: &Scale, up: &Scale, value: Value) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for stretch in stretches {
        let y = up.at(value(stretch));
        let is_level = points.last().is_some_and(|last| last.1 == y);
        if is_level {
            points.pop();
        } else {
            points.push((across.at(stretch.from), y));
        }
        points.push((across.at(stretch.to), y));
    }
    points
}
