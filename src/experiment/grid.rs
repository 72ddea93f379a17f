//! The cells of an experiment, a variant and a replication each: which has which number.

use std::ops::Range;

use crate::scenario::Scenario;

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

    /// Which replications of the variant at this position are among the cells of these numbers.
    #[must_use]
    pub fn replications(&self, variant: usize, cells: &Range<usize>) -> Range<u32> {
        let (first, end) = (self.edges[variant], self.edges[variant + 1]);
        let number = |cell: usize| (cell.clamp(first, end) - first) as u32;
        number(cells.start)..number(cells.end)
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
        assert_eq!(grid.cells(), 7);
        let check = |cells: Range<usize>, wanted: [Range<u32>; 3]| {
            let found = [0, 1, 2].map(|variant| grid.replications(variant, &cells));
            assert_eq!(found, wanted, "{cells:?}");
        };
        check(0..7, [0..3, 0..1, 0..3]);
        check(1..2, [1..2, 0..0, 0..0]);
        check(2..5, [2..3, 0..1, 0..1]);
        check(5..7, [3..3, 1..1, 1..3]);
        check(4..4, [3..3, 1..1, 0..0]);
    }
}
