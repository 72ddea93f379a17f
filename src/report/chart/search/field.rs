//! The first objective over the one or two fields that were varied: where does the best lie?

use super::super::axis::{self, Names};
use super::super::picture::{Anchor, Colour, Frame, Picture, Text};
use super::super::scale::Scale;
use super::super::theme::{
    FAINT, GRID, INK, LABEL, MARGIN, MUTED, SERIES, SMALL, TITLE, WHITE, WIDTH, fitted, ink_on,
    text_width,
};
use super::scatter::bar;
use super::{Along, colour, key};
use crate::experiment::tune::{Answer, Axis, Status};
use crate::report::tune::words;

const HEAD: f64 = 50.0;
const FOOT: f64 = 56.0;
const GUTTER: f64 = 78.0;
/// Height of a curve over one field, and of all cells over two.
const CURVE: f64 = 240.0;
const TALL: f64 = 330.0;
const ROWS: [f64; 2] = [7.0, 40.0];
/// Ground of cells that are not to be chosen: a tint of the colour of limits.
const OUT: Colour = Colour(250, 222, 203);
/// Cells narrower than this cannot be seen.
const NARROWEST: f64 = 4.0;

/// One or two varied fields.
pub(super) struct Field<'a> {
    answer: &'a Answer,
    along: Along,
    across: &'a Axis,
    up: Option<&'a Axis>,
}

impl<'a> Field<'a> {
    /// None with no or more than two fields of several values, or too many values to be seen.
    pub(super) fn of(answer: &'a Answer) -> Option<Self> {
        let along = Along::all(answer).into_iter().next()?;
        let (across, up) = match answer.axes.as_slice() {
            [one] => (one, None),
            [up, across] if up.values.len() > 1 && across.values.len() > 1 => (across, Some(up)),
            _ => return None,
        };
        let width = (WIDTH - 2.0 * MARGIN - GUTTER) / across.values.len() as f64;
        let height = TALL / up.map_or(1.0, |up| up.values.len() as f64);
        let is_drawn = across.values.len() > 1 && width >= NARROWEST && height >= 3.0;
        is_drawn.then_some(Self { answer, along, across, up })
    }

    pub(super) fn height(&self) -> f64 {
        HEAD + FOOT + self.up.map_or(CURVE, |up| self.row_height(up) * up.values.len() as f64)
    }

    fn row_height(&self, up: &Axis) -> f64 {
        (TALL / up.values.len() as f64).clamp(ROWS[0], ROWS[1])
    }

    pub(super) fn draw(&self, picture: &mut Picture, top: f64) {
        let frame = Frame {
            left: MARGIN + GUTTER,
            top: top + HEAD,
            right: WIDTH - MARGIN - 6.0,
            bottom: top + self.height() - FOOT,
        };
        let title = match self.up {
            Some(_) => format!("{} by what was varied", self.along.metric.name),
            None => format!("{} by {}", self.along.metric.name, self.across.field()),
        };
        picture.text(Text::new((frame.left, top + 10.0), title, TITLE, INK).bold());
        match self.up {
            Some(up) => self.cells(picture, frame, up),
            None => self.curve(picture, frame),
        }
        axis::name_bottom(picture, frame, frame.bottom + 34.0, &self.across.path);
    }

    /// The candidate at these positions of the axes, in the order typed.
    fn at(&self, values: &[&str]) -> Option<usize> {
        self.answer.candidates.iter().position(|one| one.values == values)
    }

    /// The names of the values below, as far as there is room.
    fn values(&self, picture: &mut Picture, frame: Frame, axis: &Axis) {
        let width = frame.width() / axis.values.len() as f64;
        let widest = axis.values.iter().map(|value| text_width(value, SMALL)).fold(1.0, f64::max);
        let step = ((widest.min(120.0) + 6.0) / width).ceil().max(1.0) as usize;
        for (column, value) in axis.values.iter().enumerate().step_by(step) {
            let at = (frame.left + width * (column as f64 + 0.5), frame.bottom + 13.0);
            let text = fitted(value, SMALL, (width * step as f64 - 4.0).max(30.0));
            picture.text(Text::new(at, text, SMALL, MUTED).anchored(Anchor::Middle));
        }
    }

    fn curve(&self, picture: &mut Picture, frame: Frame) {
        if self.answer.objectives.len() + self.answer.constraints.len() < 2 {
            key(picture, self.answer, frame.top - 22.0);
        }
        picture.rectangle(frame, FAINT);
        let up = self.along.scale(self.answer, [frame.bottom, frame.top]);
        axis::left(picture, frame, &up, &self.along.ticks(&up, 6), Names::Shown);
        axis::base(picture, frame);
        axis::name_left(picture, frame, MARGIN - 2.0, &self.along.name(&up));
        let last = self.across.values.len() as f64 - 0.5;
        let right = Scale::linear([-0.5, last], [frame.left, frame.right]);
        let mut line = Vec::new();
        let mut points = Vec::new();
        for (column, value) in self.across.values.iter().enumerate() {
            let Some(number) = self.at(&[value.as_str()]) else { continue };
            let Some(one) = self.along.of(&self.answer.candidates[number]) else { continue };
            let at = (right.at(column as f64), up.at(one.mean));
            line.push(at);
            points.push((number, at, words::interval(one)));
        }
        if line.len() > 1 {
            picture.line(line, GRID, 1.5);
        }
        for (number, (x, y), interval) in points {
            let colour = colour(self.answer, number);
            if let Some([low, high]) = interval {
                bar(picture, [(x, up.at(low)), (x, up.at(high))], colour);
            }
            let is_best = self.answer.recommended == Ok(number);
            let radius = if is_best { 6.5 } else { 3.5 };
            picture.disc((x, y), radius + 1.0, WHITE);
            picture.disc((x, y), radius, colour);
            if !is_best && self.answer.candidates[number].status == Status::Tied {
                picture.disc((x, y), radius - 1.5, WHITE);
            }
        }
        self.values(picture, frame, self.across);
    }

    /// A cell a candidate: the lighter the better.
    fn cells(&self, picture: &mut Picture, frame: Frame, up: &Axis) {
        let row_height = self.row_height(up);
        let width = frame.width() / self.across.values.len() as f64;
        let objective = &self.answer.objectives[0];
        let losses: Vec<f64> = self
            .answer
            .candidates
            .iter()
            .filter_map(|one| self.along.of(one))
            .map(|one| objective.loss(one.mean))
            .collect();
        let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
        let worst = losses.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut chosen = None;
        for (row, high) in up.values.iter().enumerate() {
            for (column, value) in self.across.values.iter().enumerate() {
                let left = frame.left + width * column as f64;
                let bottom = frame.bottom - row_height * row as f64;
                let cell = Frame { left, top: bottom - row_height, right: left + width, bottom };
                let Some(number) = self.at(&[high.as_str(), value.as_str()]) else { continue };
                let mean = self.along.of(&self.answer.candidates[number]).map(|one| one.mean);
                let share = mean.map_or(1.0, |mean| objective.loss(mean) - best)
                    / if worst > best { worst - best } else { 1.0 };
                self.cell(picture, cell, number, (mean, share));
                if self.answer.recommended == Ok(number) {
                    chosen = Some(cell);
                }
            }
        }
        if let Some(cell) = chosen {
            let Frame { left, top, right, bottom } = cell;
            let corners =
                vec![(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
            picture.line(corners, super::CHOSEN, 3.5);
        }
        self.legend(picture, frame, [best, worst]);
        self.values(picture, frame, self.across);
        let step = (14.0 / row_height).ceil() as usize;
        for (row, value) in up.values.iter().enumerate().step_by(step) {
            let at = (frame.left - 6.0, frame.bottom - row_height * (row as f64 + 0.5));
            let text = fitted(value, SMALL, GUTTER - 24.0);
            picture.text(Text::new(at, text, SMALL, MUTED).anchored(Anchor::End));
        }
        let room = frame.bottom - frame.top + HEAD;
        let name = if text_width(&up.path, LABEL) > room { up.field() } else { &up.path };
        axis::name_left(picture, frame, MARGIN - 2.0, name);
    }

    fn cell(
        &self,
        picture: &mut Picture,
        cell: Frame,
        number: usize,
        (mean, share): (Option<f64>, f64),
    ) {
        let is_out = self.answer.candidates[number].status > Status::Unclear;
        let ground = if is_out { OUT } else { shade(share) };
        picture.rectangle(cell.grown(-0.5), ground);
        let Some(mean) = mean else { return };
        let text = words::value(self.along.metric, mean);
        let is_tall = cell.bottom - cell.top >= SMALL + 2.0;
        if is_tall && text_width(&text, SMALL) < cell.width() - 4.0 {
            let at = ((cell.left + cell.right) / 2.0, (cell.top + cell.bottom) / 2.0);
            let ink = if is_out { MUTED } else { ink_on(ground) };
            picture.text(Text::new(at, text, SMALL, ink).anchored(Anchor::Middle));
        }
    }

    fn legend(&self, picture: &mut Picture, frame: Frame, ends: [f64; 2]) {
        let objective = &self.answer.objectives[0];
        let value = |loss: f64| words::value(self.along.metric, objective.loss(loss));
        let mut entries = Vec::new();
        let mut push = |colour: Colour, name: String| {
            entries.push(axis::KeyEntry { colour, mark: axis::Mark::Area, name });
        };
        if ends.iter().all(|end| end.is_finite()) {
            push(shade(0.0), value(ends[0]));
            push(shade(1.0), value(ends[1]));
        }
        if self.answer.recommended.is_ok() {
            push(super::CHOSEN, "framed: to choose".to_owned());
        }
        let is_out = |one: &crate::experiment::tune::Judged| one.status > Status::Unclear;
        if self.answer.candidates.iter().any(is_out) {
            let name = "misses a constraint, or not comparable".to_owned();
            entries.push(axis::KeyEntry { colour: OUT, mark: axis::Mark::Area, name });
        }
        axis::small_key(picture, frame.left, frame.top - 18.0, &entries);
    }
}

/// From faint for the best to dark for the worst.
fn shade(share: f64) -> Colour {
    let part = share.clamp(0.0, 1.0);
    let mix = |from: u8, to: u8| {
        (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as u8
    };
    let dark = SERIES[0];
    Colour(mix(FAINT.0, dark.0), mix(FAINT.1, dark.1), mix(FAINT.2, dark.2))
}
