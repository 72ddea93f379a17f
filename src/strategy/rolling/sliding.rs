//! Replacement by new instances: Kubernetes' reconcile, up to the current target.

use super::super::pause::{self, Next};
use super::super::{Action, Reason, Strategy, View};
use super::plan::Pace;
use super::proportional;
use crate::traffic::Phase;

#[derive(Debug)]
pub(super) struct Sliding {
    pace: Pace,
    has_begun: bool,
}

impl Sliding {
    pub(super) const fn new(pace: Pace) -> Self {
        Self { pace, has_begun: false }
    }

    fn reconcile(&mut self, view: &View<'_>) -> Vec<Action> {
        let mut actions = self.pace.move_to(view).reconcile(view);
        let is_launch = actions.iter().any(
            |action| matches!(*action, Action::Scale { version, .. } if version == self.pace.to()),
        );
        if is_launch && self.pace.begins_step(view.now) {
            actions.insert(0, Action::StartStep(Reason::new("there is room to go on")));
        }
        actions
    }
}

impl Strategy for Sliding {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        if let Some(actions) = begin_or_wait(&mut self.pace, &mut self.has_begun, view) {
            return actions;
        }
        let actions = self.reconcile(view);
        if actions.is_empty() && self.pace.has_reached_target(view) {
            return go_on(&mut self.pace, view);
        }
        actions
    }

    fn resize(&mut self, view: &View<'_>, before: u32) -> Vec<Action> {
        let most_before = before + self.pace.bounds(before).surge;
        self.pace.resize(view.desired);
        proportional::scale(view, self.pace.to(), self.pace.bounds(view.desired), most_before)
    }

    fn hold(&mut self, view: &View<'_>) -> Vec<Action> {
        let to = self.pace.to();
        let available = view.pool.counts(to).available;
        if view.pool.desired(to) == view.desired && available == view.desired {
            return proportional::give_up(view, self.pace.direction.from());
        }
        let bounds = self.pace.bounds(view.desired);
        proportional::scale(view, self.pace.to(), bounds, view.desired + bounds.surge)
    }

    fn go_on(&mut self) {
        self.pace.end_bake();
    }
}

/// What comes before reconciling: the first target, or the end of a bake.
#[inline(always)]
pub(super) fn begin_or_wait(
    pace: &mut Pace,
    has_begun: &mut bool,
    view: &View<'_>,
) -> Option<Vec<Action>> {
    let is_under_way = *has_begun && pace.baking.is_none();
    if is_under_way { None } else { begin_or_bake(pace, has_begun, view) }
}

#[inline(never)]
fn begin_or_bake(pace: &mut Pace, has_begun: &mut bool, view: &View<'_>) -> Option<Vec<Action>> {
    if !std::mem::replace(has_begun, true) {
        // A rollback may find instances of the version it brings already running.
        pace.target = view.pool.desired(pace.to());
        pace.advance(view);
        let begin = pace.is_batched().then(|| Action::StartStep(Reason::new("the first batch")));
        return begin.map(|action| vec![action]);
    }
    let until = pace.baking?;
    match pace.see_bake(until, view) {
        Next::Wait => return Some(Vec::new()),
        Next::Ask => {
            return Some(vec![Action::Pause(Reason::new("the batch's gates cannot tell"))]);
        }
        Next::GoOn => pace.baking = None,
    }
    let mut actions = pause::end(view);
    actions.extend(if pace.is_at_goal() { finish() } else { next(pace, view) });
    Some(actions)
}

/// What follows when the target is reached.
pub(super) fn go_on(pace: &mut Pace, view: &View<'_>) -> Vec<Action> {
    if !pace.is_batched() {
        if pace.is_at_goal() {
            return finish();
        }
        pace.advance(view);
        return vec![Action::Phase(Phase::RollingOut)];
    }
    let mut actions = vec![Action::FinishStep(Reason::new("the batch is available"))];
    match pace.pass_batch(view.now) {
        Some(bake) => actions.extend(bake),
        None if pace.is_at_goal() => actions.extend(finish()),
        None => actions.extend(next(pace, view)),
    }
    actions
}

fn next(pace: &mut Pace, view: &View<'_>) -> Vec<Action> {
    pace.advance(view);
    vec![Action::Phase(Phase::RollingOut), Action::StartStep(Reason::new("the next batch"))]
}

fn finish() -> Vec<Action> {
    vec![Action::Finish(Reason::new("all are available, the others were told to stop"))]
}
