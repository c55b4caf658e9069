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

use crate::model::event::{Event, Object, Trace};
use crate::model::ids::{Pid, Stamp, TaskId};
use crate::model::operation::{Change, Exec, Fork, Operation, Outcome, Wait};
use crate::view::output::{self, Line, Piece};
use crate::view::tasks::Task;

/// A task that asks again and again instead of sleeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spin {
    /// Answers "nothing yet" in a row.
    pub answers: usize,
    /// The first of them, as an index into the trace's events.
    pub event: usize,
}

impl Trace {
    /// The program that was started.
    pub fn root(&self) -> &Task {
        self.task(TaskId::ROOT)
    }

    /// All tasks that are not threads of an older process.
    pub fn processes(&self) -> impl Iterator<Item = &Task> {
        self.tasks().iter().filter(|task| !task.is_thread())
    }

    /// The processes born as children of `parent`, in the order of their birth.
    pub fn children(&self, parent: TaskId) -> Vec<&Task> {
        self.processes().filter(|task| task.parent == Some(parent)).collect()
    }

    /// What one task did, with indices into [`Trace::events`].
    pub fn events_of(&self, task: TaskId) -> impl Iterator<Item = (usize, &Event)> {
        self.events().iter().enumerate().filter(move |(_, event)| event.task == task)
    }

    /// The task that had this PID at `moment` (the last one that had it, if it is gone by then).
    pub fn task_with_pid(&self, pid: Pid, moment: Stamp) -> Option<&Task> {
        self.tasks().iter().rfind(|task| task.pid == pid && task.birth.at <= moment)
    }

    /// Every attempt of `task` to create another task, failed ones included.
    pub fn forks(&self, task: TaskId) -> Vec<(usize, &Fork)> {
        self.events_of(task)
            .filter_map(|(index, event)| match &event.op {
                Operation::Fork(fork) => Some((index, fork)),
                _ => None,
            })
            .collect()
    }

    /// Every exec of `task`, failed ones included.
    pub fn execs(&self, task: TaskId) -> Vec<(usize, &Exec)> {
        self.events_of(task)
            .filter_map(|(index, event)| match &event.op {
                Operation::Exec(exec) => Some((index, exec)),
                _ => None,
            })
            .collect()
    }

    /// The execs of `task` that succeeded.
    pub fn programs(&self, task: TaskId) -> Vec<(usize, &Exec)> {
        self.execs(task).into_iter().filter(|(_, exec)| exec.result == Outcome::Done(())).collect()
    }

    /// Every wait call of `task`.
    pub fn waits(&self, task: TaskId) -> Vec<(usize, &Wait)> {
        self.events_of(task)
            .filter_map(|(index, event)| match &event.op {
                Operation::Wait(wait) => Some((index, wait)),
                _ => None,
            })
            .collect()
    }

    /// The wait call of `parent` that told it of the end of `child` (it may have left it unreaped).
    pub fn told_of_end(&self, parent: TaskId, child: TaskId) -> Option<(usize, &Wait)> {
        self.waits(parent).into_iter().find(|(_, wait)| match wait.result {
            Outcome::Done(Some(news)) => news.task == Some(child) && matches!(news.change, Change::Ended(_)),
            _ => false,
        })
    }

    /// What went to standard output, in the order of arrival.
    pub fn pieces(&self) -> Vec<Piece> {
        output::pieces(self, &Object::Stdout)
    }

    /// The lines of standard output.
    pub fn lines(&self) -> Vec<Line> {
        output::lines(&self.pieces())
    }

    /// The lines of standard error.
    pub fn error_lines(&self) -> Vec<Line> {
        output::lines(&output::pieces(self, &Object::Stderr))
    }

    /// The longest row of wait calls that answered "nothing yet" with no sleep in the kernel between them.
    ///
    /// A poll, a pause or a blocking wait in between is waiting, not spinning; a timed sleep is not: a
    /// loop of "ask, sleep a little, ask again" still asks again.
    pub fn spin(&self, task: TaskId) -> Option<Spin> {
        let mut longest: Option<Spin> = None;
        let mut row: Option<Spin> = None;
        for (index, event) in self.events_of(task) {
            match &event.op {
                Operation::Wait(Wait { nohang: true, result: Outcome::Done(None), .. }) => {
                    let spin = row.get_or_insert(Spin { answers: 0, event: index });
                    spin.answers += 1;
                    if longest.is_none_or(|best| best.answers < spin.answers) {
                        longest = Some(*spin);
                    }
                }
                Operation::Wait(_) | Operation::Await { timed: false, .. } | Operation::Signal { .. } => {
                    row = None
                }
                _ => {}
            }
        }
        longest
    }

    /// Whether event `cause` took effect before event `effect` began *in every schedule* that has both.
    ///
    /// True along program order, from a fork to all that the child does, and from all that a child did
    /// to what follows the wait that reported its end.
    pub fn caused(&self, cause: usize, effect: usize) -> bool {
        let (cause, effect) = (&self.events()[cause], &self.events()[effect]);
        let known = self.known_to(effect.task, effect.begin);
        known[cause.task.index()].is_some_and(|moment| cause.effect() <= moment)
    }

    /// For each task, up to which moment everything it did is known to `task` at `moment`.
    fn known_to(&self, task: TaskId, moment: Stamp) -> Vec<Option<Stamp>> {
        let count = self.tasks().len();
        let mut known = vec![vec![None; count]; count];
        let mut order: Vec<&Event> = self.events().iter().filter(|event| event.effect() < moment).collect();
        order.sort_by_key(|event| event.effect());
        for event in order {
            let own = event.task.index();
            known[own][own] = Some(event.effect());
            match &event.op {
                Operation::Fork(Fork { child: Outcome::Done(child), .. }) if child.task.index() < count => {
                    known[child.task.index()] = known[own].clone();
                }
                Operation::Wait(Wait { result: Outcome::Done(Some(news)), .. }) => {
                    if let (Some(child), Change::Ended(_)) = (news.task, news.change) {
                        let theirs = known[child.index()].clone();
                        for (mine, theirs) in known[own].iter_mut().zip(theirs) {
                            *mine = (*mine).max(theirs);
                        }
                    }
                }
                _ => {}
            }
        }
        known.swap_remove(task.index())
    }
}

#[cfg(test)]
mod tests {
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
