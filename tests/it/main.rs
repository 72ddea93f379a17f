//! Integration tests, one module for each promise.

mod balancers;
mod cases;
mod cli;
mod differential;
mod golden;
mod laws;
mod ledger;
mod life;
mod source;
mod theory;
mod tidy;
mod world;
