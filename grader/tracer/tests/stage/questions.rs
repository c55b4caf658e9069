//! Short questions on a trace, for assertions.

use grader_trace::{ExitStatus, Fate, Operation, Outcome, Signal, Task, TaskId, Trace};

pub fn exited(code: u8) -> ExitStatus {
    ExitStatus::Exited(code)
}

pub fn killed(signal: i32) -> ExitStatus {
    ExitStatus::Killed(Signal(signal))
}

/// How a task ended.
pub fn status(task: &Task) -> Option<ExitStatus> {
    task.end.map(|(_, status)| status)
}

/// How the root ended.
pub fn root_status(trace: &Trace) -> Option<ExitStatus> {
    status(trace.root())
}

/// Who reaped a task, if a task of the run did.
pub fn reaper(task: &Task) -> Option<TaskId> {
    match task.fate {
        Fate::Reaped { by, .. } => Some(by),
        _ => None,
    }
}

/// The reads of a task from one descriptor, with their outcomes.
pub fn reads(trace: &Trace, task: TaskId, from: i32) -> Vec<Outcome<u64>> {
    let reads = trace.events_of(task).filter_map(|(_, event)| match event.op {
        Operation::Read { fd, result, .. } if fd.0 == from => Some(result),
        _ => None,
    });
    reads.collect()
}

/// The signals that reached a task.
pub fn signals(trace: &Trace, task: TaskId) -> Vec<i32> {
    let signals = trace.events_of(task).filter_map(|(_, event)| match event.op {
        Operation::Signal { signal, .. } => Some(signal.0),
        _ => None,
    });
    signals.collect()
}

/// The text that came out of standard output.
pub fn said(recording: &grader_tracer::Recording) -> String {
    String::from_utf8_lossy(&recording.stdout.kept).into_owned()
}
