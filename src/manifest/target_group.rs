//! When does a load balancer of AWS call a target healthy, and how long does one drain?
//!
//! # What it reads
//! A target group of the same template: `AWS::ElasticLoadBalancingV2::TargetGroup`, or terraform's
//! `aws_lb_target_group` (`aws_alb_target_group`). Without it the defaults of an Application Load
//! Balancer stand: every 30 s, 5 successes, 2 failures, 300 s of deregistration.
//!
//! # Worked example
//! `HealthCheckIntervalSeconds: 10` with `HealthyThresholdCount: 2`: the first check is 10 s after
//! the target is registered, so it is healthy after 20 s at the earliest.

use toml::{Table, Value};

use super::cloud::{Reader, Spelling, table};
use super::resource::{cloudformation, terraform};
use super::tree::Field;
use super::write::seconds;

/// How the load balancer checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checks {
    /// Seconds between checks.
    pub(super) interval: u32,
    pub(super) timeout: u32,
    pub(super) healthy: u32,
    pub(super) unhealthy: u32,
    /// Seconds until a target that leaves is gone.
    pub(super) deregistration: u32,
}

impl Checks {
    /// Of an Application Load Balancer.
    pub(super) const DEFAULT: Self =
        Self { interval: 30, timeout: 5, healthy: 5, unhealthy: 2, deregistration: 300 };

    /// `[readiness]`: the first check comes an interval after the start.
    pub(super) fn readiness(self, grace: u32) -> Table {
        let further = grace.checked_div(self.interval).unwrap_or(0);
        table([
            ("initial_delay", seconds(self.interval.into())),
            ("period", seconds(self.interval.into())),
            ("timeout", seconds(self.timeout.into())),
            ("success_threshold", Value::Integer(self.healthy.into())),
            ("failure_threshold", Value::Integer(self.unhealthy.into())),
            ("start_attempts", Value::Integer((self.unhealthy + further).into())),
        ])
    }

    /// `[liveness]`: who is unhealthy after the grace period is replaced.
    pub(super) fn liveness(self, grace: u32) -> Table {
        table([
            ("initial_delay", seconds((grace + self.interval).into())),
            ("period", seconds(self.interval.into())),
            ("timeout", seconds(self.timeout.into())),
            ("failure_threshold", Value::Integer(self.unhealthy.into())),
        ])
    }
}

/// The checks of the target group that `key` of a resource refers to.
pub(super) fn read<'t>(parent: Field<'t>, key: &str, reader: &mut Reader<'t, '_>) -> Checks {
    let document = reader.document();
    let name = reader.reference(parent, key);
    let groups = match reader.spelling {
        Spelling::CloudFormation => {
            cloudformation(document, "AWS::ElasticLoadBalancingV2::TargetGroup")
        }
        Spelling::Terraform => {
            let mut all = terraform(document, "aws_lb_target_group");
            all.extend(terraform(document, "aws_alb_target_group"));
            all
        }
        Spelling::Api => Vec::new(),
    };
    let group = groups.iter().find(|group| name.is_some() && group.name == name);
    let Some(group) = group.or(groups.first().filter(|_| groups.len() == 1)) else {
        reader.note(
            "its target group is not among the resources: the load balancer's defaults stand \
             (a check each 30 s, 5 until healthy, 300 s of deregistration)",
        );
        return Checks::DEFAULT;
    };
    checks(group.root, reader)
}

fn checks<'t>(group: Field<'t>, reader: &mut Reader<'t, '_>) -> Checks {
    let default = Checks::DEFAULT;
    if reader.spelling == Spelling::Terraform {
        let check = reader.mapping(group, "healthCheck");
        let mut of = |key: &str, range, default| match check {
            Some(check) => reader.whole(check, key, range).unwrap_or(default),
            None => default,
        };
        return Checks {
            interval: of("interval", (5, 300), default.interval),
            timeout: of("timeout", (2, 120), default.timeout),
            // Terraform's own default is 3.
            healthy: of("healthyThreshold", (2, 10), 3),
            unhealthy: of("unhealthyThreshold", (2, 10), 3),
            deregistration: reader
                .whole(group, "deregistrationDelay", (0, 3600))
                .unwrap_or(default.deregistration),
        };
    }
    let mut of = |key: &str, range, default| reader.whole(group, key, range).unwrap_or(default);
    let (interval, timeout) = (
        of("healthCheckIntervalSeconds", (5, 300), default.interval),
        of("healthCheckTimeoutSeconds", (2, 120), default.timeout),
    );
    let (healthy, unhealthy) = (
        of("healthyThresholdCount", (2, 10), default.healthy),
        of("unhealthyThresholdCount", (2, 10), default.unhealthy),
    );
    let mut deregistration = default.deregistration;
    for attribute in reader.list(group, "targetGroupAttributes") {
        if reader.word(attribute, "key") == Some("deregistration_delay.timeout_seconds") {
            let written = reader.whole(attribute, "value", (0, 3600));
            deregistration = written.unwrap_or(deregistration);
        }
    }
    Checks { interval, timeout, healthy, unhealthy, deregistration }
}
