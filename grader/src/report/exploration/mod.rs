//! What all schedules of a program come to: a document for programs, a page for people.

mod document;
mod page;

pub use document::json;
pub use page::describe;

use crate::explore::Exploration;
use grader_explorer::Fault;
use grader_explorer::faults::Place;
use grader_trace::{Errno, Operation};
use grader_tracer::Stdout;
use std::borrow::Cow;
use std::ffi::OsString;

/// A program, and what was found of it.
#[derive(Debug, Clone, Copy)]
pub struct Explored<'a> {
    /// The program and its arguments.
    pub command: &'a [OsString],
    /// What its standard output was.
    pub stdout: Stdout,
    /// What was found.
    pub exploration: &'a Exploration,
}

const OUT_OF_TIME: &str = "there was no time for more";

/// Words for what fails at a place, and who allows it.
fn fault(place: &Place) -> (String, &'static str) {
    const KERNEL: &str = "this kernel does it";
    const POSIX: &str = "POSIX allows it";
    match place.fault {
        Fault::Error(Errno::EAGAIN) => ("fork fails with EAGAIN".into(), KERNEL),
        Fault::Error(Errno::ENOENT) => ("exec fails with ENOENT".into(), KERNEL),
        Fault::Error(Errno::EACCES) => ("exec fails with EACCES".into(), KERNEL),
        Fault::Error(Errno::EMFILE) => ("pipe fails with EMFILE".into(), KERNEL),
        Fault::Error(Errno::EINTR) => ("a wait, read or write is interrupted (EINTR)".into(), KERNEL),
        Fault::Error(errno) => (format!("a call fails with {errno}"), KERNEL),
        Fault::Short(1) => ("a read or write moves one byte only".into(), POSIX),
        Fault::Short(bytes) => (format!("a read or write moves {bytes} bytes only"), POSIX),
    }
}

/// What a task does that never goes on.
fn call(op: &Operation) -> &'static str {
    match op {
        Operation::Wait(_) => "wait",
        Operation::Read { .. } => "read",
        Operation::Write { .. } => "write",
        Operation::Await { .. } => "poll or pause",
        Operation::Open { .. } => "open",
        _ => "another call",
    }
}

/// An argument as it is typed into a shell.
fn typed(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+,-./:=@_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''")).into()
}

/// The command line that runs a schedule again; `replay` is how to call that command.
fn again(explored: &Explored<'_>, schedule: &str, replay: &str) -> String {
    let stdout = match explored.stdout {
        Stdout::Terminal => "",
        Stdout::Pipe => " --stdout pipe",
    };
    let words: Vec<String> =
        explored.command.iter().map(|word| typed(&word.to_string_lossy()).into_owned()).collect();
    format!("{replay}{stdout} '{schedule}' -- {}", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_understand_otherwise_is_quoted() {
        let words = ["./a-b_c", "", "a b", "it's", "$HOME", "0*3"];
        let typed: Vec<Cow<str>> = words.into_iter().map(typed).collect();
        assert_eq!(typed, ["./a-b_c", "''", "'a b'", r"'it'\''s'", "'$HOME'", "'0*3'"]);
    }
}
