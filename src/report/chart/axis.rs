//! Axes, keys and headings: what all charts have round their data.

use super::picture::{Anchor, Colour, Frame, Picture, Point, Text};
use super::scale::{Scale, Tick};
use super::theme::{AXIS, GRID, HEADLINE, INK, LABEL, MARGIN, MUTED, SMALL, text_width};

/// Whether an axis names its ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// It does.
    Shown,
    /// It does not: a neighbour with the same axis does.
    Left,
}

/// A swatch or line of a key, and what it stands for.
pub(super) struct KeyEntry {
    pub(super) colour: Colour,
    pub(super) mark: Mark,
    pub(super) name: String,
}

/// How an entry of a key is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A filled square.
    Area,
    /// A piece of line.
    Line,
}

/// Draws horizontal grid lines at the ticks, with their names to the left.
pub(super) fn left(
    picture: &mut Picture,
    frame: Frame,
    scale: &Scale,
    ticks: &[Tick],
    names: Names,
) {
    for tick in ticks {
        let y = scale.at(tick.value);
        picture.line(vec![(frame.left, y), (frame.right, y)], GRID, 1.0);
        if names == Names::Shown {
            let at = (frame.left - 6.0, y);
            picture.text(Text::new(at, &tick.label, SMALL, MUTED).anchored(Anchor::End));
        }
    }
}

/// Draws vertical grid lines at the ticks, with their names below, and the line that they stand
/// on.
pub(super) fn bottom(
    picture: &mut Picture,
    frame: Frame,
    scale: &Scale,
    ticks: &[Tick],
    names: Names,
) {
    for tick in ticks {
        let x = scale.at(tick.value);
        picture.line(vec![(x, frame.top), (x, frame.bottom)], GRID, 1.0);
        if names == Names::Shown {
            picture.line(vec![(x, frame.bottom), (x, frame.bottom + 4.0)], AXIS, 1.0);
            let at = (x, frame.bottom + 13.0);
            picture.text(Text::new(at, &tick.label, SMALL, MUTED).anchored(Anchor::Middle));
        }
    }
    base(picture, frame);
}

/// Draws the line that the data stand on.
pub(super) fn base(picture: &mut Picture, frame: Frame) {
    picture.line(vec![(frame.left, frame.bottom), (frame.right, frame.bottom)], AXIS, 1.0);
}

/// Writes what a horizontal axis shows, under its middle.
pub(super) fn name_bottom(picture: &mut Picture, frame: Frame, y: f64, name: &str) {
    let at = ((frame.left + frame.right) / 2.0, y);
    picture.text(Text::new(at, name, LABEL, INK).anchored(Anchor::Middle));
}

/// Writes what a vertical axis shows, upwards beside its middle.
pub(super) fn name_left(picture: &mut Picture, frame: Frame, x: f64, name: &str) {
    let at = (x, (frame.top + frame.bottom) / 2.0);
    picture.text(Text::new(at, name, LABEL, INK).anchored(Anchor::Middle).upwards());
}

/// Writes a chart's heading.
pub(super) fn heading(picture: &mut Picture, text: &str) {
    picture.text(Text::new((MARGIN, 22.0), text, HEADLINE, INK).bold());
}

/// Draws a key in a row that begins at `left` with its middle at `y`.
pub(super) fn key(picture: &mut Picture, left: f64, y: f64, entries: &[KeyEntry]) {
    sized_key(picture, (left, y), entries, LABEL);
}

/// The same in small letters.
pub(super) fn small_key(picture: &mut Picture, left: f64, y: f64, entries: &[KeyEntry]) {
    sized_key(picture, (left, y), entries, SMALL);
}

fn sized_key(picture: &mut Picture, (left, y): Point, entries: &[KeyEntry], size: f64) {
    const MARK: f64 = 12.0;
    let mut x = left;
    for KeyEntry { colour, mark, name } in entries {
        let half = MARK / 2.0;
        match mark {
            Mark::Area => picture.rectangle(
                Frame { left: x, top: y - half, right: x + MARK, bottom: y + half },
                *colour,
            ),
            Mark::Line => picture.line(vec![(x, y), (x + MARK + 4.0, y)], *colour, 2.0),
        }
        let drawn = if *mark == Mark::Line { MARK + 4.0 } else { MARK };
        picture.text(Text::new((x + drawn + 5.0, y), name, size, INK));
        x += drawn + 5.0 + text_width(name, size) + 1.2 * size;
    }
}
