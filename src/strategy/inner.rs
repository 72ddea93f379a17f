//! The strategy that another one runs: named in the scenario, found there later.

use std::sync::Arc;

use serde::Deserialize;

use super::{Action, GateUse, Parameters, Reason, Setup, Strategy, View};

/// The field `inner` of a strategy that composes another.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct Inner {
    name: String,
    found: Option<Arc<dyn Parameters>>,
}

impl From<String> for Inner {
    fn from(name: String) -> Self {
        Self { name, found: None }
    }
}

impl Inner {
    /// What the scenario calls it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The same once it has been found.
    pub(super) fn found(&self, found: Arc<dyn Parameters>) -> Self {
        Self { name: self.name.clone(), found: Some(found) }
    }

    /// A reconciler at the beginning of its work. The scenario reports one that is not there.
    pub(super) fn begin(&self, setup: Setup) -> Box<dyn Strategy> {
        match &self.found {
            Some(found) => found.begin(setup),
            None => Box::new(Nothing),
        }
    }

    /// Whether a third version can take over from it.
    pub(super) fn can_supersede(&self) -> bool {
        self.found.as_ref().is_some_and(|inner| inner.can_supersede())
    }

    /// The gates that it asks for. Whether they have the time to look is said where they are
    /// written.
    pub(super) fn gates(&self) -> impl Iterator<Item = GateUse> + '_ {
        let gates = self.found.iter().flat_map(|inner| inner.gates());
        gates.map(|one| GateUse { field: "inner".into(), time: None, share: None, ..one })
    }
}

/// No strategy at all.
#[derive(Debug)]
struct Nothing;

impl Strategy for Nothing {
    fn decide(&mut self, _: &View<'_>) -> Vec<Action> {
        vec![Action::Finish(Reason::new("there is no inner strategy"))]
    }
}
