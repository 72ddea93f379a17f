//! A deterministic discrete-event simulator of software rollouts.

pub mod cli;
pub mod engine;
pub mod experiment;
pub mod fleet;
pub mod manifest;
pub mod measure;
pub mod random;
pub mod report;
pub mod scenario;
pub mod sim;
pub mod stats;
pub mod strategy;
pub mod traffic;
pub mod units;
