//! The table that the tests of this room compare with: `tests/data/estimates.csv`.

const TABLE: &str = include_str!("../../tests/data/estimates.csv");

/// One row: its cells after the name.
pub(super) struct Row(Vec<&'static str>);

impl Row {
    /// The cell as a number.
    pub(super) fn number(&self, cell: usize) -> f64 {
        self.0[cell].parse().expect("a number")
    }

    /// The cell as a whole number.
    pub(super) fn whole(&self, cell: usize) -> u64 {
        self.0[cell].parse().expect("a whole number")
    }

    /// The cell as numbers with spaces between.
    pub(super) fn sample(&self, cell: usize) -> Vec<f64> {
        self.0[cell].split(' ').map(|value| value.parse().expect("a number")).collect()
    }
}

/// The rows of this name; a test that finds none would prove nothing.
pub(super) fn rows(kind: &str) -> Vec<Row> {
    let rows: Vec<Row> = TABLE
        .lines()
        .filter_map(|line| line.strip_prefix(kind)?.strip_prefix(','))
        .map(|row| Row(row.split(',').collect()))
        .collect();
    assert!(rows.len() >= 4, "{kind}: {} rows", rows.len());
    rows
}

/// Compares `ours` with the last cells of every row of this name, as many as it returns, with an
/// error of at most `tolerance` times the value.
pub(super) fn check(kind: &str, tolerance: f64, ours: impl Fn(&Row) -> Vec<f64>) {
    for row in rows(kind) {
        let ours = ours(&row);
        let first = row.0.len() - ours.len();
        for (index, ours) in ours.iter().enumerate() {
            let want = row.number(first + index);
            let error = (ours - want).abs();
            assert!(error <= tolerance * want.abs() + 1e-15, "{kind} {:?}: {ours}", row.0);
        }
    }
}
