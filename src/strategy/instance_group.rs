//! `instance-group`: a Google Compute Engine managed instance group.
//!
//! # What it does
//! A proactive update replaces machines between two bounds: up to `max_surge` are created beyond
//! the group's size, up to `max_unavailable` are taken down, and both are filled again as machines
//! become available. An opportunistic one moves nothing by itself and is over at once. Nothing
//! counts failures and nothing goes back: a broken template stops by itself only because what it
//! broke never becomes available again.
//!
//! # When it hurts
//! The defaults depend on the number of zones, not on the size. A broken release leaves
//! `max_surge + max_unavailable` broken machines. `recreate` and `restart` lower capacity first.
//!
//! # Parameters
//! - `update` ("proactive"): or `opportunistic`.
//! - `max_surge`, `max_unavailable` (default for both: the number of zones): counts, or percentages
//!   of groups of 10 and more. How a percentage is rounded is not documented any more; both round
//!   up here, as older texts say.
//! - `target_size` ("100%"): how far the new version goes, a count or a percentage (rounds up); the
//!   rest stays old, for as long as nobody changes it.
//! - `minimal_action` ("replace"): the least that is done to a machine, `replace`, `restart` or
//!   `refresh`; `release_needs` ("replace"): what the release needs, `replace` or `restart`;
//!   `most_disruptive_allowed_action` ("replace"): a machine that needs more is left alone.
//! - `replacement_method` ("substitute"): `recreate` keeps the names, so the old machine goes
//!   first; it and `restart` surge nothing.
//!
//! `minReadySec` is the scenario's `readiness.min_ready`.
//!
//! # Worked example
//! 10 machines in 1 zone, defaults, 30 s to create one: at most 11 exist and 9 are available; 2
//! are replaced every 30 s, complete at 150 s.

use serde::Deserialize;

use super::rolling::within;
use super::{
    Action, Direction, Kind, OnFailure, Parameters, Problem, Reason, Setup, Strategy, View, parse,
};
use crate::units::{CountOrPercent, Ratio, Rounding};

pub(super) const KIND: Kind = Kind {
    name: "instance-group",
    summary: "a Google managed instance group: surge and unavailability, nothing that goes back",
    source: include_str!("instance_group.rs"),
    parse: parse::<Group>,
};

/// Groups of fewer machines take no percentages.
const LEAST_FOR_PERCENT: u32 = 10;

/// A percentage of a group before it is rounded (Compute Engine API, `FixedOrPercent.calculated`).
#[must_use]
pub fn exact_size(percent: Ratio, target_size: u32) -> f64 {
    (percent.billionths() as f64) * f64::from(target_size) / Ratio::ONE.billionths() as f64
}

/// What an update does to a machine, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disruption {
    /// Changes what needs no restart.
    Refresh,
    /// Restarts it.
    Restart,
    /// Deletes it and creates another.
    Replace,
}

impl Disruption {
    /// What is done to a machine whose update needs this: at least `minimal`; nothing where that is
    /// more than is allowed.
    #[must_use]
    pub fn taken(self, minimal: Self, allowed: Self) -> Option<Self> {
        Some(self.max(minimal)).filter(|&action| action <= allowed)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Group {
    update: Update,
    max_surge: Option<CountOrPercent>,
    max_unavailable: Option<CountOrPercent>,
    target_size: CountOrPercent,
    minimal_action: Disruption,
    release_needs: Disruption,
    most_disruptive_allowed_action: Disruption,
    replacement_method: Method,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            update: Update::Proactive,
            max_surge: None,
            max_unavailable: None,
            target_size: CountOrPercent::Percent(Ratio::ONE),
            minimal_action: Disruption::Replace,
            release_needs: Disruption::Replace,
            most_disruptive_allowed_action: Disruption::Replace,
            replacement_method: Method::Substitute,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Update {
    Proactive,
    Opportunistic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Method {
    Substitute,
    Recreate,
}

impl Group {
    fn action(&self) -> Option<Disruption> {
        self.release_needs.taken(self.minimal_action, self.most_disruptive_allowed_action)
    }

    /// Whether the machine is kept, or its name, so that nothing can be created before it goes.
    fn is_in_place(&self) -> bool {
        self.replacement_method == Method::Recreate || self.action() == Some(Disruption::Restart)
    }

    /// Surge and unavailability in machines.
    fn bounds(&self, desired: u32, zones: u16) -> (u32, u32) {
        let default = CountOrPercent::Count(u32::from(zones));
        let size =
            |bound: Option<CountOrPercent>| bound.unwrap_or(default).resolve(desired, Rounding::Up);
        let surge = if self.is_in_place() { 0 } else { size(self.max_surge) };
        (surge, size(self.max_unavailable))
    }

    fn target(&self, desired: u32) -> u32 {
        self.target_size.resolve(desired, Rounding::Up).min(desired)
    }
}

impl Parameters for Group {
    fn check(&self, desired: u32) -> Vec<Problem> {
        let mut problems = Vec::new();
        let bounds = [("max_surge", self.max_surge), ("max_unavailable", self.max_unavailable)];
        for (field, bound) in bounds {
            if matches!(bound, Some(CountOrPercent::Percent(_))) && desired < LEAST_FOR_PERCENT {
                let message = format!("a group of {desired} takes no percentage");
                let help = "write a count: percentages are for groups of 10 and more";
                problems.push(Problem::new(field, None, &message, help));
            }
        }
        let is_zero =
            |bound: Option<CountOrPercent>| bound.is_some_and(CountOrPercent::is_written_zero);
        if is_zero(self.max_unavailable) && (is_zero(self.max_surge) || self.is_in_place()) {
            let (because, message) = if self.is_in_place() {
                ("replacement_method", "machines that are kept must be unavailable for a while")
            } else {
                ("max_surge", "with both bounds at 0 no machine may ever be replaced")
            };
            let help = "write `max_unavailable = 1`";
            problems.push(Problem::new("max_unavailable", Some(because), message, help));
        }
        if self.release_needs == Disruption::Refresh {
            let message = "another version needs a restart at least";
            let help = "write `restart` or `replace`";
            problems.push(Problem::new("release_needs", None, message, help));
        }
        problems
    }

    fn advise(&self, desired: u32, zones: u16) -> Vec<Problem> {
        let mut advice = Vec::new();
        let bounds = [("max_surge", self.max_surge), ("max_unavailable", self.max_unavailable)];
        for (field, bound) in bounds {
            match bound {
                Some(bound @ CountOrPercent::Percent(_))
                    if bound.resolve(desired, Rounding::Up)
                        != bound.resolve(desired, Rounding::Down) =>
                {
                    let message = format!(
                        "how a percentage of {desired} machines is rounded is not documented; it \
                         is {} here",
                        bound.resolve(desired, Rounding::Up)
                    );
                    let help = "write a count to be sure";
                    advice.push(Problem::new(field, None, &message, help));
                }
                Some(CountOrPercent::Count(count)) if count > 0 && count < u32::from(zones) => {
                    let message =
                        format!("a group in {zones} zones takes 0, or at least one for each zone");
                    let help = format!("write {zones} or more");
                    advice.push(Problem::new(field, None, &message, &help));
                }
                _ => {}
            }
        }
        let still = match (self.update, self.action()) {
            (Update::Opportunistic, _) => Some(("update", "an opportunistic update")),
            (_, None) => Some(("most_disruptive_allowed_action", "this allowance")),
            (Update::Proactive, Some(_)) => None,
        };
        if let Some((field, what)) = still {
            let message = format!("{what} moves no machine, so the rollout is over at once");
            advice.push(Problem::new(field, None, &message, "see `rollsim explain`"));
        }
        advice
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        // Who takes a release back means all of it, and asks for it to happen.
        let is_back = setup.direction == Direction::Back;
        if !is_back && (self.update == Update::Opportunistic || self.action().is_none()) {
            return Box::new(Still);
        }
        let (surge, unavailable) = self.bounds(setup.desired, setup.zones);
        let stays = setup.desired - self.target(setup.desired);
        within([surge, unavailable], stays, self.is_in_place(), setup)
    }

    fn default_on_failure(&self) -> OnFailure {
        OnFailure::Stall
    }

    fn has_bounds(&self) -> bool {
        true
    }

    fn is_by_count(&self) -> bool {
        true
    }

    fn can_supersede(&self) -> bool {
        true
    }
}

/// An update that moves nothing by itself.
#[derive(Debug)]
struct Still;

impl Strategy for Still {
    fn decide(&mut self, _: &View<'_>) -> Vec<Action> {
        vec![Action::Finish(Reason::new("the group's policy moves no machine by itself"))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_to_a_machine() {
        use Disruption::{Refresh, Replace, Restart};
        for (needs, minimal, allowed, expected) in [
            (Replace, Replace, Replace, Some(Replace)),
            (Restart, Refresh, Replace, Some(Restart)),
            (Restart, Replace, Replace, Some(Replace)),
            (Replace, Restart, Restart, None),
            (Restart, Restart, Refresh, None),
        ] {
            let found = needs.taken(minimal, allowed);
            assert_eq!(found, expected, "{needs:?} {minimal:?} {allowed:?}");
        }
    }

    #[test]
    fn bounds_default_to_the_zones() {
        let group = Group::default();
        assert_eq!(group.bounds(10, 3), (3, 3));
        let kept = Group { replacement_method: Method::Recreate, ..Group::default() };
        assert_eq!(kept.bounds(10, 3), (0, 3));
        let quarter = CountOrPercent::Percent(Ratio::from_billionths(250_000_000));
        let shares = Group { max_surge: Some(quarter), ..Group::default() };
        assert_eq!(shares.bounds(10, 1), (3, 1));
        assert_eq!(shares.check(10), []);
        assert_eq!(shares.advise(10, 1).len(), 1);
        assert_eq!(shares.check(9).len(), 1);
    }

    #[test]
    fn what_moves_nothing_is_over_at_once() {
        let setup = Setup { desired: 4, zones: 1, direction: Direction::Forward, haste: 1.0 };
        let pool = crate::fleet::Pool::new(4, 1);
        for group in [
            Group { update: Update::Opportunistic, ..Group::default() },
            Group { most_disruptive_allowed_action: Disruption::Restart, ..Group::default() },
        ] {
            let answer = group.begin(setup).decide(&View::of(&pool, 4));
            assert!(matches!(answer[..], [Action::Finish(_)]));
            assert_eq!(group.advise(4, 1).len(), 1);
        }
    }
}
