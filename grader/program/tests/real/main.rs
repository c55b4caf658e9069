//! The whole package against real programs: built here, run here, stopped in the act.
#![allow(clippy::expect_used, reason = "clippy knows only functions marked as tests for tests")]

mod damage;
mod inspection;
mod sites;
mod stopped;
