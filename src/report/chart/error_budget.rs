//! The error-budget chart: what does the rollout cost in failed requests, when, and why?
//!
//! Above, the share of the error budget spent, a line a variant. Below, a row a variant
//! (`budget_rows.rs`): how fast the budget burnt over the same time, and the ledger of the
//! failures.

use super::axis::{self, Names};
use super::budget_rows::{self, ROW, ROWS_HEAD};
use super::label::spread;
use super::picture::{Frame, Picture, Point, Text, go_to};
use super::scale::Scale;
use super::theme::{ALARM, INK, LABEL, MARGIN, SMALL, TITLE, WIDTH, fitted, text_width};
use super::{Extent, Input, cut_note, series_colours};
use crate::report::number;
use crate::report::timeline_csv::Moment;

const TOP: f64 = 62.0;
const PLOT: f64 = 236.0;
/// Least and most room for the names at the lines' ends.
const LABELS: [f64; 2] = [150.0, 300.0];
const LABEL_GAP: f64 = 14.5;
const GUTTER: f64 = 58.0;
const FOOT: f64 = 42.0;
/// Finals that differ by more than this are seen on a logarithmic scale only.
const WIDE: f64 = 40.0;

/// Draws the chart.
pub(super) fn render(input: &Input) -> Picture {
    let shown = input.shown();
    let plot = PLOT.max(shown.len() as f64 * LABEL_GAP);
    let height = TOP + plot + ROWS_HEAD + shown.len() as f64 * ROW + FOOT;
    let heading = format!("Error budget: {}", input.scenario);
    let mut picture = Picture::new(WIDTH, height, heading.clone());
    axis::heading(&mut picture, &heading);
    cut_note(&mut picture, input);
    let extent = Extent::of(input);
    let longest = shown.iter().map(|variant| {
        text_width(&variant.name, LABEL) + text_width(&last_percent(input.moments(variant)), LABEL)
    });
    let labels = (longest.fold(0.0, f64::max) + 36.0 + MARGIN).clamp(LABELS[0], LABELS[1]);
    let frame =
        Frame { left: MARGIN + GUTTER, top: TOP, right: WIDTH - labels, bottom: TOP + plot };
    spent(&mut picture, frame, input, &extent);
    budget_rows::draw(&mut picture, input, &extent, TOP + plot + ROWS_HEAD);
    picture
}

/// The lines: share of the budget spent over time.
fn spent(picture: &mut Picture, frame: Frame, input: &Input, extent: &Extent) {
    let across = Scale::linear([0.0, extent.to], [frame.left, frame.right]);
    let finals: Vec<f64> =
        input.shown().iter().map(|variant| last_spent(input.moments(variant))).collect();
    let up = spent_scale(&finals, [frame.bottom, frame.top]);
    let title = if up.is_logarithmic() {
        "Share of the error budget spent so far (logarithmic)"
    } else {
        "Share of the error budget spent so far"
    };
    picture.text(Text::new((frame.left, TOP - 14.0), title, TITLE, INK).bold());
    let ticks = up.ticks(7, |share| number::percent(share, 6));
    axis::left(picture, frame, &up, &ticks, Names::Shown);
    let ticks = extent.unit.ticks(&across, 8);
    axis::bottom(picture, frame, &across, &ticks, Names::Shown);
    let name = format!("{} from rollout start", extent.unit.name);
    axis::name_bottom(picture, frame, frame.bottom + 31.0, &name);
    if up.to() >= 1.0 {
        let y = up.at(1.0);
        picture.dashes((frame.left, y), (frame.right, y), ALARM, 1.5);
        let text = "the whole budget";
        picture.text(Text::new((frame.left + 6.0, y + 9.0), text, SMALL, ALARM));
    }
    let colours = series_colours(input);
    for (variant, &colour) in input.shown().iter().zip(&colours) {
        let points = line(input.moments(variant), &across, &up);
        if points.len() > 1 {
            picture.line(points, colour, 2.0);
        }
    }
    spent_labels(picture, frame, input, &across, &up);
}

/// The names at the lines' ends, with what was spent in the end.
fn spent_labels(picture: &mut Picture, frame: Frame, input: &Input, across: &Scale, up: &Scale) {
    let ends: Vec<Point> = input
        .shown()
        .iter()
        .map(|variant| {
            let moments = input.moments(variant);
            let end = moments.last().map_or(0.0, |moment| moment.t_s + super::bin_width(moments));
            (across.at(end), up.at(last_spent(moments)))
        })
        .collect();
    let wanted: Vec<f64> = ends.iter().map(|end| end.1).collect();
    let places = spread(&wanted, LABEL_GAP, frame.top + 2.0, frame.bottom);
    let colours = series_colours(input);
    let room = WIDTH - MARGIN - frame.right - 28.0;
    for (index, variant) in input.shown().iter().enumerate() {
        let (colour, y) = (colours[index], places[index]);
        let (from, turn) = (ends[index], frame.right + 6.0);
        picture.line(vec![from, (turn, from.1), (turn + 12.0, y), (turn + 18.0, y)], colour, 1.0);
        picture.disc(from, 3.0, colour);
        let value = last_percent(input.moments(variant));
        let name = fitted(&variant.name, LABEL, room - text_width(&value, LABEL));
        let text = format!("{value} {name}");
        picture.text(Text::new((turn + 22.0, y), text, LABEL, colour));
    }
}

fn last_percent(moments: &[Moment]) -> String {
    number::percent(last_spent(moments), 2)
}

fn last_spent(moments: &[Moment]) -> f64 {
    moments.last().map_or(0.0, |moment| moment.error_budget_spent)
}

/// Linear from nothing where the finals are alike, else logarithmic from below the least that is
/// anything.
fn spent_scale(finals: &[f64], place: [f64; 2]) -> Scale {
    let most = finals.iter().copied().fold(0.0, f64::max);
    let least = finals.iter().copied().filter(|&share| share > 0.0).fold(most, f64::min);
    if most <= 0.0 {
        return Scale::linear([0.0, 0.01], place);
    }
    if most / least > WIDE {
        // The whole budget is shown where it is not far off.
        let to = if (0.02..1.2).contains(&most) { 1.2 } else { most * 1.5 };
        let from = (least / 3.0).max(to / 1e7);
        return Scale::logarithmic([from, to], place);
    }
    let to = if (0.4..1.08).contains(&most) { 1.08 } else { most * 1.08 };
    Scale::linear([0.0, to], place)
}

/// The line from the rollout's start on.
fn line(moments: &[Moment], across: &Scale, up: &Scale) -> Vec<Point> {
    let width = super::bin_width(moments);
    let mut points: Vec<Point> = vec![(across.at(0.0), up.at(0.0))];
    for moment in moments.iter().filter(|moment| moment.t_s >= 0.0) {
        let point = (across.at(moment.t_s + width), up.at(moment.error_budget_spent));
        go_to(&mut points, point);
    }
    points
}
