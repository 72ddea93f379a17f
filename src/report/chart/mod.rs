//! The charts of a result folder: three always, one more where two numbers are swept; and those of
//! the gate workbench and of a sensitivity study.
//!
//! Each chart is a function from the results to a `picture::Picture`; `svg` and `png` paint
//! pictures through plotters. Neither needs a font of the machine, and both give the same bytes for
//! the same results.

mod axis;
mod boundary;
mod budget_rows;
mod capacity;
mod duration;
mod error_budget;
mod label;
mod picture;
mod png;
mod power;
mod scale;
mod search;
mod svg;
mod theme;
mod tornado;
mod variants;

use std::collections::BTreeMap;

use super::ledger_csv::Entry;
use super::number;
use super::summary_json::VariantSummary;
use super::timeline_csv::Moment;
use crate::experiment::sensitivity::Sensitivity;
use crate::experiment::tune::Answer;
use crate::experiment::workbench::Characteristic;
use boundary::Panel;
use picture::{Anchor, Colour, Picture, Text};
use scale::TimeUnit;
pub(super) use variants::Variants;

/// Variants that are drawn; of more, the first.
pub const MOST_PANELS: usize = 24;

/// Rows of `timeline.csv`, by variant.
pub type Moments = BTreeMap<String, Vec<Moment>>;
/// Rows of `ledger.csv`, by variant.
pub type Entries = BTreeMap<String, Vec<Entry>>;

/// What the charts are drawn from.
#[derive(Clone, Debug)]
pub struct Input {
    /// The scenario's name.
    scenario: String,
    /// The variants that are drawn.
    shown: Vec<VariantSummary>,
    /// How many variants there are.
    variants: usize,
    /// What the chart of two swept numbers shows.
    panels: Vec<Panel>,
    /// The rows of `timeline.csv` of the variants that are drawn.
    pub(super) moments: Moments,
    /// Those of `ledger.csv`.
    pub(super) ledger: Entries,
}

/// A kind of picture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines and text.
    Svg,
    /// Pixels.
    Png,
}

/// A chart could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("a chart cannot be drawn: {0}")]
pub struct ChartError(String);

impl ChartError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// How a chart is made, and the names of its files.
struct Chart {
    svg: &'static str,
    png: &'static str,
    render: fn(&Input) -> Picture,
}

const CHARTS: [Chart; 3] = [
    Chart { svg: "capacity.svg", png: "capacity.png", render: capacity::render },
    Chart { svg: "error_budget.svg", png: "error_budget.png", render: error_budget::render },
    Chart { svg: "duration.svg", png: "duration.png", render: duration::render },
];

/// The name of the chart of two swept numbers.
const BOUNDARY: [&str; 2] = ["boundary.svg", "boundary.png"];

/// Every chart in every one of `formats`: names and contents.
///
/// # Errors
/// If one cannot be drawn.
pub fn render_all(
    input: &Input,
    formats: &[Format],
) -> Result<Vec<(&'static str, Vec<u8>)>, ChartError> {
    let pictures = pictures(input);
    let mut files = Vec::new();
    for format in formats {
        for (svg, png, picture) in &pictures {
            files.push(match format {
                Format::Svg => (*svg, svg::render(picture)?.into_bytes()),
                Format::Png => (*png, png::render(picture)?),
            });
        }
    }
    Ok(files)
}

/// Every picture that there is something to draw for, with the names of its files.
fn pictures(input: &Input) -> Vec<(&'static str, &'static str, Picture)> {
    let always = CHARTS.iter().map(|chart| (chart.svg, chart.png, (chart.render)(input)));
    let [svg, png] = BOUNDARY;
    let boundary = boundary::render(input).map(|picture| (svg, png, picture));
    always.chain(boundary).collect()
}

/// The chart of the gate workbench in one format.
///
/// # Errors
/// If it cannot be drawn.
pub fn render_power(
    scenario: &str,
    rows: &[Characteristic],
    format: Format,
) -> Result<Vec<u8>, ChartError> {
    painted(&power::render(scenario, rows), format)
}

/// The chart of a search in one format.
///
/// # Errors
/// If it cannot be drawn.
pub fn render_search(
    scenario: &str,
    answer: &Answer,
    format: Format,
) -> Result<Vec<u8>, ChartError> {
    painted(&search::render(scenario, answer), format)
}

/// The chart of a sensitivity study of `strategy` in one format.
///
/// # Errors
/// If it cannot be drawn.
pub fn render_tornado(
    scenario: &str,
    strategy: &str,
    found: &Sensitivity,
    format: Format,
) -> Result<Vec<u8>, ChartError> {
    painted(&tornado::render(scenario, strategy, found), format)
}

fn painted(picture: &Picture, format: Format) -> Result<Vec<u8>, ChartError> {
    match format {
        Format::Svg => svg::render(picture).map(String::into_bytes),
        Format::Png => png::render(picture),
    }
}

impl Input {
    /// Without rows over time.
    pub(super) fn new(scenario: &str, variants: Variants) -> Self {
        let (shown, variants, panels) = variants.finish();
        let (moments, ledger) = (Moments::new(), Entries::new());
        Self { scenario: scenario.to_owned(), shown, variants, panels, moments, ledger }
    }

    /// The variants that are drawn.
    pub(super) fn shown(&self) -> &[VariantSummary] {
        &self.shown
    }

    /// The variant's rows.
    fn moments(&self, variant: &VariantSummary) -> &[Moment] {
        self.moments.get(&variant.name).map_or(&[], Vec::as_slice)
    }

    /// What its failures are charged to.
    fn entries(&self, variant: &VariantSummary) -> &[Entry] {
        self.ledger.get(&variant.name).map_or(&[], Vec::as_slice)
    }
}

/// The time and the rates that all variants together need room for.
struct Extent {
    from: f64,
    to: f64,
    most_rps: f64,
    unit: TimeUnit,
}

impl Extent {
    fn of(input: &Input) -> Self {
        let (mut from, mut to, mut most_rps) = (0.0_f64, 0.0_f64, 0.0_f64);
        for moments in input.shown().iter().map(|variant| input.moments(variant)) {
            let width = bin_width(moments);
            for moment in moments {
                from = from.min(moment.t_s);
                to = to.max(moment.t_s + width);
                most_rps = most_rps.max(moment.capacity_rps).max(moment.demand_rps);
            }
        }
        let to = if to > 0.0 { to } else { 1.0 };
        Self { from, to, most_rps, unit: TimeUnit::of(to) }
    }
}

fn bin_width(moments: &[Moment]) -> f64 {
    match moments {
        [first, second, ..] => second.t_s - first.t_s,
        _ => 1.0,
    }
}

/// A colour for each variant that is drawn: that of its strategy, lighter or darker where several
/// share it.
fn series_colours(input: &Input) -> Vec<Colour> {
    let mut families: Vec<(&str, usize)> = Vec::new();
    let mut members: Vec<(usize, usize)> = Vec::new();
    for variant in input.shown() {
        let known = families.iter().position(|(strategy, _)| *strategy == variant.strategy);
        let family = known.unwrap_or(families.len());
        if known.is_none() {
            families.push((&variant.strategy, 0));
        }
        members.push((family, families[family].1));
        families[family].1 += 1;
    }
    let colour = |(family, number): (usize, usize)| {
        theme::shade(theme::SERIES[family % theme::SERIES.len()], number, families[family].1)
    };
    members.into_iter().map(colour).collect()
}

/// How the runs of a variant ended, and after how long.
fn outcome_line(variant: &VariantSummary) -> String {
    let duration = variant.metric("duration_s").map(|estimate| number::duration(estimate.mean));
    let ends: Vec<String> = match variant.outcomes.len() {
        1 => variant.outcomes.keys().cloned().collect(),
        _ => variant.outcomes.iter().map(|(name, runs)| format!("{runs} {name}")).collect(),
    };
    match duration {
        Some(duration) => format!("{} in {duration}", ends.join(", ")),
        None => ends.join(", "),
    }
}

/// Says how many variants are not drawn, where some are not.
fn cut_note(picture: &mut Picture, input: &Input) {
    let all = input.variants;
    if all > MOST_PANELS {
        let text = format!("the first {MOST_PANELS} of {all} variants");
        let at = (picture.width - theme::MARGIN, 22.0);
        picture.text(Text::new(at, text, theme::SMALL, theme::MUTED).anchored(Anchor::End));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;
    use crate::report::summary_json::Summary;
    use crate::report::{ledger_csv, timeline_csv};
    use picture::{Frame, Turn, Weight};

    pub(super) fn input(names: &[&str], replications: u32) -> Input {
        let results = fixture::results(names, replications);
        let text = timeline_csv::TABLE.text(&results);
        let moments = timeline_csv::read(text.as_bytes(), names).expect("our own file");
        let text = ledger_csv::TABLE.text(&results);
        let ledger = ledger_csv::read(text.as_bytes(), names).expect("our own file");
        let mut variants = Variants::default();
        for variant in Summary::of(&results, "").variants {
            variants.add(variant);
        }
        Input { moments, ledger, ..Input::new(&results.scenario, variants) }
    }

    /// Names of variants, from one to more than are drawn.
    fn sets() -> Vec<(&'static str, Vec<String>)> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let swept =
            |count| (1..=count).map(|batch| format!("rolling max_unavailable={batch}")).collect();
        vec![
            ("gateway", owned(&fixture::GATEWAY)),
            ("one", owned(&["surge"])),
            ("two", owned(&["two-at-a-time", "recreate"])),
            ("sweep", swept(6)),
            ("twelve", swept(12)),
            ("many", swept(30)),
        ]
    }

    fn inputs() -> Vec<(&'static str, Input)> {
        let input_of =
            |names: Vec<String>| input(&names.iter().map(String::as_str).collect::<Vec<_>>(), 10);
        sets().into_iter().map(|(set, names)| (set, input_of(names))).collect()
    }

    /// Where a text can be, whatever the font.
    fn frame(text: &Text) -> Frame {
        let width = match text.weight {
            Weight::Regular => theme::text_width(&text.text, text.size),
            Weight::Bold => theme::bold_width(&text.text, text.size),
        };
        let before = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        };
        // Letters without the space between lines.
        let (x, y, half) = (text.at.0, text.at.1, text.size * 0.45);
        match text.turn {
            Turn::Level => Frame {
                left: x - before,
                top: y - half,
                right: x - before + width,
                bottom: y + half,
            },
            Turn::Upwards => Frame {
                left: x - half,
                top: y + before - width,
                right: x + half,
                bottom: y + before,
            },
        }
    }

    #[test]
    fn no_text_is_cut_off_or_lies_on_another() {
        let grid = |rates, batches: usize| {
            let batches: Vec<_> = (1..=batches).map(|batch| serde_json::json!(batch)).collect();
            boundary::tests::swept(rates, &batches)
        };
        let grids = [("grid", grid(8, 8)), ("flat", grid(20, 2)), ("fine", grid(60, 50))];
        for (set, input) in inputs().into_iter().chain(grids) {
            for (name, _, picture) in pictures(&input) {
                check_texts(&picture, &format!("{set} {name}"));
            }
        }
    }

    /// Every text can be read.
    pub(super) fn check_texts(picture: &Picture, of: &str) {
        let (right, bottom) = (picture.width, picture.height);
        let whole = Frame { left: 0.0, top: 0.0, right, bottom };
        let texts = picture.texts();
        for (number, text) in texts.iter().enumerate() {
            let place = frame(text);
            let what = format!("{of}: {}", text.text);
            assert!(text.text.is_ascii(), "{what}");
            assert!(whole.holds(&place), "{what} at {place:?}");
            let covered = texts[..number].iter().find(|one| frame(one).overlaps(&place));
            assert!(covered.is_none(), "{what} on {covered:?}");
        }
    }

    #[test]
    fn charts_name_their_axes_and_variants() {
        let input = input(&fixture::GATEWAY, 10);
        for (chart, names) in CHARTS.iter().zip([
            ["requests/s", "minutes from rollout start", "demand", "completed in 16 s, low 0%"],
            ["Share of the error budget spent so far (logarithmic)", "0.1%", "overload", "307k"],
            [
                "share of the error budget spent (logarithmic)",
                "duration of the rollout (logarithmic)",
                "nothing",
                "1 min",
            ],
        ]) {
            let picture = (chart.render)(&input);
            let texts: Vec<&str> = picture.texts().iter().map(|text| text.text.as_str()).collect();
            for name in names.iter().chain(&fixture::GATEWAY) {
                let is_there = texts.iter().any(|text| text.ends_with(name));
                assert!(is_there, "{}: {name} in {texts:?}", chart.svg);
            }
        }
    }

    #[test]
    fn the_same_results_give_the_same_bytes() {
        let formats = [Format::Svg, Format::Png];
        let draw = || render_all(&input(&fixture::GATEWAY, 3), &formats).expect("drawn");
        let files = draw();
        assert_eq!(files, draw());
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        let wanted = [
            "capacity.svg",
            "error_budget.svg",
            "duration.svg",
            "capacity.png",
            "error_budget.png",
            "duration.png",
        ];
        assert_eq!(names, wanted);
        for (name, content) in &files[..3] {
            let text = std::str::from_utf8(content).expect("text");
            assert!(text.starts_with("<svg width=\"900\" height=\""), "{name}");
            assert!(text.contains("viewBox=\"0 0 7200 "), "{name}");
            assert!(text.contains(": api-gateway</title>"), "{name}");
        }
        for (name, content) in &files[3..] {
            assert!(content.starts_with(b"\x89PNG"), "{name}");
            // Width in the header: twice the picture's.
            assert_eq!(content[16..20], 1800_u32.to_be_bytes(), "{name}");
        }
    }

    #[test]
    fn of_many_variants_the_first_are_drawn_and_the_chart_says_so() {
        let (_, many) = inputs().pop().expect("a set");
        for chart in &CHARTS {
            let picture = (chart.render)(&many);
            let texts = picture.texts();
            assert!(texts.iter().any(|text| text.text == "the first 24 of 30 variants"));
            assert!(texts.iter().all(|text| !text.text.contains("unavailable=25")));
        }
    }

    #[test]
    fn results_without_requests_or_time_can_be_drawn() {
        let mut input = input(&["surge", "recreate"], 1);
        input.moments.clear();
        input.ledger.clear();
        input.shown[0].metrics.clear();
        for chart in &CHARTS {
            let svg = svg::render(&(chart.render)(&input)).expect("drawn");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", chart.svg);
        }
    }

    /// Writes charts to the folder that `ROLLSIM_CHARTS` names, for looking at them.
    #[test]
    fn charts_can_be_looked_at() {
        let Ok(folder) = std::env::var("ROLLSIM_CHARTS") else { return };
        for (set, input) in inputs() {
            for (name, content) in render_all(&input, &[Format::Svg, Format::Png]).expect("drawn") {
                let path = std::path::Path::new(&folder).join(format!("{set}_{name}"));
                std::fs::write(path, content).expect("written");
            }
        }
    }
}
