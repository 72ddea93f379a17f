//! Rules about requests: how they are served, balanced, sent, and what a release does to them.

use super::range::{
    at_least, at_least_one, finite, out_of_range, period, positive, share, tries, without_effect,
};
use super::scope::{Issue, Scope};
use crate::scenario::file::{
    ArrivalsFile, InstanceFile, LoadBalancerFile, ReleaseFile, TrafficFile,
};
use crate::scenario::rule;
use crate::units::SimDuration;

pub(super) fn instance(scope: &mut Scope<'_, '_>, instance: &InstanceFile) {
    at_least_one(scope, "instance.slots", instance.slots);
}

pub(super) fn load_balancer(scope: &mut Scope<'_, '_>, balancer: &LoadBalancerFile) {
    if let Some(check) = &balancer.health_check {
        let at = "load_balancer.health_check";
        period(scope, &format!("{at}.period"), check.period);
        positive(scope, &format!("{at}.timeout"), check.timeout);
        at_least_one(scope, &format!("{at}.fall"), check.fall);
        at_least_one(scope, &format!("{at}.rise"), check.rise);
    }
    if let Some(outlier) = &balancer.outlier {
        let at = "load_balancer.outlier";
        at_least_one(scope, &format!("{at}.errors"), outlier.errors);
        positive(scope, &format!("{at}.eject"), outlier.eject);
        share(scope, &format!("{at}.max_ejected"), outlier.max_ejected);
    }
    if let Some(most) = balancer.max_connections {
        at_least_one(scope, "load_balancer.max_connections", most);
    } else if balancer.queue_timeout.is_some() {
        without_effect(
            scope,
            "load_balancer.queue_timeout",
            Some("load_balancer.max_connections"),
            "nothing waits in the balancer",
            "set `load_balancer.max_connections`",
        );
    }
    tries(scope, "load_balancer.connect_retries", balancer.connect_retries);
    if balancer.connect_retries == 0 {
        for (path, is_changed) in [
            ("load_balancer.redispatch", !balancer.redispatch),
            ("load_balancer.retry_aborted", balancer.retry_aborted),
        ] {
            if is_changed {
                without_effect(
                    scope,
                    path,
                    Some("load_balancer.connect_retries"),
                    "the balancer tries nothing again",
                    "set `load_balancer.connect_retries`",
                );
            }
        }
    }
}

pub(super) fn traffic(scope: &mut Scope<'_, '_>, traffic: &TrafficFile) {
    let given: Vec<&str> = ["traffic.rate", "traffic.profile", "traffic.trace"]
        .into_iter()
        .filter(|path| scope.is_written(path))
        .collect();
    match given.as_slice() {
        [_] => {}
        [] => scope.raise(
            Issue::new(rule::ONE_RATE, "traffic.rate", "nothing says how much traffic arrives")
                .help("give `rate`, `profile` or `trace` under `[traffic]`, such as `rate = 1000`"),
        ),
        [first, others @ ..] => {
            for other in others {
                let message = format!("`{first}` and `{other}` cannot both be given");
                scope.raise(
                    Issue::new(rule::ONE_RATE, other, message)
                        .because(first, "the first is here")
                        .help("keep one of `rate`, `profile` and `trace`"),
                );
            }
        }
    }
    if let Some(rate) = traffic.rate {
        finite(scope, "traffic.rate", rate);
    }
    if let Some(points) = &traffic.profile {
        profile(scope, points);
    }
    if let ArrivalsFile::Bursty(bursty) = &traffic.arrivals {
        let at = "traffic.arrivals.bursty";
        at_least(scope, &format!("{at}.factor"), bursty.factor, 1.0);
        period(scope, &format!("{at}.on"), bursty.on);
        period(scope, &format!("{at}.off"), bursty.off);
    }
}

pub(super) fn profile(scope: &mut Scope<'_, '_>, points: &[(SimDuration, f64)]) {
    let Some(((first, _), _)) = points.split_first() else {
        let message = "`traffic.profile` needs at least one point";
        let issue = Issue::new(rule::PROFILE, "traffic.profile", message);
        scope.raise(issue.help("such as `profile = [[\"0s\", 8000], [\"10m\", 19200]]`"));
        return;
    };
    if !first.is_zero() {
        let path = "traffic.profile.0.0";
        let issue = Issue::new(rule::PROFILE, path, "a profile begins at `0s`");
        scope.raise(issue.help("add a first point: the rate at the simulation's start"));
    }
    for (index, pair) in points.windows(2).enumerate() {
        if pair[1].0 <= pair[0].0 {
            let path = format!("traffic.profile.{}.0", index + 1);
            let issue = Issue::new(rule::PROFILE, &path, "the times of a profile must rise");
            scope.raise(issue.because(&format!("traffic.profile.{index}.0"), "the one before"));
        }
    }
    for (index, (_, rate)) in points.iter().enumerate() {
        finite(scope, &format!("traffic.profile.{index}.1"), *rate);
    }
}

pub(super) fn clients(scope: &mut Scope<'_, '_>, traffic: &TrafficFile) {
    if traffic.timeout.is_some_and(SimDuration::is_zero) {
        let message = "`traffic.timeout` must be above zero, or `\"none\"`";
        scope.raise(Issue::new(rule::OUT_OF_RANGE, "traffic.timeout", message));
    }
    let retries = &traffic.retries;
    tries(scope, "traffic.retries.attempts", retries.attempts);
    at_least(scope, "traffic.retries.multiplier", retries.multiplier, 1.0);
    if !(0.0..=1.0).contains(&retries.jitter) {
        out_of_range(scope, "traffic.retries.jitter", "a number from 0 to 1", retries.jitter);
    }
    if let Some(budget) = retries.budget {
        share(scope, "traffic.retries.budget", budget);
    }
    if retries.attempts == 0 {
        for field in ["backoff", "multiplier", "jitter", "budget"] {
            let path = format!("traffic.retries.{field}");
            without_effect(
                scope,
                &path,
                Some("traffic.retries.attempts"),
                "clients try nothing again",
                "set `traffic.retries.attempts`",
            );
        }
    }
    at_least_one(scope, "traffic.users", traffic.users);
    share(scope, "traffic.sessions.share", traffic.sessions.share);
    if traffic.sessions.share.is_zero() {
        without_effect(
            scope,
            "traffic.sessions.length",
            Some("traffic.sessions.share"),
            "no request belongs to a session",
            "set `traffic.sessions.share`",
        );
    }
}

pub(super) fn release(scope: &mut Scope<'_, '_>, release: &ReleaseFile, traffic: &TrafficFile) {
    for (path, value) in [
        ("release.error_rate", release.error_rate),
        ("release.startup_failure", release.startup_failure),
        ("release.never_ready", release.never_ready),
        ("release.mixed_error_rate", release.mixed_error_rate),
    ] {
        share(scope, path, value);
    }
    for (path, factor) in [
        ("release.service_time_factor", release.service_time_factor),
        ("release.startup_factor", release.startup_factor),
        ("release.memory_factor", release.memory_factor),
    ] {
        if !(factor.is_finite() && factor > 0.0) {
            out_of_range(scope, path, "a finite number above zero", factor);
        }
    }
    if !release.mixed_error_rate.is_zero() && traffic.sessions.share.is_zero() {
        without_effect(
            scope,
            "release.mixed_error_rate",
            Some("traffic.sessions.share"),
            "no request belongs to a session",
            "set `traffic.sessions.share`",
        );
    }
}
