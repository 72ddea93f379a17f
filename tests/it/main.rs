//! Integration tests, one module for each promise.

mod cases;
mod differential;
mod source;
mod theory;
mod tidy;
mod world;
