//! The table on the terminal: a row for each requirement and strategy.

use anstyle::{AnsiColor, Style};

use super::{Checked, Line, word};
use crate::experiment::policy::Verdict;
use crate::experiment::policy::fix::Fix;
use crate::report::columns::{self, Cell};

const TITLES: [&str; 7] =
    ["strategy", "requirement", "limit", "measured", "bounds", "runs", "verdict"];

/// The table, a line above it that says how to read it, and what would put right what is broken.
/// It holds ANSI colours; print it through a stream that strips them where they are not wanted.
#[must_use]
pub fn render(checked: &Checked<'_>) -> String {
    let rows: Vec<Vec<Cell>> = checked
        .findings
        .iter()
        .map(|finding| {
            let Line { what, limit, measured, bound } = checked.line(finding);
            let words = [finding.subject.clone(), what, limit].map(plain);
            let measured = Cell::Number { mean: measured, half: None };
            let runs = Cell::Number { mean: finding.runs.to_string(), half: None };
            let style = style(finding.verdict);
            let verdict = Cell::Word { text: word(finding.verdict).to_owned(), style };
            words.into_iter().chain([measured, plain(bound), runs, verdict]).collect()
        })
        .collect();
    let mut out = caption(checked) + &columns::lay_out(&TITLES, &rows);
    for lines in [checked.alone(), checked.unfinished(), fixes(checked)] {
        if !lines.is_empty() {
            out.push('\n');
        }
        for line in lines {
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

fn plain(text: String) -> Cell {
    Cell::Word { text, style: Style::new() }
}

const fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Holds => AnsiColor::Green.on_default(),
        Verdict::Undecided => AnsiColor::Yellow.on_default(),
        Verdict::Unmeasured | Verdict::Broken => AnsiColor::Red.on_default().bold(),
    }
}

fn caption(checked: &Checked<'_>) -> String {
    let against = match &checked.against {
        Some(other) => format!(" against {other}"),
        None => String::new(),
    };
    let assurance = checked.assurance().map_or(String::new(), |words| format!("; {words}"));
    format!(
        "{}{against}: {}\n{} runs, seed {}{assurance}\n\n",
        checked.scenario,
        checked.tally(),
        checked.runs,
        checked.seed,
    )
}

/// A line for each subject that something was tried for.
fn fixes(checked: &Checked<'_>) -> Vec<String> {
    let line = |fix: &Fix| match &fix.change {
        Some(change) => format!("{} would hold with `--set {}`", fix.subject, change.typed()),
        None => format!(
            "{}: none of the {} changes that were tried makes it hold",
            fix.subject, fix.tried
        ),
    };
    checked.fixes.iter().map(line).collect()
}
