//! An Argo canary that was aborted: its weight goes, then its pods.

use super::basic;
use super::canary::{Canary, Routing};
use super::routed::State;
use super::way::{Pace, Way, scale, set};
use crate::strategy::{Action, Reason, Strategy, View};
use crate::units::{SimDuration, SimTime};

/// What `abortScaleDownDelaySeconds` is where it is not given.
const DELAY: SimDuration = SimDuration::from_secs(30);

/// An aborted canary.
#[derive(Debug)]
pub(super) struct Abort {
    rules: Canary,
    way: Way,
    /// When the canary's pods go, once the stable side is whole.
    deadline: Option<SimTime>,
    pace: Pace,
}

impl Abort {
    pub(super) fn new(rules: &Canary) -> Self {
        let pace = Pace::new(rules.reconcile);
        Self { rules: rules.clone(), way: Way::FORWARD, deadline: None, pace }
    }

    /// By count: the canary is drained as far as availability allows, without a delay.
    fn drain(&self, view: &View<'_>) -> Vec<Action> {
        let (canary, stable) = (self.way.canary, self.way.stable);
        let seen =
            basic::State { canary: set(view, canary), stable: Some(set(view, stable)), older: 0 };
        let fenceposts = self.rules.fenceposts(view.desired);
        let counts = basic::counts(view.desired, 0, fenceposts, seen);
        let reason = Reason::new("aborted: a canary of nothing");
        if counts.stable != view.pool.desired(stable) {
            return vec![scale(stable, counts.stable, reason)];
        }
        if counts.canary != view.pool.desired(canary) {
            return vec![scale(canary, counts.canary, reason)];
        }
        self.finish(view, counts.canary == 0)
    }

    fn state(&self, view: &View<'_>) -> State {
        State {
            step: 0,
            is_aborted: true,
            is_promoted_in_full: false,
            canary: set(view, self.way.canary),
            stable: set(view, self.way.stable),
            weight: self.way.weight(view.split, self.rules.max_traffic_weight).or(Some(0)),
        }
    }

    /// With a router: its weight first, as far as the stable side can carry the rest.
    fn retreat(&mut self, view: &View<'_>) -> Vec<Action> {
        let (policy, steps) = (self.rules.policy(view.desired), &self.rules.steps);
        let state = self.state(view);
        let weight = policy.weight(steps, &state);
        let most = self.rules.max_traffic_weight;
        let mut actions = Vec::new();
        let split = self.way.split(weight, most);
        if view.split != split {
            let available = f64::from(state.stable.available);
            let reason = Reason::with(
                "aborted: weight {} of {}, {} stable ones are available",
                [weight.into(), most.into(), available],
            );
            actions.push(Action::Split { split, reason });
        }
        let stable = policy.stable(steps, &state);
        let has_delay = !self.rules.dynamic_stable_scale || policy.abort_delay.is_some();
        let canary = if has_delay {
            self.delayed(view, policy.abort_delay.unwrap_or(DELAY), &mut actions)
        } else {
            policy.canary(steps, &state, Some(weight))
        };
        if stable != state.stable.spec {
            let reason =
                Reason::with("aborted: the stable ReplicaSet to {}", [stable.into(), 0., 0.]);
            actions.push(scale(self.way.stable, stable, reason));
        } else if canary != state.canary.spec {
            let reason =
                Reason::with("aborted: the canary ReplicaSet to {}", [canary.into(), 0., 0.]);
            actions.push(scale(self.way.canary, canary, reason));
        }
        if actions.is_empty() {
            let is_kept = has_delay && policy.abort_delay.is_some_and(SimDuration::is_zero);
            return self.finish(view, weight == 0 && (is_kept || canary == 0));
        }
        actions
    }

    /// The canary's pods stay until the delay is over, which begins when the stable side is
    /// whole; a delay of nothing means for ever.
    fn delayed(&mut self, view: &View<'_>, delay: SimDuration, actions: &mut Vec<Action>) -> u32 {
        let is_whole = view.pool.counts(self.way.stable).available >= view.desired;
        if self.deadline.is_none() && is_whole && !delay.is_zero() {
            let until = view.now + delay;
            self.deadline = Some(until);
            actions.push(Action::WakeAt(until));
        }
        match self.deadline {
            Some(until) if view.now >= until => 0,
            _ => view.pool.desired(self.way.canary),
        }
    }

    fn finish(&self, view: &View<'_>, is_canary_gone: bool) -> Vec<Action> {
        let is_whole = view.pool.counts(self.way.stable).available >= view.desired;
        if !(is_canary_gone && is_whole) {
            return Vec::new();
        }
        vec![Action::Finish(Reason::new("the stable version serves everything"))]
    }
}

impl Strategy for Abort {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        if !self.pace.is_due(view.now) {
            return Vec::new();
        }
        let mut actions = match self.rules.routing {
            Routing::ByCount => self.drain(view),
            Routing::Weighted => self.retreat(view),
        };
        self.pace.took(view.now, &mut actions);
        actions
    }

    /// The next reconcile takes it into account; after the last, the stable side follows.
    fn resize(&mut self, view: &View<'_>, before: u32) -> Vec<Action> {
        let has_all = view.pool.desired(self.way.stable) == before;
        let reason = Reason::new("the desired count has changed");
        if has_all { vec![scale(self.way.stable, view.desired, reason)] } else { Vec::new() }
    }
}
