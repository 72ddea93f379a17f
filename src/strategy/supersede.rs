//! A third version takes over from a rollout that takes the second one back first.
//!
//! Argo Rollouts' canary goes back to its first step when the specification changes on the way: the
//! stable version gets its requests back, the intermediate one is scaled to nothing at once, and
//! the steps begin anew. So here: first the way back, then the way forward with the third version
//! in the place of the second.

use super::{Action, Reason, Strategy, View};
use crate::units::Version;

#[derive(Debug)]
pub(super) struct Supersede {
    /// The way back of the version that is superseded; none when it is gone.
    back: Option<Box<dyn Strategy>>,
    forward: Box<dyn Strategy>,
}

impl Supersede {
    pub(super) fn new(back: Box<dyn Strategy>, forward: Box<dyn Strategy>) -> Self {
        Self { back: Some(back), forward }
    }

    fn under_way(&mut self) -> &mut dyn Strategy {
        self.back.as_deref_mut().unwrap_or(self.forward.as_mut())
    }
}

impl Strategy for Supersede {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        let Some(back) = &mut self.back else { return self.forward.decide(view) };
        let mut actions = back.decide(view);
        let before = actions.len();
        actions.retain(|action| !matches!(action, Action::Finish(_)));
        if actions.len() < before {
            self.back = None;
            actions.extend(self.forward.decide(view));
        }
        actions
    }

    fn resize(&mut self, view: &View<'_>, before: u32) -> Vec<Action> {
        self.under_way().resize(view, before)
    }

    fn hold(&mut self, view: &View<'_>) -> Vec<Action> {
        self.under_way().hold(view)
    }

    fn go_on(&mut self) {
        self.under_way().go_on();
    }
}

/// Tells all that are not of the old version to stop.
pub(super) fn clear(view: &View<'_>, reason: Reason) -> Vec<Action> {
    let pick = super::Pick::Any;
    let gone = [Version::New, Version::Third].into_iter();
    // The second is told even if there is none of it: the log then says why.
    let gone = gone.filter(|&one| one == Version::New || view.pool.desired(one) > 0);
    gone.map(|version| Action::Scale { version, to: 0, pick, reason }).collect()
}
