//! The rules about values and about values that go together. Rules of strategies are in
//! `strategies.rs`, those of distributions in `law.rs`; the texts of all are in `rule/`.

use toml::de::DeValue;

use super::document;
use super::file::{
    ArrivalsFile, FleetFile, InstanceFile, LoadBalancerFile, ReadinessFile, ReleaseFile,
    ScenarioFile, ShutdownFile, SimulationFile, SloFile, StartupFile, TrafficFile,
};
use super::rule;
use super::scope::{Issue, Scope};
use crate::units::{CountOrPercent, Ratio, Rounding, SimDuration};

/// Most instances of a fleet.
const MOST_INSTANCES: u32 = 1_000_000;
/// Most time bins that `max_time` may be cut into.
const MOST_BINS: u64 = 10_000_000;

/// Every field that must be a table. Serde would also take an array of the values in order.
const TABLES: &[&str] = &[
    "fleet",
    "instance",
    "startup",
    "startup.warmup",
    "readiness",
    "liveness",
    "startup_probe",
    "shutdown",
    "load_balancer",
    "load_balancer.health_check",
    "load_balancer.outlier",
    "traffic",
    "traffic.trace",
    "traffic.retries",
    "traffic.sessions",
    "release",
    "strategies",
    "slo",
    "slo.latency",
    "cost",
    "simulation",
];

/// The dotted paths where there is an array in the place of a table, which is reported.
pub(super) fn check_tables(scope: &mut Scope<'_, '_>) {
    for path in TABLES {
        let entry = document::find_dotted(scope.root, path);
        if entry.is_some_and(|entry| matches!(entry.value.get_ref(), DeValue::Array(_))) {
            let message = format!("`{path}` must be a table, not an array");
            scope.raise(Issue::new(rule::WRONG_TYPE, path, message));
            scope.dropped.push((*path).to_owned());
        }
    }
}

/// Every rule about the values of one variant's file, strategies and distributions apart.
pub(super) fn check(scope: &mut Scope<'_, '_>, file: &ScenarioFile) {
    head(scope, file);
    fleet(scope, &file.fleet);
    instance(scope, &file.instance);
    startup(scope, &file.startup);
    readiness(scope, &file.readiness);
    probes(scope, file);
    shutdown(scope, &file.shutdown);
    load_balancer(scope, &file.load_balancer);
    traffic(scope, &file.traffic);
    clients(scope, &file.traffic);
    release(scope, &file.release, &file.traffic);
    slo(scope, &file.slo);
    finite(scope, "cost.instance_hour", file.cost.instance_hour);
    simulation(scope, &file.simulation);
}

fn head(scope: &mut Scope<'_, '_>, file: &ScenarioFile) {
    if file.format != 1 {
        let message = format!("`format` must be 1, not `{}`", file.format);
        scope.raise(
            Issue::new(rule::FORMAT, "format", message)
                .help("this version of rollsim reads format 1"),
        );
    }
    if let Some(name) = &file.name
        && !is_name(name)
    {
        let message = format!("`{name}` cannot be the scenario's name");
        scope.raise(
            Issue::new(rule::NAME, "name", message)
                .help("use lower-case letters, digits and `-`: the name is that of a folder"),
        );
    }
}

/// Whether a scenario can be called so.
pub(super) fn is_name(name: &str) -> bool {
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && name.len() <= 100 && name.chars().all(is_fit)
}

fn fleet(scope: &mut Scope<'_, '_>, fleet: &FleetFile) {
    match fleet.instances {
        Some(instances) if !(1..=MOST_INSTANCES).contains(&instances) => {
            let message =
                format!("`fleet.instances` must be from 1 to {MOST_INSTANCES}, not `{instances}`");
            scope.raise(Issue::new(rule::OUT_OF_RANGE, "fleet.instances", message));
        }
        Some(_) => {}
        None => scope.raise(
            Issue::new(rule::MISSING_KEY, "fleet.instances", "`fleet.instances` is missing")
                .help("say how many instances the fleet has: `instances = 12` under `[fleet]`"),
        ),
    }
    if fleet.zones.is_empty() {
        let issue = Issue::new(rule::ZONES, "fleet.zones", "`fleet.zones` needs at least one zone");
        scope.raise(issue.help("leave it out for a single zone"));
    }
    if fleet.zones.len() > usize::from(u16::MAX) {
        let message = format!("`fleet.zones` has more than {} zones", u16::MAX);
        scope.raise(Issue::new(rule::ZONES, "fleet.zones", message));
        return;
    }
    let mut seen = std::collections::BTreeMap::new();
    for (index, zone) in fleet.zones.iter().enumerate() {
        let path = format!("fleet.zones.{index}");
        if zone.split('/').any(str::is_empty) || zone.split('/').count() > 2 {
            let message = format!("`{zone}` is not the name of a zone");
            let issue = Issue::new(rule::ZONES, &path, message);
            scope.raise(issue.help("write `a`, or `eu/a` for zone a of region eu"));
        } else if let Some(first) = seen.insert(zone, index) {
            let message = format!("zone `{zone}` is named twice");
            let issue = Issue::new(rule::ZONES, &path, message);
            scope.raise(issue.because(&format!("fleet.zones.{first}"), "first here"));
        }
    }
}

fn instance(scope: &mut Scope<'_, '_>, instance: &InstanceFile) {
    at_least_one(scope, "instance.slots", instance.slots);
}

fn startup(scope: &mut Scope<'_, '_>, startup: &StartupFile) {
    finite(scope, "startup.contention", startup.contention);
    let speed = startup.warmup.speed;
    if !(speed > 0.0 && speed <= 1.0) {
        out_of_range(scope, "startup.warmup.speed", "a number above 0 and at most 1", speed);
    }
    if startup.warmup.duration.is_zero() {
        if speed < 1.0 {
            without_effect(
                scope,
                "startup.warmup.speed",
                "startup.warmup.duration",
                "the warm-up takes no time",
                "set `startup.warmup.duration`",
            );
        }
    } else if speed >= 1.0 {
        without_effect(
            scope,
            "startup.warmup.duration",
            "startup.warmup.speed",
            "the warm-up begins at full speed",
            "set `startup.warmup.speed` below 1",
        );
    }
}

fn readiness(scope: &mut Scope<'_, '_>, readiness: &ReadinessFile) {
    at_least_one(scope, "readiness.success_threshold", readiness.success_threshold);
    at_least_one(scope, "readiness.failure_threshold", readiness.failure_threshold);
    if let Some(attempts) = readiness.start_attempts {
        at_least_one(scope, "readiness.start_attempts", attempts);
    }
    if readiness.deadline <= readiness.min_ready {
        scope.raise(
            Issue::new(
                rule::DEADLINE,
                if scope.is_written("readiness.min_ready") {
                    "readiness.min_ready"
                } else {
                    "readiness.deadline"
                },
                "`readiness.deadline` must be longer than `readiness.min_ready`",
            )
            .label(format!("available after {}", readiness.min_ready))
            .because("readiness.deadline", format!("given up after {}", readiness.deadline))
            .help("every instance would miss the deadline before it counts as available"),
        );
    }
}

fn probes(scope: &mut Scope<'_, '_>, file: &ScenarioFile) {
    if let Some(liveness) = &file.liveness {
        positive(scope, "liveness.period", liveness.period);
        at_least_one(scope, "liveness.failure_threshold", liveness.failure_threshold);
    }
    if let Some(probe) = &file.startup_probe {
        positive(scope, "startup_probe.period", probe.period);
        at_least_one(scope, "startup_probe.failure_threshold", probe.failure_threshold);
    }
}

fn shutdown(scope: &mut Scope<'_, '_>, shutdown: &ShutdownFile) {
    if shutdown.pre_stop > shutdown.grace {
        let message = "`shutdown.pre_stop` is longer than `shutdown.grace`";
        scope.raise(
            Issue::new(rule::GRACE, "shutdown.pre_stop", message)
                .label(format!("waits {}", shutdown.pre_stop))
                .because("shutdown.grace", format!("killed after {}", shutdown.grace))
                .help("the instance is killed before it stops accepting; raise `grace`")
                .warning(),
        );
    }
}

fn load_balancer(scope: &mut Scope<'_, '_>, balancer: &LoadBalancerFile) {
    if let Some(check) = &balancer.health_check {
        let at = "load_balancer.health_check";
        positive(scope, &format!("{at}.period"), check.period);
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
            "load_balancer.max_connections",
            "without a limit nothing waits in the balancer",
            "set `load_balancer.max_connections`",
        );
    }
    if balancer.connect_retries == 0 {
        for (path, is_changed) in [
            ("load_balancer.redispatch", !balancer.redispatch),
            ("load_balancer.retry_aborted", balancer.retry_aborted),
        ] {
            if is_changed {
                without_effect(
                    scope,
                    path,
                    "load_balancer.connect_retries",
                    "the balancer tries nothing again",
                    "set `load_balancer.connect_retries`",
                );
            }
        }
    }
}

fn traffic(scope: &mut Scope<'_, '_>, traffic: &TrafficFile) {
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
        positive(scope, &format!("{at}.on"), bursty.on);
        positive(scope, &format!("{at}.off"), bursty.off);
    }
}

fn profile(scope: &mut Scope<'_, '_>, points: &[(SimDuration, f64)]) {
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

fn clients(scope: &mut Scope<'_, '_>, traffic: &TrafficFile) {
    if traffic.timeout.is_some_and(SimDuration::is_zero) {
        let message = "`traffic.timeout` must be above zero, or `\"none\"`";
        scope.raise(Issue::new(rule::OUT_OF_RANGE, "traffic.timeout", message));
    }
    let retries = &traffic.retries;
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
                "traffic.retries.attempts",
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
            "traffic.sessions.share",
            "no request belongs to a session",
            "set `traffic.sessions.share`",
        );
    }
}

fn release(scope: &mut Scope<'_, '_>, release: &ReleaseFile, traffic: &TrafficFile) {
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
    ] {
        if !(factor.is_finite() && factor > 0.0) {
            out_of_range(scope, path, "a finite number above zero", factor);
        }
    }
    if !release.mixed_error_rate.is_zero() && traffic.sessions.share.is_zero() {
        without_effect(
            scope,
            "release.mixed_error_rate",
            "traffic.sessions.share",
            "no request belongs to a session",
            "set `traffic.sessions.share`",
        );
    }
}

fn slo(scope: &mut Scope<'_, '_>, slo: &SloFile) {
    if slo.availability.is_zero() || slo.availability >= Ratio::ONE {
        let given = slo.availability.as_f64();
        out_of_range(scope, "slo.availability", "a share above 0 and below 1", given);
    }
    share(scope, "slo.latency.target", slo.latency.target);
    positive(scope, "slo.window", slo.window);
    if slo.latency.threshold.is_none() {
        without_effect(
            scope,
            "slo.latency.target",
            "slo.latency.threshold",
            "nothing counts as slow",
            "set `slo.latency.threshold`",
        );
    }
}

fn simulation(scope: &mut Scope<'_, '_>, simulation: &SimulationFile) {
    at_least_one(scope, "simulation.replications", simulation.replications);
    positive(scope, "simulation.max_time", simulation.max_time);
    let Some(bin) = simulation.bin else { return };
    positive(scope, "simulation.bin", bin);
    let bins = simulation.max_time.as_nanos().checked_div(bin.as_nanos());
    if bins.is_some_and(|bins| bins > MOST_BINS) {
        let message = format!("`simulation.bin` cuts `max_time` into more than {MOST_BINS} bins");
        scope.raise(
            Issue::new(rule::OUT_OF_RANGE, "simulation.bin", message)
                .because("simulation.max_time", "")
                .help("widen `bin`, shorten `max_time`, or write `bin = \"auto\"`"),
        );
    }
}

/// Whether surplus instances that the strategy cannot do without fit into the cluster.
pub(super) fn room(
    scope: &mut Scope<'_, '_>,
    capacity: CountOrPercent,
    desired: u32,
    wanted: u32,
    field: &str,
    why: &str,
) {
    let room = capacity.resolve(desired, Rounding::Down);
    if wanted <= room {
        return;
    }
    let name = field.rsplit('.').next().unwrap_or(field);
    let message = format!("`surge_capacity` leaves no room for `{name}`");
    let verb = if wanted == 1 { "is" } else { "are" };
    let more = if room == 0 { "no more".to_owned() } else { format!("{room} more") };
    let help = if room == 0 {
        "raise `startup.surge_capacity`, or allow `max_unavailable = 1`".to_owned()
    } else {
        format!("lower `{name}` to {room}, or allow `max_unavailable = 1`")
    };
    scope.raise(
        Issue::new(rule::SURGE_ROOM, field, message)
            .label(format!("{wanted} {verb} wanted, and {why}"))
            .because("startup.surge_capacity", format!("the cluster has room for {more}"))
            .help(help),
    );
}

fn out_of_range(scope: &mut Scope<'_, '_>, path: &str, expected: &str, given: f64) {
    let message = format!("`{path}` must be {expected}, not `{given}`");
    scope.raise(Issue::new(rule::OUT_OF_RANGE, path, message));
}

fn finite(scope: &mut Scope<'_, '_>, path: &str, value: f64) {
    if !(value.is_finite() && value >= 0.0) {
        out_of_range(scope, path, "a finite number, not negative", value);
    }
}

fn at_least(scope: &mut Scope<'_, '_>, path: &str, value: f64, least: f64) {
    if !(value.is_finite() && value >= least) {
        out_of_range(scope, path, &format!("a finite number of at least {least}"), value);
    }
}

fn at_least_one(scope: &mut Scope<'_, '_>, path: &str, value: u32) {
    if value == 0 {
        let message = format!("`{path}` must be at least 1, not `0`");
        scope.raise(Issue::new(rule::OUT_OF_RANGE, path, message));
    }
}

fn positive(scope: &mut Scope<'_, '_>, path: &str, value: SimDuration) {
    if value.is_zero() {
        let message = format!("`{path}` must be longer than zero");
        scope.raise(Issue::new(rule::OUT_OF_RANGE, path, message));
    }
}

fn share(scope: &mut Scope<'_, '_>, path: &str, value: Ratio) {
    if value > Ratio::ONE {
        let message = format!("`{path}` must be from 0 to 1 (100%), not `{}`", value.as_f64());
        scope.raise(Issue::new(rule::OUT_OF_RANGE, path, message));
    }
}

/// Warns of a setting that another makes idle; a sweep over either may have its reasons.
pub(super) fn without_effect(
    scope: &mut Scope<'_, '_>,
    path: &str,
    because: &str,
    why: &str,
    help: &str,
) {
    if !scope.is_written(path) || scope.is_swept(path) || scope.is_swept(because) {
        return;
    }
    let issue = Issue::new(rule::NO_EFFECT, path, format!("`{path}` has no effect: {why}"));
    scope.raise(issue.because(because, "because of this").help(help).warning());
}
