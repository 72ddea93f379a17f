//! The rules of `[[operator]]`: what a person does must be able to happen.

use super::MOST_INSTANCES;
use super::scope::{Issue, Scope};
use crate::scenario::file::{ActionFile, OperatorFile, ScenarioFile};
use crate::scenario::rule;

pub(super) fn operator(scope: &mut Scope<'_, '_>, file: &ScenarioFile) {
    let mut rollback = None;
    let mut release = None;
    for (number, one) in file.operator.iter().enumerate() {
        let at = format!("operator.{number}");
        moment(scope, file, one, &at);
        count(scope, one, &at);
        let earlier = match one.action {
            ActionFile::Rollback => rollback.replace(at.clone()),
            ActionFile::Release => release.replace(at.clone()),
            _ => None,
        };
        if let Some(earlier) = earlier {
            let (message, help) = match one.action {
                ActionFile::Release => ("there is no fourth version", "release once"),
                _ => ("a rollback is not rolled back", "leave one of the two out"),
            };
            let issue = Issue::new(rule::OPERATOR, &format!("{at}.action"), message);
            scope.raise(issue.because(&format!("{earlier}.action"), "the first").help(help));
        }
    }
}

fn moment(scope: &mut Scope<'_, '_>, file: &ScenarioFile, one: &OperatorFile, at: &str) {
    if one.at >= file.simulation.max_time {
        let message = "this comes after the simulation's end";
        scope.raise(
            Issue::new(rule::OPERATOR, &format!("{at}.at"), message)
                .because("simulation.max_time", "the end")
                .help("act earlier, or raise `simulation.max_time`"),
        );
    }
}

fn count(scope: &mut Scope<'_, '_>, one: &OperatorFile, at: &str) {
    let (to, action) = (format!("{at}.to"), format!("{at}.action"));
    match (one.action, one.to) {
        (ActionFile::Scale, None) => {
            let issue = Issue::new(rule::OPERATOR, &action, "`scale` needs the new count");
            scope.raise(issue.help("add `to = 20`"));
        }
        (ActionFile::Scale, Some(count)) if !(1..=MOST_INSTANCES).contains(&count) => {
            let message = format!("`{to}` must be from 1 to {MOST_INSTANCES}, not `{count}`");
            scope.raise(Issue::new(rule::OUT_OF_RANGE, &to, message));
        }
        (ActionFile::Scale, Some(_)) | (_, None) => {}
        (_, Some(_)) => {
            let issue = Issue::new(rule::OPERATOR, &to, "only `scale` has a count");
            scope.raise(issue.because(&action, "the action").help("leave `to` out"));
        }
    }
}
