//! A task is born, or becomes another program.

use super::task::Task;
use super::{Engine, identity};
use crate::sys::process;
use crate::sys::ptrace::{self, still_there};
use crate::trouble::Trouble;
use grader_trace::{CloneFlags, ExitStatus, Operation, Outcome, Signal};
use libc::pid_t;

impl Engine<'_> {
    /// A task stands inside a call that has created another task.
    pub(super) fn has_created(&mut self, pid: pid_t) -> Result<(), Trouble> {
        self.clock.moved();
        let Some(message) = still_there("asking for a new task's PID", ptrace::event_message(pid))? else {
            return Ok(());
        };
        let child = message as pid_t;
        let Some(creator) = self.live.get_mut(pid) else { return Ok(()) };
        let Some(call) = creator.pending.take() else {
            // Cannot be: every call that creates a task stops at its entry. Be safe, and follow it all the same.
            return self.go_on(pid);
        };
        let Operation::Fork(mut fork) = call.op else { return self.go_on(pid) };
        if let Some((addr, word)) = call.put_back {
            still_there("putting a word of memory back", ptrace::poke_data(pid, addr, word))?;
        }
        let named = self.recorder.name(child);
        fork.child = Outcome::Done(named);
        let flags = fork.flags;
        let thread = flags.has(CloneFlags::THREAD);
        let Some(creator) = self.live.get(pid) else { return Ok(()) };
        let tgid = if thread { creator.tgid } else { child };
        let parent = if thread || flags.has(CloneFlags::PARENT) { creator.parent } else { creator.tgid };
        let mut task = Task::new(named.task, child, tgid, parent);
        task.own_program = creator.own_program;
        task.modules = creator.modules.clone();
        let creator_id = creator.id;
        self.live.insert(task);
        self.recorder.end(creator_id, call.begun, Operation::Fork(fork), call.injected);
        if self.strangers.remove(&child) {
            self.first_stop(child)?;
        }
        // A vfork parent sleeps in the kernel anyway until its child execs or ends.
        let sleeps = flags.has(CloneFlags::VFORK);
        if !sleeps && self.pacer.parent_has_forked(pid, thread) {
            return Ok(());
        }
        self.go_on(pid)
    }

    /// A new task, already introduced, is about to run for the first time.
    pub(super) fn first_stop(&mut self, pid: pid_t) -> Result<(), Trouble> {
        let Some(task) = self.live.get_mut(pid) else { return Ok(()) };
        task.fresh = false;
        let thread = task.tid != task.tgid;
        if let Some(kill) = self.launch.plan.kill.filter(|kill| kill.task == task.id.0 && !thread) {
            process::kill(pid, kill.signal.0);
            if kill.signal == Signal::KILL {
                // That wakes it by itself. Letting it go on as well could carry it past its exit event, where it
                // must be let go: its parent would see a pidfd that is ready, and a wait that has no news.
                return Ok(());
            }
        } else if self.pacer.child_is_born(pid, thread) {
            return Ok(());
        }
        self.go_on(pid)
    }

    /// A process has become another program; it now has one task, whose tid is the PID.
    pub(super) fn has_execed(&mut self, pid: pid_t) -> Result<(), Trouble> {
        self.clock.moved();
        let Some(message) = still_there("asking who called exec", ptrace::event_message(pid))? else {
            return Ok(());
        };
        let caller = message as pid_t;
        if caller != pid {
            self.thread_becomes_leader(caller, pid);
        }
        let image = identity(format!("/proc/{pid}/exe"));
        if !self.started {
            self.started = true;
            self.program = image;
            self.recorder.start();
        }
        let Some(task) = self.live.get_mut(pid) else { return Ok(()) };
        task.own_program = image.is_some() && image == self.program;
        task.modules = None;
        task.interrupted.clear();
        task.in_call = false;
        let id = task.id;
        if let Some(call) = task.pending.take()
            && let Operation::Exec(mut exec) = call.op
        {
            exec.result = Outcome::Done(());
            self.recorder.end(id, call.begun, Operation::Exec(exec), call.injected);
        }
        self.go_on(pid)
    }

    /// The kernel has ended all other threads and given the caller the leader's number.
    fn thread_becomes_leader(&mut self, caller: pid_t, leader: pid_t) {
        let Some(mut thread) = self.live.remove(caller) else { return };
        let living = self.live.remove(leader).map(|old| old.id);
        let id = living
            .or_else(|| self.live.early_leaders.remove(&leader).map(|early| early.id))
            .unwrap_or(thread.id);
        self.recorder.instant(thread.id, Operation::Exit(ExitStatus::Exited(0)), false);
        self.recorder.rename(leader, id);
        thread.id = id;
        thread.tid = leader;
        thread.tgid = leader;
        self.live.insert(thread);
    }
}
