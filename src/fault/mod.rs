//! What goes wrong? One file per kind of `[[faults]]` entry.
//!
//! A fault is a value: what it does ([`Effect`]s) and to whom ([`Scope`]). It has no clock and no
//! chance of its own; the simulation decides when it begins, applies it and takes it back. This
//! room knows parameters and their meaning. It must not know the calendar or a rollout's strategy.
//!
//! Faults combine: factors multiply, and rates of failure combine as 1 - (1 - a)(1 - b).
//!
//! To add one, copy the sibling that is nearest to it, document it under the same four headings,
//! declare `KIND`, and add it to [`KINDS`]. If no [`Effect`] says what it does, a new one does, and
//! `src/sim/fault/` applies it.

mod balancer_lag;
mod capacity_loss;
mod cold_cache;
mod dependency;
mod effect;
mod errors;
mod hang;
mod instance_crash;
mod kill;
mod latency;
mod memory_pressure;
mod metrics_outage;
mod node_drain;
mod overlapping_rollout;
mod probe_blind;
mod probe_flap;
mod registry_outage;
mod resource_pressure;
mod schema_change;
mod slow_start;
mod traffic_spike;
mod zone_outage;

use std::fmt;
use std::sync::Arc;

pub use effect::{Begin, Cache, Drain, Effect, FaultPlan, Floor, Place};

use crate::units::{Ratio, Version};

/// The parameters of one `[[faults]]` entry, as a scenario gives them.
pub trait Fault: fmt::Debug + Send + Sync {
    /// What it does.
    fn inject(&self) -> Vec<Effect>;

    /// To whom; all instances unless it says otherwise.
    fn scope(&self) -> Scope {
        Scope::default()
    }

    /// When it begins where the scenario gives no `at`.
    fn begin(&self) -> Begin {
        Begin::START
    }

    /// The rules that its fields break.
    fn check(&self) -> Vec<Problem> {
        Vec::new()
    }
}

/// To which instances a fault happens: to those that fit all that is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    /// Those of this version.
    pub version: Option<Version>,
    /// Those in this zone, or in the zones of this region.
    pub zone: Option<String>,
    /// This share of those, rounded up, drawn at random; in 0..=1.
    pub share: Option<Ratio>,
}

/// A rule that a fault's parameters break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field at fault.
    pub field: &'static str,
    /// A second field that makes it wrong.
    pub because: Option<&'static str>,
    /// What is wrong, following the field's name: lower case, no period.
    pub message: String,
    /// What would be right.
    pub help: &'static str,
}

/// How a kind of fault is found, read and explained.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What a scenario writes as `kind`.
    pub name: &'static str,
    /// One line for `rollsim list`.
    pub summary: &'static str,
    /// The source file, whose module documentation is what `rollsim explain` prints.
    pub source: &'static str,
    /// Reads the parameters from a table without [`COMMON`].
    pub parse: Parse,
}

/// Reads the parameters of a fault; the error carries the span of what is wrong.
pub type Parse = fn(toml::de::ValueDeserializer<'_>) -> Result<Arc<dyn Fault>, toml::de::Error>;

/// The fields that every kind has.
pub const COMMON: &[&str] = &["kind", "at", "duration", "probability"];

/// Every kind, in the order of documentation.
pub const KINDS: &[Kind] = &[
    zone_outage::KIND,
    instance_crash::KIND,
    kill::KIND,
    node_drain::KIND,
    hang::KIND,
    errors::KIND,
    latency::KIND,
    capacity_loss::KIND,
    traffic_spike::KIND,
    slow_start::KIND,
    registry_outage::KIND,
    resource_pressure::KIND,
    memory_pressure::KIND,
    dependency::KIND,
    cold_cache::KIND,
    schema_change::KIND,
    balancer_lag::KIND,
    probe_blind::KIND,
    probe_flap::KIND,
    metrics_outage::KIND,
    overlapping_rollout::KIND,
];

/// The [`Parse`] of a parameter type.
fn parse<F>(source: toml::de::ValueDeserializer<'_>) -> Result<Arc<dyn Fault>, toml::de::Error>
where
    F: Fault + serde::de::DeserializeOwned + 'static,
{
    F::deserialize(source).map(|fault| Arc::new(fault) as Arc<dyn Fault>)
}

/// What is wrong with a share or a probability, if it is above one.
fn share(field: &'static str, value: Option<Ratio>) -> Option<Problem> {
    let value = value.filter(|&value| value > Ratio::ONE)?;
    Some(Problem {
        field,
        because: None,
        message: format!("must be from 0 to 1 (100%), not `{}`", value.as_f64()),
        help: "write a share such as `0.25` or `\"25%\"`",
    })
}

/// What is wrong with a number that must be finite and above zero, if it is not.
fn positive(field: &'static str, value: f64) -> Option<Problem> {
    (!(value.is_finite() && value > 0.0)).then(|| Problem {
        field,
        because: None,
        message: format!("must be a finite number above zero, not `{value}`"),
        help: "1 changes nothing, 2 is twice as much",
    })
}

/// What is wrong with a number that must be finite and not negative, if it is.
fn not_negative(field: &'static str, value: f64) -> Option<Problem> {
    (!(value.is_finite() && value >= 0.0)).then(|| Problem {
        field,
        because: None,
        message: format!("must be a finite number of at least 0, not `{value}`"),
        help: "0 switches it off",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the text of a fault of this kind, without [`COMMON`], injects, and into whom.
    pub(super) fn injected(kind: Kind, text: &str) -> (Vec<Effect>, Scope) {
        let fault = read(kind, text);
        assert_eq!(fault.check(), [], "{text}");
        (fault.inject(), fault.scope())
    }

    /// The fields that the text of a fault of this kind has wrong.
    pub(super) fn wrong(kind: Kind, text: &str) -> Vec<&'static str> {
        read(kind, text).check().iter().map(|problem| problem.field).collect()
    }

    fn read(kind: Kind, text: &str) -> Arc<dyn Fault> {
        let table = format!("{{ {text} }}");
        let source = toml::de::ValueDeserializer::parse(&table).expect("a table");
        (kind.parse)(source).expect("parameters")
    }

    /// Everything.
    pub(super) fn everywhere() -> Scope {
        Scope::default()
    }

    /// A share that a test writes down.
    pub(super) fn of(share: f64) -> Ratio {
        Ratio::from_f64(share).expect("a share")
    }

    #[test]
    fn names_differ_and_are_written_with_hyphens() {
        let mut names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert!(names.iter().all(|name| !name.contains('_')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
    }
}
