//! `argo-blue-green`: a preview, one switch and a way back, as Argo Rollouts runs blueGreen.
//!
//! # What it does
//! Launches the new ReplicaSet beside the old, `preview_replica_count` of it first where that is
//! given, and hides it from users. When all of it is available the pre-promotion analysis runs,
//! then the rollout waits for a person (`auto_promotion = false`) or `auto_promotion_seconds`,
//! completes the new ReplicaSet and switches all requests at once, after the balancer's lag.
//! The post-promotion analysis follows; the old ReplicaSet goes after `scale_down_delay`, counted
//! from the switch. A failing analysis switches back and lets the new pods go after
//! `abort_scale_down_delay`. Going back while the old ReplicaSet still stands skips all waiting.
//!
//! # When it hurts
//! Twice the pods while it lasts. A version that loses pods after the switch blocks its own
//! switch-back, which needs the new ReplicaSet whole. With a `scale_down_delay` shorter than the
//! post-promotion analysis a failure has nothing to go back to: the switch does not wait for the
//! old pods that must start again.
//!
//! # Parameters
//! - `preview_replica_count` (all): pods of the new version until the promotion.
//! - `auto_promotion` (true): `false` waits for a person. `auto_promotion_seconds` ("0s", whole
//!   seconds): wait before the promotion, after the pre-promotion analysis; ignored where a person
//!   promotes.
//! - `pre_promotion_analysis`, `post_promotion_analysis`: gates. Before the promotion the new
//!   version answers no users, so look at `ready-fraction` or `crash-count` there.
//! - `scale_down_delay` ("30s"): how long the old ReplicaSet stays after the switch; where it is
//!   not given, at least until the post-promotion analysis has succeeded.
//! - `abort_scale_down_delay` ("30s"; "0s": never): how long the new one stays after an abort.
//! - `progress_deadline_abort` (false): a missed deadline aborts.
//! - `reconcile` ("0s"): how long a reconcile takes.
//!
//! # Worked example
//! 4 pods that start in 20 s, `preview_replica_count = 1`, `auto_promotion_seconds = "1m"`: 1 new
//! pod at 0 s, available at 20 s; 4 at 80 s, the switch at 100 s, the old ones told to stop at
//! 130 s.

use serde::Deserialize;

use super::switch::{Back, Forward};
use crate::strategy::{
    Direction, GateUse, Kind, OnFailure, Parameters, Problem, Setup, Strategy, parse,
};
use crate::units::{Ratio, SimDuration};

pub(super) const KIND: Kind = Kind {
    name: "argo-blue-green",
    summary: "Argo Rollouts' blueGreen: a preview, analyses, one switch, delays, an abort",
    source: include_str!("blue_green.rs"),
    parse: parse::<BlueGreen>,
};

/// What a delay is where it is not given.
const HALF_A_MINUTE: SimDuration = SimDuration::from_secs(30);

/// The parameters.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BlueGreen {
    pub(super) preview_replica_count: Option<u32>,
    pub(super) auto_promotion: bool,
    auto_promotion_seconds: SimDuration,
    pub(super) pre_promotion_analysis: Vec<String>,
    pub(super) post_promotion_analysis: Vec<String>,
    scale_down_delay: Option<SimDuration>,
    pub(super) abort_scale_down_delay: SimDuration,
    progress_deadline_abort: bool,
    pub(super) reconcile: SimDuration,
}

impl Default for BlueGreen {
    fn default() -> Self {
        Self {
            preview_replica_count: None,
            auto_promotion: true,
            auto_promotion_seconds: SimDuration::ZERO,
            pre_promotion_analysis: Vec::new(),
            post_promotion_analysis: Vec::new(),
            scale_down_delay: None,
            abort_scale_down_delay: HALF_A_MINUTE,
            progress_deadline_abort: false,
            reconcile: SimDuration::ZERO,
        }
    }
}

impl BlueGreen {
    /// How long it waits before the promotion, in whole seconds.
    pub(super) const fn wait(&self) -> SimDuration {
        SimDuration::from_secs(self.auto_promotion_seconds.as_nanos() / 1_000_000_000)
    }

    /// How long the old ReplicaSet stays after the switch.
    pub(super) fn scale_down_delay(&self) -> SimDuration {
        self.scale_down_delay.unwrap_or(HALF_A_MINUTE)
    }

    /// Whether the old ReplicaSet stays until the post-promotion analysis has succeeded.
    pub(super) const fn keeps_old_for_analysis(&self) -> bool {
        self.scale_down_delay.is_none()
    }
}

impl Parameters for BlueGreen {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.preview_replica_count == Some(0) {
            let help = "write 1 or more, or drop it";
            let message = "a preview of nothing";
            problems.push(Problem::new("preview_replica_count", None, message, help));
        }
        if !self.auto_promotion && !self.auto_promotion_seconds.is_zero() {
            let message = "nothing is promoted by itself";
            let help = "drop one of the two";
            let field = "auto_promotion_seconds";
            problems.push(Problem::new(field, Some("auto_promotion"), message, help));
        }
        problems
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        match setup.direction {
            Direction::Forward | Direction::Over => Box::new(Forward::new(self)),
            Direction::Back => Box::new(Back::new(self)),
        }
    }

    fn default_on_failure(&self) -> OnFailure {
        if self.progress_deadline_abort { OnFailure::Rollback } else { OnFailure::Stall }
    }

    fn gates(&self) -> Vec<GateUse> {
        let all = |field: &str, names: &[String], share| {
            let gates = GateUse::all(field, names, None, field).into_iter();
            gates.map(move |one| one.at_share(Some(share))).collect::<Vec<_>>()
        };
        let mut uses = all("pre_promotion_analysis", &self.pre_promotion_analysis, Ratio::ZERO);
        uses.extend(all("post_promotion_analysis", &self.post_promotion_analysis, Ratio::ONE));
        uses
    }
}
