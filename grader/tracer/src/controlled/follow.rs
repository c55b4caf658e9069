//! A released task, up to its next visible call, its end, or its sleep in vfork.

use super::asks;
use super::calls::How;
use super::machine::{Controlled, broken};
use super::server;
use super::standing::{At, Entry};
use crate::arch;
use crate::decode::{self, Call};
use crate::sys::memory::Memory;
use crate::sys::ptrace::{self, Resume, still_there};
use crate::sys::wait::Report;
use grader_explorer::Trouble;
use grader_trace::order::Footprint;
use grader_trace::world::Ask;
use grader_trace::{Signal, TaskPath};

impl Controlled<'_> {
    /// Takes the stops of a task that moves until it stands, sleeps or is gone.
    pub(super) fn follow(&mut self, path: &TaskPath) -> Result<(), Trouble> {
        let mut calls = 0;
        loop {
            let Some(pid) = self.tasks.get(path).map(|task| task.pid) else { return Ok(()) };
            self.has_patience(calls)?;
            calls += 1;
            match self.next(pid)? {
                Report::Event(libc::PTRACE_EVENT_SECCOMP) => {
                    if self.arrives(path)? {
                        return Ok(());
                    }
                }
                Report::Syscall => {
                    self.returns(path)?;
                    self.resume(pid, Resume::Free, 0)?;
                }
                Report::Event(
                    libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE,
                ) => {
                    if self.creates(path)? {
                        return Ok(());
                    }
                }
                Report::Event(libc::PTRACE_EVENT_EXEC) => self.becomes(path)?,
                Report::Event(libc::PTRACE_EVENT_EXIT) => return self.ends(path),
                Report::Signal(signal) => {
                    let hit = if signal == libc::SIGTRAP { self.hits(path)? } else { None };
                    let stays = match hit {
                        Some(stays) => stays,
                        None => self.gets(path, Signal(signal))?,
                    };
                    if stays {
                        return Ok(());
                    }
                }
                Report::GroupStop(signal) => {
                    let signal = Signal(signal);
                    return Err(Trouble::Unmodelled(format!("a process is stopped by {signal}")));
                }
                Report::Trap | Report::Event(_) => self.resume(pid, Resume::Free, 0)?,
                Report::Ended(word) => return self.is_gone(path, word),
            }
        }
    }

    /// A task stands before a call; whether it stays there. What concerns nobody else is done at once.
    fn arrives(&mut self, path: &TaskPath) -> Result<bool, Trouble> {
        let pid = self.task(path)?.pid;
        let registers = still_there("reading registers", ptrace::registers(pid)).map_err(broken)?;
        // Killed just now: its exit event follows.
        let Some(registers) = registers else { return Ok(false) };
        self.notes_mask(path)?;
        let call =
            Call { number: arch::number(&registers), args: arch::arguments(&registers), memory: Memory(pid) };
        let op = if asks::is_event(&call) { decode::enter(&call) } else { None };
        let ask = self.among_threads(path, &call, asks::ask(&call, op.as_ref(), pid))?;
        let entry = Entry { call, registers, ask, op, begun: None };
        let task = self.task(path)?;
        if let At::Inside(inside) = &task.at {
            let call = inside.entry.call.number;
            return Err(Trouble::Broken(format!("system call {call} of {pid} answered, and made no stop")));
        }
        if call.number == libc::SYS_set_tid_address {
            task.tid_address = call.args[0];
        }
        if std::mem::take(&mut task.again) {
            self.release(path, entry, How::Plain)?;
            return Ok(false);
        }
        if !self.stays(path, &entry.ask)? {
            self.release(path, entry, How::Plain)?;
            return Ok(false);
        }
        self.watch.begins_a_row();
        self.task(path)?.at = At::Call(Box::new(entry));
        Ok(true)
    }

    /// Whether a task stays before this call until somebody chooses that it goes on.
    pub(super) fn stays(&self, path: &TaskPath, ask: &Ask) -> Result<bool, Trouble> {
        let look = self.world.look(path, ask).map_err(Trouble::Unmodelled)?;
        if self.starting {
            return Ok(look.blocked.is_some() || !server::is_private_to_the_start(ask, &look.footprint));
        }
        Ok(look.blocked.is_some() || look.footprint != Footprint::nothing() || !is_private(ask))
    }
}

/// Whether a call that touches nothing is worth no choice of its own. Output is: somebody looks at its order. So is
/// what may fail because the explorer wants it to.
fn is_private(ask: &Ask) -> bool {
    match ask {
        Ask::Local
        | Ask::GetOwn
        | Ask::Open { .. }
        | Ask::Close(_)
        | Ask::CloseRange { .. }
        | Ask::Dup { .. }
        | Ask::SetCloexec { .. }
        | Ask::SetNonblock { .. }
        | Ask::NewDescriptor { .. }
        | Ask::Read { .. }
        | Ask::UseFile(_)
        | Ask::Map(_)
        | Ask::Action { .. }
        | Ask::Mask(_)
        | Ask::LookAt(_)
        | Ask::Change(_)
        | Ask::Futex(_)
        | Ask::Remap { .. }
        | Ask::Poll { .. } => true,
        Ask::Fork(_)
        | Ask::Exec
        | Ask::Pipe { .. }
        | Ask::Exit(_)
        | Ask::EndThread { .. }
        | Ask::Join(_)
        | Ask::Access(_)
        | Ask::Leave
        | Ask::Wait(_)
        | Ask::GetParent
        | Ask::Write { .. }
        | Ask::Sleep
        | Ask::SetTimer(_)
        | Ask::Pause(_)
        | Ask::Kill { .. }
        | Ask::Link(_)
        | Ask::Anything(_)
        | Ask::Unmodelled(_) => false,
    }
}
