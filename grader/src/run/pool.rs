//! Many runs on all processors.

use super::Effort;
use crate::course::{Run, Scenario};
use crate::interrupt;
use grader_trace::Ending;
use grader_tracer::{Trouble, Watch};
use std::io;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A program, and all the ways in which it is to be run.
#[derive(Debug)]
pub struct Job {
    /// The program.
    pub program: PathBuf,
    /// Which calls its checks ask about.
    pub watch: Watch,
    /// Whether the order in which different processes write to standard output counts.
    pub order_counts: bool,
    /// Whether source lines will be asked for.
    pub lines: bool,
    /// The circumstances of each run.
    pub scenarios: Vec<Scenario>,
}

/// The runs of a job, in the order of its scenarios, and why some were not made.
pub type Runs = Vec<Result<Run, Trouble>>;

/// Makes every run of every job, several at a time.
///
/// `done` is called with the index of a job and its runs, in the order of its scenarios, as soon as the last of
/// them is over; jobs may finish in any order, on any thread. If the grader is asked to end, some never do.
pub fn run_all(jobs: &[Job], threads: usize, done: impl Fn(usize, Runs) + Sync) {
    let steps: Vec<(usize, usize)> = jobs
        .iter()
        .enumerate()
        .flat_map(|(job, Job { scenarios, .. })| (0..scenarios.len()).map(move |scenario| (job, scenario)))
        .collect();
    let slots: Vec<Slots> =
        jobs.iter().map(|job| Mutex::new(job.scenarios.iter().map(|_| None).collect())).collect();
    let hung: Vec<AtomicBool> = jobs.iter().map(|_| AtomicBool::new(false)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(&(job, scenario)) = steps.get(next.fetch_add(1, Ordering::Relaxed)) {
            if interrupt::runs().is_cancelled() {
                return;
            }
            let scenario_of = &jobs[job].scenarios[scenario];
            let effort = if hung[job].load(Ordering::Relaxed) { Effort::Little } else { Effort::Full };
            let result = catch_unwind(|| super::run(&jobs[job], scenario_of, effort));
            let result = result.unwrap_or_else(|_| Err(broken()));
            if result.as_ref().is_ok_and(|run| *run.recording.trace.ending() == Ending::TimedOut) {
                hung[job].store(true, Ordering::Relaxed);
            }
            if let Some(runs) = put(&slots[job], scenario, result) {
                done(job, runs);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.clamp(1, steps.len().max(1)) {
            scope.spawn(work);
        }
        work();
    });
}

/// A fault of the grader's own.
fn broken() -> Trouble {
    let error = io::Error::other("the tracer itself broke; please report it");
    Trouble::System { operation: "following the program", error }
}

/// The places for the runs of a job.
type Slots = Mutex<Vec<Option<Result<Run, Trouble>>>>;

/// Puts a run in its place; all of them, if it was the last.
fn put(slots: &Slots, place: usize, run: Result<Run, Trouble>) -> Option<Runs> {
    let mut slots = slots.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    slots[place] = Some(run);
    slots.iter().all(Option::is_some).then(|| slots.drain(..).flatten().collect())
}
