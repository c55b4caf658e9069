//! The derived facts: folds over the events of a trace.

pub mod descriptors;
pub mod memory;
pub mod output;
pub mod tasks;
