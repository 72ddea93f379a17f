//! The search on the terminal: the front, who is tied with it, the next, and what to choose.

use anstyle::{AnsiColor, Style};

use super::words;
use crate::experiment::Estimate;
use crate::experiment::tune::goal::Aim;
use crate::experiment::tune::{Answer, Axis, Judged, Status};
use crate::measure::Metric;
use crate::report::columns::{self, Cell};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const PLAIN: Style = Style::new();
const WARN: Style = AnsiColor::Yellow.on_default();
/// Rows of one status, at most, and of those that are not to be chosen.
const MOST_ROWS: usize = 20;
/// Longest line of a sentence.
const WIDTH: usize = 100;
const FEW_ROWS: usize = 5;

/// The table, with lines above that say what was asked and lines below that say what to choose. It
/// holds ANSI colours; print it through a stream that strips them where they are not wanted.
#[must_use]
pub fn render(scenario: &str, seed: u64, answer: &Answer) -> String {
    let metrics = metrics(answer);
    let shown = shown(answer);
    let rows: Vec<Vec<Cell>> = shown.iter().map(|&number| row(answer, number, &metrics)).collect();
    let mut titles: Vec<&str> = fields(answer);
    titles.extend(["status", "runs"]);
    titles.extend(metrics.iter().map(|(metric, _)| metric.name));
    let mut out = caption(scenario, seed, answer);
    out += &columns::lay_out(&titles, &rows);
    let rest = answer.candidates.len() - shown.len();
    if rest > 0 {
        out += &format!("{rest} more in tune.csv\n");
    }
    out.push('\n');
    for sentence in words::sentences(answer) {
        out += &wrapped(&sentence);
        out.push('\n');
    }
    out
}

/// What the axes are called: their last names, or their paths where two share one.
fn fields(answer: &Answer) -> Vec<&str> {
    let all = || answer.axes.iter().map(Axis::field);
    let is_shared = |name: &str| all().filter(|other| *other == name).count() > 1;
    let axes = answer.axes.iter();
    axes.map(|axis| if is_shared(axis.field()) { axis.path.as_str() } else { axis.field() })
        .collect()
}

/// The text in lines of at most 100 characters, all but the first indented.
#[must_use]
pub fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        let more = word.chars().count();
        if length > 0 && length + 1 + more > WIDTH {
            out += "\n  ";
            length = 2;
        } else if length > 0 {
            out.push(' ');
            length += 1;
        }
        out += word;
        length += more;
    }
    out
}

fn caption(scenario: &str, seed: u64, answer: &Answer) -> String {
    let count = |number: usize, noun: &str| {
        format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
    };
    let goals: Vec<String> = answer
        .objectives
        .iter()
        .map(|objective| {
            let verb = match objective.aim {
                Aim::Minimize => "minimize",
                Aim::Maximize => "maximize",
            };
            format!("{verb} {}", objective.metric.name)
        })
        .chain(answer.constraints.iter().map(|one| format!("subject to {}", one.typed)))
        .collect();
    format!(
        "{scenario}: {}, {}, seed {seed}; means \u{b1} half of their 95% interval\n{}\n\n",
        count(answer.candidates.len(), "candidate"),
        count(answer.runs, "run"),
        goals.join(", ")
    )
}

/// Every metric that was asked about, once, and where its estimate stands.
pub(in crate::report) fn metrics(answer: &Answer) -> Vec<(&'static Metric, Place)> {
    let objectives = answer.objectives.iter().map(|one| one.metric).enumerate();
    let constraints = answer.constraints.iter().map(|one| one.metric).enumerate();
    let all = objectives
        .map(|(number, metric)| (metric, Place::Objective(number)))
        .chain(constraints.map(|(number, metric)| (metric, Place::Constraint(number))));
    let mut found: Vec<(&'static Metric, Place)> = Vec::new();
    for (metric, place) in all {
        if !found.iter().any(|(known, _)| known.name == metric.name) {
            found.push((metric, place));
        }
    }
    found
}

/// Where an estimate of a candidate stands.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) enum Place {
    Objective(usize),
    Constraint(usize),
}

impl Place {
    pub(in crate::report) fn of(self, judged: &Judged) -> Option<&Estimate> {
        match self {
            Self::Objective(number) => judged.objectives.get(number)?.as_ref(),
            Self::Constraint(number) => judged.constraints.get(number)?.as_ref(),
        }
    }
}

/// The candidates of the table: by status, then by the first objective.
fn shown(answer: &Answer) -> Vec<usize> {
    let loss = |number: &usize| {
        let estimate = answer.candidates[*number].objectives.first().copied().flatten();
        estimate.map_or(f64::INFINITY, |one| {
            answer.objectives.first().map_or(one.mean, |objective| objective.loss(one.mean))
        })
    };
    let mut all: Vec<usize> = (0..answer.candidates.len()).collect();
    all.sort_by(|one, other| {
        let status = |number: &usize| answer.candidates[*number].status;
        status(one).cmp(&status(other)).then(loss(one).total_cmp(&loss(other)))
    });
    let mut shown: Vec<usize> = Vec::new();
    for group in all
        .chunk_by(|&one, &other| answer.candidates[one].status == answer.candidates[other].status)
    {
        let status = group.first().map(|&number| answer.candidates[number].status);
        let is_choice = matches!(status, Some(Status::Front | Status::Tied | Status::Unclear));
        shown.extend(group.iter().take(if is_choice { MOST_ROWS } else { FEW_ROWS }));
    }
    // The choice is never left out.
    if let Ok(best) = answer.recommended
        && !shown.contains(&best)
    {
        shown.insert(0, best);
    }
    shown
}

fn row(answer: &Answer, number: usize, metrics: &[(&'static Metric, Place)]) -> Vec<Cell> {
    let judged = &answer.candidates[number];
    let is_best = answer.recommended == Ok(number);
    let (text, style) = match judged.status {
        _ if is_best && answer.knee == Some(number) => ("choose, knee", GOOD),
        _ if is_best => ("choose", GOOD),
        Status::Front | Status::Tied | Status::Dominated => (judged.status.name(), PLAIN),
        _ => (judged.status.name(), WARN),
    };
    let of_name = if is_best { GOOD } else { PLAIN };
    let value = |value: &String| Cell::Word { text: value.clone(), style: of_name };
    let mut cells: Vec<Cell> = judged.values.iter().map(value).collect();
    cells.push(Cell::Word { text: text.to_owned(), style });
    cells.push(Cell::Number { mean: judged.runs.to_string(), half: None });
    cells.extend(metrics.iter().map(|(metric, place)| estimate(metric, place.of(judged))));
    cells
}

fn estimate(metric: &Metric, one: Option<&Estimate>) -> Cell {
    let Some(one) = one else { return Cell::Number { mean: "-".to_owned(), half: None } };
    let half = words::interval(one)
        .map(|[low, high]| words::difference(metric, (high - low) / 2.0))
        .map(|half| format!(" \u{b1} {}", half.trim_end_matches(" points")));
    Cell::Number { mean: words::value(metric, one.mean), half }
}
