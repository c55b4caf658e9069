//! The derived facts: folds over the events of a trace.

pub mod descriptors;
pub mod output;
pub mod tasks;
