//! Makes traces: runs a program on the real kernel under ptrace and writes down what the kernel saw.
//!
//! ```text
//! Launch ─▶ start ─▶ a seized child ─▶ engine ─▶ stops ─▶ decode ─▶ events ─▶ Recording
//!             │                          ▲
//!           filter: which calls stop ────┘
//! ```
//!
//! | module | what it is for |
//! |---|---|
//! | [`launch`] | what to run, under which circumstances and limits |
//! | `start` | from there to a seized child that stands before its exec |
//! | `filter` | the seccomp program that decides which calls stop |
//! | `engine` | the loop that answers every stop of every task |
//! | `decode` | from system calls to operations, one file a family |
//! | `output` | collects what the run writes, on a thread of its own |
//! | `sys`, `arch` | the kernel's and the processor's interface |
//! | [`recording`] | what a run leaves behind |
//! | [`interrupt`] | signals that ask the tracer itself to end |
//!
//! All tasks run in parallel on real hardware; the tracer only records, and holds back or refuses what a
//! [`Plan`] names. Nothing here knows what a program is for, or whether it did well.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("the tracer needs Linux on x86-64");

mod arch;
#[cfg(feature = "controlled")]
pub mod controlled;
mod decode;
mod engine;
mod filter;
pub mod interrupt;
pub mod launch;
mod output;
pub mod recording;
mod start;
mod sys;
pub mod trouble;

pub use launch::*;
pub use recording::{Captured, Recording};
pub use sys::memory::reads_memory_in_bulk;
pub use trouble::Trouble;

use engine::{Engine, Executed};
use filter::Filter;

/// Runs a program to its end, or to the limits, and tells what happened.
///
/// When it returns, no task of the run is alive; if the calling process is killed, the kernel kills them too.
/// The process becomes a subreaper (see PR_SET_CHILD_SUBREAPER(2const)), so that orphans of the run can be
/// reaped. Several runs may be under way at once, each in a thread of its own.
///
/// # Errors
/// The grader's own trouble only: a file that cannot be executed, a machine that forbids ptrace, a system
/// call of the tracer's that failed. Whatever the program does wrong is in the recording.
pub fn run(launch: &Launch, cancel: &Cancel) -> Result<Recording, Trouble> {
    // ptrace and waitpid are bound to a thread: the run gets one that has no other children.
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("tracer".into())
            .spawn_scoped(scope, || run_here(launch, cancel))
            .map_err(|error| Trouble::System { operation: "starting a thread", error })?
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn run_here(launch: &Launch, cancel: &Cancel) -> Result<Recording, Trouble> {
    sys::process::become_subreaper()
        .map_err(|error| Trouble::System { operation: "becoming a subreaper (prctl)", error })?;
    let filter = Filter::new(launch.watch, launch.plan.exit.is_some());
    let (streams, ends) = start::Streams::open(launch)?;
    let drain = output::Drain::start(ends, launch.limits.output_bytes)?;
    let mut engine = Engine::new(launch, cancel, streams.names())?;
    let mut started = start::start(launch, &filter, &streams, start::Counter::Answers, None)?;
    let terminal = streams.terminal.clone();
    let keep = streams.let_go();
    let recording = match engine.run(started.pid) {
        Err(trouble) => {
            engine.abandon();
            return Err(trouble);
        }
        Ok(Executed::No) => return Err(started.failure(launch)),
        Ok(Executed::Yes) => engine.finish(terminal),
    };
    let [stdout, stderr] = drain.finish();
    drop(keep);
    Ok(Recording { stdout, stderr, ..recording })
}
