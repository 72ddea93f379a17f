//! Integration tests, one module for each promise.

mod balancers;
mod cases;
mod cli;
mod differential;
mod faults;
mod golden;
mod laws;
mod life;
mod source;
mod theory;
mod tidy;
mod world;
