//! Births, execs and ends.

use super::identity;
use super::machine::{Controlled, broken};
use super::standing::{At, Entry, Standing};
use super::threads::{clears, stack};
use crate::arch;
use crate::sys::ptrace::{self, Resume, still_there};
use crate::sys::wait::{self, Report};
use grader_explorer::Trouble;
use grader_trace::world::{Answer, Ask};
use grader_trace::{CloneFlags, ExitStatus, Operation, Outcome, Pid, Sender, Signal, TaskId, TaskPath};
use libc::{pid_t, user_regs_struct};

/// More processes at once are those of a program that makes them without end.
const MOST_TASKS: usize = 256;

/// So are more processes, one after the other.
const MOST_BIRTHS: u32 = 1_000;

impl Controlled<'_> {
    /// A task stands inside a call that has created another one, which runs to its first call. Whether the creator
    /// sleeps now.
    pub(super) fn creates(&mut self, path: &TaskPath) -> Result<bool, Trouble> {
        let task = self.task(path)?;
        let (pid, id, clock) = (task.pid, task.id, task.clock);
        let (own_program, modules, blocks_trap) = (task.own_program, task.modules.clone(), task.blocks_trap);
        let message =
            still_there("asking for a new task's PID", ptrace::event_message(pid)).map_err(broken)?;
        let Some(child) = message.map(|message| message as pid_t) else { return Ok(false) };
        let sleeps = |ask: &Ask| matches!(ask, Ask::Fork(flags) if flags.has(CloneFlags::VFORK));
        // All is known of the call: that it returns makes no stop.
        let At::Inside(inside) = std::mem::replace(&mut self.task(path)?.at, At::Running) else {
            return Err(Trouble::Broken(format!("{path} created a task outside of a call")));
        };
        let Entry { ask, op, call, .. } = inside.entry;
        let begun = inside.begun;
        let sleeps = sleeps(&ask);
        if sleeps {
            self.task(path)?.at = At::Vfork;
        }
        self.world.did(path, &ask, Answer::Born(Pid(child)));
        let Some(born) = self.world.path_of(Pid(child)).cloned() else {
            return Err(Trouble::Broken(format!("{path} created {child}, which the world does not know")));
        };
        let named = self.recorder.name(child);
        if let Some(Operation::Fork(mut fork)) = op {
            fork.child = Outcome::Done(named);
            self.recorder.end(id, begun, Operation::Fork(fork), false);
        }
        self.deed.births.push(born.clone());
        self.watch.operations.is_followed_by(&born);
        let (tid_address, own_stack) = (clears(&call), stack(&call));
        let born_there = Standing {
            clock,
            own_program,
            modules,
            tid_address,
            own_stack,
            blocks_trap,
            ..Standing::new(child, named.task)
        };
        self.tasks.insert(born.clone(), born_there);
        if self.tasks.len() > MOST_TASKS {
            return Err(Trouble::Endless(format!("more than {MOST_TASKS} processes live at once")));
        }
        if named.task.0 >= MOST_BIRTHS {
            return Err(Trouble::Endless(format!("it makes more than {MOST_BIRTHS} processes")));
        }
        if let Report::Ended(_) = self.next(child)? {
            return Err(Trouble::Broken(format!("{child} ended before it began")));
        }
        match self.launch.plan.kill.filter(|kill| named.task == TaskId(kill.task)) {
            Some(kill) => {
                let task = self.task(&born)?;
                (task.at, task.doomed) = (At::Doomed(kill.signal), true);
            }
            None => {
                self.resume(child, Resume::Free, 0)?;
                self.follow(&born)?;
            }
        }
        // A creator that sleeps in vfork stays at this stop: the kernel would let it go no further.
        if !sleeps {
            self.resume(pid, Resume::Free, 0)?;
        }
        Ok(sleeps)
    }

    /// Whoever lent its memory to this task has it back, and goes on.
    fn gives_back(&mut self, child: &TaskPath) -> Result<(), Trouble> {
        let Some(creator) = child.creator() else { return Ok(()) };
        if sleeps_still(&self.tasks, &creator) && !self.world.is_in_vfork(&creator) {
            let task = self.task(&creator)?;
            task.at = At::Running;
            let pid = task.pid;
            self.resume(pid, Resume::Free, 0)?;
            self.follow(&creator)?;
        }
        Ok(())
    }

    /// A process has become another program.
    pub(super) fn becomes(&mut self, path: &TaskPath) -> Result<(), Trouble> {
        let task = self.task(path)?;
        let (pid, id) = (task.pid, task.id);
        (task.own_program, task.modules) = (false, None);
        if let At::Inside(inside) = std::mem::replace(&mut task.at, At::Running) {
            self.world.did(path, &Ask::Exec, Answer::Value(0));
            if let Some(Operation::Exec(mut exec)) = inside.entry.op {
                exec.result = Outcome::Done(());
                self.recorder.end(id, inside.begun, Operation::Exec(exec), false);
            }
        }
        if let Some(registers) = still_there("reading registers", ptrace::registers(pid)).map_err(broken)? {
            identity::prepare_program(pid, arch::stack(&registers));
        }
        self.gives_back(path)?;
        self.resume(pid, Resume::Free, 0)
    }

    /// A task begins to end, by the call at whose entry it stands or by a signal: it closes what it holds. That it does
    /// by a call of ours, for the kernel stops nobody between that and the end; then it stands where it stood.
    pub(super) fn leaves(
        &mut self,
        path: &TaskPath,
        entry: Box<Entry>,
        by: Option<(Signal, Option<Sender>)>,
    ) -> Result<(), Trouble> {
        let id = self.task(path)?.id;
        let status = match (&entry.ask, by) {
            (_, Some((signal, sender))) => {
                let sender = sender.unwrap_or(Sender::Kernel);
                self.recorder.instant(id, Operation::Signal { signal, sender }, false);
                ExitStatus::Killed(signal)
            }
            (Ask::Exit(status), None) => self.planned_exit(id).unwrap_or(*status),
            _ => return Err(Trouble::Broken(format!("{path} does not end by this call"))),
        };
        let stamp = self.recorder.instant(id, Operation::Exit(status), false);
        self.keep_snapshot(path, stamp, &entry.registers)?;
        if self.closes_all(path, &entry)? {
            self.world.leaves(path);
            let task = self.task(path)?;
            (task.leaving, task.at) = (Some(by), At::Call(entry));
        }
        Ok(())
    }

    /// A task closes all its descriptors; whether it is still there.
    fn closes_all(&mut self, path: &TaskPath, entry: &Entry) -> Result<bool, Trouble> {
        match self.calls_instead(path, entry, arch::close_all_instead)? {
            Some(0) => Ok(true),
            Some(_) => {
                let what = "this kernel has no close_range, by which the parts of an end are told apart";
                Err(Trouble::Unmodelled(what.into()))
            }
            None => Ok(false),
        }
    }

    /// A task makes another call than that at whose entry it stands, and stands there again. What the other call has
    /// answered; `None`: the task is gone.
    pub(super) fn calls_instead(
        &mut self,
        path: &TaskPath,
        entry: &Entry,
        other: impl Fn(&mut user_regs_struct),
    ) -> Result<Option<i64>, Trouble> {
        let pid = self.task(path)?.pid;
        let set = |registers: &_| {
            still_there("changing a call", ptrace::set_registers(pid, registers)).map_err(broken)
        };
        let mut changed = entry.registers;
        other(&mut changed);
        set(&changed)?;
        let mut how = Resume::ToSyscall;
        let mut answer = None;
        loop {
            self.resume(pid, how, 0)?;
            match self.next(pid)? {
                Report::Syscall => {
                    let answered =
                        still_there("reading registers", ptrace::registers(pid)).map_err(broken)?;
                    answer = answered.map(|registers| arch::result(&registers));
                    let mut again = entry.registers;
                    arch::begin_again(&mut again);
                    set(&again)?;
                    how = Resume::Free;
                }
                Report::Event(libc::PTRACE_EVENT_SECCOMP) => return Ok(answer),
                // The world knows of it.
                Report::Signal(libc::SIGCHLD) => self.task(path)?.told_of_child = false,
                Report::Ended(word) => {
                    self.is_gone(path, word)?;
                    return Ok(None);
                }
                other => {
                    return Err(Trouble::Broken(format!(
                        "{pid} was to make a call, and there came {other:?}"
                    )));
                }
            }
        }
    }

    /// The exit status that the plan wants of a task.
    fn planned_exit(&self, id: TaskId) -> Option<ExitStatus> {
        let planned = self.launch.plan.exit.filter(|exit| id == TaskId(exit.task));
        planned.map(|exit| ExitStatus::Exited(exit.code))
    }

    /// A task makes the call that ends it. With that its status is fixed, and a stop at its exit event would tell
    /// nothing more.
    pub(super) fn exits(
        &mut self,
        path: &TaskPath,
        entry: &Entry,
        status: ExitStatus,
    ) -> Result<(), Trouble> {
        let task = self.task(path)?;
        let (pid, id, told) = (task.pid, task.id, task.leaving.is_some());
        let planned = self.planned_exit(id);
        let status = planned.unwrap_or(status);
        if self.world.shares_memory(path) {
            self.recorder.instant(id, Operation::Exit(status), false);
            self.resume(pid, Resume::Free, 0)?;
            return self.all_end(path, status);
        }
        if let Some(ExitStatus::Exited(code)) = planned {
            let mut registers = entry.registers;
            arch::set_first_argument(&mut registers, code.into());
            still_there("changing an exit status", ptrace::set_registers(pid, &registers)).map_err(broken)?;
        }
        if !told {
            let stamp = self.recorder.instant(id, Operation::Exit(status), false);
            self.keep_snapshot(path, stamp, &entry.registers)?;
        }
        still_there("changing what is reported", ptrace::without_exit_event(pid)).map_err(broken)?;
        self.resume(pid, Resume::Free, 0)?;
        match self.next(pid)? {
            Report::Ended(word) if ExitStatus::from_wait_status(word) == status => {
                self.note_end(path, status)
            }
            other => {
                Err(Trouble::Broken(format!("{pid} was to end with {status}, and there came {other:?}")))
            }
        }
    }

    /// A task stands at its exit event.
    pub(super) fn ends(&mut self, path: &TaskPath) -> Result<(), Trouble> {
        let task = self.task(path)?;
        let (pid, id, doomed, told) = (task.pid, task.id, task.doomed, task.leaving.is_some());
        let registers = still_there("reading registers", ptrace::registers(pid)).map_err(broken)?;
        let word = still_there("asking for an exit status", ptrace::event_message(pid)).map_err(broken)?;
        let status = ExitStatus::from_wait_status(word.unwrap_or(9) as i32);
        if !told {
            let stamp = self.recorder.instant(id, Operation::Exit(status), doomed);
            if let Some(registers) = registers {
                self.keep_snapshot(path, stamp, &registers)?;
            }
        }
        self.resume(pid, Resume::Free, 0)?;
        if self.world.shares_memory(path) {
            return self.all_end(path, status);
        }
        while !matches!(self.next(pid)?, Report::Ended(_)) {
            self.resume(pid, Resume::Free, 0)?;
        }
        self.note_end(path, status)
    }

    /// A task was killed past its exit event.
    pub(super) fn is_gone(&mut self, path: &TaskPath, word: i32) -> Result<(), Trouble> {
        let task = self.task(path)?;
        let (id, told, status) = (task.id, task.leaving.is_some(), ExitStatus::from_wait_status(word));
        if !told {
            self.recorder.instant(id, Operation::Exit(status), false);
        }
        self.note_end(path, status)
    }

    /// The tracer has seen the end; the kernel has told the parent now, and not before.
    pub(super) fn note_end(&mut self, path: &TaskPath, status: ExitStatus) -> Result<(), Trouble> {
        let Some(task) = self.tasks.remove(path) else { return Ok(()) };
        if let At::Inside(inside) = task.at
            && let Some(op) = inside.entry.op
        {
            self.recorder.abandon(task.id, inside.begun, op, inside.injected);
        }
        self.dead.push(task.pid);
        let parent = path.creator().filter(|parent| self.world.children(parent).contains(path));
        let ended = self.world.ended(path, status);
        if let Some(parent) =
            parent.filter(|_| !ended.vanishes).and_then(|parent| self.tasks.get_mut(&parent))
        {
            parent.told_of_child = true;
        }
        for left in ended.left {
            if let Some(pid) = self.world.pid(&left) {
                let _ = wait::reap_now(pid.0);
            }
        }
        self.gives_back(path)
    }
}

fn sleeps_still(tasks: &grader_trace::sorted::SortedMap<TaskPath, Standing>, path: &TaskPath) -> bool {
    matches!(tasks.get(path), Some(Standing { at: At::Vfork, .. }))
}
