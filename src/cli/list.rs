//! `rollsim list`: what there is.

use std::io::{self, Write};

use clap::ValueEnum;

use super::exit::Exit;
use crate::measure::METRICS;
use crate::{fault, gate, strategy};

/// Say what there is: kinds of strategies, of faults and of gates, metrics
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only these
    catalog: Option<Catalog>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Catalog {
    /// What a scenario may write as the `kind` of a strategy
    Strategies,
    /// What a scenario may write as the `kind` of a fault
    Faults,
    /// What a scenario may write as the `kind` of a gate's test
    Gates,
    /// What is measured of every run
    Metrics,
}

impl Arguments {
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        let mut out = io::stdout().lock();
        match self.catalog {
            Some(catalog) => catalog.print(&mut out)?,
            None => {
                writeln!(out, "strategies:")?;
                Catalog::Strategies.print(&mut out)?;
                writeln!(out, "\nfaults:")?;
                Catalog::Faults.print(&mut out)?;
                writeln!(out, "\ngates:")?;
                Catalog::Gates.print(&mut out)?;
                writeln!(out, "\nmetrics:")?;
                Catalog::Metrics.print(&mut out)?;
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}

impl Catalog {
    fn print(self, out: &mut impl Write) -> io::Result<()> {
        let entries: Vec<(&str, &str)> = match self {
            Self::Strategies => {
                strategy::KINDS.iter().map(|kind| (kind.name, kind.summary)).collect()
            }
            Self::Faults => fault::KINDS.iter().map(|kind| (kind.name, kind.summary)).collect(),
            Self::Gates => gate::KINDS.iter().map(|kind| (kind.name, kind.summary)).collect(),
            Self::Metrics => METRICS.iter().map(|metric| (metric.name, metric.summary)).collect(),
        };
        let width = entries.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, summary) in entries {
            writeln!(out, "{name:width$}  {summary}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_for_each_metric() {
        let mut out = Vec::new();
        Catalog::Metrics.print(&mut out).expect("memory can be written");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(text.lines().count(), METRICS.len());
        assert_eq!(
            text.lines().next(),
            Some("duration_s                from the rollout's start to its outcome")
        );
    }
}
