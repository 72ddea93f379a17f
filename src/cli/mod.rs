//! What was typed? One file per verb.
//!
//! The only room that prints, and the only one that ends the process. Data goes to stdout, all
//! else to stderr; whoever closes the pipe early is not an error.

mod advise;
mod check;
mod exit;
mod explain;
mod gate;
mod import;
mod kept;
mod list;
mod merge;
mod point;
mod precision;
mod progress;
mod redraw;
mod run;
mod scale;
mod sensitivity;
mod show;
mod sweep;
mod tune;
mod validate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::experiment::lab::Known;
use exit::{BadInput, Exit};

const EXAMPLES: &str = "\
Examples:
  rollsim run scenarios/api-gateway.toml
  rollsim check scenarios/ci/checkout.toml --old deployment.yaml --new changed.yaml
  rollsim import deployment.yaml > checkout.toml
  rollsim gate scenarios/bad-release.toml --effects 0.1x,1x
  rollsim tune gateway.toml --vary strategies.rolling.max_unavailable=1..6
  rollsim sensitivity scenarios/promotion.toml --vary fleet.instances=4..20
  rollsim advise gateway.toml
  rollsim list strategies
  rollsim explain capacity_min
  rollsim validate

Exit codes: 0 done, 1 results could not be written or something does not hold,
2 bad input or usage, 3 undecided, 130 interrupted";

/// Simulates software rollouts request by request: how long they take, how low capacity falls, how
/// much of the error budget they burn.
#[derive(Debug, Parser)]
#[command(name = "rollsim", version, max_term_width = 100, after_help = EXAMPLES)]
struct Line {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Run(run::Arguments),
    Check(check::Arguments),
    Import(import::Arguments),
    Merge(merge::Arguments),
    Gate(gate::Arguments),
    Tune(tune::Arguments),
    Sensitivity(sensitivity::Arguments),
    Advise(advise::Arguments),
    Report(redraw::Arguments),
    List(list::Arguments),
    Explain(explain::Arguments),
    Validate(validate::Arguments),
}

/// Reads the command line, does what it says, and tells how that went.
#[must_use]
pub fn main() -> ExitCode {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Help and version come this way too, with exit code 0.
            let _ = error.print();
            return Exit::from_usage(&error).into();
        }
    };
    let result = match line.verb {
        Verb::Run(arguments) => arguments.execute(),
        Verb::Check(arguments) => arguments.execute(),
        Verb::Import(arguments) => arguments.execute(),
        Verb::Merge(arguments) => arguments.execute(),
        Verb::Gate(arguments) => arguments.execute(),
        Verb::Tune(arguments) => arguments.execute(),
        Verb::Sensitivity(arguments) => arguments.execute(),
        Verb::Advise(arguments) => arguments.execute(),
        Verb::Report(arguments) => arguments.execute(),
        Verb::List(arguments) => arguments.execute(),
        Verb::Explain(arguments) => arguments.execute(),
        Verb::Validate(arguments) => arguments.execute(),
    };
    exit::settle(result).into()
}

/// Does again what `command` says, with what is known in the place of simulating.
fn look_up(
    command: &[String],
    more: &[String],
    (known, out): (Known, Option<PathBuf>),
) -> anyhow::Result<Exit> {
    let typed = command.iter().chain(more).map(String::as_str);
    let line = Line::try_parse_from(std::iter::once("rollsim").chain(typed))
        .map_err(|error| BadInput(error.to_string()))?;
    match line.verb {
        Verb::Check(mut arguments) => {
            (arguments.scale.merged, arguments.out) = (Some(known), out);
            arguments.execute()
        }
        Verb::Tune(mut arguments) => {
            (arguments.scale.merged, arguments.out) = (Some(known), out);
            arguments.execute()
        }
        Verb::Sensitivity(mut arguments) => {
            (arguments.scale.merged, arguments.out) = (Some(known), out);
            arguments.execute()
        }
        Verb::Advise(mut arguments) => {
            (arguments.scale.merged, arguments.out) = (Some(known), out);
            arguments.execute()
        }
        _ => Err(BadInput(format!("`{}` has no shards", command.join(" "))).into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Line::command().debug_assert();
    }
}
