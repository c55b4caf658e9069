//! Two tracers, one truth: what this tracer records is what strace reports. See `strace/mod.rs`.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::expect_used, reason = "a test that cannot be made says so")]

mod strace;

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use strace::case::Case;
use strace::{both, programs};

#[test]
fn system_programs_do_what_strace_says_they_do() {
    compare(&programs::system());
}

#[test]
fn solutions_and_fixtures_do_what_strace_says_they_do() {
    compare(&programs::course().expect("the course can be built"));
}

#[test]
fn births_ends_and_execs_of_every_kind_are_what_strace_says_they_are() {
    compare(&programs::specimen().expect("the specimen can be built"));
}

/// Runs all cases under both tracers, as many at a time as there are processors.
fn compare(cases: &[Case]) {
    let Some(strace) = both::strace() else {
        skip("strace is not installed; nothing was compared");
        return;
    };
    let next = AtomicUsize::new(0);
    let differences = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(difference) = both::run(case, &strace) {
                        differences.lock().expect("no thread panics while it holds this").push(difference);
                    }
                }
            });
        }
    });
    let differences = differences.into_inner().expect("no thread panics while it holds this");
    assert!(
        differences.is_empty(),
        "{} of {}:\n{}",
        differences.len(),
        cases.len(),
        differences.join("\n\n")
    );
}

/// Says on the real standard error, past the test harness, that something was not tested.
fn skip(why: &str) {
    let line = format!("SKIPPED: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("standard error is open");
}
