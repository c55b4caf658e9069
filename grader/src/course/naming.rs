//! What tasks and endings are called in the sentences of findings.

use grader_trace::{ExitStatus, Task, TaskId, Trace};

/// "the parent (4711)", "the child (4712)"; among several children "the first child (4712)"; and
/// "the program (4711)", as long as there is nobody else.
pub fn role(trace: &Trace, task: TaskId) -> String {
    const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
    let Task { id, pid, parent, .. } = trace.task(trace.process_of(task));
    if *id == TaskId::ROOT {
        let word = if trace.processes().nth(1).is_some() { "parent" } else { "program" };
        return format!("the {word} ({pid})");
    }
    if *parent != Some(TaskId::ROOT) {
        return format!("process {pid}");
    }
    let siblings = trace.children(TaskId::ROOT);
    let place = siblings.iter().position(|sibling| sibling.id == *id);
    match place.and_then(|place| ORDINALS.get(place)) {
        Some(ordinal) if siblings.len() > 1 => format!("the {ordinal} child ({pid})"),
        _ => format!("the child ({pid})"),
    }
}

/// How a process ended, to complete "it ended with …" : "exit status 3", "a signal, SIGSEGV".
pub fn in_words(status: ExitStatus) -> String {
    match status {
        ExitStatus::Exited(code) => format!("exit status {code}"),
        ExitStatus::Killed(signal) => format!("a signal, {signal}"),
    }
}
