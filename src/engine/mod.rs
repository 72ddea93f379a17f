//! What happens next? The calendar of the control plane.
//!
//! This room knows order. It must not know what is ordered.

mod calendar;

pub use calendar::{Calendar, Rank};
