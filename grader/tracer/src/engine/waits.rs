//! A wait call has returned: what it told, and what it would have told if it had been given the place.

use super::Engine;
use crate::decode::{self, Call};
use crate::sys::process;
use grader_trace::{Change, ExitStatus, News, Operation, Outcome, Pid, Selector, Signal, Wait};
use libc::pid_t;

impl Engine<'_> {
    /// Completes and notes what a wait call of process `parent` has told.
    pub(super) fn has_waited(&mut self, parent: pid_t, call: &Call, wait: &mut Wait) {
        let told = !decode::tells_no_status(call);
        if !told && let Outcome::Done(news) = wait.result {
            let pid = news.map(|news| news.pid).or_else(|| self.missing_child(parent, wait));
            wait.result = Outcome::Done(pid.map(|pid| self.news_of(pid)));
        }
        let Outcome::Done(Some(News { pid, task, change })) = wait.result else { return };
        match change {
            Change::Ended(status) => {
                if let (true, Some(task)) = (told, task) {
                    self.recorder.correct_end(task, status);
                }
                if !wait.nowait {
                    self.orphans.reaped(parent, pid.0);
                }
            }
            // The parent learns of it as soon as somebody asks for it, before the child has run again.
            Change::Continued => {
                if let Some(process) = self.live.goes_on(pid.0) {
                    self.recorder.instant(process, Operation::Continue, false);
                }
            }
            Change::Stopped(_) => {}
        }
    }

    /// What can be told of a child that some wait call is known to have returned.
    fn news_of(&self, pid: Pid) -> News {
        let task = self.recorder.task(pid);
        let change = match task.and_then(|task| self.recorder.end_of(task)) {
            Some(status) => Change::Ended(status),
            None if self.live.get(pid.0).is_some_and(|task| task.stopped.is_some()) => {
                Change::Stopped(Signal::STOP)
            }
            None if self.live.get(pid.0).is_some() => Change::Continued,
            None => Change::Ended(ExitStatus::Exited(0)),
        };
        News { pid, task, change }
    }

    /// The child that a waitid call without a siginfo_t has returned: the one that is a zombie no longer.
    fn missing_child(&self, parent: pid_t, wait: &Wait) -> Option<Pid> {
        let named = |pid: &&pid_t| match wait.selector {
            Selector::Pid(only) => only.0 == **pid,
            _ => true,
        };
        let reaped = |pid: &&pid_t| (process::parent(**pid) == Some(parent)) == wait.nowait;
        self.orphans.zombies_of(parent).iter().filter(named).find(reaped).copied().map(Pid)
    }
}
