//! A task is born, or becomes another program.

use super::loader::Image;
use super::task::{Pending, PutBack, Task};
use super::{Engine, Stranger};
use crate::arch;
use crate::sys::ptrace::{self, Resume, still_there};
use crate::sys::{kcmp, process};
use crate::trouble::Trouble;
use grader_trace::{CloneFlags, ExitStatus, Operation, Outcome, Signal};
use libc::{pid_t, user_regs_struct};

/// What a new task may have in common with its creator.
const SHARES: u64 = CloneFlags::VM | CloneFlags::FS | CloneFlags::FILES | CloneFlags::SIGHAND;

/// Where a clone flag word says which signal the child's end sends. See clone(2), "The child termination signal".
const EXIT_SIGNAL: u64 = 0xff;

impl Engine<'_> {
    /// A task stands inside a call that has created another task.
    pub(super) fn has_created(&mut self, pid: pid_t) -> Result<(), Trouble> {
        self.clock.moved();
        let Some(message) = still_there("asking for a new task's PID", ptrace::event_message(pid))? else {
            return Ok(());
        };
        if ptrace::is_at_exit(pid) {
            // It was killed just now, and the message is its status.
            return Ok(());
        }
        let child = message as pid_t;
        let Some(creator) = self.live.get_mut(pid) else { return Ok(()) };
        // Every call that creates a task stops at its entry, so there is one.
        let Some(call) = creator.pending.take() else { return self.go_on(pid) };
        let Operation::Fork(fork) = &call.op else { return self.go_on(pid) };
        let flags = fork.flags;
        let creator = creator.clone();
        if let Some(put_back) = call.put_back {
            restore(pid, put_back)?;
        }
        self.introduce(&creator, call, child)?;
        // A vfork parent sleeps in the kernel anyway until its child execs or ends.
        let sleeps = flags.has(CloneFlags::VFORK);
        if let Some(creator) = self.live.get_mut(pid) {
            creator.waits_in_vfork = sleeps;
        }
        if !sleeps && self.pacer.parent_has_forked(pid, flags.has(CloneFlags::THREAD)) {
            return Ok(());
        }
        self.go_on(pid)
    }

    /// The child of a vfork has become another program, or has ended.
    pub(super) fn has_done_vfork(&mut self, pid: pid_t) -> Result<(), Trouble> {
        if let Some(task) = self.live.get_mut(pid) {
            task.waits_in_vfork = false;
        }
        self.go_on(pid)
    }

    /// A call has created a task: it gets its name, and goes on if it has stood still until now.
    fn introduce(&mut self, creator: &Task, call: Pending, child: pid_t) -> Result<(), Trouble> {
        let Operation::Fork(mut fork) = call.op else { return Ok(()) };
        let named = self.recorder.name(child);
        fork.child = Outcome::Done(named);
        // A fork asks for nothing in common, so there is nothing to ask the kernel. Who has been let go at its end may
        // have nothing left to compare.
        if fork.flags.0 & SHARES != 0 && !matches!(self.strangers.get(&child), Some(Stranger::Ended(_))) {
            fork.sharing = kcmp::sharing(creator.tid, child);
        }
        let flags = fork.flags;
        let thread = flags.has(CloneFlags::THREAD);
        let tgid = if thread { creator.tgid } else { child };
        let parent = if thread || flags.has(CloneFlags::PARENT) { creator.parent } else { creator.tgid };
        let mut task = Task::new(named.task, child, tgid, parent);
        task.own_program = creator.own_program;
        task.sends_child_signal = match call.call.number {
            libc::SYS_fork | libc::SYS_vfork => true,
            libc::SYS_clone => call.call.args[0] & EXIT_SIGNAL == libc::SIGCHLD as u64,
            _ => false,
        };
        task.modules = creator.modules.clone();
        task.put_back = call.put_back.filter(|changed| match changed {
            PutBack::FirstArgument(_) => true,
            PutBack::Word(..) => !flags.has(CloneFlags::VM),
        });
        self.recorder.end(creator.id, call.begun, Operation::Fork(fork), call.injected);
        self.live.insert(task);
        self.leaving.is_born(child);
        match self.strangers.remove(&child) {
            Some(Stranger::Stands) => self.first_stop(child),
            Some(Stranger::Ended(status)) => match self.live.remove(child) {
                Some(task) => self.end_task(task, status, None),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// A task ends inside of a call. If it is one that creates a task, and has done so, no event told of it:
    /// whoever is being killed makes none. The call's answer is there all the same.
    pub(super) fn never_returns(
        &mut self,
        task: &Task,
        call: Pending,
        registers: Option<&user_regs_struct>,
    ) -> Result<(), Trouble> {
        match registers.map(arch::result) {
            Some(child) if child > 0 && matches!(call.op, Operation::Fork(_)) => {
                self.introduce(task, call, child as pid_t)
            }
            _ => {
                self.recorder.abandon(task.id, call.begun, call.op, call.injected);
                Ok(())
            }
        }
    }

    /// A new task, already introduced, is about to run for the first time.
    pub(super) fn first_stop(&mut self, pid: pid_t) -> Result<(), Trouble> {
        let Some(task) = self.live.get_mut(pid) else { return Ok(()) };
        task.fresh = false;
        let thread = task.tid != task.tgid;
        if let Some(put_back) = task.put_back.take() {
            restore(pid, put_back)?;
        }
        if self.launch.watch.memory
            && let Some(registers) = still_there("reading registers", ptrace::registers(pid))?
        {
            self.recorder.note_thread_pointer(task, &registers);
        }
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

    /// A task that nobody has introduced yet reports. It waits for its creator's event.
    pub(super) fn stranger(&mut self, pid: pid_t, is_ending: bool) -> Result<(), Trouble> {
        if !is_ending {
            self.strangers.insert(pid, Stranger::Stands);
            return Ok(());
        }
        // It was killed before it was introduced.
        let word = still_there("asking for an exit status", ptrace::event_message(pid))?.unwrap_or(9);
        self.stranger_ends(pid, ExitStatus::from_wait_status(word as i32));
        self.resume(pid, Resume::Detach, 0)
    }

    /// A stranger is gone; whoever introduces it later learns how it ended.
    pub(super) fn stranger_ends(&mut self, pid: pid_t, status: ExitStatus) {
        self.strangers.insert(pid, Stranger::Ended(status));
        self.orphans.strays(pid);
    }

    /// A process becomes another program; from now on it has one task, whose tid is the PID.
    pub(super) fn has_execed(&mut self, pid: pid_t) -> Result<(), Trouble> {
        self.clock.moved();
        let path =
            self.live.get(pid).and_then(|task| task.pending.as_ref()).and_then(|call| match &call.op {
                Operation::Exec(exec) => exec.path.as_str(),
                _ => None,
            });
        let image = path.and_then(|path| self.loaders.known(path)).or_else(|| Image::of(pid));
        if !self.started {
            self.started = true;
            self.program = image;
            self.recorder.start();
        }
        let own_program = image.zip(self.program).is_some_and(|(image, first)| image.is(first));
        let loader = image.filter(|_| !own_program).and_then(|image| self.loaders.find(pid, image));
        let Some(task) = self.live.get_mut(pid) else { return Ok(()) };
        task.own_program = own_program;
        task.loader = loader;
        task.modules = None;
        task.in_call = false;
        let id = task.id;
        let pending = task.pending.take();
        let interrupted = std::mem::take(&mut task.interrupted);
        if let Some(call) = pending
            && let Operation::Exec(mut exec) = call.op
        {
            exec.result = Outcome::Done(());
            self.recorder.end(id, call.begun, Operation::Exec(exec), call.injected);
        }
        // A handler has called exec: what its signal interrupted never returns.
        for call in interrupted {
            self.recorder.abandon(id, call.begun, call.op, call.injected);
        }
        self.go_on(pid)
    }

    /// An exec event comes under the leader's number, whichever thread has made the call: the kernel has ended
    /// all other threads, the leader too, and has given the caller that number.
    pub(super) fn has_become_leader(&mut self, leader: pid_t) -> Result<(), Trouble> {
        let Some(message) = still_there("asking who called exec", ptrace::event_message(leader))? else {
            return Ok(());
        };
        let caller = message as pid_t;
        // The threads ended with a status that is not the process's.
        self.live.take_group_end(leader);
        if caller == leader {
            return Ok(());
        }
        let Some(mut thread) = self.live.remove(caller) else { return Ok(()) };
        let living = self.live.remove(leader).map(|old| old.id);
        let id = living
            .or_else(|| self.live.early_leaders.remove(&leader).map(|early| early.id))
            .unwrap_or(thread.id);
        if id != thread.id {
            self.recorder.instant(thread.id, Operation::Exit(ExitStatus::Exited(0)), false);
        }
        self.recorder.rename(leader, id);
        thread.id = id;
        thread.tid = leader;
        thread.tgid = leader;
        self.live.insert(thread);
        Ok(())
    }
}

/// Puts back what was changed in a task. That it cannot be put back is no harm to the run: the task has
/// unmapped it.
pub(super) fn restore(pid: pid_t, changed: PutBack) -> Result<(), Trouble> {
    match changed {
        PutBack::Word(addr, word) => {
            let _ = ptrace::poke_data(pid, addr, word);
            Ok(())
        }
        PutBack::FirstArgument(value) => {
            let Some(mut registers) = still_there("reading registers", ptrace::registers(pid))? else {
                return Ok(());
            };
            arch::set_first_argument(&mut registers, value);
            still_there("restoring registers", ptrace::set_registers(pid, &registers)).map(drop)
        }
    }
}
