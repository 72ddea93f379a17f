//! What a change of the desired count does in the middle of a rolling update: every version takes
//! its share of it.

use super::super::{Action, Pick, Reason, View};
use super::reconcile::Resolved;
use crate::units::Version;

/// Kubernetes' `scale` (`pkg/controller/deployment/sync.go`): with instances of one version only,
/// that version takes the new count. Else each version with instances keeps its share of the
/// largest total allowed, which was `most_before`; what rounding leaves over goes to the largest.
/// A pause runs through the same rule and so hands unused room to the largest version.
pub(super) fn scale(
    view: &View<'_>,
    to: Version,
    bounds: Resolved,
    most_before: u32,
) -> Vec<Action> {
    let pool = view.pool;
    let mut sizes: Vec<(Version, u32)> = Version::EVERY
        .iter()
        .map(|&version| (version, pool.desired(version)))
        .filter(|&(_, size)| size > 0)
        .collect();
    let wanted = match sizes[..] {
        [] => vec![(to, view.desired)],
        [(version, _)] => vec![(version, view.desired)],
        _ => {
            let most = if view.desired > 0 { view.desired + bounds.surge } else { 0 };
            let sum: u32 = sizes.iter().map(|&(_, size)| size).sum();
            let change = i64::from(most) - i64::from(sum);
            // The largest first; of equals the newer one grows first and the older shrinks first.
            sizes.sort_by_key(|&(version, size)| {
                let age = version.index() as i64;
                (std::cmp::Reverse(size), if change > 0 { -age } else { age })
            });
            shares(&sizes, change, view.desired + bounds.surge, most_before)
        }
    };
    let reason = Reason::with(
        "a share of {} instances and {} above",
        [view.desired.into(), bounds.surge.into(), 0.0],
    );
    let changed = wanted.into_iter().filter(|&(version, size)| size != pool.desired(version));
    changed.map(|(version, to)| Action::Scale { version, to, pick: Pick::Any, reason }).collect()
}

/// The version that comes is at full size and available: nothing is left for the others
/// (`IsSaturated` in the same file).
pub(super) fn give_up(view: &View<'_>, from: &[Version]) -> Vec<Action> {
    let reason = Reason::new("the version that comes is at full size");
    let there = from.iter().filter(|&&version| view.pool.desired(version) > 0);
    there.map(|&version| Action::Scale { version, to: 0, pick: Pick::Any, reason }).collect()
}

/// `GetReplicaSetProportion` (`pkg/controller/deployment/util/deployment_util.go`) for each.
fn shares(
    sizes: &[(Version, u32)],
    change: i64,
    most: u32,
    most_before: u32,
) -> Vec<(Version, u32)> {
    let mut added = 0;
    let mut wanted: Vec<(Version, i64)> = Vec::new();
    for &(version, size) in sizes {
        let allowed = change - added;
        let grown = f64::from(size) * f64::from(most) / f64::from(most_before.max(1));
        // Halves are rounded away from nothing.
        let share = grown.round() as i64 - i64::from(size);
        let share = match change {
            0 => 0,
            _ if allowed == 0 => 0,
            1.. => share.min(allowed),
            _ => share.max(allowed),
        };
        added += share;
        wanted.push((version, i64::from(size) + share));
    }
    if let Some(largest) = wanted.first_mut() {
        largest.1 += change - added;
    }
    wanted.into_iter().map(|(version, size)| (version, size.max(0) as u32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Pool;

    /// Growing from 10 to 20 with 3 old and 10 new, 3 above: 26 in all before scaling by 23 / 13.
    #[test]
    fn the_published_example() {
        let mut pool = Pool::new(10, 1);
        pool.set_desired(Version::Old, 3);
        pool.set_desired(Version::New, 10);
        let bounds = Resolved { unavailable: 5, surge: 5 };
        let sizes = |actions: Vec<Action>| -> Vec<(Version, u32)> {
            let size = |action: &Action| match *action {
                Action::Scale { version, to, .. } => (version, to),
                _ => panic!("only sizes change"),
            };
            actions.iter().map(size).collect()
        };
        let grown = scale(&View::of(&pool, 20), Version::New, bounds, 13);
        assert_eq!(sizes(grown), [(Version::New, 19), (Version::Old, 6)]);
        pool.set_desired(Version::New, 0);
        let one = scale(&View::of(&pool, 20), Version::New, bounds, 13);
        assert_eq!(sizes(one), [(Version::Old, 20)]);
    }
}
