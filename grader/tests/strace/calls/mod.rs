//! From the text of a call to the operation that the tracer records for it: one file a family.
//!
//! Written from the man pages and not from the tracer's tables, so that a mistake there shows as a difference.

mod descriptors;
mod processes;
mod signals;
mod transfers;

use super::args;
use super::line::Answer;
use grader_trace::{Errno, Fd, Operation, Outcome};

/// As much of each string is asked for, and of each write compared, as the tracer keeps.
pub const DATA_BYTES: &str = "4096";

/// A finished call, or one that its task did not live to see finished.
#[derive(Debug)]
pub struct Call<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its arguments; the last ones are missing if it did not finish.
    pub args: Vec<&'a str>,
    /// What it answered.
    pub answer: Answer,
}

impl<'a> Call<'a> {
    fn text(&self, index: usize) -> &'a str {
        self.args.get(index).copied().unwrap_or_default()
    }

    fn number(&self, index: usize) -> u64 {
        args::number(self.text(index)).unwrap_or(0)
    }

    fn fd(&self, index: usize) -> Fd {
        Fd(self.number(index) as i32)
    }

    fn bytes(&self, index: usize) -> Vec<u8> {
        args::bytes(self.text(index)).unwrap_or_default()
    }

    fn outcome<T>(&self, value: impl FnOnce(u64) -> T) -> Outcome<T> {
        match self.answer {
            Answer::Value(number) => Outcome::Done(value(number)),
            Answer::Error(errno) => Outcome::Failed(errno),
            Answer::Interrupted | Answer::Never => Outcome::Unfinished,
        }
    }

    fn done(&self) -> Outcome<()> {
        self.outcome(drop)
    }
}

/// What strace is asked to show. `?` makes it ignore a name that it, or this machine, does not know.
pub fn traced() -> String {
    let families = [processes::NAMES, descriptors::NAMES, transfers::NAMES, signals::NAMES];
    let names: Vec<String> = families.iter().copied().flatten().map(|name| format!("?{name}")).collect();
    names.join(",")
}

/// The operation that a call is; `None` for one that the tracer does not record.
pub fn operation(call: &Call<'_>) -> Option<Operation> {
    processes::operation(call)
        .or_else(|| descriptors::operation(call))
        .or_else(|| transfers::operation(call))
        .or_else(|| signals::operation(call))
}

/// An error that the kernel does not let a program see as a failure of close(2): the descriptor is gone.
fn closed(outcome: Outcome<()>) -> Outcome<()> {
    match outcome {
        Outcome::Failed(errno) if errno != Errno::EBADF => Outcome::Done(()),
        other => other,
    }
}
