//! The lower half of the error-budget chart, a row a variant: how fast the budget burnt, and what
//! the failures so far are charged to.

use super::axis::{self, KeyEntry, Mark};
use super::picture::{Anchor, Colour, Frame, Picture, Point, Text, go_to};
use super::scale::Scale;
use super::theme::{
    ALARM, CAUSES, FAINT, GRID, INK, LABEL, MARGIN, MUTED, SMALL, TITLE, WIDTH, bold_width, fitted,
    ink_on, text_width,
};
use super::{Extent, Input, bin_width};
use crate::report::ledger_csv::Entry;
use crate::report::number;
use crate::report::summary_json::VariantSummary;
use crate::report::timeline_csv::Moment;

/// Room above the rows for their headings.
pub(super) const ROWS_HEAD: f64 = 92.0;
/// Height of a row.
pub(super) const ROW: f64 = 50.0;
const PLOT: f64 = 40.0;
/// Seconds over which a burn rate is told: those of the metric `burn_rate_max`.
const WINDOW: f64 = 60.0;
/// The least burn rate that is seen.
const LEAST: f64 = 0.1;
/// Narrowest step of a curve, pixels.
const COLUMN: f64 = 1.0;

/// Burn rates and their colours: light below what the SLO can bear for ever, darker from there on.
/// 14.4 and 6 are the rates that the SRE Workbook pages at (chapter 5).
const BURN: [(f64, Colour); 5] = [
    (LEAST, Colour(255, 236, 208)),
    (1.0, Colour(254, 217, 166)),
    (6.0, Colour(241, 163, 64)),
    (14.4, Colour(202, 90, 10)),
    (100.0, Colour(112, 28, 8)),
];

/// A value over a stretch of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    left: f64,
    right: f64,
    value: f64,
}

/// Draws the rows from `top` on.
pub(super) fn draw(picture: &mut Picture, input: &Input, extent: &Extent, top: f64) {
    let shown = input.shown();
    let longest = shown.iter().map(|variant| text_width(&variant.name, LABEL)).fold(0.0, f64::max);
    let left = MARGIN + longest.clamp(60.0, 200.0) + 10.0;
    let middle = left + (WIDTH - MARGIN - left) * 0.5;
    let bottom = top + shown.len() as f64 * ROW;
    let burn = Frame { left, top, right: middle - 64.0, bottom };
    let ledger = Frame { left: middle, right: WIDTH - MARGIN - 66.0, ..burn };
    headings(picture, input, burn, ledger);
    let rates: Vec<Vec<(f64, f64)>> =
        shown.iter().map(|variant| rates(input.moments(variant))).collect();
    let most = rates.iter().flatten().map(|&(_, rate)| rate).fold(10.0, f64::max);
    let across = |frame: Frame| Scale::linear([0.0, extent.to], [frame.left, frame.right]);
    for (number, variant) in shown.iter().enumerate() {
        let y = top + (number as f64 + 0.5) * ROW;
        let name = fitted(&variant.name, LABEL, left - MARGIN - 8.0);
        picture.text(Text::new((left - 8.0, y), name, LABEL, INK).anchored(Anchor::End));
        let row = |frame: Frame| Frame { top: y - PLOT / 2.0, bottom: y + PLOT / 2.0, ..frame };
        let frame = row(burn);
        let up = Scale::logarithmic([LEAST, most * 1.2], [frame.bottom, frame.top]);
        let width = bin_width(input.moments(variant));
        let columns = columns(&rates[number], width, &across(burn));
        burn_row(picture, frame, &up, &columns, peak(variant, &rates[number]));
        ledger_row(picture, row(ledger), &across(ledger), input, variant);
    }
    for frame in [burn, ledger] {
        time_axis(picture, frame, extent, &across(frame));
    }
}

fn time_axis(picture: &mut Picture, frame: Frame, extent: &Extent, across: &Scale) {
    for tick in extent.unit.ticks(across, 5) {
        let x = across.at(tick.value);
        picture.line(vec![(x, frame.bottom), (x, frame.bottom + 4.0)], MUTED, 1.0);
        let at = (x, frame.bottom + 13.0);
        picture.text(Text::new(at, &tick.label, SMALL, MUTED).anchored(Anchor::Middle));
    }
    let name = format!("{} from rollout start", extent.unit.name);
    axis::name_bottom(picture, frame, frame.bottom + 30.0, &name);
}

fn headings(picture: &mut Picture, input: &Input, burn: Frame, ledger: Frame) {
    let y = burn.top - 34.0;
    let title = "Burn rate of the last minute (logarithmic)";
    picture.text(Text::new((burn.left, y), title, TITLE, INK).bold());
    picture.text(Text::new((ledger.left, y), "Failures so far, by cause", TITLE, INK).bold());
    let at = (WIDTH - MARGIN, y);
    picture.text(Text::new(at, "failed per run", SMALL, MUTED).anchored(Anchor::End));
    let bands = BURN.iter().skip(1).map(|(from, colour)| (format!("{from}+"), *colour));
    let bands = std::iter::once(("below 1".to_owned(), BURN[0].1)).chain(bands);
    let entries: Vec<KeyEntry> =
        bands.map(|(name, colour)| KeyEntry { colour, mark: Mark::Area, name }).collect();
    axis::small_key(picture, burn.left, y + 18.0, &entries);
    let is_seen = |cause: &str| {
        let mut variants = input.shown().iter();
        variants.any(|variant| input.entries(variant).iter().any(|entry| entry.cause == cause))
    };
    let entries: Vec<KeyEntry> = CAUSES
        .iter()
        .filter(|(cause, ..)| is_seen(cause))
        .map(|&(_, name, colour)| KeyEntry { colour, mark: Mark::Area, name: name.to_owned() })
        .collect();
    axis::small_key(picture, ledger.left, y + 18.0, &entries);
}

/// From where on, seconds, the burn rate of the minute before was how high.
fn rates(moments: &[Moment]) -> Vec<(f64, f64)> {
    let mut rates = Vec::new();
    let mut first = 0;
    for (index, moment) in moments.iter().enumerate() {
        while moments[first].t_s + WINDOW <= moment.t_s {
            first += 1;
        }
        let window = &moments[first..=index];
        let requests: f64 = window.iter().map(|one| one.requests).sum();
        let burnt = window.iter().filter_map(|one| one.burn_rate.map(|rate| rate * one.requests));
        let rate = if requests > 0.0 { burnt.sum::<f64>() / requests } else { 0.0 };
        if moment.t_s >= 0.0 {
            rates.push((moment.t_s, rate));
        }
    }
    rates
}

/// The highest rate: the metric's, which looks at each run for itself.
fn peak(variant: &VariantSummary, rates: &[(f64, f64)]) -> f64 {
    let seen = rates.iter().map(|&(_, rate)| rate).fold(0.0, f64::max);
    variant.metric("burn_rate_max").map_or(seen, |estimate| estimate.mean)
}

/// A curve in columns that can be told apart, each with the highest value in it.
fn columns(values: &[(f64, f64)], width: f64, across: &Scale) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for &(from, value) in values {
        let (left, right) = (across.at(from), across.at(from + width));
        match columns.last_mut() {
            Some(last) if last.right - last.left < COLUMN => {
                last.right = right;
                last.value = last.value.max(value);
            }
            Some(last) if last.value == value => last.right = right,
            _ => columns.push(Column { left, right, value }),
        }
    }
    columns
}

/// The area under the burn rate, each band in its colour, with a line where the budget would just
/// last.
fn burn_row(picture: &mut Picture, row: Frame, up: &Scale, columns: &[Column], peak: f64) {
    picture.rectangle(row, FAINT);
    for (number, &(from, colour)) in BURN.iter().enumerate() {
        let to = BURN.get(number + 1).map_or(f64::INFINITY, |band| band.0).min(up.to());
        for part in columns.split(|column| column.value <= from).filter(|part| !part.is_empty()) {
            picture.fill(band(part, up, from, to), colour);
        }
    }
    let one = up.at(1.0);
    picture.dashes((row.left, one), (row.right, one), ALARM, 1.0);
    picture.text(Text::new((row.right + 6.0, one), "1", SMALL, ALARM));
    let at = (row.right + 6.0, row.top + 5.0);
    picture.text(Text::new(at, format!("max {}", peak_rate(peak)), SMALL, INK));
    outline(picture, row);
}

/// The part of an area between two rates.
fn band(part: &[Column], up: &Scale, from: f64, to: f64) -> Vec<Point> {
    let (first, last) = (part[0], part[part.len() - 1]);
    let mut points = vec![(first.left, up.at(from))];
    for column in part {
        let y = up.at(column.value.min(to));
        go_to(&mut points, (column.left, y));
        go_to(&mut points, (column.right, y));
    }
    go_to(&mut points, (last.right, up.at(from)));
    points
}

fn outline(picture: &mut Picture, row: Frame) {
    let Frame { left, top, right, bottom } = row;
    let corners = vec![(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    picture.line(corners, GRID, 1.0);
}

fn peak_rate(rate: f64) -> String {
    if rate < 10.0 { number::significant(rate, 2) } else { number::thousands(rate) }
}

/// The failures up to each moment, one cause on top of the other; the full height is all of them.
fn ledger_row(
    picture: &mut Picture,
    row: Frame,
    across: &Scale,
    input: &Input,
    variant: &VariantSummary,
) {
    let entries = input.entries(variant);
    let y = (row.top + row.bottom) / 2.0;
    let failed = variant.metric("failed").map_or(0.0, |estimate| estimate.mean);
    let text = number::thousands(failed);
    picture.text(Text::new((WIDTH - MARGIN, y), text, SMALL, INK).anchored(Anchor::End));
    let all: f64 = entries.iter().map(|entry| entry.failed).sum();
    if all <= 0.0 {
        picture.text(Text::new((row.left, y), "none failed", SMALL, MUTED));
        return;
    }
    picture.rectangle(row, FAINT);
    let moments = input.moments(variant);
    let width = bin_width(moments);
    let end = moments.last().map_or(0.0, |moment| moment.t_s + width);
    let up = Scale::linear([0.0, all], [row.bottom, row.top]);
    let mut below = vec![(across.at(0.0), row.bottom), (across.at(end), row.bottom)];
    for (number, (_, name, colour)) in CAUSES.iter().enumerate() {
        let counts = |cause: &str| CAUSES[..=number].iter().any(|known| known.0 == cause);
        let above = sums(entries.iter().filter(|entry| counts(&entry.cause)), width, end);
        let above = above.into_iter().fold(Vec::new(), |mut line, (t_s, sum)| {
            go_to(&mut line, (across.at(t_s), up.at(sum)));
            line
        });
        let (last, floor) = (above[above.len() - 1], below[below.len() - 1].1);
        if floor - last.1 > 0.0 {
            let corners = below.iter().copied().chain(above.iter().rev().copied());
            picture.fill(corners.collect(), *colour);
            if floor - last.1 > SMALL && bold_width(name, SMALL) + 10.0 < last.0 - row.left {
                let at = (last.0 - 5.0, (floor + last.1) / 2.0);
                let text = Text::new(at, *name, SMALL, ink_on(*colour));
                picture.text(text.anchored(Anchor::End));
            }
        }
        below = above;
    }
    outline(picture, row);
}

/// How many have failed up to each moment at which that changes, from the rollout's start to the
/// end of the series.
fn sums<'a>(entries: impl Iterator<Item = &'a Entry>, width: f64, end: f64) -> Vec<(f64, f64)> {
    let mut sums = vec![(0.0, 0.0)];
    let mut sum = 0.0;
    for entry in entries {
        let (from, to) = (entry.t_s, entry.t_s + width);
        if sums[sums.len() - 1].0 < from {
            sums.push((from, sum));
        }
        sum += entry.failed;
        match sums.last_mut() {
            Some(last) if last.0 == to => last.1 = sum,
            _ => sums.push((to, sum)),
        }
    }
    sums.push((end, sum));
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(t_s: f64, requests: f64, burn_rate: Option<f64>) -> Moment {
        Moment {
            t_s,
            demand_rps: 0.0,
            capacity_rps: 0.0,
            old_routed: 0.0,
            new_routed: 0.0,
            requests,
            error_budget_spent: 0.0,
            burn_rate,
        }
    }

    /// 100 requests each half minute, of which some fail: the minute's rate is their mean, weighed
    /// by requests.
    #[test]
    fn a_burn_rate_is_that_of_the_minute_before() {
        let moments = [
            moment(-30.0, 100.0, Some(0.0)),
            moment(0.0, 100.0, Some(40.0)),
            moment(30.0, 300.0, Some(0.0)),
            moment(60.0, 0.0, None),
            moment(90.0, 0.0, None),
        ];
        let expected = [(0.0, 20.0), (30.0, 10.0), (60.0, 0.0), (90.0, 0.0)];
        assert_eq!(rates(&moments), expected);
    }

    #[test]
    fn sums_rise_where_something_fails() {
        let entry = |t_s, failed| Entry { t_s, cause: "crash".into(), failed };
        let entries = [entry(2.0, 3.0), entry(2.0, 1.0), entry(3.0, 1.0), entry(8.0, 5.0)];
        let expected =
            [(0.0, 0.0), (2.0, 0.0), (3.0, 4.0), (4.0, 5.0), (8.0, 5.0), (9.0, 10.0), (12.0, 10.0)];
        assert_eq!(sums(entries.iter(), 1.0, 12.0), expected);
    }

    #[test]
    fn columns_keep_the_peak() {
        let across = Scale::linear([0.0, 10.0], [0.0, 10.0]);
        let values = [(0.0, 1.0), (0.4, 9.0), (0.8, 2.0), (1.2, 2.0), (1.6, 2.0)];
        let columns = columns(&values, 0.4, &across);
        let values: Vec<f64> = columns.iter().map(|column| column.value).collect();
        assert_eq!(values, [9.0, 2.0], "{columns:?}");
    }
}
