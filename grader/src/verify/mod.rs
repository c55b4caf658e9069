//! The course checks itself.
//!
//! ```text
//! course, fixtures ─▶ cases ─▶ one cargo workspace ─▶ built ─▶ run, judged ─▶ as expected? ─▶ lines
//! ```
//!
//! A case is a program whose verdict is known beforehand: a skeleton is unwritten, a solution passes, a fixture
//! says in its first line what must come of it. All of them are programs of one generated package under
//! `target/verify`, so that one call of cargo builds them and what they depend on is built once.
//!
//! | module | what it holds |
//! |---|---|
//! | [`header`] | the opening lines of a fixture |
//! | [`cases`] | all cases, and what is wrong with the fixtures as files |
//! | [`bench`](mod@bench) | the generated package |
//! | [`comparison`] | what was expected against what was found |
//! | [`coverage`] | is there a broken fixture for every check, and are there enough? |
//!
//! Invariant: the lines depend on the verdicts only: the same course gives the same lines each time.

pub mod bench;
pub mod cases;
pub mod comparison;
pub mod coverage;
pub mod header;

use crate::build::{self, Built};
use crate::busy::Busy;
use crate::course::Exercise;
use crate::examine::{Sites, judge, machine, without_run};
use crate::interrupt;
use crate::problem::Problem;
use crate::run::{Job, run_all};
use crate::workspace::Workspace;
use cases::Case;
use comparison::{Line, compare};
use std::sync::Mutex;

/// Builds, runs and judges every case, and compares. The lines are in the order of the cases.
pub fn verify(workspace: &Workspace, cases: &[Case]) -> Result<Vec<Line>, Problem> {
    let bench = bench::set_up(workspace, cases)?;
    let built = {
        let busy = Busy::with_text();
        build::build(&bench.workshop, &bench.packages, &|said| busy.say(said))?
    };
    let lines: Vec<Mutex<Option<Line>>> = cases
        .iter()
        .zip(&built)
        .map(|(case, built)| Mutex::new(without_run(case.exercise, built).map(|found| compare(case, &found))))
        .collect();
    let mut jobs = Vec::new();
    let mut runnable = Vec::new();
    for (index, (case, built)) in cases.iter().zip(&built).enumerate() {
        if let Built::Program(program) = built {
            let (program, scenarios) = (program.clone(), (case.exercise.scenarios)());
            let Exercise { watch, order_counts, .. } = *case.exercise;
            jobs.push(Job { program, watch, order_counts, lines: false, scenarios });
            runnable.push(index);
        }
    }
    let busy = Busy::counting("judging", jobs.len());
    let sites = Sites::new(Some(workspace));
    // Broken programs sleep, or wait for what never comes: meanwhile others run.
    run_all(&jobs, 2 * machine().processors, |job, runs| {
        let case = &cases[runnable[job]];
        let line = compare(case, &judge(case.exercise, &jobs[job], runs, &sites));
        *lines[runnable[job]].lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(line);
        busy.step();
    });
    interrupt::heed()?;
    let inner =
        |line: Mutex<Option<Line>>| line.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    Ok(lines.into_iter().filter_map(inner).collect())
}
