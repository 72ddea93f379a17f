//! From a variant's file to its plan: nothing is left to default.

pub(crate) mod law;

use self::law::{LawReader, Lists};
use crate::fault::FaultPlan;
use crate::fleet::{
    FleetPlan, Listen, LivenessPlan, ReadinessPlan, ReadyUntil, ReleasePlan, ShutdownPlan,
    StartupPlan, StartupProbePlan,
};
use crate::gate::{Alerts, Budget, Gate};
use crate::random::Law;
use crate::scenario::check::scope::{Issue, Scope};
use crate::scenario::file::{
    ActionFile, ArrivalsFile, ListenFile, LoadBalancerFile, OperatorFile, PolicyFile, ScenarioFile,
    TraceFile, TrafficFile, UntilFile,
};
use crate::scenario::input::table::Steps;
use crate::scenario::rule;
use crate::sim::{
    HealthCheckPlan, OperatorAction, OperatorPlan, Pairing, Plan, RoutingPlan, SimulationPlan,
    SloPlan, StrategyPlan,
};
use crate::traffic::{
    Arrivals, BalancerPlan, DataPlan, InstancePlan, OutlierPlan, Policy, RateCurve, ReleaseTraffic,
    RetryPlan, TrafficPlan,
};
use crate::units::{Ratio, SimTime};

/// What a file says by distributions and by other files.
#[derive(Debug)]
pub(crate) struct Resolved {
    service_time: Law,
    provision: Law,
    pull: Law,
    boot: Law,
    deploy: Law,
    lag: Law,
    session_length: Law,
    crash_after: Option<Law>,
    rate: RateCurve,
}

/// Resolves the distributions and the rate, and reads the files that they name; none if one of
/// them breaks a rule.
pub(crate) fn resolve(
    scope: &mut Scope<'_, '_>,
    reader: &mut LawReader<'_>,
    file: &ScenarioFile,
) -> Option<Resolved> {
    let mut law = |path, written, lists| reader.law(scope, path, written, lists);
    let startup = &file.startup;
    // All of them are looked at before the first that is wrong ends this.
    let service_time = law("instance.service_time", &file.instance.service_time, Lists::Refused);
    let provision = law("startup.provision", &startup.provision, Lists::Durations);
    let pull = law("startup.pull", &startup.pull, Lists::Durations);
    let boot = law("startup.boot", &startup.boot, Lists::DurationsAndNever);
    let deploy = law("shutdown.deploy", &file.shutdown.deploy, Lists::Durations);
    let lag = law("load_balancer.lag", &file.load_balancer.lag, Lists::Refused);
    let length = &file.traffic.sessions.length;
    let session_length = law("traffic.sessions.length", length, Lists::Refused);
    let crash = file.release.crash_after.as_ref();
    let crash_after = crash.map(|crash| law("release.crash_after", crash, Lists::Refused));
    has_positive_mean(scope, "instance.service_time", service_time.as_ref());
    has_positive_mean(scope, "traffic.sessions.length", session_length.as_ref());
    let rate = rate(scope, reader, &file.traffic);
    Some(Resolved {
        service_time: service_time?,
        provision: provision?,
        pull: pull?,
        boot: boot?,
        deploy: deploy?,
        lag: lag?,
        session_length: session_length?,
        crash_after: match crash_after {
            Some(law) => Some(law?),
            None => None,
        },
        rate: rate?,
    })
}

fn operator(written: &OperatorFile) -> Option<OperatorPlan> {
    let action = match written.action {
        ActionFile::Rollback => OperatorAction::Rollback,
        ActionFile::Pause => OperatorAction::Pause,
        ActionFile::Resume => OperatorAction::Resume,
        ActionFile::Abort => OperatorAction::Abort,
        ActionFile::Promote => OperatorAction::Promote,
        ActionFile::Scale => OperatorAction::Scale { to: written.to? },
        ActionFile::Release => OperatorAction::Release,
    };
    Some(OperatorPlan { at: written.at, action })
}

fn has_positive_mean(scope: &mut Scope<'_, '_>, path: &str, law: Option<&Law>) {
    let Some(mean) = law.map(Law::mean_s) else { return };
    let message = if mean <= 0.0 {
        format!("the mean of `{path}` must be above zero")
    } else if mean.is_finite() {
        return;
    } else {
        format!("the mean of `{path}` must be finite")
    };
    let help = "it takes some time, and not for ever on average";
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
) -> Option<Steps> {
    let asked = scope.span("traffic.trace.file")?;
    let what = [trace.file.as_str(), &trace.time, &trace.rate];
    let steps = reader.tables.steps(what, &asked, reader.sources);
    steps.map_err(|diagnostic| scope.findings.add(diagnostic)).ok()
}

impl Resolved {
    /// The plan of a file whose rules all hold.
    pub(crate) fn into_plan(
        self,
        file: &ScenarioFile,
        faults: Vec<FaultPlan>,
        gates: Vec<Gate>,
        strategy: StrategyPlan,
    ) -> Option<Plan> {
        let fleet = FleetPlan { instances: file.fleet.instances?, zones: file.fleet.zones.clone() };
        Some(Plan {
            fleet: fleet.into(),
            startup: self.startup(file).into(),
            readiness: readiness(file).into(),
            liveness: liveness(file),
            startup_probe: startup_probe(file),
            shutdown: ShutdownPlan {
                drain_first: file.shutdown.drain_first,
                pre_stop: file.shutdown.pre_stop,
                grace: file.shutdown.grace,
                deploy: self.deploy.clone(),
            }
            .into(),
            routing: RoutingPlan {
                lag: self.lag.clone(),
                health_check: health_check(&file.load_balancer),
            }
            .into(),
            release: ReleasePlan {
                startup_factor: file.release.startup_factor,
                startup_failure: file.release.startup_failure,
                never_ready: file.release.never_ready,
                crash_after: self.crash_after.clone(),
                memory_factor: Ratio::from_f64(file.release.memory_factor)?,
            }
            .into(),
            data: self.data(file).into(),
            faults: faults.into(),
            gates: gates.into(),
            alerts: alerts(file).map(Into::into),
            budget: budget(file),
            strategy: strategy.into(),
            operator: file.operator.iter().filter_map(operator).collect::<Vec<_>>().into(),
            synthetic_interval: file.synthetic.interval,
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
            provision: self.provision.clone(),
            pull: self.pull.clone(),
            boot: self.boot.clone(),
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
                service_time: self.service_time.clone(),
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
            session_length: self.session_length.clone(),
        }
    }
}

fn alerts(file: &ScenarioFile) -> Option<Alerts> {
    file.alerts.as_ref().map(|written| Alerts {
        pairs: written.pairs.clone(),
        interval: written.interval,
        scrape: written.scrape,
        lag: written.lag,
    })
}

fn budget(file: &ScenarioFile) -> Option<Budget> {
    file.budget.as_ref().map(|written| Budget {
        spent: written.spent,
        refuse_above: written.refuse_above,
        pause_above: written.pause_above,
        resume_below: written.resume_below.or(written.pause_above).unwrap_or(0.0),
        window: written.window,
        interval: written.interval,
        scrape: written.scrape,
        lag: written.lag,
    })
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
        pairing: Pairing::Independent,
        seed: written.seed,
        replications: written.replications,
        warmup: written.warmup,
        settle: written.settle,
        max_time: written.max_time,
        bin: written.bin,
    }
}
