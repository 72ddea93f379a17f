//! What a pause comes to while gates look: wait, go on, or ask a person.

use std::sync::Arc;

use super::{Action, View};
use crate::gate::State;
use crate::traffic::Phase;
use crate::units::SimTime;

/// What follows for a step that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It waits on.
    Wait,
    /// It is over.
    GoOn,
    /// Its gates cannot tell whether it may go on.
    Ask,
}

/// What follows for a step that waits until a moment, which a person ends by setting it to zero.
/// A gate that failed is not the strategy's to answer.
pub(super) fn next(view: &View<'_>, until: SimTime) -> Next {
    let is_over = view.now >= until;
    let Some(gates) = view.gates.filter(|_| until > SimTime::ZERO) else {
        return if is_over { Next::GoOn } else { Next::Wait };
    };
    match (gates.now, gates.at_the_end) {
        (State::Failed, _) => Next::Wait,
        (State::Inconclusive, _) => Next::Ask,
        _ if !is_over => Next::Wait,
        (_, State::Passed) => Next::GoOn,
        (_, State::Failed) => Next::Wait,
        _ => Next::Ask,
    }
}

/// Waits on purpose until a moment, gates looking meanwhile.
pub(super) fn begin(until: SimTime, gates: &Arc<[String]>) -> Vec<Action> {
    let mut actions = vec![Action::Phase(Phase::Baking), Action::WakeAt(until)];
    if !gates.is_empty() {
        actions.push(Action::RunGates(Arc::clone(gates)));
    }
    actions
}

/// The wait is over, and with it its gates.
pub(super) fn end(view: &View<'_>) -> Vec<Action> {
    view.gates.map(|_| Action::EndGates).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Pool;
    use crate::strategy::Standing;
    use crate::units::SimDuration;

    #[test]
    fn a_pause_with_gates() {
        use State::{Failed, Inconclusive, Passed, Running};
        let at = |seconds| SimTime::ZERO + SimDuration::from_secs(seconds);
        let pool = Pool::new(1, 1);
        for (now, standing, expected) in [
            (30, None, Next::Wait),
            (60, None, Next::GoOn),
            (30, Some((Passed, Passed)), Next::Wait),
            (60, Some((Passed, Passed)), Next::GoOn),
            (60, Some((Running, Passed)), Next::GoOn),
            (60, Some((Running, Inconclusive)), Next::Ask),
            (30, Some((Inconclusive, Inconclusive)), Next::Ask),
            (60, Some((Failed, Failed)), Next::Wait),
        ] {
            let gates = standing.map(|(now, at_the_end)| Standing { now, at_the_end });
            let view = View { now: at(now), gates, ..View::of(&pool, 1) };
            assert_eq!(next(&view, at(60)), expected, "{now} {standing:?}");
        }
        let lost = Some(Standing { now: Inconclusive, at_the_end: Inconclusive });
        let view = View { now: at(30), gates: lost, ..View::of(&pool, 1) };
        assert_eq!(next(&view, SimTime::ZERO), Next::GoOn, "a person lets it go on");
    }
}
