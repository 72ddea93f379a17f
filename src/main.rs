//! The `rollsim` command.

fn main() {}
