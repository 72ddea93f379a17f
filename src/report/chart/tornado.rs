//! The sensitivity chart: which field moves the metric most, and which way?
//!
//! A panel for each metric, a row for each field, the one that matters most on top. Elementary
//! effects are drawn to both sides of zero: how much the field raises the metric on average over
//! its whole range to the right, how much it lowers it to the left; the whole bar is as long as
//! mu*. Sobol's indices are drawn from zero on: the total, and on it the first order.

use super::axis::{self, KeyEntry, Mark, Names};
use super::picture::{Anchor, Colour, Frame, Picture, Text};
use super::scale::{Scale, Tick, TimeUnit};
use super::theme::{
    AXIS, FAINT, GRID, HEADLINE, INK, LABEL, MARGIN, MUTED, SERIES, SMALL, TITLE, WIDTH, fitted,
    shade,
};
use crate::experiment::sensitivity::{
    Direction, Field, Influence, Measures, Method, MetricAnswer, Sensitivity, Verdict,
};
use crate::measure::MetricKind;
use crate::report::{number, sensitivity_csv, sensitivity_table};
use crate::stats::morris::Effects;
use crate::stats::sobol::{Index, Indices};

const HEAD: f64 = 62.0;
const ROW: f64 = 34.0;
const PANEL_HEAD: f64 = 32.0;
const PANEL_FOOT: f64 = 56.0;
/// Room for the names of the fields, and for the numbers beside the bars.
const NAMES: f64 = 210.0;
const NUMBERS: f64 = 128.0;
/// Half the height of a bar, and of the one that is drawn on it.
const BAR: f64 = 9.0;
const INNER: f64 = 4.5;
const TICKS: usize = 7;

const RISES: Colour = SERIES[1];
const FALLS: Colour = SERIES[0];
const TOTAL: Colour = SERIES[0];

/// Draws the chart.
pub(super) fn render(scenario: &str, strategy: &str, found: &Sensitivity) -> Picture {
    let rows = found.fields.len() as f64 * ROW;
    let panel_height = PANEL_HEAD + rows + PANEL_FOOT;
    let height = HEAD + found.metrics.len() as f64 * panel_height;
    let heading = format!("What matters most: {strategy} of {scenario}");
    let mut picture = Picture::new(WIDTH, height, heading.clone());
    axis::heading(&mut picture, &fitted(&heading, HEADLINE * 1.12, WIDTH - 2.0 * MARGIN));
    key(&mut picture, found);
    for (number, metric) in found.metrics.iter().enumerate() {
        let top = HEAD + PANEL_HEAD + number as f64 * panel_height;
        let frame = Frame {
            left: MARGIN + NAMES,
            top,
            right: WIDTH - MARGIN - NUMBERS,
            bottom: top + rows,
        };
        panel(&mut picture, frame, found, metric);
    }
    picture
}

fn key(picture: &mut Picture, found: &Sensitivity) {
    let area = |colour, name: &str| KeyEntry { colour, mark: Mark::Area, name: name.to_owned() };
    let mut influences = found.metrics.iter().flat_map(|metric| &metric.fields);
    let unordered = influences.any(Influence::is_unordered);
    let entries = match found.method {
        Method::Morris { .. } => vec![
            area(RISES, "raises it"),
            area(FALLS, "lowers it"),
            area(GRID, "may be chance"),
            KeyEntry {
                colour: INK,
                mark: Mark::Line,
                name: "net effect with its 95% interval".to_owned(),
            },
        ]
        .into_iter()
        .chain(unordered.then(|| area(MUTED, "changes it (choices)")))
        .collect(),
        Method::Sobol { .. } => vec![
            area(tint(), "total: with all interactions"),
            area(TOTAL, "first order: alone"),
            area(GRID, "may be chance"),
            KeyEntry { colour: INK, mark: Mark::Line, name: "95% interval".to_owned() },
        ],
    };
    axis::small_key(picture, MARGIN, 43.0, &entries);
}

/// The lighter colour of a total.
fn tint() -> Colour {
    shade(TOTAL, 0, 2)
}

fn panel(picture: &mut Picture, frame: Frame, found: &Sensitivity, metric: &MetricAnswer) {
    let name = metric.metric.name;
    let title = Text::new((MARGIN, frame.top - 13.0), name, TITLE, INK).bold();
    picture.text(title);
    let say = |value: f64| sensitivity_table::amount(metric.metric.kind, value);
    let span = format!("{} to {}", say(metric.min), say(metric.max));
    let place = (frame.left, frame.top - 13.0);
    picture.text(Text::new(place, span, SMALL, MUTED));
    let index = match found.method {
        Method::Morris { .. } => "mu*",
        Method::Sobol { .. } => "total",
    };
    picture.text(Text::new((frame.right + 8.0, frame.top - 13.0), index, SMALL, MUTED));
    picture.rectangle(frame, FAINT);
    let (across, ticks, axis_name) = scale(frame, metric);
    axis::bottom(picture, frame, &across, &ticks, Names::Shown);
    axis::name_bottom(picture, frame, frame.bottom + 32.0, &axis_name);
    for (place, number) in metric.ranked().into_iter().enumerate() {
        let middle = frame.top + (place as f64 + 0.5) * ROW;
        let influence = &metric.fields[number];
        label(picture, frame.left - 8.0, middle, &found.fields[number]);
        let numbers = match influence.measures {
            Measures::Morris(effects) => {
                elementary(picture, &across, middle, (influence, effects));
                say(effects.mu_star)
            }
            Measures::Sobol(indices) => {
                shares(picture, &across, middle, (influence, indices));
                number::percent(indices.total.value, 3)
            }
        };
        let beside = frame.right + 8.0;
        let doubt = sensitivity_table::doubt(influence.verdict);
        if doubt.is_empty() {
            picture.text(Text::new((beside, middle), numbers, LABEL, INK));
        } else {
            picture.text(Text::new((beside, middle - 7.0), numbers, LABEL, MUTED));
            picture.text(Text::new((beside, middle + 7.0), doubt, SMALL, MUTED));
        }
    }
    let zero = across.at(0.0);
    picture.line(vec![(zero, frame.top), (zero, frame.bottom)], AXIS, 1.5);
}

/// A field's name, and under it what it may be.
fn label(picture: &mut Picture, right: f64, middle: f64, field: &Field) {
    let room = NAMES - 12.0;
    let name = fitted(&field.name, LABEL, room);
    let values = fitted(&sensitivity_csv::values(field), SMALL, room);
    for (text, size, colour, y) in
        [(name, LABEL, INK, middle - 7.0), (values, SMALL, MUTED, middle + 7.0)]
    {
        picture.text(Text::new((right, y), text, size, colour).anchored(Anchor::End));
    }
}

/// How a panel's axis runs, its ticks, and what it shows.
fn scale(frame: Frame, metric: &MetricAnswer) -> (Scale, Vec<Tick>, String) {
    let (mut low, mut high) = (0.0_f64, 0.0_f64);
    let mut is_share = false;
    for influence in &metric.fields {
        let chance = influence.chance.unwrap_or(0.0);
        let ends = match influence.measures {
            Measures::Morris(effects) => {
                let [fall, rise] = sides(influence, effects);
                let [from, to] = net(influence, effects).unwrap_or([0.0; 2]);
                // Chance is shown as far as it is not longer than all else.
                [-fall, rise, from, to, chance.min(fall.max(rise)), 0.0]
            }
            Measures::Sobol(Indices { first, total }) => {
                is_share = true;
                [first.value, first.ci95[1], total.value, total.ci95[1], chance.min(1.0), 1.0]
            }
        };
        low = ends.into_iter().fold(low, f64::min);
        high = ends.into_iter().fold(high, f64::max);
    }
    if low >= high {
        high = 1.0;
    }
    let room = 0.02 * (high - low);
    let from = if low < 0.0 { low - room } else { low };
    let across = Scale::linear([from, high + room], [frame.left, frame.right]);
    if is_share {
        let ticks = across.ticks(TICKS, |share| number::percent(share, 3));
        return (across, ticks, "share of its variance".to_owned());
    }
    let change = format!("change of {} over the whole range of the field", metric.metric.name);
    match metric.metric.kind {
        MetricKind::Seconds => {
            let unit = TimeUnit::of(high.max(-low));
            let ticks = unit.ticks(&across, TICKS);
            (across, ticks, format!("{change}, {}", unit.name))
        }
        kind => {
            let ticks = across.ticks(TICKS, |value| sensitivity_table::amount(kind, value));
            let unit = match kind {
                MetricKind::Ratio => ", percentage points",
                _ => "",
            };
            (across, ticks, change + unit)
        }
    }
}

/// How much a field lowers and raises the metric on average; of choices without an order, only how
/// much it changes it.
fn sides(influence: &Influence, effects: Effects) -> [f64; 2] {
    match influence.direction {
        Direction::None => [0.0, effects.mu_star],
        _ => [(effects.mu_star - effects.mu) / 2.0, (effects.mu_star + effects.mu) / 2.0],
    }
}

/// The interval of the net effect, where there is one.
fn net(influence: &Influence, effects: Effects) -> Option<[f64; 2]> {
    match influence.direction {
        Direction::None => effects.mu_star_ci95,
        _ => effects.mu_ci95,
    }
}

fn bar(
    picture: &mut Picture,
    across: &Scale,
    [from, to]: [f64; 2],
    place: (f64, f64),
    colour: Colour,
) {
    let (middle, half) = place;
    let within = |value: f64| across.at(value.clamp(across.from(), across.to()));
    let (left, right) = (within(from), within(to));
    if right > left {
        let frame = Frame { left, top: middle - half, right, bottom: middle + half };
        picture.rectangle(frame, colour);
    }
}

/// An interval as a line with its ends, and the estimate as a dot.
fn interval(picture: &mut Picture, across: &Scale, ends: Option<[f64; 2]>, (value, y): (f64, f64)) {
    const END: f64 = 3.0;
    let within = |value: f64| across.at(value.clamp(across.from(), across.to()));
    if let Some(ends) = ends.filter(|[low, high]| high > low) {
        let [low, high] = ends.map(within);
        picture.line(vec![(low, y), (high, y)], INK, 1.2);
        for end in [low, high] {
            picture.line(vec![(end, y - END), (end, y + END)], INK, 1.2);
        }
    }
    picture.disc((within(value), y), 2.6, INK);
}

fn elementary(
    picture: &mut Picture,
    across: &Scale,
    middle: f64,
    (influence, effects): (&Influence, Effects),
) {
    let chance = influence.chance.unwrap_or(0.0);
    let is_one_sided = influence.direction == Direction::None;
    bar(
        picture,
        across,
        [if is_one_sided { 0.0 } else { -chance }, chance],
        (middle, ROW / 2.0),
        GRID,
    );
    if influence.verdict == Verdict::NoEffect {
        return;
    }
    let [fall, rise] = sides(influence, effects);
    bar(picture, across, [-fall, 0.0], (middle, BAR), FALLS);
    bar(picture, across, [0.0, rise], (middle, BAR), if is_one_sided { MUTED } else { RISES });
    let value = if is_one_sided { effects.mu_star } else { effects.mu };
    interval(picture, across, net(influence, effects), (value, middle));
}

fn shares(
    picture: &mut Picture,
    across: &Scale,
    middle: f64,
    (influence, Indices { first, total }): (&Influence, Indices),
) {
    bar(picture, across, [0.0, influence.chance.unwrap_or(0.0)], (middle, ROW / 2.0), GRID);
    if influence.verdict == Verdict::NoEffect {
        return;
    }
    bar(picture, across, [0.0, total.value], (middle, BAR), tint());
    bar(picture, across, [0.0, first.value], (middle, INNER), TOTAL);
    let ends = |index: Index| Some(index.ci95);
    interval(picture, across, ends(total), (total.value, middle - BAR - 2.0));
    interval(picture, across, ends(first), (first.value, middle + BAR + 2.0));
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_texts;
    use super::*;
    use crate::experiment::sensitivity::Verdict;
    use crate::measure::METRICS;
    use crate::sim::Outcome;

    const WAYS: [(Direction, Verdict); 5] = [
        (Direction::Rises, Verdict::Matters),
        (Direction::Falls, Verdict::Matters),
        (Direction::Mixed, Verdict::Unknown),
        (Direction::None, Verdict::NoEffect),
        (Direction::None, Verdict::WithinChance),
    ];

    fn influence(method: Method, number: usize, scale: f64) -> Influence {
        let (direction, verdict) = WAYS[number % WAYS.len()];
        let size = match verdict {
            Verdict::NoEffect => 0.0,
            _ => scale / (number + 1) as f64,
        };
        let sign = match direction {
            Direction::Falls => -1.0,
            Direction::Mixed => 0.2,
            _ => 1.0,
        };
        let measures = match method {
            Method::Morris { .. } => Measures::Morris(Effects {
                mu_star: size,
                mu_star_ci95: Some([0.8 * size, 1.2 * size]),
                mu: sign * size,
                mu_ci95: Some([sign * size - 0.2 * size, sign * size + 0.2 * size]),
                sigma: size / 3.0,
            }),
            Method::Sobol { .. } => {
                let index = |value: f64| Index { value, ci95: [value - 0.05, value + 0.05] };
                let share = size / scale.max(1e-9);
                Measures::Sobol(Indices { first: index(share / 2.0), total: index(share) })
            }
        };
        Influence { measures, chance: Some(0.05 * scale), direction, verdict }
    }

    fn study(method: Method, fields: usize, metrics: &[(&str, f64)]) -> Sensitivity {
        let field = |number: usize| Field {
            path: format!("strategies.a-rather-long-name.max_surge_{number}"),
            name: format!("max_surge_{number}"),
            values: if number.is_multiple_of(3) {
                ["round-robin", "least-requests", "power-of-two", "random"]
                    .map(str::to_owned)
                    .to_vec()
            } else {
                vec!["5%".to_owned(), "50%".to_owned()]
            },
            is_range: !number.is_multiple_of(3),
        };
        let metric = |&(name, scale): &(&str, f64)| MetricAnswer {
            metric: METRICS.iter().find(|metric| metric.name == name).expect("a metric"),
            min: 0.1 * scale,
            mean: scale,
            max: 2.0 * scale,
            deviation: 0.3 * scale,
            fields: (0..fields).map(|number| influence(method, number, scale)).collect(),
        };
        Sensitivity {
            method,
            points: 44,
            replications: 10,
            outcomes: vec![(Outcome::Completed, 440)],
            fields: (0..fields).map(field).collect(),
            metrics: metrics.iter().map(metric).collect(),
        }
    }

    const METHODS: [Method; 2] =
        [Method::Morris { trajectories: 10 }, Method::Sobol { samples: 1024 }];
    const SCALES: [(&str, f64); 4] = [
        ("duration_s", 312.0),
        ("failed", 41_000.0),
        ("capacity_min", 0.2),
        ("migration_error_rate", 0.0),
    ];

    fn set(method: Method, fields: usize) -> Sensitivity {
        study(method, fields, if fields == 1 { &SCALES[..1] } else { &SCALES })
    }

    #[test]
    fn a_panel_a_metric_and_a_row_a_field() {
        for method in METHODS {
            for fields in [1, 5, 32] {
                let found = set(method, fields);
                let picture = render("api-gateway", "two-at-a-time", &found);
                check_texts(&picture, &format!("{method:?}, {fields} fields"));
                let texts = picture.texts();
                let count =
                    |wanted: &str| texts.iter().filter(|text| text.text.contains(wanted)).count();
                assert_eq!(count("max_surge_"), fields * found.metrics.len());
                assert!(count("minutes") + count("share of its variance") > 0);
                let bytes = super::super::svg::render(&picture).expect("drawn");
                assert!(!bytes.contains("NaN") && !bytes.contains("inf"));
            }
        }
    }

    /// Writes charts to the folder that `ROLLSIM_CHARTS` names, for looking at them.
    #[test]
    fn charts_can_be_looked_at() {
        let Ok(folder) = std::env::var("ROLLSIM_CHARTS") else { return };
        for (name, method) in ["morris", "sobol"].into_iter().zip(METHODS) {
            let picture = render("api-gateway", "two-at-a-time", &set(method, 5));
            let path = std::path::Path::new(&folder).join(format!("{name}_sensitivity.png"));
            std::fs::write(path, super::super::png::render(&picture).expect("drawn"))
                .expect("written");
        }
    }
}
