//! Where does chance come from? Streams and counter-based draws, each with a named purpose, and
//! the laws that turn a draw into a duration.
//!
//! This room knows seeds and distributions. It must not know what is being drawn for: adding a
//! purpose moves no other draw.

mod gamma;
#[cfg(test)]
mod golden;
mod law;
mod stream;
mod written;

pub use gamma::Gamma;
pub use law::Law;
pub use stream::{Key, Purpose, Seed, unit};
pub use written::LawError;
