//! Who had not ended when the run was over, and in what call each of them slept.

use super::naming::role;
use grader_trace::{Ending, Event, Object, Operation, Outcome, Selector, Tables, Task, TaskId, Trace};

/// One sentence about all who were still there: "the parent (4711) slept in wait4, … ".
pub fn still_there(trace: &Trace) -> String {
    let alive: Vec<&Task> = trace.processes().filter(|task| task.end.is_none()).collect();
    let mut list: Vec<String> = alive
        .iter()
        .take(SHOWN)
        .map(|task| format!("{} {}", role(trace, task.id), what_it_did(trace, task.id)))
        .collect();
    if alive.len() > SHOWN {
        list.push(format!("and so on, {} in all", alive.len()));
    }
    match (trace.ending(), list.is_empty()) {
        (Ending::Overflowed, true) => "it did more than can be followed".into(),
        (_, true) => "it was ended from outside".into(),
        (Ending::Overflowed, false) => {
            format!("when it had done more than can be followed, {}", list.join("; "))
        }
        (Ending::LeftBehind, false) => format!("long after the parent's end, {}", list.join("; ")),
        (_, false) => format!("when its time was up, {}", list.join("; ")),
    }
}

/// Of very many processes, how many are named.
const SHOWN: usize = 6;

/// What a task that never ended did last: "slept in wait4 for 4712", "was running".
pub fn what_it_did(trace: &Trace, task: TaskId) -> String {
    let last = trace.events_of(task).map(|(_, event)| event).filter(|event| event.op.unfinished()).last();
    let Some(event) = last else { return "was still running".into() };
    match &event.op {
        Operation::Wait(wait) => match wait.selector {
            Selector::Pid(pid) => format!("slept in {} for {pid}", wait.call),
            _ => format!("slept in {} for a child", wait.call),
        },
        Operation::Read { fd, result: Outcome::Unfinished, .. } => {
            let tables = Tables::at(trace, event.begin);
            match tables.get(task, *fd).map(|ofd| &ofd.object) {
                Some(Object::Pipe(..)) => format!("slept in read of descriptor {fd}, a pipe's read end"),
                _ => format!("slept in read of descriptor {fd}"),
            }
        }
        other => format!("slept in {}", other.word()),
    }
}

/// The calls in which those who had not ended slept.
pub fn events(trace: &Trace) -> Vec<usize> {
    let unfinished = |(index, event): (usize, &Event)| event.op.unfinished().then_some(index);
    trace.events().iter().enumerate().filter_map(unfinished).collect()
}
