//! The command: a learner's program goes in, what the kernel saw of it comes out.

#![forbid(unsafe_code)]

pub mod course;
pub mod report;
