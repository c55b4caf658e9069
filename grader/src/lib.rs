//! The command: a learner's program goes in, what the kernel saw of it comes out.
//!
//! ```text
//! command line ─▶ workspace ─▶ submission ─▶ build ─▶ run ─▶ course ─▶ report
//!                 which        fit to be     one      every  every    one model,
//!                 exercises    compiled?     cargo    scene  check    every format
//! ```
//!
//! [`examine`] walks this road for a number of exercises; [`commands`] has one file a subcommand.
//!
//! | module | what it holds |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`workspace`] | the learner's checkout |
//! | [`submission`] | what is handed in, and whether the compiler can be trusted with it |
//! | [`build`](mod@build) | cargo, and how to leave it out when nothing has changed |
//! | [`run`] | a program and a scenario make a run |
//! | [`course`] | the exercises, and what is asserted of each |
//! | [`examine`] | all of it, for a number of exercises |
//! | [`explore`](mod@explore) | every schedule of a program |
//! | [`report`] | what was found, as data and as text |
//! | [`verify`](mod@verify) | the course checks itself |
//! | [`doctor`] | what this machine allows |
//! | [`skeleton`] | the exercises as they were shipped |
//! | [`progress`] | how far the learner is |
//! | [`interrupt`] | Ctrl-C: nothing stays behind |
//! | [`problem`], [`output`], [`replace`], [`terminal`], [`busy`] | speaking to people and to files |
//!
//! Invariants: a learner's mistake is a value and ends up in a report; the grader's own trouble is a
//! [`problem::Problem`] and ends up as one message on standard error. They share no type and no exit status.

#![forbid(unsafe_code)]
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

pub mod build;
pub mod busy;
pub mod cli;
pub mod commands;
pub mod course;
pub mod doctor;
pub mod examine;
pub mod explore;
pub mod interrupt;
pub mod output;
pub mod problem;
pub mod progress;
pub mod replace;
pub mod report;
pub mod run;
pub mod skeleton;
pub mod submission;
pub mod terminal;
pub mod verify;
pub mod workspace;
