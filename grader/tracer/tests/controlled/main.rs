//! One task at a time, held to account: what the real kernel does under the explorer is what a simulated machine does,
//! what a schedule did once it does again, and what happens untraced had been foreseen.
//!
//! | file | claim |
//! |---|---|
//! | `text` | a program of the simulated machine as an argument of the specimen, which interprets it |
//! | `real`, `simulated` | all that can come of a program, by reduction on the kernel and by plain enumeration |
//! | `outcomes` | the two are the same |
//! | `beyond` | on the kernel alone: reduction finds what enumeration finds, with what the simulated machine has not |
//! | `passes` | what few preemptions show is found soon |
//! | `replays` | a schedule, and whatever differs from it only in the order of independent steps, is one execution |
//! | `starts` | executions that begin with a copy of a started program are those that begin with an exec |
//! | `audits` | the world is what the kernel says it is |
//! | `timers` | timers, as in `beyond` and `outcomes` |
//! | `terminals` | a terminal looks for signals before it takes anything, a pipe does not |
//! | `threads` | C programs of a few threads come to what a model says that knows nothing of the explorer |
//! | `counter` | what a program reads from the processor's counter, its schedule decides |
//! | `natively` | what untraced runs come to is among what was explored |
//!
//! Longer runs: `FORKLINGS_KERNEL_REPLAYS=N` (`replays`), `FORKLINGS_KERNEL_RUNS=N` (`natively`, `terminals`: so many of each
//! program),
//! `FORKLINGS_KERNEL_BEYOND=N` (`beyond`), `FORKLINGS_KERNEL_THREADS=N` (`threads`: so many generated programs), `FORKLINGS_KERNEL_PIPES=N` (`audits`),
//! `FORKLINGS_KERNEL_PROGRAMS=N`, `FORKLINGS_KERNEL_SEED=S`, `FORKLINGS_KERNEL_INTERLEAVINGS=M`, as in
//! `FORKLINGS_KERNEL_PROGRAMS=3000 cargo test -p grader-tracer --features controlled --test controlled generated`.

#![allow(clippy::expect_used, reason = "a test that cannot be made says so")]

mod audits;
mod beyond;
mod counter;
#[path = "../stage/folder.rs"]
#[expect(dead_code, reason = "these tests put no files into it")]
mod folder;
mod natively;
mod outcomes;
mod passes;
mod real;
mod replays;
mod simulated;
mod starts;
mod terminals;
mod text;
mod threads;
mod timers;

/// A number from the environment, for longer runs.
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
}
