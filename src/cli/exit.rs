//! How a command ends: exit codes, and errors on stderr.

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::scenario::{self, Overrides, Paint, Report, Scenario};

use anstyle::{AnsiColor, Style};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// It did what it was asked to.
    Done = 0,
    /// Results could not be written, or something does not hold.
    Failed = 1,
    /// Bad input or usage.
    BadInput = 2,
    /// The runs cannot tell.
    Undecided = 3,
    /// Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    /// Of what clap had to say.
    pub(super) fn from_usage(error: &clap::Error) -> Self {
        if error.use_stderr() { Self::BadInput } else { Self::Done }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error of the user's input, already in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadInput(pub(super) String);

/// A scenario with errors.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Rejected(pub(super) Report);

/// Reads a scenario file and shows what it warns of.
pub(super) fn load(file: &Path, overrides: &Overrides) -> anyhow::Result<Scenario> {
    let loaded = scenario::load(file, overrides).map_err(Rejected)?;
    show(&loaded.warnings);
    Ok(loaded.scenario)
}

/// The same for commands that change a variant and look what comes of it: they know one release.
pub(super) fn load_of_one_release(file: &Path, overrides: &Overrides) -> anyhow::Result<Scenario> {
    let scenario = load(file, overrides)?;
    if scenario.mixtures.is_empty() {
        return Ok(scenario);
    }
    let message = "this command looks at the one release of `[release]`, and the file has a \
                   `release_mix`; take that out of a copy of the file, or try a few values over \
                   all sorts of releases with `--sweep PATH=V1,V2` of `rollsim run` or `check`";
    Err(BadInput(format!("`{}`: {message}", file.display())).into())
}

/// Shows diagnostics on stderr.
pub(super) fn show(report: &Report) {
    if !report.diagnostics.is_empty() {
        // The stream drops colours where they are not wanted; nobody is left when it is closed.
        let _ = writeln!(anstream::stderr(), "{}", report.render(Paint::Colour));
    }
}

/// Says what went wrong, if anything did.
pub(super) fn settle(result: anyhow::Result<Exit>) -> Exit {
    let error = match result {
        Ok(exit) => return exit,
        Err(error) => error,
    };
    let broken_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    };
    if error.chain().any(broken_pipe) {
        return Exit::Done;
    }
    if let Some(Rejected(report)) = error.downcast_ref() {
        show(report);
        return Exit::BadInput;
    }
    say(ERROR, "error", &format!("{error:#}"));
    if error.is::<BadInput>() { Exit::BadInput } else { Exit::Failed }
}

/// An error on stderr that is not the last.
pub(super) fn error(message: &str) {
    say(ERROR, "error", message);
}

/// A warning on stderr.
pub(super) fn warn(message: &str) {
    say(WARNING, "warning", message);
}

/// Something good to know, on stderr.
pub(super) fn note(message: &str) {
    say(NOTE, "note", message);
}

fn say(style: Style, label: &str, message: &str) {
    // There is nobody left to tell when stderr is closed.
    let _ = writeln!(anstream::stderr(), "{style}{label}{style:#}: {message}");
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn errors_have_their_codes() {
        let pipe = || io::Error::from(ErrorKind::BrokenPipe);
        let full = || io::Error::from(ErrorKind::StorageFull);
        assert_eq!(settle(Ok(Exit::Interrupted)), Exit::Interrupted);
        assert_eq!(settle(Err(pipe().into())), Exit::Done);
        assert_eq!(settle(Err(pipe()).context("writing the table")), Exit::Done);
        assert_eq!(settle(Err(full().into())), Exit::Failed);
        assert_eq!(settle(Err(BadInput("no".into()).into())), Exit::BadInput);
        assert_eq!(ExitCode::from(Exit::Interrupted), ExitCode::from(130));
    }
}
