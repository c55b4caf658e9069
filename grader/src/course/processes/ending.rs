//! How processes end: by themselves, and with which status.
//!
//! A process that never ends is the finding of `exit-status`, in every exercise. What it had not done by
//! then is nobody's mistake, since nobody knows whether it would have done it: such checks are moot.

use crate::course::naming::{in_words, role};
use crate::course::{Finding, Objection, blocked};
use grader_trace::{Task, Trace};

/// Before something is called missing: its process had its time. Else it is moot.
pub fn came_to_an_end(task: &Task) -> Result<(), Objection> {
    match task.end {
        Some(_) => Ok(()),
        None => Err(Objection::Moot { because: "exit-status" }),
    }
}

/// Every process ended by itself.
pub fn nobody_is_left(trace: &Trace) -> Result<(), Finding> {
    if trace.processes().all(|task| task.end.is_some()) {
        return Ok(());
    }
    let finding = Finding::new("every process comes to its end by itself", blocked::still_there(trace));
    Err(finding.at(blocked::events(trace)))
}

/// A process ended with exit status 0; the words for it.
pub fn with_success(trace: &Trace, task: &Task) -> Result<String, Finding> {
    let who = role(trace, task.id);
    match task.end {
        Some((_, status)) if status.success() => Ok(format!("{who} ended with exit status 0")),
        Some((_, status)) => Err(Finding::new(
            format!("{who} ends with exit status 0"),
            format!("{who} ended with {}", in_words(status)),
        )
        .at(trace.events_of(task.id).map(|(index, _)| index).last())),
        None => Err(Finding::new(format!("{who} ends with exit status 0"), blocked::still_there(trace))),
    }
}
