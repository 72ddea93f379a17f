//! Integration tests, one module for each promise.

mod source;
mod theory;
mod tidy;
