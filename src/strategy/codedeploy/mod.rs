//! `codedeploy`: AWS CodeDeploy, in place host by host or a second fleet with a shift of traffic.
//!
//! # What it does
//! In place, each host that is taken is out of service until the new revision is on it and
//! healthy. As many are taken as there are more healthy hosts than `minimum_healthy_hosts`,
//! unhealthy ones first. A host whose deployment fails stays out of service and counts against the
//! minimum: when no further host can be spared and some are left, the deployment has failed. Where
//! that happens with the last host it has succeeded, and where no host succeeds at all it has
//! failed. With a configuration that shifts traffic, a whole second fleet starts first and the
//! requests move to it by the clock; the old one stays for `termination_wait`.
//!
//! # When it hurts
//! In place nothing is ever added: capacity goes down first. A minimum that the fleet cannot keep
//! (95% of 10 hosts) fails at once. A deployment that fails leaves the hosts that are done on the
//! new revision, and those that failed out of service.
//!
//! # Parameters
//! - `config` ("CodeDeployDefault.OneAtATime"): a predefined configuration, with or without
//!   `CodeDeployDefault.`: `OneAtATime`, `HalfAtATime`, `AllAtOnce`, `ECSAllAtOnce`, or by name
//!   such as `ECSCanary10Percent5Minutes`, `ECSLinear10PercentEvery1Minutes`. Instead of it:
//! - `minimum_healthy_hosts`: a count, or a percentage of the fleet (rounds up); in place.
//! - `canary_percent` or `linear_percent`, and `interval`: that share at once, and the rest after
//!   the interval, or so much more each interval.
//! - `zonal`: `{ monitor, first_zone_monitor, minimum_healthy_hosts_per_zone }`: in place, one zone
//!   after another, with a wait after each but the last (0s), a longer one after the first if
//!   given, and a minimum ("0%") for each zone.
//! - `host_timeout` ("1h"): a host that is not healthy by then has failed.
//! - `ready_wait`: how long a person has to let the traffic shift begin; without one in time the
//!   deployment fails. Leave it out to begin at once.
//! - `termination_wait` ("0s"): how long the old fleet stays after the last shift. `step_gates`
//!   look between the shifts, `bake_gates` during that wait.
//! - `auto_rollback` (false): a failed deployment is followed by one of the old revision.
//!
//! A second fleet that is not healthy within an hour fails the deployment.
//!
//! # Worked example
//! 9 hosts, `config = "HalfAtATime"`, 30 s each: 5 must be healthy, so 4 are taken at 0 s, 4 at
//! 30 s and the last at 60 s; complete at 90 s. `ECSLinear10PercentEvery1Minutes`: 10% as soon as
//! the second fleet is healthy, everything 9 minutes later.

mod config;
mod hosts;

use std::sync::Arc;

use serde::Deserialize;

pub use self::config::MinimumHealthy;
use self::config::Plan;
use self::hosts::Hosts;
use super::canary::Back;
use super::script::{Late, Limit, Script, Step, linear, second_fleet};
use super::{
    Direction, GateUse, Judge, Kind, OnFailure, Parameters, Problem, Setup, Strategy, parse,
};
use crate::units::{CountOrPercent, Ratio, SimDuration};

pub(super) const KIND: Kind = Kind {
    name: "codedeploy",
    summary: "AWS CodeDeploy: in place above a minimum of healthy hosts, or traffic by the clock",
    source: include_str!("mod.rs"),
    parse: parse::<CodeDeploy>,
};

const AN_HOUR: SimDuration = SimDuration::from_secs(3600);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CodeDeploy {
    config: Option<String>,
    minimum_healthy_hosts: Option<CountOrPercent>,
    canary_percent: Option<Ratio>,
    linear_percent: Option<Ratio>,
    interval: Option<SimDuration>,
    zonal: Option<Zonal>,
    host_timeout: SimDuration,
    ready_wait: Option<SimDuration>,
    termination_wait: Option<SimDuration>,
    step_gates: Vec<String>,
    bake_gates: Vec<String>,
    auto_rollback: bool,
}

impl Default for CodeDeploy {
    fn default() -> Self {
        Self {
            config: None,
            minimum_healthy_hosts: None,
            canary_percent: None,
            linear_percent: None,
            interval: None,
            zonal: None,
            host_timeout: AN_HOUR,
            ready_wait: None,
            termination_wait: None,
            step_gates: Vec::new(),
            bake_gates: Vec::new(),
            auto_rollback: false,
        }
    }
}

/// One zone after another.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Zonal {
    monitor: SimDuration,
    first_zone_monitor: Option<SimDuration>,
    minimum_healthy_hosts_per_zone: Option<CountOrPercent>,
}

impl CodeDeploy {
    /// What the configuration comes to; what is wrong with it where it cannot be told.
    fn plan(&self) -> Result<Plan, Problem> {
        let written = [
            ("config", self.config.is_some()),
            ("minimum_healthy_hosts", self.minimum_healthy_hosts.is_some()),
            ("canary_percent", self.canary_percent.is_some()),
            ("linear_percent", self.linear_percent.is_some()),
        ];
        let mut written = written.iter().filter(|(_, is_written)| *is_written);
        if let (Some((first, _)), Some((second, _))) = (written.next(), written.next()) {
            let message = "there are two configurations";
            return Err(Problem::new(second, Some(first), message, "keep one of them"));
        }
        if let Some(name) = &self.config {
            return Plan::called(name).ok_or_else(|| {
                let message = format!("there is no predefined configuration called `{name}`");
                let help = "write one such as `HalfAtATime` or `ECSCanary10Percent5Minutes`, or \
                            `minimum_healthy_hosts`";
                Problem::new("config", None, &message, help)
            });
        }
        let shift = |field: &str, share: Ratio| match self.interval {
            _ if share.is_zero() || share > Ratio::ONE => {
                let help = "write more than 0% and 100% or less";
                Err(Problem::new(field, None, "not a share of the requests", help))
            }
            None => {
                let message = "shares move by the clock, and there is no `interval`";
                Err(Problem::new(field, None, message, "write `interval = \"5m\"`"))
            }
            Some(interval) => Ok(interval),
        };
        match (self.canary_percent, self.linear_percent, self.minimum_healthy_hosts) {
            (Some(share), ..) => Ok(Plan::canary(share, shift("canary_percent", share)?)),
            (_, Some(share), _) => Ok(Plan::Shift(linear(share, shift("linear_percent", share)?))),
            (.., Some(CountOrPercent::Count(count))) => {
                Ok(Plan::InPlace(MinimumHealthy::HostCount(count)))
            }
            (.., Some(CountOrPercent::Percent(share))) => {
                Ok(Plan::InPlace(MinimumHealthy::FleetPercent(share)))
            }
            (None, None, None) => Ok(Plan::InPlace(MinimumHealthy::AtATime(1))),
        }
    }

    /// The plan of a configuration that was checked.
    fn checked(&self) -> Plan {
        self.plan().unwrap_or(Plan::InPlace(MinimumHealthy::AtATime(1)))
    }

    fn script(&self, shifts: &[(Ratio, SimDuration)], setup: Setup) -> Script {
        let gates: Arc<[String]> = self.step_gates.clone().into();
        let wait = self.termination_wait.unwrap_or(SimDuration::ZERO);
        let bake = Step::Wait(wait, self.bake_gates.clone().into());
        let before = self.ready_wait.map(Step::Approval).into_iter().collect();
        let steps = second_fleet(before, shifts, &gates, bake);
        let limit = Limit { time: AN_HOUR, late: Late::Fail };
        Script::new(setup.direction, steps, Some(limit))
    }

    /// Fields that the kind of deployment does not have.
    fn check_place(&self, plan: &Plan) -> Vec<Problem> {
        let is_in_place = matches!(plan, Plan::InPlace(_));
        let takes_interval = self.canary_percent.is_some() || self.linear_percent.is_some();
        let with_traffic = "it belongs to a configuration that shifts traffic";
        let mut problems = Vec::new();
        for (field, is_misplaced, why) in [
            ("interval", self.interval.is_some() && !takes_interval, with_traffic),
            ("ready_wait", self.ready_wait.is_some() && is_in_place, with_traffic),
            ("termination_wait", self.termination_wait.is_some() && is_in_place, with_traffic),
            ("step_gates", !self.step_gates.is_empty() && is_in_place, with_traffic),
            ("bake_gates", !self.bake_gates.is_empty() && is_in_place, with_traffic),
            ("zonal", self.zonal.is_some() && !is_in_place, "zones go one by one only in place"),
        ] {
            if is_misplaced {
                let message = format!("`{field}` has no place here: {why}");
                problems.push(Problem::new(field, None, &message, "drop it"));
            }
        }
        problems
    }
}

impl Parameters for CodeDeploy {
    fn check(&self, _desired: u32) -> Vec<Problem> {
        let plan = match self.plan() {
            Ok(plan) => plan,
            Err(problem) => return vec![problem],
        };
        let mut problems = self.check_place(&plan);
        if let Plan::InPlace(MinimumHealthy::FleetPercent(share)) = plan
            && share > Ratio::ONE
        {
            let message = "a minimum above 100%";
            problems.push(Problem::new("minimum_healthy_hosts", None, message, "write less"));
        }
        if self.host_timeout.is_zero() {
            let message = "no host can be done in no time";
            problems.push(Problem::new("host_timeout", None, message, "write `1h`"));
        }
        problems
    }

    fn advise(&self, desired: u32, zones: u16) -> Vec<Problem> {
        let mut advice = Vec::new();
        if let Plan::InPlace(minimum) = self.checked()
            && minimum.fails_at_once(desired)
        {
            let message = format!(
                "{} of {desired} hosts must stay healthy, so none can be taken and the \
                 deployment fails at once",
                minimum.of(desired)
            );
            let field = if self.config.is_some() { "config" } else { "minimum_healthy_hosts" };
            advice.push(Problem::new(field, None, &message, "lower the minimum"));
        }
        if self.zonal.is_some() && zones < 2 {
            let message = "the fleet is in one zone, so there is nothing to go through";
            let help = "name the zones in `fleet.zones`";
            advice.push(Problem::new("zonal", None, message, help));
        }
        advice
    }

    fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        match (self.checked(), setup.direction) {
            (Plan::InPlace(minimum), _) => Box::new(Hosts::new(self, minimum, setup)),
            (Plan::Shift(_), Direction::Back) => Box::new(Back::of_second_fleet()),
            (Plan::Shift(shifts), _) => Box::new(self.script(&shifts, setup)),
        }
    }

    fn default_on_failure(&self) -> OnFailure {
        if self.auto_rollback { OnFailure::Rollback } else { OnFailure::Abort }
    }

    fn default_on_gate_failure(&self) -> OnFailure {
        self.default_on_failure()
    }

    fn judge(&self) -> Judge {
        Judge::Strategy
    }

    fn gates(&self) -> Vec<GateUse> {
        let Plan::Shift(shifts) = self.checked() else { return Vec::new() };
        let wait = shifts.first().map(|&(_, wait)| wait);
        let mut uses = GateUse::all("step_gates", &self.step_gates, wait, "interval");
        let wait = Some(self.termination_wait.unwrap_or(SimDuration::ZERO));
        let bake = GateUse::all("bake_gates", &self.bake_gates, wait, "termination_wait");
        uses.extend(bake.into_iter().map(|one| one.at_share(Some(Ratio::ONE))));
        uses
    }
}

#[cfg(test)]
mod tests;
