//! The descriptor table with which a new program starts, in words.

use super::becoming::Became;
use grader_trace::{
    Event, Fd, Object, Operation, Outcome, PipeEnd, Stamp, Tables, Task, TaskId, Text, Trace,
};

/// What the new program finds: the tables just after the exec.
pub fn at_start(trace: &Trace, became: &Became) -> Tables {
    Tables::at(trace, Stamp(became.moment.0 + 1))
}

/// The descriptors with which a program started beside 0, 1 and 2, in words: "descriptor 3 (target.txt)",
/// "the descriptors 3 (a pipe's read end), 4 (a pipe's write end)"; and the calls that they came from.
pub fn beyond_the_three(trace: &Trace, task: &Task, became: &Became) -> Option<(String, Vec<usize>)> {
    let tables = at_start(trace, became);
    let open: Vec<_> = tables.table(task.id)?.iter().filter(|(fd, _)| fd.0 > 2).collect();
    let list: Vec<String> =
        open.iter().map(|(fd, slot)| format!("{fd} ({})", in_words(&tables.ofd(slot.ofd).object))).collect();
    let makers = open.iter().filter_map(|(fd, _)| maker(trace, task, **fd, became.moment));
    match list.len() {
        0 => None,
        1 => Some((format!("descriptor {}", list[0]), makers.collect())),
        _ => Some((format!("the descriptors {}", list.join(", ")), makers.collect())),
    }
}

/// Where a descriptor leads: "descriptor 1 leads to target.txt", "descriptor 0 is closed".
pub fn leads(tables: &Tables, task: TaskId, fd: Fd) -> String {
    match tables.get(task, fd) {
        Some(ofd) => format!("descriptor {fd} leads to {}", in_words(&ofd.object)),
        None => format!("descriptor {fd} is closed"),
    }
}

/// An object in words.
pub fn in_words(object: &Object) -> String {
    match object {
        Object::Stdout => "the run's stdout".into(),
        Object::Stderr => "the run's stderr".into(),
        Object::File(name) => name.to_string(),
        Object::Pipe(_, PipeEnd::Read) => "a pipe's read end".into(),
        Object::Pipe(_, PipeEnd::Write) => "a pipe's write end".into(),
        Object::Other(call) => format!("what {call} made"),
    }
}

/// Whether a path, however it was written, leads to the file of this relative name.
pub fn leads_to(path: &Text, name: &str) -> bool {
    let (path, name) = (path.as_bytes(), name.as_bytes());
    path == name || path.strip_suffix(name).is_some_and(|folder| folder.ends_with(b"/"))
}

/// What descriptor 0, 1 or 2 led to when the program was started.
pub fn given(trace: &Trace, fd: Fd) -> Option<&Object> {
    trace.header().descriptors.iter().find(|(number, _)| *number == fd).map(|(_, object)| object)
}

/// The first event after which a descriptor of `task` no longer leads to what it was given, before `until`.
pub fn first_change(trace: &Trace, task: &Task, fd: Fd, until: Stamp) -> Option<usize> {
    let given = given(trace, fd)?;
    let mut before: Option<Stamp> = None;
    let mut culprit = None;
    Tables::walk(trace, |event, tables| {
        let alive = tables.table(task.id).is_some();
        if culprit.is_none() && alive && tables.get(task.id, fd).is_none_or(|ofd| ofd.object != *given) {
            culprit = before.filter(|begin| *begin < until);
        }
        before = Some(event.begin);
    });
    let begin = culprit?;
    trace.events().iter().position(|event| event.begin == begin)
}

/// The call that gave a task's process this descriptor number, before `until`: its own, or else one of its
/// parent's before it was born.
fn maker(trace: &Trace, task: &Task, fd: Fd, until: Stamp) -> Option<usize> {
    let gives = |event: &Event| match &event.op {
        Operation::Open { result: Outcome::Done(made), .. }
        | Operation::Dup { result: Outcome::Done(made), .. }
        | Operation::NewDescriptor { result: Outcome::Done(made), .. } => *made == fd,
        Operation::Pipe { result: Outcome::Done((read, write)), .. } => *read == fd || *write == fd,
        _ => false,
    };
    let last = |process: TaskId, until: Stamp| {
        let made = trace.deeds_of(process).filter(|(_, event)| event.begin < until && gives(event));
        made.map(|(index, _)| index).last()
    };
    last(task.id, until).or_else(|| last(task.parent?, task.birth.at))
}
