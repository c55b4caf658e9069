//! What keeps a command from doing its work. Never a learner's mistake: those are findings.

use std::fmt;
use std::path::Path;

/// How a command ended, as its exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Status {
    /// All that was asked for is as it should be.
    Passed = 0,
    /// Something failed.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// It could not be determined: the environment, the machine.
    Undetermined = 3,
}

impl From<Status> for std::process::ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Why a command stopped, in one message: what was tried, on what, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It was asked for something that does not exist.
    Usage(String),
    /// The environment does not allow it.
    Environment(String),
    /// Somebody asked the grader to end, by a signal.
    Interrupted,
}

impl Problem {
    /// The exit status that tells it.
    pub fn status(&self) -> Status {
        match self {
            Problem::Usage(_) => Status::Usage,
            Problem::Environment(_) | Problem::Interrupted => Status::Undetermined,
        }
    }

    /// A file operation that the system refused.
    pub fn file(operation: &str, path: &Path, error: &std::io::Error) -> Problem {
        Problem::Environment(format!("cannot {operation} {}: {}", path.display(), plain(error)))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Usage(message) | Problem::Environment(message) => f.write_str(message),
            Problem::Interrupted => f.write_str("it was told to end"),
        }
    }
}

impl std::error::Error for Problem {}

/// An error of the system in words, without its number.
pub fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = words.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
