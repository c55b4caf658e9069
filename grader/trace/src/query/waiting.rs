//! Wait calls: who was told of whose end, and who asked again and again instead.

use crate::model::event::{Event, Trace};
use crate::model::ids::{Pid, Signal, TaskId, Text};
use crate::model::operation::{Operation, Outcome};
use crate::model::waits::{Change, Wait};
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
    /// Every wait call of a process, whichever of its threads made it.
    pub fn waits(&self, process: TaskId) -> Vec<(usize, &Wait)> {
        self.deeds_of(process)
            .filter_map(|(index, event)| match &event.op {
                Operation::Wait(wait) => Some((index, wait)),
                _ => None,
            })
            .collect()
    }

    /// The first wait call of `parent` that told it of the end of `child` (it may have left it unreaped).
    ///
    /// ```
    /// use grader_trace::{Builder, TaskId};
    ///
    /// let mut run = Builder::new("wait");
    /// let child = run.fork(TaskId::ROOT);
    /// run.wait_nohang(TaskId::ROOT);
    /// run.exit(child, 0);
    /// run.wait(TaskId::ROOT, child);
    /// let trace = run.finish();
    /// let (event, wait) = trace.told_of_end(TaskId::ROOT, child).unwrap();
    /// assert!(!wait.nohang);
    /// assert!(trace.task(child).end.unwrap().0 < trace.events()[event].effect());
    /// ```
    pub fn told_of_end(&self, parent: TaskId, child: TaskId) -> Option<(usize, &Wait)> {
        self.waits(parent).into_iter().find(|(_, wait)| match wait.result {
            Outcome::Done(Some(news)) => news.task == Some(child) && matches!(news.change, Change::Ended(_)),
            _ => false,
        })
    }

    /// The longest row of questions of one thread of `process` that were answered "nothing yet", with no sleep
    /// in the kernel between them: wait calls with WNOHANG, and while the process asked about was alive, signals
    /// number 0 to it and openings of one of its files in /proc.
    ///
    /// A poll, a pause or a blocking wait in between is waiting, not spinning; a timed sleep is not: a
    /// loop of "ask, sleep a little, ask again" still asks again.
    ///
    /// ```
    /// use grader_trace::{Builder, TaskId};
    ///
    /// let mut run = Builder::new("wait");
    /// run.fork(TaskId::ROOT);
    /// (0..3).for_each(|_| run.wait_nohang(TaskId::ROOT));
    /// run.sleeps(TaskId::ROOT, "sigsuspend");
    /// run.wait_nohang(TaskId::ROOT);
    /// assert_eq!(run.finish().spin(TaskId::ROOT).unwrap().answers, 3);
    /// ```
    pub fn spin(&self, process: TaskId) -> Option<Spin> {
        let threads = self.tasks().iter().filter(|task| task.process == process);
        threads.filter_map(|thread| self.spin_of(thread.id)).max_by_key(|spin| spin.answers)
    }

    fn spin_of(&self, task: TaskId) -> Option<Spin> {
        let mut longest: Option<Spin> = None;
        let mut rows: Vec<(Question, Spin)> = Vec::new();
        for (index, event) in self.events_of(task) {
            let Some(question) = self.asked_in_vain(event) else {
                if let Operation::Wait(_) | Operation::Await { timed: false, .. } | Operation::Signal { .. } =
                    &event.op
                {
                    rows.clear();
                }
                continue;
            };
            let row = rows.iter().position(|(asked, _)| *asked == question).unwrap_or_else(|| {
                rows.push((question, Spin { answers: 0, event: index }));
                rows.len() - 1
            });
            let spin = &mut rows[row].1;
            spin.answers += 1;
            if longest.is_none_or(|best| best.answers < spin.answers) {
                longest = Some(*spin);
            }
        }
        longest
    }

    /// What an event asked of another process, if the answer was that it has not ended.
    fn asked_in_vain<'a>(&self, event: &'a Event) -> Option<Question<'a>> {
        let asker = self.process_of(event.task);
        let alive = |pid: Pid| {
            let is_it = |task: &Task| task.pid == pid && task.birth.at < event.begin;
            let lives = |task: &Task| task.end.is_none_or(|(ended, _)| event.begin < ended);
            self.processes().any(|task| task.id != asker && is_it(task) && lives(task))
        };
        match &event.op {
            Operation::Wait(Wait { nohang: true, result: Outcome::Done(None), .. }) => Some(Question::Wait),
            Operation::Kill { target, signal: Signal(0), result: Outcome::Done(()) } if alive(*target) => {
                Some(Question::Kill(*target))
            }
            Operation::Open { path, result: Outcome::Done(_), .. } => {
                let (pid, _) = path.as_str()?.strip_prefix("/proc/")?.split_once('/')?;
                alive(Pid(pid.parse().ok()?)).then_some(Question::Open(path))
            }
            _ => None,
        }
    }
}

/// A way to ask whether a process has ended.
#[derive(Debug, PartialEq, Eq)]
enum Question<'a> {
    Wait,
    Kill(Pid),
    Open(&'a Text),
}
