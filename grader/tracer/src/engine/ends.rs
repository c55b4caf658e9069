//! A task ends, and is let go.

use super::Engine;
use super::snapshot;
use super::task::{EarlyLeader, Task};
use crate::arch;
use crate::launch::{ExitAs, KillAt};
use crate::sys::ptrace::{self, Resume, still_there};
use crate::trouble::Trouble;
use grader_trace::{ExitStatus, Operation, Pid, Signal};
use libc::{pid_t, user_regs_struct};
use std::time::Instant;

impl Engine<'_> {
    /// A task stands at its exit event: its status is fixed, and nobody can wait for it yet.
    pub(super) fn is_ending(&mut self, pid: pid_t) -> Result<(), Trouble> {
        self.clock.moved();
        let word = still_there("asking for an exit status", ptrace::event_message(pid))?.unwrap_or(9);
        let status = ExitStatus::from_wait_status(word as i32);
        let registers = still_there("reading registers", ptrace::registers(pid))?;
        if let Some(task) = self.live.remove(pid) {
            self.own_children.extend((task.parent == 0).then_some(pid));
            self.end_task(task, status, registers.as_ref())?;
        }
        self.resume(pid, Resume::Detach, 0)
    }

    /// A task has ended, and this thread has reaped it: a child of its own (the root or its sibling), or one
    /// that SIGKILL took out of its exit event.
    pub(super) fn has_ended(&mut self, pid: pid_t, word: i32) -> Result<(), Trouble> {
        let status = ExitStatus::from_wait_status(word);
        if let Some(task) = self.live.remove(pid) {
            self.end_task(task, status, None)?;
        } else if self.own_children.remove(&pid) {
            if let Some(task) = self.recorder.task(Pid(pid)) {
                self.recorder.correct_end(task, status);
            }
        } else {
            self.stranger_ends(pid, status);
        }
        Ok(())
    }

    /// `registers` are those at the exit event, which still show the task's last call.
    pub(super) fn end_task(
        &mut self,
        mut task: Task,
        status: ExitStatus,
        registers: Option<&user_regs_struct>,
    ) -> Result<(), Trouble> {
        self.pacer.forget(task.tid);
        self.leaving.add(task.tid);
        if let Some(call) = task.pending.take() {
            self.never_returns(&task, call, registers)?;
        }
        for call in std::mem::take(&mut task.interrupted) {
            self.recorder.abandon(task.id, call.begun, call.op, call.injected);
        }
        if !self.started {
            return Ok(());
        }
        if !registers.is_some_and(arch::ends_one_task) {
            self.live.ends_as_a_whole(task.tgid, status);
        }
        let last = !self.live.has_process(task.tgid);
        if task.tid == task.tgid && !last {
            let early = EarlyLeader { id: task.id, parent: task.parent };
            self.live.early_leaders.insert(task.tgid, early);
            return Ok(());
        }
        let leads = task.tid == task.tgid;
        // If all threads end one by one, the last one's status counts (the leader's, before Linux 5.17).
        let whole = last.then(|| self.live.take_group_end(task.tgid)).flatten().unwrap_or(status);
        self.note_end(&mut task, if leads { whole } else { status }, registers);
        if last {
            let leader = self.live.early_leaders.remove(&task.tgid);
            let parent = leader.as_ref().map_or(task.parent, |leader| leader.parent);
            if let Some(leader) = leader
                && !self.is_our_doing(whole)
            {
                let injected = self.ended_by_plan(leader.id, whole);
                self.recorder.instant(leader.id, Operation::Exit(whole), injected);
            }
            if task.tgid == self.root {
                self.clock.root_gone.get_or_insert(Instant::now());
            }
            let parent_waits = parent == 0 || self.live.has_process(parent);
            self.orphans.ended(task.tgid, parent, parent_waits);
        }
        Ok(())
    }

    fn note_end(&mut self, task: &mut Task, status: ExitStatus, registers: Option<&user_regs_struct>) {
        if self.is_our_doing(status) {
            return;
        }
        if let Some(registers) = registers
            && self.launch.watch.memory
        {
            self.recorder.note_thread_pointer(task, registers);
        }
        let injected = self.ended_by_plan(task.id, status);
        let stamp = self.recorder.instant(task.id, Operation::Exit(status), injected);
        if let Some(registers) = registers
            && self.launch.snapshots
            && task.own_program
            && self.recorder.has_room_for_snapshots()
        {
            self.recorder.keep(stamp, snapshot::take(task.tid, &mut task.modules, registers));
        }
    }

    /// Whether a task was killed only because the run is over: it has not ended by itself, so no end is noted.
    fn is_our_doing(&self, status: ExitStatus) -> bool {
        self.killing.is_some() && status == ExitStatus::Killed(Signal::KILL)
    }

    fn ended_by_plan(&self, task: grader_trace::TaskId, status: ExitStatus) -> bool {
        let plan = &self.launch.plan;
        let killed = |kill: KillAt| kill.task == task.0 && status == ExitStatus::Killed(kill.signal);
        let told = |exit: ExitAs| exit.task == task.0 && status == ExitStatus::Exited(exit.code);
        plan.kill.is_some_and(killed) || plan.exit.is_some_and(told)
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
