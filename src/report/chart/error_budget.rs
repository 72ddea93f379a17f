//! The error-budget chart: what does the rollout cost in failed requests, when, and why?
//!
//! Above, the share of the error budget spent, a line a variant. Below, a row a variant: how fast
//! the budget burnt over the same time, and what the failures were charged to.

use super::axis::{self, KeyEntry, Mark, Names};
use super::label::spread;
use super::picture::{Anchor, Colour, Frame, Picture, Point, Text};
use super::scale::Scale;
use super::theme::{
    ALARM, CAUSES, FAINT, GRID, INK, LABEL, MARGIN, MUTED, SMALL, TITLE, WIDTH, bold_width, fitted,
    ink_on, text_width,
};
use super::{Extent, Input, cut_note, series_colours};
use crate::report::number;
use crate::report::summary_json::VariantSummary;
use crate::report::timeline_csv::Moment;

const TOP: f64 = 62.0;
const PLOT: f64 = 236.0;
/// Least and most room for the names at the lines' ends.
const LABELS: [f64; 2] = [150.0, 300.0];
const LABEL_GAP: f64 = 14.5;
const GUTTER: f64 = 58.0;
const ROWS_HEAD: f64 = 92.0;
const ROW: f64 = 22.0;
const BAR: f64 = 15.0;
const FOOT: f64 = 42.0;
/// Finals that differ by more than this are seen on a logarithmic scale only.
const WIDE: f64 = 40.0;

/// Burn rates and their colours: light below what the SLO can bear for ever, darker from there on.
/// 14.4 and 6 are the rates that the SRE Workbook pages at (chapter 5).
const BURN: [(f64, Colour); 5] = [
    (0.0, Colour(255, 255, 255)),
    (1.0, Colour(254, 217, 166)),
    (6.0, Colour(241, 163, 64)),
    (14.4, Colour(202, 90, 10)),
    (100.0, Colour(112, 28, 8)),
];
/// What burns, but slower than 1.
const EMBERS: Colour = Colour(255, 243, 224);

/// Draws the chart.
pub(super) fn render(input: &Input) -> Picture {
    let shown = input.shown();
    let plot = PLOT.max(shown.len() as f64 * LABEL_GAP);
    let height = TOP + plot + ROWS_HEAD + shown.len() as f64 * ROW + FOOT;
    let heading = format!("Error budget: {}", input.summary.scenario);
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
    rows(&mut picture, input, &extent, TOP + plot + ROWS_HEAD);
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
        // On a level part only its ends are kept, and of steep ones what can be seen.
        if let [.., before, last] = points.as_slice() {
            let is_level = before.1 == last.1 && last.1 == point.1;
            let is_near = point.0 - before.0 < 0.5 && (point.1 - before.1).abs() < 0.5;
            if is_level || is_near {
                points.pop();
            }
        }
        points.push(point);
    }
    points
}

/// The rows: burn rate over time, and causes.
fn rows(picture: &mut Picture, input: &Input, extent: &Extent, top: f64) {
    let shown = input.shown();
    let longest = shown.iter().map(|variant| text_width(&variant.name, LABEL)).fold(0.0, f64::max);
    let left = MARGIN + longest.clamp(60.0, 230.0) + 10.0;
    let middle = left + (WIDTH - MARGIN - left) * 0.5;
    let burn = Frame { left, top, right: middle - 76.0, bottom: top + shown.len() as f64 * ROW };
    let causes = Frame { left: middle, right: WIDTH - MARGIN - 78.0, ..burn };
    rows_heading(picture, input, burn, causes);
    let across = Scale::linear([0.0, extent.to], [burn.left, burn.right]);
    for (number, variant) in shown.iter().enumerate() {
        let y = top + (number as f64 + 0.5) * ROW;
        let name = fitted(&variant.name, LABEL, left - MARGIN - 8.0);
        picture.text(Text::new((left - 8.0, y), name, LABEL, INK).anchored(Anchor::End));
        let row = |frame: Frame| Frame { top: y - BAR / 2.0, bottom: y + BAR / 2.0, ..frame };
        burn_row(picture, row(burn), &across, variant, input.moments(variant));
        cause_row(picture, row(causes), variant);
    }
    let ticks = extent.unit.ticks(&across, 5);
    for tick in ticks {
        let x = across.at(tick.value);
        picture.line(vec![(x, burn.bottom), (x, burn.bottom + 4.0)], MUTED, 1.0);
        let at = (x, burn.bottom + 13.0);
        picture.text(Text::new(at, &tick.label, SMALL, MUTED).anchored(Anchor::Middle));
    }
    let name = format!("{} from rollout start", extent.unit.name);
    axis::name_bottom(picture, burn, burn.bottom + 30.0, &name);
}

fn rows_heading(picture: &mut Picture, input: &Input, burn: Frame, causes: Frame) {
    let y = burn.top - 34.0;
    picture.text(Text::new((burn.left, y), "Burn rate", TITLE, INK).bold());
    picture
        .text(Text::new((causes.left, y), "What the failures are charged to", TITLE, INK).bold());
    let at = (WIDTH - MARGIN, y);
    picture.text(Text::new(at, "failed per run", SMALL, MUTED).anchored(Anchor::End));
    let at = (burn.right + 6.0, y);
    picture.text(Text::new(at, "peak", SMALL, MUTED));
    let bands = BURN.iter().skip(1).map(|(from, colour)| (format!("{from}+"), *colour));
    let bands = std::iter::once(("below 1".to_owned(), EMBERS)).chain(bands);
    let entries: Vec<KeyEntry> =
        bands.map(|(name, colour)| KeyEntry { colour, mark: Mark::Area, name }).collect();
    axis::small_key(picture, burn.left, y + 18.0, &entries);
    let entries: Vec<KeyEntry> = CAUSES
        .iter()
        .filter(|(metric, ..)| input.shown().iter().any(|variant| failed(variant, metric) > 0.0))
        .map(|&(_, name, colour)| KeyEntry { colour, mark: Mark::Area, name: name.to_owned() })
        .collect();
    axis::small_key(picture, causes.left, y + 18.0, &entries);
}

fn failed(variant: &VariantSummary, metric: &str) -> f64 {
    variant.metric(metric).map_or(0.0, |estimate| estimate.mean)
}

fn burn_row(
    picture: &mut Picture,
    row: Frame,
    across: &Scale,
    variant: &VariantSummary,
    moments: &[Moment],
) {
    picture.rectangle(row, FAINT);
    let width = super::bin_width(moments);
    let after: Vec<&Moment> = moments.iter().filter(|moment| moment.t_s >= 0.0).collect();
    let colour = |moment: &&Moment| burn_colour(moment.burn_rate.unwrap_or(0.0));
    for part in after.chunk_by(|one, next| colour(one) == colour(next)) {
        let end = part[part.len() - 1].t_s + width;
        let frame = Frame { left: across.at(part[0].t_s), right: across.at(end), ..row };
        picture.rectangle(frame, colour(&part[0]));
    }
    let peak = variant
        .metric("burn_rate_max")
        .map(|estimate| estimate.mean)
        .unwrap_or_else(|| after.iter().filter_map(|moment| moment.burn_rate).fold(0.0, f64::max));
    let at = (row.right + 6.0, (row.top + row.bottom) / 2.0);
    picture.text(Text::new(at, peak_rate(peak), SMALL, INK));
    let Frame { left, top, right, bottom } = row;
    let corners = vec![(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    picture.line(corners, GRID, 1.0);
}

fn peak_rate(rate: f64) -> String {
    if rate < 10.0 { number::significant(rate, 2) } else { number::thousands(rate) }
}

fn burn_colour(rate: f64) -> Colour {
    if rate <= 0.0 {
        return BURN[0].1;
    }
    BURN.iter().rev().find(|(from, ..)| rate >= *from && *from > 0.0).map_or(EMBERS, |band| band.1)
}

fn cause_row(picture: &mut Picture, row: Frame, variant: &VariantSummary) {
    let all: f64 = CAUSES.iter().map(|(metric, ..)| failed(variant, metric)).sum();
    let y = (row.top + row.bottom) / 2.0;
    let at = (WIDTH - MARGIN, y);
    let text = number::thousands(all);
    picture.text(Text::new(at, text, SMALL, INK).anchored(Anchor::End));
    if all <= 0.0 {
        picture.text(Text::new((row.left, y), "none failed", SMALL, MUTED));
        return;
    }
    let mut left = row.left;
    for (metric, name, colour) in CAUSES {
        let width = row.width() * failed(variant, metric) / all;
        picture.rectangle(Frame { left, right: left + width, ..row }, colour);
        if bold_width(name, SMALL) + 6.0 < width {
            picture.text(Text::new((left + 5.0, y), name, SMALL, ink_on(colour)));
        }
        left += width;
    }
}
