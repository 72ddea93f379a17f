//! From a variant's file to its plan: nothing is left to default.

use std::collections::BTreeMap;

use super::file::{
    ArrivalsFile, LawFile, ListenFile, LoadBalancerFile, PolicyFile, ScenarioFile, TraceFile,
    TrafficFile, UntilFile,
};
use super::law::{LONGEST_SECONDS, LawReader, Lists};
use super::rule;
use super::scope::{Issue, Scope};
use crate::fleet::{
    FleetPlan, Listen, LivenessPlan, ReadinessPlan, ReadyUntil, ReleasePlan, ShutdownPlan,
    StartupPlan, StartupProbePlan,
};
use crate::random::Law;
use crate::sim::{HealthCheckPlan, Plan, RoutingPlan, SimulationPlan, SloPlan, StrategyPlan};
use crate::traffic::{
    Arrivals, BalancerPlan, DataPlan, InstancePlan, OutlierPlan, Policy, RateCurve, ReleaseTraffic,
    RetryPlan, TrafficPlan,
};
use crate::units::{SimDuration, SimTime};

/// Every distribution of a file, by its dotted path, and the rate over time.
#[derive(Debug)]
pub(super) struct Resolved {
    laws: BTreeMap<&'static str, Law>,
    crash_after: Option<Law>,
    rate: RateCurve,
}

/// Resolves the distributions and the rate, and reads the files that they name; none if one of
/// them breaks a rule.
pub(super) fn resolve(
    scope: &mut Scope<'_, '_>,
    reader: &mut LawReader<'_>,
    file: &ScenarioFile,
) -> Option<Resolved> {
    let mut laws = BTreeMap::new();
    let mut is_whole = true;
    for (path, written, lists) in distributions(file) {
        match reader.law(scope, path, written, lists) {
            Some(law) => drop(laws.insert(path, law)),
            None => is_whole = false,
        }
    }
    for (path, what) in
        [("instance.service_time", "a request's service"), ("traffic.sessions.length", "a session")]
    {
        if let Some(law) = laws.get(path) {
            has_positive_mean(scope, path, what, law);
        }
    }
    let crash_after = match &file.release.crash_after {
        Some(written) => {
            let law = reader.law(scope, "release.crash_after", written, Lists::Refused);
            is_whole &= law.is_some();
            law
        }
        None => None,
    };
    let rate = rate(scope, reader, &file.traffic);
    match rate {
        Some(rate) if is_whole => Some(Resolved { laws, crash_after, rate }),
        _ => None,
    }
}

fn distributions(file: &ScenarioFile) -> [(&'static str, &LawFile, Lists); 7] {
    [
        ("instance.service_time", &file.instance.service_time, Lists::Refused),
        ("startup.provision", &file.startup.provision, Lists::Durations),
        ("startup.pull", &file.startup.pull, Lists::Durations),
        ("startup.boot", &file.startup.boot, Lists::DurationsAndNever),
        ("shutdown.deploy", &file.shutdown.deploy, Lists::Durations),
        ("load_balancer.lag", &file.load_balancer.lag, Lists::Refused),
        ("traffic.sessions.length", &file.traffic.sessions.length, Lists::Refused),
    ]
}

fn has_positive_mean(scope: &mut Scope<'_, '_>, path: &str, what: &str, law: &Law) {
    let mean = law.mean_s();
    let message = if mean <= 0.0 {
        format!("the mean of `{path}` must be above zero")
    } else if mean.is_finite() {
        return;
    } else {
        format!("the mean of `{path}` must be finite")
    };
    let help = format!("{what} takes some time, and not for ever on average");
    scope.raise(Issue::new(rule::LAW_VALUES, path, message).help(help));
}

fn rate(
    scope: &mut Scope<'_, '_>,
    reader: &mut LawReader<'_>,
    traffic: &TrafficFile,
) -> Option<RateCurve> {
    if let Some(rate) = traffic.rate {
        return Some(RateCurve::Constant(rate));
    }
    if let Some(points) = &traffic.profile {
        let points = points.iter().map(|(time, rate)| (SimTime::ZERO + *time, *rate));
        return Some(RateCurve::Linear(points.collect()));
    }
    trace(scope, reader, traffic.trace.as_ref()?).map(RateCurve::Steps)
}

/// The steps of a trace: its first time is the simulation's start.
fn trace(
    scope: &mut Scope<'_, '_>,
    reader: &mut LawReader<'_>,
    trace: &TraceFile,
) -> Option<Vec<(SimTime, f64)>> {
    let asked = scope.span("traffic.trace.file")?;
    let columns = [trace.time.as_str(), trace.rate.as_str()];
    let rows = match reader.tables.read(&trace.file, &columns, &asked, reader.sources) {
        Ok(rows) => rows,
        Err(diagnostic) => {
            scope.findings.add(diagnostic);
            return None;
        }
    };
    let origin = rows.first()?.numbers[0];
    let mut steps: Vec<(SimTime, f64)> = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        let seconds = row.numbers[0] - origin;
        let time = SimTime::ZERO + SimDuration::from_secs_f64(seconds);
        let message = if steps.last().is_some_and(|(before, _)| time <= *before) {
            format!("the times in column `{}` must rise from row to row", trace.time)
        } else if seconds > LONGEST_SECONDS {
            "the trace is longer than ten years".to_owned()
        } else {
            steps.push((time, row.numbers[1]));
            continue;
        };
        let diagnostic = reader.tables.at_line(&trace.file, row.line, message, reader.sources);
        scope.findings.add(diagnostic.because(asked, "read here"));
        return None;
    }
    Some(steps)
}

impl Resolved {
    fn law(&self, path: &str) -> Law {
        self.laws.get(path).cloned().unwrap_or(Law::Constant(SimDuration::ZERO))
    }

    /// The plan of a file whose rules all hold.
    pub(super) fn into_plan(self, file: &ScenarioFile, strategy: StrategyPlan) -> Option<Plan> {
        let fleet = FleetPlan { instances: file.fleet.instances?, zones: file.fleet.zones.clone() };
        Some(Plan {
            fleet,
            startup: self.startup(file),
            readiness: readiness(file),
            liveness: liveness(file),
            startup_probe: startup_probe(file),
            shutdown: ShutdownPlan {
                drain_first: file.shutdown.drain_first,
                pre_stop: file.shutdown.pre_stop,
                grace: file.shutdown.grace,
                deploy: self.law("shutdown.deploy"),
            },
            routing: RoutingPlan {
                lag: self.law("load_balancer.lag"),
                health_check: health_check(&file.load_balancer),
            },
            release: ReleasePlan {
                startup_factor: file.release.startup_factor,
                startup_failure: file.release.startup_failure,
                never_ready: file.release.never_ready,
                crash_after: self.crash_after.clone(),
            },
            data: self.data(file),
            strategy,
            slo: SloPlan {
                availability: file.slo.availability,
                window: file.slo.window,
                latency_target: file.slo.latency.target,
            },
            instance_hour: file.cost.instance_hour,
            simulation: simulation(file),
        })
    }

    fn startup(&self, file: &ScenarioFile) -> StartupPlan {
        let written = &file.startup;
        StartupPlan {
            provision: self.law("startup.provision"),
            pull: self.law("startup.pull"),
            boot: self.law("startup.boot"),
            warmup: written.warmup.duration,
            warmup_speed: written.warmup.speed,
            listen: match written.listen {
                ListenFile::Ready => Listen::Ready,
                ListenFile::Boot => Listen::Boot,
            },
            contention: written.contention,
            max_concurrent: (written.max_concurrent > 0).then_some(written.max_concurrent),
            surge_capacity: written.surge_capacity,
        }
    }

    fn data(&self, file: &ScenarioFile) -> DataPlan {
        DataPlan {
            traffic: self.traffic(&file.traffic),
            instance: InstancePlan {
                slots: file.instance.slots,
                queue: file.instance.queue,
                service_time: self.law("instance.service_time"),
            },
            balancer: balancer(&file.load_balancer),
            release: ReleaseTraffic {
                error_rate: file.release.error_rate,
                service_time_factor: file.release.service_time_factor,
                mixed_error_rate: file.release.mixed_error_rate,
            },
            slow_threshold: file.slo.latency.threshold,
        }
    }

    fn traffic(&self, written: &TrafficFile) -> TrafficPlan {
        TrafficPlan {
            rate: self.rate.clone(),
            arrivals: match &written.arrivals {
                ArrivalsFile::Poisson => Arrivals::Poisson,
                ArrivalsFile::Uniform => Arrivals::Uniform,
                ArrivalsFile::Bursty(bursty) => {
                    Arrivals::Bursty { factor: bursty.factor, on: bursty.on, off: bursty.off }
                }
            },
            timeout: written.timeout,
            retries: RetryPlan {
                attempts: written.retries.attempts,
                backoff: written.retries.backoff,
                multiplier: written.retries.multiplier,
                jitter: written.retries.jitter,
                budget: written.retries.budget,
            },
            users: written.users,
            session_share: written.sessions.share,
            session_length: self.law("traffic.sessions.length"),
        }
    }
}

fn readiness(file: &ScenarioFile) -> ReadinessPlan {
    let written = &file.readiness;
    ReadinessPlan {
        initial_delay: written.initial_delay,
        period: written.period,
        timeout: written.timeout,
        success_threshold: written.success_threshold,
        failure_threshold: written.failure_threshold,
        start_attempts: written.start_attempts,
        until: match written.until {
            UntilFile::Probe => ReadyUntil::Probe,
            UntilFile::Routed => ReadyUntil::Routed,
        },
        min_ready: written.min_ready,
        deadline: written.deadline,
    }
}

fn liveness(file: &ScenarioFile) -> Option<LivenessPlan> {
    file.liveness.as_ref().map(|written| LivenessPlan {
        initial_delay: written.initial_delay,
        period: written.period,
        timeout: written.timeout,
        failure_threshold: written.failure_threshold,
    })
}

fn startup_probe(file: &ScenarioFile) -> Option<StartupProbePlan> {
    file.startup_probe.as_ref().map(|written| StartupProbePlan {
        initial_delay: written.initial_delay,
        period: written.period,
        failure_threshold: written.failure_threshold,
    })
}

fn health_check(balancer: &LoadBalancerFile) -> Option<HealthCheckPlan> {
    balancer.health_check.as_ref().map(|written| HealthCheckPlan {
        period: written.period,
        timeout: written.timeout,
        fall: written.fall,
        rise: written.rise,
    })
}

fn balancer(written: &LoadBalancerFile) -> BalancerPlan {
    BalancerPlan {
        policy: match written.policy {
            PolicyFile::Random => Policy::Random,
            PolicyFile::RoundRobin => Policy::RoundRobin,
            PolicyFile::LeastRequests => Policy::LeastRequests,
            PolicyFile::PowerOfTwo => Policy::PowerOfTwo,
        },
        connect_retries: written.connect_retries,
        redispatch: written.redispatch,
        retry_aborted: written.retry_aborted,
        slow_start: written.slow_start,
        max_connections: written.max_connections,
        queue_timeout: written.queue_timeout,
        outlier: written.outlier.as_ref().map(|written| OutlierPlan {
            errors: written.errors,
            eject: written.eject,
            max_ejected: written.max_ejected,
        }),
    }
}

fn simulation(file: &ScenarioFile) -> SimulationPlan {
    let written = &file.simulation;
    SimulationPlan {
        seed: written.seed,
        replications: written.replications,
        warmup: written.warmup,
        settle: written.settle,
        max_time: written.max_time,
        bin: written.bin,
    }
}
