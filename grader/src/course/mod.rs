//! The course: exercises, and what is asserted of each.
//!
//! An exercise is run in one or more *scenarios* (as it comes; with a slow child; with a fork that
//! fails). A *check* judges one run at a time; it holds if it holds in every scenario that it names.
//!
//! Invariant: a check sees a run and nothing else. It never prints and never lays text out.

pub mod check;
pub mod scenario;

pub use check::{Check, Finding, Judgement};
pub use scenario::{FileAfter, Run, Scenario};

use grader_trace::Trace;

/// An exercise.
pub struct Exercise {
    /// Its stable name, which is also its package's.
    pub id: &'static str,
    /// The folder of its chapter.
    pub chapter: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// What one knows afterwards, in a sentence.
    pub aha: &'static str,
    /// Whether it gives points.
    pub counted: bool,
    /// The runs that are made of it.
    pub scenarios: fn() -> Vec<Scenario>,
    /// What is asserted, in the order in which it is reported.
    pub checks: &'static [Check],
    /// An invented run in which everything is as it should be: the picture of what is wanted.
    pub wanted: fn() -> Trace,
}
