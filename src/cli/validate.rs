//! `rollsim validate`: what was published against what is simulated.

use std::io::Write;

use super::exit::{BadInput, Exit};
use super::run::{measured, watch_interrupts};
use crate::experiment::validation::{self, Case, ValidationError};
use crate::report;

const EXAMPLES: &str = "\
Examples:
  rollsim validate
  rollsim validate V15 V29

Exit codes: 0 all claims hold, 1 one does not, 2 no such case, 130 interrupted";

/// Simulate published cases; a row each for what was published and what comes out
///
/// Incidents, rules of controllers, queueing theory: the scenarios are built in, and stand in
/// `scenarios/cases/` for reading.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Only these cases, such as V15 [default: all]
    #[arg(value_name = "CASE")]
    cases: Vec<String>,
}

impl Arguments {
    pub(super) fn execute(&self) -> anyhow::Result<Exit> {
        let cases = self.chosen()?;
        let interrupted = watch_interrupts()?;
        let findings = validation::run(&cases, &interrupted, |plan, replication, detail| {
            measured(plan, replication, detail, &interrupted)
        });
        let findings = match findings {
            Ok(findings) => findings,
            Err(ValidationError::Interrupted) => return Ok(Exit::Interrupted),
            Err(error) => return Err(error.into()),
        };
        let mut out = anstream::stdout().lock();
        write!(out, "{}", report::validation::render(&findings))?;
        out.flush()?;
        let all_hold = findings.iter().all(|finding| finding.holds);
        Ok(if all_hold { Exit::Done } else { Exit::Failed })
    }

    fn chosen(&self) -> anyhow::Result<Vec<&'static Case>> {
        let all = validation::cases();
        for name in &self.cases {
            if !all.iter().any(|case| case.id.eq_ignore_ascii_case(name)) {
                return Err(unknown(name, &all).into());
            }
        }
        let is_chosen = |case: &&Case| {
            self.cases.is_empty()
                || self.cases.iter().any(|name| case.id.eq_ignore_ascii_case(name))
        };
        Ok(all.into_iter().filter(is_chosen).collect())
    }
}

fn unknown(name: &str, all: &[&Case]) -> BadInput {
    let names: Vec<&str> = all.iter().map(|case| case.id).collect();
    BadInput(format!("there is no case `{name}`; there are {}", names.join(", ")))
}
