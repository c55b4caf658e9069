//! A task ends, and is let go.

use super::Engine;
use super::snapshot;
use super::task::{EarlyLeader, Task};
use crate::sys::ptrace::{self, Resume, still_there};
use crate::trouble::Trouble;
use grader_trace::{ExitStatus, Operation};
use libc::pid_t;
use std::time::Instant;

impl Engine<'_> {
    /// A task stands at its exit event: its status is fixed, and nobody can wait for it yet.
    pub(super) fn is_ending(&mut self, pid: pid_t) -> Result<(), Trouble> {
        self.clock.moved();
        let word = still_there("asking for an exit status", ptrace::event_message(pid))?.unwrap_or(9);
        let status = ExitStatus::from_wait_status(word as i32);
        if let Some(task) = self.live.remove(pid) {
            self.pacer.is_dying(task.tgid);
            self.end_task(task, status)?;
        }
        self.resume(pid, Resume::Detach, 0)
    }

    /// A task has ended, and this thread has reaped it: a child of its own (the root or its sibling), or one
    /// that SIGKILL took out of its exit event.
    pub(super) fn has_ended(&mut self, pid: pid_t, word: i32) {
        self.strangers.remove(&pid);
        if let Some(task) = self.live.remove(pid) {
            // It made no exit event; there is nothing to ask any more.
            let ended = self.end_task(task, ExitStatus::from_wait_status(word));
            debug_assert!(ended.is_ok(), "ending a task that is gone asks the kernel nothing");
        }
        if pid == self.root {
            self.clock.root_gone.get_or_insert(Instant::now());
        }
    }

    fn end_task(&mut self, mut task: Task, status: ExitStatus) -> Result<(), Trouble> {
        self.pacer.forget(task.tid);
        for call in task.pending.take().into_iter().chain(std::mem::take(&mut task.interrupted)) {
            self.recorder.abandon(task.id, call.begun, call.op, call.injected);
        }
        if !self.started {
            return Ok(());
        }
        let injected = self
            .launch
            .plan
            .kill
            .is_some_and(|kill| kill.task == task.id.0 && status == ExitStatus::Killed(kill.signal));
        let last = !self.live.has_process(task.tgid);
        if task.tid == task.tgid && !last {
            let early = EarlyLeader { id: task.id, status, parent: task.parent };
            self.live.early_leaders.insert(task.tgid, early);
            return Ok(());
        }
        let stamp = self.recorder.instant(task.id, Operation::Exit(status), injected);
        if self.launch.snapshots && task.own_program && self.recorder.has_room_for_snapshots() {
            // The registers at the exit event are those of the last instruction in user code.
            if let Ok(registers) = ptrace::registers(task.tid) {
                self.recorder.keep(stamp, snapshot::take(&mut task, &registers));
            }
        }
        if !last {
            return Ok(());
        }
        let mut parent = task.parent;
        if let Some(leader) = self.live.early_leaders.remove(&task.tgid) {
            parent = leader.parent;
            let whole = if let ExitStatus::Killed(_) = status { status } else { leader.status };
            self.recorder.instant(leader.id, Operation::Exit(whole), injected);
        }
        let mine = parent == 0;
        if !mine {
            let parent_lives = self.live.has_process(parent);
            self.orphans.ended(task.tgid, parent, parent_lives);
        } else {
            self.orphans.ended(task.tgid, parent, true);
        }
        Ok(())
    }

    /// The run is over: what tasks were doing when they were lost sight of never ended.
    pub(super) fn abandon_the_living(&mut self) {
        let left: Vec<pid_t> = self.live.iter().map(|task| task.tid).collect();
        for task in left.into_iter().filter_map(|tid| self.live.remove(tid)) {
            for call in task.pending.into_iter().chain(task.interrupted) {
                self.recorder.abandon(task.id, call.begun, call.op, call.injected);
            }
        }
    }
}
