//! Temporary: where the command line meets rooms that are being built.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::experiment::Measured;
use crate::scenario::Scenario;
use crate::sim::{Detail, Plan};

/// Reads and checks a scenario; warnings go to stderr, errors become `BadInput`.
pub(super) fn load(file: &Path, _set: &[String], _sweep: &[String]) -> anyhow::Result<Scenario> {
    anyhow::bail!("`{}` cannot be read yet", file.display())
}

/// One run and its metrics; none if interrupted.
pub(super) fn simulate(_: &Plan, _: u32, _: Detail, _: &AtomicBool) -> Option<Measured> {
    None
}

/// The explanation of the rule with this code.
pub(super) fn rule(_code: &str) -> Option<String> {
    None
}
