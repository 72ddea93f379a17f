//! The steps of an Argo canary, and which of them is in force.

use serde::Deserialize;
use serde::de::Deserializer;

use crate::strategy::step::Pause;
use crate::units::SimDuration;

/// One step of `steps`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The weight of the canary from now on.
    SetWeight(u32),
    /// Its size apart from its weight.
    SetCanaryScale(CanaryScale),
    /// A wait, in whole seconds; none: until a person promotes.
    #[serde(deserialize_with = "pause")]
    Pause(Option<SimDuration>),
    /// An analysis that must succeed, by the names of its gates.
    Analysis(Vec<String>),
}

/// `setCanaryScale`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CanaryScale {
    /// So many pods, more than the fleet if need be.
    pub replicas: Option<u32>,
    /// As many as this weight would have.
    pub weight: Option<u32>,
    /// The weight decides again.
    pub match_traffic_weight: bool,
}

/// A length, of which whole seconds count, or `"forever"`.
fn pause<'de, D: Deserializer<'de>>(source: D) -> Result<Option<SimDuration>, D::Error> {
    Ok(match Pause::deserialize(source)? {
        Pause::For(length) => Some(SimDuration::from_secs(length.as_nanos() / 1_000_000_000)),
        Pause::Forever => None,
    })
}

/// The weight in force at step `index`: that of the last `set_weight` at or before it, 0 before
/// the first, and `max_weight` after the last step.
#[must_use]
pub(super) fn weight_at(steps: &[Step], index: usize, max_weight: u32) -> u32 {
    if index >= steps.len() { max_weight } else { weight_before(steps, index + 1) }
}

/// The weight of the last `set_weight` before step `index`; 0 if there is none.
#[must_use]
pub(super) fn weight_before(steps: &[Step], index: usize) -> u32 {
    let weights = steps[..index.min(steps.len())].iter().rev();
    let mut weights = weights.filter_map(|step| match step {
        Step::SetWeight(weight) => Some(*weight),
        _ => None,
    });
    weights.next().unwrap_or(0)
}

/// The size apart from the weight that is in force at step `index`.
#[must_use]
pub(super) fn scale_at(steps: &[Step], index: usize) -> Option<CanaryScale> {
    if index >= steps.len() {
        return None;
    }
    let mut scales = steps[..=index].iter().rev().filter_map(|step| match step {
        Step::SetCanaryScale(scale) => Some(*scale),
        _ => None,
    });
    scales.next().filter(|scale| !scale.match_traffic_weight)
}
