//! Gates that are asked to look at once, at moments of a strategy's own choice.

use std::sync::Arc;

use super::super::world::World;
use super::{AtWork, Place};
use crate::gate::{Outcome, Rule, State, Together};
use crate::strategy::Checked;

impl World<'_> {
    /// Each of these gates looks once, now. What is not a pass counts as a failure: a strategy that
    /// asks needs an answer.
    pub(in crate::sim) fn check_now(&mut self, names: &Arc<[String]>) {
        let mut has_passed = true;
        for name in names.iter() {
            let Some(gate) = self.plan.gate_called(name) else { continue };
            let Some(work) = self.check_called(gate) else { continue };
            let (state, said) = self.ask(work);
            if state != State::Passed {
                has_passed = false;
                self.tell("gate-failed", format!("{name}: {said}"));
            }
        }
        self.gates.checked = Some(Checked { at: self.now, has_passed });
    }

    /// Whether a gate would fail by what its window holds now.
    pub(super) fn is_red(&mut self, gate: usize) -> bool {
        self.check_called(gate).is_some_and(|work| self.ask(work).0 == State::Failed)
    }

    /// The place of a gate among those at work; it takes one the first time it is asked.
    fn check_called(&mut self, gate: usize) -> Option<usize> {
        let is_it = |one: &AtWork| one.gate == gate && one.place == Place::Check;
        if let Some(work) = self.gates.at_work.iter().position(is_it) {
            return Some(work);
        }
        let (together, watches) = match &self.plan.gates[gate].rule {
            Rule::Test(_) => (Together::All, vec![gate]),
            Rule::Several(together, members) => (*together, members.clone()),
        };
        let parts = watches.into_iter().map(|watch| self.part_of_check(watch)).collect();
        let (parts, state): (Option<Vec<_>>, _) = (parts, State::Running);
        let one =
            AtWork { gate, place: Place::Check, together, parts: parts?, state, is_over: false };
        self.gates.at_work.push(one);
        Some(self.gates.at_work.len() - 1)
    }

    /// What a gate says now, with its reason.
    fn ask(&mut self, work: usize) -> (State, String) {
        let (mut states, mut said) = (Vec::new(), Vec::new());
        for number in 0..self.gates.at_work[work].parts.len() {
            let Some(verdict) = self.verdict(work, number) else { continue };
            self.gates.at_work[work].parts[number].tally.looks += 1;
            states.push(match verdict.outcome {
                Outcome::Pass => State::Passed,
                Outcome::Fail => State::Failed,
                Outcome::Inconclusive | Outcome::Error => State::Inconclusive,
            });
            said.push(verdict.reason);
        }
        (self.gates.at_work[work].together.state(&states), said.join("; "))
    }
}
