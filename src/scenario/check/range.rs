//! Ranges of single values, and values that another makes idle.

use crate::scenario::rule;
use crate::scenario::scope::{Issue, Scope};
use crate::units::{Ratio, SimDuration};

pub(super) fn out_of_range(scope: &mut Scope<'_, '_>, path: &str, expected: &str, given: f64) {
    let message = format!("`{path}` must be {expected}, not `{given}`");
    scope.raise(Issue::new(rule::OUT_OF_RANGE, path, message));
}

pub(super) fn finite(scope: &mut Scope<'_, '_>, path: &str, value: f64) {
    if !(value.is_finite() && value >= 0.0) {
        out_of_range(scope, path, "a finite number of at least 0", value);
    }
}

pub(super) fn at_least(scope: &mut Scope<'_, '_>, path: &str, value: f64, least: f64) {
    if !(value.is_finite() && value >= least) {
        out_of_range(scope, path, &format!("a finite number of at least {least}"), value);
    }
}

pub(super) fn at_least_one(scope: &mut Scope<'_, '_>, path: &str, value: u32) {
    if value == 0 {
        let message = format!("`{path}` must be at least 1, not `0`");
        scope.raise(Issue::new(rule::OUT_OF_RANGE, path, message));
    }
}

pub(super) fn positive(scope: &mut Scope<'_, '_>, path: &str, value: SimDuration) {
    if value.is_zero() {
        let message = format!("`{path}` must be longer than zero");
        scope.raise(Issue::new(rule::OUT_OF_RANGE, path, message));
    }
}

pub(super) fn share(scope: &mut Scope<'_, '_>, path: &str, value: Ratio) {
    if value > Ratio::ONE {
        let message = format!("`{path}` must be from 0 to 1 (100%), not `{}`", value.as_f64());
        scope.raise(Issue::new(rule::OUT_OF_RANGE, path, message));
    }
}

/// Warns of a setting that another makes idle; a sweep over either may have its reasons.
pub(in crate::scenario) fn without_effect(
    scope: &mut Scope<'_, '_>,
    path: &str,
    because: Option<&str>,
    why: &str,
    help: &str,
) {
    let is_swept = |path| scope.is_swept(path);
    if !scope.is_written(path) || is_swept(path) || because.is_some_and(is_swept) {
        return;
    }
    let mut issue = Issue::new(rule::NO_EFFECT, path, format!("`{path}` has no effect: {why}"));
    if let Some(because) = because {
        issue = issue.because(because, "because of this");
    }
    scope.raise(issue.help(help));
}
