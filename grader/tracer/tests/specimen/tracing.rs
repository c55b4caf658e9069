//! The specimen as a tracer: it runs itself in another mode, and writes the trace down.
//!
//! For tests that need a process of the tracer's own: to kill it, to put it
//! under a container's rules, to see that it has no child left.

use crate::kernel::*;
use grader_tracer::{Cancel, Launch, Limits, Plan, Stdin, Stdout, Watch, run};
use std::ffi::OsString;
use std::io::Write;
use std::ptr;
use std::time::Duration;

pub fn mode(mode: &str, args: &[&str]) -> Option<i32> {
    match (mode, args) {
        ("trace", inner) => Some(trace(inner)),
        _ => None,
    }
}

/// Traces the specimen in another mode; the trace goes to standard output.
fn trace(inner: &[&str]) -> i32 {
    let launch = Launch {
        program: std::env::current_exe().expect("/proc is there"),
        argv: [&["specimen"], inner].concat().iter().map(OsString::from).collect(),
        env: std::env::vars_os().collect(),
        dir: None,
        umask: None,
        stdin: Stdin::Null,
        stdout: Stdout::Terminal,
        limits: Limits {
            wall: Duration::from_secs(120),
            linger: Duration::from_secs(60),
            ..Limits::default()
        },
        watch: Watch::ALL,
        plan: Plan::default(),
        snapshots: true,
    };
    let recording = match run(&launch, &Cancel::default()) {
        Ok(recording) => recording,
        Err(trouble) => {
            eprintln!("{trouble}");
            return 3;
        }
    };
    // SAFETY: the status is not asked for.
    let left = unsafe { libc::waitpid(-1, ptr::null_mut(), libc::WNOHANG | libc::__WALL) };
    assert_eq!((left, errno()), (-1, libc::ECHILD), "a child is left after the run");
    let mut out = std::io::stdout().lock();
    grader_trace::file::write(&recording.trace, &mut out).expect("standard output takes the trace");
    out.flush().expect("standard output takes the trace");
    0
}
