//! `flagger`: a canary on ticks, then a second rollout of the primary, as Flagger's controller
//! does it.
//!
//! # What it does
//! Acts once per `interval` and never in between. The first tick sees the new revision and starts
//! the canary beside the primary, which is the old fleet. From the tick that finds it ready, each
//! tick checks the `metrics` and gives the canary a step more of the requests, or counts a failed
//! check; at `threshold` of them the next tick takes everything back and the canary is gone at
//! once. At the top the primary is told to run the new version too: it rolls out within its own
//! bounds while the canary serves its weight. Then the primary gets the requests back, and a tick
//! later the canary goes. `rollsim` lets the rollout end when the primary is complete.
//!
//! # When it hurts
//! Twice the instances for long; failed checks add up, since a good one takes none away; a canary
//! without requests has no values and fails; a primary that cannot take over leaves the canary
//! alone with everything; whatever happens waits for the next tick.
//!
//! # Parameters
//! - `interval` ("1m", 10 s at least: less counts as that), `first_tick` ("0s"): from the release
//!   to the first tick, which in a cluster is anything up to an interval.
//! - `metrics` (none): names of gates that look at each tick over their own `window`; a look that
//!   cannot tell, such as one without data, fails too. Their intervals and limits do not act.
//! - `threshold` (1): failed checks in all, passed ones between them or not.
//! - `step_weight`, `max_weight` ("100%"), or `step_weights`, a list: whole percents. The last step
//!   may go past `max_weight`; a list that does not rise stays where it is for ever.
//! - `step_weight_promotion` (all at once): given back to the primary at a tick; nobody checks.
//! - `iterations` (0): so many ticks without users and one with all of them (blue/green), or with
//!   `match_share`, the share of the users whose requests match, so many with those (A/B).
//! - `mirror` (false): one tick of copies before the first weight, or during all iterations, of
//!   `mirror_weight` ("100%") of the requests; their load is felt, their answers reach metrics
//!   alone.
//! - `provider` ("mesh"; "kubernetes": nothing can be routed, always blue/green, 10 `iterations`
//!   unless said).
//! - `primary_ready_threshold`, `canary_ready_threshold` ("100%"): available of the updated
//!   instances, cut to a whole number. `progress_deadline` ("10m"): a Deployment without progress
//!   for so long has failed. `canary_instances` (as many as the fleet).
//! - `skip_analysis` (false): promotes as soon as a tick finds the canary ready, and drops it
//!   while the primary still rolls.
//! - `max_unavailable`, `max_surge` ("25%" each): the primary's own, as in `rolling`.
//!
//! # Worked example
//! 4 instances that start in 20 s, `step_weight = "10%"`, `max_weight = "50%"`: the canary's 4
//! start at 0 s and have 10% from 60 s on, 50% from 300 s; at 360 s the primary rolls, at 420 s it
//! has everything back, at 480 s the canary goes: 9 ticks.

mod back;
mod forward;
mod tick;

use serde::Deserialize;

pub use self::tick::{
    Analysis, Observation, Phase, Provider, Readiness, Routes, Status, least_available,
};

use self::back::Back;
use self::forward::Forward;
use super::rolling::{Bounds, QUARTER};
use super::{Direction, GateUse, Kind, OnFailure, Parameters, Problem, Setup, Strategy, parse};
use crate::fleet::{Division, FleetPlan, Part};
use crate::units::{CountOrPercent, PartId, Ratio, SimDuration};

pub(super) const KIND: Kind = Kind {
    name: "flagger",
    summary: "Flagger's canary on ticks, then a rolling update of the primary behind it",
    source: include_str!("mod.rs"),
    parse: parse::<Flagger>,
};

/// The part of the fleet that serves before and after.
const PRIMARY: PartId = PartId(0);
/// The part that is there for the analysis.
const CANARY: PartId = PartId(1);

/// The shortest tick; a shorter interval counts as this.
const SHORTEST_INTERVAL: SimDuration = SimDuration::from_secs(10);

/// Billionths of a percent.
const PERCENT: u64 = 10_000_000;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Flagger {
    interval: SimDuration,
    first_tick: SimDuration,
    metrics: Vec<String>,
    threshold: u32,
    max_weight: Ratio,
    step_weight: Ratio,
    step_weights: Vec<Ratio>,
    step_weight_promotion: Ratio,
    iterations: u32,
    match_share: Option<Ratio>,
    mirror: bool,
    mirror_weight: Ratio,
    provider: Provider,
    primary_ready_threshold: Ratio,
    canary_ready_threshold: Ratio,
    progress_deadline: SimDuration,
    canary_instances: Option<u32>,
    skip_analysis: bool,
    max_unavailable: CountOrPercent,
    max_surge: CountOrPercent,
}

impl Default for Flagger {
    fn default() -> Self {
        Self {
            interval: SimDuration::from_secs(60),
            first_tick: SimDuration::ZERO,
            metrics: Vec::new(),
            threshold: 1,
            max_weight: Ratio::ONE,
            step_weight: Ratio::ZERO,
            step_weights: Vec::new(),
            step_weight_promotion: Ratio::ZERO,
            iterations: 0,
            match_share: None,
            mirror: false,
            mirror_weight: Ratio::ONE,
            provider: Provider::Mesh,
            primary_ready_threshold: Ratio::ONE,
            canary_ready_threshold: Ratio::ONE,
            progress_deadline: SimDuration::from_secs(600),
            canary_instances: None,
            skip_analysis: false,
            max_unavailable: QUARTER,
            max_surge: QUARTER,
        }
    }
}

/// Whole percents.
const fn percent(share: Ratio) -> u32 {
    (share.billionths() / PERCENT) as u32
}

/// So many percent.
const fn ratio(percent: u32) -> Ratio {
    Ratio::from_billionths(percent as u64 * PERCENT)
}

impl Parameters for Flagger {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        let mut problems = self.check_percents();
        let mut wrong = |field: &str, because: Option<&str>, message: &str, help: &str| {
            problems.push(Problem::new(field, because, message, help));
        };
        let is_still = self.step_weight.is_zero() && self.step_weights.is_empty();
        if is_still && self.iterations == 0 && !self.skip_analysis && self.is_routed() {
            let help = "write `step_weight = \"10%\"`, `step_weights` or `iterations`";
            wrong("step_weight", None, "the canary would never get any request", help);
        }
        if self.match_share.is_some() && self.iterations == 0 {
            let help = "write `iterations = 10`";
            wrong("match_share", None, "`match_share` needs `iterations` to count", help);
        }
        if self.match_share.is_some() && !self.is_routed() {
            let help = "drop it, or write `provider = \"mesh\"`";
            let message = "nothing can be matched where nothing is routed";
            wrong("match_share", Some("provider"), message, help);
        }
        if self.mirror && self.mirror_weight.is_zero() {
            let help = "write `mirror_weight = \"100%\"`";
            wrong("mirror_weight", Some("mirror"), "no request would be copied", help);
        }
        if self.canary_instances == Some(0) {
            let message = "a canary of no instances";
            wrong("canary_instances", None, message, "write 1 or more, or drop it");
        }
        if self.max_unavailable.is_written_zero() && self.max_surge.is_written_zero() {
            let message = "`max_unavailable` and `max_surge` are both 0";
            let help = "allow `max_unavailable = 1` or `max_surge = 1`";
            wrong("max_unavailable", Some("max_surge"), message, help);
        }
        problems
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        match setup.direction {
            Direction::Forward | Direction::Over => Box::new(Forward::new(self)),
            Direction::Back => Box::new(Back::new(self.bounds())),
        }
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Rollback
    }

    fn gates(&self) -> Vec<GateUse> {
        GateUse::all("metrics", &self.metrics, None, "interval")
    }

    fn stands_alone(&self) -> bool {
        true
    }

    fn keeps_deadline(&self) -> bool {
        true
    }

    fn division(&self, _: &FleetPlan) -> Division {
        let part = |name: &str, end| Part { name: name.to_owned(), zones: Vec::new(), end };
        let parts = vec![part("primary", u32::MAX), part("canary", 0)];
        Division { parts, canary: Some(CANARY) }
    }
}

impl Flagger {
    fn is_routed(&self) -> bool {
        self.provider == Provider::Mesh
    }

    const fn bounds(&self) -> Bounds {
        Bounds { max_unavailable: self.max_unavailable, max_surge: self.max_surge }
    }

    /// Flagger's weights are whole percents.
    fn check_percents(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut whole = |field: &str, share: Ratio, most: u32| {
            if !share.billionths().is_multiple_of(PERCENT) || share > ratio(most) {
                let message = format!("`{field}` is not a whole percent up to {most}%");
                problems.push(Problem::new(field, None, &message, "write one such as \"10%\""));
            }
        };
        whole("max_weight", self.max_weight, 100);
        whole("step_weight", self.step_weight, 100);
        whole("step_weight_promotion", self.step_weight_promotion, 100);
        whole("mirror_weight", self.mirror_weight, 100);
        whole("primary_ready_threshold", self.primary_ready_threshold, 100);
        whole("canary_ready_threshold", self.canary_ready_threshold, 100);
        whole("match_share", self.match_share.unwrap_or_default(), 100);
        for (number, &weight) in self.step_weights.iter().enumerate() {
            // The controller takes more than everything for everything.
            whole(&format!("step_weights.{number}"), weight, 1000);
        }
        problems
    }

    /// What decides the ticks.
    fn analysis(&self) -> Analysis {
        Analysis {
            threshold: self.threshold,
            max_weight: percent(self.max_weight),
            step_weight: percent(self.step_weight),
            step_weights: self.step_weights.iter().copied().map(percent).collect(),
            step_weight_promotion: percent(self.step_weight_promotion),
            iterations: self.iterations,
            is_mirroring: self.mirror,
            is_matching: self.match_share.is_some(),
            skips_analysis: self.skip_analysis,
            provider: self.provider,
        }
    }
}

#[cfg(test)]
mod tests;
