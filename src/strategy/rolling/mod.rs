//! `rolling`: replaces the fleet a few instances at a time, between two bounds.
//!
//! # What it does
//! Keeps at least `desired - max_unavailable` instances available and at most
//! `desired + max_surge` not terminating, and replaces as fast as that allows. The arithmetic is
//! that of Kubernetes' Deployment controller (`pkg/controller/deployment/rolling.go`): grow the
//! new version into the room that is there; else shrink the old one, unavailable instances first,
//! by what availability allows. Each instance that becomes available moves it on; there are no
//! batches unless `pacing = "batch"` asks for them.
//!
//! # When it hurts
//! Bounds so wide that capacity falls below demand; bounds so narrow that the rollout takes hours;
//! a version that is ready for a moment and then fails takes the old one with it, since nothing
//! looks back.
//!
//! # Parameters
//! - `max_unavailable` ("25%", rounds down) and `max_surge` ("25%", rounds up; in place 0). If
//!   both round to 0, `max_unavailable` is 1.
//! - `replacement` ("new"): `in-place` swaps the version on the instance itself.
//! - `pacing` ("sliding"): `batch` begins the next batch when the last is available.
//! - `bake` ("0s"): wait after each batch. `step_gates` look meanwhile. `growth` (1.0): after each
//!   batch that passed, the bounds are multiplied by it; after one whose gates cannot tell, halved.
//!   Without growth such a batch waits for a person.
//! - `order` ("any"): `zone` finishes one zone before the next; `ordinal` takes the highest index
//!   first, one by one, and waits until it is gone before its replacement starts, as a
//!   StatefulSet does.
//! - `partition` (0): so many instances stay old, under `ordinal` those with the lowest index.
//! - `count_terminating` (false): instances on their way out count against `max_surge`.
//!
//! # Worked example
//! 10 instances, `max_unavailable = 2`, `max_surge = 3`, starts of 5 s. At 0 s the new version
//! grows to 3, the old shrinks to 8, the new grows to 5. At 5 s those 5 are available: the old
//! shrinks to 3, the new grows to 10. At 10 s all 10 are: the old shrinks to 0 and the rollout is
//! complete. Never fewer than 8 available, never more than 13 that are not terminating.

mod in_place;
mod plan;
mod proportional;
mod reconcile;
mod sliding;

use serde::Deserialize;

use self::in_place::InPlace;
pub(super) use self::plan::Bounds;
use self::plan::Pace;
pub(super) use self::reconcile::{Leave, Move, Resolved};
use self::sliding::Sliding;
use super::{GateUse, Kind, OnFailure, Parameters, Problem, Setup, Strategy, parse};
use crate::units::{CountOrPercent, Ratio, SimDuration};

pub(super) const KIND: Kind = Kind {
    name: "rolling",
    summary: "replaces a few instances at a time, between a surge and an unavailability bound",
    source: include_str!("mod.rs"),
    parse: parse::<Rolling>,
};

pub(super) const QUARTER: CountOrPercent =
    CountOrPercent::Percent(Ratio::from_billionths(250_000_000));

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Rolling {
    max_unavailable: Option<CountOrPercent>,
    max_surge: Option<CountOrPercent>,
    replacement: Replacement,
    pacing: Pacing,
    bake: SimDuration,
    step_gates: Vec<String>,
    growth: f64,
    order: Order,
    partition: u32,
    count_terminating: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Replacement {
    New,
    InPlace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Pacing {
    Sliding,
    Batch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Order {
    Any,
    Zone,
    Ordinal,
}

impl Default for Rolling {
    fn default() -> Self {
        Self {
            max_unavailable: None,
            max_surge: None,
            replacement: Replacement::New,
            pacing: Pacing::Sliding,
            bake: SimDuration::ZERO,
            step_gates: Vec::new(),
            growth: 1.0,
            order: Order::Any,
            partition: 0,
            count_terminating: false,
        }
    }
}

impl Rolling {
    /// Whether surging makes no sense: the instance itself is replaced.
    const fn is_surge_free(&self) -> bool {
        matches!(self.replacement, Replacement::InPlace) || matches!(self.order, Order::Ordinal)
    }

    /// The bounds in force, defaults included.
    fn bounds(&self) -> Bounds {
        let unavailable = match self.order {
            Order::Ordinal => CountOrPercent::Count(1),
            Order::Any | Order::Zone => QUARTER,
        };
        let surge = if self.is_surge_free() { CountOrPercent::Count(0) } else { QUARTER };
        Bounds {
            max_unavailable: self.max_unavailable.unwrap_or(unavailable),
            max_surge: self.max_surge.unwrap_or(surge),
        }
    }
}

/// The strategy that replaces between these bounds, surge and unavailability in instances, and
/// leaves so many as they are.
pub(super) fn within(
    [surge, unavailable]: [u32; 2],
    partition: u32,
    is_in_place: bool,
    setup: Setup,
) -> Box<dyn Strategy> {
    let rolling = Rolling {
        max_surge: Some(CountOrPercent::Count(surge)),
        max_unavailable: Some(CountOrPercent::Count(unavailable)),
        replacement: if is_in_place { Replacement::InPlace } else { Replacement::New },
        partition,
        ..Rolling::default()
    };
    rolling.begin(setup)
}

impl Parameters for Rolling {
    fn check(&self, desired: u32) -> Vec<Problem> {
        let mut problems = self.check_bounds();
        let mut wrong = |field: &str, because: Option<&str>, message: &str, help: &str| {
            problems.push(Problem::new(field, because, message, help));
        };
        if !self.growth.is_finite() || self.growth <= 0.0 {
            wrong("growth", None, "`growth` must be above 0", "write `growth = 1.0` or more");
        }
        if self.pacing == Pacing::Sliding && (self.growth - 1.0).abs() > f64::EPSILON {
            let help = "write `pacing = \"batch\"`";
            wrong("growth", Some("pacing"), "`growth` needs batches to act on", help);
        }
        if self.pacing == Pacing::Sliding && !self.bake.is_zero() {
            let help = "write `pacing = \"batch\"`";
            wrong("bake", Some("pacing"), "`bake` needs batches to act on", help);
        }
        if self.pacing == Pacing::Sliding && !self.step_gates.is_empty() {
            let help = "write `pacing = \"batch\"`";
            wrong("step_gates", Some("pacing"), "`step_gates` need batches to look at", help);
        }
        if self.count_terminating && self.replacement == Replacement::InPlace {
            let message = "in place no instance is added, so none can count against the surge";
            wrong("count_terminating", Some("replacement"), message, "drop `count_terminating`");
        }
        if self.partition > desired {
            let message = format!("`partition` leaves nothing to replace of {desired}");
            wrong("partition", None, &message, &format!("write {desired} or less"));
        }
        problems
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        let pace = Pace::new(self, setup);
        match self.replacement {
            Replacement::New => Box::new(Sliding::new(pace)),
            Replacement::InPlace => Box::new(InPlace::new(pace)),
        }
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Stall
    }

    fn gates(&self) -> Vec<GateUse> {
        GateUse::all("step_gates", &self.step_gates, Some(self.bake), "bake")
    }

    fn has_bounds(&self) -> bool {
        true
    }

    fn resolved_bounds(&self, desired: u32) -> Option<[u32; 2]> {
        let bounds = self.bounds().fenceposts(desired);
        Some([bounds.unavailable, bounds.surge])
    }

    fn is_by_count(&self) -> bool {
        true
    }

    fn can_supersede(&self) -> bool {
        true
    }
}

impl Rolling {
    /// The rules of `ValidateRollingUpdateDeployment` (`pkg/apis/apps/validation/validation.go`):
    /// they look at what was written, not at what it rounds to.
    fn check_bounds(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let bounds = self.bounds();
        if bounds.max_unavailable.is_written_zero() && bounds.max_surge.is_written_zero() {
            problems.push(Problem::new(
                "max_unavailable",
                Some("max_surge"),
                "`max_unavailable` and `max_surge` are both 0: no instance may ever be replaced",
                "allow `max_unavailable = 1` or `max_surge = 1`",
            ));
        }
        if let CountOrPercent::Percent(share) = bounds.max_unavailable
            && share > Ratio::ONE
        {
            let message = "`max_unavailable` is more than 100%";
            problems.push(Problem::new("max_unavailable", None, message, "write 100% or less"));
        }
        if self.is_surge_free() && !bounds.max_surge.is_written_zero() {
            let (other, what) = match self.replacement {
                Replacement::InPlace => ("replacement", "replaced in place"),
                Replacement::New => ("order", "in ordinal order"),
            };
            let message = format!("instances are {what}, so there can be no surge");
            problems.push(Problem::new(
                "max_surge",
                Some(other),
                &message,
                "write `max_surge = 0`",
            ));
        }
        problems
    }
}

#[cfg(test)]
mod tests;
