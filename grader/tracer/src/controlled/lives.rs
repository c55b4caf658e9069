//! Births, execs and ends.

use super::identity;
use super::machine::{Controlled, broken};
use super::standing::{At, Entry, Standing};
use crate::arch;
use crate::sys::ptrace::{self, Resume, still_there};
use crate::sys::wait::{self, Report};
use grader_explorer::Trouble;
use grader_trace::world::{Answer, Ask};
use grader_trace::{CloneFlags, ExitStatus, Operation, Outcome, Pid, TaskId, TaskPath};
use libc::pid_t;

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
        let (own_program, modules) = (task.own_program, task.modules.clone());
        let message =
            still_there("asking for a new task's PID", ptrace::event_message(pid)).map_err(broken)?;
        let Some(child) = message.map(|message| message as pid_t) else { return Ok(false) };
        let sleeps = |ask: &Ask| matches!(ask, Ask::Fork(flags) if flags.has(CloneFlags::VFORK));
        // All is known of the call: that it returns makes no stop.
        let At::Inside(inside) = std::mem::replace(&mut self.task(path)?.at, At::Running) else {
            return Err(Trouble::Broken(format!("{path} created a task outside of a call")));
        };
        let Entry { ask, op, .. } = inside.entry;
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
        let born_there = Standing { clock, own_program, modules, ..Standing::new(child, named.task) };
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

    /// A task makes the call that ends it. With that its status is fixed, and a stop at its exit event would tell
    /// nothing more.
    pub(super) fn exits(
        &mut self,
        path: &TaskPath,
        entry: &Entry,
        status: ExitStatus,
    ) -> Result<(), Trouble> {
        let task = self.task(path)?;
        let (pid, id) = (task.pid, task.id);
        let planned = self.launch.plan.exit.filter(|exit| id == TaskId(exit.task));
        let status = planned.map_or(status, |exit| ExitStatus::Exited(exit.code));
        if let Some(exit) = planned {
            let mut registers = entry.registers;
            arch::set_first_argument(&mut registers, exit.code.into());
            still_there("changing an exit status", ptrace::set_registers(pid, &registers)).map_err(broken)?;
        }
        let stamp = self.recorder.instant(id, Operation::Exit(status), false);
        self.keep_snapshot(path, stamp, &entry.registers)?;
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
        let (pid, id, doomed) = (task.pid, task.id, task.doomed);
        let registers = still_there("reading registers", ptrace::registers(pid)).map_err(broken)?;
        let word = still_there("asking for an exit status", ptrace::event_message(pid)).map_err(broken)?;
        let status = ExitStatus::from_wait_status(word.unwrap_or(9) as i32);
        let stamp = self.recorder.instant(id, Operation::Exit(status), doomed);
        if let Some(registers) = registers {
            self.keep_snapshot(path, stamp, &registers)?;
        }
        self.resume(pid, Resume::Free, 0)?;
        while !matches!(self.next(pid)?, Report::Ended(_)) {
            self.resume(pid, Resume::Free, 0)?;
        }
        self.note_end(path, status)
    }

    /// A task was killed past its exit event.
    pub(super) fn is_gone(&mut self, path: &TaskPath, word: i32) -> Result<(), Trouble> {
        let (id, status) = (self.task(path)?.id, ExitStatus::from_wait_status(word));
        self.recorder.instant(id, Operation::Exit(status), false);
        self.note_end(path, status)
    }

    /// The tracer has seen the end; the kernel has told the parent now, and not before.
    fn note_end(&mut self, path: &TaskPath, status: ExitStatus) -> Result<(), Trouble> {
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

fn sleeps_still(tasks: &std::collections::BTreeMap<TaskPath, Standing>, path: &TaskPath) -> bool {
    matches!(tasks.get(path), Some(Standing { at: At::Vfork, .. }))
}
