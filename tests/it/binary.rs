//! The program itself, as a user starts it.

use std::path::Path;
use std::process::{Command, Output};

/// The program in `folder`, with these arguments.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollsim"));
    command.current_dir(folder).args(arguments);
    // Where tests run must not show in what is printed.
    command.env_remove("GITHUB_ACTIONS");
    command
}

/// What it does.
pub(crate) fn rollsim(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the binary starts")
}

/// What it prints.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}
