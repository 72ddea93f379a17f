//! A sensitivity study on the terminal: for each metric the fields, the one that matters most
//! first.

use anstyle::Style;

use super::columns::{self, Cell};
use super::{number, sensitivity_csv};
use crate::experiment::sensitivity::{
    Direction, Field, Influence, Measures, Method, MetricAnswer, Sensitivity, Verdict,
};
use crate::measure::MetricKind;

const BOLD: Style = Style::new().bold();
/// Signs of the longest bar.
const LONGEST_BAR: f64 = 20.0;
const MORRIS: [&str; 8] =
    ["field", "values", "mu*", "mu", "sigma", "chance", "direction", "how much"];
const SOBOL: [&str; 7] =
    ["field", "values", "total", "first order", "chance", "direction", "how much"];

/// The table, with lines above it that say how to read it. It holds ANSI colours; print it through
/// a stream that strips them where they are not wanted.
#[must_use]
pub fn render(scenario: &str, seed: u64, strategy: &str, found: &Sensitivity) -> String {
    let method = match found.method {
        Method::Morris { trajectories } => format!(
            "Morris's elementary effects over the whole range of a field ({}), 95% intervals",
            counted(trajectories as usize, "random walk")
        ),
        Method::Sobol { samples } => {
            format!("Sobol's shares of the variance ({samples} samples), 95% intervals")
        }
    };
    let runs = counted(found.replications as usize, "run");
    let mut out = format!(
        "{scenario}: {} of {strategy} at {}, {runs} each, seed {seed}\n{method}\nthe same random \
         numbers at every point; `chance`: how much may be chance all the same\n",
        counted(found.fields.len(), "field"),
        counted(found.points, "point"),
    );
    let ends: Vec<String> = found
        .outcomes
        .iter()
        .map(|(outcome, count)| format!("{count} {}", outcome.name()))
        .collect();
    out.push_str(&format!("runs: {}\n", ends.join(", ")));
    for metric in &found.metrics {
        out.push_str(&part(found, metric));
    }
    out
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn part(found: &Sensitivity, metric: &MetricAnswer) -> String {
    let say = |value: f64| amount(metric.metric.kind, value);
    let name = metric.metric.name;
    let head = format!(
        "\n{BOLD}{name}{BOLD:#}: {} to {}, mean {}, deviation {}\n",
        say(metric.min),
        say(metric.max),
        say(metric.mean),
        say(metric.deviation)
    );
    let most = metric.fields.iter().map(Influence::size).fold(0.0, f64::max);
    let rows: Vec<Vec<Cell>> = metric
        .ranked()
        .into_iter()
        .map(|number| row(&found.fields[number], &metric.fields[number], most, &say))
        .collect();
    let titles: &[&str] = match found.method {
        Method::Morris { .. } => &MORRIS,
        Method::Sobol { .. } => &SOBOL,
    };
    head + &columns::lay_out(titles, &rows)
}

fn row(field: &Field, influence: &Influence, most: f64, say: &impl Fn(f64) -> String) -> Vec<Cell> {
    let word = |text: String| Cell::Word { text, style: Style::new() };
    let plain = |mean: String| Cell::Number { mean, half: None };
    let mut cells = vec![word(field.name.clone()), word(sensitivity_csv::values(field))];
    match influence.measures {
        Measures::Morris(effects) => {
            let half = |ends: Option<[f64; 2]>, value: f64| {
                // The lower end may be cut off at 0; the upper one never is.
                ends.filter(|[_, high]| *high > value)
                    .map(|[_, high]| format!(" \u{b1} {}", say(high - value)))
            };
            let number =
                |value: f64, ends| Cell::Number { mean: say(value), half: half(ends, value) };
            cells.push(number(effects.mu_star, effects.mu_star_ci95));
            cells.push(if influence.is_unordered() {
                plain("-".to_owned())
            } else {
                number(effects.mu, effects.mu_ci95)
            });
            cells.push(plain(say(effects.sigma)));
            cells.push(plain(influence.chance.map_or_else(|| "-".to_owned(), say)));
        }
        Measures::Sobol(indices) => {
            let share = |value: f64| number::percent(value, 3);
            for index in [indices.total, indices.first] {
                let [low, high] = index.ci95.map(|end| number::significant(end * 100.0, 3));
                let half = Some(format!(" {low}..{high}"));
                cells.push(Cell::Number { mean: share(index.value), half });
            }
            cells.push(plain(influence.chance.map_or_else(|| "-".to_owned(), share)));
        }
    }
    cells.push(word(direction(influence.direction).to_owned()));
    cells.push(word(how_much(influence, most)));
    cells
}

/// A value of a metric of this kind, for screens.
#[must_use]
pub fn amount(kind: MetricKind, value: f64) -> String {
    match kind {
        MetricKind::Seconds => number::duration(value),
        MetricKind::Ratio => number::percent(value, 3),
        MetricKind::Count | MetricKind::Amount => number::thousands(value),
    }
}

const fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Rises => "rises",
        Direction::Falls => "falls",
        Direction::Mixed => "both ways",
        Direction::None => "-",
    }
}

/// What is said of a verdict; nothing of a field that matters.
#[must_use]
pub const fn doubt(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Matters => "",
        Verdict::WithinChance => "perhaps chance",
        Verdict::NoEffect => "no effect",
        Verdict::Unknown => "chance unknown",
    }
}

fn how_much(influence: &Influence, most: f64) -> String {
    let share = if most > 0.0 { influence.size().max(0.0) / most } else { 0.0 };
    let bar = "#".repeat((share * LONGEST_BAR).round() as usize);
    format!("{bar} {}", doubt(influence.verdict)).trim().to_owned()
}
