//! Integration tests, one module for each promise.

mod theory;
