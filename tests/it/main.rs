//! Integration tests, one module for each promise.

mod balancers;
mod binary;
mod cases;
mod check;
mod check_mixtures;
mod cli;
mod cluster;
mod compose;
mod coverage;
mod differential;
mod faults;
mod features;
mod features_argo;
mod features_cloud;
mod features_ticks;
mod gate_runs;
mod gates;
mod golden;
mod import;
mod laws;
mod ledger;
mod life;
#[cfg(target_os = "linux")]
mod memory;
mod scale;
mod sensitivity;
mod source;
mod theory;
mod tidy;
mod tune;
mod validate;
mod warmup;
mod workbench;
mod world;
