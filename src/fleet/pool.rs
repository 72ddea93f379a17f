//! All instances, their counts, and who goes first.

/// All instances of one run.
#[derive(Debug)]
pub struct Pool {}
