//! How sure are we? Intervals, quantiles, and the only `ln`/`exp`/`pow` of the project.
//!
//! This room knows numbers and their uncertainty. It must not know what was measured.

pub mod beta;
pub mod binomial;
pub mod control;
pub mod gamma;
pub mod interval;
#[cfg(test)]
pub(crate) mod ishigami;
pub mod math;
pub mod morris;
pub mod multiple;
pub mod normal;
pub mod paired;
pub mod pareto;
pub mod proportion;
pub mod quantile;
pub mod rank;
pub mod ratio;
#[cfg(test)]
mod reference;
pub mod selection;
pub mod sequential;
pub mod sobol;
pub mod sobol_sequence;
pub mod student;
pub mod warmup;
