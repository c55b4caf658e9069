//! What the tracer sees of real programs, one file a subject.
//!
//! Each test runs a program that does exactly one thing (a mode of the
//! `specimen`), and asks the recording about it. No test sleeps to be in time:
//! whoever must wait for something waits for a condition.

#![allow(clippy::expect_used, reason = "a test that cannot be made says so")]

mod births;
mod company;
mod container;
mod ends;
mod limits;
mod output;
mod plan;
mod restarts;
mod signals;
mod stage;
mod start;
mod threads;
