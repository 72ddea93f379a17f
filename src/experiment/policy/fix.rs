//! Which one change would put right what is broken?

/// What was tried for a subject, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The subject's name.
    pub subject: String,
    /// How many changes were tried.
    pub tried: usize,
    /// What was found.
    pub outcome: Outcome,
}

/// Whether a change was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This one.
    Found(Change),
    /// None of those that were tried.
    None,
}

/// One field with another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field's path.
    pub path: String,
    /// Its value, as it is written in a scenario.
    pub value: String,
    /// What it is now, as it is written; none if nothing is.
    pub before: Option<String>,
}

impl Change {
    /// What follows `--set`.
    #[must_use]
    pub fn typed(&self) -> String {
        format!("{}={}", self.path, self.value.trim_matches('"'))
    }
}
