//! Forks and execs: who was made, and what it became.

use crate::model::births::Fork;
use crate::model::event::Trace;
use crate::model::ids::TaskId;
use crate::model::operation::{Exec, Operation, Outcome};

impl Trace {
    /// Every attempt of a process to create another task, failed ones included.
    pub fn forks(&self, process: TaskId) -> Vec<(usize, &Fork)> {
        self.deeds_of(process)
            .filter_map(|(index, event)| match &event.op {
                Operation::Fork(fork) => Some((index, fork)),
                _ => None,
            })
            .collect()
    }

    /// The fork of which `task` was born; none for the root.
    pub fn birth_of(&self, task: TaskId) -> Option<usize> {
        self.events().iter().position(|event| match &event.op {
            Operation::Fork(fork) => fork.child.done().is_some_and(|child| child.task == task),
            _ => false,
        })
    }

    /// Every exec of a process, failed ones included.
    pub fn execs(&self, process: TaskId) -> Vec<(usize, &Exec)> {
        self.deeds_of(process)
            .filter_map(|(index, event)| match &event.op {
                Operation::Exec(exec) => Some((index, exec)),
                _ => None,
            })
            .collect()
    }

    /// The execs of a process that succeeded.
    ///
    /// ```
    /// use grader_trace::{Builder, Errno, Outcome, TaskId};
    ///
    /// // A search along PATH: the first folder has no such file.
    /// let mut run = Builder::new("exec");
    /// let none = Outcome::Failed(Errno::ENOENT);
    /// run.exec_answers(TaskId::ROOT, "/usr/local/bin/wc", &["wc"], none);
    /// run.exec(TaskId::ROOT, "/usr/bin/wc", &["wc"]);
    /// let trace = run.finish();
    /// assert_eq!(trace.execs(TaskId::ROOT).len(), 2);
    /// assert_eq!(trace.programs(TaskId::ROOT)[0].1.path.file_name(), b"wc");
    /// ```
    pub fn programs(&self, process: TaskId) -> Vec<(usize, &Exec)> {
        self.execs(process).into_iter().filter(|(_, exec)| exec.result == Outcome::Done(())).collect()
    }
}
