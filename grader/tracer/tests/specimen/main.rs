//! A program that does everything a traced program may do: one mode for each test.
//!
//! What can be known inside of the program is asserted here, so that it ends with
//! 101 if the kernel's answers are not those that an untraced program gets. What
//! the tracer must have seen is asserted in the test of the same name.

#![allow(clippy::expect_used, reason = "a specimen that cannot do what it is for says so, and ends with 101")]

mod births;
mod counter;
mod ends;
mod firsts;
mod interprets;
mod kernel;
mod leaves;
mod limits;
mod output;
mod plan;
mod restarts;
mod schedules;
mod signals;
mod start;
mod threads;
mod tracing;

use std::process::ExitCode;

/// A subject's modes.
type Modes = fn(mode: &str, args: &[&str]) -> Option<i32>;

const SUBJECTS: [Modes; 15] = [
    births::mode,
    ends::mode,
    signals::mode,
    restarts::mode,
    output::mode,
    limits::mode,
    plan::mode,
    start::mode,
    threads::mode,
    tracing::mode,
    schedules::mode,
    interprets::mode,
    counter::mode,
    firsts::mode,
    leaves::mode,
];

fn main() -> ExitCode {
    kernel::own_program();
    let args: Vec<String> = std::env::args().collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let [_, mode, args @ ..] = &args[..] else {
        eprintln!("usage: specimen MODE [ARGUMENT…]; the modes are named like the tests");
        return ExitCode::from(2);
    };
    match SUBJECTS.iter().find_map(|subject| subject(mode, args)) {
        Some(code) => ExitCode::from(code as u8),
        None => {
            eprintln!("specimen: no mode `{mode}`");
            ExitCode::from(2)
        }
    }
}
