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

/// The widest of a column's words, its title among them, means and halves.
#[derive(Clone, Copy)]
struct Width {
    word: usize,
    mean: usize,
    half: usize,
}

/// Titles and rows, each cell under its title. Columns of words stand to the left.
pub(super) fn lay_out(titles: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut layout = Layout::new(titles);
    for row in rows {
        layout.see(row);
    }
    rows.iter().fold(layout.header(), |out, row| out + &layout.row(row))
}

/// The same where there may be more rows than one wants to hold: each is seen, and made again to
/// be drawn.
pub(super) struct Layout<'a> {
    titles: Vec<&'a str>,
    widths: Vec<Width>,
    /// By column; of no row none.
    is_word: Vec<bool>,
}

impl<'a> Layout<'a> {
    /// Of no row yet.
    pub(super) fn new(titles: &[&'a str]) -> Self {
        let widths = titles.iter().map(|title| Width::of(title)).collect();
        Self { titles: titles.to_vec(), widths, is_word: Vec::new() }
    }

    /// Makes room for a row.
    pub(super) fn see(&mut self, row: &[Cell]) {
        if self.is_word.is_empty() {
            self.is_word = row.iter().map(|cell| matches!(cell, Cell::Word { .. })).collect();
        }
        for (width, cell) in self.widths.iter_mut().zip(row) {
            width.see(cell);
        }
    }

    /// The titles, once all rows were seen.
    pub(super) fn header(&self) -> String {
        let is_word = |column: usize| self.is_word.get(column).is_some_and(|is_word| *is_word);
        let titles = self.titles.iter().zip(&self.widths).enumerate();
        let header = titles.map(|(column, (title, width))| {
            let padding = " ".repeat(width.whole() - title.len());
            let title = format!("{BOLD}{title}{BOLD:#}");
            if is_word(column) { title + &padding } else { padding + &title }
        });
        line(header.collect())
    }

    /// A row that was seen.
    pub(super) fn row(&self, row: &[Cell]) -> String {
        line(row.iter().zip(&self.widths).map(|(cell, &width)| drawn(cell, width)).collect())
    }
}

impl Width {
    /// Of a column without rows.
    const fn of(title: &str) -> Self {
        Self { word: title.len(), mean: 0, half: 0 }
    }

    fn see(&mut self, cell: &Cell) {
        match cell {
            Cell::Word { text, .. } if text.len() <= LONGEST_NAME => {
                self.word = self.word.max(text.len());
            }
            Cell::Word { .. } => {}
            Cell::Number { mean, half } => {
                self.mean = self.mean.max(mean.chars().count());
                let half = half.as_ref().map_or(0, |half| half.chars().count());
                self.half = self.half.max(half);
            }
        }
    }

    fn whole(self) -> usize {
        self.word.max(self.mean + self.half)
    }
}

fn drawn(cell: &Cell, width: Width) -> String {
    match cell {
        Cell::Word { text, style } => {
            // A word that does not fit has a line of its own.
            let whole = width.whole();
            let is_too_long = text.len() > whole;
            let rest = if is_too_long { whole } else { whole - text.len() };
            let end = if is_too_long { "\n" } else { "" };
            format!("{style}{text}{style:#}{end}{}", " ".repeat(rest))
        }
        Cell::Number { mean, half } => {
            let (whole, half_width) = (width.whole() - width.half, width.half);
            let half = half.as_deref().unwrap_or_default();
            format!("{mean:>whole$}{half:<half_width$}")
        }
    }
}

fn line(cells: Vec<String>) -> String {
    format!("{}\n", cells.join(GAP).trim_end())
}
