//! The best candidates in order, where there are more than two fields and one objective.

use super::super::axis::{self, Names};
use super::super::picture::{Anchor, Frame, Picture, Text};
use super::super::theme::{FAINT, INK, MARGIN, SMALL, WHITE, WIDTH, fitted};
use super::scatter::bar;
use super::{Along, colour, key, label};
use crate::experiment::tune::{Answer, Status};
use crate::report::tune::words;

const MOST_ROWS: usize = 24;
const ROW: f64 = 17.0;
const TOP: f64 = 26.0;
const FOOT: f64 = 56.0;
const NAMES: f64 = 300.0;

/// How many rows there are.
pub(super) fn rows(answer: &Answer) -> usize {
    order(answer).len()
}

/// How tall so many rows are.
pub(super) fn height(rows: usize) -> f64 {
    if rows == 0 { 0.0 } else { TOP + ROW * rows as f64 + FOOT }
}

/// The candidates that can be compared, the best first.
fn order(answer: &Answer) -> Vec<usize> {
    let Some(objective) = answer.objectives.first() else { return Vec::new() };
    let mut found: Vec<(f64, usize)> = answer
        .candidates
        .iter()
        .enumerate()
        .filter(|(_, one)| one.status <= Status::Unclear)
        .filter_map(|(number, one)| {
            Some((objective.loss(one.objectives.first().copied().flatten()?.mean), number))
        })
        .collect();
    found.sort_by(|one, other| one.0.total_cmp(&other.0));
    found.into_iter().take(MOST_ROWS).map(|(_, number)| number).collect()
}

pub(super) fn draw(picture: &mut Picture, top: f64, answer: &Answer) {
    let order = order(answer);
    let Some(along) = Along::all(answer).into_iter().next() else { return };
    let frame = Frame {
        left: MARGIN + NAMES,
        top: top + TOP,
        right: WIDTH - MARGIN - 6.0,
        bottom: top + TOP + ROW * order.len() as f64,
    };
    key(picture, answer, top + 8.0);
    picture.rectangle(frame, FAINT);
    let right = along.scale(answer, [frame.left, frame.right]);
    axis::bottom(picture, frame, &right, &along.ticks(&right, 7), Names::Shown);
    axis::name_bottom(picture, frame, frame.bottom + 34.0, &along.name(&right));
    for (row, &number) in order.iter().enumerate() {
        let y = frame.top + ROW * (row as f64 + 0.5);
        let judged = &answer.candidates[number];
        let Some(one) = along.of(judged) else { continue };
        let colour = colour(answer, number);
        let name = fitted(&label(answer, number), SMALL, NAMES - 12.0);
        let name = Text::new((frame.left - 8.0, y), name, SMALL, INK).anchored(Anchor::End);
        picture.text(name);
        if let Some([low, high]) = words::interval(one) {
            let ends = [low, high].map(|end| right.at(end).clamp(frame.left, frame.right));
            bar(picture, [(ends[0], y), (ends[1], y)], colour);
        }
        picture.disc((right.at(one.mean), y), 4.5, WHITE);
        picture.disc((right.at(one.mean), y), 3.8, colour);
        if judged.status == Status::Tied {
            picture.disc((right.at(one.mean), y), 2.3, WHITE);
        }
    }
}
