//! A point a candidate: what can be had together?

use super::super::axis::{self, Names};
use super::super::label::Places;
use super::super::picture::{Anchor, Colour, Frame, Picture, Point, Text, Weight};
use super::super::scale::Scale;
use super::super::theme::{FAINT, INK, LABEL, MARGIN, SMALL, WHITE, WIDTH, text_width};
use super::{Along, FRONT, LIMIT, colour, key, label};
use crate::experiment::Estimate;
use crate::experiment::tune::{Answer, Status};
use crate::report::tune::words;

pub(super) const HEIGHT: f64 = 430.0;
const TOP: f64 = 26.0;
const FOOT: f64 = 58.0;
const GUTTER: f64 = 66.0;
/// Labels of points of the front, at most.
const MOST_LABELS: usize = 9;
const TALL: f64 = 15.0;
/// Labels farther from their points are left out, but for that of the choice.
const FAR: f64 = 110.0;

/// The first objective against a second metric.
pub(super) struct Plane<'a> {
    answer: &'a Answer,
    across: Along,
    up: Along,
}

impl<'a> Plane<'a> {
    /// None with fewer than two metrics.
    pub(super) fn of(answer: &'a Answer) -> Option<Self> {
        let mut all = Along::all(answer).into_iter();
        let (across, up) = (all.next()?, all.next()?);
        Some(Self { answer, across, up })
    }

    pub(super) fn draw(&self, picture: &mut Picture, top: f64) {
        let frame = Frame {
            left: MARGIN + GUTTER,
            top: top + TOP,
            right: WIDTH - MARGIN - 6.0,
            bottom: top + HEIGHT - FOOT,
        };
        key(picture, self.answer, top + 10.0);
        picture.rectangle(frame, FAINT);
        let right = self.across.scale(self.answer, [frame.left, frame.right]);
        let up = self.up.scale(self.answer, [frame.bottom, frame.top]);
        axis::left(picture, frame, &up, &self.up.ticks(&up, 7), Names::Shown);
        axis::bottom(picture, frame, &right, &self.across.ticks(&right, 9), Names::Shown);
        axis::name_bottom(picture, frame, frame.bottom + 34.0, &self.across.name(&right));
        axis::name_left(picture, frame, MARGIN - 2.0, &self.up.name(&up));
        let mut places = Places::new(frame);
        self.limits(picture, frame, (&right, &up), &mut places);
        self.front(picture, (&right, &up), &mut places);
        let order = self.order();
        for &number in &order {
            self.point(picture, number, (&right, &up), &mut places);
        }
        self.names(picture, (&right, &up), &mut places);
    }

    /// What is worth less lies below.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.answer.candidates.len()).collect();
        order.sort_by_key(|&number| {
            let is_best = self.answer.recommended == Ok(number);
            (is_best, std::cmp::Reverse(self.answer.candidates[number].status))
        });
        order
    }

    fn at(&self, number: usize, (right, up): (&Scale, &Scale)) -> Option<(Point, [Estimate; 2])> {
        let judged = &self.answer.candidates[number];
        let (x, y) = (*self.across.of(judged)?, *self.up.of(judged)?);
        Some(((right.at(x.mean), up.at(y.mean)), [x, y]))
    }

    /// Lines at the limits, and what each of them is.
    fn limits(
        &self,
        picture: &mut Picture,
        frame: Frame,
        (right, up): (&Scale, &Scale),
        places: &mut Places,
    ) {
        for (limit, is_above, typed) in &self.up.limits {
            let y = up.at(*limit);
            picture.dashes((frame.left, y), (frame.right, y), LIMIT, 1.5);
            places.take_line((frame.left, y), (frame.right, y));
            // The text stands on the side that is allowed.
            let shift = if *is_above { -9.0 } else { 9.0 };
            let at = (frame.right - 6.0, y + shift);
            picture.text(Text::new(at, typed, SMALL, LIMIT).anchored(Anchor::End));
            let left = frame.right - 6.0 - text_width(typed, SMALL);
            places.take(Frame { left, top: at.1 - 7.0, right: frame.right, bottom: at.1 + 7.0 });
        }
        for (limit, is_above, typed) in &self.across.limits {
            let x = right.at(*limit);
            picture.dashes((x, frame.top), (x, frame.bottom), LIMIT, 1.5);
            places.take_line((x, frame.top), (x, frame.bottom));
            let width = text_width(typed, SMALL);
            let has_room = x + 6.0 + width < frame.right;
            let left = if *is_above && has_room { x + 6.0 } else { x - 6.0 - width };
            let left = left.max(frame.left + 2.0);
            let y = frame.bottom - 12.0;
            picture.text(Text::new((left, y), typed, SMALL, LIMIT));
            places.take(Frame { left, top: y - 7.0, right: left + width, bottom: y + 7.0 });
        }
    }

    /// The front as steps, where both metrics are objectives.
    fn front(&self, picture: &mut Picture, scales: (&Scale, &Scale), places: &mut Places) {
        if self.answer.objectives.len() != 2 {
            return;
        }
        let front = (0..self.answer.candidates.len())
            .filter(|&number| self.answer.candidates[number].status == Status::Front);
        let mut points: Vec<Point> =
            front.filter_map(|number| Some(self.at(number, scales)?.0)).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
        points.dedup();
        for pair in points.windows(2) {
            picture.line(pair.to_vec(), FRONT, 1.5);
            places.take_line(pair[0], pair[1]);
        }
    }

    fn point(
        &self,
        picture: &mut Picture,
        number: usize,
        scales: (&Scale, &Scale),
        places: &mut Places,
    ) {
        let Some(((x, y), [across, up])) = self.at(number, scales) else { return };
        let status = self.answer.candidates[number].status;
        let is_best = self.answer.recommended == Ok(number);
        let colour = colour(self.answer, number);
        if status <= Status::Tied {
            if let Some([low, high]) = words::interval(&across) {
                let ends = [(scales.0.at(low), y), (scales.0.at(high), y)];
                bar(picture, ends, colour);
                places.take_line(ends[0], ends[1]);
            }
            if let Some([low, high]) = words::interval(&up) {
                let ends = [(x, scales.1.at(low)), (x, scales.1.at(high))];
                bar(picture, ends, colour);
                places.take_line(ends[0], ends[1]);
            }
        }
        let radius = match status {
            _ if is_best => 6.5,
            Status::Front => 4.5,
            Status::Tied => 4.0,
            _ => 3.0,
        };
        if status <= Status::Tied || is_best {
            picture.disc((x, y), radius + 1.0, WHITE);
        }
        picture.disc((x, y), radius, colour);
        if !is_best && matches!(status, Status::Tied | Status::Unclear) {
            picture.disc((x, y), radius - 1.5, WHITE);
        }
        let reach = radius + 1.0;
        places.take(Frame { left: x - reach, top: y - reach, right: x + reach, bottom: y + reach });
    }

    /// The names of the choice and, as far as there are few and they find a place, of the front.
    fn names(&self, picture: &mut Picture, scales: (&Scale, &Scale), places: &mut Places) {
        let best = self.answer.recommended.as_ref().ok().copied();
        let front: Vec<usize> = (0..self.answer.candidates.len())
            .filter(|&number| {
                self.answer.candidates[number].status == Status::Front && Some(number) != best
            })
            .collect();
        let few = if front.len() > MOST_LABELS { &front[..0] } else { &front[..] };
        let mut named: Vec<(Point, Frame)> = Vec::new();
        for number in best.into_iter().chain(few.iter().copied()) {
            let Some((at, _)) = self.at(number, scales) else { continue };
            let is_same = |other: &Point| (other.0 - at.0).abs() + (other.1 - at.1).abs() < 4.0;
            if named.iter().any(|(other, _)| is_same(other)) {
                continue;
            }
            let what = if self.answer.knee == Some(number) { " (the knee)" } else { "" };
            let text = label(self.answer, number) + what;
            let frame = places.place(at, (1.12 * text_width(&text, LABEL), TALL));
            let near = nearest(at, frame);
            let is_far = (near.0 - at.0).abs() + (near.1 - at.1).abs() > FAR;
            let is_crowded = named.iter().any(|(_, other)| other.overlaps(&frame));
            if named.is_empty() || !(is_far || is_crowded) {
                let weight = if Some(number) == best { Weight::Bold } else { Weight::Regular };
                join(picture, at, frame, INK, places);
                name(picture, (at, frame), text, weight);
                named.push((at, frame));
            }
        }
    }
}

/// Writes the name of the point `at` into its frame.
fn name(picture: &mut Picture, (at, frame): (Point, Frame), text: String, weight: Weight) {
    let middle = (frame.top + frame.bottom) / 2.0;
    // What a font is narrower than reckoned must not open a gap to the point.
    let (end, anchor) =
        if frame.right <= at.0 { (frame.right, Anchor::End) } else { (frame.left, Anchor::Start) };
    let text = Text::new((end, middle), text, LABEL, INK).anchored(anchor);
    picture.text(Text { weight, ..text });
}

/// The point of a frame that is nearest to `at`.
fn nearest(at: Point, frame: Frame) -> Point {
    (at.0.clamp(frame.left, frame.right), at.1.clamp(frame.top, frame.bottom))
}

/// A line from a point to its label where that stands apart.
fn join(picture: &mut Picture, at: Point, frame: Frame, colour: Colour, places: &mut Places) {
    let near = nearest(at, frame);
    let (dx, dy) = (near.0 - at.0, near.1 - at.1);
    if (dx * dx + dy * dy).sqrt() > 18.0 {
        picture.line(vec![at, near], colour, 0.8);
        places.take_line(at, near);
    }
}

/// A line with short strokes across its ends.
pub(super) fn bar(picture: &mut Picture, ends: [Point; 2], colour: Colour) {
    const END: f64 = 3.0;
    let [from, to] = ends;
    picture.line(vec![from, to], colour, 1.2);
    for (x, y) in ends {
        let stroke = if from.1 == to.1 {
            vec![(x, y - END), (x, y + END)]
        } else {
            vec![(x - END, y), (x + END, y)]
        };
        picture.line(stroke, colour, 1.2);
    }
}
