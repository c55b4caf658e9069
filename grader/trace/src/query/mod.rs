//! The vocabulary in which checks are written: questions on a [`Trace`].
//!
//! ```
//! use grader_trace::{Builder, Fate, TaskId};
//!
//! // An invented run: the child prints, the parent waits, then prints.
//! let mut run = Builder::new("wait");
//! let child = run.fork(TaskId::ROOT);
//! run.print(child, "hello, I am child (pid:101)\n");
//! run.exit(child, 0);
//! run.wait(TaskId::ROOT, child);
//! run.print(TaskId::ROOT, "hello, I am parent of 101 (wc:101) (pid:100)\n");
//! run.exit(TaskId::ROOT, 0);
//! let trace = run.finish();
//!
//! // "Exactly one child, reaped by its parent before the parent's line."
//! let children = trace.children(TaskId::ROOT);
//! assert_eq!(children.len(), 1);
//! let Fate::Reaped { by, at, .. } = children[0].fate else { panic!() };
//! let lines = trace.lines();
//! assert_eq!(by, TaskId::ROOT);
//! assert!(at < lines[1].span.0);
//!
//! // "The child's line comes first in every schedule": its write caused the parent's.
//! assert!(trace.caused(lines[0].events[0], lines[1].events[0]));
//! ```
//!
//! | module | questions about |
//! |---|---|
//! | this one | who there was, and who did what |
//! | `programs` | forks and execs |
//! | `waiting` | wait calls, and asking without waiting |
//! | `speech` | what was written to stdout and stderr, and by whom |
//! | `order` | what came before what in every schedule |

mod order;
mod programs;
mod speech;
mod waiting;

pub use waiting::Spin;

use crate::model::event::{Event, Trace};
use crate::model::ids::{Pid, Stamp, TaskId};
use crate::view::tasks::Task;

impl Trace {
    /// The program that was started.
    pub fn root(&self) -> &Task {
        self.task(TaskId::ROOT)
    }

    /// All tasks that are not threads of an older process.
    pub fn processes(&self) -> impl Iterator<Item = &Task> {
        self.tasks().iter().filter(|task| !task.is_thread())
    }

    /// The process that a task belongs to, named by its first task.
    ///
    /// ```
    /// use grader_trace::{Builder, CloneFlags, TaskId};
    ///
    /// let mut run = Builder::new("threads");
    /// let thread = run.clone_with(TaskId::ROOT, "clone3", CloneFlags(CloneFlags::THREAD));
    /// let child = run.fork(thread);
    /// let trace = run.finish();
    /// assert_eq!(trace.process_of(thread), TaskId::ROOT);
    /// assert_eq!(trace.process_of(child), child);
    /// assert_eq!(trace.task(child).parent, Some(TaskId::ROOT));
    /// ```
    pub fn process_of(&self, task: TaskId) -> TaskId {
        self.task(task).process
    }

    /// The processes born as children of `parent`, in the order of their birth.
    pub fn children(&self, parent: TaskId) -> Vec<&Task> {
        self.processes().filter(|task| task.parent == Some(parent)).collect()
    }

    /// What one task did, with indices into [`Trace::events`].
    pub fn events_of(&self, task: TaskId) -> impl Iterator<Item = (usize, &Event)> {
        self.events().iter().enumerate().filter(move |(_, event)| event.task == task)
    }

    /// What a process did, all its threads taken together, with indices into [`Trace::events`].
    pub fn deeds_of(&self, process: TaskId) -> impl Iterator<Item = (usize, &Event)> {
        let within = move |task: TaskId| self.process_of(task) == process;
        self.events().iter().enumerate().filter(move |(_, event)| within(event.task))
    }

    /// The task that had this PID at `moment` (the last one that had it, if it is gone by then).
    pub fn task_with_pid(&self, pid: Pid, moment: Stamp) -> Option<&Task> {
        self.tasks().iter().rfind(|task| task.pid == pid && task.birth.at <= moment)
    }
}

#[cfg(test)]
mod tests {
    use crate::model::ids::Signal;
    use crate::model::operation::{Operation, Outcome};
    use crate::{Builder, Fate, TaskId};

    #[test]
    fn two_lines_of_two_processes_are_unordered_without_a_wait() {
        let mut run = Builder::new("fork");
        let child = run.fork(TaskId::ROOT);
        run.print(child, "child\n");
        run.exit(child, 0);
        run.print(TaskId::ROOT, "parent\n");
        let trace = run.finish();
        let lines = trace.lines();
        assert!(!trace.caused(lines[0].events[0], lines[1].events[0]));
    }

    #[test]
    fn asking_with_wnohang_three_times_in_a_row_is_a_spin_of_three() {
        let mut run = Builder::new("wait");
        let child = run.fork(TaskId::ROOT);
        for _ in 0..3 {
            run.wait_nohang(TaskId::ROOT);
        }
        run.exit(child, 0);
        run.wait(TaskId::ROOT, child);
        run.wait_nohang(TaskId::ROOT);
        let trace = run.finish();
        assert_eq!(trace.spin(TaskId::ROOT).map(|spin| spin.answers), Some(3));
    }

    #[test]
    fn looking_again_and_again_at_a_living_child_is_a_spin_whatever_the_call() {
        let spin = |ask: &dyn Fn(&mut Builder, TaskId)| {
            let mut run = Builder::new("wait");
            let child = run.fork(TaskId::ROOT);
            (0..3).for_each(|_| ask(&mut run, child));
            run.exit(child, 0);
            (0..2).for_each(|_| ask(&mut run, child));
            run.wait(TaskId::ROOT, child);
            run.finish().spin(TaskId::ROOT).map(|spin| spin.answers)
        };
        let looks = |run: &mut Builder, child| {
            let path = format!("/proc/{}/stat", run.pid(child));
            run.open(TaskId::ROOT, &path, 0, 0);
            run.open(TaskId::ROOT, "/proc/self/stat", 0, 0);
        };
        assert_eq!(spin(&looks), Some(3));
        let signal = |run: &mut Builder, child, signal| {
            let (target, result) = (run.pid(child), Outcome::Done(()));
            run.event(TaskId::ROOT, Operation::Kill { target, signal: Signal(signal), result });
        };
        assert_eq!(spin(&|run, child| signal(run, child, 0)), Some(3));
        assert_eq!(spin(&|run, child| signal(run, child, 10)), None);
        // Three files of a process are three questions.
        let mut run = Builder::new("wait");
        let child = run.fork(TaskId::ROOT);
        for file in ["stat", "status", "cmdline"] {
            let path = format!("/proc/{}/{file}", run.pid(child));
            run.open(TaskId::ROOT, &path, 0, 0);
        }
        assert_eq!(run.finish().spin(TaskId::ROOT).map(|spin| spin.answers), Some(1));
    }

    #[test]
    fn a_child_that_nobody_waits_for_is_left_to_an_adopter() {
        let mut run = Builder::new("fork");
        let child = run.fork(TaskId::ROOT);
        run.exit(child, 0);
        run.exit(TaskId::ROOT, 0);
        let trace = run.finish();
        assert!(matches!(trace.task(child).fate, Fate::Adopted { .. }));
        assert!(trace.task(child).zombie().is_some());
    }
}
