//! The recorded facts. What the tracer writes down, and nothing derived from it.

pub mod births;
pub mod event;
pub mod ids;
pub mod operation;
pub mod snapshot;
pub mod status;
pub mod threads;
pub mod waits;
