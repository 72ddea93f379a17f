//! Whether the cluster has room for the instances that a strategy cannot do without.

use serde::Deserialize;
use toml::de::ValueDeserializer;

use super::scope::{Issue, Scope};
use crate::scenario::document::Value;
use crate::scenario::rule;
use crate::units::{CountOrPercent, Ratio, Rounding};

const QUARTER: CountOrPercent = CountOrPercent::Percent(Ratio::from_billionths(250_000_000));

/// The fields of any kind that decide how many extra instances it needs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Bounds {
    max_unavailable: Option<CountOrPercent>,
    max_surge: Option<CountOrPercent>,
    replacement: Option<String>,
    order: Option<String>,
    partition: u32,
    routing: Option<String>,
    stable: Option<String>,
    dynamic_stable_scale: bool,
}

/// Extra instances that a rollout waits for.
#[derive(Debug)]
struct Need {
    count: u32,
    /// The field that asks for them, and what it is called.
    field: String,
    name: &'static str,
    why: &'static str,
    help: &'static str,
}

/// What a strategy is, for this rule.
#[derive(Debug)]
pub(crate) struct Subject<'a, 't> {
    /// Its dotted path.
    pub(crate) at: &'a str,
    /// The name of its kind.
    pub(crate) kind: &'a str,
    /// Its own fields.
    pub(crate) fields: &'a Value<'t>,
}

/// Reports a strategy whose rollout would wait for ever for room.
pub(crate) fn check(
    scope: &mut Scope<'_, '_>,
    subject: &Subject<'_, '_>,
    capacity: CountOrPercent,
    desired: u32,
) {
    let fields = ValueDeserializer::from(subject.fields.clone());
    let Ok(bounds) = Bounds::deserialize(fields) else { return };
    let Some(need) = need(subject, &bounds, desired) else { return };
    let room = capacity.resolve(desired, Rounding::Down);
    if need.count <= room {
        return;
    }
    let message = format!("`surge_capacity` leaves no room for `{}`", need.name);
    let verb = if need.count == 1 { "is" } else { "are" };
    let more = if room == 0 { "no more".to_owned() } else { format!("{room} more") };
    let help = match (need.name, room) {
        ("max_surge", 1..) => format!("lower `max_surge` to {room}, or {}", need.help),
        _ => format!("raise `startup.surge_capacity`, or {}", need.help),
    };
    scope.raise(
        Issue::new(rule::SURGE_ROOM, &need.field, message)
            .label(format!("{} {verb} wanted, and {}", need.count, need.why))
            .because("startup.surge_capacity", format!("the cluster has room for {more}"))
            .help(help),
    );
}

fn need(subject: &Subject<'_, '_>, bounds: &Bounds, desired: u32) -> Option<Need> {
    let is = |field: &Option<String>, word: &str| field.as_deref() == Some(word);
    let whole_fleet = |name, help| Need {
        count: desired,
        field: format!("{}.kind", subject.at),
        name,
        why: "the old fleet stays until the new one is whole",
        help,
    };
    match subject.kind {
        "rolling" if !is(&bounds.replacement, "in-place") && !is(&bounds.order, "ordinal") => {
            surge(subject, bounds, desired)
        }
        "canary" if is(&bounds.routing, "by-count") => surge(subject, bounds, desired),
        "canary" if !is(&bounds.stable, "shrink") => {
            Some(whole_fleet("canary", "write `stable = \"shrink\"`"))
        }
        "argo-canary" if !is(&bounds.routing, "weighted") => surge(subject, bounds, desired),
        "argo-canary" if !bounds.dynamic_stable_scale => {
            Some(whole_fleet("argo-canary", "write `dynamic_stable_scale = true`"))
        }
        "argo-blue-green" => Some(whole_fleet("argo-blue-green", "use another kind of strategy")),
        "blue-green" => Some(whole_fleet("blue-green", "use another kind of strategy")),
        _ => None,
    }
}

/// Where nothing may be unavailable, the rollout lives on its surge.
fn surge(subject: &Subject<'_, '_>, bounds: &Bounds, desired: u32) -> Option<Need> {
    let unavailable = bounds.max_unavailable.unwrap_or(QUARTER);
    let surge = bounds.max_surge.unwrap_or(QUARTER).resolve(desired, Rounding::Up);
    // No more new instances are launched than are to be replaced.
    let count = surge.min(desired.saturating_sub(bounds.partition));
    // Where both come to nothing, one may be unavailable after all.
    (unavailable.resolve(desired, Rounding::Down) == 0 && count > 0).then(|| Need {
        count,
        field: format!("{}.max_surge", subject.at),
        name: "max_surge",
        why: "`max_unavailable` is 0",
        help: "allow `max_unavailable = 1`",
    })
}
