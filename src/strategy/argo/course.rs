//! An Argo canary on its way: one reconcile after another.
//!
//! The order is that of `rollout/canary.go`: the router, analyses, the stable ReplicaSet, else
//! the canary's, the pause, the status. Only one ReplicaSet is scaled in one reconcile.

use std::sync::Arc;

use super::basic;
use super::canary::{Canary, Routing};
use super::routed::{self, Policy};
use super::step::{self, Step};
use super::way::{Pace, Way, scale, set};
use super::weights::{Counts, has_enough};
use crate::gate;
use crate::strategy::{Action, Reason, Strategy, View};
use crate::traffic::Phase;
use crate::units::SimTime;

/// What the step under way is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// It has just been reached.
    Reached,
    /// It waits until then.
    Until(SimTime),
    /// It waits for a person.
    Asking,
    /// Its gates have just been asked for.
    Asked,
    /// Its gates look.
    Analysing,
    /// Its gates could not tell; a person decides.
    Lost,
    /// They look anew.
    Renewing,
}

/// Where the rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Beginning,
    Stepping,
    /// The canary is the stable version now; the other goes then.
    Promoted(SimTime),
    Over,
}

/// A canary under way.
#[derive(Debug)]
pub(super) struct Course {
    rules: Canary,
    way: Way,
    stage: Stage,
    /// The step under way; the number of steps after the last.
    index: usize,
    doing: Doing,
    /// Gates over the rollout, until they have been begun.
    background: Option<Arc<[String]>>,
    has_analysis: bool,
    pace: Pace,
}

impl Course {
    pub(super) fn new(rules: &Canary) -> Self {
        Self {
            way: Way::FORWARD,
            stage: Stage::Beginning,
            index: 0,
            doing: Doing::Reached,
            background: Some(rules.analysis.clone().into()).filter(|_| !rules.analysis.is_empty()),
            has_analysis: true,
            pace: Pace::new(rules.reconcile),
            rules: rules.clone(),
        }
    }

    /// Back to the version before a rollout that is over: a rollout like any other, which skips
    /// its steps inside the rollback window. Gates look at the new version, so none looks here.
    fn returning(&self) -> Self {
        let is_in_window = self.rules.rollback_revisions > 0;
        Self {
            way: self.way.reversed(),
            stage: Stage::Beginning,
            index: if is_in_window { self.rules.steps.len() } else { 0 },
            doing: Doing::Reached,
            background: None,
            has_analysis: false,
            pace: Pace::new(self.rules.reconcile),
            rules: self.rules.clone(),
        }
    }

    fn is_routed(&self) -> bool {
        self.rules.routing == Routing::Weighted
    }

    fn state(&self, view: &View<'_>) -> routed::State {
        routed::State {
            step: self.index,
            is_aborted: false,
            is_promoted_in_full: false,
            canary: set(view, self.way.canary),
            stable: set(view, self.way.stable),
            // Before the first reconcile everything is with the stable side.
            weight: self.way.weight(view.split, self.rules.max_traffic_weight).or(Some(0)),
        }
    }

    /// What a reconcile would have the two sides come to, and whether the canary and then the
    /// step are where they should be.
    fn sizes(&self, view: &View<'_>, policy: &Policy, weight: u32) -> (Counts, bool) {
        let state = self.state(view);
        if self.is_routed() {
            let counts = Counts {
                canary: policy.canary(&self.rules.steps, &state, Some(weight)),
                stable: policy.stable(&self.rules.steps, &state),
            };
            let is_there = state.canary.spec == counts.canary
                && has_enough(state.canary, counts.canary, policy.threshold);
            return (counts, is_there);
        }
        let fenceposts = self.rules.fenceposts(view.desired);
        let wanted = basic::wanted(view.desired, weight, fenceposts, true);
        let seen = basic::State { canary: state.canary, stable: Some(state.stable), older: 0 };
        let counts = basic::counts(view.desired, weight, fenceposts, seen);
        let is_there = state.canary.spec == wanted.canary
            && has_enough(state.canary, wanted.canary, policy.threshold)
            && state.stable.spec == wanted.stable;
        (counts, is_there)
    }

    /// The weight in force, which a router is given where there is one.
    fn route(&self, view: &View<'_>, policy: &Policy, actions: &mut Vec<Action>) -> u32 {
        let most = self.rules.max_traffic_weight;
        if !self.is_routed() {
            return step::weight_at(&self.rules.steps, self.index, most);
        }
        let state = self.state(view);
        let weight = policy.weight(&self.rules.steps, &state);
        let split = self.way.split(weight, most);
        if view.split != split {
            let available = f64::from(state.canary.available);
            let reason = Reason::with(
                "weight {} of {}, {} canaries are available",
                [weight.into(), most.into(), available],
            );
            actions.push(Action::Split { split, reason });
        }
        weight
    }

    /// Scales one of the two, the stable side first.
    fn scale(&self, view: &View<'_>, counts: Counts, actions: &mut Vec<Action>) {
        let (canary, stable) = (self.way.canary, self.way.stable);
        if counts.stable != view.pool.desired(stable) {
            let reason =
                Reason::with("the stable ReplicaSet to {}", [counts.stable.into(), 0., 0.]);
            actions.push(scale(stable, counts.stable, reason));
        } else if counts.canary != view.pool.desired(canary) {
            let reason =
                Reason::with("the canary ReplicaSet to {}", [counts.canary.into(), 0., 0.]);
            actions.push(scale(canary, counts.canary, reason));
        }
    }

    /// Begins what the step waits for, beside pods and weights.
    fn wait(&mut self, view: &View<'_>, actions: &mut Vec<Action>) {
        match (self.rules.steps.get(self.index), self.doing) {
            (Some(Step::Pause(Some(length))), Doing::Reached) => {
                let until = view.now + *length;
                self.doing = Doing::Until(until);
                actions.extend([Action::Phase(Phase::Baking), Action::WakeAt(until)]);
            }
            (Some(Step::Pause(None)), Doing::Reached) => {
                self.doing = Doing::Asking;
                let reason = Reason::new("the step waits for a person");
                actions.extend([Action::Phase(Phase::Baking), Action::Pause(reason)]);
            }
            (Some(Step::Analysis(gates)), Doing::Reached | Doing::Renewing)
                if self.has_analysis && !gates.is_empty() =>
            {
                if self.doing == Doing::Renewing {
                    actions.push(Action::EndGates);
                }
                actions.push(Action::Phase(Phase::Baking));
                actions.push(Action::RunGates(gates.clone().into()));
                self.doing = Doing::Asked;
            }
            (_, Doing::Analysing) if is(view, gate::State::Inconclusive) => {
                self.doing = Doing::Lost;
                actions.push(Action::Pause(Reason::new("the analysis cannot tell")));
            }
            _ => {}
        }
    }

    /// Whether the step under way is done, `is_there` saying so of its pods.
    fn is_done(&self, view: &View<'_>, weight: u32, is_there: bool) -> bool {
        let Some(step) = self.rules.steps.get(self.index) else { return false };
        match (step, self.doing) {
            (Step::SetWeight(wanted), _) => is_there && (!self.is_routed() || weight == *wanted),
            (Step::SetCanaryScale(_), _) => is_there,
            (Step::Pause(_), Doing::Until(until)) => view.now >= until,
            (Step::Pause(_), _) => false,
            // Where none is left to look, nothing speaks against going on.
            (Step::Analysis(_), Doing::Analysing) => {
                view.gates.is_none() || is(view, gate::State::Passed)
            }
            (Step::Analysis(gates), _) => {
                self.doing == Doing::Reached && (gates.is_empty() || !self.has_analysis)
            }
        }
    }

    /// From a step that is done to the next.
    fn go_to_next(&mut self, view: &View<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.doing == Doing::Analysing {
            actions.push(Action::EndGates);
        }
        let is_waiting = self.doing != Doing::Reached;
        actions.push(Action::FinishStep(Reason::new("the step is done")));
        if is_waiting {
            actions.push(Action::Phase(Phase::RollingOut));
        }
        self.index += 1;
        self.doing = Doing::Reached;
        actions.push(self.begin_step(view));
        actions
    }

    fn begin_step(&self, view: &View<'_>) -> Action {
        let (number, of) = ((self.index + 1) as f64, self.rules.steps.len() as f64);
        Action::StartStep(match self.rules.steps.get(self.index) {
            Some(Step::SetWeight(to)) => {
                Reason::with("step {} of {}: weight {}", [number, of, (*to).into()])
            }
            Some(Step::SetCanaryScale(_)) => {
                Reason::with("step {} of {}: the canary's scale", [number, of, 0.0])
            }
            Some(Step::Pause(Some(length))) => {
                Reason::with("step {} of {}: a pause of {} s", [number, of, length.as_secs_f64()])
            }
            Some(Step::Pause(None)) => Reason::with("step {} of {}: a pause", [number, of, 0.0]),
            Some(Step::Analysis(_)) => Reason::with("step {} of {}: analysis", [number, of, 0.0]),
            None => Reason::with("after {} steps: all {}", [of, view.desired.into(), 0.0]),
        })
    }

    fn begin_analysis(&mut self, actions: &mut Vec<Action>) {
        if self.index >= self.rules.starting_step
            && let Some(gates) = self.background.take()
        {
            actions.push(Action::Guard(gates));
        }
    }

    fn reconcile(&mut self, view: &View<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.doing == Doing::Asked {
            self.doing = Doing::Analysing;
        }
        if self.stage == Stage::Beginning {
            self.stage = Stage::Stepping;
            actions.push(self.begin_step(view));
        }
        let is_past_steps = self.index >= self.rules.steps.len();
        let policy = self.rules.policy(view.desired);
        let weight = self.route(view, &policy, &mut actions);
        self.begin_analysis(&mut actions);
        let (counts, is_there) = self.sizes(view, &policy, weight);
        self.scale(view, counts, &mut actions);
        self.wait(view, &mut actions);
        if self.is_done(view, weight, is_there) {
            actions.extend(self.go_to_next(view));
        }
        if is_past_steps && self.is_whole(view, &policy, weight) {
            actions.extend(self.promote(view));
        }
        actions
    }

    /// Whether the canary can take the stable version's place.
    fn is_whole(&self, view: &View<'_>, policy: &Policy, weight: u32) -> bool {
        let canary = set(view, self.way.canary);
        canary.spec == view.desired
            && has_enough(canary, view.desired, policy.threshold)
            && weight == self.rules.max_traffic_weight
    }

    fn promote(&mut self, view: &View<'_>) -> Vec<Action> {
        let delay = self.rules.scale_down_delay();
        let reason = Reason::new("the canary is the stable version now");
        let mut actions = vec![Action::EndGuards, Action::FinishStep(reason)];
        let until = view.now + delay;
        self.stage = Stage::Promoted(until);
        actions.extend([Action::Phase(Phase::Baking), Action::WakeAt(until)]);
        actions
    }

    /// The old ReplicaSet goes when its delay is over.
    fn leave(&mut self, view: &View<'_>, until: SimTime) -> Vec<Action> {
        let mut actions = Vec::new();
        if view.pool.desired(self.way.canary) != view.desired {
            let reason = Reason::new("the desired count has changed");
            actions.push(scale(self.way.canary, view.desired, reason));
        }
        if view.now >= until {
            self.stage = Stage::Over;
            if view.pool.desired(self.way.stable) > 0 {
                let reason = Reason::new("the old ReplicaSet's scale-down delay is over");
                actions.push(scale(self.way.stable, 0, reason));
            }
            actions.push(Action::Finish(Reason::new("the old ReplicaSet was told to stop")));
        }
        actions
    }
}

fn is(view: &View<'_>, state: gate::State) -> bool {
    view.gates.is_some_and(|gates| gates.now == state)
}

impl Strategy for Course {
    fn decide(&mut self, view: &View<'_>) -> Vec<Action> {
        if !self.pace.is_due(view.now) {
            return Vec::new();
        }
        let mut actions = match self.stage {
            Stage::Beginning | Stage::Stepping => self.reconcile(view),
            Stage::Promoted(until) => self.leave(view, until),
            Stage::Over => Vec::new(),
        };
        self.pace.took(view.now, &mut actions);
        actions
    }

    /// The next reconcile takes it into account.
    fn resize(&mut self, view: &View<'_>, _before: u32) -> Vec<Action> {
        let reason = Reason::new("the desired count has changed");
        match self.stage {
            Stage::Over => vec![scale(self.way.canary, view.desired, reason)],
            _ => Vec::new(),
        }
    }

    fn go_on(&mut self) {
        self.doing = match self.doing {
            Doing::Until(_) | Doing::Asking => Doing::Until(SimTime::ZERO),
            Doing::Lost => Doing::Renewing,
            other => other,
        };
    }

    fn turn_back(&self) -> Option<Box<dyn Strategy>> {
        let is_over = matches!(self.stage, Stage::Promoted(_) | Stage::Over);
        is_over.then(|| Box::new(self.returning()) as Box<dyn Strategy>)
    }
}
