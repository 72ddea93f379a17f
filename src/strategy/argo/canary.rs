//! `argo-canary`: a canary as Argo Rollouts runs it, with or without a traffic router.
//!
//! # What it does
//! Goes through `steps` one reconcile after another, in each of which one ReplicaSet is scaled.
//! Without a router (`routing = "by-count"`) the share is that of the pods: both sides move between
//! `max_surge` and `max_unavailable`, the stable side first, so that capacity goes down before a
//! canary exists. With one (`weighted`) the weight follows the canary's pods, never the other way
//! round, and the stable side stays whole unless `dynamic_stable_scale`, which shrinks it one
//! reconcile after its weight. After the last step the canary grows to the full fleet and is
//! promoted. A failing analysis aborts: the weight goes back, at once or (`dynamic_stable_scale`)
//! as fast as stable pods come, and then the canary's pods go. Going back once it is over is a
//! rollout of its own, with steps and pauses.
//!
//! # When it hurts
//! Without a router a small canary is much larger than its weight, and a weight of 95 on 10 pods
//! without a surge asks for none. With one, two whole fleets stand side by side at the end. Steps
//! without pauses show an analysis nothing. A missed deadline only tells, unless
//! `progress_deadline_abort`.
//!
//! # Parameters
//! - `steps` (none: a rolling update): a list of `{ set_weight = 20 }`, `{ set_canary_scale = {
//!   replicas, weight or match_traffic_weight } }`, `{ pause = "40s" }` (whole seconds, or
//!   "forever": waits for a person) and `{ analysis = ["GATE"] }`.
//! - `routing` ("by-count"): `weighted` stands for any traffic router.
//! - `max_surge`, `max_unavailable` ("25%" each): only by count; both 0 after rounding mean one
//!   unavailable.
//! - `max_traffic_weight` (100): the router's scale. `dynamic_stable_scale` (false),
//!   `min_pods_per_replica_set` (none), `scale_down_delay` ("30s"), `abort_scale_down_delay`
//!   ("30s"; "0s": never): only with a router.
//! - `replica_progress_threshold` (all): so much of a step's canary is enough, a count or a share.
//! - `analysis`: gates over the rollout, from `starting_step` (0) to the promotion.
//! - `rollback_revisions` (0): above 0, going back after the promotion skips steps.
//! - `progress_deadline_abort` (false): a missed deadline aborts.
//! - `reconcile` ("0s"): how long a reconcile takes.
//!
//! # Worked example
//! 10 pods, steps of 20, 50 and 100 by count, pods available at once: stable 8, canary 2, stable
//! 6, canary 5, stable 5 and 3, canary 10, stable 0. Never fewer than 8 pods, never more than 13.

use serde::Deserialize;

use super::abort::Abort;
use super::course::Course;
use super::routed::Policy;
use super::step::{Step, weight_before};
use super::weights::{Fenceposts, MAX_WEIGHT, fenceposts};
use crate::strategy::rolling::QUARTER;
use crate::strategy::{
    Direction, GateUse, Kind, OnFailure, Parameters, Problem, Setup, Strategy, parse,
};
use crate::units::{CountOrPercent, Ratio, SimDuration};

pub(super) const KIND: Kind = Kind {
    name: "argo-canary",
    summary: "Argo Rollouts' canary, with its own replica arithmetic, with or without a router",
    source: include_str!("canary.rs"),
    parse: parse::<Canary>,
};

/// `scaleDownDelaySeconds` where it is not given.
const HALF_A_MINUTE: SimDuration = SimDuration::from_secs(30);

/// The parameters.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Canary {
    pub(super) steps: Vec<Step>,
    pub(super) routing: Routing,
    max_surge: Option<CountOrPercent>,
    max_unavailable: Option<CountOrPercent>,
    pub(super) max_traffic_weight: u32,
    pub(super) dynamic_stable_scale: bool,
    min_pods_per_replica_set: Option<u32>,
    scale_down_delay: Option<SimDuration>,
    abort_scale_down_delay: Option<SimDuration>,
    replica_progress_threshold: Option<CountOrPercent>,
    pub(super) analysis: Vec<String>,
    pub(super) starting_step: usize,
    pub(super) rollback_revisions: u32,
    progress_deadline_abort: bool,
    pub(super) reconcile: SimDuration,
}

/// What shares the requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Routing {
    /// The number of pods.
    #[default]
    ByCount,
    /// A traffic router.
    Weighted,
}

impl Default for Canary {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            routing: Routing::ByCount,
            max_surge: None,
            max_unavailable: None,
            max_traffic_weight: MAX_WEIGHT,
            dynamic_stable_scale: false,
            min_pods_per_replica_set: None,
            scale_down_delay: None,
            abort_scale_down_delay: None,
            replica_progress_threshold: None,
            analysis: Vec::new(),
            starting_step: 0,
            rollback_revisions: 0,
            progress_deadline_abort: false,
            reconcile: SimDuration::ZERO,
        }
    }
}

impl Canary {
    /// Both bounds in pods.
    pub(super) fn fenceposts(&self, desired: u32) -> Fenceposts {
        let [surge, unavailable] =
            [self.max_surge, self.max_unavailable].map(|bound| bound.unwrap_or(QUARTER));
        fenceposts(surge, unavailable, desired)
    }

    /// What sizes and weights depend on.
    pub(super) const fn policy(&self, desired: u32) -> Policy {
        Policy {
            replicas: desired,
            max_weight: self.max_traffic_weight,
            dynamic_stable_scale: self.dynamic_stable_scale,
            min_pods: self.min_pods_per_replica_set,
            abort_delay: self.abort_scale_down_delay,
            threshold: self.replica_progress_threshold,
        }
    }

    /// How long the old ReplicaSet stays after the promotion.
    pub(super) fn scale_down_delay(&self) -> SimDuration {
        if self.routing == Routing::ByCount || self.dynamic_stable_scale {
            return SimDuration::ZERO;
        }
        self.scale_down_delay.unwrap_or(HALF_A_MINUTE)
    }

    /// The share of the requests that the canary has at a step; none where pods decide.
    fn share_at(&self, index: usize) -> Option<Ratio> {
        let weight = u64::from(weight_before(&self.steps, index));
        let one = Ratio::ONE.billionths();
        let share = (weight * one).checked_div(u64::from(self.max_traffic_weight))?;
        (self.routing == Routing::Weighted).then_some(Ratio::from_billionths(share.min(one)))
    }

    fn check_steps(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let most = self.max_traffic_weight;
        for (number, step) in self.steps.iter().enumerate() {
            let weight = match step {
                Step::SetWeight(weight) => Some((*weight, "set_weight")),
                Step::SetCanaryScale(scale) => {
                    scale.weight.map(|weight| (weight, "set_canary_scale.weight"))
                }
                _ => None,
            };
            if let Some((weight, field)) = weight.filter(|(weight, _)| *weight > most) {
                let message = format!("a weight of {weight} out of {most}");
                let help = format!("write {most} or less");
                problems.push(Problem::new(
                    &format!("steps.{number}.{field}"),
                    None,
                    &message,
                    &help,
                ));
            }
            if self.routing == Routing::ByCount && matches!(step, Step::SetCanaryScale(_)) {
                let field = format!("steps.{number}.set_canary_scale");
                problems.push(needs_router(&field));
            }
        }
        if !self.analysis.is_empty() && self.starting_step > self.steps.len() {
            let message = format!("there are {} steps", self.steps.len());
            let help = "let the analysis start at a step that there is";
            problems.push(Problem::new("starting_step", Some("steps"), &message, help));
        }
        if self.analysis.is_empty() && self.starting_step > 0 {
            let message = "there is no analysis that could start";
            problems.push(Problem::new("starting_step", None, message, "name gates in `analysis`"));
        }
        problems
    }

    /// What Argo's own validation refuses, and what would do nothing.
    fn check_routing(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.routing == Routing::ByCount {
            let fields = [
                ("scale_down_delay", self.scale_down_delay.is_some()),
                ("abort_scale_down_delay", self.abort_scale_down_delay.is_some()),
                ("min_pods_per_replica_set", self.min_pods_per_replica_set.is_some()),
                ("dynamic_stable_scale", self.dynamic_stable_scale),
                ("max_traffic_weight", self.max_traffic_weight != MAX_WEIGHT),
            ];
            let given = fields.into_iter().filter(|(_, is_given)| *is_given);
            problems.extend(given.map(|(field, _)| needs_router(field)));
            let is_zero =
                |bound: Option<CountOrPercent>| bound.is_some_and(CountOrPercent::is_written_zero);
            if is_zero(self.max_surge) && is_zero(self.max_unavailable) {
                let message = "`max_unavailable` and `max_surge` are both 0";
                let help = "allow `max_unavailable = 1` or `max_surge = 1`";
                problems.push(Problem::new("max_unavailable", Some("max_surge"), message, help));
            }
            return problems;
        }
        for (field, bound) in
            [("max_surge", self.max_surge), ("max_unavailable", self.max_unavailable)]
        {
            if bound.is_some() {
                let message = format!("`{field}` does nothing where a router gives weights");
                problems.push(Problem::new(field, Some("routing"), &message, "drop it"));
            }
        }
        if self.dynamic_stable_scale && self.scale_down_delay.is_some() {
            let message = "a stable side that shrinks has nothing left to wait for";
            let other = Some("dynamic_stable_scale");
            problems.push(Problem::new("scale_down_delay", other, message, "drop one of the two"));
        }
        if self.max_traffic_weight == 0 {
            let message = "no weight is left";
            problems.push(Problem::new("max_traffic_weight", None, message, "write 1 or more"));
        }
        problems
    }

    fn check_bounds(&self) -> Vec<Problem> {
        match self.replica_progress_threshold {
            Some(CountOrPercent::Percent(share)) if share > Ratio::ONE => {
                let message = "no more than all can be available";
                let field = "replica_progress_threshold";
                vec![Problem::new(field, None, message, "write 100% or less")]
            }
            _ => Vec::new(),
        }
    }
}

fn needs_router(field: &str) -> Problem {
    let name = field.rsplit('.').next().unwrap_or(field);
    let message = format!("`{name}` acts only where a router gives weights");
    Problem::new(field, Some("routing"), &message, "write `routing = \"weighted\"`, or drop it")
}

impl Parameters for Canary {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        let mut problems = self.check_steps();
        problems.extend(self.check_routing());
        problems.extend(self.check_bounds());
        problems
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        match setup.direction {
            Direction::Forward | Direction::Over => Box::new(Course::new(self)),
            Direction::Back => Box::new(Abort::new(self)),
        }
    }

    fn default_on_failure(&self) -> OnFailure {
        if self.progress_deadline_abort { OnFailure::Rollback } else { OnFailure::Stall }
    }

    fn gates(&self) -> Vec<GateUse> {
        let mut uses = GateUse::all("analysis", &self.analysis, None, "analysis");
        for (number, step) in self.steps.iter().enumerate() {
            if let Step::Analysis(gates) = step {
                let field = format!("steps.{number}.analysis");
                let share = self.share_at(number);
                let gates = GateUse::all(&field, gates, None, &field);
                uses.extend(gates.into_iter().map(|one| one.at_share(share)));
            }
        }
        uses
    }

    fn is_by_count(&self) -> bool {
        self.routing == Routing::ByCount
    }
}
