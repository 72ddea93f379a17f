//! What is a number here? Time, shares, counts and identifiers, each a type of its own.
//!
//! This room knows arithmetic and rounding. It must not know what an instance, a request or a
//! file is.

mod bins;
mod count;
mod exact_sum;
mod id;
mod offset;
mod ratio;
mod time;
mod written;

pub use bins::{Bins, Merge};
pub use count::{CountOrPercent, Rounding};
pub use exact_sum::ExactSum;
pub use id::{InstanceId, PartId, Version, ZoneId};
pub use offset::Offset;
pub use ratio::Ratio;
pub use time::{SimDuration, SimTime};
pub use written::WrittenError;
