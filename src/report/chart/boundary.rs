//! The boundary chart: which combinations of two swept numbers are safe, and which are not?
//!
//! A cell a combination, coloured by the share of its requests that failed, one panel a strategy;
//! a line parts the cells above half of the highest share from the others. Drawn where exactly two
//! numbers are swept.

use std::str::FromStr;

use serde_json::Value;

use super::axis;
use super::picture::{Anchor, Colour, Frame, Picture, Text};
use super::theme::{
    ALARM, FAINT, INK, LABEL, MARGIN, MUTED, SMALL, TITLE, WHITE, WIDTH, ink_on, text_width,
};
use super::{Input, number};
use crate::report::summary_json::VariantSummary;
use crate::units::{Ratio, SimDuration};

const TOP: f64 = 84.0;
const HEAD: f64 = 24.0;
const FOOT: f64 = 54.0;
const GUTTER: f64 = 78.0;
/// Room for the cells of one panel.
const TALL: f64 = 330.0;
const ROWS: [f64; 2] = [14.0, 44.0];
/// Strategies that are drawn; of more, the first.
const MOST_PANELS: usize = 6;

/// One strategy with two swept numbers.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    strategy: String,
    across: Axis,
    up: Axis,
    /// Failed share by row from below and column; none where no run sent a request.
    cells: Vec<Vec<Option<f64>>>,
}

/// The values of one sweep, in rising order.
#[derive(Clone, Debug)]
struct Axis {
    path: String,
    values: Vec<Value>,
}

/// The panels, found variant by variant: of each, little is kept.
#[derive(Debug, Default)]
pub(super) struct Panels {
    done: Vec<Panel>,
    strategy: String,
    /// The strategy's variants so far; none if they are no grid.
    open: Option<Grid>,
}

/// The variants of a strategy that differ by two numbers only.
#[derive(Debug)]
struct Grid {
    /// Across and up.
    paths: [String; 2],
    /// The numbers and how they are written, in the order in which they came.
    values: [Vec<(f64, Value)>; 2],
    /// Which of the values, and the failed share.
    cells: Vec<([usize; 2], Option<f64>)>,
}

impl Panels {
    /// The next variant, in the scenario's order.
    pub(super) fn add(&mut self, variant: &VariantSummary) {
        if self.strategy != variant.strategy {
            self.close();
            self.strategy.clone_from(&variant.strategy);
            self.open = Grid::begun_by(variant);
        }
        if let Some(grid) = &mut self.open
            && grid.add(variant).is_none()
        {
            self.open = None;
        }
    }

    /// Those that there are, at most so many as are drawn.
    pub(super) fn finish(mut self) -> Vec<Panel> {
        self.close();
        self.done
    }

    fn close(&mut self) {
        let grid = self.open.take().filter(|_| self.done.len() < MOST_PANELS);
        self.done.extend(grid.and_then(|grid| grid.into_panel(&self.strategy)));
    }
}

impl Grid {
    /// None unless exactly two fields are swept.
    fn begun_by(variant: &VariantSummary) -> Option<Self> {
        let paths: Vec<&String> = variant.parameters.keys().collect();
        let [one, other] = paths[..] else { return None };
        let paths = if choice(one) > choice(other) { [other, one] } else { [one, other] };
        let (values, cells) = ([Vec::new(), Vec::new()], Vec::new());
        Some(Self { paths: paths.map(Clone::clone), values, cells })
    }

    /// None if a value is no number.
    fn add(&mut self, variant: &VariantSummary) -> Option<()> {
        let mut at = [0; 2];
        for ((path, values), at) in self.paths.iter().zip(&mut self.values).zip(&mut at) {
            let value = variant.parameters.get(path)?;
            *at = match values.iter().position(|(_, known)| known == value) {
                Some(known) => known,
                None => {
                    values.push((amount(value)?, value.clone()));
                    values.len() - 1
                }
            };
        }
        self.cells.push((at, variant.metric("error_rate").map(|estimate| estimate.mean)));
        Some(())
    }

    /// None unless there are two values of each, and something was sent.
    fn into_panel(self, strategy: &str) -> Option<Panel> {
        let has_requests = self.cells.iter().any(|(_, share)| share.is_some());
        if !has_requests || self.values.iter().any(|values| values.len() < 2) {
            return None;
        }
        let [across_ranks, up_ranks] = [0, 1].map(|axis| ranks(&self.values[axis]));
        let mut cells = vec![vec![None; across_ranks.len()]; up_ranks.len()];
        for ([across, up], share) in self.cells {
            cells[up_ranks[up]][across_ranks[across]] = share;
        }
        let mut axes = self.paths.into_iter().zip(self.values).map(|(path, mut values)| {
            values.sort_by(|one, other| one.0.total_cmp(&other.0));
            Axis { path, values: values.into_iter().map(|(_, value)| value).collect() }
        });
        let (across, up) = (axes.next()?, axes.next()?);
        Some(Panel { strategy: strategy.to_owned(), across, up, cells })
    }
}

/// Where each of the values stands in rising order; of equal ones the first first.
fn ranks(values: &[(f64, Value)]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&one, &other| values[one].0.total_cmp(&values[other].0));
    let mut ranks = vec![0; values.len()];
    for (rank, &value) in order.iter().enumerate() {
        ranks[value] = rank;
    }
    ranks
}

/// Draws the chart, if there is anything to draw.
pub(super) fn render(input: &Input) -> Option<Picture> {
    let panels = &input.panels;
    let highest = panels.iter().flat_map(Panel::shares).fold(0.0, f64::max);
    if panels.is_empty() {
        return None;
    }
    let heading = format!("Where requests fail: {}", input.scenario);
    let height = TOP + panels.iter().map(Panel::height).sum::<f64>();
    let mut picture = Picture::new(WIDTH, height, heading.clone());
    axis::heading(&mut picture, &heading);
    let note = "share of the requests that failed, from the rollout's start to the end of settling";
    picture.text(Text::new((MARGIN, 43.0), note, SMALL, MUTED));
    key(&mut picture, highest);
    let mut top = TOP;
    for panel in panels {
        panel.draw(&mut picture, top, highest);
        top += panel.height();
    }
    Some(picture)
}

/// How far a field is somebody's choice: what is given goes across, what is chosen goes upwards.
fn choice(path: &str) -> u8 {
    match path.split('.').next() {
        Some("traffic") => 0,
        Some("strategies") => 2,
        _ => 1,
    }
}

/// How a number is written: plainly, in percent, as a length of time.
fn amount(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => Ratio::from_str(text)
            .map(Ratio::as_f64)
            .ok()
            .or_else(|| SimDuration::from_str(text).map(SimDuration::as_secs_f64).ok()),
        value => value.as_f64(),
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

impl Axis {
    /// Its path, and the unit of its values where they are plain numbers.
    fn name(&self) -> String {
        let field = self.path.rsplit('.').next().unwrap_or(&self.path);
        let unit = match field {
            "rate" | "origin_capacity" => ", requests/s",
            "instances" | "max_unavailable" | "max_surge" => ", instances",
            "attempts" => ", retries a request",
            "slots" | "queue" => ", requests an instance",
            _ => "",
        };
        let is_plain = self.values.iter().all(Value::is_number);
        format!("{}{}", self.path, if is_plain { unit } else { "" })
    }
}

impl Panel {
    fn shares(&self) -> impl Iterator<Item = f64> {
        self.cells.iter().flatten().filter_map(|&share| share)
    }

    fn row_height(&self) -> f64 {
        (TALL / self.up.values.len() as f64).clamp(ROWS[0], ROWS[1])
    }

    fn height(&self) -> f64 {
        HEAD + self.row_height() * self.up.values.len() as f64 + FOOT
    }

    fn draw(&self, picture: &mut Picture, top: f64, highest: f64) {
        let title = Text::new((MARGIN + GUTTER, top + 8.0), &self.strategy, TITLE, INK);
        picture.text(title.bold());
        let frame = Frame {
            left: MARGIN + GUTTER,
            top: top + HEAD,
            right: WIDTH - MARGIN,
            bottom: top + self.height() - FOOT,
        };
        for (row, shares) in self.cells.iter().enumerate() {
            for (column, &share) in shares.iter().enumerate() {
                cell(picture, self.frame(frame, row, column), share, highest);
            }
        }
        self.line(picture, frame, highest / 2.0);
        self.names(picture, frame);
    }

    /// Where a cell lies.
    fn frame(&self, frame: Frame, row: usize, column: usize) -> Frame {
        let width = frame.width() / self.across.values.len() as f64;
        let height = self.row_height();
        let left = frame.left + width * column as f64;
        let bottom = frame.bottom - height * row as f64;
        Frame { left, top: bottom - height, right: left + width, bottom }
    }

    /// Parts the cells above `limit` from the others.
    fn line(&self, picture: &mut Picture, frame: Frame, limit: f64) {
        let is_above = |row: usize, column: usize| {
            let share = self.cells.get(row).and_then(|row| row.get(column)).copied().flatten();
            share.map(|share| share > limit)
        };
        let differ = |one: Option<bool>, other: Option<bool>| {
            one.zip(other).is_some_and(|(one, other)| one != other)
        };
        for row in 0..self.cells.len() {
            for column in 0..self.across.values.len() {
                let Frame { left: _, top, right, bottom } = self.frame(frame, row, column);
                let left = self.frame(frame, row, column).left;
                let own = is_above(row, column);
                if differ(own, is_above(row, column + 1)) {
                    picture.line(vec![(right, top), (right, bottom)], INK, 3.0);
                }
                if differ(own, is_above(row + 1, column)) {
                    picture.line(vec![(left, top), (right, top)], INK, 3.0);
                }
            }
        }
    }

    /// The values beside the cells and below them, and what they are.
    fn names(&self, picture: &mut Picture, frame: Frame) {
        let width = frame.width() / self.across.values.len() as f64;
        let labels: Vec<String> = self.across.values.iter().map(written).collect();
        let widest = labels.iter().map(|label| text_width(label, SMALL)).fold(1.0, f64::max);
        let step = ((widest + 6.0) / width).ceil().max(1.0) as usize;
        for (column, label) in labels.into_iter().enumerate().step_by(step) {
            let at = (frame.left + width * (column as f64 + 0.5), frame.bottom + 12.0);
            picture.text(Text::new(at, label, SMALL, MUTED).anchored(Anchor::Middle));
        }
        for (row, value) in self.up.values.iter().enumerate() {
            let at = (frame.left - 6.0, frame.bottom - self.row_height() * (row as f64 + 0.5));
            let label = Text::new(at, written(value), SMALL, MUTED);
            picture.text(label.anchored(Anchor::End));
        }
        axis::name_bottom(picture, frame, frame.bottom + 32.0, &self.across.name());
        let name = self.up.name();
        let room = frame.bottom - frame.top + HEAD;
        let field = name.rsplit('.').next().unwrap_or_default();
        let name = if text_width(&name, LABEL) > room { field } else { &name };
        axis::name_left(picture, frame, MARGIN - 2.0, name);
    }
}

fn cell(picture: &mut Picture, frame: Frame, share: Option<f64>, highest: f64) {
    let Some(share) = share else {
        picture.rectangle(frame, WHITE);
        return;
    };
    let ground = colour(share, highest);
    picture.rectangle(frame.grown(-0.5), ground);
    let text = number::percent(share, 2);
    if text_width(&text, SMALL) < frame.width() - 4.0 && frame.bottom - frame.top >= SMALL + 2.0 {
        let at = ((frame.left + frame.right) / 2.0, (frame.top + frame.bottom) / 2.0);
        picture.text(Text::new(at, text, SMALL, ink_on(ground)).anchored(Anchor::Middle));
    }
}

/// From faint for nothing to the colour of alarm for the highest share: lighter is better for any
/// eye.
fn colour(share: f64, highest: f64) -> Colour {
    let part = if highest > 0.0 { share / highest } else { 0.0 };
    let mix = |from: u8, to: u8| {
        (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as u8
    };
    Colour(mix(FAINT.0, ALARM.0), mix(FAINT.1, ALARM.1), mix(FAINT.2, ALARM.2))
}

fn key(picture: &mut Picture, highest: f64) {
    const STEPS: usize = 4;
    let mut entries: Vec<axis::KeyEntry> = Vec::new();
    for step in (0..=STEPS).filter(|&step| step == 0 || highest > 0.0) {
        let share = highest * step as f64 / STEPS as f64;
        let (colour, name) = (colour(share, highest), number::percent(share, 2));
        entries.push(axis::KeyEntry { colour, mark: axis::Mark::Area, name });
    }
    if highest > 0.0 {
        let name = "half of the highest".to_owned();
        entries.push(axis::KeyEntry { colour: INK, mark: axis::Mark::Line, name });
    }
    axis::small_key(picture, MARGIN, 63.0, &entries);
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Variants;
    use super::*;
    use serde_json::json;

    /// Results in which a rate and a batch are swept; above the diagonal nearly all fails.
    pub(in crate::report::chart) fn swept(rates: usize, batches: &[Value]) -> Input {
        changed(rates, batches, |_| ())
    }

    /// The same with something else about every variant.
    fn changed(rates: usize, batches: &[Value], change: impl Fn(&mut VariantSummary)) -> Input {
        let sample = super::super::tests::input(&["rolling"], 2).shown.remove(0);
        let mut variants = Variants::default();
        for rate in 1..=rates {
            for (row, batch) in batches.iter().enumerate() {
                let mut variant = sample.clone();
                variant.name = format!("rolling rate={rate} max_unavailable={batch}");
                variant.parameters = serde_json::Map::new();
                variant.parameters.insert("traffic.rate".into(), json!(rate * 10));
                let path = "strategies.rolling.max_unavailable".to_owned();
                variant.parameters.insert(path, batch.clone());
                let mut failed = *variant.metric("duration_s").expect("a metric");
                failed.mean = if rate + row > rates { 0.97 } else { 0.001 };
                variant.metrics.insert("error_rate".into(), failed);
                change(&mut variant);
                variants.add(variant);
            }
        }
        Input::new("api-gateway", variants)
    }

    fn texts(picture: &Picture) -> Vec<&str> {
        picture.texts().iter().map(|text| text.text.as_str()).collect()
    }

    #[test]
    fn axes_are_named_and_cells_hold_their_share() {
        let picture = render(&swept(4, &[json!(1), json!(2), json!("50%")])).expect("a grid");
        let texts = texts(&picture);
        for text in ["traffic.rate, requests/s", "max_unavailable", "40", "50%"] {
            assert!(texts.contains(&text), "{text} in {texts:?}");
        }
        // Of 4 x 3 cells the first row has none above, the second one, the third two.
        assert_eq!(texts.iter().filter(|&&text| text == "0.1%").count(), 9);
        assert_eq!(texts.iter().filter(|&&text| text == "97%").count(), 3 + 1, "and in the key");
    }

    #[test]
    fn percentages_and_numbers_stand_in_rising_order() {
        let input = swept(3, &[json!("25%"), json!("5%"), json!("100%")]);
        let values: Vec<String> = input.panels[0].up.values.iter().map(written).collect();
        assert_eq!(values, ["5%", "25%", "100%"]);
    }

    #[test]
    fn only_two_swept_numbers_make_a_grid() {
        let batches = [json!(1), json!(2)];
        assert!(render(&swept(3, &batches)).is_some());
        let third = changed(3, &batches, |variant| {
            variant.parameters.insert("instance.slots".into(), json!(1));
        });
        assert!(render(&third).is_none(), "three fields");
        let words = swept(3, &[json!("any"), json!("zone")]);
        assert!(render(&words).is_none(), "words");
        let idle = changed(3, &batches, |variant| {
            variant.metrics.remove("error_rate");
        });
        assert!(render(&idle).is_none(), "no requests");
    }
}
