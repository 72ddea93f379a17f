//! The cells of an experiment: which run has which number.

use crate::scenario::Scenario;

/// One run of an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Position of the variant in the scenario.
    pub variant: usize,
    /// Number of the replication, from 0.
    pub replication: u32,
}

/// Every cell of a scenario: the replications of the first variant, then those of the second, and
/// so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// For each variant the number of its first cell, and at the end the number of cells.
    edges: Vec<usize>,
}

impl Grid {
    /// The cells of `scenario`. A sweep may give variants different numbers of replications.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let mut edges = vec![0];
        let mut cells = 0_usize;
        for variant in &scenario.variants {
            cells += variant.plan.simulation.replications as usize;
            edges.push(cells);
        }
        Self { edges }
    }

    /// How many cells there are.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.edges.last().copied().unwrap_or(0)
    }

    /// The cell with this number, which is below [`Grid::cells`].
    #[must_use]
    pub fn cell(&self, number: usize) -> Cell {
        let variant = self.edges.partition_point(|&edge| edge <= number) - 1;
        Cell { variant, replication: (number - self.edges[variant]) as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::fixture;

    #[test]
    fn cells_are_numbered_variant_by_variant() {
        let mut scenario = fixture::scenario(&["a", "b", "c"], 3);
        scenario.variants[1].plan.simulation.replications = 1;
        let grid = Grid::new(&scenario);
        let cells: Vec<(usize, u32)> = (0..grid.cells())
            .map(|number| {
                let cell = grid.cell(number);
                (cell.variant, cell.replication)
            })
            .collect();
        assert_eq!(cells, [(0, 0), (0, 1), (0, 2), (1, 0), (2, 0), (2, 1), (2, 2)]);
    }
}
