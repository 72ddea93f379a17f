//! The strategies of Argo Rollouts, whose arithmetic is its own.
//!
//! | file | what it answers |
//! |---|---|
//! | `canary.rs` | which parameters does `argo-canary` have, and which fit together? |
//! | `course.rs` | what does one reconcile of a canary do? |
//! | `abort.rs` | and one of an aborted canary? |
//! | `blue_green.rs`, `switch.rs` | the same of `argo-blue-green` |
//! | `weights.rs`, `basic.rs`, `routed.rs`, `preview.rs` | how many pods, and which weight? |
//! | `step.rs` | which step is in force? |
//! | `way.rs` | which version comes, and how often does the controller look? |
//!
//! The arithmetic is public: recorded reconciles of the controller are replayed on it.

mod abort;
pub mod basic;
mod blue_green;
mod canary;
mod course;
pub mod preview;
pub mod routed;
mod step;
mod switch;
mod way;
pub mod weights;

pub use step::{CanaryScale, Step};

pub(super) const CANARY: super::Kind = canary::KIND;
pub(super) const BLUE_GREEN: super::Kind = blue_green::KIND;
