//! The report: what was found, as data. Every output format is a pure function of it.
//!
//! Invariant: nothing here decides. Verdicts come from the checks.

pub mod model;
