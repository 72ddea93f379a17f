//! How a fault is told in the log of events.

use crate::fault::{Effect, FaultPlan, Floor};
use crate::units::{CountOrPercent, Ratio};

/// A fault with what it does, where and for how long.
pub(super) fn of(fault: &FaultPlan, zones: &[String]) -> String {
    let mut words = fault.kind.to_owned();
    let effects: Vec<String> = fault.effects.iter().filter_map(effect).collect();
    if !effects.is_empty() {
        words.push_str(": ");
        words.push_str(&effects.join(", "));
    }
    let place = &fault.place;
    if place.share < Ratio::ONE {
        words.push_str(&format!(", {} of the instances", percent(place.share)));
    }
    if let Some(version) = place.version {
        words.push_str(&format!(", {version} version"));
    }
    if let Some(ids) = &place.zones {
        let names: Vec<&str> = ids.iter().map(|zone| zones[zone.index()].as_str()).collect();
        words.push_str(&format!(", zone {}", names.join(" and ")));
    }
    if let Some(duration) = fault.duration {
        words.push_str(&format!(", for {duration}"));
    }
    words
}

fn percent(share: Ratio) -> String {
    format!("{} %", rounded(share.as_f64() * 100.0))
}

fn count(count: CountOrPercent) -> String {
    match count {
        CountOrPercent::Count(count) => count.to_string(),
        CountOrPercent::Percent(share) => percent(share),
    }
}

/// To three decimals, without trailing zeros.
fn rounded(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What an effect does; none where the fault's kind says it all.
fn effect(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Errors(rate) => format!("{} of the answers are errors", percent(*rate)),
        Effect::Slowness(factor) => format!("services take {} times as long", rounded(*factor)),
        Effect::Demand(factor) => format!("{factor} times the requests"),
        Effect::StartSlowness(factor) => format!("starts take {factor} times as long"),
        Effect::PullsWait => "downloads wait".into(),
        Effect::BalancerLag(factor) => format!("{factor} times the lag"),
        Effect::ProbesPass => "probes pass whatever the state".into(),
        Effect::ProbesFlap(rate) => format!("{} of the probes fail", percent(*rate)),
        Effect::CrowdedStarts(slowdown) => format!("each boot slows its zone by {slowdown}"),
        Effect::Hang => "nothing is answered".into(),
        Effect::Down => "processes die and stay down".into(),
        Effect::Crash(_) => "processes die".into(),
        Effect::CrashRate(rate) => format!("{rate} crashes an hour and instance"),
        Effect::Connections { per_instance, limit } => {
            format!("{per_instance} connections each of {limit} in all")
        }
        Effect::Cache(cache) => {
            format!("the origin answers {} requests a second", cache.origin_capacity)
        }
        Effect::Memory(room) => format!("zones have room for {} old instances", room.as_f64()),
        Effect::Evict(drain) => match drain.floor {
            None => "evictions without a budget".into(),
            Some(Floor::MinAvailable(least)) => format!("evictions leave {} ready", count(least)),
            Some(Floor::MaxUnavailable(most)) => {
                format!("evictions leave all but {} ready", count(most))
            }
        },
        Effect::MetricsOut | Effect::Migration | Effect::Supersede => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Begin, Place};
    use crate::units::{SimDuration, Version, ZoneId};

    #[test]
    fn a_fault_is_told_with_all_its_circumstances() {
        let fault = FaultPlan {
            kind: "errors",
            effects: vec![Effect::Errors(Ratio::from_billionths(50_000_000))],
            place: Place {
                version: Some(Version::New),
                zones: Some(vec![ZoneId(1)]),
                share: Ratio::from_billionths(500_000_000),
            },
            begin: Begin::Always,
            duration: Some(SimDuration::from_secs(90)),
            probability: Ratio::ONE,
        };
        assert_eq!(
            of(&fault, &["a".into(), "b".into()]),
            "errors: 5 % of the answers are errors, 50 % of the instances, new version, zone b, \
             for 90 s"
        );
    }
}
