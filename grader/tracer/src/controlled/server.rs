//! The fork-server: a program is started once, and every execution begins with a copy of it.
//!
//! ```text
//! exec ─▶ loader, libraries, runtime ─▶ first call that others could notice
//!                                          │ template: stands there for good
//!                                          ├─ clone ─▶ copy ─▶ the call ─▶ an execution
//!                                          └─ clone ─▶ copy ─▶ the call ─▶ another one
//! ```
//!
//! The template stands before the first call that makes or changes anything that a copy would share with it (a pipe in
//! the template would keep its write end open for ever, and the offset of an open file would be that of all
//! copies), or that asks what is another one's in each copy (its PID). If it holds more than its three standard descriptors there, it is no template, and every execution
//! begins with an exec.
//!
//! A copy is made by the template itself: the call at which it stands is replaced by a clone with CLONE_PARENT (so that
//! getppid answers the same in all copies), and with the thread's number stored where the C library keeps it. Then
//! both are set back to the instruction that makes the call.

use super::calls::How;
use super::machine::{Controlled, broken};
use super::standing::{At, Entry, Standing};
use crate::arch;
use crate::engine::Recorder;
use crate::sys::process;
use crate::sys::ptrace::{self, Resume, still_there};
use crate::sys::wait::Report;
use grader_explorer::Trouble;
use grader_trace::order::Footprint;
use grader_trace::world::{Ask, World};
use grader_trace::{Fd, Pid, TaskPath};
use libc::{pid_t, user_regs_struct};

/// A started program that stands before the first call that counts.
pub(super) struct Template {
    standing: Standing,
    entry: Entry,
    world: World,
    recorder: Recorder,
    /// The instructions that make its call set the number, too.
    is_numbered: bool,
}

impl Drop for Template {
    fn drop(&mut self) {
        process::kill(self.standing.pid, libc::SIGKILL);
        while let Ok(report) = crate::sys::wait::next_of(self.standing.pid) {
            match report {
                Some(Report::Ended(_)) => return,
                // Out of the exit event.
                _ => drop(ptrace::resume(self.standing.pid, Resume::Free, 0)),
            }
        }
    }
}

/// Whether a call leaves nothing behind that a copy of the task would share.
pub(super) fn is_private_to_the_start(ask: &Ask, touches: &Footprint) -> bool {
    match ask {
        Ask::Local
        | Ask::Remap { .. }
        | Ask::Action { .. }
        | Ask::Mask(_)
        | Ask::UseFile(_)
        | Ask::Map(_)
        | Ask::Close(_)
        | Ask::SetCloexec { .. }
        | Ask::LookAt(_)
        | Ask::Open { .. }
        | Ask::Read { .. }
        | Ask::Poll { .. } => *touches == Footprint::nothing(),
        _ => false,
    }
}

impl Controlled<'_> {
    /// The root stands before the first call that counts: from now on it is the template, if it can be one.
    pub(super) fn becomes_template(&mut self) {
        let root = TaskPath::default();
        let Some(Standing { at: At::Call(_), .. }) = self.tasks.get(&root) else { return };
        if !self.world.holds_only(&root, &[Fd(0), Fd(1), Fd(2)]) {
            return;
        }
        let Some(mut standing) = self.tasks.remove(&root) else { return };
        if let At::Call(entry) = std::mem::replace(&mut standing.at, At::Running) {
            let (world, recorder) = (self.world.clone(), self.recorder.clone());
            let begins = arch::instruction(&entry.registers).wrapping_sub(arch::NUMBERED_CALL_BYTES);
            let code = entry.call.memory.bytes(begins, arch::NUMBERED_CALL_BYTES as usize);
            let is_numbered = arch::is_numbered_call(&code, entry.call.number);
            self.template = Some(Template { standing, entry: *entry, world, recorder, is_numbered });
        }
    }

    /// Begins an execution with a copy of the template, which runs on to its first visible call.
    pub(super) fn copy_template(&mut self) -> Result<(), Trouble> {
        let Some(template) = &self.template else { return Ok(()) };
        let registers = template.entry.registers;
        let pid = self.clone_of(template)?;
        let Some(template) = &self.template else { return Ok(()) };
        self.world = template.world.clone();
        self.world.begins_again(Pid(pid));
        self.recorder = template.recorder.clone();
        self.recorder.names_root(pid);
        self.recorder.start();
        let standing = Standing { pid, ..template.standing.clone() };
        self.root = pid;
        self.tasks.insert(TaskPath::default(), standing);
        self.make_again(pid, &registers)?;
        self.follow(&TaskPath::default())
    }

    /// Lets the template make a copy of itself; afterwards it stands where it stood.
    fn clone_of(&self, template: &Template) -> Result<pid_t, Trouble> {
        let (original, registers) = (template.standing.pid, &template.entry.registers);
        let set = |pid, registers: &_| {
            still_there("changing registers", ptrace::set_registers(pid, registers)).map_err(broken)
        };
        let mut cloning = *registers;
        arch::clone_instead(&mut cloning, template.standing.tid_address);
        set(original, &cloning)?;
        self.resume(original, Resume::ToSyscall, 0)?;
        self.expect(original, |report| matches!(report, Report::Event(libc::PTRACE_EVENT_FORK)))?;
        let message =
            still_there("asking for a copy's PID", ptrace::event_message(original)).map_err(broken)?;
        let pid = message.ok_or_else(|| Trouble::Broken("the template is gone".into()))? as pid_t;
        self.expect(pid, |report| !matches!(report, Report::Ended(_)))?;
        if template.is_numbered {
            // The clone's answer is still to come, to where the call's number is set anew.
            let mut again = *registers;
            again.rip = again.rip.wrapping_sub(arch::NUMBERED_CALL_BYTES);
            set(original, &again)?;
            self.resume(original, Resume::Free, 0)?;
        } else {
            self.resume(original, Resume::ToSyscall, 0)?;
            self.expect(original, |report| report == Report::Syscall)?;
            self.make_again(original, registers)?;
        }
        self.expect(original, |report| report == Report::Event(libc::PTRACE_EVENT_SECCOMP))?;
        Ok(pid)
    }

    /// Lets the template, and with it all copies of it, read the processor's counter.
    pub(super) fn gives_the_counter_back(&self) -> Result<(), Trouble> {
        let Some(template) = &self.template else { return Ok(()) };
        let (original, registers) = (template.standing.pid, template.entry.registers);
        let mut giving = registers;
        arch::free_counter_instead(&mut giving);
        still_there("changing registers", ptrace::set_registers(original, &giving)).map_err(broken)?;
        self.resume(original, Resume::ToSyscall, 0)?;
        self.expect(original, |report| report == Report::Syscall)?;
        self.make_again(original, &registers)?;
        self.expect(original, |report| report == Report::Event(libc::PTRACE_EVENT_SECCOMP))
    }

    /// Sets a task back to the instruction that makes the call with these registers, and lets it go.
    fn make_again(&self, pid: pid_t, registers: &user_regs_struct) -> Result<(), Trouble> {
        let mut again = *registers;
        arch::begin_again(&mut again);
        still_there("changing registers", ptrace::set_registers(pid, &again)).map_err(broken)?;
        self.resume(pid, Resume::Free, 0)
    }

    fn expect(&self, pid: pid_t, wanted: impl Fn(Report) -> bool) -> Result<(), Trouble> {
        match self.next(pid)? {
            report if wanted(report) => Ok(()),
            report => Err(Trouble::Broken(format!("copying the program: unexpected {report:?} of {pid}"))),
        }
    }

    /// The root stands at a call that is none of its own choice of time, as every execution without a template does:
    /// what concerns nobody else is done at once.
    pub(super) fn goes_on_from_the_start(&mut self) -> Result<(), Trouble> {
        let root = TaskPath::default();
        let Some(task) = self.tasks.get_mut(&root) else { return Ok(()) };
        match std::mem::replace(&mut task.at, At::Running) {
            At::Call(entry) if !self.stays(&root, &entry.ask)? => {
                self.release(&root, *entry, How::Plain)?;
                self.follow(&root)
            }
            at => {
                self.task(&root)?.at = at;
                Ok(())
            }
        }
    }
}
