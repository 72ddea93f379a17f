//! The gate chart: how large must a defect be for a gate to catch it?
//!
//! A panel for each rate of requests, a line for each gate: the probability that it fails, with
//! the 95% intervals, from a good release on the left (where that is a false alarm) to the largest
//! defect on the right.

use super::axis::{self, Names};
use super::label::spread;
use super::picture::{Colour, Frame, Picture, Point, Text};
use super::scale::{Scale, Tick};
use super::theme::{
    FAINT, INK, LABEL, MARGIN, MUTED, SERIES, SMALL, TITLE, WHITE, WIDTH, fitted, text_width,
};
use crate::experiment::workbench::Characteristic;
use crate::report::gate_table;
use crate::report::number;

const HEAD: f64 = 62.0;
const PANEL: f64 = 230.0;
const PANEL_HEAD: f64 = 30.0;
const PANEL_FOOT: f64 = 54.0;
const GUTTER: f64 = 58.0;
const LABEL_GAP: f64 = 14.5;
/// Least and most room for the names at the lines' ends.
const LABELS: [f64; 2] = [130.0, 260.0];
/// Intervals of neighbouring gates stand so far apart.
const APART: f64 = 5.0;

/// Draws the chart.
pub(super) fn render(scenario: &str, rows: &[Characteristic]) -> Picture {
    let mut rates: Vec<(Option<f64>, Vec<&Characteristic>)> = Vec::new();
    for row in rows {
        match rates.iter_mut().find(|(rate, _)| *rate == row.rate) {
            Some((_, members)) => members.push(row),
            None => rates.push((row.rate, vec![row])),
        }
    }
    let gates = gates(rows);
    let plot = PANEL.max(gates.len() as f64 * LABEL_GAP);
    let height = HEAD + rates.len() as f64 * (PANEL_HEAD + plot + PANEL_FOOT);
    let heading = format!("What each gate catches: {scenario}");
    let mut picture = Picture::new(WIDTH, height.max(HEAD + PANEL), heading.clone());
    axis::heading(&mut picture, &heading);
    let note = "probability that the gate fails, with its 95% interval; of a good release that is \
                a false alarm";
    picture.text(Text::new((MARGIN, 43.0), note, SMALL, MUTED));
    let longest = gates.iter().map(|gate| text_width(&format!("100% {gate}"), LABEL));
    let room = (longest.fold(0.0, f64::max) + 44.0 + MARGIN).clamp(LABELS[0], LABELS[1]);
    for (number, (rate, members)) in rates.iter().enumerate() {
        let top = HEAD + PANEL_HEAD + number as f64 * (PANEL_HEAD + plot + PANEL_FOOT);
        let frame = Frame { left: MARGIN + GUTTER, top, right: WIDTH - room, bottom: top + plot };
        let title = rate.map_or_else(
            || "At the scenario's own traffic".to_owned(),
            |_| format!("At {} requests/s", gate_table::rate(*rate)),
        );
        picture.text(Text::new((frame.left, top - 14.0), title, TITLE, INK).bold());
        panel(&mut picture, frame, &gates, members);
    }
    picture
}

/// The gates, in the order in which they come.
fn gates(rows: &[Characteristic]) -> Vec<&str> {
    let mut gates: Vec<&str> = Vec::new();
    for row in rows {
        if !gates.contains(&row.gate.as_str()) {
            gates.push(&row.gate);
        }
    }
    gates
}

/// The sizes of the defect, each as wide as the next: nothing lies between them.
fn effects(rows: &[&Characteristic]) -> Vec<f64> {
    let mut effects: Vec<f64> = rows.iter().map(|row| row.effect).collect();
    effects.sort_by(f64::total_cmp);
    effects.dedup();
    effects
}

fn panel(picture: &mut Picture, frame: Frame, gates: &[&str], rows: &[&Characteristic]) {
    picture.rectangle(frame, FAINT);
    let up = Scale::linear([0.0, 1.0], [frame.bottom, frame.top]);
    axis::left(picture, frame, &up, &up.ticks(5, |share| number::percent(share, 3)), Names::Shown);
    let effects = effects(rows);
    let last = effects.len() as f64 - 0.5;
    let across = Scale::linear([-0.5, last.max(0.5)], [frame.left, frame.right]);
    let tick = |(place, &effect): (usize, &f64)| {
        let label = if effect == 0.0 { "good release".into() } else { gate_table::release(effect) };
        Tick { value: place as f64, label }
    };
    let ticks: Vec<Tick> = effects.iter().enumerate().map(tick).collect();
    axis::bottom(picture, frame, &across, &ticks, Names::Shown);
    let name = "size of the defect, as a multiple of the scenario's own";
    axis::name_bottom(picture, frame, frame.bottom + 33.0, name);
    axis::name_left(picture, frame, MARGIN - 2.0, "probability of rolling back");
    let mut ends: Vec<(usize, Point, f64)> = Vec::new();
    for (number, gate) in gates.iter().enumerate() {
        let shift = (number as f64 - (gates.len() as f64 - 1.0) / 2.0) * APART;
        let own = rows.iter().filter(|row| row.gate == *gate);
        let mut points: Vec<(Point, &Characteristic)> = own
            .filter_map(|row| {
                let place = effects.iter().position(|&effect| effect == row.effect)?;
                let at = (across.at(place as f64) + shift, up.at(row.caught.share));
                Some((at, *row))
            })
            .collect();
        points.sort_by(|one, other| one.0.0.total_cmp(&other.0.0));
        line(picture, &up, SERIES[number % SERIES.len()], &points);
        if let Some(((x, y), row)) = points.last() {
            ends.push((number, (*x, *y), row.caught.share));
        }
    }
    names(picture, frame, gates, &ends);
}

/// A gate's line, its points and their intervals.
fn line(picture: &mut Picture, up: &Scale, colour: Colour, points: &[(Point, &Characteristic)]) {
    const END: f64 = 2.5;
    if points.len() > 1 {
        picture.line(points.iter().map(|(point, _)| *point).collect(), colour, 2.0);
    }
    for ((x, y), row) in points {
        let [low, high] = row.caught.ci95.map(|end| up.at(end));
        picture.line(vec![(*x, low), (*x, high)], colour, 1.2);
        for end in [low, high] {
            picture.line(vec![(x - END, end), (x + END, end)], colour, 1.2);
        }
        picture.disc((*x, *y), 4.0, WHITE);
        picture.disc((*x, *y), 3.2, colour);
    }
}

/// The names at the lines' ends, with the probability there.
fn names(picture: &mut Picture, frame: Frame, gates: &[&str], ends: &[(usize, Point, f64)]) {
    let wanted: Vec<f64> = ends.iter().map(|(_, end, _)| end.1).collect();
    let places = spread(&wanted, LABEL_GAP, frame.top + 2.0, frame.bottom - 2.0);
    let turn = frame.right + 6.0;
    let room = WIDTH - MARGIN - turn - 22.0;
    for ((number, end, share), y) in ends.iter().zip(places) {
        let colour = SERIES[number % SERIES.len()];
        let way = vec![(end.0 + 5.0, end.1), (turn, end.1), (turn + 12.0, y), (turn + 18.0, y)];
        picture.line(way, colour, 0.8);
        let value = number::percent(*share, 3);
        let name = fitted(gates[*number], LABEL, room - text_width(&format!("{value} "), LABEL));
        picture.text(Text::new((turn + 22.0, y), format!("{value} {name}"), LABEL, colour));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_texts;
    use super::*;
    use crate::experiment::workbench::Probability;

    fn rows(gates: usize, rates: &[Option<f64>], effects: &[f64]) -> Vec<Characteristic> {
        let mut rows = Vec::new();
        for gate in 0..gates {
            for &rate in rates {
                for (number, &effect) in effects.iter().enumerate() {
                    let share = (number as f64 / (gate + 1) as f64).min(1.0);
                    let one = Probability { share, ci95: [share * 0.9, share * 0.9 + 0.1] };
                    rows.push(Characteristic {
                        gate: format!("error-rate-below-{gate}-percent"),
                        strategy: "canary".into(),
                        rate,
                        effect,
                        runs: 100,
                        caught: one,
                        passed: one,
                        undecided: one,
                        decision_s: None,
                        caught_s: None,
                        exposed: None,
                    });
                }
            }
        }
        rows
    }

    #[test]
    fn a_panel_a_rate_and_a_name_a_gate() {
        for (gates, rates, effects) in [
            (1, &[None][..], &[0.0][..]),
            (3, &[Some(1000.0)], &[0.0, 1.0, 3.0, 10.0]),
            (20, &[Some(10.0), Some(100.0), Some(1e6)], &[0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]),
        ] {
            let picture = render("case", &rows(gates, rates, effects));
            check_texts(&picture, &format!("{gates} gates"));
            let texts = picture.texts();
            let count =
                |wanted: &str| texts.iter().filter(|text| text.text.contains(wanted)).count();
            assert_eq!(count("% error-rate"), gates * rates.len());
            assert_eq!(count("good release") - 1, rates.len(), "ticks, and the note above");
            let bytes = super::super::svg::render(&picture).expect("drawn");
            assert!(!bytes.contains("NaN") && !bytes.contains("inf"));
        }
    }
}
