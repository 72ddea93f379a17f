//! The `rollsim` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    rollsim::cli::main()
}
