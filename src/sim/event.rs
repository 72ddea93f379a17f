//! What can be due on the control plane.

use crate::units::{InstanceId, ZoneId};

/// An event about an instance, void once the instance's `life` has moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Of {
    pub(super) id: InstanceId,
    pub(super) life: u32,
}

/// One pending event. Its tag takes four bytes, so that what follows is copied as one word: parts
/// that overlap would be waited for with every event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Event {
    /// The machine is there.
    Provisioned(Of),
    /// The artifact is there.
    Pulled(Of),
    /// In place: the other version is on the machine.
    Deployed(Of),
    /// The boot ends.
    Booted(Of),
    /// The first of a zone's contending boots ends, unless `token` is old.
    ZoneBoot { zone: ZoneId, token: u32 },
    /// The crash loop's delay is over.
    Restart(Of),
    /// The probe has passed.
    ProbePassed(Of),
    /// The start has failed for good.
    StartFailed(Of),
    /// The start-up or liveness probe gives the boot up.
    BootGivenUp(Of),
    /// Ready for `min_ready`.
    Available(Of),
    /// The release's crash is due.
    CrashDue(Of),
    /// The warm-up ends.
    Warm(InstanceId),
    /// A readiness probe of an overloaded instance.
    ReadinessTick(Of),
    /// A liveness probe of an overloaded instance.
    LivenessTick(Of),
    /// Drained first: nothing is in flight.
    Idle(Of),
    /// Pre-stop is over.
    PreStopOver(Of),
    /// What was in flight has ended.
    Drained(Of),
    /// Grace is over.
    GraceOver(Of),
    /// The balancer begins to send requests, unless `route` is old.
    Route { id: InstanceId, route: u32 },
    /// The balancer stops sending requests, unless `route` is old.
    Unroute { id: InstanceId, route: u32 },
    /// The balancer checks an endpoint whose state is not what it believes.
    Check(InstanceId),
    /// An ejected endpoint is used again.
    Readmit(InstanceId),
    /// A switch of versions takes effect, unless `token` is old.
    Switch { token: u32 },
    /// A gate looks.
    Look { work: u32, part: u32 },
    /// Alerts are evaluated.
    Alerts,
    /// The error budget is looked at.
    Budget,
    /// A fault begins, by its number in the plan.
    FaultBegins(u32),
    /// A fault ends.
    FaultEnds(u32),
    /// A crash by a fault's rate.
    FaultCrash { of: Of, fault: u32 },
    /// Evictions that were refused are asked for again, unless `round` is old.
    Evict { fault: u32, round: u32 },
    /// Caches are looked at.
    CacheTick(u32),
    /// The offered rate takes another course, or capacity and demand cross.
    Demand,
    /// A person does something.
    Operator { number: u32 },
    /// The rollout starts.
    Start,
    /// The strategy asked to be called.
    Wake,
    /// The deadline may have passed.
    Deadline,
    /// `simulation.max_time` is over.
    MaxTime,
    /// `simulation.settle` is over, unless the rollout has been taken up again.
    End,
}

impl Event {
    /// Whether it is a step in one instance's life or on its way into or out of the balancer, or a
    /// fault: what comes of it shows in the pool's counts, or nowhere.
    pub(super) const fn is_of_a_life(self) -> bool {
        !matches!(
            self,
            Self::Switch { .. }
                | Self::Demand
                | Self::FaultBegins(_)
                | Self::Operator { .. }
                | Self::Look { .. }
                | Self::Budget
                | Self::Start
                | Self::Wake
                | Self::Deadline
                | Self::MaxTime
                | Self::End
        )
    }
}
