//! Who had not ended when the run was over, and in what call each of them slept.

use super::naming::role;
use grader_trace::{
    CloneFlags, Ending, Event, Object, Operation, Outcome, Selector, Signal, Tables, Task, TaskId, Trace,
};

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
        (Ending::Stalled, false) => format!("when nobody could go on any more, {}", list.join("; ")),
        (_, false) => format!("when its time was up, {}", list.join("; ")),
    }
}

/// Of very many processes, how many are named.
const SHOWN: usize = 6;

/// What a task that never ended did last: "slept in wait4 for 4712", "was running", "was stopped by SIGSTOP".
pub fn what_it_did(trace: &Trace, task: TaskId) -> String {
    if let Some(signal) = stopped_by(trace, task) {
        return format!("was stopped by {signal}");
    }
    let last = trace.events_of(task).map(|(_, event)| event).filter(|event| event.op.unfinished()).last();
    let Some(event) = last else {
        return match in_its_memory(trace, task) {
            Some(child) => format!("slept in vfork until {} would exec or end", child.pid),
            None => "was still running".into(),
        };
    };
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
        // These do not sleep: the end came while the kernel was at it.
        Operation::Close { .. }
        | Operation::CloseRange { .. }
        | Operation::Dup { .. }
        | Operation::Exec(_) => "was still running".into(),
        other => format!("slept in {}", other.word()),
    }
}

/// The signal that stopped a process, if nothing has made it continue since.
fn stopped_by(trace: &Trace, task: TaskId) -> Option<Signal> {
    let last = trace.events_of(task).filter_map(|(_, event)| match event.op {
        Operation::Stop(signal) => Some(Some(signal)),
        Operation::Continue => Some(None),
        _ => None,
    });
    last.last().flatten()
}

/// The child that has borrowed a task's memory by vfork, and has not given it back.
fn in_its_memory(trace: &Trace, task: TaskId) -> Option<&Task> {
    trace.tasks().iter().find(|child| {
        child.birth.creator == Some(task)
            && child.birth.flags.has(CloneFlags::VFORK)
            && child.end.is_none()
            && trace.programs(child.id).is_empty()
    })
}

/// The calls in which those who had not ended slept.
pub fn events(trace: &Trace) -> Vec<usize> {
    let unfinished = |(index, event): (usize, &Event)| event.op.unfinished().then_some(index);
    trace.events().iter().enumerate().filter_map(unfinished).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use grader_trace::Builder;

    const P: TaskId = TaskId::ROOT;

    #[test]
    fn who_is_stopped_does_not_run_until_it_continues() {
        let mut run = Builder::new("fork");
        let child = run.fork(P);
        run.event(child, Operation::Stop(Signal::STOP));
        run.exit(P, 0);
        let stopped = run.end(Ending::LeftBehind);
        assert_eq!(
            still_there(&stopped),
            "long after the parent's end, the child (101) was stopped by SIGSTOP"
        );

        let mut run = Builder::new("fork");
        run.event(P, Operation::Stop(Signal::STOP));
        run.event(P, Operation::Continue);
        assert_eq!(what_it_did(&run.end(Ending::TimedOut), P), "was still running");
    }

    #[test]
    fn who_lent_its_memory_sleeps() {
        let mut run = Builder::new("fork");
        run.clone_with(P, "vfork", CloneFlags(CloneFlags::VFORK | CloneFlags::VM));
        assert_eq!(what_it_did(&run.end(Ending::TimedOut), P), "slept in vfork until 101 would exec or end");
    }
}
