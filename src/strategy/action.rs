//! What a strategy can ask for.

use std::fmt;
use std::sync::Arc;

use crate::traffic::{Phase, Split};
use crate::units::{InstanceId, PartId, Ratio, SimTime, Version, ZoneId};

/// One thing that a strategy asks the world to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Sets the desired count of a version; instances are launched or told to stop accordingly.
    Scale {
        /// Which version.
        version: Version,
        /// Its desired count from now on.
        to: u32,
        /// Which instances go first, where any go.
        pick: Pick,
        /// Why.
        reason: Reason,
    },
    /// Swaps the version of running instances on the spot.
    Replace {
        /// The version they run now.
        from: Version,
        /// The version they are to run.
        to: Version,
        /// How many.
        count: u32,
        /// Which first.
        pick: Pick,
        /// Why.
        reason: Reason,
    },
    /// How versions share requests, from now on.
    Split {
        /// The split.
        split: Split,
        /// Why.
        reason: Reason,
    },
    /// The same, after the balancer's lag; [`super::View::switched`] tells when.
    Switch {
        /// The split.
        split: Split,
        /// Why.
        reason: Reason,
    },
    /// Shows what is behind the feature flag to a share of the users, from now on.
    Flag {
        /// The share.
        share: Ratio,
        /// Why.
        reason: Reason,
    },
    /// Copies a share of the requests to the new version, from now on.
    Mirror {
        /// The share; zero: none.
        share: Ratio,
        /// Why.
        reason: Reason,
    },
    /// Asks to be called at this moment.
    WakeAt(SimTime),
    /// What the rollout is doing from now on.
    Phase(Phase),
    /// A batch or step begins.
    StartStep(Reason),
    /// The batch or step has done what it was to do.
    FinishStep(Reason),
    /// Lets these gates look, by name, until [`Action::EndGates`].
    RunGates(Arc<[String]>),
    /// The step is over, and with it its gates.
    EndGates,
    /// Lets these gates look over the rollout from now on, by name, until [`Action::EndGuards`]: a
    /// verdict acts on the rollout, not on the step.
    Guard(Arc<[String]>),
    /// What [`Action::Guard`] asked for is over.
    EndGuards,
    /// Lets these gates look once, now, by name; [`super::View::checked`] tells what they said.
    Check(Arc<[String]>),
    /// Waits for a person.
    Pause(Reason),
    /// The rollout has reached its end.
    Finish(Reason),
    /// The rollout has failed by its strategy's own rules; what follows is `on_failure`'s to say.
    Fail(Reason),
    /// The rollout ends here for good, versions mixed, whatever `on_failure` says.
    Abort(Reason),
}

/// Which instances are told to stop first. Always: starting before running, unready before ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The initial fleet from the lowest index; of launched ones the newest first.
    Any,
    /// Within one zone.
    Zone(ZoneId),
    /// Within one part of the fleet, and new ones become part of it.
    Part(PartId),
    /// The highest index first, ready or not.
    HighestIndex,
    /// The lowest index first, ready or not.
    LowestIndex,
    /// This very one, if it is there.
    One(InstanceId),
    /// The one with this ordinal, and a new one takes it.
    Ordinal(u32),
}

/// Why a decision was taken: a sentence with `{}` for its numbers, put together only when it is
/// read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reason {
    template: &'static str,
    numbers: [f64; 3],
}

impl Reason {
    /// A sentence without numbers.
    #[must_use]
    pub const fn new(template: &'static str) -> Self {
        Self { template, numbers: [0.0; 3] }
    }

    /// A sentence whose `{}` are filled with `numbers` in turn.
    #[must_use]
    pub const fn with(template: &'static str, numbers: [f64; 3]) -> Self {
        Self { template, numbers }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut numbers = self.numbers.iter();
        let mut parts = self.template.split("{}");
        f.write_str(parts.next().unwrap_or_default())?;
        for part in parts {
            if let Some(number) = numbers.next() {
                write!(f, "{number}")?;
            }
            f.write_str(part)?;
        }
        Ok(())
    }
}
