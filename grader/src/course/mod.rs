//! The course: exercises, and what is asserted of each.
//!
//! An exercise is run in one or more *scenarios* (as it comes; with a slow child; with a fork that
//! fails). A *check* judges one run at a time; it holds if it holds in every scenario that it names.
//!
//! ```text
//! Exercise ─▶ Scenario, Scenario, … ─▶ Run, Run, … ─▶ grade ─▶ Grade
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`check`] | a check, and what judging one run comes to |
//! | [`scenario`] | the circumstances of a run, and the run |
//! | [`grade`](mod@grade) | all runs of an exercise together: its verdict |
//! | [`unwritten`], [`blocked`] | programs that stop at a `todo!()`, programs that never end |
//! | [`naming`] | what tasks and endings are called in sentences |
//! | [`processes`], [`tasks`] | the chapters |
//!
//! Invariant: a check sees a run and nothing else. It never prints and never lays text out.

pub mod blocked;
pub mod check;
pub mod grade;
pub mod naming;
pub mod processes;
pub mod scenario;
pub mod tasks;
pub mod unwritten;

pub use check::{Check, Finding, Judgement, Objection, premise};
pub use grade::{CheckGrade, CheckOutcome, Grade, Proved, grade, holds_in};
pub use scenario::{FileAfter, Run, Scenario};

use grader_trace::Trace;
use grader_tracer::Watch;

/// All exercises, in the order of the course.
pub fn exercises() -> &'static [Exercise] {
    use {processes::*, tasks::*};
    static COURSE: [Exercise; 12] = [
        hello::EXERCISE,
        fork::EXERCISE,
        address_space::EXERCISE,
        wait::EXERCISE,
        fork_tree::EXERCISE,
        exec::EXERCISE,
        redirect::EXERCISE,
        pipe::EXERCISE,
        zombies::EXERCISE,
        clone_flags::EXERCISE,
        raw_thread::EXERCISE,
        tls::EXERCISE,
    ];
    &COURSE
}

/// The exercise with this id.
pub fn find(id: &str) -> Option<&'static Exercise> {
    exercises().iter().find(|exercise| exercise.id == id)
}

/// An exercise.
#[derive(Debug)]
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
    /// The families of calls that its checks ask about.
    pub watch: Watch,
    /// Whether its checks look at the order in which different processes write to standard output. If so, schedules that
    /// differ in it are executed one by one.
    pub order_counts: bool,
    /// The runs that are made of it.
    pub scenarios: fn() -> Vec<Scenario>,
    /// What is asserted, in the order in which it is reported.
    pub checks: &'static [Check],
    /// An invented run in which everything is as it should be: the picture of what is wanted.
    pub wanted: fn() -> Trace,
}

impl Exercise {
    /// What its checks are worth together.
    pub fn points(&self) -> u32 {
        self.checks.iter().map(|check| check.points).sum()
    }

    /// The check with this id.
    pub fn check(&self, id: &str) -> Option<&'static Check> {
        self.checks.iter().find(|check| check.id == id)
    }
}
