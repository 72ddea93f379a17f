//! What a search found, as a table with reasons, as CSV and as JSON.

pub mod csv;
pub mod json;
pub mod table;
pub mod words;
