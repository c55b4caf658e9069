//! A scenario: the circumstances of a run; and the run itself.

use grader_trace::sorted::SortedMap;
use grader_trace::{Event, Operation, Outcome, Trace};
use grader_tracer::{Captured, Plan, Recording};
use std::time::Duration;

/// The circumstances of a run.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name.
    pub id: &'static str,
    /// What is special about it, to complete a sentence: `with a slow child`.
    pub title: &'static str,
    /// The arguments after the program's name.
    pub args: Vec<String>,
    /// Files in the fresh working directory.
    pub files: Vec<(&'static str, Vec<u8>)>,
    /// The file mode creation mask.
    pub umask: u32,
    /// What the tracer does to it.
    pub plan: Plan,
}

/// A file as the run left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAfter {
    /// The first 256 KiB of its bytes.
    pub bytes: Vec<u8>,
    /// Its permissions, such as 0o644.
    pub mode: u32,
}

/// A run in a scenario.
#[derive(Debug)]
pub struct Run {
    /// Which scenario.
    pub scenario: Scenario,
    /// What happened.
    pub recording: Recording,
    /// The regular files in its working directory afterwards, by name.
    pub files: SortedMap<String, FileAfter>,
    /// How to see it again, if it was run one task at a time.
    pub schedule: Option<String>,
}

impl Run {
    /// A run that never happened, from an invented trace: for tests, and for pictures of what is wanted.
    pub fn invented(scenario: Scenario, trace: Trace) -> Run {
        let recording = Recording {
            trace,
            stdout: Captured::default(),
            stderr: Captured::default(),
            snapshots: SortedMap::new(),
            dropped: 0,
            wall: Duration::ZERO,
        };
        Run { scenario, recording, files: SortedMap::new(), schedule: None }
    }

    /// What the kernel saw.
    pub fn trace(&self) -> &Trace {
        &self.recording.trace
    }

    /// Whether all that was written is in the trace, so that what is not there was not written.
    pub fn words_are_complete(&self) -> bool {
        let complete = |event: &Event| match &event.op {
            Operation::Write { data, result: Outcome::Done(taken), .. } => {
                *taken <= data.as_bytes().len() as u64
            }
            _ => true,
        };
        self.recording.dropped == 0 && self.trace().events().iter().all(complete)
    }

    /// The argument after the program's name at this place, from 0.
    pub fn arg(&self, index: usize) -> &str {
        self.scenario.args.get(index).map_or("", String::as_str)
    }
}
