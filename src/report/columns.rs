//! Words and numbers in columns for a terminal.

use anstyle::Style;

/// Longest name that stands in its own column; longer ones stand above their row.
const LONGEST_NAME: usize = 34;
const GAP: &str = "  ";
const BOLD: Style = Style::new().bold();

/// What stands in a row under one title.
pub(super) enum Cell {
    /// To the left.
    Word { text: String, style: Style },
    /// A mean to the right and, where there is one, half of its interval, each in its own column.
    Number { mean: String, half: Option<String> },
}

/// The widest of a column's means, halves and words.
#[derive(Clone, Copy, Default)]
struct Width {
    whole: usize,
    half: usize,
}

/// Titles and rows, each cell under its title. Columns of words stand to the left.
pub(super) fn lay_out(titles: &[&str], rows: &[Vec<Cell>]) -> String {
    let widths: Vec<Width> = titles
        .iter()
        .enumerate()
        .map(|(column, title)| width(title, rows.iter().map(|row| &row[column])))
        .collect();
    let is_word =
        |column: usize| rows.first().is_some_and(|row| matches!(row[column], Cell::Word { .. }));
    let header = titles.iter().zip(&widths).enumerate().map(|(column, (title, width))| {
        let padding = " ".repeat(width.whole - title.len());
        let title = format!("{BOLD}{title}{BOLD:#}");
        if is_word(column) { title + &padding } else { padding + &title }
    });
    let mut out = String::new();
    push_line(header.collect(), &mut out);
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| drawn(cell, width));
        push_line(cells.collect(), &mut out);
    }
    out
}

fn width<'a>(title: &str, cells: impl Iterator<Item = &'a Cell>) -> Width {
    let (mut word, mut mean, mut half) = (title.len(), 0, 0);
    for cell in cells {
        match cell {
            Cell::Word { text, .. } if text.len() <= LONGEST_NAME => word = word.max(text.len()),
            Cell::Word { .. } => {}
            Cell::Number { mean: text, half: more } => {
                mean = mean.max(text.chars().count());
                half = half.max(more.as_ref().map_or(0, |half| half.chars().count()));
            }
        }
    }
    Width { whole: word.max(mean + half), half }
}

fn drawn(cell: &Cell, width: Width) -> String {
    match cell {
        Cell::Word { text, style } => {
            // A word that does not fit has a line of its own.
            let is_too_long = text.len() > width.whole;
            let rest = if is_too_long { width.whole } else { width.whole - text.len() };
            let end = if is_too_long { "\n" } else { "" };
            format!("{style}{text}{style:#}{end}{}", " ".repeat(rest))
        }
        Cell::Number { mean, half } => {
            let (whole, half_width) = (width.whole - width.half, width.half);
            let half = half.as_deref().unwrap_or_default();
            format!("{mean:>whole$}{half:<half_width$}")
        }
    }
}

fn push_line(cells: Vec<String>, out: &mut String) {
    out.push_str(cells.join(GAP).trim_end());
    out.push('\n');
}
