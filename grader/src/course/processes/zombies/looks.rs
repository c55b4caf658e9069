//! Looks at a process through /proc.

use grader_trace::{Fd, Operation, Pid, Task, TaskId, Trace};
use std::collections::HashMap;

/// When a process looked at another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The other one was alive.
    Alive,
    /// It had ended, and was not reaped.
    Zombie,
    /// It was reaped, so there was nothing to be seen.
    Gone,
}

/// A look: the event by which something was read, or not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// When.
    pub when: When,
    /// The index of the event.
    pub event: usize,
}

/// The root's looks at the state of `child`, in order. What counts is the moment of reading, not of opening: the
/// kernel writes such a file when it is read.
pub fn looks(trace: &Trace, child: &Task) -> Vec<Look> {
    let mut open: HashMap<Fd, bool> = HashMap::new();
    let mut looks = Vec::new();
    for (index, event) in trace.deeds_of(TaskId::ROOT) {
        match &event.op {
            Operation::Open { path, result, .. } => {
                let its_own = path.as_str().is_some_and(|path| shows_state_of(path, child.pid));
                match result.done() {
                    Some(fd) => {
                        open.insert(*fd, its_own);
                    }
                    None if its_own => looks.push(Look { when: When::Gone, event: index }),
                    None => {}
                }
            }
            Operation::Read { fd, result, .. } if open.get(fd) == Some(&true) => {
                let when = match child.zombie() {
                    Some((ended, _)) if event.begin < ended => When::Alive,
                    Some((_, reaped)) if event.effect() < reaped => When::Zombie,
                    None if child.end.is_none_or(|(ended, _)| event.begin < ended) => When::Alive,
                    _ => When::Gone,
                };
                if when == When::Gone || result.done().is_some_and(|count| *count > 0) {
                    looks.push(Look { when, event: index });
                }
            }
            _ => {}
        }
    }
    looks
}

/// Whether a file in /proc tells the state of this process.
fn shows_state_of(path: &str, pid: Pid) -> bool {
    let inside = path.strip_prefix("/proc/").and_then(|rest| rest.strip_prefix(&pid.to_string()));
    let Some(inside) = inside.and_then(|rest| rest.strip_prefix('/')) else { return false };
    let file = inside.strip_prefix(&format!("task/{pid}/")).unwrap_or(inside);
    matches!(file, "stat" | "status")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_files_of_a_process_tell_its_state() {
        let pid = Pid(101);
        for path in ["/proc/101/stat", "/proc/101/status", "/proc/101/task/101/stat"] {
            assert!(shows_state_of(path, pid), "{path}");
        }
        for path in
            ["/proc/1011/stat", "/proc/101/statm", "/proc/self/stat", "/proc/101/task/102/stat", "stat"]
        {
            assert!(!shows_state_of(path, pid), "{path}");
        }
    }
}
